// What creating and updating resets, keeps, counts and allows, kind by kind, and what each kind is called for short.
// Rules: AllowCreateOnUpdate, AllowUnconditionalUpdate and PrepareFor… of k8s.io/kubernetes/pkg/registry/*/strategy.go;
// ShortNames and Categories of pkg/registry/*/storage/storage.go.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NamespacedObjectMeta } from '../../src/api/generated/meta-v1.ts'
import { type ResourceRef, resourceRef } from '../../src/api/resource-ref.ts'
import type { Resource } from '../../src/apiserver/registry/resource.ts'
import { allResources } from '../../src/apiserver/resources/index.ts'
import { startTestApi, type TestApi } from '../../src/apiserver/testing.ts'
import { minimalObject } from '../../src/apiserver/testing-objects.ts'
import type { DeleteOptions, KubeObject, New, ObjectKey } from '../../src/client/client.ts'

type Plain = KubeObject & { metadata: NamespacedObjectMeta; [field: string]: unknown }

/** When metadata.generation counts: never (so it is what the creator says), once, with the spec, or only from its first change on. */
type Counting = 'none' | 'first' | 'counts' | 'late'

interface Strategy {
  readonly generation: Counting
  readonly createOnUpdate?: true
  /** AllowUnconditionalUpdate: an update has to carry a version where it is false. */
  readonly conditional?: true
  readonly short?: readonly string[]
  readonly category?: 'all' | 'api-extensions'
}

/** Deletes an object; claims and volumes, which controllers guard elsewhere, go without their finalizers. */
async function remove(
  ref: ResourceRef<Plain>,
  key: ObjectKey,
  options: DeleteOptions = { propagationPolicy: 'Background' },
): Promise<void> {
  const { finalizers } = (await api.client.get(ref, key)).metadata
  if (finalizers) await api.client.patch(ref, key, { type: 'merge', patch: { metadata: { finalizers: null } } })
  await api.client.delete(ref, key, options)
}

const of = (generation: Counting, more: Omit<Strategy, 'generation'> = {}): Strategy => ({ generation, ...more })
const none = (...short: string[]) => of('none', short.length > 0 ? { short } : {})
const workload = (...short: string[]) => of('counts', { category: 'all', ...(short.length > 0 ? { short } : {}) })
const extension = of('counts', { category: 'api-extensions', conditional: true })
const rbac = of('none', { createOnUpdate: true })

const STRATEGIES: Readonly<Record<string, Strategy>> = {
  pods: workload('po'),
  podtemplates: of('counts'),
  replicationcontrollers: workload('rc'),
  services: of('none', { createOnUpdate: true, short: ['svc'], category: 'all' }),
  endpoints: of('none', { createOnUpdate: true, short: ['ep'] }),
  nodes: none('no'),
  namespaces: none('ns'),
  configmaps: none('cm'),
  secrets: none(),
  serviceaccounts: none('sa'),
  events: of('none', { createOnUpdate: true, short: ['ev'] }),
  limitranges: of('none', { createOnUpdate: true, short: ['limits'] }),
  resourcequotas: none('quota'),
  persistentvolumes: none('pv'),
  persistentvolumeclaims: none('pvc'),
  'deployments.apps': workload('deploy'),
  'replicasets.apps': workload('rs'),
  'statefulsets.apps': workload('sts'),
  'daemonsets.apps': workload('ds'),
  'controllerrevisions.apps': none(),
  'jobs.batch': workload(),
  'cronjobs.batch': workload('cj'),
  'ingresses.networking.k8s.io': of('counts', { short: ['ing'] }),
  'ingressclasses.networking.k8s.io': of('counts'),
  'networkpolicies.networking.k8s.io': of('counts', { short: ['netpol'] }),
  'ipaddresses.networking.k8s.io': none('ip'),
  'servicecidrs.networking.k8s.io': none(),
  'endpointslices.discovery.k8s.io': of('counts'),
  'poddisruptionbudgets.policy': of('counts', { short: ['pdb'], conditional: true }),
  'roles.rbac.authorization.k8s.io': rbac,
  'rolebindings.rbac.authorization.k8s.io': rbac,
  'clusterroles.rbac.authorization.k8s.io': rbac,
  'clusterrolebindings.rbac.authorization.k8s.io': rbac,
  'leases.coordination.k8s.io': of('none', { createOnUpdate: true, conditional: true }),
  'priorityclasses.scheduling.k8s.io': of('first', { short: ['pc'] }),
  'runtimeclasses.node.k8s.io': of('none', { createOnUpdate: true, conditional: true }),
  'horizontalpodautoscalers.autoscaling': of('none', { short: ['hpa'], category: 'all' }),
  'storageclasses.storage.k8s.io': none('sc'),
  'volumeattributesclasses.storage.k8s.io': none('vac'),
  'csidrivers.storage.k8s.io': of('late', { conditional: true }),
  'csinodes.storage.k8s.io': of('none', { conditional: true }),
  'csistoragecapacities.storage.k8s.io': of('none', { conditional: true }),
  'volumeattachments.storage.k8s.io': of('none', { conditional: true }),
  'certificatesigningrequests.certificates.k8s.io': none('csr'),
  'flowschemas.flowcontrol.apiserver.k8s.io': of('counts'),
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': of('counts'),
  'apiservices.apiregistration.k8s.io': of('none', { category: 'api-extensions', conditional: true }),
  'customresourcedefinitions.apiextensions.k8s.io': { ...extension, short: ['crd', 'crds'] },
  'validatingwebhookconfigurations.admissionregistration.k8s.io': extension,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': extension,
  'validatingadmissionpolicies.admissionregistration.k8s.io': extension,
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': extension,
  'mutatingadmissionpolicies.admissionregistration.k8s.io': extension,
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': extension,
  'deviceclasses.resource.k8s.io': of('counts'),
  'resourceclaims.resource.k8s.io': none(),
  'resourceclaimtemplates.resource.k8s.io': none(),
  'resourceslices.resource.k8s.io': of('counts'),
}

const FIXED_NAMES: Readonly<Record<string, string>> = {
  ipaddresses: '10.9.0.1',
  customresourcedefinitions: 'things.example.com',
  apiservices: 'v1.example.com',
}

const titleOf = ({ group, resource }: Resource) => (group === '' ? resource : `${resource}.${group}`)
const resources = allResources().filter(({ resource }) => resource !== 'componentstatuses')

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

function kindOf(resource: Resource) {
  const { resource: plural, group, namespaced, storage } = resource
  const ref: ResourceRef<Plain> = resourceRef<Plain>({ ...storage, resource: plural, namespaced })
  const name = FIXED_NAMES[plural] ?? 'strategy'
  const key = namespaced ? { namespace: 'default', name } : { name }
  const object = { ...minimalObject({ group, resource: plural }), metadata: { ...key } }
  return { ref, key, object: object as unknown as Plain }
}

describe('strategies', () => {
  it('are pinned for every kind', () => {
    expect(resources.map(titleOf).sort()).toEqual(Object.keys(STRATEGIES).sort())
  })

  for (const resource of resources) {
    const title = titleOf(resource)
    const strategy = STRATEGIES[title] ?? none()

    it(`${title}: short names and categories (storage.go)`, () => {
      expect(resource.definition.shortNames ?? []).toEqual(strategy.short ?? [])
      expect(resource.definition.categories ?? []).toEqual(strategy.category ? [strategy.category] : [])
    })

    it(`${title}: create, PUT, generation (strategy.go)`, async () => {
      const { client } = api
      const { ref, key, object } = kindOf(resource)
      const put = client.update(ref, structuredClone(object))
      if (strategy.createOnUpdate) {
        expect((await put).metadata.uid).not.toBe('')
        await remove(ref, key)
      } else await expect(put).rejects.toMatchObject({ code: 404, reason: 'NotFound' })

      const claimed = { generation: 7, uid: 'mine', creationTimestamp: '2000-01-01T00:00:00Z', deletionTimestamp: null }
      const asked = { ...structuredClone(object), metadata: { ...object.metadata, ...claimed } }
      const made = await client.create(ref, asked as unknown as New<Plain>)
      expect(made.metadata.generation).toBe(strategy.generation === 'none' || strategy.generation === 'late' ? 7 : 1)
      expect(made.metadata.uid).not.toBe('mine')
      expect(made.metadata.creationTimestamp).not.toBe('2000-01-01T00:00:00Z')

      const unversioned = structuredClone(made) as Plain
      const { resourceVersion: _, ...metadata } = unversioned.metadata
      const update = client.update(ref, { ...unversioned, metadata } as Plain)
      if (strategy.conditional) {
        await expect(update).rejects.toMatchObject({
          code: 422,
          message: expect.stringContaining(
            'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
          ),
        })
      } else expect((await update).metadata.resourceVersion).toBe(made.metadata.resourceVersion)

      const annotated = await client.patch(ref, key, {
        type: 'merge',
        patch: { metadata: { annotations: { a: 'b' } } },
      })
      // Why a deployment's template changed is said in an annotation.
      const step = title === 'deployments.apps' ? 1 : 0
      expect(annotated.metadata.generation).toBe((made.metadata.generation ?? 0) + step)
      const patch = { metadata: { generation: 9, uid: made.metadata.uid, annotations: { a: 'c' } } }
      expect((await client.patch(ref, key, { type: 'merge', patch })).metadata.generation).toBe(
        (made.metadata.generation ?? 0) + 2 * step,
      )
      await remove(ref, key)
    })
  }
})

/** Changes that are seen in metadata.generation, and such that are not. */
const counted: readonly [rule: string, of: string, patch: object, generation: number | undefined][] = [
  ['deploymentStrategy: the spec counts', 'deployments.apps', { spec: { replicas: 3 } }, 2],
  ['deploymentStrategy: labels do not', 'deployments.apps', { metadata: { labels: { a: 'b' } } }, 1],
  ['podStrategy: the spec counts', 'pods', { spec: { activeDeadlineSeconds: 9 } }, 2],
  ['podTemplateStrategy: the template counts', 'podtemplates', { template: { metadata: { labels: { a: 'b' } } } }, 2],
  ['endpointSliceStrategy: everything but metadata counts', 'endpointslices.discovery.k8s.io', { endpoints: [] }, 2],
  ['endpointSliceStrategy: labels count', 'endpointslices.discovery.k8s.io', { metadata: { labels: { a: 'b' } } }, 2],
  [
    'validatingWebhookConfigurationStrategy',
    'validatingwebhookconfigurations.admissionregistration.k8s.io',
    { webhooks: [] },
    2,
  ],
  ['priorityClassStrategy: never counts', 'priorityclasses.scheduling.k8s.io', { description: 'other' }, 1],
  [
    'csiDriverStrategy: counts what changes, from nothing',
    'csidrivers.storage.k8s.io',
    { spec: { requiresRepublish: true } },
    1,
  ],
  ['svcStrategy: no generation', 'services', { spec: { sessionAffinity: 'ClientIP' } }, undefined],
  ['strategy of config maps: no generation', 'configmaps', { data: { a: 'b' } }, undefined],
  ['deploymentStrategy: status is not taken from an update', 'deployments.apps', { status: { replicas: 3 } }, 1],
]

describe('generations', () => {
  for (const [rule, title, patch, generation] of counted) {
    it(`${title} ${JSON.stringify(patch)}: ${generation} (${rule})`, async () => {
      const resource = resources.find((r) => titleOf(r) === title)
      if (!resource) throw new Error(`nothing is called ${title}`)
      const { ref, key, object } = kindOf(resource)
      await api.client.create(ref, object as unknown as New<Plain>)
      const changed = await api.client.patch(ref, key, { type: 'merge', patch })
      expect(changed.metadata.generation).toBe(generation)
      if (resource.namespaced) await remove(ref, key, { gracePeriodSeconds: 0 })
      else await remove(ref, key)
    })
  }
})

/** PrepareForCreate of the strategies and of their status strategies. */
const statuses: readonly [of: string, claimed: object, begins: object][] = [
  ['pods', { phase: 'Running', podIP: '1.2.3.4' }, { phase: 'Pending', qosClass: 'BestEffort' }],
  ['deployments.apps', { replicas: 3 }, {}],
  ['replicasets.apps', { replicas: 3 }, { replicas: 0 }],
  ['statefulsets.apps', { replicas: 3 }, { replicas: 0, availableReplicas: 0 }],
  ['jobs.batch', { succeeded: 3 }, {}],
  ['persistentvolumeclaims', { phase: 'Bound' }, { phase: 'Pending' }],
  [
    'services',
    {
      conditions: [{ type: 'A', status: 'True', reason: 'B', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    },
    { loadBalancer: {} },
  ],
  ['ingresses.networking.k8s.io', { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } }, { loadBalancer: {} }],
]

describe('status', () => {
  for (const [title, claimed, begins] of statuses) {
    it(`${title}: begins anew, and is written through its own path alone`, async () => {
      const resource = resources.find((r) => titleOf(r) === title)
      if (!resource) throw new Error(`nothing is called ${title}`)
      const { ref, key, object } = kindOf(resource)
      const made = await api.client.create(ref, { ...object, status: claimed } as unknown as New<Plain>)
      expect(made.status).toEqual(begins)
      const ignored = await api.client.patch(ref, key, { type: 'merge', patch: { status: claimed } })
      expect(ignored.status).toEqual(begins)
      const patch = { metadata: { finalizers: ['x.io/no'] }, spec: { other: 'x' }, status: claimed }
      const written = await api.client.patch(ref, key, { type: 'merge', patch, subresource: 'status' })
      expect(written.status).toMatchObject(claimed)
      expect(written.spec).toEqual(made.spec)
      expect(written.metadata.generation).toBe(made.metadata.generation)
      // Only kinds whose status is written alone keep their finalizers: ResetObjectMetaForStatus.
      expect(written.metadata.finalizers).toEqual(['x.io/no'])
      await remove(ref, key, { gracePeriodSeconds: 0 })
    })
  }

  it('nodes: the first one comes with the node (nodeStrategy)', async () => {
    const resource = resources.find((r) => titleOf(r) === 'nodes')
    if (!resource) throw new Error('no nodes')
    const { ref, key, object } = kindOf(resource)
    const status = { phase: 'Running' }
    const made = await api.client.create(ref, { ...object, status } as unknown as New<Plain>)
    expect(made.status).toMatchObject(status)
    await remove(ref, key)
  })
})
