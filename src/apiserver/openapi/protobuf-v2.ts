// The v2 document in protobuf, as clients before v3 ask for it. Message numbers: google/gnostic openapiv2/OpenAPIv2.proto.

import { WireWriter } from '../../machinery/protobuf/wire.ts'
import type { Json } from './schemas.ts'

type Put = (writer: WireWriter, number: number, value: unknown) => void

/** How a property of a JSON object is written: its number and what writes its value. */
type Fields = Readonly<Record<string, readonly [number, Put]>>

/** Writes a whole document. */
export function encodeDocumentV2(document: Json): Buffer {
  return message(DOCUMENT, document)
}

const isExtension = (name: string) => name.startsWith('x-')

function message(fields: Fields, value: Json, extensions?: number): Buffer {
  const writer = new WireWriter()
  for (const [name, inner] of Object.entries(value)) {
    const field = fields[name]
    if (field) field[1](writer, field[0], inner)
    else if (extensions !== undefined && isExtension(name)) writer.bytesField(extensions, named(name, any(inner)))
  }
  return writer.finish()
}

/** A field written by `encode`, once or for every element of a list. */
function bytes<T>(encode: (value: T) => Buffer | string): Put {
  return (writer, number, value) => writer.bytesField(number, encode(value as T))
}

function each<T>(encode: (value: T) => Buffer | string): Put {
  return (writer, number, values) => {
    for (const value of values as readonly T[]) writer.bytesField(number, encode(value))
  }
}

const flag: Put = (writer, number, value) => writer.varintField(number, value === true ? 1 : 0)
const count: Put = (writer, number, value) => writer.varintField(number, Number(value))
const real: Put = (writer, number, value) => writer.doubleField(number, Number(value))
const string = bytes((value: string) => value)
const strings = each((value: string) => value)

function single(number: number, value: Buffer | string): Buffer {
  const writer = new WireWriter()
  writer.bytesField(number, value)
  return writer.finish()
}

/** NamedAny, NamedSchema, …: a key and a value. */
function named(name: string, value: Buffer): Buffer {
  const writer = new WireWriter()
  writer.bytesField(1, name)
  writer.bytesField(2, value)
  return writer.finish()
}

/** An Any holds its value as YAML, of which JSON is a part. */
function any(value: unknown): Buffer {
  return single(2, `${JSON.stringify(value)}\n`)
}

/** A map as a message of repeated named values under field `number`. */
function map(number: number, value: Json, encode: (inner: Json) => Buffer): Buffer {
  const writer = new WireWriter()
  for (const [name, inner] of Object.entries(value)) writer.bytesField(number, named(name, encode(inner as Json)))
  return writer.finish()
}

const SCHEMA: Fields = {
  $ref: [1, string],
  format: [2, string],
  title: [3, string],
  description: [4, string],
  default: [5, bytes(any)],
  multipleOf: [6, real],
  maximum: [7, real],
  exclusiveMaximum: [8, flag],
  minimum: [9, real],
  exclusiveMinimum: [10, flag],
  maxLength: [11, count],
  minLength: [12, count],
  pattern: [13, string],
  maxItems: [14, count],
  minItems: [15, count],
  maxProperties: [17, count],
  minProperties: [18, count],
  required: [19, strings],
  enum: [20, each(any)],
  additionalProperties: [21, bytes((value: Json | true) => (value === true ? anything() : single(1, schema(value))))],
  type: [22, bytes((value: string) => single(1, value))],
  items: [23, bytes((value: Json) => single(1, schema(value)))],
  properties: [25, bytes((value: Json) => map(1, value, schema))],
}

/** `additionalProperties: true`. */
function anything(): Buffer {
  const writer = new WireWriter()
  writer.varintField(2, 1)
  return writer.finish()
}

function schema(value: Json): Buffer {
  return message(SCHEMA, value, 31)
}

const BODY_PARAMETER: Fields = {
  description: [1, string],
  name: [2, string],
  in: [3, string],
  required: [4, flag],
  schema: [5, bytes(schema)],
}
const QUERY_PARAMETER: Fields = {
  required: [1, flag],
  in: [2, string],
  description: [3, string],
  name: [4, string],
  type: [6, string],
  uniqueItems: [20, flag],
}
const PATH_PARAMETER: Fields = {
  required: [1, flag],
  in: [2, string],
  description: [3, string],
  name: [4, string],
  type: [5, string],
  uniqueItems: [19, flag],
}

/** ParametersItem → Parameter → body or non-body parameter. */
function parameter(value: Json): Buffer {
  if (value.in === 'body') return single(1, single(1, message(BODY_PARAMETER, value, 6)))
  const inner =
    value.in === 'path' ? single(4, message(PATH_PARAMETER, value, 22)) : single(3, message(QUERY_PARAMETER, value, 23))
  return single(1, single(2, inner))
}

const RESPONSE: Fields = {
  description: [1, string],
  schema: [2, bytes((value: Json) => single(1, schema(value)))],
}

const OPERATION: Fields = {
  tags: [1, strings],
  description: [3, string],
  operationId: [5, string],
  produces: [6, strings],
  consumes: [7, strings],
  parameters: [8, each(parameter)],
  responses: [9, bytes((value: Json) => map(1, value, (response) => single(1, message(RESPONSE, response, 5))))],
  schemes: [10, strings],
}

const operation = bytes((value: Json) => message(OPERATION, value, 13))
const PATH_ITEM: Fields = {
  get: [2, operation],
  put: [3, operation],
  post: [4, operation],
  delete: [5, operation],
  patch: [8, operation],
  parameters: [9, each(parameter)],
}

const INFO: Fields = { title: [1, string], version: [2, string] }
const API_KEY: Fields = { type: [1, string], name: [2, string], in: [3, string], description: [4, string] }

const DOCUMENT: Fields = {
  swagger: [1, string],
  info: [2, bytes((value: Json) => message(INFO, value))],
  paths: [8, bytes((value: Json) => map(2, value, (item) => message(PATH_ITEM, item, 10)))],
  definitions: [9, bytes((value: Json) => map(1, value, schema))],
  security: [12, each((value: Json) => map(1, value, () => Buffer.alloc(0)))],
  securityDefinitions: [13, bytes((value: Json) => map(1, value, (item) => single(2, message(API_KEY, item, 5))))],
}
