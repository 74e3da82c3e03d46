import { access, mkdtemp, readFile, rm, statfs } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../../machinery/clock.ts'
import { silentLogger } from '../../../machinery/logger.ts'
import { serveExec } from '../../streaming/command-server.ts'
import { execOverSpdy } from '../../streaming/stream-client.ts'
import { removeCniNetwork } from '../containerd/cni-config.ts'
import { deleteContainerd } from '../containerd/delete-containerd.ts'
import { execWith, listProcesses, mountsUnder } from '../containerd/host.ts'
import { buildImageArchive, importImageArchive, PAUSE_IMAGE } from '../containerd/image-archive.ts'
import { ensurePauseImage, imageAppears } from '../containerd/pause-image.ts'
import { writePauseSeccompProfile } from '../containerd/pause-seccomp.ts'
import {
  type ContainerdOptions,
  runningContainerd,
  startContainerd,
  stopContainerd,
} from '../containerd/start-containerd.ts'
import { containerConfig, type RuntimeFixture, runtimeSuite, sandboxConfig, watchEvents } from '../runtime.suite.ts'
import type { Runtime } from '../runtime.ts'
import { createCriRuntime } from './cri-runtime.ts'

const BUSYBOX = '/bin/busybox'
const CATATONIT = '/usr/bin/catatonit'
const IMAGE = 'example.test/busybox:1'
const exec = execWith(process.env)
let instances = 0

const missing = await whatIsMissing()
if (missing !== '') console.warn(`SKIPPED: the CRI runtime is not tested here: ${missing}`)

async function whatIsMissing(): Promise<string> {
  if (process.getuid?.() !== 0) return 'not root'
  for (const path of ['/usr/bin/containerd', '/usr/lib/cni/bridge', CATATONIT, BUSYBOX]) {
    const there = await access(path).then(
      () => true,
      () => false,
    )
    if (!there) return `no ${path}`
  }
  return ''
}

const TASKS = 'io.containerd.runtime.v2.task/k8s.io'

interface CriFixture extends RuntimeFixture {
  readonly containerd: ContainerdOptions
  readonly connect: () => Promise<Runtime>
  /** The profile of the containers that hold namespaces. */
  readonly seccomp: string
}

async function makeFixture(): Promise<CriFixture> {
  const number = ++instances
  const dir = await mkdtemp(join(tmpdir(), 'cri-'))
  const bridge = `crit${process.pid % 100_000}n${number}`
  const cgroupParent = `/${bridge}`
  const cni = { confDir: `${dir}/cni`, networkName: bridge, bridge, ipamDir: `${dir}/ipam` }
  const containerd: ContainerdOptions = {
    name: bridge,
    stateDir: `${dir}/state`,
    rootDir: `${dir}/root`,
    socketPath: `${dir}/c.sock`,
    configPath: `${dir}/config.toml`,
    pidPath: `${dir}/pid`,
    logPath: `${dir}/log`,
    cniConfDir: cni.confDir,
    cniBinDirs: ['/opt/cni/bin', '/usr/lib/cni'],
    registryHostsDir: `${dir}/certs.d`,
    env: process.env,
    clock: systemClock,
    log: silentLogger,
    signal: new AbortController().signal,
  }
  const { endpoint, snapshotter } = await startContainerd(containerd)
  const archive = buildImageArchive({
    name: IMAGE,
    files: [
      { path: 'bin', directory: true },
      { path: 'tmp', directory: true, mode: 0o1777 },
      { path: 'bin/busybox', content: await readFile(BUSYBOX), mode: 0o755 },
      { path: 'bin/sh', link: 'busybox' },
    ],
    cmd: ['/bin/sh'],
    arch: process.arch,
  })
  const seccomp = `${dir}/pause-seccomp.json`
  const sandboxSeccomp = await writePauseSeccompProfile(seccomp, process.arch)
  const connect = () =>
    createCriRuntime({
      endpoint,
      clock: systemClock,
      log: silentLogger,
      cni,
      ...(sandboxSeccomp ? { sandboxSeccomp } : {}),
    })
  const runtime = await connect()
  const importing = { runtime, endpoint, snapshotter, env: process.env, clock: systemClock, signal: containerd.signal }
  await ensurePauseImage({ ...importing, program: CATATONIT, arch: process.arch })
  expect((await runtime.imageStatus(PAUSE_IMAGE))?.repoTags).toEqual([PAUSE_IMAGE])
  await importImageArchive(archive, importing)
  await imageAppears({ ...importing, image: IMAGE })
  await runtime.updatePodCidr(`10.199.${number}.0/24`)
  return {
    runtime,
    containerd,
    connect,
    seccomp,
    image: IMAGE,
    command: ['/bin/sh', '-c', 'trap "exit 0" TERM; while :; do /bin/busybox sleep 1 & wait; done'],
    logDirectory: `${dir}/logs`,
    cgroupParent,
    async dispose() {
      await runtime.close()
      await deleteContainerd(containerd)
      await removeCniNetwork({ config: cni, exec })
      await exec('sh', [
        '-c',
        `for d in /sys/fs/cgroup/*${cgroupParent} /sys/fs/cgroup${cgroupParent}; do rmdir $d; done`,
      ])
      const mountinfo = await readFile('/proc/self/mountinfo', 'utf8')
      expect(mountsUnder(mountinfo, [dir])).toEqual([])
      expect((await listProcesses()).filter(({ args }) => args.some((arg) => arg.includes(dir)))).toEqual([])
      await rm(dir, { recursive: true })
    },
  }
}

if (missing === '') runtimeSuite('cri', makeFixture)

describe.skipIf(missing !== '')('cri: streams and supervision', () => {
  let fixture: CriFixture
  let runtime: Runtime
  let id = ''
  let sandboxId = ''
  const signal = new AbortController().signal
  const sandbox = () => sandboxConfig(fixture)

  beforeAll(async () => {
    fixture = await makeFixture()
    runtime = fixture.runtime
    const config = sandbox()
    sandboxId = await runtime.runSandbox(config)
    const command = ['/bin/sh', '-c', 'echo out; echo err >&2; exec /bin/busybox nc -ll -p 8080 -e /bin/busybox cat']
    id = await runtime.createContainer(sandboxId, containerConfig(fixture, { command }), config)
    await runtime.startContainer(id)
  }, 60_000)
  afterAll(async () => {
    await fixture?.dispose()
  }, 60_000)

  function sink() {
    const stream = new PassThrough({ highWaterMark: 64 * 1024 * 1024 })
    return { stream, text: () => String(stream.read() ?? '') }
  }

  it('runs a command to its end', async () => {
    const result = await runtime.execSync(id, ['/bin/sh', '-c', 'echo $GREETING; echo no >&2; exit 3'], 0)
    expect(result.stdout.toString()).toBe('hello\n')
    expect(result.stderr.toString()).toBe('no\n')
    expect(result.exitCode).toBe(3)
  })

  it('gives up on a command that takes too long', async () => {
    await expect(runtime.execSync(id, ['/bin/busybox', 'sleep', '60'], 1)).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    })
  })

  it('streams a command, its exit code and its two outputs', async () => {
    const [out, err] = [sink(), sink()]
    const command = ['/bin/sh', '-c', 'echo to-out; echo to-err >&2; exit 7']
    const result = await runtime.exec(id, command, { tty: false, stdout: out.stream, stderr: err.stream, signal })
    expect(result).toEqual({ exitCode: 7 })
    expect([out.text(), err.text()]).toEqual(['to-out\n', 'to-err\n'])
  })

  it('carries megabytes through standard input and output, and half-closes', async () => {
    const sent = Buffer.alloc(3_000_000, '0123456789abcde\n')
    const out = sink()
    const stdin = Readable.from([sent.subarray(0, 1_000_000), sent.subarray(1_000_000)])
    const result = await runtime.exec(id, ['/bin/busybox', 'cat'], { tty: false, stdin, stdout: out.stream, signal })
    expect(result.exitCode).toBe(0)
    expect(out.text().length).toBe(sent.length)
  })

  async function* trickle() {
    for (let i = 0; i < 5000; i++) {
      yield 'line\n'
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  it('gives output and exit code of a command that leaves most of its input unread', async () => {
    for (let i = 0; i < 10; i++) {
      const out = sink()
      // Little by little, so that input is still on its way when the command has ended.
      const stdin = Readable.from(trickle())
      const command = ['/bin/sh', '-c', '/bin/busybox head -n 1; exit 6']
      const result = await runtime.exec(id, command, { tty: false, stdin, stdout: out.stream, signal })
      expect([result.exitCode, out.text()]).toEqual([6, 'line\n'])
    }
  })

  it('resizes a terminal', async () => {
    const out = sink()
    async function* resize() {
      yield { width: 101, height: 33 }
    }
    const command = ['/bin/sh', '-c', 'until [ "$(/bin/busybox stty size)" = "33 101" ]; do :; done; echo resized']
    const stdin = new PassThrough()
    const result = await runtime.exec(id, command, { tty: true, stdin, stdout: out.stream, resize: resize(), signal })
    expect(result.exitCode).toBe(0)
    expect(out.text()).toContain('resized\r\n')
  })

  it('lets go when the caller aborts', async () => {
    const over = new AbortController()
    const running = runtime.exec(id, ['/bin/busybox', 'sleep', '1000'], {
      tty: false,
      stdout: sink().stream,
      signal: over.signal,
    })
    setImmediate(() => over.abort())
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  it('forwards a port on the pod', async () => {
    const socket = await runtime.portForward(sandboxId, 8080, { signal })
    socket.write('ping')
    const answer = await new Promise((resolve) => socket.once('data', (data: Buffer) => resolve(data.toString())))
    expect(answer).toBe('ping')
    socket.destroy()
  })

  it('fails a forward to a port where nobody listens', async () => {
    const socket = await runtime.portForward(sandboxId, 9, { signal })
    const error = await new Promise<Error>((resolve) => socket.once('error', resolve))
    expect(error.message).toContain('refused')
  })

  it('keeps what is volatile in memory', async () => {
    const TMPFS_MAGIC = 0x01021994
    expect((await statfs(fixture.containerd.stateDir)).type).toBe(TMPFS_MAGIC)
  })

  it('filters the system calls of what holds the namespaces', async () => {
    const mine = await readFile(join(fixture.containerd.stateDir, `${TASKS}/${sandboxId}/init.pid`), 'utf8')
    expect(await readFile(`/proc/${mine.trim()}/status`, 'utf8')).toMatch(/^Seccomp:\t2$/m)
    const config = sandbox()
    const pod = await runtime.runSandbox(config)
    const { security } = containerConfig(fixture)
    const filtered = containerConfig(fixture, {
      command: ['/bin/busybox', 'mkdir', '/tmp/made'],
      security: { ...security, seccomp: { localhost: fixture.seccomp } },
    })
    const refused = await runtime.createContainer(pod, filtered, config)
    await runtime.startContainer(refused)
    await expect.poll(async () => (await runtime.containerStatus(refused)).state).toBe('exited')
    const { exitCode, logPath } = await runtime.containerStatus(refused)
    expect(exitCode).toBe(1)
    expect(await readFile(logPath, 'utf8')).toContain('Operation not permitted')
    await runtime.stopSandbox(pod)
    await runtime.removeSandbox(pod)
  })

  it('writes the container log', async () => {
    const { logPath } = await runtime.containerStatus(id)
    const lines = (await readFile(logPath, 'utf8')).trim().split('\n')
    expect(
      lines
        .map((line) => line.split(' ').slice(1).join(' '))
        .sort()
        .reverse(),
    ).toEqual(['stdout F out', 'stderr F err'])
    await runtime.reopenContainerLog(id)
  })

  it('attaches to a running process', async () => {
    const config = sandbox()
    const other = await runtime.runSandbox(config)
    const command = ['/bin/sh', '-c', 'read line; echo got $line']
    const container = await runtime.createContainer(
      other,
      containerConfig(fixture, { command, stdin: true, stdinOnce: true }),
      config,
    )
    await runtime.startContainer(container)
    const out = sink()
    await runtime.attach(container, { tty: false, stdin: Readable.from(['hi\n']), stdout: out.stream, signal })
    expect(out.text()).toBe('got hi\n')
    await expect.poll(async () => (await runtime.containerStatus(container)).state).toBe('exited')
    await runtime.stopSandbox(other)
    await runtime.removeSandbox(other)
  })

  it('tells of an end once the runtime shows it, even of processes that end at once', { timeout: 60_000 }, async () => {
    const COUNT = 12
    const over = new AbortController()
    const started = new Set<string>()
    const shown: string[] = []
    const following = (async () => {
      for await (const event of runtime.events({ signal: over.signal })) {
        if (event.type !== 'exited' || !started.has(event.containerId)) continue
        shown.push((await runtime.containerStatus(event.containerId)).state)
        if (shown.length === COUNT) return
      }
    })()
    const config = sandbox()
    const pod = await runtime.runSandbox(config)
    await Promise.all(
      Array.from({ length: COUNT }, async (_, n) => {
        const once = containerConfig(fixture, { name: `once-${n}`, command: ['/bin/sh', '-c', 'exit 0'] })
        const container = await runtime.createContainer(pod, once, config)
        started.add(container)
        await runtime.startContainer(container)
      }),
    )
    await following
    over.abort()
    expect(shown).toEqual(Array.from({ length: COUNT }, () => 'exited'))
    await runtime.stopSandbox(pod)
    await runtime.removeSandbox(pod)
  })

  it('reports a failed pull', async () => {
    const { port, close } = await closedPort()
    close()
    await expect(runtime.pullImage(`127.0.0.1:${port}/nothing:1`)).rejects.toThrow('failed to pull and unpack image')
  })

  it('serves a client’s exec with the container’s streams, end to end', async () => {
    const server = createHttpServer()
    server.on('upgrade', (req, socket, head) => {
      serveExec({
        ...{ req, socket, head, clock: systemClock, log: silentLogger },
        run: ({ command }, streams) => runtime.exec(id, command, streams),
      }).catch((error) => socket.destroy(error))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const [out, err] = [sink(), sink()]
    const query = new URLSearchParams({ stdin: 'true', stdout: 'true', stderr: 'true' })
    for (const word of ['/bin/sh', '-c', '/bin/busybox wc -c; echo bye >&2; exit 4']) query.append('command', word)
    const result = await execOverSpdy(`http://127.0.0.1:${address.port}/exec?${query}`, {
      tty: false,
      stdin: Readable.from([Buffer.alloc(2_000_000)]),
      stdout: out.stream,
      stderr: err.stream,
      signal,
    })
    expect([result.exitCode, out.text().trim(), err.text()]).toEqual([4, '2000000', 'bye\n'])
    server.closeAllConnections()
    server.close()
  })

  it('adopts a running containerd, and keeps pods through a restart of it', async () => {
    const again = await startContainerd(fixture.containerd)
    expect(again.adopted).toBe(true)
    const events = watchEvents(runtime)
    await events.until((e) => e.containerId === '')
    await stopContainerd(fixture.containerd)
    expect((await startContainerd(fixture.containerd)).adopted).toBe(false)
    await events.until(() => events.seen.filter((e) => e.containerId === '').length > 1)
    expect(await runtime.containerStatus(id)).toMatchObject({ state: 'running' })
    expect((await runtime.execSync(id, ['/bin/busybox', 'true'], 0)).exitCode).toBe(0)
    await events.stop()
  })

  it('is removed without a trace even when containerd has died', async () => {
    const other = await makeFixture()
    const pod = await other.runtime.runSandbox(sandboxConfig(other))
    expect(await other.runtime.sandboxIPs(pod)).toHaveLength(1)
    const pid = await runningContainerd(other.containerd)
    if (pid === undefined) throw new Error('no containerd')
    process.kill(pid, 'SIGKILL')
    await other.dispose()
  })

  it('starts a pod in the time that containerd needs', async () => {
    const times: Record<string, number[]> = { sandbox: [], create: [], start: [] }
    for (let i = 0; i < 5; i++) {
      const config = sandbox()
      const at = [performance.now()]
      const pod = await runtime.runSandbox(config)
      at.push(performance.now())
      const container = await runtime.createContainer(pod, containerConfig(fixture), config)
      at.push(performance.now())
      await runtime.startContainer(container)
      at.push(performance.now())
      Object.values(times).forEach((list, step) => {
        list.push(Math.round((at[step + 1] ?? 0) - (at[step] ?? 0)))
      })
      await runtime.stopSandbox(pod)
      await runtime.removeSandbox(pod)
    }
    const before = performance.now()
    const pods = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const config = sandbox()
        const pod = await runtime.runSandbox(config)
        await runtime.startContainer(await runtime.createContainer(pod, containerConfig(fixture), config))
        return pod
      }),
    )
    console.info('milliseconds', JSON.stringify(times), '20 at once', Math.round(performance.now() - before))
    expect(new Set(await Promise.all(pods.map((pod) => runtime.sandboxIPs(pod).then(([ip]) => ip)))).size).toBe(20)
    await Promise.all(pods.map((pod) => runtime.stopSandbox(pod)))
    await Promise.all(pods.map((pod) => runtime.removeSandbox(pod)))
    expect(await runtime.listSandboxes()).toHaveLength(1)
  })
})

async function closedPort() {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, close: () => server.close() }
}
