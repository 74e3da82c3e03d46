// Strategic merge patch: a merge patch that knows which lists are keyed. Directives: $patch (replace, merge, delete),
// $retainKeys, $setElementOrder/<list>, $deleteFromPrimitiveList/<list>.
// Spec: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md

import { type FieldSchema, types } from '../api/schema.ts'

/** The patch does not fit the type. */
export class StrategicMergeError extends Error {
  override name = 'StrategicMergeError'
}

type Json = Record<string, unknown>

const DELETE_FROM = '$deleteFromPrimitiveList/'
const SET_ORDER = '$setElementOrder/'

/** Applies `patch` to a copy of `original`, an object of type `ref`. Throws StrategicMergeError. */
export function strategicMerge(ref: string, original: Json, patch: Json): Json {
  return mergeMap(original, patch, ref) ?? {}
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Merges two maps of type `ref` (absent: no type known, plain merge). Undefined means: delete the map. */
function mergeMap(original: Json, patch: Json, ref: string | undefined): Json | undefined {
  const directive = patch.$patch
  if (directive !== undefined) {
    if (directive === 'delete') return undefined
    if (directive === 'replace') return without(patch, '$patch')
    if (directive !== 'merge') throw new StrategicMergeError(`Unknown patch type found: ${JSON.stringify(directive)}`)
  }
  const fields = ref === undefined ? undefined : types[ref]?.fields
  const retain = patch.$retainKeys
  let out: Json = { ...original }
  if (retain !== undefined) {
    if (!Array.isArray(retain)) throw new StrategicMergeError('$retainKeys directive must be a list')
    out = Object.fromEntries(Object.entries(out).filter(([key]) => retain.includes(key)))
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_FROM)) {
      const name = key.slice(DELETE_FROM.length)
      const current = out[name]
      if (Array.isArray(current) && Array.isArray(value)) out[name] = current.filter((v) => !value.includes(v))
    }
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue
    if (value === null) {
      delete out[key]
      continue
    }
    const merged = mergeValue(out[key], value, fields?.[key], patch[SET_ORDER + key])
    if (merged === undefined) delete out[key]
    else Object.defineProperty(out, key, { value: merged, enumerable: true, writable: true, configurable: true })
  }
  // An order can be given for a list that the patch does not otherwise touch.
  for (const [key, value] of Object.entries(patch)) {
    if (!key.startsWith(SET_ORDER)) continue
    const name = key.slice(SET_ORDER.length)
    const current = out[name]
    if (Array.isArray(current) && !(name in patch)) out[name] = reorder(current, [], value, fields?.[name])
  }
  return out
}

function without(map: Json, key: string): Json {
  return Object.fromEntries(Object.entries(map).filter(([k]) => k !== key))
}

function mergeValue(current: unknown, value: unknown, field: FieldSchema | undefined, order: unknown): unknown {
  if (isRecord(value)) {
    const base = isRecord(current) && !field?.patchStrategy?.split(',').includes('replace') ? current : {}
    return mergeMap(base, value, field?.ref)
  }
  if (Array.isArray(value)) return mergeList(Array.isArray(current) ? current : [], value, field, order)
  return value
}

function mergeList(current: unknown[], patch: unknown[], field: FieldSchema | undefined, order: unknown): unknown[] {
  if (!field?.patchStrategy?.split(',').includes('merge')) return patch.filter((p) => !isDirective(p))
  if (!field.mergeKey) {
    const added = patch.filter((p) => !current.includes(p))
    return reorder([...current, ...added], patch, order, field)
  }
  const mergeKey = field.mergeKey
  const ref = field.items?.ref
  const replace = patch.some((p) => isRecord(p) && p.$patch === 'replace' && !(mergeKey in p))
  if (replace) return patch.filter((p) => !(isRecord(p) && p.$patch === 'replace' && !(mergeKey in p)))
  let out = [...current]
  for (const item of patch) {
    if (!isRecord(item)) throw new StrategicMergeError(`invalid list element for merge key ${mergeKey}`)
    const id = item[mergeKey]
    if (id === undefined)
      throw new StrategicMergeError(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`)
    const at = out.findIndex((o) => isRecord(o) && o[mergeKey] === id)
    if (item.$patch === 'delete') {
      out = out.filter((o) => !(isRecord(o) && o[mergeKey] === id))
    } else if (at >= 0) {
      const merged = mergeMap(out[at] as Json, item, ref)
      if (merged) out[at] = merged
    } else {
      out.push(item.$patch === undefined ? clean(item, ref) : without(item, '$patch'))
    }
  }
  return reorder(out, patch, order, field)
}

/** A new element may itself hold directives: merging it onto nothing resolves them. */
function clean(item: Json, ref: string | undefined): Json {
  return mergeMap({}, item, ref) ?? {}
}

function isDirective(item: unknown): boolean {
  return isRecord(item) && '$patch' in item
}

/**
 * Puts elements named in `$setElementOrder` into that order; elements only the server knows keep their place
 * relative to their neighbours.
 */
function reorder(list: unknown[], patch: unknown[], order: unknown, field: FieldSchema | undefined): unknown[] {
  if (!Array.isArray(order)) return list
  const mergeKey = field?.mergeKey
  const idOf = (item: unknown) => (mergeKey && isRecord(item) ? item[mergeKey] : item)
  const wanted = order.map(idOf)
  const ids = list.map(idOf)
  const inPatch = new Set(patch.map(idOf))
  const ordered = list.filter((item) => wanted.includes(idOf(item)))
  ordered.sort((a, b) => wanted.indexOf(idOf(a)) - wanted.indexOf(idOf(b)))
  const rest = list.filter((item) => !wanted.includes(idOf(item)))
  const out: unknown[] = []
  let r = 0
  for (const item of ordered) {
    // Server-only elements that stood before this one stay before it.
    while (r < rest.length && !inPatch.has(idOf(item)) && ids.indexOf(idOf(rest[r])) < ids.indexOf(idOf(item))) {
      out.push(rest[r++])
    }
    out.push(item)
  }
  return [...out, ...rest.slice(r)]
}
