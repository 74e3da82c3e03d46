// Reads JSON the way people print it in texts: with comments, trailing commas and words without quotes.

/** The text is no JSON, even with all allowances; the message names line and column. */
export class LenientJsonError extends Error {
  override name = 'LenientJsonError'
}

const MAX_DEPTH = 200
const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/
const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
])

/**
 * Parses one value. Beyond JSON it takes `#`, `//` and block comments, commas before a closing bracket, single quotes,
 * and bare words as keys and as text. Throws LenientJsonError.
 */
export function parseLenientJson(text: string): unknown {
  return new Reader(text).document()
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  }

  document(): unknown {
    const value = this.#value(0)
    this.#skip()
    if (this.#at < this.#text.length) throw this.#error('expected the end of the text')
    return value
  }

  #value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw this.#error(`expected at most ${MAX_DEPTH} levels`)
    this.#skip()
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth)
      case '[':
        return this.#array(depth)
      case '"':
      case "'":
        return this.#quoted()
      case undefined:
        throw this.#error('expected a value')
      default:
        return this.#bare()
    }
  }

  #object(depth: number): Record<string, unknown> {
    const out: Record<string, unknown> = {}
    this.#at++
    while (!this.#closes('}')) {
      const key = this.#key()
      this.#skip()
      if (this.#text[this.#at] !== ':') throw this.#error(`expected ":" after ${JSON.stringify(key)}`)
      this.#at++
      const value = this.#value(depth + 1)
      // A key such as __proto__ is data, too.
      Object.defineProperty(out, key, { value, enumerable: true, writable: true, configurable: true })
      this.#separator('}')
    }
    return out
  }

  #array(depth: number): unknown[] {
    const out: unknown[] = []
    this.#at++
    while (!this.#closes(']')) {
      out.push(this.#value(depth + 1))
      this.#separator(']')
    }
    return out
  }

  /** Whether the closing bracket is next; takes it. */
  #closes(bracket: string): boolean {
    this.#skip()
    if (this.#text[this.#at] !== bracket) return false
    this.#at++
    return true
  }

  /** Between elements stands a comma, which may also stand before the end. */
  #separator(bracket: string): void {
    this.#skip()
    if (this.#text[this.#at] === ',') this.#at++
    else if (this.#text[this.#at] !== bracket) throw this.#error(`expected "," or "${bracket}"`)
  }

  #key(): string {
    this.#skip()
    const quote = this.#text[this.#at]
    if (quote === '"' || quote === "'") return this.#quoted()
    const word = /^[\w$.\-/]+/.exec(this.#text.slice(this.#at, this.#at + 256))?.[0]
    if (!word) throw this.#error('expected a key')
    this.#at += word.length
    return word
  }

  #quoted(): string {
    const quote = this.#text[this.#at]
    let out = ''
    for (this.#at++; ; this.#at++) {
      const char = this.#text[this.#at]
      if (char === undefined || char === '\n') throw this.#error('expected a closing quote')
      if (char === quote) break
      out += char === '\\' ? this.#escape() : char
    }
    this.#at++
    return out
  }

  #escape(): string {
    const char = this.#text[++this.#at] ?? ''
    if (char !== 'u') return ESCAPES[char] ?? char
    const digits = this.#text.slice(this.#at + 1, this.#at + 5)
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#error('expected four hexadecimal digits')
    this.#at += 4
    return String.fromCharCode(Number.parseInt(digits, 16))
  }

  /** A number, a word of JSON, or text that ends with the line, a comma, a bracket or a comment. */
  #bare(): unknown {
    const start = this.#at
    while (this.#at < this.#text.length && !/[,\]}\n]/.test(this.#text[this.#at] ?? '') && !this.#commentAfterSpace()) {
      this.#at++
    }
    const word = this.#text.slice(start, this.#at).trim()
    if (word === '') {
      this.#at = start
      throw this.#error('expected a value')
    }
    if (WORDS.has(word)) return WORDS.get(word)
    return NUMBER.test(word) ? Number(word) : word
  }

  /** In a bare word, `//` and `#` begin a comment only after a space: addresses and colours hold them, too. */
  #commentAfterSpace(): boolean {
    const here = this.#text[this.#at]
    const comment = here === '#' || (here === '/' && this.#text[this.#at + 1] === '/')
    return comment && /\s/.test(this.#text[this.#at - 1] ?? ' ')
  }

  /** Passes over space and comments. */
  #skip(): void {
    for (;;) {
      const char = this.#text[this.#at]
      const next = this.#text[this.#at + 1]
      if (char !== undefined && /\s/.test(char)) this.#at++
      else if (char === '#' || (char === '/' && next === '/')) this.#to('\n')
      else if (char === '/' && next === '*') this.#to('*/')
      else return
    }
  }

  #to(end: string): void {
    const found = this.#text.indexOf(end, this.#at + (end === '*/' ? 2 : 0))
    this.#at = found < 0 ? this.#text.length : found + end.length
  }

  #error(expected: string): LenientJsonError {
    const before = this.#text.slice(0, this.#at).split('\n')
    const found = this.#text[this.#at]
    const shown = found === undefined ? 'the end' : JSON.stringify(found)
    return new LenientJsonError(
      `cannot read JSON at line ${before.length}, column ${(before.at(-1) ?? '').length + 1}: ${expected}, found ${shown}`,
    )
  }
}
