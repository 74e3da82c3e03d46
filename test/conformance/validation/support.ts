// Tables of what is refused: a valid object, a change to it, and the problems that the API finds.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ResourceRef, resourceRef } from '../../../src/api/resource-ref.ts'
import type { ApiObject, StoredObject } from '../../../src/apiserver/api-object.ts'
import { encodeForStore } from '../../../src/apiserver/registry/entry.ts'
import { keyOf } from '../../../src/apiserver/registry/resource.ts'
import { allResources } from '../../../src/apiserver/resources/index.ts'
import { startTestApi, type TestApi } from '../../../src/apiserver/testing.ts'
import type { DeepReadonly } from '../../../src/machinery/deep-readonly.ts'
import { StatusError } from '../../../src/machinery/errors.ts'

/** A JSON value in which undefined stands for what is to be taken away. */
export type Change = { readonly [key: string]: unknown }

/** One problem: `field: message`. */
export type Problem = string

/** `[rule of upstream, change of a valid object, problems]`. */
export type Case = readonly [rule: string, change: Change, problems: readonly Problem[]]

/** `[rule of upstream, change before it is created, change after it, problems]`. */
export type UpdateCase = readonly [rule: string, first: Change, then: Change, problems: readonly Problem[]]

/** `[rule of upstream, what an object has had since before the rule, change, problems]`. */
export type OldCase = readonly [rule: string, old: Change, then: Change, problems: readonly Problem[]]

export interface Table {
  readonly resource: ResourceRef<unknown>
  /** The valid object without its name. */
  readonly base: Change
  readonly create?: readonly Case[]
  readonly update?: readonly UpdateCase[]
  /** Changes of what was stored, written to its status: first change, then change. */
  readonly status?: readonly UpdateCase[]
  /** Updates of objects that could not be created today. */
  readonly old?: readonly OldCase[]
}

/** `base` with `change` put over it: objects are merged, anything else is replaced, undefined removes. */
function changed(base: unknown, change: unknown): unknown {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) return change
  const isMap = typeof base === 'object' && base !== null && !Array.isArray(base)
  const result: Record<string, unknown> = isMap ? { ...base } : {}
  for (const [key, value] of Object.entries(change)) {
    if (value === undefined) delete result[key]
    else result[key] = changed(result[key], value)
  }
  return result
}

const without = ({ status: _, ...rest }: Change): Change => rest
const statusOf = ({ status }: Change): Change => (status === undefined ? {} : { status })

/** Puts an object into the store as it is, past all rules. */
async function writePast({ store, client }: TestApi, ref: ResourceRef<ApiObject>, object: StoredObject): Promise<void> {
  const resource = allResources().find(({ group, resource: plural }) => group === ref.group && plural === ref.resource)
  if (!resource) throw new Error(`no resource ${ref.resource}`)
  const { namespace = '', name } = object.metadata
  const result = await store.put(keyOf(resource, namespace, name), encodeForStore(object))
  if (!result.ok) throw new Error(`cannot write ${name}`)
  await expect
    .poll(async () => (await client.get(ref, { namespace, name } as never)).metadata.resourceVersion)
    .toBe(String(result.revision))
}

/** Problems as the API answers them; none when it takes the object. */
export async function problemsOf(request: Promise<unknown>): Promise<Problem[]> {
  try {
    await request
    return []
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== 'Invalid') throw error
    return (error.status.details?.causes ?? []).map((cause) => `${cause.field}: ${cause.message}`)
  }
}

/** Runs tables against one API in memory. */
export const runTables = (...tables: readonly Table[]): void => runAll(tables, {})

/** Runs tables against one that serves all versions of all kinds. */
export const runTablesOfAllVersions = (...tables: readonly Table[]): void => runAll(tables, { serves: () => true })

/** The newest version of a kind. */
export function newestOf(name: string): ResourceRef<ApiObject> {
  const found = allResources({ serves: () => true }).find(({ resource }) => resource === name)
  const [version] = found?.versions ?? []
  if (!found || !version) throw new Error(`no resource ${name}`)
  return resourceRef<ApiObject>({ ...version, resource: name, namespaced: found.namespaced })
}

function runAll(tables: readonly Table[], options: Parameters<typeof startTestApi>[0]): void {
  let api: TestApi
  let count = 0
  beforeAll(async () => {
    api = await startTestApi(options)
  })
  afterAll(() => api.close())

  for (const { resource: ref, base, create = [], update = [], status = [], old = [] } of tables) {
    const resource = ref as ResourceRef<ApiObject>
    const named = (change: Change) => {
      count += 1
      const scope = resource.namespaced ? { namespace: 'default' } : {}
      const object = changed({ metadata: { name: `n${count}`, ...scope }, ...base }, change)
      return structuredClone(object) as ApiObject & { metadata: { name: string } }
    }
    for (const [rule, change, problems] of create) {
      it(`${resource.resource}: ${rule}: ${problems[0] ?? 'is taken'}`, async () => {
        expect(await problemsOf(api.client.create(resource, named(change)))).toEqual(problems)
      })
    }
    for (const [rule, first, then, problems] of update) {
      it(`${resource.resource} update: ${rule}: ${problems[0] ?? 'is taken'}`, async () => {
        const stored = await api.client.create(resource, named(first))
        const next = structuredClone(changed(stored, then)) as typeof stored
        expect(await problemsOf(api.client.update(resource, next))).toEqual(problems)
      })
    }
    for (const [rule, before, then, problems] of old) {
      const outcome = problems[0] ?? `may go on: ${JSON.stringify(then).slice(0, 120)}`
      it(`${resource.resource} from before ${rule}: ${outcome}`, async () => {
        const made = await api.client.create(resource, named({}))
        const stored = structuredClone(changed(made, before)) as StoredObject
        await writePast(api, resource, stored)
        const next = structuredClone(
          changed(await api.client.get(resource, made.metadata as never), then),
        ) as typeof made
        expect(await problemsOf(api.client.update(resource, next))).toEqual(problems)
      })
    }
    const writeStatus = (object: DeepReadonly<ApiObject>) =>
      api.client.update(resource, object, { subresource: 'status' })
    for (const [rule, first, then, problems] of status) {
      it(`${resource.resource} status: ${rule}: ${problems[0] ?? 'is taken'}`, async () => {
        const stored = await api.client.create(resource, named(without(first)))
        const before = await writeStatus(structuredClone(changed(stored, statusOf(first))) as typeof stored)
        const next = structuredClone(changed(before, then)) as typeof stored
        expect(await problemsOf(writeStatus(next))).toEqual(problems)
      })
    }
  }
}
