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
import { minimalObject } from './testing-objects.ts'

type Plain = KubeObject & { metadata: NamespacedObjectMeta; [field: string]: unknown }

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
      const more = minimalObject({ group: version.group, resource: plural })
      const object = { ...more, metadata: { ...key } } as unknown as New<Plain>
      const made = await client.create(ref, object)
      expect(made).toMatchObject({ kind: version.kind, apiVersion: version.apiVersion, metadata: key })
      expect(made.metadata.uid).not.toBe('')
      expect(await client.get(ref, key)).toEqual(made)
      await expect(client.create(ref, object)).rejects.toMatchObject({ code: 409, reason: 'AlreadyExists' })

      const listed = await client.list(ref, namespaced ? { namespace: 'default' } : {})
      expect(listed.items).toContainEqual(made)
      // A pod is told to be on its way before it is gone.
      const ending = resource.definition.gracePeriod ? ['MODIFIED', 'DELETED'] : ['DELETED']
      const events = watchEvents(client, ref, listed.resourceVersion, name, 4 + ending.length)

      // Nothing changed: nothing is written.
      const unchanged = await client.update(ref, structuredClone(made) as Plain)
      expect(unchanged).toEqual(made)
      const labelled = structuredClone(made) as Plain
      labelled.metadata.labels = { ...labelled.metadata.labels, step: 'update' }
      const updated = await client.update(ref, labelled)
      expect(updated.metadata.labels).toMatchObject({ step: 'update' })
      // The labels of an endpoint slice are part of what it says.
      const generation = plural === 'endpointslices' ? 2 : made.metadata.generation
      expect(updated.metadata.generation).toBe(generation)

      const labels = { step: 'merge' }
      const merged = await client.patch(ref, key, { type: 'merge', patch: { metadata: { labels } } })
      expect(merged.metadata.labels).toMatchObject(labels)
      const strategic = { metadata: { labels: { step: 'strategic' } } }
      expect((await client.patch(ref, key, { type: 'strategic', patch: strategic })).metadata.labels?.step).toBe(
        'strategic',
      )
      // Claims and volumes are protected: with no controllers here, they go when their finalizers are taken away.
      const isProtected = (await client.get(ref, key)).metadata.finalizers !== undefined
      const patch = [
        { op: 'replace', path: '/metadata/labels/step', value: 'json' },
        ...(isProtected ? [{ op: 'remove', path: '/metadata/finalizers' }] : []),
      ]
      expect((await client.patch(ref, key, { type: 'json', patch })).metadata.labels?.step).toBe('json')

      const wrong = incomplete(object)
      for (const body of wrong) await expectStatus(client.create(ref, body as New<Plain>, { dryRun: true }))

      expect(await rowOf(api, resource, key)).not.toContain(undefined)
      await client.delete(ref, key, { propagationPolicy: 'Background' })
      if (plural === 'namespaces') return
      await expect(client.get(ref, key)).rejects.toMatchObject({ code: 404, reason: 'NotFound' })
      expect(await events).toEqual([...Array(4).fill('MODIFIED'), ...ending])
      if (!version.verbs.includes('deletecollection')) return
      await client.create(ref, { ...object, metadata: { ...key, labels: { sweep: 'yes' } } } as New<Plain>)
      const where = namespaced ? { namespace: 'default' } : {}
      await client.deleteCollection(ref, { ...where, labelSelector: 'sweep=yes', propagationPolicy: 'Background' })
      if (isProtected) await client.patch(ref, key, { type: 'merge', patch: { metadata: { finalizers: null } } })
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
