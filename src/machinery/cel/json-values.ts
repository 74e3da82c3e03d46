// JSON as values of expressions, converted only where an expression looks.

import { fail } from './functions.ts'
import { formatDuration, formatTimestamp, parseDate, parseDuration, parseTimestamp } from './lib/time.ts'
import { type DeclaredType, declaredField } from './schema-types.ts'
import {
  Duration,
  List,
  type ListSemantics,
  MapValue,
  Opaque,
  Optional,
  Timestamp,
  Uint,
  type Value,
} from './values.ts'

type Convert = (json: unknown) => Value

/** A value of JSON that nothing is known of. */
export function fromJson(json: unknown): Value {
  if (json === undefined || json === null) return null
  if (typeof json === 'string' || typeof json === 'boolean' || typeof json === 'bigint') return json
  if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : json
  if (Array.isArray(json)) return new JsonList(json, fromJson, undefined)
  if (typeof json === 'object') return new JsonMap(json as Readonly<Record<string, unknown>>, fromJson)
  return fail(`unsupported value of type ${typeof json}`)
}

/** A value of JSON as its declared type says. */
export function fromTypedJson(json: unknown, declared: DeclaredType): Value {
  if (json === undefined || json === null) {
    return declared.nullable ? null : fail('invalid data, got null for schema with nullable=false')
  }
  const wrong = (wanted: string): never =>
    fail(`invalid data, expected ${wanted} value to match the provided schema, got ${typeof json}`)
  switch (declared.json) {
    case 'any':
      return fromJson(json)
    case 'int-or-string':
      return typeof json === 'number' || typeof json === 'string'
        ? fromJson(json)
        : wrong('XIntOrString value to be either a string or integer')
    case 'int':
      return typeof json === 'number' && Number.isInteger(json) ? BigInt(json) : wrong('int')
    case 'double':
      return typeof json === 'number' ? json : wrong('double')
    case 'bool':
      return typeof json === 'boolean' ? json : wrong('bool')
    case 'string':
      return typeof json === 'string' ? json : wrong('string')
    case 'bytes':
      return typeof json === 'string' ? new Uint8Array(Buffer.from(json, 'base64')) : wrong('byte')
    case 'duration':
      return (
        (typeof json === 'string' ? parseDuration(json) : undefined) ?? fail(`Invalid duration ${JSON.stringify(json)}`)
      )
    case 'date':
      return (typeof json === 'string' ? parseDate(json) : undefined) ?? fail(`Invalid date ${JSON.stringify(json)}`)
    case 'date-time':
      return (
        (typeof json === 'string' ? parseTimestamp(json) : undefined) ??
        fail(`Invalid date-time ${JSON.stringify(json)}`)
      )
    case 'list': {
      const { element } = declared
      if (!Array.isArray(json) || !element) return wrong('array')
      return new JsonList(json, (item) => fromTypedJson(item, element), declared.semantics)
    }
    case 'map': {
      const { element } = declared
      if (!isRecord(json) || !element) return wrong('map')
      return new JsonMap(json, (item) => fromTypedJson(item, element))
    }
    case 'object':
      return isRecord(json) ? new JsonObject(json, declared) : wrong('object')
  }
}

function isRecord(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

class JsonList extends List {
  readonly #json: readonly unknown[]
  readonly #convert: Convert
  readonly #semantics: ListSemantics | undefined
  readonly #items: Value[] = []

  constructor(json: readonly unknown[], convert: Convert, semantics: ListSemantics | undefined) {
    super()
    this.#json = json
    this.#convert = convert
    this.#semantics = semantics
  }

  get size(): number {
    return this.#json.length
  }

  override get semantics(): ListSemantics | undefined {
    return this.#semantics
  }

  at(index: number): Value {
    const known = this.#items[index]
    if (known !== undefined) return known
    const value = this.#convert(this.#json[index])
    this.#items[index] = value
    return value
  }
}

class JsonMap extends MapValue {
  readonly #json: Readonly<Record<string, unknown>>
  readonly #convert: Convert
  readonly #values = new Map<string, Value>()
  #size: number | undefined

  constructor(json: Readonly<Record<string, unknown>>, convert: Convert) {
    super()
    this.#json = json
    this.#convert = convert
  }

  get size(): number {
    this.#size ??= Object.keys(this.#json).length
    return this.#size
  }

  get(key: Value): Value | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.#json, key) || this.#json[key] === undefined) return undefined
    const known = this.#values.get(key)
    if (known !== undefined) return known
    const value = this.#convert(this.#json[key])
    this.#values.set(key, value)
    return value
  }

  keys(): Value[] {
    return Object.keys(this.#json)
  }
}

/** An object: expressions see the fields that are declared, under the names they can write. */
class JsonObject extends MapValue {
  readonly #json: Readonly<Record<string, unknown>>
  readonly #declared: DeclaredType
  readonly #values = new Map<string, Value>()

  constructor(json: Readonly<Record<string, unknown>>, declared: DeclaredType) {
    super()
    this.#json = json
    this.#declared = declared
  }

  get size(): number {
    return this.keys().length
  }

  override get typeName(): string {
    return this.#declared.type.name
  }

  get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined
    const field = declaredField(this.#declared, key)
    if (!field || !Object.hasOwn(this.#json, field.name) || this.#json[field.name] === undefined) return undefined
    const known = this.#values.get(key)
    if (known !== undefined) return known
    const value = fromTypedJson(this.#json[field.name], field.declared)
    this.#values.set(key, value)
    return value
  }

  keys(): Value[] {
    const fields = this.#declared.fields ?? new Map()
    return [...fields]
      .filter(([, { name }]) => this.#json[name] !== undefined && Object.hasOwn(this.#json, name))
      .map(([key]) => key)
  }
}

/** The JSON of a value; fields of objects lose nothing but their types. */
export function toJson(value: Value): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint) return Number(value.value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value)
  if (value instanceof List) return value.toArray().map(toJson)
  if (value instanceof MapValue) return mapToJson(value)
  if (value instanceof Optional) return value.value === undefined ? null : toJson(value.value)
  if (value instanceof Opaque) return fail(`cannot convert ${value.type.name} to JSON`)
  return value.name
}

function mapToJson(map: MapValue): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const key of map.keys()) {
    const value = map.get(key)
    if (typeof key !== 'string') return fail('cannot convert a map with keys that are no strings to JSON')
    const json = value === undefined ? null : toJson(value)
    Object.defineProperty(result, key, { value: json, enumerable: true, writable: true, configurable: true })
  }
  return result
}
