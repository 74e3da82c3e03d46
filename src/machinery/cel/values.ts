// The values expressions compute with. int is bigint and double is number; what JavaScript has no type for is a class.

import type { Type } from './types.ts'

/** Every value an expression may have. */
export type Value =
  | bigint
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | List
  | MapValue
  | Optional
  | TypeValue
  | Opaque

/** An unsigned 64-bit integer. */
export class Uint {
  readonly value: bigint
  constructor(value: bigint) {
    this.value = value
  }
}

/** A point in time, in nanoseconds since 1970. */
export class Timestamp {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

/** A span of time in nanoseconds. */
export class Duration {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

/** A value that may be absent. */
export class Optional {
  static readonly none = new Optional(undefined)
  readonly value: Value | undefined
  constructor(value: Value | undefined) {
    this.value = value
  }
}

/** A type as a value: `type(1) == int`. */
export class TypeValue {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** A value of a library's type, such as a quantity: only the library's functions look inside. */
export class Opaque {
  readonly type: Type
  readonly data: unknown
  readonly equals: (other: unknown) => boolean
  constructor(type: Type, data: unknown, equals: (other: unknown) => boolean) {
    this.type = type
    this.data = data
    this.equals = equals
  }
}

/** How a list compares and concatenates: `x-kubernetes-list-type`. */
export type ListSemantics = { readonly kind: 'set' } | { readonly kind: 'map'; readonly keys: readonly string[] }

/** A list; elements of lists from outside are converted when they are read. */
export abstract class List {
  abstract readonly size: number
  /** Undefined for lists that compare element by element. */
  get semantics(): ListSemantics | undefined {
    return undefined
  }
  /** The element at an index within the size. */
  abstract at(index: number): Value
  toArray(): Value[] {
    return Array.from({ length: this.size }, (_, i) => this.at(i))
  }
}

/** A list that an expression made. */
export class ArrayList extends List {
  readonly items: Value[]
  constructor(items: Value[]) {
    super()
    this.items = items
  }
  get size(): number {
    return this.items.length
  }
  at(index: number): Value {
    return this.items[index] as Value
  }
  override toArray(): Value[] {
    return this.items
  }
}

/** Two lists, one after the other, without a copy: concatenating costs the same however long they are. */
export class ConcatenatedList extends List {
  readonly #left: List
  readonly #right: List
  readonly size: number
  #items: Value[] | undefined

  constructor(left: List, right: List) {
    super()
    this.#left = left
    this.#right = right
    this.size = left.size + right.size
  }

  /** In one array, which is made when everything is wanted. */
  override toArray(): Value[] {
    if (this.#items) return this.#items
    const items: Value[] = []
    const rest: List[] = [this]
    for (let list = rest.pop(); list; list = rest.pop()) {
      if (list instanceof ConcatenatedList && !list.#items) rest.push(list.#right, list.#left)
      else for (let i = 0; i < list.size; i++) items.push(list.at(i))
    }
    this.#items = items
    return items
  }

  at(index: number): Value {
    if (this.#items) return this.#items[index] as Value
    let list: List = this
    let i = index
    // A loop, as chains of concatenations are as deep as expressions are long.
    while (list instanceof ConcatenatedList) {
      const { size } = list.#left
      if (i < size) list = list.#left
      else {
        i -= size
        list = list.#right
      }
    }
    return list.at(i)
  }
}

/** A list that keeps the way its left side compares when it was concatenated. */
export class SemanticList extends ArrayList {
  readonly #semantics: ListSemantics
  constructor(items: Value[], semantics: ListSemantics) {
    super(items)
    this.#semantics = semantics
  }
  override get semantics(): ListSemantics {
    return this.#semantics
  }
}

/** A map, or an object of a declared type. */
export abstract class MapValue {
  abstract readonly size: number
  /** The name of the type of an object; undefined for a map. */
  get typeName(): string | undefined {
    return undefined
  }
  abstract get(key: Value): Value | undefined
  abstract keys(): Value[]
}

/** A map that an expression made. */
export class EntryMap extends MapValue {
  readonly entries = new Map<string, readonly [Value, Value]>()
  get size(): number {
    return this.entries.size
  }
  get(key: Value): Value | undefined {
    const at = mapKey(key)
    return at === undefined ? undefined : this.entries.get(at)?.[1]
  }
  keys(): Value[] {
    return [...this.entries.values()].map(([key]) => key)
  }
  set(key: Value, value: Value): void {
    const at = mapKey(key)
    if (at === undefined) throw new Failure(`unsupported key type: ${typeNameOf(key)}`)
    this.entries.set(at, [key, value])
  }
}

/** An object of a declared type that an expression made: `Object.spec{replicas: 1}`. */
export class StructValue extends EntryMap {
  readonly #name: string
  constructor(name: string) {
    super()
    this.#name = name
  }
  override get typeName(): string {
    return this.#name
  }
}

/** The text under which equal keys meet, whatever their numeric type; undefined for what cannot be a key. */
export function mapKey(key: Value): string | undefined {
  switch (typeof key) {
    case 'string':
      return `s${key}`
    case 'bigint':
      return `i${key}`
    case 'boolean':
      return `b${key}`
    case 'number':
      return Number.isInteger(key) ? `i${BigInt(key)}` : `d${key}`
  }
  return key instanceof Uint ? `i${key.value}` : undefined
}

/** An evaluation that came to no value. Kept cheap: it carries no stack. */
export class Failure {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

/** The evaluation cost more than it may. */
export class CostExceeded extends Failure {
  constructor() {
    super('operation cancelled: actual cost limit exceeded')
  }
}

/** The name of a value's type at run time. */
export function typeNameOf(value: Value): string {
  switch (typeof value) {
    case 'bigint':
      return 'int'
    case 'number':
      return 'double'
    case 'string':
      return 'string'
    case 'boolean':
      return 'bool'
  }
  if (value === null) return 'null_type'
  if (value instanceof Uint) return 'uint'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp'
  if (value instanceof Duration) return 'google.protobuf.Duration'
  if (value instanceof List) return 'list'
  // Objects that were read have types only while expressions are compiled.
  if (value instanceof MapValue) return value instanceof StructValue ? value.typeName : 'map'
  if (value instanceof Optional) return 'optional_type'
  if (value instanceof TypeValue) return 'type'
  return value.type.name
}

/** How many characters a string has. */
export function characters(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length - 1; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0xd800 && code <= 0xdbff) {
      count--
      i++
    }
  }
  return count
}

/** The size of what has one, and 1 for everything else: what costs are counted in. */
export function sizeOf(value: Value): number {
  if (typeof value === 'string') return characters(value)
  if (value instanceof Uint8Array) return value.length
  if (value instanceof List || value instanceof MapValue) return value.size
  if (value instanceof Optional && value.value !== undefined) return sizeOf(value.value)
  if (value instanceof Opaque) return opaqueSize(value.data)
  return 1
}

function opaqueSize(data: unknown): number {
  if (typeof data !== 'object' || data === null || !('size' in data)) return 1
  return typeof data.size === 'number' ? data.size : 1
}
