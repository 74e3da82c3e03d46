// `'%s has %d'.format([a, b])`. Spec: cel-go ext.Strings, format.

import { fail } from '../functions.ts'
import {
  Duration,
  List,
  MapValue,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  typeNameOf,
  Uint,
  type Value,
} from '../values.ts'
import { formatDouble } from './conversions.ts'
import { formatDuration, formatTimestamp } from './time.ts'

const MAX_PRECISION = 1000
const DEFAULT_PRECISION = 6

/** The text with every clause replaced by the argument it stands for. */
export function format(text: string, args: readonly Value[]): string {
  let next = 0
  let result = ''
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '%') {
      result += text[i]
      continue
    }
    i++
    if (i >= text.length) return fail('unexpected end of string')
    if (text[i] === '%') {
      result += '%'
      continue
    }
    if (next >= args.length) return fail(`index ${next} out of range`)
    let precision: number | undefined
    if (text[i] === '.') {
      const digits = /^\d*/.exec(text.slice(i + 1))?.[0] ?? ''
      i += 1 + digits.length
      if (i >= text.length) return fail('error while parsing precision: could not find end of precision specifier')
      precision = Number(digits)
      if (precision > MAX_PRECISION) {
        return fail(`precision ${precision} exceeds maximum allowed precision ${MAX_PRECISION}`)
      }
    }
    result += clause(text[i] as string, args[next++] as Value, precision)
  }
  return result
}

function clause(verb: string, value: Value, precision: number | undefined): string {
  switch (verb) {
    case 's':
      return plain(value)
    case 'd':
      return decimal(value)
    case 'f':
      return fixed(value, precision ?? DEFAULT_PRECISION)
    case 'e':
      return scientific(value, precision ?? DEFAULT_PRECISION)
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : whole(value, 'binary clause').toString(2)
    case 'x':
      return hex(value)
    case 'X':
      return hex(value).toUpperCase()
    case 'o':
      return whole(value, 'octal clause').toString(8)
    default:
      return fail(`could not parse formatting clause: unrecognized formatting clause "${verb}"`)
  }
}

function wrong(what: string, value: Value, allowed: string): never {
  return fail(`error during formatting: ${what} can only be used on ${allowed}, was given ${typeNameOf(value)}`)
}

function whole(value: Value, what: string): bigint {
  if (typeof value === 'bigint') return value
  return value instanceof Uint ? value.value : wrong(what, value, 'integers')
}

function decimal(value: Value): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return special(value)
  return whole(value, 'decimal clause').toString()
}

function hex(value: Value): string {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('hex')
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (typeof value === 'bigint' || value instanceof Uint) return whole(value, '').toString(16)
  return wrong('hex clause', value, 'integers, byte buffers, and strings')
}

function double(value: Value, what: string): number {
  if (typeof value === 'number') return value
  if (typeof value === 'string' && ['NaN', 'Infinity', '-Infinity'].includes(value)) return Number(value)
  if (typeof value === 'bigint' || value instanceof Uint) return Number(whole(value, what))
  return wrong(what, value, 'doubles')
}

function special(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}

function fixed(value: Value, precision: number): string {
  const number = double(value, 'fixed-point clause')
  if (!Number.isFinite(number)) return special(number)
  return exactFixed(number, precision)
}

/** `toFixed` takes at most 100 digits and numbers below 1e21, and of two that are as near takes the greater. */
function exactFixed(value: number, precision: number): string {
  if (Math.abs(value) >= 1e21) {
    const digits = BigInt(value).toString()
    return precision === 0 ? digits : `${digits}.${'0'.repeat(precision)}`
  }
  if (precision > 100) return value.toFixed(100) + '0'.repeat(precision - 100)
  // No double has a tie this far behind the point.
  if (precision > 70) return value.toFixed(precision)
  return evenly(value.toFixed(precision), value.toFixed(precision + TIE_DIGITS))
}

/** How many digits more show whether a number is in the middle between two shorter ones. */
const TIE_DIGITS = 30

/** The shorter of two texts of a number, but the even one of two that are as near. */
function evenly(rounded: string, exact: string): string {
  const tie = /^50*$/.test(exact.slice(exact.length - TIE_DIGITS))
  return tie && /[13579]$/.test(rounded) ? exact.slice(0, exact.length - TIE_DIGITS).replace(/\.$/, '') : rounded
}

function scientific(value: Value, precision: number): string {
  const number = double(value, 'scientific clause')
  if (!Number.isFinite(number)) return special(number)
  const split = (digits: number) => number.toExponential(Math.min(digits, 100)).split('e')
  const [mantissa = '', exponent = '+0'] = split(precision)
  const [exact = '', power] = split(precision + TIE_DIGITS)
  const kept = precision <= 70 && power === exponent ? evenly(mantissa, exact) : mantissa
  return `${kept}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`
}

function plain(value: Value): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
      return Number.isFinite(value) ? formatDouble(value) : special(value)
    case 'bigint':
    case 'boolean':
      return String(value)
  }
  if (value === null) return 'null'
  if (value instanceof Uint) return String(value.value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value)
  if (value instanceof TypeValue) return value.name
  if (value instanceof List) return `[${value.toArray().map(plain).join(', ')}]`
  if (value instanceof MapValue) return plainMap(value)
  if (value instanceof Optional || value instanceof Opaque) {
    return fail(
      `error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${typeNameOf(value)}`,
    )
  }
  return value satisfies never
}

function plainMap(map: MapValue): string {
  const entries = map.keys().map((key) => [plain(key), map.get(key)] as const)
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${sorted.map(([key, value]) => `${key}: ${value === undefined ? '' : plain(value)}`).join(', ')}}`
}
