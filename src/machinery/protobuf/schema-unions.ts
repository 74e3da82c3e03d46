// The places of a JSON schema where JSON has one of two shapes and protobuf a message with a field for each.
// Spec: generated.proto of k8s.io/apiextensions-apiserver, JSONSchemaPropsOrArray, …OrBool and …OrStringArray.

import { BYTES, WireReader, WireWriter } from './wire.ts'

const PACKAGE = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.'
const SCHEMA = `${PACKAGE}JSONSchemaProps`

interface Union {
  /** Field numbers: the schema, and what may stand in its place. */
  readonly schema: number
  readonly flag?: number
  readonly schemas?: number
  readonly texts?: number
}

const UNIONS: Readonly<Record<string, Union>> = {
  [`${PACKAGE}JSONSchemaPropsOrArray`]: { schema: 1, schemas: 2 },
  [`${PACKAGE}JSONSchemaPropsOrBool`]: { schema: 2, flag: 1 },
  [`${PACKAGE}JSONSchemaPropsOrStringArray`]: { schema: 1, texts: 2 },
}

/** Whether a type is one of these unions. */
export function isSchemaUnion(ref: string): boolean {
  return Object.hasOwn(UNIONS, ref)
}

/** The message of a union; `encode` makes the message of a schema. */
export function encodeSchemaUnion(
  ref: string,
  value: unknown,
  encode: (ref: string, value: Record<string, unknown>) => Buffer,
): Buffer {
  const union = UNIONS[ref] ?? { schema: 1 }
  const writer = new WireWriter()
  const schema = (each: unknown) => encode(SCHEMA, each as Record<string, unknown>)
  if (Array.isArray(value)) {
    for (const each of value) {
      if (union.texts !== undefined) writer.bytesField(union.texts, String(each))
      else if (union.schemas !== undefined) writer.bytesField(union.schemas, schema(each))
    }
  } else if (typeof value === 'boolean') {
    if (union.flag !== undefined) writer.varintField(union.flag, value ? 1 : 0)
  } else {
    // A schema in the place of a yes or no is a yes with conditions.
    if (union.flag !== undefined) writer.varintField(union.flag, 1)
    writer.bytesField(union.schema, schema(value))
  }
  return writer.finish()
}

/** What the message of a union stands for in JSON. */
export function decodeSchemaUnion(
  ref: string,
  bytes: Buffer,
  decode: (ref: string, bytes: Buffer) => Record<string, unknown>,
): unknown {
  const union = UNIONS[ref] ?? { schema: 1 }
  const reader = new WireReader(bytes)
  const list: unknown[] = []
  let schema: Record<string, unknown> | undefined
  let flag = false
  while (!reader.done) {
    const { number, wire } = reader.tag()
    if (number === union.flag) flag = reader.int() !== 0
    else if (wire !== BYTES) reader.skip(wire)
    else if (number === union.schema) schema = decode(SCHEMA, reader.bytes())
    else if (number === union.schemas) list.push(decode(SCHEMA, reader.bytes()))
    else if (number === union.texts) list.push(reader.bytes().toString())
    else reader.skip(wire)
  }
  return schema ?? (union.flag === undefined ? list : flag)
}
