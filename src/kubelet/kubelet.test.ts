import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Pod } from '../api/generated/core-v1.ts'
import { configmaps, events, leases, nodes, pods } from '../api/generated/resources.ts'
import { startTestApi, type TestApi } from '../apiserver/testing.ts'
import type { New } from '../client/client.ts'
import { VirtualClock } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import { type LogFields, type Logger, silentLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { type KubeletHandle, runKubelet } from './kubelet.ts'
import { createSimulatedRuntime } from './runtime/simulated/simulated-runtime.ts'
import { plainDirectories } from './volumes/mounter.ts'

type Spec = Pod['spec']

describe('the kubelet on a simulated runtime', () => {
  let api: TestApi
  let clock: VirtualClock
  let root: string
  let runtime: ReturnType<typeof createSimulatedRuntime>
  let stop: AbortController
  let kubelet: KubeletHandle

  beforeEach(async () => {
    clock = new VirtualClock()
    api = await startTestApi({ clock })
    root = await mkdtemp(join(tmpdir(), 'kubelet-'))
    runtime = createSimulatedRuntime({ clock, random: systemRandom })
    await start()
  })
  afterEach(async () => {
    await halt()
    await api.close()
    await rm(root, { recursive: true, force: true })
  })

  async function start() {
    stop = new AbortController()
    kubelet = await runKubelet({
      client: api.client,
      runtime,
      nodeName: 'n1',
      nodeIPs: ['192.0.2.1'],
      hostname: 'n1',
      dirs: { root: join(root, 'kubelet'), podLogs: join(root, 'logs') },
      cluster: { dns: ['10.96.0.10'], domain: 'cluster.local' },
      podCidr: '10.244.0.0/24',
      clock,
      random: systemRandom,
      log: process.env.KUBELET_TEST_LOG ? consoleLogger : silentLogger,
      signal: stop.signal,
      version: 'v1.36.1',
      mounter: plainDirectories,
    })
  }
  async function halt() {
    stop.abort()
    await kubelet.stopped
  }

  const key = (name: string) => ({ namespace: 'default', name })
  const get = (name: string) => api.client.get(pods, key(name))
  const create = (name: string, spec: Partial<Spec> = {}) => {
    const object: New<Pod> = {
      metadata: { name, namespace: 'default', labels: { app: name } },
      spec: {
        nodeName: 'n1',
        automountServiceAccountToken: false,
        containers: [{ name: 'web', image: 'nginx:1' }],
        ...spec,
      },
    }
    return api.client.create(pods, object)
  }

  /** Waits for real I/O, moving the clock on by `step` each time. */
  async function until<T>(look: () => Promise<T | undefined | false>, step = 0): Promise<T> {
    for (let i = 0; i < 1500; i++) {
      const found = await look()
      if (found) return found
      await new Promise((resolve) => setTimeout(resolve, 2))
      if (step > 0) await clock.advance(step)
    }
    throw new Error('it did not happen')
  }
  const untilPod = (name: string, fits: (pod: DeepReadonly<Pod>) => boolean, step = 0) =>
    until(async () => {
      const pod = await get(name)
      return fits(pod) ? pod : undefined
    }, step)
  const running = (name: string) => untilPod(name, (p) => p.status.phase === 'Running')
  const gone = (name: string, step = 0) =>
    until(async () => {
      try {
        await get(name)
        return false
      } catch (error) {
        return isReason(error, 'NotFound')
      }
    }, step)
  const eventTexts = async (name: string) =>
    (await api.client.list(events, { namespace: 'default' })).items
      .filter((e) => e.involvedObject.name === name)
      .map((e) => `${e.type} ${e.reason}: ${e.message}`)
  const container = async (name: string) => {
    const { uid } = (await get(name)).metadata
    const all = (await runtime.listContainers()).filter((c) => c.labels['io.kubernetes.pod.uid'] === uid)
    const found = all.sort((a, b) => b.attempt - a.attempt)[0]
    if (!found) throw new Error(`no container of pod ${name}`)
    return found
  }

  it('registers a node that is ready at once and keeps its lease', async () => {
    const node = await api.client.get(nodes, { name: 'n1' })
    expect(node.metadata.labels).toMatchObject({ 'kubernetes.io/hostname': 'n1', 'kubernetes.io/os': 'linux' })
    expect(node.status.conditions?.map((c) => [c.type, c.status, c.reason])).toEqual([
      ['MemoryPressure', 'False', 'KubeletHasSufficientMemory'],
      ['DiskPressure', 'False', expect.stringContaining('Disk')],
      ['PIDPressure', 'False', 'KubeletHasSufficientPID'],
      ['Ready', 'True', 'KubeletReady'],
    ])
    expect(node.status.addresses).toEqual([
      { type: 'InternalIP', address: '192.0.2.1' },
      { type: 'Hostname', address: 'n1' },
    ])
    expect(node.status.capacity?.pods).toBe('110')
    const find = () => api.client.get(leases, { namespace: 'kube-node-lease', name: 'n1' }).catch(() => undefined)
    const first = await until(find)
    expect(first.metadata.ownerReferences?.[0]?.name).toBe('n1')
    await until(async () => (await find())?.spec.renewTime !== first.spec.renewTime, 5000)
  })

  it('runs a pod and reports every part of its status', async () => {
    await create('a')
    const { status, metadata } = await running('a')
    expect(status).toMatchObject({
      podIP: expect.stringMatching(/^10\.244\.0\./),
      hostIP: '192.0.2.1',
      qosClass: 'BestEffort',
      observedGeneration: metadata.generation,
    })
    expect(Object.fromEntries((status.conditions ?? []).map((c) => [c.type, c.status]))).toEqual({
      PodReadyToStartContainers: 'True',
      Initialized: 'True',
      Ready: 'True',
      ContainersReady: 'True',
      PodScheduled: 'True',
    })
    expect(status.containerStatuses?.[0]).toMatchObject({ name: 'web', ready: true, started: true, restartCount: 0 })
    expect(status.containerStatuses?.[0]?.containerID).toMatch(/^simulated:\/\//)
    await until(async () => (await eventTexts('a')).length === 3)
    expect(await eventTexts('a')).toEqual([
      'Normal Pulled: Container image "nginx:1" already present on machine and can be accessed by the pod',
      'Normal Created: Container created',
      'Normal Started: Container started',
    ])
  })

  it('removes a deleted pod with everything it held', async () => {
    await create('a', {
      volumes: [{ name: 'tmp', emptyDir: {} }],
      containers: [{ name: 'web', image: 'nginx:1', volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }] }],
    })
    const pod = await running('a')
    const directory = join(root, 'kubelet/pods', pod.metadata.uid)
    await stat(join(directory, 'volumes/kubernetes.io~empty-dir/tmp'))
    await api.client.delete(pods, key('a'))
    await gone('a')
    await until(async () => (await runtime.listSandboxes()).length === 0)
    await expect(stat(directory)).rejects.toThrow('ENOENT')
    expect(await eventTexts('a')).toContain('Normal Killing: Stopping container web')
    await until(async () => kubelet.pods().length === 0)
  })

  it('backs off a container that keeps failing', async () => {
    await create('a')
    await running('a')
    runtime.controls.exitContainer((await container('a')).id, { exitCode: 1 })
    await untilPod('a', (p) => p.status.containerStatuses?.[0]?.restartCount === 1)
    runtime.controls.exitContainer((await container('a')).id, { exitCode: 1 })
    const pod = await untilPod('a', (p) => p.status.containerStatuses?.[0]?.state?.waiting !== undefined)
    expect(pod.status.phase).toBe('Running')
    expect(pod.status.containerStatuses?.[0]).toMatchObject({
      ready: false,
      restartCount: 1,
      state: {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: `back-off 10s restarting failed container=web pod=a_default(${pod.metadata.uid})`,
        },
      },
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
    })
    await untilPod('a', (p) => p.status.containerStatuses?.[0]?.restartCount === 2, 1000)
    expect(await eventTexts('a')).toContain(
      `Warning BackOff: Back-off restarting failed container web in pod a_default(${pod.metadata.uid})`,
    )
  })

  it('completes pods that are not to be restarted', async () => {
    await create('ok', { restartPolicy: 'Never' })
    await create('bad', { restartPolicy: 'OnFailure' })
    await running('ok')
    await running('bad')
    runtime.controls.exitContainer((await container('ok')).id, { exitCode: 0 })
    runtime.controls.exitContainer((await container('bad')).id, { exitCode: 3 })
    const { status } = await untilPod('ok', (p) => p.status.phase === 'Succeeded')
    expect(status.conditions?.find((c) => c.type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'PodCompleted',
    })
    expect(status.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' })
    await untilPod('bad', (p) => p.status.containerStatuses?.[0]?.restartCount === 1)
    await api.client.delete(pods, key('ok'))
    await gone('ok')
  })

  it('runs init containers in order, keeps sidecars', async () => {
    await create('a', {
      initContainers: [
        { name: 'first', image: 'nginx:1' },
        { name: 'side', image: 'nginx:1', restartPolicy: 'Always' },
        { name: 'second', image: 'nginx:1' },
      ],
    })
    await untilPod('a', (p) => p.status.initContainerStatuses?.[0]?.state?.running !== undefined)
    expect((await get('a')).status).toMatchObject({
      phase: 'Pending',
      containerStatuses: [{ state: { waiting: { reason: 'PodInitializing' } } }],
    })
    const end = async (name: string) => {
      const found = (await runtime.listContainers()).find((c) => c.name === name)
      runtime.controls.exitContainer(found?.id ?? '', { exitCode: 0 })
    }
    await end('first')
    await untilPod('a', (p) => p.status.initContainerStatuses?.[2]?.state?.running !== undefined)
    await end('second')
    const { status } = await running('a')
    expect(status.initContainerStatuses?.map((s) => s.ready)).toEqual([true, true, true])
    expect(status.initContainerStatuses?.[1]?.state?.running).toBeDefined()
  })

  it('takes over what runs when it is started again, and removes orphans', async () => {
    await create('a')
    await create('b')
    const before = (await running('a')).status.containerStatuses?.[0]?.containerID
    await running('b')
    await halt()
    await api.client.delete(pods, key('b'), { gracePeriodSeconds: 0 })
    await start()
    await until(async () => (await runtime.listSandboxes()).length === 1)
    const { status } = await running('a')
    expect(status.containerStatuses?.[0]).toMatchObject({ containerID: before, restartCount: 0 })
    expect(await eventTexts('a')).toHaveLength(3)
  })

  it('makes a new sandbox when the old one dies', async () => {
    await create('a')
    const before = await running('a')
    const [sandbox] = await runtime.listSandboxes()
    runtime.controls.killSandbox(sandbox?.id ?? '')
    const after = await untilPod(
      'a',
      (p) => p.status.containerStatuses?.[0]?.restartCount === 1 && p.status.phase === 'Running',
    )
    expect(after.metadata.uid).toBe(before.metadata.uid)
    expect(await eventTexts('a')).toContain(
      'Normal SandboxChanged: Pod sandbox changed, it will be killed and re-created.',
    )
  })

  it('says what a container waits for', async () => {
    runtime.controls.failPull('no/such:1', 'not found')
    await create('pull', { containers: [{ name: 'web', image: 'no/such:1', imagePullPolicy: 'Always' }] })
    await create('config', {
      containers: [{ name: 'web', image: 'nginx:1', envFrom: [{ configMapRef: { name: 'settings' } }] }],
    })
    await create('name', { containers: [{ name: 'web', image: 'Bad Name', imagePullPolicy: 'Always' }] })
    const waiting = (name: string, reason: string, step = 0) =>
      untilPod(name, (p) => p.status.containerStatuses?.[0]?.state?.waiting?.reason === reason, step)
    await waiting('pull', 'ErrImagePull')
    await waiting('name', 'InvalidImageName')
    const config = await waiting('config', 'CreateContainerConfigError')
    expect(config.status.containerStatuses?.[0]?.state?.waiting?.message).toBe('configmap "settings" not found')
    await waiting('pull', 'ImagePullBackOff', 500)
    runtime.controls.failPull('no/such:1', undefined)
    await api.client.create(configmaps, { metadata: { name: 'settings', namespace: 'default' }, data: { A: '1' } })
    await running('config')
    await untilPod('pull', (p) => p.status.phase === 'Running', 1000)
  })

  it('publishes config maps and their changes', async () => {
    await create('a', {
      volumes: [{ name: 'c', configMap: { name: 'settings' } }],
      containers: [{ name: 'web', image: 'nginx:1', volumeMounts: [{ name: 'c', mountPath: '/etc/c' }] }],
    })
    await until(async () =>
      (await eventTexts('a')).includes(
        'Warning FailedMount: MountVolume.SetUp failed for volume "c" : configmap "settings" not found',
      ),
    )
    await api.client.create(configmaps, { metadata: { name: 'settings', namespace: 'default' }, data: { key: 'one' } })
    const pod = await running('a')
    const file = join(root, 'kubelet/pods', pod.metadata.uid, 'volumes/kubernetes.io~configmap/c/key')
    expect(await readFile(file, 'utf8')).toBe('one')
    await api.client.patch(configmaps, key('settings'), { type: 'merge', patch: { data: { key: 'two' } } })
    await until(async () => (await readFile(file, 'utf8')) === 'two')
  })

  it('reports a pod as finished only when its sidecars have stopped', async () => {
    await create('a', {
      restartPolicy: 'Never',
      initContainers: [{ name: 'side', image: 'nginx:1', restartPolicy: 'Always' }],
    })
    await running('a')
    const web = (await runtime.listContainers()).find((c) => c.name === 'web')
    runtime.controls.exitContainer(web?.id ?? '', { exitCode: 0 })
    const { status } = await untilPod('a', (p) => p.status.phase !== 'Running')
    expect(status.phase).toBe('Succeeded')
    expect(status.initContainerStatuses?.[0]?.state?.terminated).toBeDefined()
  })

  it('refuses a pod that does not fit', async () => {
    await create('a', { containers: [{ name: 'web', image: 'nginx:1', resources: { requests: { cpu: '1000' } } }] })
    const { status } = await untilPod('a', (p) => p.status.phase === 'Failed')
    expect(status).toMatchObject({
      reason: 'OutOfcpu',
      message: expect.stringContaining('requested: 1000000, used: 0'),
    })
    expect(await runtime.listSandboxes()).toEqual([])
  })

  it('ends a pod at its deadline', async () => {
    await create('a', { activeDeadlineSeconds: 30, restartPolicy: 'Never' })
    await running('a')
    const { status } = await untilPod('a', (p) => p.status.phase === 'Failed', 1000)
    expect(status).toMatchObject({
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    })
  })

  it('survives a runtime that is down for a while', async () => {
    await create('a')
    await running('a')
    runtime.controls.setDown(true)
    await create('b')
    await until(async () => (await eventTexts('n1')).length >= 0)
    runtime.controls.setDown(false)
    await untilPod('b', (p) => p.status.phase === 'Running', 500)
    expect((await get('a')).status.containerStatuses?.[0]?.restartCount).toBe(0)
  })
})

const consoleLogger: Logger = (() => {
  const at = (level: string) => (event: string, fields?: LogFields) => console.log(level, event, fields)
  const made: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), with: () => made }
  return made
})()
