// Reads a Go template into a tree of statements.
// Spec: https://pkg.go.dev/text/template

import { quote } from '../../machinery/go/format.ts'
import { GoFloat } from '../../machinery/go/value.ts'
import { type Token, type TokenType, tokenize, tokenName } from './go-template-lexer.ts'
import type { Branch, Command, Operand, Pipeline, Statement } from './go-template-nodes.ts'
import { show } from './go-template-nodes.ts'
import { unquote } from './go-text.ts'

/** A template that cannot be read; the message has Go's wording. */
export class TemplateSyntaxError extends Error {
  override name = 'TemplateSyntaxError'
}

/** Everything a template text defines, by name; the text itself under its own name. */
export type TemplateSet = Map<string, Statement[]>

/** Parentheses and blocks inside one another, at most. */
const MAX_DEPTH = 500

const OPERANDS = new Set<TokenType>([
  'bool',
  'character',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'string',
  'variable',
  'leftParen',
])

/** Parses a template called `name`. Throws TemplateSyntaxError. */
export function parseTemplate(name: string, text: string, functions: ReadonlySet<string>): TemplateSet {
  return new Parser(name, text, functions).parse()
}

/** How a list of statements ended. */
type Ending = 'end' | 'else' | 'else if' | 'else with'

class Parser {
  private readonly name: string
  private readonly functions: ReadonlySet<string>
  private readonly tokens: Token[]
  private readonly templates: TemplateSet = new Map()
  private index = 0
  private furthest = 0
  private depth = 0
  private ranges = 0
  private actionLine = 0
  private variables = ['$']

  constructor(name: string, text: string, functions: ReadonlySet<string>) {
    this.name = name
    this.functions = functions
    this.tokens = tokenize(text)
  }

  parse(): TemplateSet {
    const root: Statement[] = []
    while (this.peek().type !== 'end of file') {
      if (this.peek().type === 'open' && this.definition()) continue
      const statement = this.statement()
      if (typeof statement === 'string') this.fail(`unexpected {{${statement === 'end' ? 'end' : 'else'}}}`)
      else root.push(statement)
    }
    this.add(this.name, root)
    return this.templates
  }

  private fail(message: string): never {
    const line = this.tokens[Math.min(this.furthest, this.tokens.length - 1)]?.line ?? 1
    throw new TemplateSyntaxError(`template: ${this.name}:${line}: ${message}`)
  }

  private peek(): Token {
    const at = Math.min(this.index, this.tokens.length - 1)
    this.furthest = Math.max(this.furthest, at)
    return this.tokens[at] as Token
  }

  private next(): Token {
    const token = this.peek()
    this.index += 1
    return token
  }

  private nextNonSpace(): Token {
    const token = this.next()
    return token.type === 'space' ? this.next() : token
  }

  private peekNonSpace(): Token {
    if (this.peek().type === 'space') this.index += 1
    return this.peek()
  }

  private unexpected(token: Token, context: string): never {
    if (token.type !== 'error') this.fail(`unexpected ${tokenName(token)} in ${context}`)
    if (this.actionLine === 0 || this.actionLine === token.line) this.fail(token.text)
    const where = ` action started at ${this.name}:${this.actionLine}`
    this.fail(
      token.text.endsWith(' action') ? `${token.text}${where.slice(' action'.length)}` : `${token.text} in${where}`,
    )
  }

  private expect(type: TokenType, context: string): Token {
    const token = this.nextNonSpace()
    if (token.type !== type) this.unexpected(token, context)
    return token
  }

  private add(name: string, body: Statement[]): void {
    const known = this.templates.get(name)
    if (known === undefined || isEmpty(known)) this.templates.set(name, body)
    else if (!isEmpty(body)) this.fail(`template: multiple definition of template ${quote(name)}`)
  }

  /** Reads `{{define}}` if it stands here. */
  private definition(): boolean {
    const before = this.index
    this.next()
    const token = this.nextNonSpace()
    if (token.type !== 'keyword' || token.text !== 'define') {
      this.index = before
      return false
    }
    const name = this.text(this.nextNonSpace(), 'define clause')
    this.expect('close', 'define clause')
    this.add(name, this.separateBody('define clause'))
    return true
  }

  /** The body of a definition: it sees no variables and no loop from outside. */
  private separateBody(context: string): Statement[] {
    const { variables, ranges } = this
    this.variables = ['$']
    this.ranges = 0
    const { statements, ending } = this.list()
    if (ending !== 'end') this.fail(`unexpected {{else}} in ${context}`)
    this.variables = variables
    this.ranges = ranges
    return statements
  }

  private list(): { statements: Statement[]; ending: Ending } {
    this.depth += 1
    if (this.depth > MAX_DEPTH) this.fail('max expression depth exceeded')
    const statements: Statement[] = []
    while (this.peekNonSpace().type !== 'end of file') {
      const statement = this.statement()
      if (typeof statement === 'string') {
        this.depth -= 1
        return { statements, ending: statement }
      }
      statements.push(statement)
    }
    return this.fail('unexpected EOF')
  }

  private statement(): Statement | Ending {
    const token = this.nextNonSpace()
    if (token.type === 'text') return { type: 'text', at: token.at, text: token.text }
    if (token.type !== 'open') return this.unexpected(token, 'input')
    this.actionLine = token.line
    const statement = this.action()
    this.actionLine = 0
    return statement
  }

  private action(): Statement | Ending {
    const token = this.peekNonSpace()
    if (token.type !== 'keyword') {
      return { type: 'action', at: token.at, pipeline: this.pipeline('command', 'close') }
    }
    this.next()
    switch (token.text) {
      case 'break':
      case 'continue':
        return this.loopControl(token, token.text)
      case 'if':
      case 'with':
      case 'range':
        return this.branch(token.text)
      case 'template':
        return this.invocation()
      case 'block':
        return this.block()
      case 'end':
        this.expect('close', 'end')
        return 'end'
      case 'else':
        return this.otherwise()
      default:
        this.index -= 1
        return this.unexpected(this.next(), 'command')
    }
  }

  private otherwise(): Ending {
    const token = this.peekNonSpace()
    if (token.type === 'keyword' && token.text === 'if') return 'else if'
    if (token.type === 'keyword' && token.text === 'with') return 'else with'
    this.expect('close', 'else')
    return 'else'
  }

  private loopControl(token: Token, type: 'break' | 'continue'): Statement {
    const close = this.nextNonSpace()
    if (close.type !== 'close') this.unexpected(close, `{{${type}}}`)
    if (this.ranges === 0) this.fail(`{{${type}}} outside {{range}}`)
    return { type, at: token.at }
  }

  private branch(type: Branch['type']): Branch {
    const scope = this.variables.length
    const pipeline = this.pipeline(type, 'close')
    if (type === 'range') this.ranges += 1
    const { statements: body, ending } = this.list()
    if (type === 'range') this.ranges -= 1
    let otherwise: Statement[] | undefined
    if (ending === `else ${type}` && type !== 'range') {
      this.next()
      otherwise = [this.branch(type)]
    } else if (ending !== 'end') {
      const rest = this.list()
      if (rest.ending !== 'end') this.fail('expected end; found {{else}}')
      otherwise = rest.statements
    }
    this.variables.length = scope
    return { type, at: pipeline.at, pipeline, body, otherwise }
  }

  private invocation(): Statement {
    const token = this.nextNonSpace()
    const name = this.text(token, 'template clause')
    if (this.peekNonSpace().type === 'close') {
      this.next()
      return { type: 'template', at: token.at, name, pipeline: undefined }
    }
    return { type: 'template', at: token.at, name, pipeline: this.pipeline('template clause', 'close') }
  }

  private block(): Statement {
    const token = this.nextNonSpace()
    const name = this.text(token, 'block clause')
    const pipeline = this.pipeline('block clause', 'close')
    this.add(name, this.separateBody('block clause'))
    return { type: 'template', at: token.at, name, pipeline }
  }

  private text(token: Token, context: string): string {
    if (token.type !== 'string') return this.unexpected(token, context)
    return unquote(token.text) ?? this.fail('invalid syntax')
  }

  private pipeline(context: string, end: TokenType): Pipeline {
    const at = this.peekNonSpace().at
    const { variables, assigns } = this.declarations(context)
    const commands: Command[] = []
    for (;;) {
      const token = this.nextNonSpace()
      if (token.type === end) break
      if (!OPERANDS.has(token.type)) this.unexpected(token, context)
      this.index -= 1
      commands.push(this.command())
    }
    if (commands.length === 0) this.fail(`missing value for ${context}`)
    commands.slice(1).forEach((command, i) => {
      if (['bool', 'dot', 'nil', 'number', 'string'].includes(command.args[0]?.type ?? '')) {
        this.fail(`non executable command in pipeline stage ${i + 2}`)
      }
    })
    return { type: 'pipeline', at, variables, assigns, commands }
  }

  private declarations(context: string): { variables: string[]; assigns: boolean } {
    const variables: string[] = []
    for (;;) {
      const token = this.peekNonSpace()
      if (token.type !== 'variable') return { variables, assigns: false }
      const before = this.index
      this.next()
      const following = this.peekNonSpace()
      if (following.type === 'assign' || following.type === 'declare') {
        this.next()
        variables.push(token.text)
        this.variables.push(token.text)
        return { variables, assigns: following.type === 'assign' }
      }
      if (following.type !== 'comma') {
        this.index = before
        return { variables, assigns: false }
      }
      this.next()
      variables.push(token.text)
      this.variables.push(token.text)
      if (context !== 'range' || variables.length >= 2) this.fail(`too many declarations in ${context}`)
      if (!['variable', 'close', 'rightParen'].includes(this.peekNonSpace().type)) {
        this.fail('range can only initialize variables')
      }
    }
  }

  private command(): Command {
    const command: Command = { type: 'command', at: this.peekNonSpace().at, args: [] }
    for (;;) {
      this.peekNonSpace()
      const operand = this.operand()
      if (operand) command.args.push(operand)
      const token = this.next()
      if (token.type === 'space') continue
      if (token.type === 'close' || token.type === 'rightParen') this.index -= 1
      else if (token.type !== 'pipe') this.unexpected(token, 'operand')
      break
    }
    if (command.args.length === 0) this.fail('empty command')
    return command
  }

  private operand(): Operand | undefined {
    const term = this.term()
    const at = this.peek().at
    if (!term || this.peek().type !== 'field') return term
    const names: string[] = []
    while (this.peek().type === 'field') names.push(this.next().text.slice(1))
    switch (term.type) {
      case 'field':
      case 'variable':
        return { ...term, at, names: [...term.names, ...names] }
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.fail(`unexpected . after term ${quote(show(term))}`)
      default:
        return { type: 'chain', at, base: term, names }
    }
  }

  private term(): Operand | undefined {
    const token = this.nextNonSpace()
    const { at, text } = token
    switch (token.type) {
      case 'identifier':
        if (!this.functions.has(text)) this.fail(`function ${quote(text)} not defined`)
        return { type: 'identifier', at, name: text }
      case 'dot':
      case 'nil':
        return { type: token.type, at }
      case 'bool':
        return { type: 'bool', at, value: text === 'true' }
      case 'variable':
        if (!this.variables.includes(text)) this.fail(`undefined variable ${quote(text)}`)
        return { type: 'variable', at, name: text, names: [] }
      case 'field':
        return { type: 'field', at, names: [text.slice(1)] }
      case 'number':
        return { type: 'number', at, text, value: this.number(text) }
      case 'character':
        return { type: 'number', at, text, value: this.character(text) }
      case 'string':
        return { type: 'string', at, literal: text, value: this.text(token, 'string') }
      case 'leftParen':
        return this.parenthesized()
      default:
        this.index -= 1
        return undefined
    }
  }

  private parenthesized(): Pipeline {
    this.depth += 1
    if (this.depth > MAX_DEPTH) this.fail('max expression depth exceeded')
    const pipeline = this.pipeline('parenthesized pipeline', 'rightParen')
    this.depth -= 1
    return pipeline
  }

  private number(text: string): bigint | GoFloat {
    const digits = text.replaceAll('_', '')
    const unsigned = digits.replace(/^[-+]/, '')
    const sign = digits.startsWith('-') ? -1 : 1
    if (/^(0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|0|[1-9]\d*)$/.test(unsigned)) return this.int(sign, unsigned)
    if (/^0[0-7]+$/.test(unsigned)) return this.int(sign, `0o${unsigned.slice(1)}`)
    if (/^0\d+$/.test(unsigned)) return this.fail(`integer overflow: ${quote(text)}`)
    if (/^(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(unsigned)) return new GoFloat(sign * Number(unsigned))
    return this.fail(`illegal number syntax: ${quote(text)}`)
  }

  private int(sign: number, digits: string): bigint {
    const value = BigInt(sign) * BigInt(digits.toLowerCase())
    if (BigInt.asIntN(64, value) !== value) this.fail(`integer overflow: ${quote(digits)}`)
    return value
  }

  private character(text: string): bigint {
    const value = unquote(text)
    if (value === undefined || [...value].length !== 1) return this.fail(`malformed character constant: ${text}`)
    return BigInt(value.codePointAt(0) ?? 0)
  }
}

function isEmpty(body: readonly Statement[]): boolean {
  return body.every((statement) => statement.type === 'text' && statement.text.trim() === '')
}
