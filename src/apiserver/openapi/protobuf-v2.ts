// The v2 document in protobuf, as clients before v3 ask for it. Message numbers: google/gnostic openapiv2/OpenAPIv2.proto.

import {
  any,
  anything,
  bytes,
  count,
  each,
  type Fields,
  flag,
  map,
  message,
  real,
  single,
  string,
  strings,
} from './protobuf-writing.ts'
import type { Json } from './schemas.ts'

/** Writes a whole document. */
export function encodeDocumentV2(document: Json): Buffer {
  return message(DOCUMENT, document)
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

/** ParametersItem: a parameter, or where one is. */
function parameterItem(value: Json): Buffer {
  return typeof value.$ref === 'string' ? single(2, single(1, value.$ref)) : single(1, parameter(value))
}

/** Parameter: one in the body, or another one. */
function parameter(value: Json): Buffer {
  if (value.in === 'body') return single(1, message(BODY_PARAMETER, value, 6))
  const inner =
    value.in === 'path' ? single(4, message(PATH_PARAMETER, value, 22)) : single(3, message(QUERY_PARAMETER, value, 23))
  return single(2, inner)
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
  parameters: [8, each(parameterItem)],
  responses: [9, bytes((value: Json) => map(1, value, (response) => single(1, message(RESPONSE, response, 5))))],
  schemes: [10, strings],
}

const operation = bytes((value: Json) => message(OPERATION, value, 13))
const PATH_ITEM: Fields = {
  get: [2, operation],
  put: [3, operation],
  post: [4, operation],
  delete: [5, operation],
  options: [6, operation],
  head: [7, operation],
  patch: [8, operation],
  parameters: [9, each(parameterItem)],
}

const INFO: Fields = { title: [1, string], version: [2, string] }
const API_KEY: Fields = { type: [1, string], name: [2, string], in: [3, string], description: [4, string] }

const DOCUMENT: Fields = {
  swagger: [1, string],
  info: [2, bytes((value: Json) => message(INFO, value))],
  paths: [8, bytes((value: Json) => map(2, value, (item) => message(PATH_ITEM, item, 10)))],
  definitions: [9, bytes((value: Json) => map(1, value, schema))],
  parameters: [10, bytes((value: Json) => map(1, value, parameter))],
  security: [12, each((value: Json) => map(1, value, () => Buffer.alloc(0)))],
  securityDefinitions: [13, bytes((value: Json) => map(1, value, (item) => single(2, message(API_KEY, item, 5))))],
}
