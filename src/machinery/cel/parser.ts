// Parses the source of an expression. Spec: https://github.com/google/cel-spec/blob/master/doc/langdef.md

import type { Ast, Call, Entry, Expr, FieldInit } from './ast.ts'
import { qualifiedName } from './ast.ts'
import { type Issue, ParseError } from './issues.ts'
import { type Token, tokenize } from './lexer.ts'
import { expandMacro } from './macros.ts'
import type { Value } from './values.ts'

const MAX_SOURCE = 100_000
const MAX_DEPTH = 250
/** Chains such as `a + b + c` nest in the tree but not in the source. */
const MAX_CHAIN = 1_000
const MAX_INT = (1n << 63n) - 1n
const STARTS =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
const RESERVED = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
)
const RELATIONS: Readonly<Record<string, string>> = {
  '<': '_<_',
  '<=': '_<=_',
  '>': '_>_',
  '>=': '_>=_',
  '==': '_==_',
  '!=': '_!=_',
  in: '@in',
}
const SUMS: Readonly<Record<string, string>> = { '+': '_+_', '-': '_-_' }
const PRODUCTS: Readonly<Record<string, string>> = { '*': '_*_', '/': '_/_', '%': '_%_' }

export interface ParseOptions {
  /** Whether macros stay calls, as a printer wants them. */
  readonly keepMacros?: boolean
  /** Whether there is `cel.bind`. */
  readonly bindings?: boolean
}

/** Parses a source; throws a ParseError with everything that is wrong. */
export function parse(source: string, options: ParseOptions = {}): Ast {
  if ([...source].length > MAX_SOURCE) {
    const message = `expression code point size exceeds limit: size: ${[...source].length}, limit ${MAX_SOURCE}`
    throw new ParseError([{ at: 0, message }])
  }
  return new Parser(source, options).parse()
}

class Parser {
  readonly #source: string
  readonly #options: ParseOptions
  readonly #tokens: readonly Token[]
  /** What the source has that is no token. */
  readonly #issues: readonly Issue[]
  #next = 0
  #ids = 1
  #depth = 0

  constructor(source: string, options: ParseOptions) {
    this.#source = source
    this.#options = options
    const { tokens, issues } = tokenize(source)
    this.#tokens = tokens
    this.#issues = issues
  }

  parse(): Ast {
    try {
      const ast = this.#whole()
      if (this.#issues.length === 0) return ast
    } catch (error) {
      if (!(error instanceof ParseError)) throw error
      throw new ParseError([...this.#issues, ...error.issues])
    }
    throw new ParseError(this.#issues)
  }

  #whole(): Ast {
    const expr = this.#expression()
    const rest = this.#peek()
    if (rest.kind !== 'end') {
      this.#fail(rest, `Syntax error: extraneous input '${rest.text}' expecting <EOF>`)
    }
    return { source: this.#source, expr, size: this.#ids }
  }

  #peek(): Token {
    return this.#tokens[this.#next] as Token
  }

  #is(text: string): boolean {
    const token = this.#peek()
    return token.kind === 'punctuation' && token.text === text
  }

  #take(text: string): Token | undefined {
    if (!this.#is(text)) return undefined
    return this.#tokens[this.#next++]
  }

  #expect(text: string): Token {
    const found = this.#take(text)
    if (found) return found
    const token = this.#peek()
    return this.#fail(token, `Syntax error: mismatched input '${token.text}' expecting '${text}'`)
  }

  #fail(token: { at: number }, message: string): never {
    throw new ParseError([{ at: token.at, message }])
  }

  #id(at: number): { id: number; at: number } {
    return { id: this.#ids++, at }
  }

  #call(at: number, fn: string, ...args: Expr[]): Call {
    return { ...this.#id(at), kind: 'call', fn, target: undefined, args }
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.#fail({ at: 0 }, `expression recursion limit exceeded: ${MAX_DEPTH}`)
    const result = read()
    this.#depth--
    return result
  }

  #expression(): Expr {
    return this.#nested(() => {
      const condition = this.#logical('||')
      const question = this.#take('?')
      if (!question) return condition
      const yes = this.#logical('||')
      this.#expect(':')
      return this.#call(question.at, '_?_:_', condition, yes, this.#expression())
    })
  }

  /** Chains of `||` and `&&` become balanced trees, so that long ones stay shallow. */
  #logical(operator: '||' | '&&'): Expr {
    const operand = () => (operator === '||' ? this.#logical('&&') : this.#relation())
    const terms = [operand()]
    const at: number[] = []
    for (let token = this.#take(operator); token; token = this.#take(operator)) {
      at.push(token.at)
      terms.push(operand())
    }
    const build = (from: number, to: number): Expr => {
      if (from === to) return terms[from] as Expr
      const middle = (from + to - 1) >> 1
      return this.#call(at[middle] ?? 0, `_${operator}_`, build(from, middle), build(middle + 1, to))
    }
    return build(0, terms.length - 1)
  }

  #chain(operators: Readonly<Record<string, string>>, operand: () => Expr): Expr {
    let left = operand()
    for (let links = 0; ; links++) {
      const token = this.#peek()
      const fn =
        token.kind === 'punctuation' && Object.hasOwn(operators, token.text) ? operators[token.text] : undefined
      if (fn === undefined) return left
      if (links > MAX_CHAIN) this.#fail({ at: 0 }, `expression recursion limit exceeded: ${MAX_DEPTH}`)
      this.#next++
      left = this.#call(token.at, fn, left, operand())
    }
  }

  #relation(): Expr {
    return this.#chain(RELATIONS, () => this.#chain(SUMS, () => this.#chain(PRODUCTS, () => this.#unary())))
  }

  #unary(): Expr {
    const token = this.#peek()
    if (this.#is('!') || this.#is('-')) {
      this.#next++
      const fn = token.text === '!' ? '!_' : '-_'
      if (fn === '-_') {
        const literal = this.#peek()
        if (literal.kind === 'literal' && (typeof literal.value === 'bigint' || typeof literal.value === 'number')) {
          this.#next++
          return this.#member(this.#constant(token.at, -literal.value))
        }
      }
      // Pairs of the same operator cancel out.
      let count = 1
      while (this.#take(token.text)) count++
      const operand = this.#nested(() => this.#unary())
      return count % 2 === 1 ? this.#call(token.at, fn, operand) : operand
    }
    return this.#member(this.#primary())
  }

  #member(start: Expr): Expr {
    let expr = start
    for (let links = 0; ; links++) {
      if (links > MAX_CHAIN) this.#fail({ at: 0 }, `expression recursion limit exceeded: ${MAX_DEPTH}`)
      const dot = this.#take('.')
      if (dot) {
        const optional = this.#take('?')
        const name = this.#identifier()
        const open = optional ? undefined : this.#take('(')
        if (optional) {
          expr = this.#call(dot.at, '_?._', expr, this.#constant(name.at, name.text))
        } else if (open) {
          expr = this.#invoke(open.at, name.text, expr, this.#arguments(')'))
        } else {
          expr = { ...this.#id(dot.at), kind: 'select', operand: expr, field: name.text, test: false }
        }
        continue
      }
      const bracket = this.#take('[')
      if (bracket) {
        const fn = this.#take('?') ? '_[?_]' : '_[_]'
        const index = this.#expression()
        this.#expect(']')
        expr = this.#call(bracket.at, fn, expr, index)
        continue
      }
      const name = this.#is('{') ? qualifiedName(expr) : undefined
      if (name === undefined) return expr
      expr = this.#struct(name)
    }
  }

  #identifier(): Token {
    const token = this.#peek()
    if (token.kind !== 'ident') {
      this.#fail(token, `Syntax error: no viable alternative at input '.${token.kind === 'end' ? '' : token.text}'`)
    }
    this.#next++
    return token
  }

  #invoke(at: number, fn: string, target: Expr | undefined, args: Expr[]): Expr {
    const call: Call = { ...this.#id(at), kind: 'call', fn, target, args }
    const { keepMacros = false, bindings = false } = this.#options
    if (keepMacros) return call
    return expandMacro(call, (where) => this.#id(where), bindings) ?? call
  }

  #arguments(close: string): Expr[] {
    const args: Expr[] = []
    while (!this.#is(close)) {
      args.push(this.#expression())
      if (!this.#take(',')) break
    }
    this.#expect(close)
    return args
  }

  #constant(at: number, value: Value): Expr {
    if (typeof value === 'bigint' && value > MAX_INT) this.#fail({ at }, 'invalid int literal')
    return { ...this.#id(at), kind: 'const', value }
  }

  #primary(): Expr {
    const token = this.#peek()
    this.#next++
    if (token.kind === 'literal' && token.value !== undefined) return this.#constant(token.at, token.value)
    if (token.kind === 'ident') return this.#identOrCall(token, token.text)
    if (token.kind === 'punctuation') {
      if (token.text === '(') {
        const expr = this.#expression()
        this.#expect(')')
        return expr
      }
      if (token.text === '[') return this.#list(token)
      if (token.text === '{') return this.#map(token)
      if (token.text === '.' && this.#peek().kind === 'ident') {
        const name = this.#identifier()
        return this.#identOrCall(name, `.${name.text}`)
      }
    }
    return this.#fail(token, `Syntax error: mismatched input '${token.text}' expecting ${STARTS}`)
  }

  #identOrCall(token: Token, name: string): Expr {
    if (RESERVED.has(token.text)) this.#fail(token, `reserved identifier: ${token.text}`)
    const open = this.#take('(')
    if (open) return this.#invoke(open.at, name, undefined, this.#arguments(')'))
    return { ...this.#id(token.at), kind: 'ident', name }
  }

  #list({ at }: Token): Expr {
    const base = this.#id(at)
    const elements: Expr[] = []
    const optional: number[] = []
    while (!this.#is(']')) {
      if (this.#take('?')) optional.push(elements.length)
      elements.push(this.#expression())
      if (!this.#take(',')) break
    }
    this.#expect(']')
    return { ...base, kind: 'list', elements, optional }
  }

  #map({ at }: Token): Expr {
    const base = this.#id(at)
    const entries: Entry[] = []
    while (!this.#is('}')) {
      const optional = this.#take('?') !== undefined
      const key = this.#expression()
      const colon = this.#expect(':')
      entries.push({ ...this.#id(colon.at), key, value: this.#expression(), optional })
      if (!this.#take(',')) break
    }
    this.#expect('}')
    return { ...base, kind: 'map', entries }
  }

  #struct(name: string): Expr {
    const open = this.#expect('{')
    const base = this.#id(open.at)
    const fields: FieldInit[] = []
    while (!this.#is('}')) {
      const optional = this.#take('?') !== undefined
      const field = this.#identifier()
      const colon = this.#expect(':')
      fields.push({ ...this.#id(colon.at), name: field.text, value: this.#expression(), optional })
      if (!this.#take(',')) break
    }
    this.#expect('}')
    return { ...base, kind: 'struct', name, fields }
  }
}
