// Operators and the functions every expression has. Spec: cel-spec langdef, list of standard definitions.

import { compare, equal, includes, itemIdentity } from '../equality.ts'
import { type Declaration, fail } from '../functions.ts'
import {
  ArrayList,
  ConcatenatedList,
  characters,
  Duration,
  type List,
  type MapValue,
  mapKey,
  SemanticList,
  type Timestamp,
  Uint,
  type Value,
} from '../values.ts'
import { regex } from './regex.ts'
import { checkedDuration, checkedTimestamp } from './time.ts'

const MIN_INT = -(1n << 63n)
const MAX_INT = (1n << 63n) - 1n
const MAX_UINT = (1n << 64n) - 1n

/** An int, or the error of one that does not fit in 64 bits. */
export function int(value: bigint): bigint {
  return value < MIN_INT || value > MAX_INT ? fail('integer overflow') : value
}

/** A uint, or the error of one that does not fit in 64 bits. */
export function uint(value: bigint): Uint {
  return value < 0n || value > MAX_UINT ? fail('unsigned integer overflow') : new Uint(value)
}

const nonZero = (value: bigint, message: string): bigint => (value === 0n ? fail(message) : value)

const arithmetic: readonly Declaration[] = [
  ['_+_', 'add_int64', '(int,int)->int', (a: bigint, b: bigint) => int(a + b)],
  ['_+_', 'add_uint64', '(uint,uint)->uint', (a: Uint, b: Uint) => uint(a.value + b.value)],
  ['_+_', 'add_double', '(double,double)->double', (a: number, b: number) => a + b],
  ['_+_', 'add_string', '(string,string)->string', (a: string, b: string) => a + b],
  ['_+_', 'add_bytes', '(bytes,bytes)->bytes', (a: Uint8Array, b: Uint8Array) => new Uint8Array(Buffer.concat([a, b]))],
  ['_+_', 'add_list', '(list(A),list(A))->list(A)', concat],
  [
    '_+_',
    'add_timestamp_duration',
    '(timestamp,duration)->timestamp',
    (a: Timestamp, b: Duration) => checkedTimestamp(a.nanos + b.nanos),
  ],
  [
    '_+_',
    'add_duration_timestamp',
    '(duration,timestamp)->timestamp',
    (a: Duration, b: Timestamp) => checkedTimestamp(a.nanos + b.nanos),
  ],
  [
    '_+_',
    'add_duration_duration',
    '(duration,duration)->duration',
    (a: Duration, b: Duration) => checkedDuration(a.nanos + b.nanos),
  ],
  ['_-_', 'subtract_int64', '(int,int)->int', (a: bigint, b: bigint) => int(a - b)],
  ['_-_', 'subtract_uint64', '(uint,uint)->uint', (a: Uint, b: Uint) => uint(a.value - b.value)],
  ['_-_', 'subtract_double', '(double,double)->double', (a: number, b: number) => a - b],
  [
    '_-_',
    'subtract_timestamp_timestamp',
    '(timestamp,timestamp)->duration',
    (a: Timestamp, b: Timestamp) => new Duration(int(a.nanos - b.nanos)),
  ],
  [
    '_-_',
    'subtract_timestamp_duration',
    '(timestamp,duration)->timestamp',
    (a: Timestamp, b: Duration) => checkedTimestamp(a.nanos - b.nanos),
  ],
  [
    '_-_',
    'subtract_duration_duration',
    '(duration,duration)->duration',
    (a: Duration, b: Duration) => checkedDuration(a.nanos - b.nanos),
  ],
  ['_*_', 'multiply_int64', '(int,int)->int', (a: bigint, b: bigint) => int(a * b)],
  ['_*_', 'multiply_uint64', '(uint,uint)->uint', (a: Uint, b: Uint) => uint(a.value * b.value)],
  ['_*_', 'multiply_double', '(double,double)->double', (a: number, b: number) => a * b],
  ['_/_', 'divide_int64', '(int,int)->int', (a: bigint, b: bigint) => int(a / nonZero(b, 'division by zero'))],
  [
    '_/_',
    'divide_uint64',
    '(uint,uint)->uint',
    (a: Uint, b: Uint) => uint(a.value / nonZero(b.value, 'division by zero')),
  ],
  ['_/_', 'divide_double', '(double,double)->double', (a: number, b: number) => a / b],
  ['_%_', 'modulo_int64', '(int,int)->int', modulo],
  [
    '_%_',
    'modulo_uint64',
    '(uint,uint)->uint',
    (a: Uint, b: Uint) => uint(a.value % nonZero(b.value, 'modulus by zero')),
  ],
  ['-_', 'negate_int64', '(int)->int', (a: bigint) => int(-a)],
  ['-_', 'negate_double', '(double)->double', (a: number) => -a],
]

function modulo(a: bigint, b: bigint): bigint {
  if (a === MIN_INT && b === -1n) return fail('integer overflow')
  return a % nonZero(b, 'modulus by zero')
}

/** Lists up to this size are copied when they are concatenated. */
const SMALL = 256
/** Far more than a request can hold: only lists that are concatenated with themselves get there. */
const MAX_SIZE = 4_000_000

function concat(a: List, b: List): List {
  const { semantics } = a
  if (a.size + b.size > MAX_SIZE) return fail(`list size exceeds limit: ${MAX_SIZE}`)
  if (!semantics) {
    return a.size + b.size <= SMALL ? new ArrayList([...a.toArray(), ...b.toArray()]) : new ConcatenatedList(a, b)
  }
  const items = [...a.toArray()]
  const places = new Map(items.map((item, i) => [itemIdentity(item, semantics), i]))
  for (const item of b.toArray()) {
    const identity = itemIdentity(item, semantics)
    const place = places.get(identity)
    if (place === undefined) places.set(identity, items.push(item) - 1)
    else if (semantics.kind === 'map') items[place] = item
  }
  return new SemanticList(items, semantics)
}

const ORDERED: readonly (readonly [id: string, a: string, b: string])[] = [
  ...['bool', 'string', 'bytes', 'timestamp', 'duration'].map((type) => [type, type, type] as const),
  ['int64', 'int', 'int'],
  ['int64_double', 'int', 'double'],
  ['int64_uint64', 'int', 'uint'],
  ['uint64', 'uint', 'uint'],
  ['uint64_double', 'uint', 'double'],
  ['uint64_int64', 'uint', 'int'],
  ['double', 'double', 'double'],
  ['double_int64', 'double', 'int'],
  ['double_uint64', 'double', 'uint'],
]

const RELATIONS: readonly (readonly [fn: string, id: string, holds: (order: number) => boolean])[] = [
  ['_<_', 'less', (order) => order < 0],
  ['_<=_', 'less_equals', (order) => order <= 0],
  ['_>_', 'greater', (order) => order > 0],
  ['_>=_', 'greater_equals', (order) => order >= 0],
]

function ordered(a: Value, b: Value): number {
  const order = compare(a, b) ?? fail('no such overload')
  return Number.isNaN(order) && typeof a !== typeof b ? fail('NaN values cannot be ordered') : order
}

const relations: readonly Declaration[] = RELATIONS.flatMap(([fn, prefix, holds]) =>
  ORDERED.map(([id, a, b]): Declaration => {
    const call = (x: Value, y: Value) => holds(ordered(x, y))
    return [fn, `${prefix}_${id}`, `(${a},${b})->bool`, call]
  }),
)

const size = (value: List | MapValue) => BigInt(value.size)

const rest: readonly Declaration[] = [
  ['_==_', 'equals', '(A,A)->bool', equal],
  ['_!=_', 'not_equals', '(A,A)->bool', (a: Value, b: Value) => !equal(a, b)],
  ['!_', 'logical_not', '(bool)->bool', (a: boolean) => !a],
  ['@in', 'in_list', '(A,list(A))->bool', (value: Value, list: List) => includes(list, value)],
  ['@in', 'in_map', '(A,map(A,B))->bool', (key: Value, map: MapValue) => map.get(key) !== undefined],
  ['_[_]', 'index_list', '(list(A),int)->A', elementAt],
  ['_[_]', 'index_map', '(map(A,B),A)->B', entryOf],
  ['size', 'size_string', '(string)->int', (text: string) => BigInt(characters(text))],
  ['size', 'string_size', 'string.()->int', (text: string) => BigInt(characters(text))],
  ['size', 'size_bytes', '(bytes)->int', (bytes: Uint8Array) => BigInt(bytes.length)],
  ['size', 'bytes_size', 'bytes.()->int', (bytes: Uint8Array) => BigInt(bytes.length)],
  ['size', 'size_list', '(list(A))->int', size],
  ['size', 'list_size', 'list(A).()->int', size],
  ['size', 'size_map', '(map(A,B))->int', size],
  ['size', 'map_size', 'map(A,B).()->int', size],
  ['contains', 'contains_string', 'string.(string)->bool', (text: string, part: string) => text.includes(part)],
  [
    'startsWith',
    'starts_with_string',
    'string.(string)->bool',
    (text: string, start: string) => text.startsWith(start),
  ],
  ['endsWith', 'ends_with_string', 'string.(string)->bool', (text: string, end: string) => text.endsWith(end)],
  ['matches', 'matches', '(string,string)->bool', matches],
  ['matches', 'matches_string', 'string.(string)->bool', matches],
]

function matches(text: string, pattern: string): boolean {
  return regex(pattern).matcher(text).find()
}

/** An element of a list, by an int or another number that is whole. */
export function elementAt(list: List, index: Value): Value {
  const at = mapKey(index)
  if (!at?.startsWith('i')) return fail(`unsupported index type '${typeof index}' in list`)
  const i = Number(at.slice(1))
  return i < 0 || i >= list.size ? fail(`index out of bounds: ${at.slice(1)}`) : list.at(i)
}

/** A value of a map, which must have the key. */
export function entryOf(map: MapValue, key: Value): Value {
  const found = map.get(key)
  return found === undefined ? fail(`no such key: ${keyText(key)}`) : found
}

function keyText(key: Value): string {
  return key instanceof Uint ? String(key.value) : String(key)
}

export const STANDARD: readonly Declaration[] = [...arithmetic, ...relations, ...rest]
