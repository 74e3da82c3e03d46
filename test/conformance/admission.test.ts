// What the admission plugins that are always on change, and what they refuse.
// Rules: plugin/pkg/admission/* of k8s.io/kubernetes; each case names the plugin. Policies, webhooks, pod security, limit
// ranges and quotas have tables beside their own code.

import { expect, it } from 'vitest'
import { useServer } from './access-support.ts'
import type { Json } from './custom-resources/support.ts'

const call = useServer()
const PODS = '/api/v1/namespaces/default/pods'
const CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims'
const container = { name: 'c', image: 'i' }
const pod = (spec: object = {}, metadata: object = {}) => ({ metadata, spec: { containers: [container], ...spec } })
const claim = (spec: object = {}) => ({
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
})
const namespaces = '/api/v1/namespaces'
const RUNTIMES = '/apis/node.k8s.io/v1/runtimeclasses'
const PRIORITIES = '/apis/scheduling.k8s.io/v1/priorityclasses'
const STORAGE = '/apis/storage.k8s.io/v1/storageclasses'
const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts'
const standard = { provisioner: 'a.example/p' }
const isDefault = { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }
const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' } }

interface Case {
  readonly rule: string
  /** Paths and objects that are there before. */
  readonly before?: readonly (readonly [path: string, object: Json])[]
  readonly path: string
  readonly object: Json
  /** What is read from the answer, and what it is. */
  readonly gives?: readonly [path: string, value: unknown]
  readonly refuses?: string
}

const cases: readonly Case[] = [
  {
    rule: 'NamespaceLifecycle: into a namespace that is not there',
    path: '/api/v1/namespaces/none/configmaps',
    object: {},
    refuses: 'namespaces "none" not found',
  },
  { rule: 'ServiceAccount: the default one', path: PODS, object: pod(), gives: ['spec.serviceAccountName', 'default'] },
  {
    rule: 'ServiceAccount: its token is mounted',
    path: PODS,
    object: pod(),
    gives: ['spec.containers.0.volumeMounts.0.mountPath', '/var/run/secrets/kubernetes.io/serviceaccount'],
  },
  {
    rule: 'ServiceAccount: not when the pod does not want it',
    path: PODS,
    object: pod({ automountServiceAccountToken: false }),
    gives: ['spec.volumes', undefined],
  },
  {
    rule: 'ServiceAccount: not when the account does not want it',
    before: [[ACCOUNTS, { metadata: { name: 'quiet' }, automountServiceAccountToken: false }]],
    path: PODS,
    object: pod({ serviceAccountName: 'quiet' }),
    gives: ['spec.volumes', undefined],
  },
  {
    rule: 'ServiceAccount: pull secrets of the account',
    before: [[ACCOUNTS, { metadata: { name: 'puller' }, imagePullSecrets: [{ name: 's' }] }]],
    path: PODS,
    object: pod({ serviceAccountName: 'puller' }),
    gives: ['spec.imagePullSecrets', [{ name: 's' }]],
  },
  {
    rule: 'ServiceAccount: its own before those of the account',
    before: [[ACCOUNTS, { metadata: { name: 'puller2' }, imagePullSecrets: [{ name: 's' }] }]],
    path: PODS,
    object: pod({ serviceAccountName: 'puller2', imagePullSecrets: [{ name: 'o' }] }),
    gives: ['spec.imagePullSecrets', [{ name: 'o' }]],
  },
  {
    rule: 'ServiceAccount: one that is not there',
    path: PODS,
    object: pod({ serviceAccountName: 'none' }),
    refuses: 'pods "NAME" is forbidden: error looking up service account default/none: serviceaccount "none" not found',
  },
  {
    rule: 'ServiceAccount: mirror pods have none',
    path: PODS,
    object: pod({ serviceAccountName: 'default', nodeName: 'n' }, mirror),
    refuses: 'pods "NAME" is forbidden: a mirror pod may not reference service accounts',
  },
  {
    rule: 'ServiceAccount: mirror pods have no secrets',
    path: PODS,
    object: pod({ nodeName: 'n', volumes: [{ name: 'v', secret: { secretName: 's' } }] }, mirror),
    refuses: 'pods "NAME" is forbidden: a mirror pod may not reference secrets',
  },
  {
    rule: 'ServiceAccount: secrets that the account lists',
    before: [
      [
        ACCOUNTS,
        {
          metadata: { name: 'strict', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
          secrets: [{ name: 'mine' }],
        },
      ],
    ],
    path: PODS,
    object: pod({ serviceAccountName: 'strict', volumes: [{ name: 'v', secret: { secretName: 'mine' } }] }),
    gives: ['spec.volumes.0.secret.secretName', 'mine'],
  },
  {
    rule: 'ServiceAccount: secrets that it does not list',
    path: PODS,
    object: pod({ serviceAccountName: 'strict', volumes: [{ name: 'v', secret: { secretName: 'yours' } }] }),
    refuses:
      'pods "NAME" is forbidden: volume with secret.secretName="yours" is not allowed because service account strict does not reference that secret',
  },
  {
    rule: 'ServiceAccount: secrets in variables',
    path: PODS,
    object: pod({
      serviceAccountName: 'strict',
      containers: [{ ...container, env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'yours', key: 'k' } } }] }],
    }),
    refuses:
      'pods "NAME" is forbidden: container c with envVar E referencing secret.secretName="yours" is not allowed because service account strict does not reference that secret',
  },
  { rule: 'Priority: the default', path: PODS, object: pod(), gives: ['spec.priority', 0] },
  {
    rule: 'Priority: of a class',
    before: [[PRIORITIES, { metadata: { name: 'high' }, value: 100, preemptionPolicy: 'Never' }]],
    path: PODS,
    object: pod({ priorityClassName: 'high' }),
    gives: ['spec.priority', 100],
  },
  {
    rule: 'Priority: its preemption',
    path: PODS,
    object: pod({ priorityClassName: 'high' }),
    gives: ['spec.preemptionPolicy', 'Never'],
  },
  {
    rule: 'Priority: a class that is not there',
    path: PODS,
    object: pod({ priorityClassName: 'none' }),
    refuses: 'pods "NAME" is forbidden: no PriorityClass with name none was found',
  },
  {
    rule: 'Priority: not by number',
    path: PODS,
    object: pod({ priority: 7 }),
    refuses:
      'pods "NAME" is forbidden: the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
  },
  {
    rule: 'DefaultTolerationSeconds',
    path: PODS,
    object: pod(),
    gives: [
      'spec.tolerations',
      ['not-ready', 'unreachable'].map((key) => ({
        key: `node.kubernetes.io/${key}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      })),
    ],
  },
  {
    rule: 'DefaultTolerationSeconds: what tolerates all',
    path: PODS,
    object: pod({ tolerations: [{ operator: 'Exists' }] }),
    gives: ['spec.tolerations', [{ operator: 'Exists' }]],
  },
  {
    rule: 'TaintNodesByCondition',
    path: '/api/v1/nodes',
    object: {},
    gives: ['spec.taints', [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]],
  },
  {
    rule: 'TaintNodesByCondition: beside other taints',
    path: '/api/v1/nodes',
    object: { spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } },
    gives: ['spec.taints.length', 2],
  },
  {
    rule: 'RuntimeClass: one that is not there',
    path: PODS,
    object: pod({ runtimeClassName: 'none' }),
    refuses: 'pods "NAME" is forbidden: pod rejected: RuntimeClass "none" not found',
  },
  {
    rule: 'RuntimeClass: its overhead',
    before: [
      [
        RUNTIMES,
        {
          metadata: { name: 'heavy' },
          handler: 'h',
          overhead: { podFixed: { cpu: '100m' } },
          scheduling: { nodeSelector: { a: 'b' }, tolerations: [{ key: 't', operator: 'Exists' }] },
        },
      ],
    ],
    path: PODS,
    object: pod({ runtimeClassName: 'heavy' }),
    gives: ['spec.overhead', { cpu: '100m' }],
  },
  {
    rule: 'RuntimeClass: its nodes',
    path: PODS,
    object: pod({ runtimeClassName: 'heavy', nodeSelector: { c: 'd' } }),
    gives: ['spec.nodeSelector', { a: 'b', c: 'd' }],
  },
  {
    rule: 'RuntimeClass: its tolerations',
    path: PODS,
    object: pod({ runtimeClassName: 'heavy', tolerations: [{ operator: 'Exists' }] }),
    gives: ['spec.tolerations', [{ operator: 'Exists' }]],
  },
  {
    rule: 'RuntimeClass: another node selector',
    path: PODS,
    object: pod({ runtimeClassName: 'heavy', nodeSelector: { a: 'x' } }),
    refuses:
      'pods "NAME" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[a] = b; pod.spec.nodeSelector[a] = x',
  },
  {
    rule: 'RuntimeClass: another overhead',
    path: PODS,
    object: pod({ runtimeClassName: 'heavy', overhead: { cpu: '2' } }),
    refuses: `pods "NAME" is forbidden: pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead`,
  },
  {
    rule: 'RuntimeClass: an overhead of its own',
    path: PODS,
    object: pod({ overhead: { cpu: '2' } }),
    refuses:
      'pods "NAME" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
  },
  {
    rule: 'StorageObjectInUseProtection: claims',
    path: CLAIMS,
    object: claim(),
    gives: ['metadata.finalizers', ['kubernetes.io/pvc-protection']],
  },
  {
    rule: 'StorageObjectInUseProtection: volumes',
    path: '/api/v1/persistentvolumes',
    object: { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } } },
    gives: ['metadata.finalizers', ['kubernetes.io/pv-protection']],
  },
  { rule: 'DefaultStorageClass: none', path: CLAIMS, object: claim(), gives: ['spec.storageClassName', undefined] },
  {
    rule: 'DefaultStorageClass',
    before: [[STORAGE, { ...standard, metadata: { name: 'a', ...isDefault } }]],
    path: CLAIMS,
    object: claim(),
    gives: ['spec.storageClassName', 'a'],
  },
  {
    rule: 'DefaultStorageClass: not for whom wants none',
    path: CLAIMS,
    object: claim({ storageClassName: '' }),
    gives: ['spec.storageClassName', ''],
  },
  {
    rule: 'DefaultIngressClass',
    before: [
      [
        '/apis/networking.k8s.io/v1/ingressclasses',
        {
          metadata: { name: 'own', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
          spec: { controller: 'a.example/c' },
        },
      ],
    ],
    path: '/apis/networking.k8s.io/v1/namespaces/default/ingresses',
    object: { spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } },
    gives: ['spec.ingressClassName', 'own'],
  },
  {
    rule: 'PodTopologyLabels: of the node it is made for',
    before: [
      [
        '/api/v1/nodes',
        {
          metadata: {
            name: 'here',
            labels: { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r', other: 'o' },
          },
        },
      ],
    ],
    path: PODS,
    object: pod({ nodeName: 'here' }),
    gives: ['metadata.labels', { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r' }],
  },
]

let count = 0
function read(body: Json, path: string): unknown {
  let at = body
  for (const step of path.split('.')) at = at?.[step]
  return at
}

for (const { rule, before = [], path, object, gives, refuses } of cases) {
  it(`${rule}: ${refuses ? 'is refused' : 'is taken'}`, async () => {
    for (const [at, body] of before) expect((await call(at, { body })).code).toBe(201)
    count += 1
    const name = `n${count}`
    const { code, body } = await call(path, { body: { ...object, metadata: { ...object.metadata, name } } })
    if (refuses) {
      expect(body.message).toBe(refuses.replaceAll('NAME', name))
      expect([code, body.reason]).toEqual(
        refuses.includes('not found') && code === 404 ? [404, 'NotFound'] : [403, 'Forbidden'],
      )
    } else {
      expect(code).toBe(201)
      if (gives) expect(read(body, gives[0])).toEqual(gives[1])
    }
  })
}

it('NamespaceLifecycle: the namespaces of the system stay', async () => {
  for (const name of ['default', 'kube-system', 'kube-public']) {
    const { code, body } = await call(`${namespaces}/${name}`, { method: 'DELETE' })
    expect([code, body.message]).toEqual([403, `namespaces "${name}" is forbidden: this namespace may not be deleted`])
  }
})

it('PodTopologyLabels: of the node a pod is bound to', async () => {
  await call(PODS, { body: pod({}, { name: 'bound' }) })
  const target = { kind: 'Node', name: 'here' }
  expect(
    (
      await call(`${PODS}/bound/binding`, {
        body: { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'bound' }, target },
      })
    ).code,
  ).toBe(201)
  const { body } = await call(`${PODS}/bound`)
  expect(body.metadata.labels).toEqual({ 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r' })
})

it('PersistentVolumeClaimResize: claims grow where their class allows it', async () => {
  await call(STORAGE, { body: { ...standard, metadata: { name: 'fixed' } } })
  await call(STORAGE, { body: { ...standard, metadata: { name: 'growing' }, allowVolumeExpansion: true } })
  const grow = (name: string) =>
    call(`${CLAIMS}/${name}`, {
      method: 'PATCH',
      body: { spec: { resources: { requests: { storage: '2Gi' } } } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
  for (const storageClassName of ['fixed', 'growing']) {
    await call(CLAIMS, { body: { ...claim({ storageClassName }), metadata: { name: storageClassName } } })
    const { body } = await call(`${CLAIMS}/${storageClassName}`)
    const status = { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } }
    expect(
      (await call(`${CLAIMS}/${storageClassName}/status`, { method: 'PUT', body: { ...body, status } })).code,
    ).toBe(200)
  }
  expect((await grow('fixed')).body.message).toBe(
    'persistentvolumeclaims "fixed" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
  )
  expect((await grow('growing')).body.spec?.resources.requests.storage).toBe('2Gi')
})
