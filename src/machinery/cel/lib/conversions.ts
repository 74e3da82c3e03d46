// Conversions between types: `int('1')`, `string(1.5)`, `timestamp('…')`.

import { type Declaration, fail } from '../functions.ts'
import { Duration, type Timestamp, TypeValue, typeNameOf, Uint, type Value } from '../values.ts'
import { checkedTimestamp, formatDuration, formatTimestamp, parseDuration, parseTimestamp } from './time.ts'

const NANO = 1_000_000_000n
const MAX_INT = (1n << 63n) - 1n
const MAX_UINT = (1n << 64n) - 1n

function toInt(value: bigint): bigint {
  return value < -MAX_INT - 1n || value > MAX_INT ? fail('integer overflow') : value
}

function toUint(value: bigint): Uint {
  return value < 0n || value > MAX_UINT ? fail('unsigned integer overflow') : new Uint(value)
}

function truncated(value: number, overflow: string): bigint {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : fail(overflow)
}

/** An int from a double; doubles at the very ends are refused, as they may have been rounded. */
function intOfDouble(value: number): bigint {
  const whole = truncated(value, 'integer overflow')
  return value <= -(2 ** 63) || value >= 2 ** 63 ? fail('integer overflow') : whole
}

/** A text is not one of the type. */
function unlike(type: string): never {
  return fail(`type conversion error from 'string' to '${type}'`)
}

function intOfString(text: string): bigint {
  const value = /^[+-]?\d+$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined
  return value === undefined || value < -MAX_INT - 1n || value > MAX_INT ? unlike('int') : value
}

function uintOfString(text: string): Uint {
  const value = /^\d+$/.test(text) ? BigInt(text) : undefined
  return value === undefined || value > MAX_UINT ? unlike('uint') : new Uint(value)
}

function doubleOfString(text: string): number {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text)
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text)
  if (!special) return unlike('double')
  if (special[2]?.toLowerCase() === 'nan') return Number.NaN
  return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

function boolOfString(text: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false
  return unlike('bool')
}

function stringOfBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? text : fail('invalid UTF-8 in bytes, cannot convert to string')
}

/** A double as Go's strconv writes it with `%g` and the fewest digits. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power < -4 || power >= 21) {
    const digits = String(Math.abs(power)).padStart(2, '0')
    return `${mantissa}e${power < 0 ? '-' : '+'}${digits}`
  }
  return Object.is(value, -0) ? '-0' : String(value)
}

export const CONVERSIONS: readonly Declaration[] = [
  ['int', 'int64_to_int64', '(int)->int', (v: bigint) => v],
  ['int', 'uint64_to_int64', '(uint)->int', (v: Uint) => toInt(v.value)],
  ['int', 'double_to_int64', '(double)->int', intOfDouble],
  ['int', 'string_to_int64', '(string)->int', intOfString],
  ['int', 'timestamp_to_int64', '(timestamp)->int', (v: Timestamp) => floorSeconds(v.nanos)],
  ['int', 'duration_to_int64', '(duration)->int', (v: Duration) => v.nanos],
  ['uint', 'uint64_to_uint64', '(uint)->uint', (v: Uint) => v],
  ['uint', 'int64_to_uint64', '(int)->uint', toUint],
  [
    'uint',
    'double_to_uint64',
    '(double)->uint',
    (v: number) =>
      v < 0 || v >= 2 ** 64 ? fail('unsigned integer overflow') : toUint(truncated(v, 'unsigned integer overflow')),
  ],
  ['uint', 'string_to_uint64', '(string)->uint', uintOfString],
  ['double', 'double_to_double', '(double)->double', (v: number) => v],
  ['double', 'int64_to_double', '(int)->double', (v: bigint) => Number(v)],
  ['double', 'uint64_to_double', '(uint)->double', (v: Uint) => Number(v.value)],
  ['double', 'string_to_double', '(string)->double', doubleOfString],
  ['bool', 'bool_to_bool', '(bool)->bool', (v: boolean) => v],
  ['bool', 'string_to_bool', '(string)->bool', boolOfString],
  ['string', 'string_to_string', '(string)->string', (v: string) => v],
  ['string', 'bool_to_string', '(bool)->string', (v: boolean) => String(v)],
  ['string', 'bytes_to_string', '(bytes)->string', stringOfBytes],
  ['string', 'int64_to_string', '(int)->string', (v: bigint) => String(v)],
  ['string', 'uint64_to_string', '(uint)->string', (v: Uint) => String(v.value)],
  ['string', 'double_to_string', '(double)->string', formatDouble],
  ['string', 'timestamp_to_string', '(timestamp)->string', formatTimestamp],
  ['string', 'duration_to_string', '(duration)->string', formatDuration],
  ['bytes', 'bytes_to_bytes', '(bytes)->bytes', (v: Uint8Array) => v],
  ['bytes', 'string_to_bytes', '(string)->bytes', (v: string) => new TextEncoder().encode(v)],
  ['timestamp', 'timestamp_to_timestamp', '(timestamp)->timestamp', (v: Timestamp) => v],
  ['timestamp', 'int64_to_timestamp', '(int)->timestamp', (v: bigint) => checkedTimestamp(v * NANO)],
  [
    'timestamp',
    'string_to_timestamp',
    '(string)->timestamp',
    (v: string) => parseTimestamp(v) ?? unlike('google.protobuf.Timestamp'),
  ],
  ['duration', 'duration_to_duration', '(duration)->duration', (v: Duration) => v],
  ['duration', 'int64_to_duration', '(int)->duration', (v: bigint) => new Duration(v)],
  [
    'duration',
    'string_to_duration',
    '(string)->duration',
    (v: string) => parseDuration(v) ?? unlike('google.protobuf.Duration'),
  ],
  ['dyn', 'to_dyn', '(A)->dyn', (v: Value) => v],
  ['type', 'type', '(A)->type(A)', (v: Value) => new TypeValue(typeNameOf(v))],
]

function floorSeconds(nanos: bigint): bigint {
  const fraction = ((nanos % NANO) + NANO) % NANO
  return (nanos - fraction) / NANO
}
