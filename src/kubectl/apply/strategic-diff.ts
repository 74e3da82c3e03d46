// Strategic merge patches out of three versions of an object: what was applied last, what is to be applied, what is there.
// Model: CreateThreeWayMergePatch in k8s.io/apimachinery/pkg/util/strategicpatch.

import { type FieldSchema, types } from '../../api/schema.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { isObject } from '../object.ts'

type Json = Record<string, unknown>

/** Lists do not have the key that identifies their elements. */
class MergeKeyError extends Error {
  override name = 'MergeKeyError'
}

/** Which half of a difference is wanted: what is new or changed, or what is gone. */
interface Half {
  readonly changes: boolean
  readonly deletions: boolean
}

const DELETE_FROM = '$deleteFromPrimitiveList/'
const SET_ORDER = '$setElementOrder/'

/** The patch for an object of type `ref`; empty when nothing is to be done. */
export function threeWayStrategic(
  ref: string,
  versions: { readonly original: Json; readonly modified: Json; readonly current: Json },
): Json {
  const { original, modified, current } = versions
  const delta = diffMaps(current, modified, { ref, half: { changes: true, deletions: false } })
  const deletions = diffMaps(original, modified, { ref, half: { changes: false, deletions: true } })
  return joinMaps(deletions, delta, ref)
}

/** The patch that turns `before` into `after`. */
export function twoWayStrategic(ref: string, before: Json, after: Json): Json {
  return diffMaps(before, after, { ref, half: { changes: true, deletions: true } })
}

interface Place {
  readonly ref: string | undefined
  readonly half: Half
}

const fieldsOf = (ref: string | undefined) => (ref === undefined ? undefined : types[ref]?.fields)
const strategies = (field: FieldSchema | undefined) => field?.patchStrategy?.split(',') ?? []

function diffMaps(before: Json, after: Json, { ref, half }: Place): Json {
  const fields = fieldsOf(ref)
  const patch: Json = {}
  for (const [key, value] of Object.entries(after)) {
    const old = before[key]
    if (!(key in before) || kindOf(old) !== kindOf(value)) {
      if (half.changes && !(value === null && !(key in before))) patch[key] = value
    } else if (isObject(value) && isObject(old)) {
      diffField(patch, { key, old, value, field: fields?.[key], half })
    } else if (Array.isArray(value) && Array.isArray(old)) {
      diffLists(patch, { key, old, value, field: fields?.[key], half })
    } else if (half.changes && !sameJson(old, value)) patch[key] = value
  }
  if (half.deletions) for (const key of Object.keys(before)) if (!(key in after)) patch[key] = null
  return patch
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'list'
  return value === null ? 'null' : typeof value
}

interface Pair<T> {
  readonly key: string
  readonly old: T
  readonly value: T
  readonly field: FieldSchema | undefined
  readonly half: Half
}

function diffField(patch: Json, { key, old, value, field, half }: Pair<Json>): void {
  const how = strategies(field)
  if (how.includes('replace')) {
    if (half.changes && !sameJson(old, value)) patch[key] = value
    return
  }
  const inner = diffMaps(old, value, { ref: field?.ref, half })
  if (Object.keys(inner).length === 0) return
  patch[key] = how.includes('retainKeys') ? { ...inner, $retainKeys: Object.keys(value).sort() } : inner
}

function diffLists(patch: Json, pair: Pair<unknown[]>): void {
  const { key, old, value, field, half } = pair
  if (!strategies(field).includes('merge')) {
    if (half.changes && !sameJson(old, value)) patch[key] = value
    return
  }
  if (field?.mergeKey === undefined) return diffPrimitives(patch, pair)
  const { items, changed } = diffItems(pair, field.mergeKey)
  if (items.length > 0) patch[key] = items
  if (changed) patch[SET_ORDER + key] = value.map((item) => orderEntry(item, field.mergeKey ?? ''))
}

function diffPrimitives(patch: Json, { key, old, value, half }: Pair<unknown[]>): void {
  const added = half.changes ? value.filter((v) => !old.includes(v)) : []
  const removed = half.deletions ? old.filter((v) => !value.includes(v)) : []
  if (added.length > 0) patch[key] = added
  if (removed.length > 0) patch[DELETE_FROM + key] = removed
  const shared = (list: unknown[], other: unknown[]) => list.filter((v) => other.includes(v))
  const reordered = half.deletions && !sameJson(shared(old, value), shared(value, old))
  if (added.length + removed.length > 0 || reordered) patch[SET_ORDER + key] = value
}

function diffItems(
  { old, value, field, half }: Pair<unknown[]>,
  mergeKey: string,
): { items: Json[]; changed: boolean } {
  const ref = field?.items?.ref
  const before = new Map(old.map((item) => [idOf(item, mergeKey), item as Json]))
  const after = new Map(value.map((item) => [idOf(item, mergeKey), item as Json]))
  const items: Json[] = []
  for (const [id, item] of after) {
    const was = before.get(id)
    if (was === undefined) {
      if (half.changes) items.push(item)
      continue
    }
    const inner = retained(diffMaps(was, item, { ref, half }), field, item)
    if (Object.keys(inner).length > 0) items.push({ ...inner, [mergeKey]: item[mergeKey] })
  }
  if (half.deletions) {
    for (const [id, item] of before) if (!after.has(id)) items.push({ $patch: 'delete', [mergeKey]: item[mergeKey] })
  }
  const shared = (ids: Iterable<string>, other: ReadonlyMap<string, unknown>) => [...ids].filter((id) => other.has(id))
  const reordered = half.deletions && !sameJson(shared(before.keys(), after), shared(after.keys(), before))
  return { items, changed: items.length > 0 || reordered }
}

/** Elements such as volumes may hold one kind of source only. */
function retained(inner: Json, field: FieldSchema | undefined, item: Json): Json {
  if (Object.keys(inner).length === 0 || !strategies(field).includes('retainKeys')) return inner
  return { ...inner, $retainKeys: Object.keys(item).sort() }
}

function idOf(item: unknown, mergeKey: string): string {
  if (isObject(item) && item[mergeKey] !== undefined) return JSON.stringify(item[mergeKey])
  throw new MergeKeyError(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`)
}

const orderEntry = (item: unknown, mergeKey: string) => ({ [mergeKey]: (item as Json)[mergeKey] })

/** One patch that does what both do. */
function joinMaps(first: Json, second: Json, ref: string | undefined): Json {
  const fields = fieldsOf(ref)
  const out: Json = { ...first }
  for (const [key, value] of Object.entries(second)) {
    const old = out[key]
    const field = fields?.[key]
    if (isObject(old) && isObject(value)) out[key] = joinMaps(old, value, field?.ref)
    else if (Array.isArray(old) && Array.isArray(value) && field?.mergeKey) out[key] = joinItems(old, value, field)
    else out[key] = value
  }
  return out
}

function joinItems(first: unknown[], second: unknown[], field: FieldSchema): unknown[] {
  const mergeKey = field.mergeKey ?? ''
  const rest = new Map(first.map((item) => [idOf(item, mergeKey), item as Json]))
  const out = second.map((item) => {
    const id = idOf(item, mergeKey)
    const other = rest.get(id)
    rest.delete(id)
    return other ? joinMaps(other, item as Json, field.items?.ref) : item
  })
  return [...out, ...rest.values()]
}
