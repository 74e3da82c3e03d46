import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { persistentvolumeclaims, persistentvolumes, pods } from '../api/generated/resources.ts'
import { startTestApi, type TestApi } from '../apiserver/testing.ts'
import { runControllers } from '../client/controller.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import { InformerFactory } from '../client/informer.ts'
import { jsonLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { claimProtectionController, volumeProtectionController } from './storage-protection.ts'

let api: TestApi
let stop: () => Promise<void>

beforeAll(async () => {
  api = await startTestApi()
  const { client, clock } = api
  const abort = new AbortController()
  const log = jsonLogger({ level: 'error', now: () => clock.now(), write: (line) => process.stderr.write(line) })
  const env = { client, clock, log }
  const eventsFor = (component: string) => createEventRecorder({ ...env, component })
  const running = runControllers(
    [claimProtectionController, volumeProtectionController],
    { ...env, informers: new InformerFactory(env), random: systemRandom, eventsFor },
    abort.signal,
  )
  stop = async () => {
    abort.abort()
    await running
    await api.close()
  }
})
afterAll(() => stop())

const namespace = 'default'
const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
const goes = (read: () => Promise<unknown>) =>
  vi.waitFor(() => expect(read()).rejects.toMatchObject({ reason: 'NotFound' }))

it('keeps a claim as long as a pod on a node uses it', async () => {
  const { client } = api
  await client.create(persistentvolumeclaims, { metadata: { namespace, name: 'data' }, spec })
  await client.create(pods, {
    metadata: { namespace, name: 'user' },
    spec: {
      nodeName: 'here',
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
    },
  })
  await client.delete(persistentvolumeclaims, { namespace, name: 'data' })
  const claim = await client.get(persistentvolumeclaims, { namespace, name: 'data' })
  expect(claim.metadata).toMatchObject({ finalizers: ['kubernetes.io/pvc-protection'] })
  expect(claim.metadata.deletionTimestamp).toBeDefined()
  await client.delete(pods, { namespace, name: 'user' }, { gracePeriodSeconds: 0 })
  await goes(() => client.get(persistentvolumeclaims, { namespace, name: 'data' }))
})

it('lets a claim go at once that nothing uses, and one that waits only for a pod without a node', async () => {
  const { client } = api
  await client.create(persistentvolumeclaims, { metadata: { namespace, name: 'free' }, spec })
  await client.create(pods, {
    metadata: { namespace, name: 'waiting' },
    spec: {
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'free' } }],
    },
  })
  await client.delete(persistentvolumeclaims, { namespace, name: 'free' })
  await goes(() => client.get(persistentvolumeclaims, { namespace, name: 'free' }))
})

it('keeps a volume as long as it is bound', async () => {
  const { client } = api
  const key = { name: 'disk' }
  await client.create(persistentvolumes, {
    metadata: key,
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } },
  })
  const phase = (value: string) =>
    client.patch(persistentvolumes, key, { type: 'merge', subresource: 'status', patch: { status: { phase: value } } })
  await phase('Bound')
  await client.delete(persistentvolumes, key)
  expect((await client.get(persistentvolumes, key)).metadata.finalizers).toEqual(['kubernetes.io/pv-protection'])
  await phase('Released')
  await goes(() => client.get(persistentvolumes, key))
})

it('protects again what has lost its finalizer', async () => {
  const { client } = api
  const key = { namespace, name: 'bare' }
  await client.create(persistentvolumeclaims, { metadata: key, spec })
  await client.patch(persistentvolumeclaims, key, { type: 'merge', patch: { metadata: { finalizers: null } } })
  await vi.waitFor(async () =>
    expect((await client.get(persistentvolumeclaims, key)).metadata.finalizers).toEqual([
      'kubernetes.io/pvc-protection',
    ]),
  )
})
