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

/** The tokens of a source, ended by one of kind `end`. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
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
      const token = readString(source, at, quote)
      tokens.push(token)
      at += token.text.length
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
      throw new ParseError([{ at, message: `Syntax error: token recognition error at: '${char}'` }])
    }
    tokens.push({ kind: 'punctuation', text: punctuation[0], at })
    at += punctuation[0].length
  }
  tokens.push({ kind: 'end', text: '<EOF>', at: source.length })
  return tokens
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

function readString(source: string, at: number, match: RegExpExecArray): Token {
  const [head, prefix = '', quote = '"'] = match
  const raw = /r/i.test(prefix)
  const bytes = /b/i.test(prefix)
  let i = at + head.length
  const from = i
  while (!source.startsWith(quote, i)) {
    const char = source[i]
    if (char === undefined || (quote.length === 1 && (char === '\n' || char === '\r'))) {
      const rest = source.slice(at, i)
      return fail(at, `Syntax error: token recognition error at: '${rest}'`)
    }
    i += char === '\\' && !raw ? 2 : 1
  }
  const body = source.slice(from, i)
  const text = source.slice(at, i + quote.length)
  const value = bytes ? unescapeBytes(body, raw, at) : raw ? body : unescaped(body, at, false)
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
