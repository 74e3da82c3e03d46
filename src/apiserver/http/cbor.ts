// Answers in CBOR: objects, lists and watch events.

import { typeRefOfKind } from '../../api/schema.ts'
import { encodeCbor } from '../../machinery/cbor/encode.ts'

/** An object, by the type of its kind where that is known here. */
export function cborOf(object: object): Buffer {
  const { apiVersion = '', kind = '' } = object as { apiVersion?: string; kind?: string }
  const [version = '', group = ''] = apiVersion.split('/').reverse()
  return encodeCbor(object, typeRefOfKind(group, version, kind))
}

// A map of two: "type" goes before "object", as shorter keys do.
const BEFORE_TYPE = Buffer.from([0xd9, 0xd9, 0xf7, 0xa2, 0x44, ...Buffer.from('type')])
const BEFORE_OBJECT = Buffer.from([0x46, ...Buffer.from('object')])

/** One event of a watch, as an item of a sequence. */
export function cborFrame(type: string, object: object): Buffer {
  const name = Buffer.from(type)
  return Buffer.concat([BEFORE_TYPE, Buffer.from([0x40 | name.length]), name, BEFORE_OBJECT, cborOf(object)])
}
