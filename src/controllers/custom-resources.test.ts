// Controllers that treat all objects alike, with kinds that come and go.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { CustomResourceDefinition } from '../api/generated/apiextensions-v1.ts'
import { configmaps, customresourcedefinitions, namespaces, resourcequotas } from '../api/generated/resources.ts'
import type { ResourceRef } from '../api/resource-ref.ts'
import { startTestApi, type TestApi } from '../apiserver/testing.ts'
import type { KubeObject, New } from '../client/client.ts'
import { runControllers } from '../client/controller.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import { InformerFactory } from '../client/informer.ts'
import { isReason } from '../machinery/errors.ts'
import { jsonLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { garbageCollector } from './garbage-collector.ts'
import { namespaceController } from './namespace.ts'
import { resourceQuotaController } from './resource-quota.ts'

const widgets: ResourceRef<KubeObject> = {
  group: 'shop.example.com',
  version: 'v1',
  resource: 'widgets',
  kind: 'Widget',
  namespaced: true,
}

const definition: New<CustomResourceDefinition> = {
  metadata: { name: 'widgets.shop.example.com' },
  spec: {
    group: 'shop.example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

const widget = (namespace: string, name: string, more: object = {}) =>
  ({ apiVersion: 'shop.example.com/v1', kind: 'Widget', metadata: { namespace, name, ...more } }) as New<KubeObject>

describe('controllers with custom resources', () => {
  let api: TestApi
  let stop: () => Promise<void>

  beforeAll(async () => {
    api = await startTestApi({ customResources: true })
    const { client, clock } = api
    const abort = new AbortController()
    const log = jsonLogger({ level: 'error', now: () => clock.now(), write: (line) => process.stderr.write(line) })
    const env = { client, clock, log }
    const running = runControllers(
      [garbageCollector, namespaceController, resourceQuotaController],
      {
        ...env,
        informers: new InformerFactory(env),
        random: systemRandom,
        eventsFor: (component) => createEventRecorder({ ...env, component }),
      },
      abort.signal,
    )
    stop = async () => {
      abort.abort()
      await running
      await api.close()
    }
    await client.create(customresourcedefinitions, definition)
    await eventually(async () => (await client.list(widgets)).items.length === 0)
  })
  afterAll(() => stop())

  async function eventually(read: () => Promise<boolean>): Promise<void> {
    const look = () =>
      read().catch((error: unknown) => {
        if (isReason(error, 'NotFound') || isReason(error, 'Forbidden')) return false
        throw error
      })
    await vi.waitFor(async () => expect(await look()).toBe(true), { timeout: 10_000 })
  }

  const isGone = (read: () => Promise<unknown>) =>
    eventually(() =>
      read().then(
        () => false,
        (error: unknown) => isReason(error, 'NotFound'),
      ),
    )

  it('collects what belongs to custom objects, and custom objects that belong to others', async () => {
    const { client } = api
    const owner = await client.create(widgets, widget('default', 'owner'))
    const ownerReferences = [
      { apiVersion: 'shop.example.com/v1', kind: 'Widget', name: 'owner', uid: owner.metadata.uid },
    ]
    await client.create(configmaps, { metadata: { namespace: 'default', name: 'owned', ownerReferences } })
    await client.create(widgets, widget('default', 'owned', { ownerReferences }))
    await client.delete(widgets, { namespace: 'default', name: 'owner' })
    await isGone(() => client.get(configmaps, { namespace: 'default', name: 'owned' }))
    await isGone(() => client.get(widgets, { namespace: 'default', name: 'owned' }))
  })

  it('empties namespaces of them', async () => {
    const { client } = api
    await client.create(namespaces, { metadata: { name: 'gone' }, spec: { finalizers: ['kubernetes'] } })
    await client.create(widgets, widget('gone', 'a'))
    await client.delete(namespaces, { name: 'gone' })
    await isGone(() => client.get(namespaces, { name: 'gone' }))
    expect((await client.list(widgets, { namespace: 'gone' })).items).toEqual([])
  })

  it('counts them', async () => {
    const { client } = api
    await client.create(namespaces, { metadata: { name: 'counted' }, spec: {} })
    const name = 'count/widgets.shop.example.com'
    await client.create(resourcequotas, {
      metadata: { namespace: 'counted', name: 'q' },
      spec: { hard: { [name]: '1' } },
    })
    await eventually(async () => {
      const { status } = await client.get(resourcequotas, { namespace: 'counted', name: 'q' })
      return status.used?.[name] === '0'
    })
    await client.create(widgets, widget('counted', 'a'))
    await expect(client.create(widgets, widget('counted', 'b'))).rejects.toMatchObject({
      message: expect.stringContaining('exceeded quota: q, requested: count/widgets.shop.example.com=1'),
    })
    await client.delete(widgets, { namespace: 'counted', name: 'a' })
    await eventually(async () => {
      await client.create(widgets, widget('counted', 'c'))
      return true
    })
  })

  it('goes on when the kind goes, and when it comes back', async () => {
    const { client } = api
    await client.delete(customresourcedefinitions, { name: 'widgets.shop.example.com' })
    await isGone(() => client.get(customresourcedefinitions, { name: 'widgets.shop.example.com' }))
    await expect(client.list(widgets)).rejects.toMatchObject({ code: 404 })
    await client.create(customresourcedefinitions, definition)
    await eventually(async () => (await client.list(widgets)).items.length === 0)
    const owner = await client.create(widgets, widget('default', 'again'))
    const ownerReferences = [
      { apiVersion: 'shop.example.com/v1', kind: 'Widget', name: 'again', uid: owner.metadata.uid },
    ]
    await client.create(configmaps, { metadata: { namespace: 'default', name: 'again', ownerReferences } })
    await client.delete(widgets, { namespace: 'default', name: 'again' })
    await isGone(() => client.get(configmaps, { namespace: 'default', name: 'again' }))
  })
})
