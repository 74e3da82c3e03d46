// Estimates of what single calls cost, by function. Model: k8s.io/apiserver/pkg/cel/library, cost, and cel-go's checker.

import {
  add,
  type CostEstimate,
  fixed,
  MOST,
  type Node,
  type Range,
  type SizeEstimator,
  scaled,
  times,
  UNKNOWN,
} from './ranges.ts'
import { CHECK_COST, LIST_BASE, PATTERN_FACTOR, STRUCT_BASE, TRAVERSAL } from './runtime-cost.ts'
import { sameType } from './types.ts'

/** A call of an overload; sizes of what is not computed come from the estimator. */
interface CallShape {
  readonly fn: string
  readonly id: string
  readonly target: Node | undefined
  readonly args: readonly Node[]
  readonly estimator: SizeEstimator
}

/** The cost of a call without that of its arguments, and the size of its result if it has one. */
export interface CallEstimate {
  readonly cost: CostEstimate
  readonly size?: Range | undefined
}

const MAX_FORMAT_PATTERN = 128
const MAX_FORMAT_SIZE = 64
const ONE: CallEstimate = { cost: fixed(1) }

/** Estimates one call. */
export function estimateCall(call: CallShape): CallEstimate {
  const make = BY_OVERLOAD[call.id] ?? (Object.hasOwn(BY_FUNCTION, call.fn) ? BY_FUNCTION[call.fn] : undefined)
  return make?.(call) ?? standard(call)
}

type Estimate = (call: CallShape) => CallEstimate | undefined

function sizeOf({ estimator }: CallShape, node: Node | undefined): Range {
  if (!node) return UNKNOWN
  return node.size ?? estimator(node.path ?? [], node.type) ?? UNKNOWN
}

const one: Estimate = () => ONE
const target = (call: CallShape) => sizeOf(call, call.target)
const argument = (call: CallShape, i = 0) => sizeOf(call, call.args[i])
const literal = (call: CallShape, i: number, otherwise: number) => {
  const expr = call.args[i]?.expr
  return expr?.kind === 'const' && typeof expr.value === 'bigint' ? Math.max(0, Number(expr.value)) : otherwise
}

/** The node of a list's elements; undefined for what is no list. */
function elementsOf(list: Node | undefined): Node | undefined {
  const [type] = list?.type.params ?? []
  if (!list || !type) return undefined
  return { path: list.path && [...list.path, '@items'], type, expr: undefined, size: undefined }
}

const traversing =
  (factor = 1): Estimate =>
  (call) => ({ cost: scaled(argument(call), factor * TRAVERSAL) })

const transforming: Estimate = (call) => ({ cost: scaled(target(call), TRAVERSAL), size: target(call) })

const searching: Estimate = (call) => {
  if (!call.target) return undefined
  const element = elementsOf(call.target)
  if (!element) return { cost: scaled(target(call), TRAVERSAL) }
  const texts = element.type.kind === 'string' || element.type.kind === 'bytes'
  const each = texts ? add(fixed(1), scaled(sizeOf(call, element), TRAVERSAL)) : fixed(1)
  return { cost: times(target(call), each) }
}

function matching(text: Range, pattern: Range): CostEstimate {
  return times(scaled(add(text, fixed(1)), TRAVERSAL), scaled(pattern, PATTERN_FACTOR))
}

const finding: Estimate = (call) => {
  const text = target(call)
  return { cost: matching(text, argument(call)), size: { min: 0, max: text.max } }
}

const selector: Estimate = (call) => {
  const length = argument(call)
  const requirements = scaled(scaled(length, 0.5), LIST_BASE + STRUCT_BASE)
  return { cost: add(fixed(LIST_BASE), scaled(length, TRAVERSAL), requirements) }
}

const replacing: Estimate = (call) => {
  const [text, old, replacement] = [target(call), argument(call, 0), argument(call, 1)]
  let [most, kept] = [0, 0]
  if (old.min === 0) [most, kept] = [text.max + 1, text.max]
  else if (replacement.max <= old.min) kept = text.max
  else most = Math.ceil(text.max / old.min)
  let [least, keptLeast] = [0, 0]
  if (old.max === 0) [least, keptLeast] = [text.min + 1, text.min]
  else if (old.max <= replacement.min) keptLeast = text.min
  else least = Math.ceil(text.min / old.max)
  const size = add(times({ min: least, max: Math.min(most, MOST) }, replacement), { min: keptLeast, max: kept })
  return { cost: scaled(text, 2 * TRAVERSAL), size }
}

const splitting: Estimate = (call) => {
  const text = target(call)
  return { cost: scaled(text, 2 * TRAVERSAL), size: { min: 0, max: literal(call, 1, text.max) } }
}

const joining: Estimate = (call) => {
  const list = target(call)
  const element = elementsOf(call.target)
  let size = element ? times(list, sizeOf(call, element)) : fixed(0)
  if (call.args.length > 0) {
    const separators = { min: Math.max(0, list.min - 1), max: Math.max(0, list.max - 1) }
    size = add(size, times(argument(call), separators))
  }
  return { cost: scaled(size, TRAVERSAL), size }
}

/** Comparing networks goes over the bytes of their addresses, and over texts that are parsed first. */
function containing(network: boolean, parsed: boolean): Estimate {
  return (call) => {
    const bytes = { min: 4, max: 16 }
    const comparing = scaled(add(bytes, bytes), TRAVERSAL)
    const masking = network ? add(scaled(bytes, TRAVERSAL), fixed(1)) : fixed(0)
    const parsing = parsed ? scaled(argument(call), TRAVERSAL) : fixed(0)
    return { cost: add(comparing, masking, parsing) }
  }
}

const url: Estimate = (call) => ({ cost: scaled(argument(call), TRAVERSAL), size: argument(call) })

const equality: Estimate = (call) => {
  const [a, b] = call.args
  if (!a || !b || !sameType(a.type, b.type)) return undefined
  switch (a.type.name) {
    case 'net.IP':
    case 'net.CIDR':
    case 'kubernetes.Quantity':
    case 'kubernetes.Semver':
      return ONE
    case 'kubernetes.NamedFormat':
      return { cost: scaled({ min: 1, max: MAX_FORMAT_SIZE }, TRAVERSAL) }
    case 'kubernetes.URL':
      return { cost: scaled({ min: 1, max: b.size?.max ?? 1 }, TRAVERSAL) }
    default:
      return a.type.name.startsWith('kubernetes.authorization.') ? ONE : undefined
  }
}

/** Calls that make a list as large as `size`. */
function making(size: Range, factor = 1): CallEstimate {
  return { cost: add(scaled(size, factor), fixed(1 + LIST_BASE)), size }
}

const sets =
  (factor: number): Estimate =>
  (call) => ({ cost: add(scaled(times(argument(call, 0), argument(call, 1)), factor), fixed(1)) })

const sorting: Estimate = (call) => {
  const keys = call.fn === 'sort' ? call.target : call.args[0]
  const size = sizeOf(call, keys)
  const kind = keys?.type.params[0]?.kind
  return making(times(size, size), kind === 'string' || kind === 'bytes' ? 2 + TRAVERSAL : 2)
}

const BY_OVERLOAD: Readonly<Record<string, Estimate>> = {
  list_slice: (call) => {
    const [start, end] = [literal(call, 0, 0), literal(call, 1, target(call).max)]
    // Less than nothing is very much, for whom there are no negative numbers.
    return making(fixed(end < start ? MOST : end - start))
  },
  lists_range: (call) => making(fixed(literal(call, 0, MOST))),
  list_reverse: (call) => making(target(call)),
  list_flatten: (call) => making(target(call)),
  list_flatten_int: (call) => making(target(call), literal(call, 0, MOST)),
  list_distinct: (call) => making(times(target(call), target(call)), 2),
  list_sets_contains_list: sets(1),
  list_sets_intersects_list: sets(1),
  list_sets_equivalent_list: sets(2),
  cidr_ip: one,
  cidr_contains_ip_string: containing(false, true),
  cidr_contains_ip_ip: containing(false, false),
  cidr_contains_cidr_string: containing(true, true),
  cidr_contains_cidr: containing(true, false),
}

const BY_FUNCTION: Readonly<Record<string, Estimate>> = {
  check: () => ({ cost: fixed(CHECK_COST) }),
  fieldSelector: selector,
  labelSelector: selector,
  isSorted: searching,
  sum: searching,
  max: searching,
  min: searching,
  indexOf: searching,
  lastIndexOf: searching,
  sort: sorting,
  '@sortByAssociatedKeys': sorting,
  url,
  'jsonpatch.escapeKey': url,
  lowerAscii: transforming,
  upperAscii: transforming,
  substring: transforming,
  trim: transforming,
  replace: replacing,
  split: splitting,
  join: joining,
  find: finding,
  findAll: finding,
  cidr: traversing(),
  isIP: traversing(),
  isCIDR: traversing(),
  ip: traversing(),
  'ip.isCanonical': traversing(2),
  quantity: traversing(),
  isQuantity: traversing(),
  semver: traversing(),
  isSemver: traversing(),
  validate: (call) => ({
    cost: scaled(scaled(argument(call), TRAVERSAL), MAX_FORMAT_PATTERN * PATTERN_FACTOR),
  }),
  '_==_': equality,
}

const COMPARING = /^(?:(?:less|greater)(?:_equals)?_(?:string|bytes)|equals|not_equals)$/

/** Functions of the language itself. */
function standard(call: CallShape): CallEstimate {
  const size = (i: number) => call.args[i]?.size ?? UNKNOWN
  switch (call.id) {
    case 'string_format':
      return { cost: scaled(call.target?.size ?? UNKNOWN, TRAVERSAL) }
    case 'string_to_bytes':
      return { cost: scaled(size(0), TRAVERSAL), size: { min: size(0).min, max: Math.min(MOST, size(0).max * 4) } }
    case 'bytes_to_string':
      return { cost: scaled(size(0), TRAVERSAL), size: { min: Math.trunc(size(0).min / 4), max: size(0).max } }
    case 'strings_quote':
      return { cost: scaled(size(0), TRAVERSAL), size: add(fixed(2), { min: size(0).min, max: size(0).max * 2 }) }
    case 'starts_with_string':
    case 'ends_with_string':
      return { cost: scaled(size(0), TRAVERSAL) }
    case 'in_list':
      return { cost: size(1) }
    case 'matches_string':
      return { cost: matching(call.target?.size ?? UNKNOWN, size(0)) }
    case 'contains_string':
      return { cost: times(scaled(call.target?.size ?? UNKNOWN, TRAVERSAL), scaled(size(0), TRAVERSAL)) }
    case 'add_list':
      return { cost: fixed(1), size: add(size(0), size(1)) }
    case 'add_string':
    case 'add_bytes':
      return { cost: scaled(add(size(0), size(1)), TRAVERSAL), size: add(size(0), size(1)) }
  }
  if (COMPARING.test(call.id)) {
    const max = Math.min(size(0).max, size(1).max)
    return { cost: scaled({ min: max > 0 ? 1 : 0, max }, TRAVERSAL) }
  }
  return ONE
}
