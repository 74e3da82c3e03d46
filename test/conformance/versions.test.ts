// Which versions are served as --runtime-config and --feature-gates say, and what every version makes of an object.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NamespacedObjectMeta } from '../../src/api/generated/meta-v1.ts'
import { resourceRef } from '../../src/api/resource-ref.ts'
import { currentResources } from '../../src/api/schema.ts'
import type { ApiObject, StoredObject } from '../../src/apiserver/api-object.ts'
import { aggregatedDiscovery, apiGroup, groupVersions } from '../../src/apiserver/discovery.ts'
import { defaultFeatures, parseFeatureGates } from '../../src/apiserver/features/feature-gates.ts'
import { parseRuntimeConfig } from '../../src/apiserver/features/runtime-config.ts'
import { allResources } from '../../src/apiserver/resources/index.ts'
import { startTestApi, type TestApi } from '../../src/apiserver/testing.ts'
import { minimalObject } from '../../src/apiserver/testing-objects.ts'
import type { KubeObject, New } from '../../src/client/client.ts'
import { filledObject } from '../../src/machinery/testing-filler.ts'

const ALL_GATES = [
  ...['ClusterTrustBundle', 'CoordinatedLeaderElection', 'DRADeviceTaintRules', 'DRAResourcePoolStatus'],
  ...['GenericWorkload', 'PodCertificateRequest', 'StorageVersionAPI', 'StorageVersionMigrator'],
]
  .map((name) => `${name}=true`)
  .join(',')

function servesOf(text: string, { gates = '', legacyApis = false } = {}) {
  return parseRuntimeConfig({ text, features: parseFeatureGates(gates), legacyApis })
}

const everything = servesOf('api/all=true', { gates: ALL_GATES })

describe('--feature-gates', () => {
  it('keeps the defaults of v1.36', () => {
    expect(defaultFeatures('WatchList')).toBe(true)
    expect(defaultFeatures('CBORServingAndStorage')).toBe(false)
    expect(defaultFeatures('DynamicResourceAllocation')).toBe(true)
  })

  it.each([
    ['Nonsense=true', 'unrecognized feature gate: Nonsense'],
    ['ClusterTrustBundle', 'missing bool value for ClusterTrustBundle'],
    [
      'ClusterTrustBundle=yes',
      'invalid value of ClusterTrustBundle=yes, err: strconv.ParseBool: parsing "yes": invalid syntax',
    ],
    ['NodeSwap=false', 'cannot set feature gate NodeSwap to false, feature is locked to true'],
    ['WatchList=false', 'cannot be set otherwise: WatchList (stays true)'],
    ['AllBeta=true', 'CRDObservedGenerationTracking (stays false)'],
    ['DRADeviceTaintRules=true,DRADeviceTaints=false', 'DRADeviceTaints (stays true)'],
  ])('refuses %s', (text, message) => {
    expect(() => parseFeatureGates(text)).toThrow(message)
  })

  it.each(['', 'AllAlpha=false', 'WatchList=true,NodeSwap=true', 'ClusterTrustBundle=true,'])('takes %j', (text) => {
    expect(parseFeatureGates(text)('ClusterTrustBundle')).toBe(text.startsWith('ClusterTrustBundle'))
  })
})

describe('--runtime-config', () => {
  it.each([
    ['api/all=false', 'invalid runtime-config with only api/all=false'],
    ['nonsense/v1=true', 'unknown api groups nonsense/v1'],
    ['b/v1=true,a/v2=false', 'unknown api groups a/v2,b/v1'],
    ['v1=true', 'runtime-config invalid key v1'],
    ['api/beta=maybe', 'invalid value api/beta=maybe'],
    ['apps/v7=true', 'group version apps/v7 that has not been registered'],
    ['apps/v1=maybe', 'invalid value of apps/v1: maybe, err: strconv.ParseBool: parsing "maybe": invalid syntax'],
    ['apps/v1/Deployments=true', 'resource is always lowercase plural, not "Deployments"'],
  ])('refuses %s', (text, message) => {
    expect(() => servesOf(text)).toThrow(message)
  })

  it.each([
    ['', 'apps', 'v1', 'deployments', true],
    ['', 'networking.k8s.io', 'v1beta1', 'ipaddresses', false],
    ['api/beta=true', 'networking.k8s.io', 'v1beta1', 'ipaddresses', true],
    ['api/beta', 'x', 'v1', 'y', new Error('invalid value api/beta=')],
    ['api/beta=true,networking.k8s.io/v1beta1=false', 'networking.k8s.io', 'v1beta1', 'ipaddresses', false],
    ['networking.k8s.io/v1beta1/ipaddresses=true', 'networking.k8s.io', 'v1beta1', 'ipaddresses', true],
    ['networking.k8s.io/v1beta1/ipaddresses=true', 'networking.k8s.io', 'v1beta1', 'servicecidrs', false],
    ['apps/v1/daemonsets=false', 'apps', 'v1', 'daemonsets', false],
    ['apps/v1/daemonsets=false', 'apps', 'v1', 'deployments', true],
    ['api/ga=false,apps/v1', 'apps', 'v1', 'deployments', true],
    ['api/ga=false,apps/v1', 'batch', 'v1', 'jobs', false],
    ['api/all=true', 'certificates.k8s.io', 'v1beta1', 'clustertrustbundles', false],
  ])('%s: %s/%s %s', (text, group, version, resource, expected) => {
    if (expected instanceof Error) expect(() => servesOf(text)).toThrow(expected.message)
    else expect(servesOf(text)(group, version, resource)).toBe(expected)
  })

  it('needs a feature besides for some kinds', () => {
    const serves = servesOf('api/beta=true', { gates: 'ClusterTrustBundle=true' })
    expect(serves('certificates.k8s.io', 'v1beta1', 'clustertrustbundles')).toBe(true)
    expect(serves('certificates.k8s.io', 'v1beta1', 'podcertificaterequests')).toBe(false)
  })

  it('leaves retired versions to their own setting unless they are named', () => {
    expect(servesOf('', { legacyApis: true })('extensions', 'v1beta1', 'ingresses')).toBe(true)
    expect(servesOf('extensions/v1beta1=false', { legacyApis: true })('extensions', 'v1beta1', 'ingresses')).toBe(false)
    expect(servesOf('extensions/v1beta1/ingresses=true')('extensions', 'v1beta1', 'ingresses')).toBe(true)
  })
})

describe('what is served', () => {
  it('is by default what is stable', () => {
    const versions = allResources().flatMap((resource) => resource.versions.map(({ version }) => version))
    expect(new Set(versions)).toEqual(new Set(['v1', 'v2']))
  })

  it('is on demand everything that there is', () => {
    const served = new Set(
      allResources({ serves: everything }).flatMap(({ resource, versions }) =>
        versions.map(({ group, version }) => `${group}/${version}/${resource}`),
      ),
    )
    const known = currentResources
      .filter(({ subresource, actions }) => subresource === '' && actions.includes('get') && actions.includes('post'))
      .map(({ group, version, resource }) => `${group}/${version}/${resource}`)
    expect(known.filter((name) => !served.has(name))).toEqual([])
  })
})

const FIXED_NAMES: Readonly<Record<string, string>> = { ipaddresses: '10.9.0.7', storageversions: 'a.things' }

describe('a server of all versions', () => {
  let api: TestApi
  beforeAll(async () => {
    api = await startTestApi({ serves: everything })
  })
  afterAll(() => api.close())

  it('lists the versions of a group with the preferred one first', () => {
    expect(apiGroup(api.api.registry, 'resource.k8s.io')).toMatchObject({
      preferredVersion: { version: 'v1' },
      versions: [{ version: 'v1' }, { version: 'v1beta2' }, { version: 'v1beta1' }, { version: 'v1alpha3' }],
    })
    const { items } = aggregatedDiscovery(api.api.registry, false, 'apidiscovery.k8s.io/v2') as {
      items: { metadata: { name: string }; versions: { version: string }[] }[]
    }
    const coordination = items.find(({ metadata }) => metadata.name === 'coordination.k8s.io')
    expect(coordination?.versions.map(({ version }) => version)).toEqual(['v1', 'v1beta1', 'v1alpha2'])
    expect(groupVersions(api.api.registry).map(({ group, version }) => `${group}/${version}`)).toContain(
      'internal.apiserver.k8s.io/v1alpha1',
    )
  })

  const previews = allResources({ serves: everything }).flatMap((resource) =>
    resource.versions
      .filter(({ version }) => /alpha|beta/.test(version))
      .map((version) => ({ title: `${version.apiVersion} ${resource.resource}`, resource, version })),
  )

  it.each(previews)('keeps an object of $title', async ({ resource, version }) => {
    type Plain = KubeObject & { metadata: NamespacedObjectMeta; [field: string]: unknown }
    const ref = resourceRef<Plain>({ ...version, resource: resource.resource, namespaced: resource.namespaced })
    const name = FIXED_NAMES[resource.resource] ?? `x-${version.version}`
    const key = resource.namespaced ? { namespace: 'default', name } : { name }
    const object = { ...minimalObject({ group: version.group, resource: resource.resource }), metadata: key }
    const made = await api.client.create(ref, object as unknown as New<Plain>)
    expect(made).toMatchObject({ kind: version.kind, apiVersion: version.apiVersion, metadata: key })
    for (const other of resource.versions) {
      const seen = await api.client.get(
        resourceRef<Plain>({ ...other, resource: resource.resource, namespaced: resource.namespaced }),
        key,
      )
      expect(seen).toMatchObject({ kind: other.kind, apiVersion: other.apiVersion, metadata: key })
    }
    const labels = { step: 'patched' }
    const patched = await api.client.patch(ref, key, { type: 'merge', patch: { metadata: { labels } } })
    expect(patched).toMatchObject({ apiVersion: version.apiVersion, metadata: { labels } })
    const finalizers = { type: 'merge', patch: { metadata: { finalizers: null } } } as const
    await api.client.patch(ref, key, finalizers)
    await api.client.delete(ref, key)
    await expect(api.client.get(ref, key)).rejects.toMatchObject({ code: 404 })
  })

  it.each(previews)('converts $title and back with every field', ({ version }) => {
    const { convert } = version
    if (!convert) return
    const object = { ...filledObject(version.typeRef), kind: version.kind, apiVersion: version.apiVersion }
    if (version.typeRef === 'io.k8s.api.resource.v1beta1.ResourceSlice') {
      // Every device has details.
      expect(JSON.stringify(object)).toContain('"basic":{')
    }
    const stored = convert.toStorage(structuredClone(object) as unknown as ApiObject)
    const back = convert.fromStorage(stored as unknown as StoredObject)
    expect({ ...back, apiVersion: version.apiVersion }).toEqual(object)
  })

  it.each(previews)('keeps a stored object that is shown as $title', ({ resource, version }) => {
    const { convert } = version
    if (!convert) return
    const { typeRef, kind, apiVersion } = resource.storage
    const object = { ...filledObject(typeRef), kind, apiVersion }
    const shown = convert.fromStorage(structuredClone(object) as unknown as StoredObject)
    expect(convert.toStorage(shown)).toEqual(object)
  })

  it('shows a request for devices as each version has it', async () => {
    const claims = (version: string) =>
      resourceRef<KubeObject & { metadata: NamespacedObjectMeta; spec: unknown }>({
        ...{ group: 'resource.k8s.io', version, resource: 'resourceclaims', kind: 'ResourceClaim', namespaced: true },
      })
    const metadata = { name: 'gpu', namespace: 'default' }
    const requests = [{ name: 'one', deviceClassName: 'gpu.example.com' }]
    const object = { metadata, spec: { devices: { requests } } } as unknown as New<
      KubeObject & { metadata: NamespacedObjectMeta; spec: unknown }
    >
    expect((await api.client.create(claims('v1beta1'), object)).spec).toEqual({
      devices: {
        requests: [{ name: 'one', deviceClassName: 'gpu.example.com', allocationMode: 'ExactCount', count: 1 }],
      },
    })
    expect((await api.client.get(claims('v1'), metadata)).spec).toEqual({
      devices: {
        requests: [
          { name: 'one', exactly: { deviceClassName: 'gpu.example.com', allocationMode: 'ExactCount', count: 1 } },
        ],
      },
    })
  })
})

describe('events.k8s.io/v1', () => {
  const events = allResources().find(({ resource, group }) => resource === 'events' && group === '')
  const version = events?.versions.find(({ group }) => group === 'events.k8s.io')

  it('converts with every field, both ways', () => {
    const { typeRef = '', kind, apiVersion, convert } = version ?? {}
    const object = { ...filledObject(typeRef), kind, apiVersion }
    const stored = convert?.toStorage(structuredClone(object) as unknown as ApiObject)
    expect(convert?.fromStorage(stored as unknown as StoredObject)).toEqual(object)
    const core = { ...filledObject(events?.storage.typeRef ?? ''), kind: 'Event', apiVersion: 'v1' }
    const shown = convert?.fromStorage(structuredClone(core) as unknown as StoredObject)
    expect(convert?.toStorage(shown as ApiObject)).toEqual(core)
  })

  it('makes no reporter of the source of an old event', () => {
    const old = { kind: 'Event', apiVersion: 'v1', metadata: {}, involvedObject: {}, source: { component: 'kubelet' } }
    const shown = version?.convert?.fromStorage({ ...old, reportingComponent: '' } as unknown as StoredObject)
    expect(shown).not.toHaveProperty('reportingController')
    expect(shown).toMatchObject({ deprecatedSource: { component: 'kubelet' } })
  })
})

describe('autoscaling/v1', () => {
  const autoscalers = allResources().find(({ resource }) => resource === 'horizontalpodautoscalers')
  const convert = autoscalers?.versions.find(({ version }) => version === 'v1')?.convert
  const stored = {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    metadata: { name: 'web', annotations: { mine: 'kept' } },
    spec: {
      maxReplicas: 3,
      scaleTargetRef: { kind: 'Deployment', name: 'web' },
      metrics: [
        { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 60 } } },
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
      ],
      behavior: {
        scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }] },
      },
    },
    status: {
      desiredReplicas: 2,
      currentReplicas: 1,
      currentMetrics: [
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 10, averageValue: '5m' } } },
      ],
      conditions: [{ type: 'AbleToScale', status: 'True' }],
    },
  }

  it('carries what it has no field for in annotations, in the form that they always had', () => {
    expect(convert?.fromStorage(stored as unknown as StoredObject)).toMatchObject({
      metadata: {
        annotations: {
          mine: 'kept',
          'autoscaling.alpha.kubernetes.io/metrics': JSON.stringify([
            { type: 'Resource', resource: { name: 'memory', targetAverageUtilization: 60 } },
          ]),
          'autoscaling.alpha.kubernetes.io/current-metrics': JSON.stringify([
            { type: 'Resource', resource: { name: 'cpu', currentAverageUtilization: 10, currentAverageValue: '5m' } },
          ]),
          'autoscaling.alpha.kubernetes.io/conditions': JSON.stringify([{ type: 'AbleToScale', status: 'True' }]),
          'autoscaling.alpha.kubernetes.io/behavior': JSON.stringify({
            ScaleUp: { StabilizationWindowSeconds: 0, Policies: [{ Type: 'Pods', Value: 4, PeriodSeconds: 15 }] },
          }),
        },
      },
      spec: { targetCPUUtilizationPercentage: 50 },
      status: { currentCPUUtilizationPercentage: 10 },
    })
  })

  it('comes back unchanged', () => {
    const shown = convert?.fromStorage(stored as unknown as StoredObject) as unknown as ApiObject
    expect(convert?.toStorage(shown)).toEqual(stored)
  })
})
