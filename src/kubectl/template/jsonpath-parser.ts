// Reads Kubernetes' JSONPath templates into a tree.
// Spec: https://kubernetes.io/docs/reference/kubectl/jsonpath/

import { describeRune } from '../../machinery/go/format.ts'
import { GoFloat } from '../../machinery/go/value.ts'
import { isAlphaNumeric, unquote } from './go-text.ts'

/** A template that cannot be read, or data that does not fit it; the message has kubectl's wording. */
export class JsonPathError extends Error {
  override name = 'JsonPathError'
}

/** One bound of a slice; `derived` when it follows from a single index. */
export interface SliceParam {
  readonly known: boolean
  readonly value: number
  readonly derived: boolean
}

/** One step of a path. */
export type JsonPathNode =
  | { readonly type: 'list'; readonly nodes: JsonPathNode[] }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'identifier'; readonly name: string }
  | { readonly type: 'array'; readonly params: readonly [SliceParam, SliceParam, SliceParam] }
  | {
      readonly type: 'filter'
      readonly left: JsonPathNode[]
      readonly right: JsonPathNode[]
      readonly operator: string
    }
  | { readonly type: 'literal'; readonly value: number | boolean | GoFloat }
  | { readonly type: 'wildcard' }
  | { readonly type: 'recursive' }
  | { readonly type: 'union'; readonly lists: readonly JsonPathNode[][] }

const TERMINATORS = new Set(['', ' ', '\t', '\r', '\n', '.', ',', '[', ']', '$', '@', '{', '}'])

const FILTER = /^([^!<>=]+)([!<>=]+)([^\n]+)$/
const SLICE = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/
const DICT_KEY = /^'([^']*)'$/

/** Filters and unions inside one another, at most. */
const MAX_DEPTH = 100

/** Parses a whole template: text with actions in braces. Throws JsonPathError. */
export function parseJsonPathTemplate(template: string): JsonPathNode[] {
  return new Parser(template, 0).parse()
}

class Parser {
  private readonly input: string
  private readonly depth: number
  private readonly root: JsonPathNode[] = []
  private at = 0
  private start = 0

  constructor(input: string, depth: number) {
    if (depth > MAX_DEPTH) throw new JsonPathError('expression nested too deeply')
    this.input = input
    this.depth = depth
  }

  parse(): JsonPathNode[] {
    while (this.at < this.input.length) {
      const open = this.input.indexOf('{', this.at)
      this.at = open < 0 ? this.input.length : open
      if (this.at > this.start) this.root.push({ type: 'text', text: this.consume() })
      if (open < 0) break
      this.at += 1
      this.consume()
      const nodes: JsonPathNode[] = []
      this.root.push({ type: 'list', nodes })
      this.action(nodes)
    }
    return this.root
  }

  private consume(): string {
    const text = this.input.slice(this.start, this.at)
    this.start = this.at
    return text
  }

  /** The next character, or '' at the end. */
  private peek(): string {
    const code = this.input.codePointAt(this.at)
    return code === undefined ? '' : String.fromCodePoint(code)
  }

  private next(): string {
    const char = this.peek()
    this.at += char.length
    return char
  }

  /** Reads up to and including the closing brace. */
  private action(nodes: JsonPathNode[]): void {
    for (;;) {
      if (this.input.startsWith('[?(', this.at)) {
        this.filter(nodes)
        continue
      }
      if (this.input.startsWith('..', this.at)) {
        this.recursive(nodes)
        continue
      }
      const char = this.next()
      if (char === '}') {
        this.consume()
        return
      }
      this.step(char, nodes)
    }
  }

  private step(char: string, nodes: JsonPathNode[]): void {
    if (char === '' || char === '\r' || char === '\n') throw new JsonPathError('unclosed action')
    if (char === ' ' || char === '@' || char === '$') this.consume()
    else if (char === '[') this.array(nodes)
    else if (char === '"' || char === "'") this.quoted(nodes, char)
    else if (char === '.') this.field(nodes)
    else if (/^[-+\p{Nd}]$/u.test(char)) this.number(nodes, char)
    else if (isAlphaNumeric(char)) this.identifier(nodes)
    else throw new JsonPathError(`unrecognized character in action: ${describeRune(char)}`)
  }

  private identifier(nodes: JsonPathNode[]): void {
    while (!TERMINATORS.has(this.peek())) this.next()
    const name = this.consume()
    if (name === 'true' || name === 'false') nodes.push({ type: 'literal', value: name === 'true' })
    else nodes.push({ type: 'identifier', name })
  }

  private recursive(nodes: JsonPathNode[]): void {
    if (nodes.at(-1)?.type === 'recursive') throw new JsonPathError('invalid multiple recursive descent')
    this.at += 2
    this.consume()
    nodes.push({ type: 'recursive' })
    if (isAlphaNumeric(this.peek())) this.field(nodes)
  }

  private number(nodes: JsonPathNode[], first: string): void {
    if (first !== '+' && first !== '-') this.at -= first.length
    while (/^[.\p{Nd}]$/u.test(this.peek())) this.next()
    const text = this.consume()
    if (/^[-+]?\d+$/.test(text)) nodes.push({ type: 'literal', value: Number(text) })
    else if (/^[-+]?(\d+\.?\d*|\.\d+)$/.test(text)) nodes.push({ type: 'literal', value: new GoFloat(Number(text)) })
    else throw new JsonPathError(`cannot parse number ${text}`)
  }

  private array(nodes: JsonPathNode[]): void {
    for (let char = this.next(); char !== ']'; char = this.next()) {
      if (char === '' || char === '\n') throw new JsonPathError('unterminated array')
    }
    const inside = this.consume().slice(1, -1)
    const text = inside === '*' ? ':' : inside
    const parts = text.split(',')
    if (parts.length > 1) {
      const lists = parts.map((part) => this.nested(`[${part.replace(/^ +| +$/g, '')}]`))
      nodes.push({ type: 'union', lists })
      return
    }
    const key = DICT_KEY.exec(text)
    if (key) nodes.push(...this.nested(`.${key[1]}`))
    else nodes.push({ type: 'array', params: sliceParams(text) })
  }

  private filter(nodes: JsonPathNode[]): void {
    this.at += 3
    this.consume()
    this.skipFilter()
    if (this.next() !== ']') throw new JsonPathError('unclosed array expect ]')
    const text = this.consume().slice(0, -2)
    const parts = FILTER.exec(text)
    if (!parts) {
      nodes.push({ type: 'filter', left: this.nested(text), right: [], operator: 'exists' })
      return
    }
    const [, left = '', operator = '', right = ''] = parts
    nodes.push({ type: 'filter', left: this.nested(left), right: this.nested(right), operator })
  }

  /** Moves behind the filter's closing parenthesis; one quoted text may contain parentheses. */
  private skipFilter(): void {
    let pair = ''
    let closed = false
    for (;;) {
      const char = this.next()
      if (char === '' || char === '\n') throw new JsonPathError('unterminated filter')
      if (char === '"' || char === "'") {
        if (pair === '') pair = char
        else if (this.input[this.at - 2] !== '\\' && char === pair) closed = true
      } else if (char === ')' && (pair !== '') === closed) {
        return
      }
    }
  }

  private quoted(nodes: JsonPathNode[], mark: string): void {
    for (;;) {
      const char = this.next()
      if (char === '' || char === '\n') throw new JsonPathError('unterminated quoted string')
      if (char === mark && this.input[this.at - 2] !== '\\') break
    }
    const literal = this.consume()
    const text = unquote(literal)
    if (text === undefined) throw new JsonPathError(`unquote string ${literal} error invalid syntax`)
    nodes.push({ type: 'text', text })
  }

  private field(nodes: JsonPathNode[]): void {
    this.consume()
    while (!TERMINATORS.has(this.peek())) {
      if (this.next() === '\\') this.next()
    }
    const name = this.consume()
    if (name === '*') nodes.push({ type: 'wildcard' })
    else nodes.push({ type: 'field', name: name.replaceAll('\\', '') })
  }

  /** The steps of an expression that stands inside brackets. */
  private nested(text: string): JsonPathNode[] {
    const first = new Parser(`{${text}}`, this.depth + 1).parse()[0]
    return first?.type === 'list' ? first.nodes : []
  }
}

function sliceParams(text: string): [SliceParam, SliceParam, SliceParam] {
  const match = SLICE.exec(text)
  if (!match) throw new JsonPathError(`invalid array index ${text}`)
  const from = bound(match[1] ?? '')
  const to = match[2] === undefined ? { known: true, value: from.value + 1, derived: true } : bound(match[2].slice(1))
  const step = match[3] === undefined ? bound('') : bound(match[3].slice(1))
  return [from, to, step]
}

function bound(text: string): SliceParam {
  if (text === '') return { known: false, value: 0, derived: false }
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new JsonPathError(`array index ${text} is not a number`)
  return { known: true, value, derived: false }
}
