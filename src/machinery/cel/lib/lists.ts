// Functions on lists. Libraries: k8s.io/apiserver/pkg/cel/library lists, and cel-go ext.Lists, version 3.

import { compare, equal, includes } from '../equality.ts'
import { type Declaration, fail } from '../functions.ts'
import { ArrayList, Duration, List, typeNameOf, Uint, type Value } from '../values.ts'
import { int, uint } from './standard.ts'
import { checkedDuration } from './time.ts'

const COMPARABLE = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'] as const
const MAX_RANGE = 1_000_000n

const order = (a: Value, b: Value) => compare(a, b) ?? fail('no such overload')

function isSorted(list: List): boolean {
  for (let i = 1; i < list.size; i++) if (order(list.at(i - 1), list.at(i)) > 0) return false
  return true
}

function best(list: List, what: string, better: (order: number) => boolean): Value {
  if (list.size === 0) return fail(`${what} called on empty list`)
  let found = list.at(0)
  for (let i = 1; i < list.size; i++) {
    const next = list.at(i)
    // What cannot be compared is passed over.
    if (better(compare(next, found) ?? 0)) found = next
  }
  return found
}

const SUMS: readonly (readonly [type: string, zero: Value, add: (a: never, b: never) => Value])[] = [
  ['int', 0n, (a: bigint, b: bigint) => int(a + b)],
  ['uint', new Uint(0n), (a: Uint, b: Uint) => uint(a.value + b.value)],
  ['double', 0, (a: number, b: number) => a + b],
  ['duration', new Duration(0n), (a: Duration, b: Duration) => checkedDuration(a.nanos + b.nanos)],
]

function sum(list: List, zero: Value, add: (a: never, b: never) => Value): Value {
  return list.toArray().reduce((total, item) => add(total as never, item as never), zero)
}

function firstIndex(list: List, value: Value): bigint {
  for (let i = 0; i < list.size; i++) if (equal(list.at(i), value)) return BigInt(i)
  return -1n
}

function lastIndex(list: List, value: Value): bigint {
  for (let i = list.size - 1; i >= 0; i--) if (equal(list.at(i), value)) return BigInt(i)
  return -1n
}

function slice(list: List, start: bigint, end: bigint): ArrayList {
  const range = `cannot slice(${start}, ${end})`
  if (start < 0n || end < 0n) return fail(`${range}, negative indexes not supported`)
  if (start > end) return fail(`${range}, start index must be less than or equal to end index`)
  if (end > list.size) return fail(`${range}, list is length ${list.size}`)
  const from = Number(start)
  return new ArrayList(Array.from({ length: Number(end) - from }, (_, i) => list.at(from + i)))
}

function flatten(list: List, depth: bigint): ArrayList {
  if (depth < 0n) return fail('level must be non-negative')
  const items: Value[] = []
  const add = (from: List, levels: bigint): void => {
    for (let i = 0; i < from.size; i++) {
      const item = from.at(i)
      if (item instanceof List && levels > 0n) add(item, levels - 1n)
      // A list may hold another many times: what comes out can be far larger than what there is.
      else if (items.push(item) > MAX_RANGE) fail('flattened list exceeds the size limit')
    }
  }
  add(list, depth)
  return new ArrayList(items)
}

/** The list in the order of its keys. */
function sortBy(list: List, keys: List): ArrayList {
  if (list.size !== keys.size) {
    return fail(
      `@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${list.size} and ${keys.size} elements respectively`,
    )
  }
  const entries = keys.toArray().map((key, i) => [key, list.at(i)] as const)
  const [first] = entries
  if (first && entries.some(([key]) => typeNameOf(key) !== typeNameOf(first[0]))) {
    return fail('list elements must have the same type')
  }
  return new ArrayList(entries.sort(([a], [b]) => order(a, b)).map(([, item]) => item))
}

function range(count: bigint): ArrayList {
  // Beyond this the cost limit ends the evaluation anyway; the list is not made first.
  if (count > MAX_RANGE) return fail(`lists.range size exceeds limit: ${count}`)
  return new ArrayList(Array.from({ length: Math.max(0, Number(count)) }, (_, i) => BigInt(i)))
}

function distinct(list: List): ArrayList {
  const kept = new ArrayList([])
  for (const item of list.toArray()) if (!includes(kept, item)) kept.items.push(item)
  return kept
}

const templated = COMPARABLE.flatMap((type): Declaration[] => [
  ['isSorted', `list_${type}_is_sorted_bool`, `list(${type}).()->bool`, isSorted],
  ['max', `list_${type}_max_${type}`, `list(${type}).()->${type}`, (l: List) => best(l, 'max', (o) => o > 0)],
  ['min', `list_${type}_min_${type}`, `list(${type}).()->${type}`, (l: List) => best(l, 'min', (o) => o < 0)],
  ['sort', `list_${type}_sort`, `list(${type}).()->list(${type})`, (list: List) => sortBy(list, list)],
  ['@sortByAssociatedKeys', `list_${type}_sortByAssociatedKeys`, `list(T).(list(${type}))->list(T)`, sortBy],
])

export const LISTS: readonly Declaration[] = [
  ...templated,
  ...SUMS.map(([type, zero, add]): Declaration => {
    return ['sum', `list_${type}_sum_${type}`, `list(${type}).()->${type}`, (list: List) => sum(list, zero, add)]
  }),
  ['indexOf', 'list_a_index_of_int', 'list(A).(A)->int', firstIndex],
  ['lastIndexOf', 'list_a_last_index_of_int', 'list(A).(A)->int', lastIndex],
  ['slice', 'list_slice', 'list(T).(int,int)->list(T)', slice],
  ['flatten', 'list_flatten', 'list(list(T)).()->list(T)', (list: List) => flatten(list, 1n)],
  ['flatten', 'list_flatten_int', 'list(dyn).(int)->list(dyn)', flatten],
  ['lists.range', 'lists_range', '(int)->list(int)', range],
  ['reverse', 'list_reverse', 'list(T).()->list(T)', (list: List) => new ArrayList([...list.toArray()].reverse())],
  ['distinct', 'list_distinct', 'list(T).()->list(T)', distinct],
]
