// Objects of every kind with anything left out or emptied: told in a Status, never by a crash, and nothing is stored.
// Upstream's structs always have their zero values; here what is absent is absent.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NamespacedObjectMeta } from '../../src/api/generated/meta-v1.ts'
import { type ResourceRef, resourceRef } from '../../src/api/resource-ref.ts'
import { allResources } from '../../src/apiserver/resources/index.ts'
import { startTestApi, type TestApi } from '../../src/apiserver/testing.ts'
import { minimalObject } from '../../src/apiserver/testing-objects.ts'
import type { KubeObject, New } from '../../src/client/client.ts'
import { StatusError } from '../../src/machinery/errors.ts'
import { filledObject } from '../../src/machinery/testing-filler.ts'

type Plain = KubeObject & { metadata: NamespacedObjectMeta; [field: string]: unknown }

const FIXED_NAMES: Readonly<Record<string, string>> = {
  ipaddresses: '10.96.0.77',
  customresourcedefinitions: 'things.example.com',
  apiservices: 'v1.example.com',
}
/** How many variants of one object are tried: pods have thousands of fields. */
const MOST = 400

/** The object with a field left out, or with an empty object in its place, for every field, evenly chosen. */
function variants(object: Record<string, unknown>): Record<string, unknown>[] {
  const paths: string[][] = []
  const walk = (node: unknown, path: string[]): void => {
    if (typeof node !== 'object' || node === null) return
    for (const name of Object.keys(node)) {
      paths.push([...path, name])
      walk((node as Record<string, unknown>)[name], [...path, name])
    }
  }
  for (const [name, value] of Object.entries(object)) {
    if (name === 'metadata') continue
    paths.push([name])
    walk(value, [name])
  }
  const step = Math.max(1, Math.floor(paths.length / MOST))
  return paths
    .filter((_, i) => i % step === 0)
    .flatMap((path) => [changed(object, path, undefined), changed(object, path, {}), changed(object, path, [])])
}

function changed(object: Record<string, unknown>, path: readonly string[], value: unknown): Record<string, unknown> {
  const copy = structuredClone(object)
  let at = copy
  for (const step of path.slice(0, -1)) at = at[step] as Record<string, unknown>
  const last = path.at(-1) ?? ''
  if (value !== undefined) at[last] = value
  else if (Array.isArray(at)) at.splice(Number(last), 1)
  else delete at[last]
  return copy
}

/** Templates of pods are checked by the same code in every kind: two of them show that it is asked. */
const WITH_TEMPLATES = new Set(['replicasets', 'cronjobs'])

/** The object with the smallest template of pods, wherever it has one. */
function withSmallTemplate(filled: Record<string, unknown>, minimal: Record<string, unknown>): Record<string, unknown> {
  const small = Object.entries(filled).map(([name, value]) => {
    if (name === 'template' && minimal[name]) return [name, minimal[name]]
    const below = minimal[name]
    return [name, isObject(value) && isObject(below) ? withSmallTemplate(value, below) : value]
  })
  return Object.fromEntries(small)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

describe('incomplete objects', () => {
  let api: TestApi
  beforeAll(async () => {
    api = await startTestApi()
  })
  afterAll(() => api.close())

  async function told(writing: Promise<unknown>, what: unknown): Promise<void> {
    try {
      await writing
    } catch (error) {
      if (error instanceof StatusError && (error.code ?? 500) < 500) return
      throw new Error(`crashed on ${JSON.stringify(what)?.slice(0, 600)}`, { cause: error })
    }
  }

  const kinds = allResources().flatMap((resource) => resource.versions.map((version) => ({ resource, version })))
  for (const { resource, version } of kinds) {
    it(`${resource.resource} of ${version.apiVersion}`, async () => {
      const { client } = api
      const { namespaced, resource: plural } = resource
      const ref: ResourceRef<Plain> = resourceRef<Plain>({ ...version, resource: plural, namespaced })
      const name = FIXED_NAMES[plural] ?? 'incomplete'
      const key = namespaced ? { namespace: 'default', name } : { name }
      const minimal = minimalObject({ group: version.group, resource: plural }) as Record<string, unknown>
      const { metadata: _, kind: __, apiVersion: ___, ...whole } = filledObject(version.typeRef)
      const filled = WITH_TEMPLATES.has(plural) ? whole : withSmallTemplate(whole, minimal)
      const made = await client.create(ref, { ...minimal, metadata: key } as unknown as New<Plain>)
      const stored = made.metadata.resourceVersion
      const hasStatus = version.subresources.has('status')
      for (const variant of [...variants(minimal), ...variants(filled)]) {
        const { kind, apiVersion, metadata } = made
        const object = { ...variant, kind, apiVersion, metadata: structuredClone(metadata) } as unknown as Plain
        const fresh = { ...variant, metadata: { ...key, name: `${name}-2` } } as unknown as New<Plain>
        await told(client.create(ref, fresh, { dryRun: true }), { create: variant })
        await told(client.update(ref, object, { dryRun: true }), { update: variant })
        if (hasStatus) {
          await told(client.update(ref, object, { dryRun: true, subresource: 'status' }), { status: variant })
        }
      }
      expect((await client.get(ref, key)).metadata.resourceVersion).toBe(stored)
      const finalizers = (made.metadata as { finalizers?: readonly string[] }).finalizers
      if (finalizers) await client.patch(ref, key, { type: 'merge', patch: { metadata: { finalizers: null } } })
      if (plural !== 'namespaces') await client.delete(ref, key, { gracePeriodSeconds: 0 })
      // Hundreds of refusals each, some of which show the whole object.
    }, 60_000)
  }
})
