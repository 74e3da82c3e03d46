// Cuts a Go template into tokens.
// Spec: https://pkg.go.dev/text/template#hdr-Actions

import { describeRune, quote } from '../../machinery/go/format.ts'
import { isAlphaNumeric } from './go-text.ts'

const KEYWORDS = new Set(['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'range', 'template', 'with'])

/** What a token is; keywords are their own types. */
export type TokenType =
  | 'text'
  | 'open'
  | 'close'
  | 'space'
  | 'identifier'
  | 'field'
  | 'variable'
  | 'dot'
  | 'nil'
  | 'bool'
  | 'number'
  | 'character'
  | 'string'
  | 'pipe'
  | 'assign'
  | 'declare'
  | 'comma'
  | 'other'
  | 'leftParen'
  | 'rightParen'
  | 'keyword'
  | 'end of file'
  | 'error'

/** One token: its text and where it stands. */
export interface Token {
  readonly type: TokenType
  readonly text: string
  readonly at: number
  readonly line: number
}

const SPACES = ' \t\r\n'

/** All tokens of a template; the last one is the end of the file or an error. */
export function tokenize(input: string): Token[] {
  return new Lexer(input).run()
}

/** How messages name a token. */
export function tokenName(token: Token): string {
  if (token.type === 'end of file') return 'EOF'
  if (token.type === 'error') return token.text
  if (token.type === 'keyword' || token.type === 'dot' || token.type === 'nil') return `<${token.text}>`
  return [...token.text].length > 10 ? `${quote([...token.text].slice(0, 10).join(''))}...` : quote(token.text)
}

class LexError extends Error {}

class Lexer {
  private readonly input: string
  private readonly tokens: Token[] = []
  private at = 0
  private start = 0
  private line = 1
  private counted = 0

  constructor(input: string) {
    this.input = input
  }

  run(): Token[] {
    try {
      while (this.at < this.input.length) this.text()
      this.emit('end of file')
    } catch (error) {
      if (!(error instanceof LexError)) throw error
      this.tokens.push({ type: 'error', text: error.message, at: this.start, line: this.lineAt(this.start) })
    }
    return this.tokens
  }

  private lineAt(at: number): number {
    for (; this.counted < at; this.counted++) if (this.input[this.counted] === '\n') this.line += 1
    return this.line
  }

  private emit(type: TokenType): void {
    const text = this.input.slice(this.start, this.at)
    this.tokens.push({ type, text, at: this.start, line: this.lineAt(this.start) })
    this.start = this.at
  }

  private char(): string {
    const code = this.input.codePointAt(this.at)
    return code === undefined ? '' : String.fromCodePoint(code)
  }

  private next(): string {
    const char = this.char()
    this.at += char.length
    return char
  }

  private skipSpaces(): void {
    while (this.at < this.input.length && SPACES.includes(this.char())) this.at += 1
    this.start = this.at
  }

  private text(): void {
    const open = this.input.indexOf('{{', this.at)
    const end = open < 0 ? this.input.length : open
    const trims = open >= 0 && /^-[ \t\r\n]/.test(this.input.slice(open + 2, open + 4))
    this.at = end
    if (trims) while (this.at > this.start && SPACES.includes(this.input[this.at - 1] ?? '')) this.at -= 1
    if (this.at > this.start) this.emit('text')
    this.at = this.start = end
    if (open < 0) return
    this.at += 2
    const comment = this.input.startsWith('/*', this.at + (trims ? 2 : 0))
    if (!comment) this.emit('open')
    if (trims) this.at += 2
    this.start = this.at
    if (comment) this.comment()
    else this.action()
  }

  private comment(): void {
    const end = this.input.indexOf('*/', this.at + 2)
    if (end < 0) throw new LexError('unclosed comment')
    this.at = end + 2
    const close = this.closing()
    if (close === undefined) throw new LexError('comment ends before closing delimiter')
    this.at += close.length
    this.start = this.at
    if (close !== '}}') this.skipSpaces()
  }

  /** The closing delimiter that stands here, with its trim marker. */
  private closing(): string | undefined {
    if (this.input.startsWith('}}', this.at)) return '}}'
    const marked = this.input.slice(this.at, this.at + 4)
    return /^[ \t\r\n]-\}\}$/.test(marked) ? marked : undefined
  }

  private action(): void {
    let parens = 0
    for (;;) {
      const close = this.closing()
      if (close !== undefined) {
        if (parens > 0) throw new LexError('unclosed left paren')
        this.start = this.at + close.length - 2
        this.at = this.start + 2
        this.emit('close')
        if (close !== '}}') this.skipSpaces()
        return
      }
      const char = this.next()
      if (char === '(') parens += 1
      if (char === ')') parens -= 1
      if (parens < 0) throw new LexError('unexpected right paren')
      this.inside(char)
    }
  }

  private inside(char: string): void {
    switch (char) {
      case '':
        throw new LexError('unclosed action')
      case ' ':
      case '\t':
      case '\r':
      case '\n':
        while (SPACES.includes(this.char()) && this.char() !== '' && this.closing() === undefined) this.at += 1
        return this.emit('space')
      case '=':
        return this.emit('assign')
      case ':':
        if (this.next() !== '=') throw new LexError('expected :=')
        return this.emit('declare')
      case '|':
        return this.emit('pipe')
      case '(':
        return this.emit('leftParen')
      case ')':
        return this.emit('rightParen')
      case '"':
        return this.quoted('"', 'string', 'unterminated quoted string')
      case "'":
        return this.quoted("'", 'character', 'unterminated character constant')
      case '`':
        return this.raw()
      case '$':
        return this.name('variable')
      case ',':
        return this.emit('comma')
      case '.':
        return /^\d?$/.test(this.char()) ? this.number() : this.name('field')
    }
    if (/^[-+0-9]$/.test(char)) this.number()
    else if (isAlphaNumeric(char)) this.word()
    else if (/^[!-~]$/.test(char)) this.emit('other')
    else throw new LexError(`unrecognized character in action: ${describeRune(char)}`)
  }

  private quoted(mark: string, type: TokenType, complaint: string): void {
    for (;;) {
      let char = this.next()
      if (char === mark) return this.emit(type)
      if (char === '\\') char = this.next() === '\n' ? '\n' : 'x'
      if (char === '' || char === '\n' || this.at >= this.input.length) throw new LexError(complaint)
    }
  }

  private raw(): void {
    const end = this.input.indexOf('`', this.at)
    if (end < 0) throw new LexError('unterminated raw quoted string')
    this.at = end + 1
    this.emit('string')
  }

  private atTerminator(): boolean {
    const char = this.char()
    return char === '' || ` \t\r\n.,|:)(`.includes(char) || this.input.startsWith('}}', this.at)
  }

  private absorbName(): void {
    while (this.char() !== '' && isAlphaNumeric(this.char())) this.next()
    if (!this.atTerminator()) throw new LexError(`bad character ${describeRune(this.char())}`)
  }

  private name(type: 'field' | 'variable'): void {
    if (this.atTerminator()) return this.emit(type === 'variable' ? 'variable' : 'dot')
    this.absorbName()
    this.emit(type)
  }

  private word(): void {
    this.absorbName()
    const word = this.input.slice(this.start, this.at)
    if (KEYWORDS.has(word)) this.emit('keyword')
    else if (word === 'nil') this.emit('nil')
    else if (word === 'true' || word === 'false') this.emit('bool')
    else this.emit('identifier')
  }

  private number(): void {
    const match =
      /^[-+]?(?:0[xX][\da-fA-F_]*(?:\.[\da-fA-F_]*)?(?:[pP][-+]?[\d_]*)?|0[oO][0-7_]*|0[bB][01_]*|[\d_]*(?:\.[\d_]*)?(?:[eE][-+]?[\d_]*)?)i?/.exec(
        this.input.slice(this.start, this.start + 200),
      )
    this.at = this.start + (match?.[0].length ?? 1)
    const following = this.char()
    if ((following !== '' && isAlphaNumeric(following)) || following === '+' || following === '-') {
      this.next()
      throw new LexError(`bad number syntax: ${quote(this.input.slice(this.start, this.at))}`)
    }
    this.emit('number')
  }
}
