// `'%s has %d'.format([a, b])`. Spec: cel-go ext.Strings of version 2, formatting.go. Numbers are printed as English has
// it, by golang.org/x/text.

import { quote } from '../../go/format.ts'
import { fail } from '../functions.ts'
import { Duration, List, MapValue, Timestamp, TypeValue, typeNameOf, Uint, type Value } from '../values.ts'
import { formatDouble } from './conversions.ts'
import { formatDuration, formatTimestamp } from './time.ts'

const DEFAULT_PRECISION = 6
/** Go's printer takes no greater widths and precisions. */
const MAX_PRECISION = 1_000_000

/** What stands for arguments: values, or expressions that are judged before there are any. */
export interface Clauses {
  readonly count: number
  /** Whether an argument that is missing is told of before all else. */
  readonly early: boolean
  /** The text for the argument at an index. Fails where they do not fit. */
  write(verb: Verb, index: number, precision: number | undefined): string
}

const VERBS = ['s', 'd', 'f', 'e', 'b', 'x', 'X', 'o'] as const
export type Verb = (typeof VERBS)[number]

/** What a clause can be used on, as it is said of others. */
export const ALLOWED: Readonly<Record<Verb, string>> = {
  s: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  d: 'decimal clause can only be used on integers',
  f: 'fixed-point clause can only be used on doubles',
  e: 'scientific clause can only be used on doubles',
  b: 'only integers and bools can be formatted as binary',
  x: 'only integers, byte buffers, and strings can be formatted as hex',
  X: 'only integers, byte buffers, and strings can be formatted as hex',
  o: 'octal clause can only be used on integers',
}

/** Writes a format with its clauses. Fails with what is wrong with it. Model: parseFormatString. */
export function writeFormat(text: string, clauses: Clauses): string {
  let next = 0
  let result = ''
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '%') {
      result += text[i]
      continue
    }
    i++
    if (text[i] === '%') {
      result += '%'
      continue
    }
    const isMissing = next >= clauses.count
    if (isMissing && clauses.early) return fail(`index ${next} out of range`)
    if (i >= text.length) return fail('unexpected end of string')
    if (isMissing) return fail(`index ${next} out of range`)
    const { precision, length } = precisionIn(text.slice(i))
    i += length
    const verb = VERBS.find((known) => known === text[i])
    if (!verb) return fail(`could not parse formatting clause: unrecognized formatting clause "${text[i]}"`)
    result += clauses.write(verb, next++, precision)
  }
  return result
}

function precisionIn(text: string): { readonly precision: number | undefined; readonly length: number } {
  if (!text.startsWith('.')) return { precision: undefined, length: 0 }
  const digits = /^\d*/.exec(text.slice(1))?.[0] ?? ''
  const failed = (why: string) => fail(`could not parse formatting clause: error while parsing precision: ${why}`)
  if (digits.length + 1 >= text.length) return failed('could not find end of precision specifier')
  if (digits === '') {
    return failed('error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax')
  }
  return { precision: Number(digits), length: digits.length + 1 }
}

/** The text with every clause replaced by the argument it stands for. */
export function format(text: string, args: readonly Value[]): string {
  const write = (verb: Verb, index: number, precision: number | undefined) =>
    clause(verb, args[index] as Value, precision)
  return writeFormat(text, { count: args.length, early: true, write })
}

function clause(verb: Verb, value: Value, precision = DEFAULT_PRECISION): string {
  switch (verb) {
    case 's':
      return plain(value)
    case 'd':
      return whole(value, verb).toString()
    case 'f':
      return fixed(double(value, verb), precision)
    case 'e':
      // What is said to be its precision is its width.
      return scientific(double(value, verb)).padStart(Math.min(precision, MAX_PRECISION))
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : whole(value, verb).toString(2)
    case 'x':
      return hex(value)
    case 'X':
      return hex(value).toUpperCase()
    case 'o':
      return whole(value, verb).toString(8)
  }
}

function wrong(verb: Verb, value: Value): never {
  return fail(`error during formatting: ${ALLOWED[verb]}, was given ${typeNameOf(value)}`)
}

function whole(value: Value, verb: Verb): bigint {
  if (typeof value === 'bigint') return value
  return value instanceof Uint ? value.value : wrong(verb, value)
}

function hex(value: Value): string {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('hex')
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return whole(value, 'x').toString(16)
}

function double(value: Value, verb: Verb): number {
  if (typeof value === 'number') return value
  if (typeof value === 'string' && ['NaN', 'Infinity', '-Infinity'].includes(value)) return Number(value)
  return wrong(verb, value)
}

function special(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞'
}

function fixed(value: number, precision: number): string {
  if (!Number.isFinite(value)) return special(value)
  const [whole = '', fraction] = exactFixed(value, Math.min(precision, MAX_PRECISION)).split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
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

const SUPERSCRIPTS = [...'⁰¹²³⁴⁵⁶⁷⁸⁹']

function scientific(value: number): string {
  if (!Number.isFinite(value)) return special(value)
  const split = (digits: number) => value.toExponential(digits).split('e')
  const [mantissa = '', exponent = '+0'] = split(DEFAULT_PRECISION)
  const [exact = '', power] = split(DEFAULT_PRECISION + TIE_DIGITS)
  const kept = power === exponent ? evenly(mantissa, exact) : mantissa
  const digits = exponent.slice(1).padStart(2, '0')
  const raised = digits.replace(/\d/g, (digit) => SUPERSCRIPTS[Number(digit)] ?? '')
  return `${kept}×10${exponent.startsWith('-') ? '⁻' : ''}${raised}`
}

function plain(value: Value): string {
  if (value instanceof List) return listText(value)
  if (value instanceof MapValue) return mapText(value)
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value)
  if (typeof value === 'number') return formatDouble(value)
  return simple(value) ?? wrong('s', value)
}

/** What has the same text everywhere; undefined for all else. */
function simple(value: Value): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value === null) return 'null'
  if (value instanceof Uint) return String(value.value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  return value instanceof TypeValue ? value.name : undefined
}

/** A value within a list or a map. Model: clauseForType and quoteForCEL. */
function inner(value: Value): string {
  if (value instanceof List) return listText(value)
  if (value instanceof MapValue) return mapText(value)
  if (value instanceof Timestamp) return `timestamp(${quote(formatTimestamp(value))})`
  if (value instanceof Duration) return `duration(${quote(formatDuration(value))})`
  if (typeof value === 'number') {
    return Number.isFinite(value) ? exactFixed(value, DEFAULT_PRECISION) : quote(formatDouble(value))
  }
  const text = simple(value)
  if (text === undefined) return fail(`error during formatting: no formatting function for ${typeNameOf(value)}`)
  if (typeof value === 'string') return quote(text)
  return value instanceof Uint8Array ? `b${quote(text)}` : text
}

const listText = (list: List) => `[${list.toArray().map(inner).join(', ')}]`

function mapText(map: MapValue): string {
  const entries = map.keys().map((key) => {
    if (typeof key === 'number') {
      return fail(`error during formatting: no formatting function for map key of type ${typeNameOf(key)}`)
    }
    return [inner(key), inner(map.get(key) ?? null)] as const
  })
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${sorted.map(([key, value]) => `${key}:${value}`).join(', ')}}`
}
