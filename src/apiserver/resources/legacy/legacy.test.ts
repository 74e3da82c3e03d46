// Every retired version through every verb, over the same objects that today's versions show.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NamespacedObjectMeta } from '../../../api/generated/meta-v1.ts'
import { legacyVersions } from '../../../api/legacy-types.ts'
import { type ResourceRef, resourceRef } from '../../../api/resource-ref.ts'
import type { Client, KubeObject, New } from '../../../client/client.ts'
import type { Resource, ServedVersion } from '../../registry/resource.ts'
import { startTestApi, type TestApi } from '../../testing.ts'
import { minimalObject } from '../../testing-objects.ts'

type Plain = KubeObject & { metadata: NamespacedObjectMeta; [field: string]: unknown }

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const selector = { matchLabels: { app: 'a' } }
const jobTemplate = { spec: { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never' } }
const { spec: certificateRequest } = minimalObject({
  group: 'certificates.k8s.io',
  resource: 'certificatesigningrequests',
})
const { request } = certificateRequest as { request: string }
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' }
const describedObject = { kind: 'Service', name: 's', apiVersion: 'v1' }
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'a' }
const workload = { old: { spec: { template } }, now: { spec: { selector } } }
const selected = { old: { spec: { selector, template } }, now: { spec: { selector } } }

const ingress = {
  old: {
    spec: {
      backend: { serviceName: 'a', servicePort: 80 },
      rules: [
        { host: 'x.example', http: { paths: [{ path: '/p', backend: { serviceName: 'b', servicePort: 'http' } }] } },
      ],
    },
  },
  now: {
    spec: {
      defaultBackend: { service: { name: 'a', port: { number: 80 } } },
      rules: [
        {
          host: 'x.example',
          http: {
            paths: [
              {
                path: '/p',
                pathType: 'ImplementationSpecific',
                backend: { service: { name: 'b', port: { name: 'http' } } },
              },
            ],
          },
        },
      ],
    },
  },
}

const webhook = { name: 'a.b.c', clientConfig: { url: 'https://example.com/hook' } }
const webhooks = {
  old: { webhooks: [webhook] },
  now: {
    webhooks: [
      {
        ...webhook,
        failurePolicy: 'Ignore',
        matchPolicy: 'Exact',
        sideEffects: 'Unknown',
        timeoutSeconds: 30,
        admissionReviewVersions: ['v1beta1'],
      },
    ],
  },
}

const bindings = {
  old: {
    roleRef,
    subjects: [
      { kind: 'User', name: '*', apiVersion: 'rbac.authorization.k8s.io/v1alpha1' },
      { kind: 'ServiceAccount', name: 's', namespace: 'n', apiVersion: 'v1' },
    ],
  },
  now: {
    subjects: [
      { kind: 'Group', name: 'system:authenticated', apiGroup: 'rbac.authorization.k8s.io' },
      { kind: 'ServiceAccount', name: 's', namespace: 'n' },
    ],
  },
}
const todaysBindings = { roleRef, subjects: [{ kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' }] }

interface Case {
  /** What a client of the old version writes. */
  readonly old: Record<string, unknown>
  /** What is then there for a client of today's version. */
  readonly now?: Record<string, unknown>
  readonly name?: string
}

/** By group, version and resource; what is not found there by resource alone. */
const CASES: Readonly<Record<string, Case>> = {
  'extensions/v1beta1/deployments': {
    old: { spec: { template, rollbackTo: { revision: 3 } } },
    now: {
      metadata: { labels: { app: 'a' }, annotations: { 'deprecated.deployment.rollback.to': '3' } },
      spec: {
        selector,
        replicas: 1,
        revisionHistoryLimit: 2147483647,
        progressDeadlineSeconds: 2147483647,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
      },
    },
  },
  'extensions/v1beta1/daemonsets': {
    old: { spec: { template } },
    now: {
      metadata: { labels: { app: 'a' }, annotations: { 'deprecated.daemonset.template.generation': '1' } },
      spec: { selector, updateStrategy: { type: 'OnDelete' }, revisionHistoryLimit: 10 },
    },
  },
  'extensions/v1beta1/replicasets': workload,
  'extensions/v1beta1/ingresses': ingress,
  'extensions/v1beta1/networkpolicies': {
    old: { spec: { podSelector: {}, ingress: [{ ports: [{ port: 80 }] }] } },
    now: { spec: { policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 80, protocol: 'TCP' }] }] } },
  },
  'apps/v1beta1/deployments': {
    old: { spec: { template } },
    now: {
      metadata: { labels: { app: 'a' } },
      spec: {
        selector,
        revisionHistoryLimit: 2,
        progressDeadlineSeconds: 600,
        strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      },
    },
  },
  'apps/v1beta1/statefulsets': {
    old: { spec: { template, serviceName: 's' } },
    now: { spec: { selector, updateStrategy: { type: 'OnDelete' }, podManagementPolicy: 'OrderedReady' } },
  },
  'apps/v1beta2/deployments': { old: selected.old, now: { spec: { selector, revisionHistoryLimit: 10 } } },
  'apps/v1beta2/replicasets': selected,
  'apps/v1beta2/daemonsets': { old: selected.old, now: { spec: { updateStrategy: { type: 'RollingUpdate' } } } },
  'apps/v1beta2/statefulsets': {
    old: { spec: { selector, template, serviceName: 's' } },
    now: { spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } } },
  },
  controllerrevisions: { old: { revision: 1, data: { a: 1 } }, now: { revision: 1 } },
  cronjobs: {
    old: { spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: jobTemplate } } } },
    now: { spec: { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3 } },
  },
  'networking.k8s.io/v1beta1/ingresses': ingress,
  ingressclasses: { old: { spec: { controller: 'example.com/a' } } },
  poddisruptionbudgets: {
    old: { spec: { minAvailable: 1, selector: {} } },
    now: {
      spec: {
        selector: {
          matchExpressions: [{ key: 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match', operator: 'Exists' }],
        },
      },
    },
  },
  'autoscaling/v2beta1/horizontalpodautoscalers': {
    old: {
      metadata: { annotations: { 'autoscaling.alpha.kubernetes.io/behavior': '{"scaleUp":{"selectPolicy":"Min"}}' } },
      spec: {
        maxReplicas: 3,
        scaleTargetRef,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 70 } },
          {
            type: 'ContainerResource',
            containerResource: { name: 'memory', container: 'c', targetAverageValue: '1Mi' },
          },
          { type: 'Pods', pods: { metricName: 'm', targetAverageValue: '5' } },
          { type: 'Object', object: { target: describedObject, metricName: 'o', targetValue: '7' } },
          { type: 'External', external: { metricName: 'e', metricSelector: selector, targetAverageValue: '9' } },
        ],
      },
    },
    now: {
      spec: {
        behavior: { scaleUp: { selectPolicy: 'Min' } },
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
          {
            type: 'ContainerResource',
            containerResource: {
              name: 'memory',
              container: 'c',
              target: { type: 'AverageValue', averageValue: '1Mi' },
            },
          },
          { type: 'Pods', pods: { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '5' } } },
          { type: 'Object', object: { describedObject, metric: { name: 'o' }, target: { type: 'Value', value: '7' } } },
          {
            type: 'External',
            external: { metric: { name: 'e', selector }, target: { type: 'AverageValue', averageValue: '9' } },
          },
        ],
      },
    },
  },
  'autoscaling/v2beta2/horizontalpodautoscalers': {
    old: { spec: { maxReplicas: 3, scaleTargetRef, behavior: { scaleDown: { stabilizationWindowSeconds: 5 } } } },
    now: { spec: { minReplicas: 1, behavior: { scaleDown: { stabilizationWindowSeconds: 5, selectPolicy: 'Max' } } } },
  },
  'rbac.authorization.k8s.io/v1alpha1/clusterrolebindings': bindings,
  'rbac.authorization.k8s.io/v1alpha1/rolebindings': bindings,
  clusterrolebindings: { old: todaysBindings, now: todaysBindings },
  rolebindings: { old: todaysBindings, now: todaysBindings },
  storageclasses: { old: { provisioner: 'example.com/a' }, now: { reclaimPolicy: 'Delete' } },
  csinodes: { old: { spec: { drivers: [] } } },
  csistoragecapacities: { old: { storageClassName: 'a' } },
  volumeattachments: {
    old: { spec: { attacher: 'example.com', nodeName: 'n', source: { persistentVolumeName: 'a' } } },
  },
  customresourcedefinitions: {
    name: 'things.example.com',
    old: {
      spec: {
        group: 'example.com',
        version: 'v1',
        names: { plural: 'things', kind: 'Thing' },
        subresources: { status: {} },
        validation: { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string' } } } },
        additionalPrinterColumns: [{ name: 'A', type: 'string', JSONPath: '.a' }],
      },
    },
    now: {
      spec: {
        scope: 'Namespaced',
        preserveUnknownFields: true,
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            subresources: { status: {} },
            schema: { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string' } } } },
            additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.a' }],
          },
        ],
      },
    },
  },
  apiservices: {
    name: 'v1.example.com',
    old: { spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 } },
  },
  mutatingwebhookconfigurations: webhooks,
  validatingwebhookconfigurations: webhooks,
  certificatesigningrequests: {
    old: { spec: { request } },
    now: {
      spec: { signerName: 'kubernetes.io/legacy-unknown', usages: ['digital signature', 'key encipherment'] },
    },
  },
  priorityclasses: { old: { value: 10 } },
  runtimeclasses: { old: { handler: 'runc' } },
  endpointslices: {
    old: {
      addressType: 'IPv4',
      endpoints: [
        {
          addresses: ['10.0.0.1'],
          nodeName: 'n',
          topology: { 'kubernetes.io/hostname': 'n', 'topology.kubernetes.io/zone': 'z', rack: 'r' },
        },
      ],
      ports: [{ name: 'a', port: 80 }],
    },
    now: { endpoints: [{ addresses: ['10.0.0.1'], nodeName: 'n', zone: 'z', deprecatedTopology: { rack: 'r' } }] },
  },
  events: {
    old: {
      regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
      reason: 'Tested',
      note: 'n',
      reportingController: 'test/a',
      reportingInstance: 'b',
      action: 'x',
      type: 'Normal',
    },
    now: { reason: 'Tested' },
  },
}

const served = legacyVersions.flatMap((legacy) =>
  Object.entries(legacy.resources).flatMap(([home, resources]) =>
    resources.map((resource) => ({
      title: `${legacy.group}/${legacy.version}/${resource}`,
      home,
      resource,
      ...legacy,
    })),
  ),
)

const refOf = ({ resource, namespaced }: Resource, version: ServedVersion): ResourceRef<Plain> =>
  resourceRef<Plain>({ ...version, resource, namespaced })

describe('a retired version', () => {
  let api: TestApi
  let client: Client
  beforeAll(async () => {
    api = await startTestApi({ legacyApis: true })
    client = api.client
  })
  afterAll(() => api.close())

  for (const { title, group, version, home, resource } of served) {
    it(`round-trips ${title}`, async () => {
      const found = api.api.registry.served(group, version, resource)
      const today = api.api.registry.served(home.split('/')[0] ?? '', home.split('/')[1] ?? '', resource)
      if (!found || !today) throw new Error(`${title} is not served`)
      const ref = refOf(found.resource, found.version)
      const current = refOf(today.resource, today.version)
      const { old, now = {}, name = 'legacy' } = CASES[title] ?? CASES[resource] ?? { old: {} }
      const key = found.resource.namespaced ? { namespace: 'default', name } : { name }
      const object = structuredClone({ ...old, metadata: { ...(old.metadata as object), ...key } })
      const stop = new AbortController()
      const { resourceVersion } = await client.list(ref)
      const seen = collect(client, ref, { resourceVersion, name, stop }, 5)

      const made = await client.create(ref, object as unknown as New<Plain>)
      expect(made).toMatchObject({ kind: found.version.kind, apiVersion: `${group}/${version}`, metadata: key })
      const later = await client.get(current, key)
      expect(later).toMatchObject({ ...now, kind: found.version.kind, apiVersion: home })
      expect(await client.get(ref, key)).toEqual(made)

      // What was read can be written back and changes nothing, from either side.
      expect((await client.update(ref, structuredClone(made) as Plain)).metadata.resourceVersion).toBe(
        made.metadata.resourceVersion,
      )
      expect((await client.update(current, structuredClone(later) as Plain)).metadata.resourceVersion).toBe(
        made.metadata.resourceVersion,
      )

      const step = (value: string) => ({ metadata: { labels: { step: value } } })
      for (const type of ['merge', 'strategic'] as const) {
        const patched = await client.patch(ref, key, { type, patch: step(type) })
        expect(patched.metadata.labels?.step).toBe(type)
      }
      const patch = [{ op: 'replace', path: '/metadata/labels/step', value: 'json' }]
      const patched = await client.patch(ref, key, { type: 'json', patch })
      const { labels, resourceVersion: _, managedFields: __, ...metadata } = patched.metadata
      // The labels of an endpoint slice are part of what it says.
      const { generation } = ref.resource === 'endpointslices' ? made.metadata : metadata
      const same = generation === undefined ? metadata : { ...metadata, generation }
      expect({ ...patched, metadata: same }).toEqual({ ...made, metadata: withoutVersion(made) })
      expect(labels).toEqual({ ...made.metadata.labels, step: 'json' })

      await client.delete(ref, key, { propagationPolicy: 'Background' })
      await expect(client.get(current, key)).rejects.toMatchObject({ code: 404 })
      expect(await seen).toEqual(
        ['ADDED', 'MODIFIED', 'MODIFIED', 'MODIFIED', 'DELETED'].map((t) => `${t} ${group}/${version}`),
      )
    })
  }

  it('is told of a change through today’s version', async () => {
    const ref = refIn(api, 'extensions', 'v1beta1', 'ingresses')
    const current = refIn(api, 'networking.k8s.io', 'v1', 'ingresses')
    const backend = (name: string) => ({ service: { name, port: { number: 80 } } })
    const key = { namespace: 'default', name: 'seen' }
    await client.create(current, { metadata: key, spec: { defaultBackend: backend('a') } } as unknown as New<Plain>)
    const before = await client.get(ref, key)
    expect(before.spec).toEqual({ backend: { serviceName: 'a', servicePort: 80 } })
    await client.patch(ref, key, { type: 'merge', patch: { spec: { backend: { serviceName: 'b' } } } })
    expect((await client.get(current, key)).spec).toEqual({ defaultBackend: backend('b') })
  })

  it('writes status through its own status path', async () => {
    const ref = refIn(api, 'apps', 'v1beta1', 'deployments')
    const key = { namespace: 'default', name: 'status' }
    await client.create(ref, { metadata: key, spec: { template } } as unknown as New<Plain>)
    const patch = { status: { replicas: 3 }, spec: { replicas: 7 } }
    const patched = await client.patch(ref, key, { type: 'merge', patch, subresource: 'status' })
    expect(patched).toMatchObject({ status: { replicas: 3 }, spec: { replicas: 1 } })
  })

  it('keeps what a v1beta1 definition without a schema allows', async () => {
    const ref = refIn(api, 'apiextensions.k8s.io', 'v1beta1', 'customresourcedefinitions')
    const current = refIn(api, 'apiextensions.k8s.io', 'v1', 'customresourcedefinitions')
    const metadata = { name: 'plains.example.com' }
    const spec = { group: 'example.com', version: 'v1', names: { plural: 'plains', kind: 'Plain' } }
    await client.create(ref, { metadata, spec } as unknown as New<Plain>)
    const labels = { a: 'b' }
    const patched = await client.patch(current, metadata, { type: 'merge', patch: { metadata: { labels } } })
    expect(patched.metadata.labels).toEqual(labels)
    const versions = [{ name: 'v1', served: true, storage: true }]
    const late = {
      metadata: { name: 'lates.example.com' },
      spec: { ...spec, names: { plural: 'lates', kind: 'Late' }, scope: 'Cluster', versions },
    }
    await expect(client.create(current, late as unknown as New<Plain>)).rejects.toMatchObject({ code: 422 })
  })
})

describe('without retired versions', () => {
  it('serves none of them', async () => {
    const api = await startTestApi()
    for (const { group, version, resource } of served) {
      expect(api.api.registry.served(group, version, resource)).toBeUndefined()
    }
    await api.close()
  })
})

function refIn(api: TestApi, group: string, version: string, resource: string): ResourceRef<Plain> {
  const found = api.api.registry.served(group, version, resource)
  if (!found) throw new Error(`${group}/${version} ${resource} is not served`)
  return refOf(found.resource, found.version)
}

function withoutVersion({ metadata }: { metadata: object }): object {
  return Object.fromEntries(
    Object.entries(metadata).filter(([name]) => !['labels', 'resourceVersion', 'managedFields'].includes(name)),
  )
}

/** Type and version of the next `count` events of one object. */
async function collect(
  client: Client,
  ref: ResourceRef<Plain>,
  { resourceVersion, name, stop }: { resourceVersion: string; name: string; stop: AbortController },
  count: number,
): Promise<string[]> {
  const events: string[] = []
  for await (const event of client.watch(ref, { resourceVersion, signal: stop.signal })) {
    if (event.type === 'BOOKMARK' || event.object.metadata.name !== name) continue
    events.push(`${event.type} ${event.object.apiVersion}`)
    if (events.length === count) stop.abort()
  }
  return events
}
