// Splits the source of an expression into tokens.

import { type Issue, ParseError } from './issues.ts'
import { Uint, type Value } from './values.ts'

/** A token; `value` is there for literals. */
export interface Token {
  readonly kind: 'ident' | 'literal' | 'punctuation' | 'end'
  readonly text: string
  readonly at: number
  readonly value?: Value
}

const PUNCTUATION = /[()[\]{}.,:?+\-*/%!<>]|&&|\|\||==|!=|<=|>=/y
const TWO = /&&|\|\||==|!=|<=|>=/y
const IDENT = /[A-Za-z_][A-Za-z0-9_]*/y
const NUMBER = /(?:0x[0-9a-fA-F]+[uU]?|\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?|\d+[uU]?)/y
const STRING = /([rR]?[bB]?|[bB][rR])("""|'''|"|')/y
const SPACE = /(?:[\s]+|\/\/[^\n]*)+/y
const MAX_INT = (1n << 63n) - 1n
const MAX_UINT = (1n << 64n) - 1n

/** The tokens of a source, ended by one of kind `end`, and what cannot be one: that is passed over. */
export function tokenize(source: string): { tokens: Token[]; issues: readonly Issue[] } {
  const tokens: Token[] = []
  const issues: Issue[] = []
  let at = 0
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    return pattern.exec(source)
  }
  while (true) {
    const space = match(SPACE)
    if (space) at += space[0].length
    if (at >= source.length) break
    const quote = match(STRING)
    if (quote) {
      const end = endOfString(source, at, quote)
      if (end.whole) tokens.push(stringToken(source.slice(at, end.at), at, quote))
      else issues.push(unrecognized(source, at, end.at))
      at = end.at
      continue
    }
    const ident = match(IDENT)
    if (ident) {
      tokens.push(identToken(ident[0], at))
      at += ident[0].length
      continue
    }
    const number = match(NUMBER)
    if (number && !(number[0].startsWith('.') && isMember(tokens.at(-1)))) {
      tokens.push({ kind: 'literal', text: number[0], at, value: numberValue(number[0], at) })
      at += number[0].length
      continue
    }
    const punctuation = match(TWO) ?? match(PUNCTUATION)
    if (!punctuation) {
      const char = String.fromCodePoint(source.codePointAt(at) ?? 0)
      // Half of an operator is told with what stands in the place of the other half.
      const end = at + char.length + (/[=&|]/.test(char) ? 1 : 0)
      issues.push(unrecognized(source, at, end))
      at = end
      continue
    }
    tokens.push({ kind: 'punctuation', text: punctuation[0], at })
    at += punctuation[0].length
  }
  tokens.push({ kind: 'end', text: '<EOF>', at: source.length })
  return { tokens, issues }
}

function unrecognized(source: string, at: number, end: number): Issue {
  const text = source.slice(at, end).replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')
  return { at, message: `Syntax error: token recognition error at: '${text}'` }
}

/** Whether a dot after this token selects a field. */
function isMember(token: Token | undefined): boolean {
  return token !== undefined && (token.kind === 'ident' || token.text === ')' || token.text === ']')
}

function identToken(text: string, at: number): Token {
  if (text === 'true' || text === 'false') return { kind: 'literal', text, at, value: text === 'true' }
  if (text === 'null') return { kind: 'literal', text, at, value: null }
  return { kind: text === 'in' ? 'punctuation' : 'ident', text, at }
}

function fail(at: number, message: string): never {
  const issue: Issue = { at, message }
  throw new ParseError([issue])
}

function numberValue(text: string, at: number): Value {
  if (/[uU]$/.test(text)) {
    const value = BigInt(text.slice(0, -1))
    return value > MAX_UINT ? fail(at, 'invalid uint literal') : new Uint(value)
  }
  if (/^0x|^\d+$/.test(text)) {
    const value = BigInt(text)
    // One more than the greatest, for the sign that may stand before it: the parser judges.
    return value > MAX_INT + 1n ? fail(at, 'invalid int literal') : value
  }
  const value = Number(text)
  return Number.isFinite(value) ? value : fail(at, 'invalid double literal')
}

/** What a backslash may stand before. */
const ESCAPED = /\\(?:[abfnrtv"'\\?`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})/y

/** Where a string ends, or where it cannot go on. */
function endOfString(source: string, at: number, [head, prefix = '', quote = '"']: RegExpExecArray) {
  const raw = /r/i.test(prefix)
  let i = at + head.length
  while (!source.startsWith(quote, i)) {
    const char = source[i]
    if (char === undefined) return { whole: false, at: i }
    if (quote.length === 1 && (char === '\n' || char === '\r')) return { whole: false, at: i + 1 }
    ESCAPED.lastIndex = i
    const escaped = char === '\\' && !raw ? ESCAPED.exec(source) : undefined
    if (escaped === null) return { whole: false, at: Math.min(source.length, i + 2) }
    i += escaped ? escaped[0].length : 1
  }
  return { whole: true, at: i + quote.length }
}

function stringToken(text: string, at: number, [head, prefix = '', quote = '"']: RegExpExecArray): Token {
  const raw = /r/i.test(prefix)
  const body = text.slice(head.length, -quote.length)
  const value = /b/i.test(prefix) ? unescapeBytes(body, raw, at) : raw ? body : unescaped(body, at, false)
  return { kind: 'literal', text, at, value }
}

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '`': '`',
  '?': '?',
}
const ESCAPE = /\\(?:([xX])([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]?))/g

function unescaped(body: string, at: number, octets: boolean): string {
  if (!body.includes('\\')) return body
  return body.replace(ESCAPE, (whole, _x, hex, short, long, octal, simple) => {
    const digits = hex ?? short ?? long
    if (octets && (short ?? long) !== undefined) return fail(at, 'unable to unescape string')
    if (digits !== undefined || octal !== undefined) {
      const code = octal !== undefined ? Number.parseInt(octal, 8) : Number.parseInt(digits, 16)
      if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return fail(at, 'invalid unicode code point')
      return String.fromCodePoint(code)
    }
    return SIMPLE[simple] ?? fail(at, `Syntax error: token recognition error at: '${whole}'`)
  })
}

function unescapeBytes(body: string, raw: boolean, at: number): Uint8Array {
  if (raw || !body.includes('\\')) return new TextEncoder().encode(body)
  const parts: number[] = []
  let from = 0
  for (const match of body.matchAll(ESCAPE)) {
    parts.push(...new TextEncoder().encode(body.slice(from, match.index)))
    for (const char of unescaped(match[0], at, true)) parts.push(char.codePointAt(0) ?? 0)
    from = match.index + match[0].length
  }
  parts.push(...new TextEncoder().encode(body.slice(from)))
  return Uint8Array.from(parts)
}
