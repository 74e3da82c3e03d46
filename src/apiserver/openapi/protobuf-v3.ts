// A v3 document in protobuf. Message numbers: google/gnostic openapiv3/OpenAPIv3.proto.

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
export function encodeDocumentV3(document: Json): Buffer {
  return message(DOCUMENT, document)
}

/** What may stand elsewhere: itself as the first alternative, or a Reference as the second. */
function orReference(encode: (value: Json) => Buffer): (value: Json) => Buffer {
  return (value) => (typeof value.$ref === 'string' ? single(2, single(1, value.$ref)) : single(1, encode(value)))
}

const schemaItem = orReference((value) => message(SCHEMA, value, 36))
const content = bytes((value: Json) => map(1, value, (media) => message(MEDIA_TYPE, media, 5)))

/** DefaultType has no form for lists and objects. */
const byDefault = bytes((value: unknown) => message(DEFAULT, { [typeof value]: value }))
const DEFAULT: Fields = { number: [1, real], boolean: [2, flag], string: [3, string] }

const SCHEMA: Fields = {
  nullable: [1, flag],
  title: [9, string],
  multipleOf: [10, real],
  maximum: [11, real],
  exclusiveMaximum: [12, flag],
  minimum: [13, real],
  exclusiveMinimum: [14, flag],
  maxLength: [15, count],
  minLength: [16, count],
  pattern: [17, string],
  maxItems: [18, count],
  minItems: [19, count],
  uniqueItems: [20, flag],
  maxProperties: [21, count],
  minProperties: [22, count],
  required: [23, strings],
  enum: [24, each(any)],
  type: [25, string],
  allOf: [26, each(schemaItem)],
  oneOf: [27, each(schemaItem)],
  anyOf: [28, each(schemaItem)],
  not: [29, bytes((value: Json) => message(SCHEMA, value, 36))],
  items: [30, bytes((value: Json) => single(1, schemaItem(value)))],
  properties: [31, bytes((value: Json) => map(1, value, schemaItem))],
  additionalProperties: [
    32,
    bytes((value: Json | true) => (value === true ? anything() : single(1, schemaItem(value)))),
  ],
  default: [33, byDefault],
  description: [34, string],
  format: [35, string],
}

const MEDIA_TYPE: Fields = { schema: [1, bytes(schemaItem)] }

const PARAMETER: Fields = {
  name: [1, string],
  in: [2, string],
  description: [3, string],
  required: [4, flag],
  schema: [10, bytes(schemaItem)],
}
const parameters = each(orReference((value) => message(PARAMETER, value, 14)))

const REQUEST_BODY: Fields = { description: [1, string], content: [2, content], required: [3, flag] }
const RESPONSE: Fields = { description: [1, string], content: [3, content] }

const OPERATION: Fields = {
  tags: [1, strings],
  description: [3, string],
  operationId: [5, string],
  parameters: [6, parameters],
  requestBody: [7, bytes(orReference((value) => message(REQUEST_BODY, value, 4)))],
  responses: [
    8,
    bytes((value: Json) =>
      map(
        2,
        value,
        orReference((response) => message(RESPONSE, response, 5)),
      ),
    ),
  ],
}

const operation = bytes((value: Json) => message(OPERATION, value, 13))
const PATH_ITEM: Fields = {
  get: [4, operation],
  put: [5, operation],
  post: [6, operation],
  delete: [7, operation],
  options: [8, operation],
  head: [9, operation],
  patch: [10, operation],
  parameters: [13, parameters],
}

const INFO: Fields = { title: [1, string], version: [6, string] }
const SECURITY_SCHEME: Fields = { type: [1, string], description: [2, string], name: [3, string], in: [4, string] }
const COMPONENTS: Fields = {
  schemas: [1, bytes((value: Json) => map(1, value, schemaItem))],
  securitySchemes: [
    7,
    bytes((value: Json) =>
      map(
        1,
        value,
        orReference((scheme) => message(SECURITY_SCHEME, scheme, 9)),
      ),
    ),
  ],
}

const DOCUMENT: Fields = {
  openapi: [1, string],
  info: [2, bytes((value: Json) => message(INFO, value, 7))],
  paths: [4, bytes((value: Json) => map(1, value, (item) => message(PATH_ITEM, item, 14)))],
  components: [5, bytes((value: Json) => message(COMPONENTS, value, 10))],
}
