// The functions a template can call: Go's predefined ones and kubectl's own two.
// Spec: https://pkg.go.dev/text/template#hdr-Functions

import { sprint, sprintln } from '../../machinery/go/format.ts'
import {
  basicKind,
  ComparisonError,
  equalBasic,
  type GoValue,
  isTrue,
  kindOf,
  lessBasic,
  numberOf,
  typeName,
} from '../../machinery/go/value.ts'
import { sprintf } from './go-printf.ts'

/** What went wrong inside a function. */
export class FunctionError extends Error {
  override name = 'FunctionError'
}

/** One function: how many arguments it takes, which must be text, and what it gives. */
export interface TemplateFunction {
  readonly min: number
  /** Absent: any number of further arguments. */
  readonly max?: number
  /** How many of the first arguments must be text. */
  readonly texts?: number
  readonly run: (args: readonly GoValue[]) => GoValue
}

/** All functions by name. `and`, `or` and `call` are the interpreter's own: they see more than values. */
export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  not: { min: 1, max: 1, run: ([value]) => !isTrue(value) },
  len: { min: 1, max: 1, run: ([value]) => length(value) },
  index: { min: 1, run: ([item, ...path]) => index(item, path) },
  slice: { min: 1, run: ([item, ...bounds]) => slice(item, bounds) },
  print: { min: 0, run: sprint },
  println: { min: 0, run: sprintln },
  printf: { min: 1, texts: 1, run: ([format, ...operands]) => sprintf(String(format), operands) },
  html: { min: 0, run: (args) => joined(args).replace(/[&<>"'\0]/g, (c) => HTML[c] ?? c) },
  js: { min: 0, run: (args) => escapeJs(joined(args)) },
  urlquery: { min: 0, run: (args) => escapeQuery(joined(args)) },
  eq: { min: 1, run: ([first, ...others]) => equalsAny(first, others) },
  ne: { min: 2, max: 2, run: ([a, b]) => !equalsAny(a, [b]) },
  lt: { min: 2, max: 2, run: ([a, b]) => compared(a, b, () => lessBasic(a, b)) },
  le: { min: 2, max: 2, run: ([a, b]) => compared(a, b, () => lessBasic(a, b) || equalBasic(a, b)) },
  gt: { min: 2, max: 2, run: ([a, b]) => compared(a, b, () => !lessBasic(a, b) && !equalBasic(a, b)) },
  ge: { min: 2, max: 2, run: ([a, b]) => compared(a, b, () => !lessBasic(a, b)) },
  exists: { min: 1, run: ([item, ...path]) => exists(item, path) },
  base64decode: { min: 1, max: 1, texts: 1, run: ([text]) => decodeBase64(String(text)) },
}

function length(value: GoValue): bigint {
  switch (kindOf(value)) {
    case 'nil':
      throw new FunctionError('len of nil pointer')
    case 'invalid':
      throw new FunctionError('reflect: call of reflect.Value.Type on zero Value')
    case 'string':
      return BigInt(Buffer.byteLength(value as string))
    case 'slice':
      return BigInt((value as unknown[]).length)
    case 'map':
      return BigInt(Object.keys(value as object).length)
    default:
      throw new FunctionError(`len of type ${typeName(value)}`)
  }
}

function indexNumber(value: GoValue, limit: number): number {
  const kind = kindOf(value)
  if (kind === 'invalid' || kind === 'nil') throw new FunctionError('cannot index slice/array with nil')
  if (kind !== 'int' && kind !== 'int64') {
    throw new FunctionError(`cannot index slice/array with type ${typeName(value)}`)
  }
  const number = numberOf(value)
  if (number < 0 || number > limit) throw new FunctionError(`index out of range: ${number}`)
  return number
}

function index(item: GoValue, path: readonly GoValue[]): GoValue {
  if (item === undefined || item === null) throw new FunctionError('index of untyped nil')
  let current: GoValue = item
  for (const step of path) {
    if (current === undefined || current === null) throw new FunctionError('index of nil pointer')
    current = indexOnce(current, step)
  }
  return current
}

function indexOnce(item: GoValue, step: GoValue): GoValue {
  switch (kindOf(item)) {
    case 'slice':
    case 'string': {
      const elements = typeof item === 'string' ? Buffer.from(item) : (item as unknown[])
      const at = indexNumber(step, elements.length)
      if (at === elements.length) {
        throw new FunctionError(`reflect: ${typeof item === 'string' ? 'string' : 'slice'} index out of range`)
      }
      return typeof item === 'string' ? BigInt(elements[at] as number) : (elements[at] as unknown)
    }
    case 'map':
      if (step === undefined || step === null) throw new FunctionError('value is nil; should be of type string')
      if (typeof step !== 'string') throw new FunctionError(`value has type ${typeName(step)}; should be string`)
      return Object.hasOwn(item as object, step) ? (item as Record<string, unknown>)[step] : null
    default:
      throw new FunctionError(`can't index item of type ${typeName(item)}`)
  }
}

function slice(item: GoValue, bounds: readonly GoValue[]): GoValue {
  if (item === undefined || item === null) throw new FunctionError('slice of untyped nil')
  if (bounds.length > 3) throw new FunctionError(`too many slice indexes: ${bounds.length}`)
  const isText = typeof item === 'string'
  if (isText && bounds.length === 3) throw new FunctionError('cannot 3-index slice a string')
  if (!isText && !Array.isArray(item)) throw new FunctionError(`can't slice item of type ${typeName(item)}`)
  const elements = isText ? Buffer.from(item) : (item as unknown[])
  const [from = 0, to = elements.length, capacity = elements.length] = bounds.map((b) =>
    indexNumber(b, elements.length),
  )
  if (from > to) throw new FunctionError(`invalid slice index: ${from} > ${to}`)
  if (to > capacity) throw new FunctionError(`invalid slice index: ${to} > ${capacity}`)
  return isText ? Buffer.from(item).subarray(from, to).toString() : (elements as unknown[]).slice(from, to)
}

function exists(item: GoValue, path: readonly GoValue[]): boolean {
  let current: GoValue = item
  for (const step of path) {
    const kind = kindOf(current)
    const stepKind = kindOf(step)
    if (kind === 'map') {
      if (stepKind !== 'string') return false
      const key = step as string
      current = Object.hasOwn(current as object, key) ? (current as Record<string, unknown>)[key] : null
    } else if (kind === 'slice' || kind === 'string') {
      if (stepKind !== 'int' && stepKind !== 'int64') return false
      const elements = kind === 'slice' ? (current as unknown[]) : [...Buffer.from(current as string)]
      const at = numberOf(step)
      if (at < 0 || at >= elements.length) return false
      current = elements[at]
    } else {
      return false
    }
  }
  // A step that leads to nothing gives a nil; an item that is itself missing counts as there.
  return path.length === 0 || (current !== null && current !== undefined)
}

function equalsAny(first: GoValue, others: readonly GoValue[]): boolean {
  if (others.length === 0) throw new FunctionError('missing argument for comparison')
  const isNil = (value: GoValue) => value === undefined || value === null
  for (const other of others) {
    const kinds = [basicKind(first), basicKind(other)]
    let same = false
    if (kinds[0] !== kinds[1]) {
      if (!isNil(first) && !isNil(other)) throw incompatible(first, other)
    } else if (kinds[0] !== undefined) {
      same = equalBasic(first, other)
    } else if (isNil(first) || isNil(other)) {
      same = isNil(first) === isNil(other)
    } else {
      throw new FunctionError(`non-comparable type ${sprintf('%s', [first])}: ${typeName(first)}`)
    }
    if (same) return true
  }
  return false
}

function incompatible(a: GoValue, b: GoValue): FunctionError {
  return new FunctionError(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`)
}

function compared(a: GoValue, b: GoValue, compare: () => boolean): boolean {
  const kinds = [basicKind(a), basicKind(b)]
  if (kinds[0] && kinds[1] && kinds[0] !== kinds[1]) throw incompatible(a, b)
  try {
    return compare()
  } catch (error) {
    if (error instanceof ComparisonError) throw new FunctionError(error.message, { cause: error })
    throw error
  }
}

/** The arguments as the escaping functions see them. */
function joined(args: readonly GoValue[]): string {
  return sprint(args.map((arg) => (arg === undefined || arg === null ? '<no value>' : arg)))
}

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
  '\0': '\ufffd',
}

const JS: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
}

function escapeJs(text: string): string {
  let out = ''
  for (const char of text) {
    const known = JS[char]
    if (known !== undefined) out += known
    else if (char < ' ' || (char > '~' && /[\p{C}\p{Z}]/u.test(char))) {
      out += `\\u${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
    } else out += char
  }
  return out
}

function escapeQuery(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

function decodeBase64(text: string): string {
  const bad = badBase64Byte(text)
  if (bad !== undefined) {
    throw new FunctionError(`base64 decode failed: illegal base64 data at input byte ${bad}`)
  }
  return Buffer.from(text, 'base64').toString()
}

/** Where Go's decoder would stop; undefined for correct base64. */
function badBase64Byte(text: string): number | undefined {
  let digits = 0
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? ''
    if (char === '\n' || char === '\r') continue
    if (/[A-Za-z0-9+/]/.test(char)) {
      digits += 1
      continue
    }
    if (char !== '=' || digits % 4 < 2) return i
    if (digits % 4 === 3) return restIsEmpty(text, i + 1)
    const second = nextByte(text, i + 1)
    if (text[second] !== '=') return second >= text.length ? text.length : second - 1
    return restIsEmpty(text, second + 1)
  }
  return digits % 4 === 0 ? undefined : text.length - (digits % 4)
}

function nextByte(text: string, from: number): number {
  let at = from
  while (text[at] === '\n' || text[at] === '\r') at += 1
  return at
}

function restIsEmpty(text: string, from: number): number | undefined {
  const at = nextByte(text, from)
  return at >= text.length ? undefined : at
}
