// Merging an applied configuration into the live value.

import { elementIfAny, itemElement } from './list-items.ts'
import type { ListSchema, MapSchema, TypeSchema } from './schema.ts'
import { granularMap, isEmptyMap, isMap, type Json, mergingList, schemaUnder, setField } from './value.ts'

/** The live value with all that `config` says. Neither is changed; what `config` does not speak of is shared. */
export function merge(schema: TypeSchema, live: unknown, config: unknown): unknown {
  if (config === undefined) return live
  if (live === undefined) return config
  const map = granularMap(schema, config)
  if (map) {
    const theirs = isMap(live) ? live : {}
    const ours = isMap(config) ? config : {}
    if (isEmptyMap(theirs) && isEmptyMap(ours)) return config
    return mergeMaps(map, theirs, ours)
  }
  const list = mergingList(schema)
  if (list) {
    const theirs = Array.isArray(live) ? live : []
    const ours = Array.isArray(config) ? config : []
    if (theirs.length === 0 && ours.length === 0) return config
    return mergeLists(list, theirs, ours)
  }
  return config
}

function mergeMaps(schema: MapSchema, live: Json, config: Json): Json {
  const out: Record<string, unknown> = { ...live }
  for (const name in config) {
    const own = Object.hasOwn(live, name) ? live[name] : undefined
    setField(out, name, merge(schemaUnder(schema, name), own, config[name]))
  }
  return out
}

/** One item of the live list. An element that occurs twice is not merged with what is applied. */
interface LiveItem {
  readonly element: string | undefined
  readonly item: unknown
}

/**
 * The applied items in their order, with the items that only the live list has where they stood among the shared ones.
 */
function mergeLists(schema: ListSchema, live: readonly unknown[], config: readonly unknown[]): unknown[] {
  const theirs = live.map((item): LiveItem => ({ element: elementIfAny(schema, item), item }))
  const known = new Map<string, unknown>()
  for (const { element, item } of theirs) {
    if (element !== undefined) known.set(element, known.has(element) ? null : item)
  }
  const ours = config.map((item) => ({ element: itemElement(schema, item), item }))
  const applied = new Set(ours.map(({ element }) => element))
  const shared = ours.map(({ element }) => element).filter((element) => known.has(element))
  const merged = new Set<string>()
  const out: unknown[] = []
  let next = 0
  let l = 0
  let r = 0
  const take = () => {
    const own = ours[r]
    r += 1
    if (!own) return
    merged.add(own.element)
    out.push(merge(schema.element, known.get(own.element), own.item))
    if (shared[next] === own.element) next += 1
  }
  while (l < theirs.length || r < ours.length) {
    const their = theirs[l]
    const own = ours[r]
    if (!their) {
      take()
      continue
    }
    const both = their.element !== undefined && applied.has(their.element)
    if (own && their.element === own.element) {
      take()
      l += 1
    } else if (own && both && shared[next] !== undefined && shared[next] !== their.element) {
      // Applied too, but in another place.
      l += 1
    } else if (!both) {
      out.push(their.item)
      l += 1
    } else {
      if (their.element !== undefined && merged.has(their.element)) l += 1
      take()
    }
  }
  return out
}
