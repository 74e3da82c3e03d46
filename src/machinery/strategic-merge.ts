// Strategic merge patch: a merge patch that knows which lists are keyed. Directives: $patch (replace, delete),
// $retainKeys, $setElementOrder/<list>, $deleteFromPrimitiveList/<list>.
// Spec: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
// Model: StrategicMergeMapPatch of k8s.io/apimachinery/pkg/util/strategicpatch, whose order of elements is kept, too.

import { type FieldSchema, types } from '../api/schema.ts'
import { formatText, formatValue } from './go/format.ts'
import { typeName } from './go/value.ts'
import { sameJson } from './same-json.ts'

/** Why a patch does not fit: its directives are malformed, it says what cannot be, or anything else. */
type Fault = 'malformed' | 'unprocessable' | 'other'

/** The patch does not fit the type. */
export class StrategicMergeError extends Error {
  override name = 'StrategicMergeError'
  readonly fault: Fault
  constructor(message: string, fault: Fault = 'other') {
    super(message)
    this.fault = fault
  }
}

type Json = Record<string, unknown>

const DELETE_FROM = '$deleteFromPrimitiveList'
const SET_ORDER = '$setElementOrder'
const BAD_PRIMITIVES = 'invalid patch format of primitive list'
const BAD_RETAIN_KEYS = 'invalid patch format of retainKeys'
const BAD_ORDER = 'invalid patch format of setElementOrder list'

/** Applies `patch` to a copy of `original`, an object of type `ref`. Throws StrategicMergeError. */
export function strategicMerge(ref: string, original: Json, patch: Json): Json {
  return mergeMap(original, patch, ref)
}

/** Merges two maps of type `ref` (absent: no type known, plain merge). */
function mergeMap(original: Json, patch: Json, ref: string | undefined): Json {
  const { $patch: directive, $retainKeys: retain, ...rest } = patch
  if (directive === 'replace') return withRetain(rest, retain)
  if (directive === 'delete') return {}
  if (directive !== undefined) throw unknownDirective(directive, patch)
  const out: Json = retain === undefined ? { ...original } : retained(original, rest, retain)
  const ordered = mergeOrdered(out, rest, ref)
  for (const [key, value] of Object.entries(rest)) {
    if (key.startsWith(DELETE_FROM)) deleteFrom(out, key, value, ref)
  }
  for (const [key, value] of Object.entries(rest)) {
    if (key.startsWith(SET_ORDER) || key.startsWith(DELETE_FROM) || ordered.has(key)) continue
    if (value === null) delete out[key]
    else set(out, key, mergeField(out[key], value, fieldOf(ref, key)))
  }
  return out
}

function withRetain(rest: Json, retain: unknown): Json {
  return retain === undefined ? rest : { ...rest, $retainKeys: retain }
}

/** Assigns even what is called `__proto__`; undefined takes the key away. */
function set(out: Json, key: string, value: unknown): void {
  if (value === undefined) delete out[key]
  else Object.defineProperty(out, key, { value, enumerable: true, writable: true, configurable: true })
}

function fieldOf(ref: string | undefined, key: string): FieldSchema | undefined {
  const fields = ref === undefined ? undefined : types[ref]?.fields
  return fields && Object.hasOwn(fields, key) ? fields[key] : undefined
}

const strategyOf = (field: FieldSchema | undefined): string =>
  (field?.patchStrategy ?? '').split(',').find((strategy) => strategy !== 'retainKeys') ?? ''

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unknownDirective(directive: unknown, map: Json): StrategicMergeError {
  return new StrategicMergeError(`unknown patch type: ${formatText(directive)} in map: ${formatValue(map)}`)
}

/** Model: ErrBadArgType. */
function wrongType(wanted: string, given: unknown): StrategicMergeError {
  const type = given === null ? formatText(given) : typeName(given)
  return new StrategicMergeError(`expected a ${wanted}, but received a ${type}`)
}

/** Only the keys that are to stay; the patch may set no other. */
function retained(original: Json, patch: Json, retain: unknown): Json {
  if (!Array.isArray(retain)) throw new StrategicMergeError(BAD_RETAIN_KEYS, 'malformed')
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || key.startsWith(DELETE_FROM) || key.startsWith(SET_ORDER)) continue
    if (!retain.includes(key)) throw new StrategicMergeError(BAD_RETAIN_KEYS, 'malformed')
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => retain.includes(key)))
}

function mergeField(current: unknown, value: unknown, field: FieldSchema | undefined): unknown {
  if (Array.isArray(current) && Array.isArray(value)) {
    return strategyOf(field) === 'merge' ? mergeList(current, value, field) : value
  }
  if (isRecord(current) && isRecord(value)) {
    return strategyOf(field) === 'replace' ? value : mergeMap(current, value, field?.ref)
  }
  return withoutDirectives(withoutNulls(value))
}

/** A value that is new to the object; undefined when it is a directive itself. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined)
  if (!isRecord(value)) return value
  if ('$patch' in value) return undefined
  const out: Json = {}
  for (const [key, inner] of Object.entries(value)) {
    const kept = withoutDirectives(inner)
    if (kept !== undefined) set(out, key, kept)
  }
  return out
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isRecord(value)) return value
  const out: Json = {}
  for (const [key, inner] of Object.entries(value)) if (inner !== null) set(out, key, withoutNulls(inner))
  return out
}

function deleteFrom(out: Json, key: string, values: unknown, ref: string | undefined): void {
  if (!key.startsWith(`${DELETE_FROM}/`)) throw new StrategicMergeError(BAD_PRIMITIVES, 'malformed')
  const name = key.slice(DELETE_FROM.length + 1)
  const current = out[name]
  if (values === null) return set(out, name, undefined)
  if (!Array.isArray(current) || !Array.isArray(values)) return
  if (kindOfElements(current, values) === 'map') {
    out[name] = mergeList(current, values, fieldOf(ref, name))
  } else {
    out[name] = current.filter((item) => !values.includes(item))
  }
}

/**
 * Merges the lists whose order the patch gives into `out`, and tells their names. What the patch names comes in its
 * order; what only the server has keeps its place between those as far as it can.
 */
function mergeOrdered(out: Json, patch: Json, ref: string | undefined): ReadonlySet<string> {
  const merged = new Set<string>()
  for (const [key, order] of Object.entries(patch)) {
    if (!key.startsWith(SET_ORDER)) continue
    if (!Array.isArray(order)) throw wrongType('[]interface {}', order)
    if (!key.startsWith(`${SET_ORDER}/`)) throw new StrategicMergeError(BAD_ORDER, 'malformed')
    const name = key.slice(SET_ORDER.length + 1)
    const current = listOf(out[name])
    const given = listOf(patch[name])
    const field = listField(ref, name)
    const mergeKey = field?.mergeKey
    mustFollow(given ?? [], order, mergeKey)
    if (given) merged.add(name)
    if (!current && !given) continue
    const list = (
      current ? (given ? mergeField(current, given, field) : current) : withoutDirectives(given)
    ) as unknown[]
    const kind = kindOfElements(current ?? [], given ?? [])
    out[name] = inOrder(list, order, current ?? [], kind === 'map' ? mergeKey : undefined)
  }
  return merged
}

/** Model: LookupPatchMetadataForSlice, which calls everything by the kind of what it is a field of. */
function listField(ref: string | undefined, name: string): FieldSchema | undefined {
  const field = fieldOf(ref, name)
  if (ref !== undefined && field === undefined) {
    const struct = ref.slice(ref.lastIndexOf('.') + 1)
    throw new StrategicMergeError(
      `unable to find api field in struct ${struct} for the json field ${JSON.stringify(name)}`,
    )
  }
  if (field?.map) throw new StrategicMergeError('expected slice or array type, but got: struct')
  return field
}

function listOf(value: unknown): unknown[] | undefined {
  if (value === undefined || Array.isArray(value)) return value
  throw wrongType('[]interface {}', value)
}

/** The order of a patch's elements must be that of the list which gives the order. */
function mustFollow(patch: readonly unknown[], order: readonly unknown[], mergeKey: string | undefined): void {
  if (patch.length === 0 || order.length === 0) return
  const kept = patch.filter((item) => !(isRecord(item) && '$patch' in item))
  let at = 0
  for (const item of order) {
    if (at === kept.length) return
    if (sameJson(idOf(kept[at], mergeKey), idOf(item, mergeKey))) at += 1
  }
  if (at < kept.length) {
    throw new StrategicMergeError(
      `The order in patch list:\n${formatValue(patch)}\n doesn't match ${SET_ORDER} list:\n${formatValue(order)}\n`,
    )
  }
}

/** What tells elements apart: the merge key of maps, or the element itself. */
function idOf(item: unknown, mergeKey: string | undefined): unknown {
  if (mergeKey === undefined) return item
  if (!isRecord(item)) throw wrongType('map[string]interface {}', item)
  const id = item[mergeKey]
  if (id !== undefined) return id
  throw new StrategicMergeError(`map: ${formatValue(item)} does not contain declared merge key: ${mergeKey}`)
}

/** What the lists are made of. Throws when that is not one kind of things. */
function kindOfElements(...lists: readonly (readonly unknown[])[]): 'map' | 'scalar' | undefined {
  const kinds = new Set(lists.flat().map(typeName))
  const [kind] = kinds
  if (kind === '[]interface {}' && lists.flat().every(Array.isArray)) {
    throw new StrategicMergeError('lists of lists are not supported', 'unprocessable')
  }
  if (kinds.size > 1) throw new StrategicMergeError(`list element types are not identical: ${formatValue(lists)}`)
  return kind === undefined ? undefined : kind === 'map[string]interface {}' ? 'map' : 'scalar'
}

function mergeList(current: unknown[], patch: unknown[], field: FieldSchema | undefined): unknown[] {
  const kind = kindOfElements(current, patch)
  if (kind === undefined) return current
  if (kind === 'scalar') return inOrder([...new Set([...current, ...patch])], patch, current, undefined)
  const { mergeKey } = field ?? {}
  const ref = field?.items?.ref
  if (!mergeKey) {
    const struct = ref?.slice(ref.lastIndexOf('.') + 1) ?? ''
    throw new StrategicMergeError(`cannot merge lists without merge key for ${struct}`)
  }
  const special = patch.filter((item): item is Json => isRecord(item) && '$patch' in item)
  const plain = patch.filter((item): item is Json => isRecord(item) && !('$patch' in item))
  const kept = afterDirectives(current as Json[], special, mergeKey)
  const merged = [...kept]
  for (const item of plain) {
    const id = idOf(item, mergeKey)
    const at = merged.findIndex((own) => own[mergeKey] === id)
    const own = merged[at]
    if (own) merged[at] = mergeMap(own, item, ref)
    else merged.push(item)
  }
  return inOrder(merged, plain, kept, mergeKey)
}

/** What directives among a list's elements leave of what is there. */
function afterDirectives(current: Json[], directives: readonly Json[], mergeKey: string): Json[] {
  let left = current
  let replaced = false
  for (const item of directives) {
    if (item.$patch === 'delete') {
      const id = idOf(item, mergeKey)
      left = left.filter((own) => own[mergeKey] !== id)
    } else if (item.$patch === 'replace') replaced = true
    else if (item.$patch === 'merge')
      throw new StrategicMergeError('merging lists cannot yet be specified in the patch')
    else throw unknownDirective(item.$patch, item)
  }
  return replaced ? [] : left
}

/**
 * The elements of `list` that `order` names, in its order, and among them the others: each before the first named one
 * that stood behind it on the server (`before`), or else at the end.
 */
function inOrder(
  list: readonly unknown[],
  order: readonly unknown[],
  before: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const strange = mergeKey === undefined ? -1 : order.findIndex((item) => !isRecord(item))
  if (strange >= 0 && list.length > 0) throw new StrategicMergeError(`value for key ${strange} is not a map`)
  const wanted = order.map((item) => idOf(item, mergeKey))
  const stood = before.map((item) => idOf(item, mergeKey))
  const place = (item: unknown) => wanted.indexOf(idOf(item, mergeKey))
  const named = list.filter((item) => place(item) >= 0).sort((a, b) => place(a) - place(b))
  const since = (item: unknown) => stood.indexOf(idOf(item, mergeKey))
  const others = list.filter((item) => place(item) < 0).sort((a, b) => since(a) - since(b))
  const out: unknown[] = []
  for (const item of named) {
    const at = since(item)
    while (others.length > 0) {
      const other = since(others[0])
      if (at < 0 || other < 0 || other >= at) break
      out.push(others.shift())
    }
    out.push(item)
  }
  return [...out, ...others]
}
