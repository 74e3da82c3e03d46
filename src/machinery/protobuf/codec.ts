// API objects in protobuf, straight from and to their JSON shape, driven by the schema.
// Spec: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding

import { type FieldSchema, typeOf, typeRefOfKind } from '../../api/schema.ts'
import { decodeSchemaUnion, encodeSchemaUnion, isSchemaUnion } from './schema-unions.ts'
import { BYTES, FIXED64, VARINT, WireError, WireReader, WireWriter } from './wire.ts'

type Json = Record<string, unknown>

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity'
const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'
const RAW_EXTENSION = 'io.k8s.apimachinery.pkg.runtime.RawExtension'
const RAW_JSON = new Set([
  `${META}FieldsV1`,
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON',
  RAW_EXTENSION,
])
const MAGIC = Buffer.from('k8s\0')

/** An object in its envelope. */
export interface Enveloped {
  readonly apiVersion: string
  readonly kind: string
  /** The object's own message. */
  readonly raw: Buffer
}

/** Opens the envelope: magic bytes, then runtime.Unknown. Throws WireError. */
function openEnvelope(bytes: Buffer): Enveloped {
  if (!bytes.subarray(0, 4).equals(MAGIC))
    throw new WireError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  const reader = new WireReader(bytes, 4)
  let apiVersion = ''
  let kind = ''
  let raw: Buffer = Buffer.alloc(0)
  while (!reader.done) {
    const { number, wire } = reader.tag()
    if (number === 1 && wire === BYTES) {
      const meta = new WireReader(reader.bytes())
      while (!meta.done) {
        const tag = meta.tag()
        if (tag.number === 1) apiVersion = meta.bytes().toString()
        else if (tag.number === 2) kind = meta.bytes().toString()
        else meta.skip(tag.wire)
      }
    } else if (number === 2 && wire === BYTES) raw = reader.bytes()
    else reader.skip(wire)
  }
  return { apiVersion, kind, raw }
}

/** Puts a message into its envelope. */
export function closeEnvelope({ apiVersion, kind, raw }: Enveloped): Buffer {
  const meta = new WireWriter()
  meta.bytesField(1, apiVersion)
  meta.bytesField(2, kind)
  const unknown = new WireWriter()
  unknown.bytesField(1, meta.finish())
  unknown.bytesField(2, raw)
  unknown.bytesField(3, '')
  unknown.bytesField(4, '')
  return Buffer.concat([MAGIC, unknown.finish()])
}

/** A request body in protobuf as the JSON it stands for. Throws WireError for bad bytes and kinds that are not known. */
export function decodeProtobuf(bytes: Buffer): Json {
  const { apiVersion, kind, raw } = openEnvelope(bytes)
  const ref = protobufTypeOf(apiVersion, kind)
  if (!ref)
    throw new WireError(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`)
  return { kind, apiVersion, ...decodeMessage(ref, raw) }
}

/** Kinds of the machinery that every group serves. */
function metaKind(kind: string): string | undefined {
  return ['DeleteOptions', 'Status', 'ListOptions', 'PatchOptions'].includes(kind) ? `${META}${kind}` : undefined
}

/** An object of type `ref` as protobuf, in its envelope. */
export function encodeProtobuf(ref: string, object: Json): Buffer {
  const { apiVersion, kind } = object as { apiVersion: string; kind: string }
  return closeEnvelope({ apiVersion, kind, raw: encodeMessage(ref, object) })
}

/** The type of a kind that has a protobuf form, those of the machinery included; undefined for all others. */
export function protobufTypeOf(apiVersion: string, kind: string): string | undefined {
  const slash = apiVersion.indexOf('/')
  const group = slash < 0 ? '' : apiVersion.slice(0, slash)
  return typeRefOfKind(group, apiVersion.slice(slash + 1), kind) ?? metaKind(kind)
}

/** `metadata` as field 1 and every item, encoded already, as field 2: what all lists have in common. */
export function encodeList(metadata: Json, items: readonly Buffer[]): Buffer {
  const writer = new WireWriter()
  writer.bytesField(1, encodeMessage(`${META}ListMeta`, metadata))
  for (const item of items) writer.bytesField(2, item)
  return writer.finish()
}

/** PartialObjectMetadata: nothing but its metadata, as field 1. */
export function encodePartialMetadata(object: Json): Buffer {
  const writer = new WireWriter()
  writer.bytesField(1, encodeMessage(`${META}ObjectMeta`, (object.metadata ?? {}) as Json))
  return writer.finish()
}

/** One frame of a watch: its length in four bytes, then a WatchEvent around an object in its envelope. */
export function encodeWatchFrame(type: string, enveloped: Buffer): Buffer {
  const raw = new WireWriter()
  raw.bytesField(1, enveloped)
  const event = new WireWriter()
  event.bytesField(1, type)
  event.bytesField(2, raw.finish())
  const message = event.finish()
  const length = Buffer.alloc(4)
  length.writeUInt32BE(message.length)
  return Buffer.concat([length, message])
}

interface Plan {
  /** Fields by number; inlined structs nest. */
  readonly byNumber: Map<number, { name: string; schema: FieldSchema } | { inlined: Plan }>
  readonly fields: readonly { name: string; schema: FieldSchema; path: readonly number[] }[]
}

const plans = new Map<string, Plan>()

function planOf(ref: string): Plan {
  const known = plans.get(ref)
  if (known) return known
  const plan: Plan = { byNumber: new Map(), fields: [] }
  plans.set(ref, plan)
  for (const [name, schema] of Object.entries(typeOf(ref).fields ?? {})) {
    if (schema.pb === undefined) continue
    const path = typeof schema.pb === 'number' ? [schema.pb] : schema.pb
    ;(plan.fields as { name: string; schema: FieldSchema; path: readonly number[] }[]).push({ name, schema, path })
    let at = plan
    for (const number of path.slice(0, -1)) {
      let next = at.byNumber.get(number)
      if (!next || !('inlined' in next)) {
        next = { inlined: { byNumber: new Map(), fields: [] } }
        at.byNumber.set(number, next)
      }
      at = next.inlined
    }
    at.byNumber.set(path.at(-1) ?? 0, { name, schema })
  }
  return plan
}

/** Decodes one message. Empty text, zero numbers and empty times of optional fields are left to the caller's rules. */
function decodeMessage(ref: string, bytes: Buffer): Json {
  const out: Json = {}
  decodeInto(planOf(ref), bytes, out)
  return out
}

function decodeInto(plan: Plan, bytes: Buffer, out: Json): void {
  const reader = new WireReader(bytes)
  while (!reader.done) {
    const { number, wire } = reader.tag()
    const field = plan.byNumber.get(number)
    if (!field) {
      reader.skip(wire)
    } else if ('inlined' in field) {
      decodeInto(field.inlined, reader.bytes(), out)
    } else {
      readField(field.name, field.schema, reader, wire, out)
    }
  }
}

function readField(name: string, schema: FieldSchema, reader: WireReader, wire: number, out: Json): void {
  if (schema.map) {
    const [key, value] = readEntry(schema.map, reader.bytes())
    const map = (out[name] ?? {}) as Json
    Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true })
    out[name] = map
    return
  }
  if (schema.items) {
    const list = (out[name] ?? []) as unknown[]
    out[name] = list
    const packed = wire === BYTES && (schema.items.type === 'integer' || schema.items.type === 'boolean')
    if (!packed) {
      list.push(readValue(schema.items, reader, wire))
      return
    }
    const inner = new WireReader(reader.bytes())
    while (!inner.done) list.push(readValue(schema.items, inner, VARINT))
    return
  }
  const value = readValue(schema, reader, wire)
  if (value !== undefined) out[name] = value
}

function readEntry(schema: FieldSchema, bytes: Buffer): [string, unknown] {
  const reader = new WireReader(bytes)
  let key = ''
  let value: unknown
  while (!reader.done) {
    const { number, wire } = reader.tag()
    if (number === 1) key = reader.bytes().toString()
    else if (number === 2) value = readValue(schema, reader, wire)
    else reader.skip(wire)
  }
  return [key, value ?? (schema.ref || schema.items ? undefined : '')]
}

function readValue(schema: FieldSchema, reader: WireReader, wire: number): unknown {
  if (schema.ref) return readReference(schema.ref, reader.bytes())
  // A map's value may be a list, which is a message of its own: ExtraValue.
  if (schema.items) {
    const list: Json = {}
    const inner = new WireReader(reader.bytes())
    while (!inner.done) {
      const tag = inner.tag()
      readField('items', { items: schema.items }, inner, tag.wire, list)
    }
    return list.items ?? []
  }
  switch (schema.type) {
    case 'integer':
      return reader.int()
    case 'boolean':
      return reader.int() !== 0
    case 'number':
      return wire === FIXED64 ? reader.double() : reader.int()
    default: {
      const bytes = reader.bytes()
      return schema.format === 'byte' ? bytes.toString('base64') : bytes.toString()
    }
  }
}

function readReference(ref: string, bytes: Buffer): unknown {
  switch (ref) {
    case QUANTITY:
      return firstText(bytes) ?? '0'
    case `${META}Time`:
    case `${META}MicroTime`:
      return readTime(bytes, ref.endsWith('MicroTime'))
    case INT_OR_STRING:
      return readIntOrString(bytes)
  }
  if (RAW_JSON.has(ref)) {
    const text = firstText(bytes)
    return text === undefined || text === '' ? undefined : JSON.parse(text)
  }
  if (isSchemaUnion(ref)) return decodeSchemaUnion(ref, bytes, decodeMessage)
  return decodeMessage(ref, bytes)
}

function firstText(bytes: Buffer): string | undefined {
  const reader = new WireReader(bytes)
  while (!reader.done) {
    const { number, wire } = reader.tag()
    if (number === 1 && wire === BYTES) return reader.bytes().toString()
    reader.skip(wire)
  }
  return undefined
}

function readTime(bytes: Buffer, micro: boolean): string | undefined {
  // The zero time is an empty message.
  if (bytes.length === 0) return undefined
  const reader = new WireReader(bytes)
  let seconds = 0
  let nanos = 0
  while (!reader.done) {
    const { number, wire } = reader.tag()
    if (number === 1) seconds = reader.int()
    else if (number === 2) nanos = reader.int()
    else reader.skip(wire)
  }
  const base = new Date(seconds * 1000).toISOString().slice(0, 19)
  return micro ? `${base}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z` : `${base}Z`
}

function readIntOrString(bytes: Buffer): number | string {
  const reader = new WireReader(bytes)
  let type = 0
  let int = 0
  let text = ''
  while (!reader.done) {
    const { number, wire } = reader.tag()
    if (number === 1) type = reader.int()
    else if (number === 2) int = reader.int()
    else if (number === 3) text = reader.bytes().toString()
    else reader.skip(wire)
  }
  return type === 1 ? text : int
}

/** Encodes one object of type `ref` without an envelope. */
export function encodeMessage(ref: string, object: Json): Buffer {
  const { fields } = planOf(ref)
  return encodeFields(
    fields.filter(({ name }) => object[name] !== undefined && object[name] !== null),
    object,
    0,
  )
}

function encodeFields(
  fields: readonly { name: string; schema: FieldSchema; path: readonly number[] }[],
  object: Json,
  depth: number,
): Buffer {
  const writer = new WireWriter()
  const nested = new Map<number, { name: string; schema: FieldSchema; path: readonly number[] }[]>()
  for (const field of fields) {
    const number = field.path[depth] ?? 0
    if (field.path.length > depth + 1) {
      const group = nested.get(number)
      if (group) group.push(field)
      else nested.set(number, [field])
    } else {
      writeField(writer, number, field.schema, object[field.name])
    }
  }
  for (const [number, group] of nested) writer.bytesField(number, encodeFields(group, object, depth + 1))
  return writer.finish()
}

function writeField(writer: WireWriter, number: number, schema: FieldSchema, value: unknown): void {
  if (schema.map) {
    for (const [key, item] of Object.entries(value as Json)) {
      const entry = new WireWriter()
      entry.bytesField(1, key)
      writeValue(entry, 2, schema.map, item)
      writer.bytesField(number, entry.finish())
    }
  } else if (schema.items) {
    for (const item of value as unknown[]) writeValue(writer, number, schema.items, item)
  } else {
    writeValue(writer, number, schema, value)
  }
}

function writeValue(writer: WireWriter, number: number, schema: FieldSchema, value: unknown): void {
  if (schema.ref) {
    writer.bytesField(number, encodeReference(schema.ref, value))
    return
  }
  if (schema.items) {
    const list = new WireWriter()
    for (const item of value as unknown[]) writeValue(list, 1, schema.items, item)
    writer.bytesField(number, list.finish())
    return
  }
  switch (schema.type) {
    case 'integer':
      writer.varintField(number, value as number)
      return
    case 'boolean':
      writer.varintField(number, value === true ? 1 : 0)
      return
    case 'number':
      writer.doubleField(number, value as number)
      return
    default:
      writer.bytesField(number, schema.format === 'byte' ? Buffer.from(String(value), 'base64') : String(value))
  }
}

function encodeReference(ref: string, value: unknown): Buffer {
  const writer = new WireWriter()
  switch (ref) {
    case QUANTITY:
      writer.bytesField(1, String(value))
      return writer.finish()
    case `${META}Time`:
    case `${META}MicroTime`: {
      const text = String(value)
      writer.varintField(1, Math.floor(Date.parse(text) / 1000))
      const fraction = /\.(\d+)/.exec(text)?.[1] ?? ''
      writer.varintField(2, Number(fraction.padEnd(9, '0').slice(0, 9)))
      return writer.finish()
    }
    case INT_OR_STRING:
      writer.varintField(1, typeof value === 'string' ? 1 : 0)
      writer.varintField(2, typeof value === 'number' ? value : 0)
      writer.bytesField(3, typeof value === 'string' ? value : '')
      return writer.finish()
  }
  if (RAW_JSON.has(ref)) {
    writer.bytesField(1, JSON.stringify(value))
    return writer.finish()
  }
  if (isSchemaUnion(ref)) return encodeSchemaUnion(ref, value, encodeMessage)
  return encodeMessage(ref, value as Json)
}
