// Every served resource through every verb, with the smallest valid object of its kind.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NamespacedObjectMeta } from '../api/generated/meta-v1.ts'
import { type ResourceRef, resourceRef } from '../api/resource-ref.ts'
import type { Client, KubeObject, New } from '../client/client.ts'
import { StatusError } from '../machinery/errors.ts'
import { tableOf } from './http/table.ts'
import type { Resource } from './registry/resource.ts'
import { allResources } from './resources/index.ts'
import { startTestApi, type TestApi } from './testing.ts'

type Plain = KubeObject & { metadata: NamespacedObjectMeta; [field: string]: unknown }

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
const selector = { matchLabels: { app: 'a' } }
const jobTemplate = { spec: { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never' } }
const request = Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n').toString(
  'base64',
)
const webhook = {
  name: 'a.b.c',
  clientConfig: { url: 'https://example.com/hook' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}
const constraints = {
  resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['pods'] }],
}

/** What an object of each kind needs beyond a name. Kinds that need nothing are not listed. */
const MINIMAL: Readonly<Record<string, Record<string, unknown>>> = {
  pods: { spec: { containers: [{ name: 'c', image: 'i' }] } },
  podtemplates: { template: { spec: { containers: [{ name: 'c', image: 'i' }] } } },
  replicationcontrollers: { spec: { selector: { app: 'a' }, template } },
  services: { spec: { ports: [{ port: 80 }] } },
  limitranges: { spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } },
  persistentvolumeclaims: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  persistentvolumes: {
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/tmp/a' } },
  },
  'events.': { involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' }, reason: 'Tested' },
  'events.events.k8s.io': {
    regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'Tested',
    reportingController: 'test/a',
    reportingInstance: 'b',
    action: 'x',
    type: 'Normal',
  },
  daemonsets: { spec: { selector, template } },
  deployments: { spec: { selector, template } },
  replicasets: { spec: { selector, template } },
  statefulsets: { spec: { selector, template, serviceName: 'a' } },
  controllerrevisions: { revision: 1, data: { a: 1 } },
  jobs: { spec: { template: jobTemplate } },
  cronjobs: { spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: jobTemplate } } } },
  horizontalpodautoscalers: {
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } },
  },
  ingresses: { spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } } },
  ingressclasses: { spec: { controller: 'example.com/a' } },
  networkpolicies: { spec: { podSelector: {} } },
  ipaddresses: { spec: { parentRef: { resource: 'services', name: 'a', namespace: 'default' } } },
  servicecidrs: { spec: { cidrs: ['10.9.0.0/24'] } },
  endpointslices: { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ name: 'a', port: 80 }] },
  priorityclasses: { value: 10 },
  runtimeclasses: { handler: 'runc' },
  storageclasses: { provisioner: 'example.com/a' },
  volumeattributesclasses: { driverName: 'example.com' },
  csinodes: { spec: { drivers: [] } },
  csistoragecapacities: { storageClassName: 'a' },
  volumeattachments: { spec: { attacher: 'example.com', nodeName: 'n', source: { persistentVolumeName: 'a' } } },
  clusterrolebindings: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'a' } },
  rolebindings: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'a' } },
  customresourcedefinitions: {
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  },
  apiservices: {
    metadata: { name: 'v1.example.com' },
    spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 },
  },
  certificatesigningrequests: { spec: { request, signerName: 'example.com/a', usages: ['client auth'] } },
  flowschemas: { spec: { priorityLevelConfiguration: { name: 'a' } } },
  prioritylevelconfigurations: { spec: { type: 'Limited', limited: {} } },
  validatingwebhookconfigurations: { webhooks: [webhook] },
  mutatingwebhookconfigurations: { webhooks: [webhook] },
  validatingadmissionpolicies: { spec: { matchConstraints: constraints, validations: [{ expression: 'true' }] } },
  validatingadmissionpolicybindings: { spec: { policyName: 'a', validationActions: ['Deny'] } },
  mutatingadmissionpolicies: {
    spec: {
      matchConstraints: constraints,
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[]' } }],
    },
  },
  mutatingadmissionpolicybindings: { spec: { policyName: 'a' } },
  deviceclasses: { spec: {} },
  resourceclaims: { spec: {} },
  resourceclaimtemplates: { spec: { spec: {} } },
  resourceslices: { spec: { driver: 'example.com', allNodes: true, pool: { name: 'a', resourceSliceCount: 1 } } },
}

const FIXED_NAMES: Readonly<Record<string, string>> = {
  ipaddresses: '10.9.0.1',
  customresourcedefinitions: 'things.example.com',
  apiservices: 'v1.example.com',
}

const cases = allResources().flatMap((resource) =>
  resource.versions.map((version) => ({ title: `${resource.resource} of ${version.apiVersion}`, resource, version })),
)

describe('every served resource', () => {
  let api: TestApi
  let client: Client
  beforeAll(async () => {
    api = await startTestApi()
    client = api.client
  })
  afterAll(() => api.close())

  it('covers all groups', () => {
    expect(cases.length).toBeGreaterThanOrEqual(60)
  })

  for (const { title, resource, version } of cases) {
    it(`round-trips ${title}`, async () => {
      const { namespaced, resource: plural } = resource
      const ref: ResourceRef<Plain> = resourceRef<Plain>({ ...version, resource: plural, namespaced })
      const name = FIXED_NAMES[plural] ?? 'round-trip'
      const key = namespaced ? { namespace: 'default', name } : { name }
      const more = structuredClone(MINIMAL[plural] ?? MINIMAL[`${plural}.${version.group}`] ?? {})
      const object = { ...more, metadata: { ...key } } as unknown as New<Plain>
      const made = await client.create(ref, object)
      expect(made).toMatchObject({ kind: version.kind, apiVersion: version.apiVersion, metadata: key })
      expect(made.metadata.uid).not.toBe('')
      expect(await client.get(ref, key)).toEqual(made)
      await expect(client.create(ref, object)).rejects.toMatchObject({ code: 409, reason: 'AlreadyExists' })

      const listed = await client.list(ref, namespaced ? { namespace: 'default' } : {})
      expect(listed.items).toContainEqual(made)
      const events = watchEvents(client, ref, listed.resourceVersion, name, 5)

      // Nothing changed: nothing is written.
      const unchanged = await client.update(ref, structuredClone(made) as Plain)
      expect(unchanged).toEqual(made)
      const labelled = structuredClone(made) as Plain
      labelled.metadata.labels = { ...labelled.metadata.labels, step: 'update' }
      const updated = await client.update(ref, labelled)
      expect(updated.metadata.labels).toMatchObject({ step: 'update' })
      expect(updated.metadata.generation).toBe(made.metadata.generation)

      const labels = { step: 'merge' }
      const merged = await client.patch(ref, key, { type: 'merge', patch: { metadata: { labels } } })
      expect(merged.metadata.labels).toMatchObject(labels)
      const strategic = { metadata: { labels: { step: 'strategic' } } }
      expect((await client.patch(ref, key, { type: 'strategic', patch: strategic })).metadata.labels?.step).toBe(
        'strategic',
      )
      const patch = [{ op: 'replace', path: '/metadata/labels/step', value: 'json' }]
      expect((await client.patch(ref, key, { type: 'json', patch })).metadata.labels?.step).toBe('json')

      const wrong = incomplete(object)
      for (const body of wrong) await expectStatus(client.create(ref, body as New<Plain>, { dryRun: true }))

      expect(await rowOf(api, resource, key)).not.toContain(undefined)
      await client.delete(ref, key)
      if (plural === 'namespaces') return
      await expect(client.get(ref, key)).rejects.toMatchObject({ code: 404, reason: 'NotFound' })
      expect(await events).toEqual(['MODIFIED', 'MODIFIED', 'MODIFIED', 'MODIFIED', 'DELETED'])
      if (!version.verbs.includes('deletecollection')) return
      await client.create(ref, { ...object, metadata: { ...key, labels: { sweep: 'yes' } } } as New<Plain>)
      const where = namespaced ? { namespace: 'default' } : {}
      await client.deleteCollection(ref, { ...where, labelSelector: 'sweep=yes' })
      await expect(client.get(ref, key)).rejects.toMatchObject({ code: 404 })
    })
  }
})

/** The object with one field left out, for every field. */
function incomplete(object: object): object[] {
  const out: object[] = []
  const walk = (node: unknown, path: string[]): void => {
    if (typeof node !== 'object' || node === null) return
    for (const name of Object.keys(node)) {
      if (path.length === 0 && name === 'metadata') continue
      const copy = structuredClone(object) as { metadata: { name?: string } }
      copy.metadata.name = 'incomplete'
      let at: Record<string, unknown> = copy as unknown as Record<string, unknown>
      for (const step of path) at = at[step] as Record<string, unknown>
      if (Array.isArray(at)) at.splice(Number(name), 1)
      else delete at[name]
      out.push(copy)
      walk((node as Record<string, unknown>)[name], [...path, name])
    }
  }
  walk(object, [])
  return out
}

/** What is wrong with an object is told in a Status, never by a crash. */
async function expectStatus(writing: Promise<unknown>): Promise<void> {
  try {
    await writing
  } catch (error) {
    expect(error).toBeInstanceOf(StatusError)
    expect([400, 403, 404, 422]).toContain((error as StatusError).code)
  }
}

/** Types of the next `count` events of one object. */
async function watchEvents(
  client: Client,
  ref: ResourceRef<Plain>,
  resourceVersion: string,
  name: string,
  count: number,
) {
  const stop = new AbortController()
  const types: string[] = []
  for await (const event of client.watch(ref, { resourceVersion, signal: stop.signal })) {
    if (event.type === 'BOOKMARK' || event.object.metadata.name !== name) continue
    types.push(event.type)
    if (types.length === count) stop.abort()
    if (ref.resource === 'namespaces' && types.length === count - 1) stop.abort()
  }
  return types
}

/** The cells that `kubectl get` shows. */
async function rowOf(api: TestApi, resource: Resource, key: { namespace?: string; name: string }): Promise<unknown[]> {
  const entry = await api.api.registry.find(resource, key.namespace ?? '', key.name)
  const options = {
    wrapperVersion: 'meta.k8s.io/v1',
    include: 'None',
    now: api.clock.now(),
    withColumns: true,
  } as const
  const table = tableOf(resource, entry ? [entry] : [], {}, options) as { rows: { cells: unknown[] }[] }
  return table.rows[0]?.cells ?? [undefined]
}
