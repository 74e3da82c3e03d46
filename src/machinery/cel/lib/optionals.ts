// Values that may be absent, and what macros on maps call. Library: cel-go OptionalTypes, latest version.

import { type Declaration, fail } from '../functions.ts'
import { ArrayList, Duration, EntryMap, List, MapValue, Optional, Timestamp, Uint, type Value } from '../values.ts'

function isZero(value: Value): boolean {
  if (value === null || value === false || value === '' || value === 0n || value === 0) return true
  if (value instanceof Uint) return value.value === 0n
  if (value instanceof List || value instanceof MapValue) return value.size === 0
  if (value instanceof Uint8Array) return value.length === 0
  if (value instanceof Duration || value instanceof Timestamp) return value.nanos === 0n
  return value instanceof Optional && value.value === undefined
}

function unwrap(list: List): ArrayList {
  return new ArrayList(
    list.toArray().flatMap((item) => (item instanceof Optional && item.value !== undefined ? [item.value] : [])),
  )
}

function entryOf(optional: Optional): Value {
  return optional.value === undefined ? fail('optional.none() dereference') : optional.value
}

const at = (list: List, index: number) => (list.size === 0 ? Optional.none : new Optional(list.at(index)))

const orElse = (a: Optional, b: Optional) => (a.value === undefined ? b : a)

/** An element or a value of a list, map or optional of these, if it is there. */
export function select(container: Value, key: Value): Optional {
  const within = container instanceof Optional ? container.value : container
  if (within === undefined) return Optional.none
  if (within instanceof MapValue) {
    const found = within.get(key)
    return found === undefined ? Optional.none : new Optional(found)
  }
  if (within instanceof List && typeof key === 'bigint') {
    return key < 0n || key >= within.size ? Optional.none : new Optional(within.at(Number(key)))
  }
  return fail('no such overload')
}

/** Adds an entry to a map; an equal key must not be there yet. */
export function insertEntry(map: MapValue, key: Value, value: Value): EntryMap {
  const target = map instanceof EntryMap ? map : copyOf(map)
  if (target.get(key) !== undefined) return fail(`insert failed: key ${String(key)} already exists`)
  target.set(key, value)
  return target
}

function copyOf(map: MapValue): EntryMap {
  const copy = new EntryMap()
  for (const key of map.keys()) {
    const value = map.get(key)
    if (value !== undefined) copy.set(key, value)
  }
  return copy
}

function insertAll(map: MapValue, entries: MapValue): MapValue {
  let result = map
  for (const key of entries.keys()) {
    const value = entries.get(key)
    if (value !== undefined) result = insertEntry(result, key, value)
  }
  return result
}

export const OPTIONALS: readonly Declaration[] = [
  ['optional.of', 'optional_of', '(V)->optional(V)', (value: Value) => new Optional(value)],
  ['optional.none', 'optional_none', '()->optional(V)', () => Optional.none],
  [
    'optional.ofNonZeroValue',
    'optional_ofNonZeroValue',
    '(V)->optional(V)',
    (value: Value) => (isZero(value) ? Optional.none : new Optional(value)),
  ],
  ['or', 'optional_or_optional', 'optional(V).(optional(V))->optional(V)', (a: Optional, b: Optional) => orElse(a, b)],
  [
    'orValue',
    'optional_orValue_value',
    'optional(V).(V)->V',
    (a: Optional, b: Value) => (a.value === undefined ? b : a.value),
  ],
  ['_[_]', 'optional_list_index_int', '(optional(list(V)),int)->optional(V)', select],
  ['_[_]', 'optional_map_index_value', '(optional(map(K,V)),K)->optional(V)', select],
  ['_[?_]', 'list_optindex_optional_int', '(list(V),int)->optional(V)', select],
  ['_[?_]', 'optional_list_optindex_optional_int', '(optional(list(V)),int)->optional(V)', select],
  ['_[?_]', 'map_optindex_optional_value', '(map(K,V),K)->optional(V)', select],
  ['_[?_]', 'optional_map_optindex_optional_value', '(optional(map(K,V)),K)->optional(V)', select],
  ['hasValue', 'optional_hasValue', 'optional(V).()->bool', (optional: Optional) => optional.value !== undefined],
  ['value', 'optional_value', 'optional(V).()->V', entryOf],
  ['optional.unwrap', 'optional_unwrap', '(list(optional(V)))->list(V)', unwrap],
  ['unwrapOpt', 'optional_unwrapOpt', 'list(optional(V)).()->list(V)', unwrap],
  ['first', 'list_first', 'list(V).()->optional(V)', (list: List) => at(list, 0)],
  ['last', 'list_last', 'list(V).()->optional(V)', (list: List) => at(list, list.size - 1)],
  ['cel.@mapInsert', '@mapInsert_map_key_value', '(map(K,V),K,V)->map(K,V)', insertEntry],
  ['cel.@mapInsert', '@mapInsert_map_map', '(map(K,V),map(K,V))->map(K,V)', insertAll],
]
