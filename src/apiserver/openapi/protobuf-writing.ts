// How JSON documents are written in the messages of google/gnostic: tables say what each property is.

import { WireWriter } from '../../machinery/protobuf/wire.ts'
import type { Json } from './schemas.ts'

type Put = (writer: WireWriter, number: number, value: unknown) => void

/** How a property of a JSON object is written: its number and what writes its value. */
export type Fields = Readonly<Record<string, readonly [number, Put]>>

const isExtension = (name: string) => name.startsWith('x-')

export function message(fields: Fields, value: Json, extensions?: number): Buffer {
  const writer = new WireWriter()
  for (const [name, inner] of Object.entries(value)) {
    const field = fields[name]
    if (field) field[1](writer, field[0], inner)
    else if (extensions !== undefined && isExtension(name)) writer.bytesField(extensions, named(name, any(inner)))
  }
  return writer.finish()
}

/** A field written by `encode`, once or for every element of a list. */
export function bytes<T>(encode: (value: T) => Buffer | string): Put {
  return (writer, number, value) => writer.bytesField(number, encode(value as T))
}

export function each<T>(encode: (value: T) => Buffer | string): Put {
  return (writer, number, values) => {
    for (const value of values as readonly T[]) writer.bytesField(number, encode(value))
  }
}

export const flag: Put = (writer, number, value) => writer.varintField(number, value === true ? 1 : 0)
export const count: Put = (writer, number, value) => writer.varintField(number, Number(value))
export const real: Put = (writer, number, value) => writer.doubleField(number, Number(value))
export const string = bytes((value: string) => value)
export const strings = each((value: string) => value)

export function single(number: number, value: Buffer | string): Buffer {
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
export function any(value: unknown): Buffer {
  return single(2, `${JSON.stringify(value)}\n`)
}

/** A map as a message of repeated named values under field `number`. */
export function map(number: number, value: Json, encode: (inner: Json) => Buffer): Buffer {
  const writer = new WireWriter()
  for (const [name, inner] of Object.entries(value)) writer.bytesField(number, named(name, encode(inner as Json)))
  return writer.finish()
}

/** `additionalProperties: true`. */
export function anything(): Buffer {
  const writer = new WireWriter()
  writer.varintField(2, 1)
  return writer.finish()
}
