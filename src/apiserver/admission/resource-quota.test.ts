import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Container, PodSpec, ResourceQuotaSpec, ServiceSpec } from '../../api/generated/core-v1.ts'
import {
  configmaps,
  deployments,
  events,
  persistentvolumeclaims,
  pods,
  resourcequotas,
  services,
} from '../../api/generated/resources.ts'
import type { WriteOptions } from '../../client/client.ts'
import { startTestApi, type TestApi } from '../testing.ts'

let api: TestApi
beforeEach(async () => {
  api = await startTestApi()
})
afterEach(() => api.close())

const namespace = 'default'

/** A quota whose usage has been counted, as the controller would. */
async function quota(spec: ResourceQuotaSpec, used: Record<string, string> = {}, name = 'q'): Promise<void> {
  const made = await api.client.create(resourcequotas, { metadata: { namespace, name }, spec })
  const hard = spec.hard ?? {}
  const zero = Object.fromEntries(Object.keys(hard).map((resource) => [resource, '0']))
  await api.client.update(
    resourcequotas,
    { ...made, status: { hard, used: { ...zero, ...used } } },
    { subresource: 'status' },
  )
}

const usedOf = async (name = 'q') => (await api.client.get(resourcequotas, { namespace, name })).status.used

const pod = (
  name: string,
  resources: Container['resources'] = {},
  spec: Partial<PodSpec> = {},
  options: WriteOptions = {},
) =>
  api.client.create(
    pods,
    { metadata: { namespace, name }, spec: { containers: [{ name: 'c', image: 'nginx', resources }], ...spec } },
    options,
  )

const service = (name: string, spec: Partial<ServiceSpec>) =>
  api.client.create(services, { metadata: { namespace, name }, spec: { ports: [{ port: 80 }], ...spec } })

describe('pods', () => {
  it('are counted, and refused beyond the limit', async () => {
    await quota({ hard: { pods: '2' } })
    await pod('a')
    await pod('b')
    await expect(pod('c')).rejects.toMatchObject({
      code: 403,
      message: 'pods "c" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
    })
    expect(await usedOf()).toEqual({ pods: '2' })
  })

  it('are never let past the limit, however many come at once', async () => {
    await quota({ hard: { pods: '7', 'requests.cpu': '700m' } })
    await quota({ hard: { 'count/pods': '20' } }, {}, 'other')
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => pod(`p${i}`, { requests: { cpu: '100m' } })),
    )
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(7)
    expect((await api.client.list(pods, { namespace })).items).toHaveLength(7)
    expect(await usedOf()).toEqual({ pods: '7', 'requests.cpu': '700m' })
    expect(await usedOf('other')).toEqual({ 'count/pods': '7' })
  })

  it('are let past no limit while others write the quota, too', async () => {
    await quota({ hard: { pods: '10' } })
    let writing = true
    const interfere = async () => {
      for (let i = 0; writing; i++) {
        await new Promise((resolve) => setImmediate(resolve))
        await api.client.patch(
          resourcequotas,
          { namespace, name: 'q' },
          {
            type: 'merge',
            patch: { metadata: { labels: { round: String(i) } } },
          },
        )
      }
    }
    const interfering = interfere()
    const results = await Promise.allSettled(Array.from({ length: 30 }, (_, i) => pod(`p${i}`)))
    writing = false
    await interfering
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(10)
    expect(await usedOf()).toEqual({ pods: '10' })
  })

  it('must say what is limited', async () => {
    await quota({ hard: { 'limits.cpu': '2', 'requests.memory': '1Gi' } })
    await expect(pod('a')).rejects.toThrow(
      'pods "a" is forbidden: failed quota: q: must specify limits.cpu for: c; requests.memory for: c',
    )
    await pod('b', { limits: { cpu: '500m', memory: '1Gi' } })
    expect(await usedOf()).toEqual({ 'limits.cpu': '500m', 'requests.memory': '1Gi' })
    await expect(pod('c', { limits: { cpu: '2', memory: '1Mi' } })).rejects.toThrow(
      'exceeded quota: q, requested: limits.cpu=2,requests.memory=1Mi, used: limits.cpu=500m,requests.memory=1Gi, limited: limits.cpu=2,requests.memory=1Gi',
    )
  })

  it('count by the scopes of the quota', async () => {
    await quota({ hard: { pods: '1' }, scopes: ['BestEffort'] }, {}, 'best-effort')
    await quota({ hard: { pods: '1' }, scopes: ['Terminating'] }, {}, 'terminating')
    await pod('plain', { requests: { cpu: '1m' } })
    await pod('effort')
    await expect(pod('effort2')).rejects.toThrow('exceeded quota: best-effort,')
    await pod('dated', { requests: { cpu: '1m' } }, { activeDeadlineSeconds: 60 })
    await expect(pod('dated2', { requests: { cpu: '1m' } }, { activeDeadlineSeconds: 60 })).rejects.toThrow(
      'exceeded quota: terminating,',
    )
    expect([await usedOf('best-effort'), await usedOf('terminating')]).toEqual([{ pods: '1' }, { pods: '1' }])
  })

  it('count by priority class', async () => {
    await quota({
      hard: { pods: '0' },
      scopeSelector: {
        matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical'] }],
      },
    })
    await pod('a')
    expect(await usedOf()).toEqual({ pods: '0' })
  })

  it('cost nothing in a dry run, or when they are refused or there already', async () => {
    await quota({ hard: { pods: '2' } })
    await pod('a', {}, {}, { dryRun: true })
    await expect(pod('a', {}, { restartPolicy: 'Sometimes' })).rejects.toThrow('Unsupported value')
    expect(await usedOf()).toEqual({ pods: '0' })
    await pod('a')
    await expect(pod('a')).rejects.toThrow('already exists')
    expect(await usedOf()).toEqual({ pods: '1' })
  })

  it('wait for the quota to be counted', async () => {
    const made = await api.client.create(resourcequotas, {
      metadata: { namespace, name: 'q' },
      spec: { hard: { pods: '2' } },
    })
    await api.client.update(resourcequotas, { ...made, status: { hard: { pods: '2' } } }, { subresource: 'status' })
    await expect(pod('a')).rejects.toThrow('status unknown for quota: q, resources: pods')
  })
})

it('counts services by their type, and again when it changes', async () => {
  await quota({ hard: { services: '3', 'services.nodeports': '2', 'services.loadbalancers': '1' } })
  await service('a', {})
  const made = await service('b', { type: 'NodePort' })
  expect(await usedOf()).toEqual({ services: '2', 'services.nodeports': '1', 'services.loadbalancers': '0' })
  await api.client.update(services, { ...made, spec: { ...made.spec, type: 'LoadBalancer' } })
  expect(await usedOf()).toEqual({ services: '2', 'services.nodeports': '1', 'services.loadbalancers': '1' })
  await expect(service('c', { type: 'LoadBalancer' })).rejects.toThrow(
    'services "c" is forbidden: exceeded quota: q, requested: services.loadbalancers=1, used: services.loadbalancers=1, limited: services.loadbalancers=1',
  )
})

it('counts claims and their storage, by class', async () => {
  const gold = 'gold.storageclass.storage.k8s.io/requests.storage'
  await quota({ hard: { persistentvolumeclaims: '5', 'requests.storage': '10Gi', [gold]: '3Gi' } })
  const claim = (name: string, storage: string, storageClassName: string) =>
    api.client.create(persistentvolumeclaims, {
      metadata: { namespace, name },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage } } },
    })
  await claim('a', '2Gi', 'gold')
  await claim('b', '4Gi', 'silver')
  await expect(claim('c', '2Gi', 'gold')).rejects.toThrow(
    `exceeded quota: q, requested: ${gold}=2Gi, used: ${gold}=2Gi, limited: ${gold}=3Gi`,
  )
  expect(await usedOf()).toEqual({ persistentvolumeclaims: '2', 'requests.storage': '6Gi', [gold]: '2Gi' })
})

it('counts objects of any kind but events', async () => {
  await quota({ hard: { configmaps: '1', 'count/deployments.apps': '0', 'count/events': '0', resourcequotas: '1' } })
  await api.client.create(configmaps, { metadata: { namespace, name: 'a' } })
  await expect(api.client.create(configmaps, { metadata: { namespace, name: 'b' } })).rejects.toThrow(
    'configmaps "b" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: configmaps=1',
  )
  const labels = { app: 'web' }
  const deployment = api.client.create(deployments, {
    metadata: { namespace, name: 'web' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
    },
  })
  await expect(deployment).rejects.toThrow(
    'deployments.apps "web" is forbidden: exceeded quota: q, requested: count/deployments.apps=1',
  )
  await api.client.create(events, {
    metadata: { namespace, name: 'e' },
    involvedObject: { namespace },
    reason: 'Because',
    message: 'so',
    type: 'Normal',
  })
  await api.client.create(resourcequotas, { metadata: { namespace, name: 'more' }, spec: {} })
  await expect(api.client.create(resourcequotas, { metadata: { namespace, name: 'most' }, spec: {} })).rejects.toThrow(
    'exceeded quota: q, requested: resourcequotas=1',
  )
})

it.each<[ResourceQuotaSpec, string]>([
  [{ hard: { pods: '-1' } }, 'must be greater than or equal to 0'],
  [{ hard: { pods: '500m' } }, 'must be an integer'],
  [{ hard: { cats: '1' } }, 'must be a standard resource for quota'],
  [{ hard: { pods: '1' }, scopes: ['BestEffort', 'NotBestEffort'] }, 'conflicting scopes'],
  [{ hard: { pods: '1' }, scopes: ['Sometimes'] }, 'unsupported scope'],
  [{ hard: { 'limits.cpu': '1' }, scopes: ['BestEffort'] }, 'unsupported scope applied to resource'],
  [
    { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In' }] } },
    "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
  ],
])('refuses a quota such as %j', async (spec, message) => {
  await expect(quota(spec)).rejects.toThrow(message)
})
