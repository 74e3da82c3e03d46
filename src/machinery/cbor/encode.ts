// Objects as CBOR, in the one form that RFC 8949 calls core deterministic: sorted keys, shortest lengths and numbers.
// Text goes as byte strings and bytes as byte strings that want to be base64, as upstream's serializer writes them.
// Model: k8s.io/apimachinery/pkg/runtime/serializer/cbor.

import { type FieldSchema, typeOf } from '../../api/schema.ts'

/** Says that what follows is CBOR. */
const SELF_DESCRIBED = Buffer.from([0xd9, 0xd9, 0xf7])
const UNSIGNED = 0
const NEGATIVE = 1
const BYTES = 2
const ARRAY = 4
const MAP = 5
/** Tag 22: expected conversion to base64. */
const BASE64 = Buffer.from([0xd6])
const NULL = Buffer.from([0xf6])
const FALSE = Buffer.from([0xf4])
const TRUE = Buffer.from([0xf5])

/** Encodes an object; `ref` is its type, which says what of its text stands for bytes. Absent for untyped objects. */
export function encodeCbor(value: unknown, ref?: string): Buffer {
  const parts: Buffer[] = [SELF_DESCRIBED]
  write(parts, value, ref === undefined ? undefined : { ref })
  return Buffer.concat(parts)
}

function write(parts: Buffer[], value: unknown, schema: FieldSchema | undefined): void {
  if (value === null || value === undefined) parts.push(NULL)
  else if (value === true) parts.push(TRUE)
  else if (value === false) parts.push(FALSE)
  else if (typeof value === 'number') parts.push(numberOf(value))
  else if (typeof value === 'string') writeText(parts, value, schema)
  else if (Array.isArray(value)) {
    parts.push(head(ARRAY, value.length))
    for (const item of value) write(parts, item, schema?.items)
  } else writeMap(parts, value as Record<string, unknown>, schema)
}

function writeText(parts: Buffer[], value: string, schema: FieldSchema | undefined): void {
  const binary = schema?.format === 'byte'
  const bytes = Buffer.from(value, binary ? 'base64' : 'utf8')
  if (binary) parts.push(BASE64)
  parts.push(head(BYTES, bytes.length), bytes)
}

function writeMap(parts: Buffer[], value: Record<string, unknown>, schema: FieldSchema | undefined): void {
  const entries = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([name, inner]) => {
      const bytes = Buffer.from(name)
      return { name, inner, key: Buffer.concat([head(BYTES, bytes.length), bytes]) }
    })
    .sort((a, b) => Buffer.compare(a.key, b.key))
  const fields = schema?.ref === undefined ? undefined : typeOf(schema.ref).fields
  parts.push(head(MAP, entries.length))
  for (const { name, inner, key } of entries) {
    parts.push(key)
    write(parts, inner, schema?.map ?? fields?.[name])
  }
}

/** Major type and length (or value) in as few bytes as there can be. */
function head(major: number, length: number | bigint): Buffer {
  const type = major << 5
  const n = BigInt(length)
  if (n < 24n) return Buffer.from([type | Number(n)])
  if (n < 0x100n) return Buffer.from([type | 24, Number(n)])
  if (n < 0x10000n) return sized(type | 25, 2, (b) => b.writeUInt16BE(Number(n), 1))
  if (n < 0x100000000n) return sized(type | 26, 4, (b) => b.writeUInt32BE(Number(n), 1))
  return sized(type | 27, 8, (b) => b.writeBigUInt64BE(n, 1))
}

function sized(first: number, size: number, fill: (buffer: Buffer) => void): Buffer {
  const buffer = Buffer.alloc(1 + size)
  buffer[0] = first
  fill(buffer)
  return buffer
}

function numberOf(value: number): Buffer {
  if (Number.isSafeInteger(value)) return value >= 0 ? head(UNSIGNED, value) : head(NEGATIVE, -1n - BigInt(value))
  if (!Number.isFinite(value)) throw new Error(`cbor: unsupported value: ${value}`)
  const half = halfOf(value)
  if (half !== undefined) return sized(0xf9, 2, (b) => b.writeUInt16BE(half, 1))
  if (Math.fround(value) === value) return sized(0xfa, 4, (b) => b.writeFloatBE(value, 1))
  return sized(0xfb, 8, (b) => b.writeDoubleBE(value, 1))
}

const HALF_BIAS = 15
const HALF_BITS = 10

/** The bits of a number as a half-precision float; undefined when it would lose something. */
function halfOf(value: number): number | undefined {
  const sign = value < 0 ? 0x8000 : 0
  const size = Math.abs(value)
  const exponent = Math.max(Math.floor(Math.log2(size)), 1 - HALF_BIAS)
  const fraction = size / 2 ** exponent
  const normal = fraction >= 1
  const mantissa = (normal ? fraction - 1 : fraction) * 2 ** HALF_BITS
  if (exponent > HALF_BIAS || !Number.isInteger(mantissa)) return undefined
  return sign | ((normal ? exponent + HALF_BIAS : 0) << HALF_BITS) | mantissa
}
