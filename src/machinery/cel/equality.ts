// Equality and order of values, across numeric types.

import {
  Duration,
  List,
  type ListSemantics,
  MapValue,
  mapKey,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  typeNameOf,
  Uint,
  type Value,
} from './values.ts'

/** Whether two values are equal; values of different types are not, but for numbers. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true
  const [x, y] = [numeric(a), numeric(b)]
  if (x !== undefined || y !== undefined) {
    return x !== undefined && y !== undefined && order(x, y) === 0
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof List) return b instanceof List && equalLists(a, b)
  if (a instanceof MapValue) return b instanceof MapValue && equalMaps(a, b)
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos
  if (a instanceof Uint8Array) return b instanceof Uint8Array && compareBytes(a, b) === 0
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name
  if (a instanceof Optional) {
    if (!(b instanceof Optional)) return false
    if (a.value === undefined || b.value === undefined) return a.value === b.value
    return equal(a.value, b.value)
  }
  return a instanceof Opaque && b instanceof Opaque && a.type.name === b.type.name && a.equals(b.data)
}

/** The number that a value is, if it is one. */
function numeric(value: Value): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value
  return value instanceof Uint ? value.value : undefined
}

/** The order of two numbers; one that is no double is compared with a double as the double next to it. */
function order(a: bigint | number, b: bigint | number): number {
  if (typeof a !== typeof b) return order(Number(a), Number(b))
  return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN
}

function equalLists(a: List, b: List): boolean {
  if (a.size !== b.size) return false
  const semantics = a.semantics ?? b.semantics
  if (semantics) {
    const known = new Map(a.toArray().map((item) => [itemIdentity(item, semantics), item]))
    return b.toArray().every((item) => {
      const found = known.get(itemIdentity(item, semantics))
      return found !== undefined && equal(found, item)
    })
  }
  for (let i = 0; i < a.size; i++) if (!equal(a.at(i), b.at(i))) return false
  return true
}

/** What makes an item of a set or of a list with keys the one that it is. */
export function itemIdentity(item: Value, semantics: ListSemantics): string {
  if (semantics.kind === 'set' || !(item instanceof MapValue)) return identity(item)
  return JSON.stringify(semantics.keys.map((key) => identity(item.get(key) ?? null)))
}

/** A text that equal values share, and no others. */
function identity(value: Value): string {
  const key = mapKey(value)
  if (key !== undefined) return JSON.stringify(key)
  if (value instanceof List) return `[${value.toArray().map(identity).join()}]`
  if (value instanceof MapValue) {
    const entries = value.keys().map((name) => `${identity(name)}:${identity(value.get(name) ?? null)}`)
    return `{${entries.sort().join()}}`
  }
  if (value instanceof Timestamp) return `t${value.nanos}`
  if (value instanceof Duration) return `d${value.nanos}`
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString('hex')}`
  return value === null ? 'null' : typeNameOf(value)
}

function equalMaps(a: MapValue, b: MapValue): boolean {
  if (a.size !== b.size) return false
  if (a.typeName !== undefined && b.typeName !== undefined && a.typeName !== b.typeName) return false
  for (const key of a.keys()) {
    const [x, y] = [a.get(key), b.get(key)]
    if (x === undefined || y === undefined || !equal(x, y)) return false
  }
  return true
}

/** Whether a list has an element equal to a value. */
export function includes(list: List, value: Value): boolean {
  for (let i = 0; i < list.size; i++) if (equal(list.at(i), value)) return true
  return false
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}

/** Order of two values: negative, 0 or positive, NaN for no order; undefined when they cannot be compared. */
export function compare(a: Value, b: Value): number | undefined {
  const [x, y] = [numeric(a), numeric(b)]
  if (x !== undefined && y !== undefined) return order(x, y)
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b)
  if ((a instanceof Timestamp && b instanceof Timestamp) || (a instanceof Duration && b instanceof Duration)) {
    return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0
  }
  return undefined
}

/** By code points, as their UTF-8 compares; JavaScript's own order differs beyond the basic plane. */
function compareText(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x === y) continue
    const [high, low] = [x >= 0xd800 && x < 0xe000, y >= 0xd800 && y < 0xe000]
    return high !== low && (high ? y : x) >= 0xd800 ? (high ? 1 : -1) : x - y
  }
  return a.length - b.length
}
