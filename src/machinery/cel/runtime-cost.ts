// What a call costs when it is evaluated. Model: cel-go's cost tracker and k8s.io/apiserver/pkg/cel/library, cost.
// The factors are contracts: expressions that were accepted must stay within their limits.

import type { NamedFormat } from './lib/named-formats.ts'
import { List, MapValue, Opaque, sizeOf, type Value } from './values.ts'

export const TRAVERSAL = 0.1
export const PATTERN_FACTOR = 0.25
export const LIST_BASE = 10
export const MAP_BASE = 30
export const STRUCT_BASE = 40
export const CHECK_COST = 350_000

/** The cost of a call; with `after` it needs the result. */
export interface CallCost {
  readonly after: boolean
  readonly cost: (args: readonly Value[], result: Value) => number
}

const before = (cost: (args: readonly Value[]) => number): CallCost => ({ after: false, cost })
const after = (cost: (args: readonly Value[], result: Value) => number): CallCost => ({ after: true, cost })
const size = (args: readonly Value[], i: number) => sizeOf(args[i] ?? null)
const ONE = before(() => 1)
const traversal = (factor = 1) => before((args) => Math.ceil(size(args, 0) * factor * TRAVERSAL))
const matching = (text: number, pattern: number) =>
  Math.ceil((1 + text) * TRAVERSAL) * Math.ceil(pattern * PATTERN_FACTOR)
const sorting = before((args) => {
  const keys = args.at(-1)
  if (!(keys instanceof List) || keys.size === 0) return 1 + LIST_BASE
  const factor = typeof keys.at(0) === 'string' || keys.at(0) instanceof Uint8Array ? 2 + TRAVERSAL : 2
  return Math.trunc(keys.size * keys.size * factor) + 1 + LIST_BASE
})
const making = (length: (args: readonly Value[]) => number) =>
  before((args) => Math.max(0, length(args)) + 1 + LIST_BASE)
const integer = (value: Value | undefined) => (typeof value === 'bigint' ? Number(value) : 0)
const flattened = before((args) => {
  const depth = typeof args[1] === 'bigint' ? Number(args[1]) : 1
  return size(args, 0) * depth + 1 + LIST_BASE
})
const sets = (factor: number) => before((args) => 1 + size(args, 0) * size(args, 1) * factor)
const elements = before((args) => traverse(args[0] ?? null))
const lesser = before((args) => Math.ceil(Math.min(size(args, 0), size(args, 1)) * TRAVERSAL))
const total = before((args) => Math.ceil((size(args, 0) + size(args, 1)) * TRAVERSAL))
const equality = before((args) =>
  args[0] instanceof Opaque ? 1 : Math.ceil(Math.min(size(args, 0), size(args, 1)) * TRAVERSAL),
)

/** The cost of visiting everything in a value. */
function traverse(value: Value): number {
  if (typeof value === 'string') return Math.trunc(Buffer.byteLength(value) * TRAVERSAL)
  if (value instanceof Uint8Array) return Math.trunc(value.length * TRAVERSAL)
  if (value instanceof List) return value.toArray().reduce<number>((sum, item) => sum + traverse(item), 0)
  if (value instanceof MapValue) {
    return value.keys().reduce<number>((sum, key) => sum + traverse(key) + traverse(value.get(key) ?? null), 0)
  }
  return 1
}

function contains(parsed: boolean, network: boolean): CallCost {
  return before((args) => {
    const cidr = size(args, 0)
    const masking = network ? Math.ceil(cidr * TRAVERSAL) + 1 : 0
    const parsing = parsed ? Math.ceil(size(args, 1) * TRAVERSAL) : 0
    return Math.ceil(2 * cidr * TRAVERSAL) + masking + parsing
  })
}

const selector = before((args) => {
  const length = size(args, 1)
  const requirements = Math.ceil(length * 0.5)
  return LIST_BASE + Math.ceil(length * TRAVERSAL) + requirements * (LIST_BASE + STRUCT_BASE)
})

const validate = before(([format, text]) => {
  const pattern = format instanceof Opaque ? (format.data as NamedFormat).patternSize : 0
  return matching(sizeOf(text ?? null), pattern)
})

const BY_OVERLOAD: Readonly<Record<string, CallCost>> = {
  list_slice: making((args) => integer(args[2]) - integer(args[1])),
  lists_range: making((args) => integer(args[0])),
  list_reverse: making((args) => size(args, 0)),
  list_flatten: flattened,
  list_flatten_int: flattened,
  list_distinct: sorting,
  list_sets_contains_list: sets(1),
  list_sets_intersects_list: sets(1),
  list_sets_equivalent_list: sets(2),
  cidr_ip: ONE,
  cidr_contains_ip_string: contains(true, false),
  cidr_contains_ip_ip: contains(false, false),
  cidr_contains_cidr_string: contains(true, true),
  cidr_contains_cidr: contains(false, true),
  starts_with_string: before((args) => Math.ceil(size(args, 0) * TRAVERSAL)),
  ends_with_string: before((args) => Math.ceil(size(args, 0) * TRAVERSAL)),
  string_to_bytes: traversal(),
  bytes_to_string: traversal(),
  string_format: traversal(),
  strings_quote: traversal(),
  in_list: before((args) => size(args, 1)),
  equals: equality,
  not_equals: lesser,
  add_string: total,
  add_bytes: total,
  matches_string: before((args) => matching(size(args, 0), size(args, 1))),
  contains_string: before((args) => Math.ceil(size(args, 0) * TRAVERSAL) * Math.ceil(size(args, 1) * TRAVERSAL)),
  ...Object.fromEntries(
    ['less', 'less_equals', 'greater', 'greater_equals'].flatMap((relation) =>
      ['string', 'bytes'].map((type) => [`${relation}_${type}`, lesser]),
    ),
  ),
}

const BY_FUNCTION: Readonly<Record<string, CallCost>> = {
  check: before(() => CHECK_COST),
  fieldSelector: selector,
  labelSelector: selector,
  isSorted: elements,
  sum: elements,
  max: elements,
  min: elements,
  indexOf: elements,
  lastIndexOf: elements,
  sort: sorting,
  '@sortByAssociatedKeys': sorting,
  url: traversal(),
  lowerAscii: traversal(),
  upperAscii: traversal(),
  substring: traversal(),
  trim: traversal(),
  'jsonpatch.escapeKey': traversal(),
  replace: traversal(2),
  split: traversal(2),
  join: after((_, result) => Math.ceil(sizeOf(result) * 2 * TRAVERSAL)),
  find: before((args) => matching(size(args, 0), size(args, 1))),
  findAll: before((args) => matching(size(args, 0), size(args, 1))),
  cidr: traversal(),
  isIP: traversal(),
  isCIDR: traversal(),
  ip: traversal(),
  'ip.isCanonical': traversal(2),
  quantity: traversal(),
  isQuantity: traversal(),
  semver: traversal(),
  isSemver: traversal(),
  validate,
}

/** The cost of a call of a function; the overload is known only when there is just one it can be. */
export function callCost(fn: string, overload: string | undefined): CallCost {
  if (overload !== undefined && Object.hasOwn(BY_OVERLOAD, overload)) return BY_OVERLOAD[overload] ?? ONE
  return Object.hasOwn(BY_FUNCTION, fn) ? (BY_FUNCTION[fn] ?? ONE) : ONE
}
