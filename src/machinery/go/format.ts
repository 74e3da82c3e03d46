// Values as Go's fmt package prints them: %v, %+v, %#v, Print, Println and Printf.
// Spec: https://pkg.go.dev/fmt

import { type GoValue, kindOf, numberOf, sortedEntries, typeName } from './value.ts'

/** The text of a value under `%v`. */
export function formatValue(value: GoValue): string {
  switch (kindOf(value)) {
    case 'invalid':
    case 'nil':
      return '<nil>'
    case 'float64':
      return formatFloat(numberOf(value), 'g', -1)
    case 'slice':
      return `[${(value as unknown[]).map(formatValue).join(' ')}]`
    case 'map':
      return `map[${sortedEntries(value as object)
        .map(([key, entry]) => `${key}:${formatValue(entry)}`)
        .join(' ')}]`
    default:
      return String(value)
  }
}

/** The text of a value under `%s`, which says of all that is no text what it is. */
export function formatText(value: GoValue): string {
  const within = (inner: GoValue) => (inner === null ? '<nil>' : formatText(inner))
  switch (kindOf(value)) {
    case 'string':
      return value as string
    case 'invalid':
    case 'nil':
      return '%!s(<nil>)'
    case 'slice':
      return `[${(value as unknown[]).map(within).join(' ')}]`
    case 'map':
      return `map[${sortedEntries(value as object)
        .map(([key, entry]) => `${key}:${within(entry)}`)
        .join(' ')}]`
    default:
      return `%!s(${typeName(value)}=${formatValue(value)})`
  }
}

/** The text of a value under `%#v`: Go syntax. */
export function formatGoSyntax(value: GoValue): string {
  switch (kindOf(value)) {
    case 'invalid':
    case 'nil':
      return 'interface {}(nil)'
    case 'float64':
      return formatFloat(numberOf(value), 'g', -1)
    case 'string':
      return quote(value as string)
    case 'slice':
      return `[]interface {}{${(value as unknown[]).map(formatGoSyntax).join(', ')}}`
    case 'map':
      return `map[string]interface {}{${sortedEntries(value as object)
        .map(([key, entry]) => `${quote(key)}:${formatGoSyntax(entry)}`)
        .join(', ')}}`
    default:
      return String(value)
  }
}

/** fmt.Sprint: a space between two operands when neither is text. */
export function sprint(values: readonly GoValue[]): string {
  let out = ''
  values.forEach((value, i) => {
    if (i > 0 && typeof value !== 'string' && typeof values[i - 1] !== 'string') out += ' '
    out += formatValue(value)
  })
  return out
}

/** fmt.Sprintln: a space between all operands and a line feed. */
export function sprintln(values: readonly GoValue[]): string {
  return `${values.map(formatValue).join(' ')}\n`
}

/** A number in Go's format `e`, `f` or `g`; precision -1 is the shortest that reads back the same. */
export function formatFloat(value: number, format: 'e' | 'f' | 'g', precision: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (format === 'f') return precision < 0 ? plainDecimal(value) : value.toFixed(Math.min(precision, 100))
  const digits = precision < 0 ? undefined : Math.min(format === 'g' ? Math.max(precision, 1) - 1 : precision, 100)
  const exponential = goExponent(value.toExponential(digits))
  if (format === 'e') return exponential
  const exponent = Number(exponential.slice(exponential.indexOf('e') + 1))
  if (precision < 0) return exponent < -4 || exponent >= 6 ? exponential : plainDecimal(value)
  const limit = Math.max(precision, 1)
  const trim = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)
  if (exponent < -4 || exponent >= limit) {
    const [mantissa = '', tail = ''] = exponential.split('e')
    return `${trim(mantissa)}e${tail}`
  }
  return trim(value.toFixed(Math.min(Math.max(limit - 1 - exponent, 0), 100)))
}

function plainDecimal(value: number): string {
  const text = String(value)
  if (!text.includes('e')) return Object.is(value, -0) ? '-0' : text
  const [mantissa = '', power = '0'] = text.split('e')
  const decimals = (mantissa.split('.')[1] ?? '').length - Number(power)
  return decimals > 0 ? value.toFixed(Math.min(decimals, 100)) : BigInt(value).toString()
}

/** Go writes at least two exponent digits. */
function goExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2')
}

/** Characters that Go writes with a letter behind a backslash. */
export const ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
}

/** What neither mark has to be told apart from. */
const PLAIN = /^[ !#-&(-[\]-~]*$/

/** strconv.Quote. */
export function quote(text: string, mark = '"'): string {
  if (PLAIN.test(text)) return mark + text + mark
  let out = mark
  for (const char of text) {
    const known = ESCAPES[char]
    if (known !== undefined) out += known
    else if (char === mark) out += `\\${mark}`
    else if (isPrintable(char)) out += char
    else out += unicodeEscape(char)
  }
  return out + mark
}

function isPrintable(char: string): boolean {
  return char === ' ' || (!/[\p{C}\p{Z}]/u.test(char) && char !== '\ufffd') || char === '\ufffd'
}

function unicodeEscape(char: string): string {
  const code = char.codePointAt(0) ?? 0
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`
  return `\\U${code.toString(16).padStart(8, '0')}`
}

/** `U+007E '~'`, as `%#U` shows a character. */
export function describeRune(char: string): string {
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return isPrintable(char) ? `U+${code} '${char}'` : `U+${code}`
}

/** Characters whose width `%5s` counts. */
export function runeCount(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}
