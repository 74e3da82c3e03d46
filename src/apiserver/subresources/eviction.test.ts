import { afterAll, beforeAll, expect, it } from 'vitest'
import type { PodDisruptionBudget } from '../../api/generated/policy-v1.ts'
import { poddisruptionbudgets, pods } from '../../api/generated/resources.ts'
import { startTestApi, type TestApi } from '../testing.ts'

let api: TestApi
const namespace = 'default'
const budget = { namespace, name: 'b' }

beforeAll(async () => {
  api = await startTestApi()
  const { client } = api
  await client.create(poddisruptionbudgets, {
    metadata: budget,
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
  })
  const status = { observedGeneration: 1, disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 }
  await client.patch(poddisruptionbudgets, budget, { type: 'merge', subresource: 'status', patch: { status } })
  for (const name of ['p1', 'p2']) {
    await client.create(pods, {
      metadata: { name, namespace, labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    })
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
    const running = { type: 'merge', subresource: 'status', patch: { status } } as const
    await client.patch(pods, { namespace, name }, running)
  }
})
afterAll(() => api.close())

const evict = (name: string, options: object = {}) =>
  api.client.createSubresource(pods, { namespace, name }, 'eviction', { metadata: { name, namespace }, ...options })
const allowed = async () =>
  (await api.client.get<PodDisruptionBudget>(poddisruptionbudgets, budget)).status.disruptionsAllowed

it('changes nothing in a dry run that the options of the deletion ask for', async () => {
  const before = await api.client.get(pods, { namespace, name: 'p1' })
  await evict('p1', { deleteOptions: { dryRun: ['All'] } })
  expect(await api.client.get(pods, { namespace, name: 'p1' })).toEqual(before)
  expect(await allowed()).toBe(1)
})

it('deletes a pod and spends the budget, and refuses the next one', async () => {
  await evict('p1')
  const { items } = await api.client.list(pods, { namespace })
  expect(items.filter((p) => p.metadata.deletionTimestamp === undefined).map((p) => p.metadata.name)).toEqual(['p2'])
  expect(await allowed()).toBe(0)
  await expect(evict('p2')).rejects.toMatchObject({
    code: 429,
    reason: 'TooManyRequests',
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
  })
})
