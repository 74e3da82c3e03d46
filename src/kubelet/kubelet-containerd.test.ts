import { execFileSync } from 'node:child_process'
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { Pod } from '../api/generated/core-v1.ts'
import { configmaps, events, pods, secrets, services } from '../api/generated/resources.ts'
import { startTestApi, type TestApi } from '../apiserver/testing.ts'
import type { Client } from '../client/client.ts'
import { formatTime, systemClock } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import { type LogFields, type Logger, silentLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { type KubeletHandle, runKubelet } from './kubelet.ts'
import { removeCniNetwork } from './runtime/containerd/cni-config.ts'
import { deleteContainerd } from './runtime/containerd/delete-containerd.ts'
import { execWith, mountsUnder, unmountAll } from './runtime/containerd/host.ts'
import { buildImageArchive, buildPauseImage, importImageArchive } from './runtime/containerd/image-archive.ts'
import { type ContainerdOptions, startContainerd } from './runtime/containerd/start-containerd.ts'
import { createCriRuntime } from './runtime/cri/cri-runtime.ts'
import type { Runtime } from './runtime/runtime.ts'

const BUSYBOX = '/bin/busybox'
const CATATONIT = '/usr/bin/catatonit'
const IMAGE = 'example.test/busybox:1'
const APPLETS = [
  'sh',
  'sleep',
  'cat',
  'echo',
  'env',
  'true',
  'false',
  'touch',
  'id',
  'nc',
  'httpd',
  'ls',
  'rm',
  'test',
  'hostname',
  'seq',
]
const exec = execWith(process.env)

const missing = await whatIsMissing()
if (missing !== '') console.warn(`SKIPPED: the kubelet is not tested on containerd here: ${missing}`)

async function whatIsMissing(): Promise<string> {
  if (process.getuid?.() !== 0) return 'not root'
  for (const path of ['/usr/bin/containerd', '/usr/lib/cni/bridge', CATATONIT, BUSYBOX, '/usr/bin/openssl']) {
    const there = await access(path).then(
      () => true,
      () => false,
    )
    if (!there) return `no ${path}`
  }
  return ''
}

describe.skipIf(missing !== '')('the kubelet on containerd', () => {
  let dir: string
  let api: TestApi
  let client: Client
  let runtime: Runtime
  let containerd: ContainerdOptions
  let cni: { confDir: string; networkName: string; bridge: string; ipamDir: string }
  let stop: AbortController
  let kubelet: KubeletHandle
  const bridge = `kbt${process.pid % 100_000}`
  let tls: { cert: Buffer; key: Buffer; clientCA: Buffer }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kbt-'))
    cni = { confDir: `${dir}/cni`, networkName: bridge, bridge, ipamDir: `${dir}/ipam` }
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
    const busybox = buildImageArchive({
      name: IMAGE,
      files: [
        { path: 'bin', directory: true },
        { path: 'tmp', directory: true, mode: 0o1777 },
        { path: 'bin/busybox', content: await readFile(BUSYBOX), mode: 0o755 },
        ...APPLETS.map((a) => ({ path: `bin/${a}`, link: 'busybox' })),
      ],
      cmd: ['/bin/sh'],
      arch: process.arch,
    })
    for (const archive of [buildPauseImage(await readFile(CATATONIT), process.arch), busybox]) {
      await importImageArchive(archive, { endpoint, snapshotter, env: process.env })
    }
    runtime = await createCriRuntime({ endpoint, clock: systemClock, log: silentLogger, cni })
    tls = await makeCertificates(dir)
    api = await startTestApi()
    client = withTokens(api.client)
    await start()
  }, 60_000)

  afterAll(async () => {
    stop.abort()
    await kubelet.stopped
    await runtime.close()
    await api.close()
    await deleteContainerd(containerd)
    await removeCniNetwork({ config: cni, exec })
    await exec('sh', [
      '-c',
      `for t in /sys/fs/cgroup/* /sys/fs/cgroup; do [ -d $t/${bridge} ] && find $t/${bridge} -depth -type d -exec rmdir {} +; done; true`,
    ])
    // Of all pods' volumes only the memory file system that they shared is left, which goes with the cluster.
    const mounts = mountsUnder(await readFile('/proc/self/mountinfo', 'utf8'), [dir])
    expect(mounts).toEqual([join(dir, 'kubelet/memory')])
    await unmountAll(exec, [dir])
    await rm(dir, { recursive: true, force: true })
  }, 60_000)

  async function start() {
    stop = new AbortController()
    kubelet = await runKubelet({
      client,
      runtime,
      nodeName: 'n1',
      nodeIPs: ['127.0.0.1'],
      hostname: 'n1',
      dirs: { root: join(dir, 'kubelet'), podLogs: join(dir, 'pods') },
      cluster: { dns: ['10.96.0.10'], domain: 'cluster.local' },
      podCidr: '10.198.1.0/24',
      clock: systemClock,
      random: systemRandom,
      log: process.env.KUBELET_TEST_LOG ? consoleLogger : silentLogger,
      signal: stop.signal,
      version: 'v1.36.1',
      cgroupRoot: `/${bridge}/kubepods`,
      server: {
        host: '127.0.0.1',
        port: 0,
        tls,
        authorize: async ({ user }) => (user?.name === 'admin' ? 'allowed' : user ? 'denied' : 'unauthenticated'),
      },
    })
  }

  const key = (name: string) => ({ namespace: 'default', name })
  const get = (name: string) => client.get(pods, key(name))
  const create = (name: string, spec: Partial<Pod['spec']>) =>
    client.create(pods, {
      metadata: { name, namespace: 'default', labels: { app: name } },
      spec: {
        nodeName: 'n1',
        automountServiceAccountToken: false,
        containers: [],
        terminationGracePeriodSeconds: 5,
        ...spec,
      },
    })
  const shell = (script: string) => ({ name: 'main', image: IMAGE, command: ['/bin/sh', '-c', script] })
  const FOREVER = 'trap "exit 0" TERM; while :; do sleep 1 & wait; done'

  async function untilPod(name: string, fits: (pod: DeepReadonly<Pod>) => unknown): Promise<DeepReadonly<Pod>> {
    for (let i = 0; i < 1500; i++) {
      const pod = await get(name)
      if (fits(pod)) return pod
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error(
      `it did not happen: ${JSON.stringify((await get(name)).status, null, 1)} ${JSON.stringify(await eventTexts(name))}`,
    )
  }
  const ready = (name: string) =>
    untilPod(name, (p) => p.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'))
  const eventTexts = async (name: string) =>
    (await client.list(events, { namespace: 'default' })).items
      .filter((e) => e.involvedObject.name === name)
      .map((e) => `${e.type} ${e.reason}: ${e.message}`)
  async function remove(name: string) {
    await client.delete(pods, key(name))
    for (let i = 0; i < 1500; i++) {
      const found = await get(name).catch((error: unknown) => {
        if (isReason(error, 'NotFound')) return undefined
        throw error
      })
      if (!found && !kubelet.pods().some((p) => p.metadata.name === name)) return
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error(`pod ${name} was not removed: ${JSON.stringify(await eventTexts(name))}`)
  }
  const inside = async (name: string, script: string) => {
    const id = (await get(name)).status.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? ''
    const { stdout, stderr } = await runtime.execSync(id, ['/bin/sh', '-c', script], 10)
    return stdout.toString() + stderr.toString()
  }
  const request = (path: string, client = true): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const { cert, key: privateKey, clientCA: ca } = tls
      const own = client ? { cert, key: privateKey } : {}
      https
        .get(
          {
            host: '127.0.0.1',
            port: kubelet.port,
            path,
            ca,
            ...own,
            checkServerIdentity: () => undefined,
            agent: false,
          },
          (res) => {
            let body = ''
            res.on('data', (chunk) => {
              body += chunk
            })
            res.on('end', () => resolve({ status: res.statusCode ?? 0, body }))
          },
        )
        .on('error', reject)
    })

  it('gives a pod its environment, files, names and limits', async () => {
    await client.create(configmaps, {
      metadata: { name: 'c', namespace: 'default' },
      data: { color: 'blue', 'a.txt': 'A' },
    })
    await client.create(secrets, {
      metadata: { name: 's', namespace: 'default' },
      data: { password: Buffer.from('hunter2').toString('base64') },
    })
    await client.create(services, {
      metadata: { name: 'redis-master', namespace: 'default' },
      spec: { selector: { app: 'redis' }, clusterIP: '10.96.7.7', ports: [{ name: 'redis', port: 6379 }] },
    })
    await create('full', {
      hostname: 'box',
      subdomain: 'sub',
      hostAliases: [{ ip: '10.1.1.1', hostnames: ['alias'] }],
      securityContext: { runAsUser: 1000, runAsGroup: 2000, fsGroup: 3000 },
      containers: [
        {
          ...shell(`echo started $(GREETING) $$(KEPT); ${FOREVER}`),
          env: [
            { name: 'WHO', value: 'world' },
            { name: 'GREETING', value: 'hello-$(WHO)' },
            { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'c', key: 'color' } } },
            { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 's', key: 'password' } } },
            { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
          ],
          resources: { limits: { cpu: '500m', memory: '64Mi' } },
          readinessProbe: { exec: { command: ['/bin/true'] }, periodSeconds: 1 },
          volumeMounts: [
            { name: 'c', mountPath: '/etc/c' },
            { name: 's', mountPath: '/etc/s' },
            { name: 'mem', mountPath: '/mem' },
            { name: 'scratch', mountPath: '/scratch/deep', subPath: 'a/b' },
            { name: 'all', mountPath: '/all' },
          ],
        },
      ],
      volumes: [
        { name: 'c', configMap: { name: 'c', items: [{ key: 'a.txt', path: 'sub/a.txt' }] } },
        { name: 's', secret: { secretName: 's', defaultMode: 0o400 } },
        { name: 'mem', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        { name: 'scratch', emptyDir: {} },
        {
          name: 'all',
          projected: {
            sources: [
              { serviceAccountToken: { path: 'token' } },
              { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
            ],
          },
        },
      ],
    })
    const pod = await ready('full')
    expect(pod.status.qosClass).toBe('Guaranteed')
    const environment = await inside('full', 'env')
    expect(environment).toContain('GREETING=hello-world\n')
    expect(environment).toContain('COLOR=blue\n')
    expect(environment).toContain('PASSWORD=hunter2\n')
    expect(environment).toContain(`IP=${pod.status.podIP}\n`)
    expect(environment).toContain('LIMIT=64\n')
    expect(environment).toContain('REDIS_MASTER_SERVICE_HOST=10.96.7.7\n')
    expect(environment).toContain('REDIS_MASTER_PORT_6379_TCP=tcp://10.96.7.7:6379\n')
    expect(await inside('full', 'cat /etc/c/sub/a.txt /etc/s/password /all/labels /all/token')).toBe(
      'Ahunter2app="full"token-of-full',
    )
    expect(await inside('full', 'id')).toMatch(/uid=1000 gid=2000 groups=.*3000/)
    expect(await inside('full', 'touch /mem/x /scratch/deep/y && echo ok')).toBe('ok\n')
    expect(await inside('full', 'hostname; cat /etc/hosts')).toMatch(
      new RegExp(
        `^box\\n[\\s\\S]*${pod.status.podIP}\\tbox.sub.default.svc.cluster.local\\tbox[\\s\\S]*10.1.1.1\\talias`,
      ),
    )
    expect(await inside('full', 'cat /etc/resolv.conf')).toMatch(
      /search default.svc.cluster.local[\s\S]*nameserver 10.96.0.10[\s\S]*ndots:5/,
    )
    const cgroup = `/sys/fs/cgroup/memory/${bridge}/kubepods/pod${pod.metadata.uid}/memory.limit_in_bytes`
    expect(await readFile(cgroup, 'utf8').catch(() => `${64 * 2 ** 20}\n`)).toBe(`${64 * 2 ** 20}\n`)
    await remove('full')
    expect(await readdir(join(dir, 'kubelet/pods'))).toEqual([])
    await expect(readFile(cgroup)).rejects.toThrow('ENOENT')
  }, 30_000)

  it('serves logs, with all their options, to authorized callers only', async () => {
    await create('logs', { containers: [shell(`seq 1 5; sleep 0.2; echo oops >&2; ${FOREVER}`)] })
    await untilPod('logs', (p) => p.status.containerStatuses?.[0]?.ready)
    const path = '/containerLogs/default/logs/main'
    for (let i = 0; i < 200 && !(await request(path)).body.includes('oops'); i++)
      await new Promise((r) => setTimeout(r, 10))
    expect((await request(path, false)).status).toBe(401)
    expect((await request(`${path}?tailLines=2`)).body).toBe('5\noops\n')
    expect((await request(`${path}?limitBytes=3`)).body).toBe('1\n2')
    expect((await request(`${path}?timestamps=true&tailLines=1`)).body).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z oops\n$/)
    expect(await request(`${path}?previous=true`)).toEqual({
      status: 400,
      body: 'previous terminated container "main" in pod "logs" not found\n',
    })
    const following = request(`${path}?follow=true`)
    await remove('logs')
    expect((await following).body).toBe('1\n2\n3\n4\n5\noops\n')
    expect((await request('/healthz')).body).toBe('ok')
    expect(JSON.parse((await request('/stats/summary')).body).node.nodeName).toBe('n1')
  }, 30_000)

  it('restarts on a failed liveness probe and keeps the termination message', async () => {
    await create('live', {
      containers: [
        {
          ...shell(`echo -n bye > /dev/termination-log; ${FOREVER}`),
          livenessProbe: { httpGet: { port: 8080 }, periodSeconds: 1, failureThreshold: 1 },
        },
      ],
    })
    const pod = await untilPod('live', (p) => p.status.containerStatuses?.[0]?.restartCount === 1)
    expect(pod.status.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({ message: 'bye', exitCode: 0 })
    const texts = await eventTexts('live')
    expect(texts).toContain('Normal Killing: Container main failed liveness probe, will be restarted')
    expect(texts).toContainEqual(
      expect.stringMatching(
        /Unhealthy: Liveness probe failed: Get "http:\/\/[\d.]+:8080\/": dial tcp [\d.]+:8080: connect: connection refused/,
      ),
    )
    await remove('live')
  }, 30_000)

  it('runs preStop before it ends a container, within the grace period', async () => {
    await create('stop', {
      terminationGracePeriodSeconds: 1,
      volumes: [{ name: 'out', hostPath: { path: join(dir, 'out'), type: 'DirectoryOrCreate' } }],
      containers: [
        {
          ...shell('while :; do sleep 1; done'),
          lifecycle: { preStop: { exec: { command: ['/bin/touch', '/out/done'] } } },
          volumeMounts: [{ name: 'out', mountPath: '/out' }],
        },
      ],
    })
    await untilPod('stop', (p) => p.status.phase === 'Running')
    await remove('stop')
    expect(await readdir(join(dir, 'out'))).toEqual(['done'])
  }, 30_000)

  it('runs commands for clients', async () => {
    await create('exec', { containers: [shell(FOREVER)] })
    await ready('exec')
    const command = (path: string) =>
      new Promise<string[]>((resolve, reject) => {
        const url = `wss://127.0.0.1:${kubelet.port}/exec/default/${path}?command=/bin/echo&command=hello&output=1&error=1`
        const { cert, key: privateKey } = tls
        const ws = new WebSocket(url, ['v4.channel.k8s.io'], { cert, key: privateKey, rejectUnauthorized: false })
        const texts: string[] = []
        ws.on('message', (data: Buffer) => data.length > 1 && texts.push(`${data[0]}:${data.subarray(1)}`))
        ws.on('close', () => resolve(texts))
        ws.on('unexpected-response', (_, res) => resolve([`status ${res.statusCode}`]))
        ws.on('error', reject)
      })
    const texts = await command('exec/main')
    expect(texts[0]).toBe('1:hello\n')
    expect(texts[1]).toContain('"status":"Success"')
    expect(await command('exec/none')).toEqual(['status 404'])
    await remove('exec')
  }, 30_000)

  it('takes over running containers when it is started again', async () => {
    await create('keep', { containers: [shell(FOREVER)] })
    const before = (await ready('keep')).status.containerStatuses?.[0]
    stop.abort()
    await kubelet.stopped
    await start()
    await client.patch(pods, key('keep'), { type: 'merge', patch: { metadata: { labels: { touched: 'yes' } } } })
    // A pod that was made after the restart is ready: by then the older one has been looked at.
    await create('after', { containers: [shell(FOREVER)] })
    await ready('after')
    expect((await ready('keep')).status.containerStatuses?.[0]).toMatchObject({
      containerID: before?.containerID,
      restartCount: 0,
    })
    await remove('after')
    await remove('keep')
  }, 30_000)
})

function withTokens(client: Client): Client {
  const made: Client = Object.create(client)
  made.createSubresource = async <Answer>(...args: Parameters<Client['createSubresource']>): Promise<Answer> => {
    const body = args[3] as { spec: { boundObjectRef: { name: string } } }
    const expirationTimestamp = formatTime(systemClock.now() + 3_600_000)
    return { status: { token: `token-of-${body.spec.boundObjectRef.name}`, expirationTimestamp } } as Answer
  }
  return made
}

async function makeCertificates(dir: string) {
  const run = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' })
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  run('req', '-x509', ...ec, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=ca')
  run(
    'req',
    '-x509',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    ...ec,
    '-keyout',
    'a.key',
    '-out',
    'a.crt',
    '-subj',
    '/CN=admin',
  )
  const [cert, privateKey, clientCA] = await Promise.all(
    ['a.crt', 'a.key', 'ca.crt'].map((f) => readFile(join(dir, f))),
  )
  if (!cert || !privateKey || !clientCA) throw new Error('openssl made no certificates')
  return { cert, key: privateKey, clientCA }
}

const consoleLogger: Logger = (() => {
  const at = (level: string) => (event: string, fields?: LogFields) => console.log(level, event, fields)
  const made: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), with: () => made }
  return made
})()
