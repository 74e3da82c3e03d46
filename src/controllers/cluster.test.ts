// Controllers and scheduler together on a real API core, with a kubelet that only pretends.

import { afterEach, describe, expect, it } from 'vitest'
import type { Deployment } from '../api/generated/apps-v1.ts'
import type { Pod } from '../api/generated/core-v1.ts'
import {
  configmaps,
  controllerrevisions,
  daemonsets,
  deployments,
  endpointslices,
  endpoints as endpointsRef,
  events as eventsRef,
  jobs,
  namespaces,
  nodes,
  persistentvolumeclaims,
  poddisruptionbudgets,
  pods,
  replicasets,
  replicationcontrollers,
  serviceaccounts,
  services,
  statefulsets,
} from '../api/generated/resources.ts'
import { startTestApi } from '../apiserver/testing.ts'
import type { Client, New } from '../client/client.ts'
import { runControllers } from '../client/controller.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import { InformerFactory } from '../client/informer.ts'
import { formatTime } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import { jsonLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { runScheduler } from '../scheduler/index.ts'
import { createControllers } from './index.ts'

interface TestCluster {
  client: Client
  /** Resolves with the value of `read` once it is truthy. */
  eventually<T>(what: string, read: () => Promise<T | undefined | false>): Promise<T>
  messages(reason: string): Promise<string[]>
}

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function startCluster(options: { nodes?: number; kubelet?: boolean } = {}): Promise<TestCluster> {
  const api = await startTestApi()
  const { client, clock } = api
  const abort = new AbortController()
  const { signal } = abort
  const log = jsonLogger({ level: 'error', now: () => clock.now(), write: (line) => process.stderr.write(line) })
  const env = { client, clock, log }
  const informers = new InformerFactory(env)
  const recorder = (component: string) => createEventRecorder({ ...env, component })
  const running = [
    runControllers(
      createControllers({ rootCA: 'CA', clusterCidr: '10.244.0.0/16', nodeCidrMaskSize: 24 }),
      { ...env, informers, random: systemRandom, eventsFor: recorder },
      signal,
    ),
    runScheduler({ ...env, informers, random: systemRandom, events: recorder('default-scheduler'), signal }),
  ]
  for (let i = 1; i <= (options.nodes ?? 1); i++) await addNode(client, `n${i}`)
  if (options.kubelet !== false) pretendKubelet(client, informers)
  stops.push(async () => {
    abort.abort()
    await Promise.all(running)
    await api.close()
  })
  return {
    client,
    async eventually(what, read) {
      const end = Date.now() + 8000
      for (;;) {
        const value = await read()
        if (value) return value
        if (Date.now() > end) throw new Error(`did not happen: ${what}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    async messages(reason) {
      const list = await client.list(eventsRef)
      return list.items.filter((e) => e.reason === reason).map((e) => e.message ?? '')
    },
  }
}

async function addNode(client: Client, name: string): Promise<void> {
  const now = formatTime(Date.now())
  await client.create(nodes, { metadata: { name, labels: { 'kubernetes.io/hostname': name } }, spec: {} })
  const status = {
    allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
    capacity: { cpu: '4', memory: '8Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: now, lastTransitionTime: now }],
  }
  await client.patch(nodes, { name }, { type: 'merge', subresource: 'status', patch: { status } })
}

/** Marks assigned pods Running and Ready, and ends those that are deleted. */
function pretendKubelet(client: Client, informers: InformerFactory): void {
  let address = 1
  const ignore = (error: unknown) => {
    if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error
  }
  const handle = async (pod: DeepReadonly<Pod>) => {
    const { namespace, name, uid } = pod.metadata
    if (!pod.spec.nodeName) return
    if (pod.metadata.deletionTimestamp !== undefined) {
      await client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } }).catch(ignore)
      return
    }
    const { phase } = pod.status
    if (phase === 'Running' || phase === 'Succeeded' || phase === 'Failed') return
    const task = pod.metadata.labels?.task
    if (task) {
      const status = { phase: task === 'fails' ? 'Failed' : 'Succeeded' }
      await client
        .patch(pods, { namespace, name }, { type: 'merge', subresource: 'status', patch: { status } })
        .catch(ignore)
      return
    }
    const podIP = `10.244.0.${address++}`
    const lastTransitionTime = formatTime(Date.now())
    const conditions = [
      { type: 'PodScheduled', status: 'True', lastTransitionTime },
      { type: 'Ready', status: 'True', lastTransitionTime },
    ]
    await client
      .update(
        pods,
        { ...pod, status: { ...pod.status, phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions } },
        { subresource: 'status' },
      )
      .catch(ignore)
  }
  const seen = (pod: DeepReadonly<Pod>) => void handle(pod)
  informers.informer(pods).subscribe({ add: seen, update: (_old, pod) => seen(pod) })
}

function deployment(name: string, replicas: number, image = 'web:1'): New<Deployment> {
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'web', image, ports: [{ name: 'http', containerPort: 8080 }] }] },
      },
    },
  }
}

const at = (name: string) => ({ namespace: 'default', name })

const available = (cluster: TestCluster, name: string, replicas: number) =>
  cluster.eventually(`${name} has ${replicas} available replicas`, async () => {
    const d = await cluster.client.get(deployments, at(name))
    const s = d.status
    return (
      s.observedGeneration === d.metadata.generation &&
      (s.availableReplicas ?? 0) === replicas &&
      (s.updatedReplicas ?? 0) === replicas &&
      (s.replicas ?? 0) === replicas &&
      d
    )
  })

describe('a deployment', () => {
  it('makes a replica set and pods that get nodes and become available', async () => {
    const cluster = await startCluster({ nodes: 3 })
    await cluster.client.create(deployments, deployment('web', 3))
    const d = await available(cluster, 'web', 3)
    expect(d.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1')
    const [rs] = (await cluster.client.list(replicasets)).items
    const conditions = await cluster.eventually('it has progressed', async () => {
      const { conditions } = (await cluster.client.get(deployments, at('web'))).status
      return conditions?.some((c) => c.reason === 'NewReplicaSetAvailable') && conditions
    })
    expect(conditions.map((c) => [c.type, c.status, c.reason, c.message])).toEqual(
      expect.arrayContaining([
        ['Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.'],
        [
          'Progressing',
          'True',
          'NewReplicaSetAvailable',
          `ReplicaSet "${rs?.metadata.name}" has successfully progressed.`,
        ],
      ]),
    )
    expect(await cluster.messages('ScalingReplicaSet')).toEqual([
      `Scaled up replica set ${rs?.metadata.name} from 0 to 3`,
    ])
    const made = (await cluster.client.list(pods)).items
    expect(new Set(made.map((p) => p.spec.nodeName)).size).toBe(3)
    expect((await cluster.messages('SuccessfulCreate')).sort()).toEqual(
      made.map((p) => `Created pod: ${p.metadata.name}`).sort(),
    )
    const scheduled = await cluster.eventually('events of scheduling', async () => {
      const messages = await cluster.messages('Scheduled')
      return messages.length === 3 && messages
    })
    expect(scheduled).toContain(`Successfully assigned default/${made[0]?.metadata.name} to ${made[0]?.spec.nodeName}`)
  })

  it('rolls over to a new template and back to the first one', async () => {
    const cluster = await startCluster()
    await cluster.client.create(deployments, deployment('web', 4))
    await available(cluster, 'web', 4)
    const setImage = (image: string) =>
      cluster.client.patch(deployments, at('web'), {
        type: 'strategic',
        patch: { spec: { template: { spec: { containers: [{ name: 'web', image }] } } } },
      })
    await setImage('web:2')
    await available(cluster, 'web', 4)
    const images = async () => {
      const made = (await cluster.client.list(pods)).items.filter((p) => !p.metadata.deletionTimestamp)
      return [...new Set(made.map((p) => p.spec.containers[0]?.image))]
    }
    await cluster.eventually('only new pods', async () => (await images()).join() === 'web:2')
    expect((await cluster.client.list(replicasets)).items).toHaveLength(2)
    await setImage('web:1')
    await cluster.eventually('only first pods', async () => (await images()).join() === 'web:1')
    const d = await available(cluster, 'web', 4)
    expect(d.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3')
    const sets = (await cluster.client.list(replicasets)).items
    expect(sets).toHaveLength(2)
    const current = sets.find((rs) => rs.spec.replicas === 4)
    expect(current?.metadata.annotations?.['deployment.kubernetes.io/revision-history']).toBe('1')
  })

  it('scales down and keeps a paused template back', async () => {
    const cluster = await startCluster()
    await cluster.client.create(deployments, deployment('web', 5))
    await available(cluster, 'web', 5)
    await cluster.client.patch(deployments, at('web'), { type: 'merge', patch: { spec: { replicas: 2 } } })
    await available(cluster, 'web', 2)
    await cluster.client.patch(deployments, at('web'), { type: 'merge', patch: { spec: { paused: true } } })
    await cluster.eventually('pause is noted', async () => {
      const d = await cluster.client.get(deployments, at('web'))
      return d.status.conditions?.some((c) => c.reason === 'DeploymentPaused')
    })
    expect((await cluster.client.list(replicasets)).items).toHaveLength(1)
  })

  it('recreates all pods when its strategy says so', async () => {
    const cluster = await startCluster()
    const wanted = deployment('web', 2)
    await cluster.client.create(deployments, {
      ...wanted,
      spec: { ...wanted.spec, strategy: { type: 'Recreate' } },
    })
    await available(cluster, 'web', 2)
    await cluster.client.patch(deployments, at('web'), {
      type: 'strategic',
      patch: { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:2' }] } } } },
    })
    await cluster.eventually('new pods', async () => {
      const made = (await cluster.client.list(pods)).items
      return made.length === 2 && made.every((p) => p.spec.containers[0]?.image === 'web:2')
    })
  })
})

describe('deletion', () => {
  it('takes dependents along in the background', async () => {
    const cluster = await startCluster()
    await cluster.client.create(deployments, deployment('web', 2))
    await available(cluster, 'web', 2)
    await cluster.client.delete(deployments, at('web'), { propagationPolicy: 'Background' })
    await cluster.eventually('all pods gone', async () => (await cluster.client.list(pods)).items.length === 0)
    expect((await cluster.client.list(replicasets)).items).toEqual([])
  })

  it('waits for dependents in the foreground', async () => {
    const cluster = await startCluster({ kubelet: false })
    await cluster.client.create(deployments, deployment('web', 2))
    const made = await cluster.eventually('two pods on nodes', async () => {
      const { items } = await cluster.client.list(pods)
      return items.length === 2 && items.every((p) => p.spec.nodeName) && items
    })
    await cluster.client.delete(deployments, at('web'), { propagationPolicy: 'Foreground' })
    await cluster.eventually('pods are being deleted', async () =>
      (await cluster.client.list(pods)).items.every((p) => p.metadata.deletionTimestamp),
    )
    expect((await cluster.client.get(deployments, at('web'))).metadata.finalizers).toEqual(['foregroundDeletion'])
    for (const { metadata } of made) await cluster.client.delete(pods, at(metadata.name), { gracePeriodSeconds: 0 })
    await cluster.eventually(
      'the deployment is gone',
      async () => (await cluster.client.list(deployments)).items.length === 0,
    )
  })

  it('leaves orphans when asked to, which a new owner adopts', async () => {
    const cluster = await startCluster()
    await cluster.client.create(deployments, deployment('web', 2))
    await available(cluster, 'web', 2)
    const before = (await cluster.client.list(pods)).items.map((p) => p.metadata.uid).sort()
    await cluster.client.delete(deployments, at('web'), { propagationPolicy: 'Orphan' })
    await cluster.eventually(
      'the deployment is gone',
      async () => (await cluster.client.list(deployments)).items.length === 0,
    )
    const [rs] = (await cluster.client.list(replicasets)).items
    expect(rs?.metadata.ownerReferences ?? []).toEqual([])
    await cluster.client.create(deployments, deployment('web', 2))
    await available(cluster, 'web', 2)
    const after = (await cluster.client.list(pods)).items.map((p) => p.metadata.uid).sort()
    expect(after).toEqual(before)
  })

  it('removes what refers to an owner that does not exist', async () => {
    const cluster = await startCluster()
    await cluster.client.create(configmaps, {
      metadata: {
        name: 'stray',
        namespace: 'default',
        ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'never', uid: 'no-such-uid' }],
      },
    })
    await cluster.eventually('the stray is gone', async () =>
      (await cluster.client.list(configmaps, { namespace: 'default' })).items.every((c) => c.metadata.name !== 'stray'),
    )
  })

  it('empties a namespace and reports what holds it up', async () => {
    const cluster = await startCluster()
    await cluster.client.create(namespaces, { metadata: { name: 'temp' }, spec: {} })
    await cluster.eventually('its service account and CA', async () => {
      const accounts = (await cluster.client.list(serviceaccounts, { namespace: 'temp' })).items
      const maps = (await cluster.client.list(configmaps, { namespace: 'temp' })).items
      return accounts.length === 1 && maps.some((m) => m.data?.['ca.crt'] === 'CA')
    })
    await cluster.client.create(configmaps, {
      metadata: { name: 'held', namespace: 'temp', finalizers: ['example.com/hold'] },
    })
    await cluster.client.delete(namespaces, { name: 'temp' })
    const conditions = await cluster.eventually('the reason is told', async () => {
      const { status } = await cluster.client.get(namespaces, { name: 'temp' })
      return status.conditions?.some((c) => c.type === 'NamespaceFinalizersRemaining') && status.conditions
    })
    expect(conditions.find((c) => c.type === 'NamespaceContentRemaining')?.message).toBe(
      'Some resources are remaining: configmaps. has 1 resource instances',
    )
    expect(conditions.find((c) => c.type === 'NamespaceFinalizersRemaining')?.message).toBe(
      'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
    )
    await cluster.client.patch(
      configmaps,
      { namespace: 'temp', name: 'held' },
      { type: 'merge', patch: { metadata: { finalizers: null } } },
    )
    await cluster.eventually('the namespace is gone', async () =>
      (await cluster.client.list(namespaces)).items.every((n) => n.metadata.name !== 'temp'),
    )
  })
})

describe('a service', () => {
  it('gets endpoints and slices of its ready pods', async () => {
    const cluster = await startCluster()
    await cluster.client.create(services, {
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    })
    await cluster.client.create(deployments, deployment('web', 2))
    await available(cluster, 'web', 2)
    const slice = await cluster.eventually('a slice with two endpoints', async () => {
      const { items } = await cluster.client.list(endpointslices, { labelSelector: 'kubernetes.io/service-name=web' })
      return items.find((s) => s.endpoints?.length === 2 && s.endpoints.every((e) => e.conditions?.ready))
    })
    expect(slice.ports).toEqual([{ name: 'http', port: 8080, protocol: 'TCP' }])
    expect(slice.metadata.labels?.['endpointslice.kubernetes.io/managed-by']).toBe('endpointslice-controller.k8s.io')
    const e = await cluster.eventually('endpoints', async () => {
      const found = (await cluster.client.list(endpointsRef)).items.find((x) => x.metadata.name === 'web')
      return found?.subsets?.[0]?.addresses?.length === 2 && found
    })
    expect(e.subsets?.[0]?.ports).toEqual([{ name: 'http', port: 8080, protocol: 'TCP' }])
    await cluster.client.patch(deployments, at('web'), { type: 'merge', patch: { spec: { replicas: 0 } } })
    await cluster.eventually('an empty slice', async () => {
      const { items } = await cluster.client.list(endpointslices, { labelSelector: 'kubernetes.io/service-name=web' })
      return items.length === 1 && (items[0]?.endpoints ?? []).length === 0
    })
  })
})

describe('nodes', () => {
  it('get a range of pod addresses and lose their pods when they are gone for good', async () => {
    const cluster = await startCluster({ nodes: 2 })
    const ranges = await cluster.eventually('both have ranges', async () => {
      const all = (await cluster.client.list(nodes)).items.map((n) => n.spec.podCIDR)
      return all.every((r) => r) && all.sort()
    })
    expect(ranges).toEqual(['10.244.0.0/24', '10.244.1.0/24'])
    expect(await cluster.messages('RegisteredNode')).toContain('Node n1 event: Registered Node n1 in Controller')
  })

  it('are kept free by a NoExecute taint', async () => {
    const cluster = await startCluster({ nodes: 2 })
    await cluster.client.create(replicationcontrollers, {
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        replicas: 2,
        selector: { app: 'web' },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web' }] } },
      },
    })
    const running = (onlyOn?: string) =>
      cluster.eventually('two running pods', async () => {
        const { items } = await cluster.client.list(pods)
        const ok = items.filter((p) => p.status.phase === 'Running' && (!onlyOn || p.spec.nodeName === onlyOn))
        return ok.length === 2 && items.length === 2
      })
    await running()
    await cluster.client.patch(
      nodes,
      { name: 'n1' },
      { type: 'merge', patch: { spec: { taints: [{ key: 'maintenance', effect: 'NoExecute' }] } } },
    )
    await running('n2')
    expect((await cluster.messages('TaintManagerEviction'))[0]).toMatch(/^Marking for deletion Pod default\/web-/)
  })
})

describe('a pod that fits nowhere', () => {
  it('says why, and is scheduled once there is room', async () => {
    const cluster = await startCluster()
    const pod = (name: string, cpu: string): New<Pod> => ({
      metadata: { name, namespace: 'default' },
      spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] },
    })
    await cluster.client.create(pods, pod('first', '3'))
    await cluster.eventually(
      'first runs',
      async () => (await cluster.client.get(pods, at('first'))).status.phase === 'Running',
    )
    await cluster.client.create(pods, pod('second', '2'))
    const message =
      '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.'
    await cluster.eventually('the condition', async () => {
      const { conditions } = (await cluster.client.get(pods, at('second'))).status
      return conditions?.some((c) => c.type === 'PodScheduled' && c.reason === 'Unschedulable' && c.message === message)
    })
    await cluster.eventually('the event', async () => (await cluster.messages('FailedScheduling')).includes(message))
    await cluster.client.delete(pods, at('first'))
    await cluster.eventually(
      'second runs',
      async () => (await cluster.client.get(pods, at('second'))).status.phase === 'Running',
    )
  })
})

describe('a job', () => {
  const job = (name: string, task: string, spec: object) => ({
    metadata: { name, namespace: 'default' },
    spec: {
      ...spec,
      template: {
        metadata: { labels: { task } },
        spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] },
      },
    },
  })

  it('completes after the wanted number of pods', async () => {
    const cluster = await startCluster()
    await cluster.client.create(jobs, job('count', 'works', { completions: 5, parallelism: 2 }))
    const done = await cluster.eventually('it is complete', async () => {
      const found = await cluster.client.get(jobs, at('count'))
      return found.status.conditions?.some((c) => c.type === 'Complete' && c.status === 'True') && found
    })
    expect(done.status.succeeded).toBe(5)
    expect(done.status.completionTime).toBeDefined()
    expect(done.status.conditions?.map((c) => c.type)).toEqual(['SuccessCriteriaMet', 'Complete'])
    await cluster.eventually('finalizers are off', async () =>
      (await cluster.client.list(pods)).items.every((p) => (p.metadata.finalizers ?? []).length === 0),
    )
    expect((await cluster.client.list(pods)).items).toHaveLength(5)
  })

  it('gives every pod of an indexed job its index', async () => {
    const cluster = await startCluster()
    await cluster.client.create(
      jobs,
      job('indexed', 'works', { completions: 4, parallelism: 4, completionMode: 'Indexed' }),
    )
    const done = await cluster.eventually('it is complete', async () => {
      const found = await cluster.client.get(jobs, at('indexed'))
      return found.status.conditions?.some((c) => c.type === 'Complete') && found
    })
    expect(done.status.completedIndexes).toBe('0-3')
  })

  it('fails at its backoff limit', async () => {
    const cluster = await startCluster()
    await cluster.client.create(jobs, job('bad', 'fails', { backoffLimit: 0 }))
    const done = await cluster.eventually('it has failed', async () => {
      const found = await cluster.client.get(jobs, at('bad'))
      return found.status.conditions?.find((c) => c.type === 'Failed')
    })
    expect([done.reason, done.message]).toEqual(['BackoffLimitExceeded', 'Job has reached the specified backoff limit'])
  })
})

describe('a daemon set', () => {
  it('has a pod on every node, new ones and tainted ones too, and rolls', async () => {
    const cluster = await startCluster({ nodes: 2 })
    const template = (image: string) => ({
      metadata: { labels: { app: 'agent' } },
      spec: { containers: [{ name: 'c', image }] },
    })
    await cluster.client.create(daemonsets, {
      metadata: { name: 'agent', namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'agent' } }, template: template('agent:1') },
    })
    const settled = (count: number) =>
      cluster.eventually(`${count} daemons`, async () => {
        const { metadata, status } = await cluster.client.get(daemonsets, at('agent'))
        return (
          status.observedGeneration === metadata.generation &&
          status.numberAvailable === count &&
          status.updatedNumberScheduled === count &&
          status.desiredNumberScheduled === count
        )
      })
    await settled(2)
    await addNode(cluster.client, 'n3')
    await settled(3)
    await cluster.client.patch(daemonsets, at('agent'), {
      type: 'strategic',
      patch: { spec: { template: template('agent:2') } },
    })
    await settled(3)
    const images = (await cluster.client.list(pods)).items.map((p) => p.spec.containers[0]?.image)
    expect(images).toEqual(['agent:2', 'agent:2', 'agent:2'])
    expect((await cluster.client.list(controllerrevisions)).items.map((r) => r.revision).sort()).toEqual([1, 2])
  })
})

describe('a stateful set', () => {
  it('starts in order with storage, updates from the end and keeps names', async () => {
    const cluster = await startCluster()
    await cluster.client.create(statefulsets, {
      metadata: { name: 'db', namespace: 'default' },
      spec: {
        replicas: 3,
        serviceName: 'db',
        selector: { matchLabels: { app: 'db' } },
        template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image: 'db:1' }] } },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ] as never,
      },
    })
    const settled = (image: string) =>
      cluster.eventually('three ready', async () => {
        const set = await cluster.client.get(statefulsets, at('db'))
        const { items } = await cluster.client.list(pods)
        return (
          set.status.observedGeneration === set.metadata.generation &&
          set.status.readyReplicas === 3 &&
          set.status.currentRevision === set.status.updateRevision &&
          items.length === 3 &&
          items.every((p) => p.spec.containers[0]?.image === image) &&
          items
        )
      })
    const made = await settled('db:1')
    expect(made.map((p) => p.metadata.name).sort()).toEqual(['db-0', 'db-1', 'db-2'])
    expect(made[0]?.spec.volumes?.find((v) => v.name === 'data')?.persistentVolumeClaim?.claimName).toMatch(/^data-db-/)
    expect((await cluster.client.list(persistentvolumeclaims)).items.map((c) => c.metadata.name).sort()).toEqual([
      'data-db-0',
      'data-db-1',
      'data-db-2',
    ])
    await cluster.client.patch(statefulsets, at('db'), {
      type: 'strategic',
      patch: { spec: { template: { spec: { containers: [{ name: 'c', image: 'db:2' }] } } } },
    })
    await settled('db:2')
    const created = await cluster.eventually('events', async () => {
      const messages = await cluster.messages('SuccessfulCreate')
      return messages.includes('create Pod db-0 in StatefulSet db successful') && messages
    })
    expect(created).toContain('create Claim data-db-0 Pod db-0 in StatefulSet db success')
  })
})

describe('a disruption budget', () => {
  it('says how many pods may go', async () => {
    const cluster = await startCluster()
    await cluster.client.create(deployments, deployment('web', 3))
    await available(cluster, 'web', 3)
    await cluster.client.create(poddisruptionbudgets, {
      metadata: { name: 'web', namespace: 'default' },
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } },
    })
    const status = await cluster.eventually('its status', async () => {
      const found = await cluster.client.get(poddisruptionbudgets, at('web'))
      return found.status.disruptionsAllowed === 1 && found.status
    })
    expect(status).toMatchObject({ expectedPods: 3, currentHealthy: 3, desiredHealthy: 2 })
  })
})
