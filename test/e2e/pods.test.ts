// Pods on containerd, driven by stock kubectl: what the kubelet promises.

import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canRunContainers, run, startCluster, type TestCluster } from './support/cluster.ts'
import { BUSYBOX, loadBusybox } from './support/images.ts'
import { kubectlOf, kubectlVersions, oldKubectlVersions } from './support/kubectl.ts'
import { eventually } from './support/wait.ts'

describe.skipIf(!canRunContainers)('pods', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster()
    await loadBusybox(cluster)
  })
  afterAll(() => cluster?.remove())

  const apply = (object: object) =>
    cluster.tryKubectl(['apply', '-f', '-'], { input: JSON.stringify(object) }).then((r) => {
      if (r.code !== 0) throw new Error(r.stderr)
    })
  const pod = (name: string, container: object, spec: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image: BUSYBOX, imagePullPolicy: 'IfNotPresent', ...container }],
      ...spec,
    },
  })
  const sh = (script: string) => ({ command: ['sh', '-c', script] })
  const ready = (name: string) => cluster.kubectl('wait', `pod/${name}`, '--for=condition=Ready', '--timeout=60s')
  const read = async (name: string, path: string) => cluster.kubectl('get', 'pod', name, '-o', `jsonpath={${path}}`)
  const eventsOf = (name: string) =>
    cluster.kubectl(
      'get',
      'events',
      '--field-selector',
      `involvedObject.name=${name}`,
      '-o',
      'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}',
    )

  it('runs init containers in order, then containers with the environment that was asked for', async () => {
    await apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings' },
      data: { COLOR: 'blue', file: 'from a map' },
    })
    await apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys' }, stringData: { TOKEN: 's3cret' } })
    await apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'redis-master' },
      spec: { ports: [{ port: 6379 }], selector: { app: 'none' } },
    })
    await apply(
      pod(
        'environment',
        {
          ...sh('env; cat /config/file; cat /keys/TOKEN; cat /info/labels; cat /shared/order; id -u; sleep 1000'),
          env: [
            { name: 'GREETING', value: 'hello $(COLOR) $$(COLOR) $(UNKNOWN)' },
            { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'CPU_LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
            { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'keys', key: 'TOKEN' } } },
            { name: 'LATE', value: '$(SECRET)!' },
          ],
          envFrom: [{ configMapRef: { name: 'settings' } }, { prefix: 'P_', secretRef: { name: 'keys' } }],
          resources: { limits: { cpu: '500m', memory: '64Mi' } },
          securityContext: { runAsUser: 1234 },
          volumeMounts: [
            { name: 'config', mountPath: '/config' },
            { name: 'keys', mountPath: '/keys' },
            { name: 'info', mountPath: '/info' },
            { name: 'shared', mountPath: '/shared' },
          ],
        },
        {
          initContainers: [1, 2].map((n) => ({
            name: `init-${n}`,
            image: BUSYBOX,
            imagePullPolicy: 'IfNotPresent',
            ...sh(`echo step ${n} >> /shared/order`),
            volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
          })),
          volumes: [
            { name: 'config', configMap: { name: 'settings' } },
            { name: 'keys', secret: { secretName: 'keys' } },
            { name: 'info', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
            { name: 'shared', emptyDir: {} },
          ],
        },
      ),
    )
    await ready('environment')
    const log = await eventually('the log', async () => {
      const text = await cluster.kubectl('logs', 'environment')
      return text.includes('1234') ? text : undefined
    })
    expect(log).toContain('GREETING=hello blue $(COLOR) $(UNKNOWN)')
    expect(log).toContain(`POD_IP=${await read('environment', '.status.podIP')}`)
    expect(log).toContain('CPU_LIMIT=500')
    expect(log).toContain('SECRET=s3cret')
    expect(log).toContain('LATE=s3cret!')
    expect(log).toContain('P_TOKEN=s3cret')
    expect(log).toMatch(/REDIS_MASTER_SERVICE_HOST=10\./)
    expect(log).toContain('REDIS_MASTER_SERVICE_PORT=6379')
    expect(log).toContain('from a map')
    expect(log).toContain('app="environment"')
    expect(log).toContain('step 1\nstep 2\n')
    expect(await read('environment', '.status.qosClass')).toBe('Burstable')
    const id = (await read('environment', '.status.containerStatuses[0].containerID')).replace('containerd://', '')
    const uid = await read('environment', '.metadata.uid')
    const group = `sampan-${cluster.name}/kubepods/burstable/pod${uid}/${id}`
    expect(readFileSync(`/sys/fs/cgroup/memory/${group}/memory.limit_in_bytes`, 'utf8').trim()).toBe(
      String(64 * 1024 * 1024),
    )
    expect(readFileSync(`/sys/fs/cgroup/cpu/${group}/cpu.cfs_quota_us`, 'utf8').trim()).toBe('50000')
  })

  it('lets a debugging container see the processes of the one it targets, and says when there is none', async () => {
    await apply(pod('debugged', sh('sleep 4321')))
    await ready('debugged')
    const debug = (name: string, target: string) =>
      cluster.kubectl(
        'debug',
        'debugged',
        `--image=${BUSYBOX}`,
        `--container=${name}`,
        `--target=${target}`,
        '--profile=general',
        '--',
        'sh',
        '-c',
        'ps; sleep 1000',
      )
    await debug('looker', 'main')
    await eventually('the processes of the target', async () =>
      (await cluster.kubectl('logs', 'debugged', '-c', 'looker')).includes('sleep 4321') ? true : undefined,
    )
    await expect(debug('lost', 'nobody')).rejects.toThrow(
      'spec.ephemeralContainers[1].targetContainerName: Not found: "nobody"',
    )
  })

  it('gives every pod a token that the API knows', async () => {
    await apply(pod('token', sh('sleep 1000')))
    await ready('token')
    const token = await cluster.kubectl(
      'exec',
      'token',
      '--',
      'cat',
      '/var/run/secrets/kubernetes.io/serviceaccount/token',
    )
    const asToken = await fetchAs(cluster, token, '/api/v1/namespaces/default/pods')
    expect(asToken).toMatchObject({ status: 403 })
    expect(asToken.body).toContain('system:serviceaccount:default:default')
  })

  it('restarts what ends, counts it, and backs off', async () => {
    await apply(pod('crashing', sh('echo run; exit 3')))
    await eventually('the back-off', async () =>
      (await read('crashing', '.status.containerStatuses[0].state.waiting.reason')) === 'CrashLoopBackOff'
        ? true
        : undefined,
    )
    expect(Number(await read('crashing', '.status.containerStatuses[0].restartCount'))).toBeGreaterThan(0)
    expect(await read('crashing', '.status.containerStatuses[0].lastState.terminated.exitCode')).toBe('3')
    expect(await cluster.kubectl('logs', 'crashing', '--previous')).toBe('run\n')
    expect(await eventsOf('crashing')).toContain(
      'BackOff: Back-off restarting failed container main in pod crashing_default',
    )
    await apply(pod('once', sh('exit 0'), { restartPolicy: 'Never' }))
    await cluster.kubectl('wait', 'pod/once', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=30s')
    await apply(pod('fails', sh('exit 1'), { restartPolicy: 'Never' }))
    await cluster.kubectl('wait', 'pod/fails', '--for=jsonpath={.status.phase}=Failed', '--timeout=30s')
  })

  it('says why an image cannot be had', async () => {
    await apply(pod('no-image', { image: 'does.not.exist/nothing:1' }))
    await eventually(
      'ImagePullBackOff',
      async () =>
        (await read('no-image', '.status.containerStatuses[0].state.waiting.reason')) === 'ImagePullBackOff'
          ? true
          : undefined,
      60_000,
    )
    const events = await eventsOf('no-image')
    expect(events).toContain('Failed: Error: ErrImagePull')
    expect(events).toContain('Failed to pull image "does.not.exist/nothing:1"')
    expect(events).toContain('BackOff: Back-off pulling image "does.not.exist/nothing:1"')
    await apply(pod('never', { image: 'nowhere:1', imagePullPolicy: 'Never' }))
    await eventually('ErrImageNeverPull', async () =>
      (await read('never', '.status.containerStatuses[0].state.waiting.reason')) === 'ErrImageNeverPull'
        ? true
        : undefined,
    )
  })

  it('probes: readiness gates traffic, liveness restarts', async () => {
    await apply(
      pod('probed', {
        ...sh('touch /tmp/alive; sleep 1000'),
        readinessProbe: { exec: { command: ['cat', '/tmp/ready'] }, periodSeconds: 1 },
        livenessProbe: { exec: { command: ['cat', '/tmp/alive'] }, periodSeconds: 1, failureThreshold: 2 },
      }),
    )
    await cluster.kubectl('wait', 'pod/probed', '--for=jsonpath={.status.phase}=Running', '--timeout=30s')
    expect(await read('probed', '.status.containerStatuses[0].ready')).toBe('false')
    await cluster.kubectl('exec', 'probed', '--', 'touch', '/tmp/ready')
    await ready('probed')
    await cluster.kubectl('exec', 'probed', '--', 'rm', '/tmp/alive')
    await eventually('the restart', async () =>
      (await read('probed', '.status.containerStatuses[0].restartCount')) === '1' ? true : undefined,
    )
    const events = await eventsOf('probed')
    expect(events).toContain('Unhealthy: Readiness probe failed')
    expect(events).toContain('Unhealthy: Liveness probe failed')
    expect(events).toContain('Killing: Container main failed liveness probe, will be restarted')
  })

  it('ends pods gracefully: hook, signal, grace period', async () => {
    await apply(
      pod(
        'graceful',
        {
          ...sh('trap "echo term >> /out/log; exit 0" TERM; while true; do sleep 0.1; done'),
          lifecycle: { preStop: { exec: { command: ['sh', '-c', 'echo hook >> /out/log'] } } },
          volumeMounts: [{ name: 'out', mountPath: '/out' }],
        },
        {
          terminationGracePeriodSeconds: 20,
          volumes: [{ name: 'out', hostPath: { path: cluster.dir, type: 'Directory' } }],
        },
      ),
    )
    await ready('graceful')
    const started = Date.now()
    await cluster.kubectl('delete', 'pod', 'graceful')
    expect(Date.now() - started).toBeLessThan(15_000)
    expect(readFileSync(join(cluster.dir, 'log'), 'utf8')).toBe('hook\nterm\n')
  })

  it('updates mounted config maps', async () => {
    await apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'live' }, data: { text: 'one' } })
    await apply(
      pod(
        'mounted',
        { ...sh('sleep 1000'), volumeMounts: [{ name: 'live', mountPath: '/live' }] },
        { volumes: [{ name: 'live', configMap: { name: 'live' } }] },
      ),
    )
    await ready('mounted')
    expect(await cluster.kubectl('exec', 'mounted', '--', 'cat', '/live/text')).toBe('one')
    await apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'live' }, data: { text: 'two' } })
    await eventually('the new text', async () =>
      (await cluster.kubectl('exec', 'mounted', '--', 'cat', '/live/text')) === 'two' ? true : undefined,
    )
  })

  it('waits for a missing config map and says so', async () => {
    await apply(
      pod('waiting', {
        ...sh('sleep 1000'),
        env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'later', key: 'a' } } }],
      }),
    )
    await eventually('the reason', async () =>
      (await read('waiting', '.status.containerStatuses[0].state.waiting.reason')) === 'CreateContainerConfigError'
        ? true
        : undefined,
    )
    expect(await read('waiting', '.status.containerStatuses[0].state.waiting.message')).toBe(
      'configmap "later" not found',
    )
    await cluster.kubectl('create', 'configmap', 'later', '--from-literal=a=1')
    await ready('waiting')
  })

  it('serves logs in all forms', async () => {
    await apply(pod('talking', sh('for i in 1 2 3 4 5; do echo line $i; done; sleep 1; echo late; sleep 1000')))
    await ready('talking')
    expect(await cluster.kubectl('logs', 'talking', '--tail=2')).toMatch(/line 5|late/)
    expect(await cluster.kubectl('logs', 'talking', '--timestamps', '--tail=1')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z /)
    expect(await cluster.kubectl('logs', 'talking', '--since=1h')).toContain('line 1')
    const follow = cluster.start(['logs', '-f', 'talking', '--tail=1'])
    let text = ''
    follow.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    await eventually('the late line', () => (text.includes('late') ? true : undefined))
    follow.kill()
  })

  it.each([...oldKubectlVersions, ...kubectlVersions])(
    'exec, attach, cp and port-forward work with kubectl %s',
    async (version) => {
      const name = `stream-${version}`
      await apply(
        pod(name, {
          ...sh('mkdir -p /www; echo page > /www/index.html; httpd -p 8080 -h /www; cat'),
          stdin: true,
          ports: [{ containerPort: 8080 }],
        }),
      )
      await ready(name)
      const kubectl = (args: string[], input?: string) =>
        cluster.tryKubectl(args, { version, ...(input === undefined ? {} : { input }) })
      expect(await kubectl(['exec', name, '--', 'hostname'])).toMatchObject({ code: 0, stdout: `${name}\n` })
      expect(await kubectl(['exec', '-i', name, '--', 'cat'], 'through stdin')).toMatchObject({
        code: 0,
        stdout: 'through stdin',
      })
      expect(await kubectl(['exec', name, '--', 'sh', '-c', 'echo bad >&2; exit 7'])).toMatchObject({
        code: 7,
        stderr: expect.stringContaining('bad'),
      })
      const file = join(cluster.dir, `file-${version}`)
      writeFileSync(file, 'x'.repeat(200_000))
      expect(await kubectl(['cp', file, `${name}:/tmp/copied`])).toMatchObject({ code: 0 })
      expect(await kubectl(['cp', `${name}:/tmp/copied`, `${file}.back`])).toMatchObject({ code: 0 })
      expect(readFileSync(`${file}.back`, 'utf8')).toBe('x'.repeat(200_000))
      const forward = cluster.start(['port-forward', `pod/${name}`, ':8080'], version)
      const port = await new Promise<string>((resolve, reject) => {
        forward.stdout?.on('data', (chunk: Buffer) => {
          const found = /127\.0\.0\.1:(\d+) ->/.exec(chunk.toString())
          if (found?.[1]) resolve(found[1])
        })
        forward.on('exit', (code) => reject(new Error(`port-forward ended with ${code}`)))
      })
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('page\n')
      forward.kill()
    },
  )

  it('gives a terminal to exec and attach', async () => {
    await apply(
      pod('terminal', {
        ...sh('echo begin; while read line; do echo "got $line"; done; sleep 1000'),
        stdin: true,
        tty: true,
      }),
    )
    await ready('terminal')
    const inTerminal = (command: string, input: string) =>
      run(
        'script',
        ['--quiet', '--return', '--command', `stty cols 93 rows 41; ${kubectlOf('v35')} ${command}`, '/dev/null'],
        {
          env: { KUBECONFIG: cluster.kubeconfig },
          input,
          timeoutMs: 20_000,
        },
      )
    const exec = await inTerminal('exec -it terminal -- sh', 'test -t 0 && echo is-a-$((40+2))-tty\nexit 5\n')
    expect(exec.stdout).toContain('is-a-42-tty')
    expect(exec.code).toBe(5)
    const attach = cluster.start(['attach', '-i', 'terminal'])
    let text = ''
    attach.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    attach.stdin?.write('hello\n')
    await eventually('the echo', () => (text.includes('got hello') ? true : undefined))
    attach.kill()
  })

  it('keeps containers through a kill of the server and takes them over', async () => {
    await apply(pod('survivor', sh('sleep 1000')))
    await ready('survivor')
    const before = await read('survivor', '.status.containerStatuses[0].containerID')
    process.kill(await cluster.serverPid(), 'SIGKILL')
    expect((await cluster.sampan('up')).code).toBe(0)
    expect(await cluster.kubectl('exec', 'survivor', '--', 'hostname')).toBe('survivor\n')
    expect(await read('survivor', '.status.containerStatuses[0].containerID')).toBe(before)
    expect(await read('survivor', '.status.containerStatuses[0].restartCount')).toBe('0')
  })
})

/** A request with a bearer token and nothing else. */
async function fetchAs(cluster: TestCluster, token: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: cluster.config().apiPort,
        path,
        ca: cluster.pki('ca.crt'),
        headers: { authorization: `Bearer ${token}` },
      },
      (answer) => {
        let body = ''
        answer.on('data', (chunk: Buffer) => {
          body += chunk.toString()
        })
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
      },
    )
    outgoing.on('error', reject)
    outgoing.end()
  })
}
