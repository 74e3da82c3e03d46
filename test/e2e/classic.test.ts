// What old texts do with a cluster: the insecure port, a pause image of one's own, limits and quotas, pushes, proxies.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/machinery/clock.ts'
import { silentLogger } from '../../src/machinery/logger.ts'
import { systemRandom } from '../../src/machinery/random.ts'
import { listenRegistry } from '../../src/registry/registry.ts'
import { canRunContainers, run, startCluster, type TestCluster } from './support/cluster.ts'
import { BUSYBOX, loadBusybox } from './support/images.ts'
import { eventually } from './support/wait.ts'

const PAUSE = '192.168.131.134:5000/google_containers/pause'

/** A port that nobody has. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

describe.skipIf(!canRunContainers)('a cluster as in old texts', () => {
  let cluster: TestCluster
  let insecure = ''
  beforeAll(async () => {
    cluster = await startCluster()
    await loadBusybox(cluster)
    const port = await freePort()
    insecure = `http://localhost:${port}`
    await sampan(
      'image',
      'from-host',
      '-t',
      PAUSE,
      '--entrypoint',
      '/usr/bin/catatonit',
      '--entrypoint',
      '-P',
      '/usr/bin/catatonit',
    )
    await sampan('down')
    const up = await cluster.sampan('up', '--insecure-port', String(port), '--pause-image', PAUSE, '--classic')
    expect(up).toMatchObject({ code: 0, stderr: expect.stringContaining(`warning: ${insecure} makes everyone`) })
    expect(up.stdout).toMatch(
      /NAME +STATUS +MESSAGE +ERROR\n(?:\S+ +Healthy +ok\n){3}Kubernetes master is running at https:/,
    )
  })
  afterAll(() => cluster?.remove())

  const sampan = async (...args: string[]) => {
    const { code, stdout, stderr } = await cluster.sampan(...args)
    if (code !== 0) throw new Error(`sampan ${args.join(' ')} gave ${code}: ${stderr}${stdout}`)
    return stdout
  }
  /** Stock kubectl without any kubeconfig. */
  const plain = (...args: string[]) => cluster.kubectl('--kubeconfig=/dev/null', `--server=${insecure}`, ...args)
  const create = async (...objects: object[]) => {
    const input = objects.map((object) => JSON.stringify(object)).join('\n---\n')
    return cluster.tryKubectl(['create', '-f', '-'], { input })
  }
  const pod = (name: string, container: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'main',
          image: BUSYBOX,
          command: [
            'sh',
            '-c',
            'mkdir -p /www && echo hello > /www/index.html && echo started && exec httpd -f -p 8000 -h /www',
          ],
          ports: [{ containerPort: 8000 }],
          ...container,
        },
      ],
    },
  })
  const ready = (name: string) => cluster.kubectl('wait', `pod/${name}`, '--for=condition=Ready', '--timeout=60s')

  it('runs pods on the pause image that it was given, limited as they say', async () => {
    const resources = { requests: { cpu: '250m' }, limits: { cpu: '500m', memory: '64Mi' } }
    expect(await create(pod('web', { resources }))).toMatchObject({ code: 0 })
    await ready('web')
    const socket = `/run/sampan/${cluster.name}/containerd.sock`
    const listed = await run('ctr', ['-a', socket, '-n', 'k8s.io', 'containers', 'ls'])
    expect(listed.stdout).toContain(PAUSE)
    expect(listed.stdout).not.toContain('sampan.local/pause')
    const uid = await cluster.kubectl('get', 'pod', 'web', '-o', 'jsonpath={.metadata.uid}')
    const id = (
      await cluster.kubectl('get', 'pod', 'web', '-o', 'jsonpath={.status.containerStatuses[0].containerID}')
    ).replace('containerd://', '')
    const found = await run('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*${uid}*`, '-name', `*${id}*`])
    const values = (name: string) =>
      found.stdout
        .trim()
        .split('\n')
        .map((directory) => join(directory, name))
        .filter((file) => existsSync(file))
        .map((file) => readFileSync(file, 'utf8').trim())
    if (existsSync('/sys/fs/cgroup/cpu')) {
      expect(new Set(values('cpu.shares'))).toEqual(new Set(['256']))
      expect(new Set(values('cpu.cfs_quota_us'))).toEqual(new Set(['50000']))
      expect(new Set(values('memory.limit_in_bytes'))).toEqual(new Set([String(64 * 1024 * 1024)]))
    } else {
      expect(values('cpu.max')).toEqual(['50000 100000'])
      expect(values('memory.max')).toEqual([String(64 * 1024 * 1024)])
    }
  })

  it('lets kubectl do everything over the insecure port', async () => {
    expect(await plain('get', 'cs')).toMatch(/^NAME +STATUS +MESSAGE +ERROR\n(?:\S+ +Healthy +ok *\n){3}$/)
    expect(await plain('logs', 'web')).toBe('started\n')
    expect(await plain('exec', 'web', '--', 'cat', '/www/index.html')).toBe('hello\n')
    const forward = cluster.start([
      '--kubeconfig=/dev/null',
      `--server=${insecure}`,
      'port-forward',
      'pod/web',
      ':8000',
    ])
    let said = ''
    forward.stdout?.on('data', (chunk) => {
      said += chunk
    })
    const port = await eventually('the forwarded port', async () => /127\.0\.0\.1:(\d+) ->/.exec(said)?.[1])
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('hello\n')
    forward.kill()
  })

  it('passes requests on to services, pods and nodes', async () => {
    await cluster.kubectl('expose', 'pod', 'web', '--port=80', '--target-port=8000')
    const base = '/api/v1/namespaces/default'
    await eventually('the service', async () => {
      const { code, stdout } = await cluster.tryKubectl(['get', '--raw', `${base}/services/web:80/proxy/`])
      return code === 0 && stdout === 'hello\n' ? true : undefined
    })
    expect(await cluster.kubectl('get', '--raw', `${base}/pods/web:8000/proxy/index.html`)).toBe('hello\n')
    const node = (await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')).trim()
    expect(await cluster.kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy/healthz`)).toBe('ok')
  })

  it('holds namespaces to their limits', async () => {
    await cluster.kubectl('create', 'namespace', 'small')
    await cluster.kubectl('create', 'quota', 'q', '--hard=pods=1,services=0', '-n', 'small')
    const range = {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'limits', namespace: 'small' },
      spec: { limits: [{ type: 'Container', max: { cpu: '1' }, default: { cpu: '200m' } }] },
    }
    expect(await create(range)).toMatchObject({ code: 0, stderr: '' })
    const used = () => cluster.kubectl('get', 'quota', 'q', '-n', 'small', '-o', 'jsonpath={.status.used.pods}')
    await eventually('the count', async () => ((await used()) === '0' ? true : undefined))
    const small = (name: string, container: object = {}) => {
      const made = pod(name, container)
      return { ...made, metadata: { ...made.metadata, namespace: 'small' } }
    }
    expect((await create(small('big', { resources: { limits: { cpu: '2' } } }))).stderr).toContain(
      'pods "big" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
    )
    expect(await create(small('one'))).toMatchObject({ code: 0 })
    expect((await create(small('two'))).stderr).toContain(
      'pods "two" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
    )
    expect(await cluster.kubectl('describe', 'quota', 'q', '-n', 'small')).toMatch(/pods +1 +1\n/)
    await cluster.kubectl('delete', 'pod', 'one', '-n', 'small')
    await eventually('the pod given back', async () => ((await used()) === '0' ? true : undefined))
    expect(await create(small('two'))).toMatchObject({ code: 0 })
  })

  it('asks the mirrors that it was given for what its own registry lacks', async () => {
    const root = join(cluster.dir, 'mirror')
    const options = { root, clock: systemClock, random: systemRandom, log: silentLogger }
    const mirror = await listenRegistry({ ...options, host: '127.0.0.1', port: 0 })
    try {
      const archive = join(cluster.dir, 'mirrored.tar')
      await sampan('image', 'save', '-o', archive, BUSYBOX)
      const pushed = `docker://localhost:${mirror.port}/registry.example/team/only-here:1`
      const copy = ['--insecure-policy', 'copy', '--dest-tls-verify=false', `oci-archive:${archive}`, pushed]
      expect(await run('skopeo', copy)).toMatchObject({ code: 0 })
      await sampan('down')
      await sampan('up', '--registry-mirror', mirror.endpoint)
      expect(await sampan('image', 'ls')).not.toContain('only-here')
      expect(await create(pod('mirrored', { image: 'registry.example/team/only-here:1' }))).toMatchObject({ code: 0 })
      await ready('mirrored')
      // The status may name the image by any of its names, as the runtime does.
      const pulled = ['get', 'events', '--field-selector', 'involvedObject.name=mirrored']
      expect(await cluster.kubectl(...pulled)).toContain(
        'Successfully pulled image "registry.example/team/only-here:1" in ',
      )
    } finally {
      await mirror.close()
      await sampan('down')
      await sampan('up', '--registry-mirror', '')
    }
  })

  // What is not installed shows among the skipped tests.
  it.for(['buildah', 'podman'])('takes what %s pushes', async (program, { skip }) => {
    if (!existsSync(`/usr/bin/${program}`)) {
      process.stderr.write(`skipped: ${program} is not installed\n`)
      skip(`${program} is not installed`)
    }
    const address = `localhost:${cluster.config().registryPort}`
    const directory = join(cluster.dir, program)
    mkdirSync(directory)
    const archive = join(directory, 'image.tar')
    await sampan('image', 'save', '-o', archive, BUSYBOX)
    const policy = join(directory, 'policy.json')
    writeFileSync(policy, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }))
    const storage = ['--root', join(directory, 'root'), '--runroot', join(directory, 'run'), '--storage-driver', 'vfs']
    const target = `${address}/pushed/${program}:1`
    const call = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(program, [...storage, ...args])
      if (code !== 0) throw new Error(`${program} ${args.join(' ')} gave ${code}: ${stderr}${stdout}`)
      return stdout.trim()
    }
    const id = await call('pull', '--quiet', '--signature-policy', policy, `oci-archive:${archive}`)
    await call('tag', id, target)
    await call('push', '--tls-verify=false', '--signature-policy', policy, target)
    expect(await create(pod(`from-${program}`, { image: target }))).toMatchObject({ code: 0 })
    await ready(`from-${program}`)
  })
})
