// Turns parsed JSON into an object of a known type: wrong types are refused with Go's wording, unknown fields are
// collected and dropped, nulls and empty collections disappear, quantities and times become canonical.
// Wording: sigs.k8s.io/json and k8s.io/apimachinery/pkg/runtime/serializer/json.

import { type FieldSchema, typeOf } from '../api/schema.ts'
import { formatQuantity, parseQuantity, QUANTITY_ERROR } from './quantity.ts'

/** The value does not fit its type; the message has upstream's wording. */
export class DecodeError extends Error {
  override name = 'DecodeError'
  /** What was there in place of a value of which Go type; absent for values of the right type that are not valid. */
  readonly mismatch: { readonly given: unknown; readonly goType: string } | undefined
  constructor(message: string, mismatch?: { given: unknown; goType: string }) {
    super(message)
    this.mismatch = mismatch
  }
}

interface Context {
  /** Paths of fields that the type does not have, e.g. `spec.containers[0].imag`; bounded. */
  readonly unknown: string[]
}

type Decoder = (value: unknown, at: Place, context: Context) => unknown

/** Where a value stands: `path` with indexes for field errors, `fields` without for Go's wording. */
interface Place {
  readonly struct: string
  readonly fields: string
  readonly path: string
}

const MAX_UNKNOWN = 100
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.'
/** Types whose uid is a type of its own in Go. */
const IDENTIFIED = new Set(['ObjectMeta', 'OwnerReference', 'Preconditions'].map((name) => `${META}${name}`))
const decoders = new Map<string, Decoder>()

/**
 * Decodes `value` as the type `ref`. Gives the clean object and the unknown fields' paths.
 * Throws DecodeError for a value of the wrong type.
 */
export function decode(ref: string, value: unknown): { object: Record<string, unknown>; unknownFields: string[] } {
  const context: Context = { unknown: [] }
  const object = decoderOf(ref)(value, { struct: '', fields: '', path: '' }, context)
  return { object: object as Record<string, unknown>, unknownFields: context.unknown }
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  return typeof value
}

function mismatch(value: unknown, at: Place, goType: string): DecodeError {
  const shown = typeof value === 'number' && /^u?int/.test(goType) ? `number ${value}` : jsonKind(value)
  const where = at.struct === '' ? 'Go value' : `Go struct field ${at.struct}.${at.fields}`
  return new DecodeError(`json: cannot unmarshal ${shown} into ${where} of type ${goType}`, { given: value, goType })
}

function goName(ref: string): string {
  const parts = ref.split('.')
  return `${parts.at(-2)}.${parts.at(-1)}`
}

function goType(field: FieldSchema): string {
  if (field.ref) return goName(field.ref)
  if (field.map) return `map[string]${goType(field.map)}`
  if (field.items) return `[]${goType(field.items)}`
  switch (field.type) {
    case 'integer':
      return field.format ?? 'int64'
    case 'number':
      return 'float64'
    case 'boolean':
      return 'bool'
    default:
      return field.format === 'byte' ? '[]uint8' : 'string'
  }
}

function decoderOf(ref: string): Decoder {
  const known = decoders.get(ref)
  if (known) return known
  // Types refer to each other in circles: register a forwarder before building.
  let real: Decoder | undefined
  decoders.set(ref, (value, at, context) => {
    real ??= decoders.get(ref)
    return real ? real(value, at, context) : value
  })
  const built = SPECIAL[ref] ?? structDecoder(ref)
  decoders.set(ref, built)
  return built
}

function structDecoder(ref: string): Decoder {
  const type = typeOf(ref)
  const struct = ref.slice(ref.lastIndexOf('.') + 1)
  if (!type.fields) return (value, at) => (isRecord(value) ? value : fail(value, at, goName(ref)))
  const fields = new Map(
    Object.entries(type.fields).map(([name, schema]) => [
      name,
      {
        decode: fieldDecoder(schema, name === 'uid' && IDENTIFIED.has(ref) ? 'types.UID' : undefined),
        // Where nothing is written as null, no elements are something else.
        collection: (schema.items !== undefined || schema.map !== undefined) && schema.unset !== 'null',
        zeroIsAbsent: schema.zeroIsAbsent === true,
      },
    ]),
  )
  const required = new Set(type.required)
  return (value, at, context) => {
    if (!isRecord(value)) return fail(value, at, goName(ref))
    const out: Record<string, unknown> = {}
    for (const name in value) {
      const inner = value[name]
      const field = fields.get(name)
      if (!field) {
        if (context.unknown.length < MAX_UNKNOWN) context.unknown.push(at.path === '' ? name : `${at.path}.${name}`)
        continue
      }
      if (inner === null || inner === undefined) continue
      const decoded = field.decode(
        inner,
        {
          struct,
          fields: at.fields === '' ? name : `${at.fields}.${name}`,
          path: at.path === '' ? name : `${at.path}.${name}`,
        },
        context,
      )
      if (field.collection && !required.has(name) && isEmpty(decoded)) continue
      if (field.zeroIsAbsent && (decoded === '' || decoded === 0 || decoded === false)) continue
      out[name] = decoded
    }
    return out
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  for (const _ in value as object) return false
  return true
}

function fail(value: unknown, at: Place, type: string): never {
  throw mismatch(value, at, type)
}

function fieldDecoder(schema: FieldSchema, type = goType(schema)): Decoder {
  if (schema.ref) {
    const ref = schema.ref
    let found: Decoder | undefined
    return (value, at, context) => {
      found ??= decoderOf(ref)
      return found(value, at, context)
    }
  }
  if (schema.map) {
    const inner = fieldDecoder(schema.map)
    const zero = zeroOf(schema.map)
    return (value, at, context) => {
      if (!isRecord(value)) return fail(value, at, type)
      const out: Record<string, unknown> = {}
      for (const key in value) {
        const item = value[key]
        const decoded = item === null ? zero() : inner(item, { ...at, path: `${at.path}.${key}` }, context)
        if (decoded !== undefined)
          Object.defineProperty(out, key, { value: decoded, enumerable: true, writable: true, configurable: true })
      }
      return out
    }
  }
  if (schema.items) {
    const inner = fieldDecoder(schema.items)
    const zero = zeroOf(schema.items)
    return (value, at, context) => {
      if (!Array.isArray(value)) return fail(value, at, type)
      return value
        .map((item, i) => (item === null ? zero() : inner(item, { ...at, path: `${at.path}[${i}]` }, context)))
        .filter((item) => item !== undefined)
    }
  }
  switch (schema.type) {
    case 'string':
      return schema.format === 'byte'
        ? decodeBytes
        : (value, at) => (typeof value === 'string' ? value : fail(value, at, type))
    case 'boolean':
      return (value, at) => (typeof value === 'boolean' ? value : fail(value, at, type))
    case 'integer':
      return (value, at) => (isInteger(value, type) ? value : fail(value, at, type))
    case 'number':
      return (value, at) => (typeof value === 'number' ? value : fail(value, at, type))
    default:
      return (value) => value
  }
}

function isInteger(value: unknown, type: string): boolean {
  if (typeof value !== 'number' || !Number.isInteger(value)) return false
  return type !== 'int32' || (value >= -2147483648 && value <= 2147483647)
}

const ZEROS: Readonly<Record<string, unknown>> = {
  string: '',
  integer: 0,
  number: 0,
  boolean: false,
  'io.k8s.apimachinery.pkg.api.resource.Quantity': '0',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 0,
}

/** What null is among the elements of a list or a map: what Go's decoder leaves untouched. Undefined for nothing. */
function zeroOf({ ref, type, format }: FieldSchema): () => unknown {
  const known = format === 'byte' ? undefined : ZEROS[ref ?? type ?? '']
  if (known !== undefined || ref === undefined || SPECIAL[ref]) return () => known
  return () => decodeFields(ref, {})
}

/** Without anything of where it is: what has no fields has none that are wrong. */
function decodeFields(ref: string, value: object): unknown {
  return decoderOf(ref)(value, { struct: '', fields: '', path: '' }, { unknown: [] })
}

function decodeBytes(value: unknown, at: Place): string {
  if (typeof value !== 'string') return fail(value, at, '[]uint8')
  const bad = malformedBase64(Buffer.from(value))
  if (bad !== undefined) throw new DecodeError(`illegal base64 data at input byte ${bad}`)
  // Bits that no byte has are gone, as are line ends.
  return Buffer.from(value, 'base64').toString('base64')
}

const BASE64 = /[A-Za-z0-9+/]/
const isLineEnd = (byte: number | undefined) => byte === 0x0a || byte === 0x0d

/** Where Go's decoder stumbles. Model: Encoding.decodeQuantum of encoding/base64. */
function malformedBase64(text: Buffer): number | undefined {
  let digits = 0
  for (let i = 0; i < text.length; i++) {
    const byte = text[i] ?? 0
    if (isLineEnd(byte)) continue
    if (BASE64.test(String.fromCharCode(byte))) digits = (digits + 1) % 4
    else return byte === 0x3d && digits >= 2 ? malformedPadding(text, i, digits) : i
  }
  return digits === 0 ? undefined : text.length - digits
}

function malformedPadding(text: Buffer, first: number, digits: number): number | undefined {
  const next = (from: number) => {
    let at = from
    while (isLineEnd(text[at])) at += 1
    return at
  }
  let last = first
  if (digits === 2) {
    last = next(first + 1)
    if (last === text.length) return text.length
    if (text[last] !== 0x3d) return last - 1
  }
  const end = next(last + 1)
  return end === text.length ? undefined : end
}

function decodeTime(fraction: boolean): Decoder {
  return (value, at) => {
    if (typeof value !== 'string') return fail(value, at, fraction ? 'v1.MicroTime' : 'string')
    const valid = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(value)
    const ms = valid ? Date.parse(value) : Number.NaN
    if (Number.isNaN(ms)) {
      const layout = fraction ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00'
      throw new DecodeError(
        `parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${JSON.stringify(value)} as "2006"`,
      )
    }
    const iso = new Date(ms).toISOString()
    if (!fraction) return `${iso.slice(0, 19)}Z`
    const digits = /\.(\d+)/.exec(value)?.[1] ?? ''
    return `${iso.slice(0, 19)}.${digits.padEnd(6, '0').slice(0, 6)}Z`
  }
}

const anything: Decoder = (value) => value

/** Schemas in types that read themselves: what is unknown in there nobody is told of (UnmarshalJSON of marshal.go). */
const schemaProps = (value: unknown, at: Place) => decoderOf(`${EXTENSIONS}JSONSchemaProps`)(value, at, { unknown: [] })
const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)

const SPECIAL: Readonly<Record<string, Decoder>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': (value, at) => {
    if (typeof value !== 'string' && typeof value !== 'number') return fail(value, at, 'resource.Quantity')
    const parsed = parseQuantity(value)
    if (!parsed) throw new DecodeError(QUANTITY_ERROR)
    return formatQuantity(parsed)
  },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': (value, at) =>
    typeof value === 'string' || isInteger(value, 'int32') ? value : fail(value, at, 'intstr.IntOrString'),
  [`${META}Time`]: decodeTime(false),
  [`${META}MicroTime`]: decodeTime(true),
  [`${META}FieldsV1`]: anything,
  [`${META}Patch`]: anything,
  'io.k8s.apimachinery.pkg.runtime.RawExtension': anything,
  [`${EXTENSIONS}JSON`]: anything,
  [`${EXTENSIONS}JSONSchemaPropsOrArray`]: (value, at) => {
    if (Array.isArray(value) && value.length > 0) return value.map((item) => schemaProps(item, at))
    // Anything else says nothing.
    return isObject(value) ? schemaProps(value, at) : undefined
  },
  [`${EXTENSIONS}JSONSchemaPropsOrBool`]: (value, at) => {
    if (typeof value === 'boolean') return value
    if (!isObject(value)) throw new DecodeError('boolean or JSON schema expected')
    return schemaProps(value, at)
  },
  [`${EXTENSIONS}JSONSchemaPropsOrStringArray`]: (value, at) => {
    if (isObject(value)) return schemaProps(value, at)
    if (!Array.isArray(value) || value.length === 0) return undefined
    return value.every((item) => typeof item === 'string') ? value : fail(value, at, '[]string')
  },
}
