import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runProgram } from '../../src/images/program.ts'
import { removeCniNetwork } from '../../src/kubelet/runtime/containerd/cni-config.ts'
import { deleteContainerd } from '../../src/kubelet/runtime/containerd/delete-containerd.ts'
import { execWith } from '../../src/kubelet/runtime/containerd/host.ts'
import { ensurePauseImage } from '../../src/kubelet/runtime/containerd/pause-image.ts'
import { type ContainerdOptions, startContainerd } from '../../src/kubelet/runtime/containerd/start-containerd.ts'
import { createCriRuntime } from '../../src/kubelet/runtime/cri/cri-runtime.ts'
import { containerConfig, type RuntimeFixture, sandboxConfig } from '../../src/kubelet/runtime/runtime.suite.ts'
import type { Runtime } from '../../src/kubelet/runtime/runtime.ts'
import { systemClock } from '../../src/machinery/clock.ts'
import { silentLogger } from '../../src/machinery/logger.ts'
import { systemRandom } from '../../src/machinery/random.ts'
import { listenRegistry, type Registry, type RegistryListener } from '../../src/registry/registry.ts'
import { writeRegistryHosts } from '../../src/registry/registry-hosts.ts'
import { buildGuestbookImages, GUESTBOOK_IMAGES } from './images.ts'
import { whatIsMissing } from './testing.ts'

const CATATONIT = '/usr/bin/catatonit'
const directory = fileURLToPath(new URL('.', import.meta.url))
const exec = execWith(process.env)
const programs = whatIsMissing('/usr/bin/containerd', '/usr/lib/cni/bridge', CATATONIT)
const missing = process.getuid?.() === 0 ? programs : 'not root'
if (missing !== '') console.warn(`SKIPPED: the guestbook's images are not run here: ${missing}`)

describe('manifests', () => {
  const files = ['redis-master', 'redis-slave', 'frontend'].flatMap((name) =>
    ['controller', 'service'].map((kind) => `replication-controllers/${name}-${kind}.yaml`),
  )
  const read = async (path: string) =>
    (await readFile(join(directory, path), 'utf8')).split(/^---$/m).map((text) => load(text))

  it.each([
    ['the replication controllers', files],
    ['the one file', ['all-in-one.yaml']],
  ])('of %s say how many pods of which image, and who is reached where', async (_, paths) => {
    const objects = (await Promise.all(paths.map(read))).flat() as {
      kind: string
      metadata: { name: string }
      spec: { replicas?: number; ports?: object[]; template?: { spec: { containers: { image: string }[] } } }
    }[]
    const summary = objects.map(({ kind, metadata, spec }) => {
      if (kind === 'Service') return [metadata.name, spec.ports]
      expect(['ReplicationController', 'Deployment']).toContain(kind)
      return [metadata.name, spec.replicas, spec.template?.spec.containers[0]?.image]
    })
    expect(summary).toHaveLength(6)
    for (const expected of [
      ['redis-master', 1, GUESTBOOK_IMAGES.master],
      ['redis-slave', 2, GUESTBOOK_IMAGES.slave],
      ['frontend', 3, GUESTBOOK_IMAGES.frontend],
      ['frontend', [{ port: 80, nodePort: 30001 }]],
      ['redis-master', [{ port: 6379, targetPort: 6379 }]],
    ]) {
      expect(summary).toContainEqual(expected)
    }
  })
})

describe.skipIf(missing !== '')('the images', () => {
  let dir = ''
  let registry: Registry & RegistryListener
  let containerd: ContainerdOptions
  let runtime: Runtime
  let fixture: RuntimeFixture
  const bridge = `gbook${process.pid % 1_000_000}`
  const addresses: Record<string, string> = {}
  const containers: Record<string, string> = {}

  async function runPod(name: string, image: string): Promise<void> {
    const sandbox = sandboxConfig(fixture, { hostname: name })
    const id = await runtime.runSandbox(sandbox)
    const env = [
      { name: 'GET_HOSTS_FROM', value: 'env' },
      { name: 'REDIS_MASTER_SERVICE_HOST', value: addresses.master ?? '' },
      { name: 'REDIS_SLAVE_SERVICE_HOST', value: addresses.slave ?? '' },
    ]
    await runtime.pullImage(image)
    const container = await runtime.createContainer(id, containerConfig(fixture, { image, command: [], env }), sandbox)
    await runtime.startContainer(container)
    containers[name] = container
    addresses[name] = (await runtime.sandboxIPs(id))[0] ?? ''
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'guestbook-images-'))
    const world = { clock: systemClock, random: systemRandom, log: silentLogger }
    registry = await listenRegistry({ ...world, root: join(dir, 'registry'), host: '127.0.0.1', port: 0 })
    const { store } = registry
    const host = { arch: process.arch, env: process.env, run: runProgram, node: process.execPath }
    await buildGuestbookImages({ store, directory, ...host })
    const cni = { confDir: `${dir}/cni`, networkName: bridge, bridge, ipamDir: `${dir}/ipam` }
    await writeRegistryHosts({ dir: `${dir}/certs.d`, endpoint: registry.endpoint, random: systemRandom })
    containerd = {
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
    runtime = await createCriRuntime({ endpoint, clock: systemClock, log: silentLogger, cni })
    const importing = {
      runtime,
      endpoint,
      snapshotter,
      env: process.env,
      clock: systemClock,
      signal: containerd.signal,
    }
    await ensurePauseImage({ ...importing, program: CATATONIT, arch: process.arch })
    await runtime.updatePodCidr('10.198.77.0/24')
    fixture = {
      runtime,
      image: '',
      command: [],
      logDirectory: `${dir}/logs`,
      cgroupParent: `/${bridge}`,
      dispose: () => deleteContainerd(containerd),
    }
    await runPod('master', GUESTBOOK_IMAGES.master)
    await runPod('slave', GUESTBOOK_IMAGES.slave)
    await runPod('frontend', GUESTBOOK_IMAGES.frontend)
  }, 120_000)

  afterAll(async () => {
    await runtime?.close()
    await fixture?.dispose()
    await registry?.close()
    await removeCniNetwork({
      config: { confDir: `${dir}/cni`, networkName: bridge, bridge, ipamDir: `${dir}/ipam` },
      exec,
    })
    await exec('sh', ['-c', `rmdir /sys/fs/cgroup/*/${bridge} /sys/fs/cgroup/${bridge}`])
    await rm(dir, { recursive: true })
  }, 60_000)

  it('are a working guestbook', async () => {
    const text = async (path: string) => (await fetch(`http://${addresses.frontend}${path}`)).text()
    const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 100 })
    await eventually(async () => expect(await text('/healthz')).toBe('ok\n'))
    await eventually(async () =>
      expect(await text('/index.php?cmd=set&key=messages&value=Hello')).toBe('{"message": "Updated"}'),
    )
    await eventually(async () => expect(await text('/index.php?cmd=get&key=messages')).toBe('{"data": "Hello"}'))
    expect(JSON.parse(await text('/api/messages'))).toEqual({ messages: ['Hello'], pod: 'frontend' })
    expect(await text('/')).toContain('<title>Guestbook</title>')
  })

  it.each(['master', 'slave', 'frontend'])('have in %s what one expects to find there', async (name) => {
    const script =
      'hostname; date > /tmp/x; ls /tmp; tar -cf - /tmp/x 2>/dev/null | tar -tf -; env | grep ^GET_; id -un'
    const { stdout, stderr, exitCode } = await runtime.execSync(containers[name] ?? '', ['sh', '-c', script], 10)
    expect({ text: stdout.toString(), errors: stderr.toString(), exitCode }).toEqual({
      text: `${name}\nx\ntmp/x\nGET_HOSTS_FROM=env\nroot\n`,
      errors: '',
      exitCode: 0,
    })
  })

  it.each(['master', 'slave', 'frontend'])('end %s at once when asked to', async (name) => {
    const started = performance.now()
    await runtime.stopContainer(containers[name] ?? '', 20)
    expect(performance.now() - started).toBeLessThan(10_000)
    expect((await runtime.containerStatus(containers[name] ?? '')).exitCode).toBe(0)
  })
})
