// Printf as templates call it: verbs, flags, widths and Go's marks for wrong operands.
// Spec: https://pkg.go.dev/fmt#hdr-Printing

import { formatFloat, formatGoSyntax, formatValue, quote, runeCount } from '../../machinery/go/format.ts'
import { type GoValue, kindOf, numberOf, sortedEntries, typeName } from '../../machinery/go/value.ts'

interface Directive {
  readonly flags: string
  readonly width: number | undefined
  readonly precision: number | undefined
  readonly verb: string
}

const DIRECTIVE = /%([-+# 0]*)(\[\d+\])?(\*|\d+)?(?:\.(\*|\d*))?(\[\d+\])?(.?)/gsu

/** The widest field and the longest fraction that are honoured. */
const MAX_WIDTH = 1_000_000

/** fmt.Sprintf. */
export function sprintf(format: string, operands: readonly GoValue[]): string {
  let next = 0
  let reordered = false
  const star = (): number | undefined => {
    const operand = operands[next++]
    const kind = kindOf(operand)
    return kind === 'int' || kind === 'int64' ? numberOf(operand) : undefined
  }
  const out = format.replace(DIRECTIVE, (_all, flags: string, index1, width, precision, index2, verb: string) => {
    const index = index2 ?? index1
    if (index !== undefined) {
      reordered = true
      next = Number(index.slice(1, -1)) - 1
    }
    let finalFlags = flags
    let finalWidth = width === '*' ? star() : width === undefined ? undefined : Number(width)
    if (finalWidth !== undefined && finalWidth < 0) {
      finalFlags += '-'
      finalWidth = -finalWidth
    }
    const finalPrecision = precision === '*' ? star() : precision === undefined ? undefined : Number(precision || 0)
    if (verb === '') return '%!(NOVERB)'
    if (verb === '%') return '%'
    if (next >= operands.length || next < 0) return index === undefined ? `%!${verb}(MISSING)` : `%!${verb}(BADINDEX)`
    const operand = operands[next++]
    return one(operand, {
      flags: finalFlags,
      width: finalWidth === undefined ? undefined : Math.min(finalWidth, MAX_WIDTH),
      precision: finalPrecision,
      verb,
    })
  })
  if (reordered || next >= operands.length) return out
  const extra = operands
    .slice(next)
    .map((o) => (kindOf(o) === 'nil' || o === undefined ? '<nil>' : `${typeName(o)}=${formatValue(o)}`))
  return `${out}%!(EXTRA ${extra.join(', ')})`
}

function one(operand: GoValue, given: Directive): string {
  // `%+v` asks for the field names of structs, which JSON data has not.
  const d = given.verb === 'v' ? { ...given, flags: given.flags.replace('+', '') } : given
  if (d.verb === 'T') return pad(typeName(operand), d)
  if (d.verb === 'v' && d.flags.includes('#')) return pad(formatGoSyntax(operand), d)
  const kind = kindOf(operand)
  switch (kind) {
    case 'invalid':
    case 'nil':
      return d.verb === 'v' ? pad('<nil>', d) : `%!${d.verb}(<nil>)`
    case 'bool':
      return d.verb === 't' || d.verb === 'v' ? pad(String(operand), d) : bad(operand, d)
    case 'int':
    case 'int64':
      return integer(BigInt(operand as number | bigint), operand, d)
    case 'float64':
      return float(numberOf(operand), operand, d)
    case 'string':
      return text(operand as string, d)
    case 'slice':
      return `[${(operand as unknown[]).map((entry) => one(entry, d)).join(' ')}]`
    case 'map':
      return `map[${sortedEntries(operand as object)
        .map(([key, value]) => `${one(key, d)}:${one(value, d)}`)
        .join(' ')}]`
  }
}

function bad(operand: GoValue, d: Directive): string {
  return `%!${d.verb}(${typeName(operand)}=${one(operand, { ...d, verb: 'v' })})`
}

const BASES: Readonly<Record<string, number>> = { d: 10, v: 10, b: 2, o: 8, O: 8, x: 16, X: 16 }
const BASE_PREFIX: Readonly<Record<string, string>> = { b: '0b', o: '0', x: '0x', X: '0X' }

function integer(value: bigint, operand: GoValue, d: Directive): string {
  const base = BASES[d.verb]
  if (base === undefined) return rune(value, operand, d)
  const negative = value < 0n
  let digits = (negative ? -value : value).toString(base)
  if (d.verb === 'X') digits = digits.toUpperCase()
  if (d.precision !== undefined) digits = digits.padStart(Math.min(d.precision, MAX_WIDTH), '0')
  if (d.verb === 'O') digits = `0o${digits}`
  else if (d.flags.includes('#')) digits = (BASE_PREFIX[d.verb] ?? '') + digits
  const sign = negative ? '-' : d.flags.includes('+') ? '+' : d.flags.includes(' ') ? ' ' : ''
  return padNumber(sign, digits, d, d.precision === undefined)
}

function rune(value: bigint, operand: GoValue, d: Directive): string {
  if (d.verb !== 'c' && d.verb !== 'q' && d.verb !== 'U') return bad(operand, d)
  const code = value < 0n || value > 0x10ffffn ? 0xfffd : Number(value)
  const char = String.fromCodePoint(code)
  if (d.verb === 'c') return pad(char, d)
  if (d.verb === 'q') return pad(quote(char, "'"), d)
  return pad(`U+${code.toString(16).toUpperCase().padStart(4, '0')}`, d)
}

function float(value: number, operand: GoValue, d: Directive): string {
  const verb = d.verb === 'v' ? 'g' : d.verb === 'F' ? 'f' : d.verb.toLowerCase()
  if (verb !== 'e' && verb !== 'f' && verb !== 'g') return bad(operand, d)
  if (!'vefgEFG'.includes(d.verb)) return bad(operand, d)
  const precision = d.precision ?? (verb === 'g' ? -1 : 6)
  let digits = formatFloat(Math.abs(value), verb, precision)
  if (d.verb === 'E' || d.verb === 'G') digits = digits.toUpperCase()
  const negative = value < 0 || Object.is(value, -0)
  const sign = negative ? '-' : d.flags.includes('+') ? '+' : d.flags.includes(' ') ? ' ' : ''
  return padNumber(sign, digits, d, Number.isFinite(value))
}

function text(value: string, d: Directive): string {
  const cut = d.precision === undefined ? value : [...value].slice(0, d.precision).join('')
  switch (d.verb) {
    case 's':
    case 'v':
      return pad(cut, d)
    case 'q':
      return pad(d.flags.includes('#') && !cut.includes('`') ? `\`${cut}\`` : quote(cut), d)
    case 'x':
      return pad(Buffer.from(cut).toString('hex'), d)
    case 'X':
      return pad(Buffer.from(cut).toString('hex').toUpperCase(), d)
    default:
      return bad(value, d)
  }
}

function pad(value: string, d: Directive): string {
  if (d.width === undefined) return value
  const missing = d.width - runeCount(value)
  if (missing <= 0) return value
  if (d.flags.includes('-')) return value + ' '.repeat(missing)
  return (d.flags.includes('0') ? '0' : ' ').repeat(missing) + value
}

function padNumber(sign: string, digits: string, d: Directive, zeroes: boolean): string {
  const plain = sign + digits
  if (d.width === undefined || d.flags.includes('-') || !d.flags.includes('0') || !zeroes) {
    return pad(plain, { ...d, flags: d.flags.replace('0', '') })
  }
  return sign + digits.padStart(d.width - sign.length, '0')
}
