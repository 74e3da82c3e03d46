// Runs a parsed Go template over data.
// Spec: https://pkg.go.dev/text/template

import { formatValue, quote } from '../../machinery/go/format.ts'
import { type GoValue, isTrue, kindOf, numberOf, sortedEntries, typeName } from '../../machinery/go/value.ts'
import { FUNCTIONS, FunctionError, type TemplateFunction } from './go-template-functions.ts'
import type { Branch, Command, Operand, Pipeline, Statement } from './go-template-nodes.ts'
import { show, showStatement } from './go-template-nodes.ts'
import type { TemplateSet } from './go-template-parser.ts'

/** Data that does not fit the template. The message has Go's wording; `output` is what was written before. */
export class TemplateRunError extends Error {
  override name = 'TemplateRunError'
  readonly output: string
  constructor(message: string, output: string, options?: ErrorOptions) {
    super(message, options)
    this.output = output
  }
}

/** Names the interpreter itself defines. */
export const OWN_FUNCTIONS: readonly string[] = ['and', 'or', 'call']

/** Template calls and blocks inside one another, at most. */
const MAX_DEPTH = 1000

/** A value and whether Go would know only that it is an `interface {}`. */
interface Slot {
  readonly value: GoValue
  readonly boxed: boolean
}

interface Variable {
  readonly name: string
  slot: Slot
}

/** What a pipeline hands to its next command; absent for the first one. */
type Final = { readonly value: GoValue } | undefined

type Flow = 'break' | 'continue' | undefined

/** Runs the template called `name`. Throws TemplateRunError. */
export function runTemplate(run: { name: string; text: string; templates: TemplateSet; data: unknown }): string {
  return new Interpreter(run).run()
}

class Interpreter {
  private readonly mainName: string
  private readonly text: string
  private readonly templates: TemplateSet
  private readonly data: unknown
  private readonly out: string[] = []
  private current: string
  private variables: Variable[] = []
  private depth = 0
  private node: { at: number; shown: () => string } = { at: 0, shown: () => '' }

  constructor(run: { name: string; text: string; templates: TemplateSet; data: unknown }) {
    this.mainName = run.name
    this.current = run.name
    this.text = run.text
    this.templates = run.templates
    this.data = run.data
  }

  run(): string {
    const dot = { value: this.data, boxed: false }
    this.variables = [{ name: '$', slot: dot }]
    this.list(dot, this.templates.get(this.mainName) ?? [])
    return this.out.join('')
  }

  private fail(message: string, cause?: unknown): never {
    const before = this.text.slice(0, this.node.at)
    const lineStart = before.lastIndexOf('\n') + 1
    const line = before.split('\n').length
    const where = `${this.mainName}:${line}:${Buffer.byteLength(before.slice(lineStart))}`
    throw new TemplateRunError(
      `template: ${where}: executing ${quote(this.current)} at <${this.node.shown()}>: ${message}`,
      this.out.join(''),
      { cause },
    )
  }

  private at(node: Operand | Command): void {
    this.node = { at: node.at, shown: () => show(node) }
  }

  private list(dot: Slot, statements: readonly Statement[]): Flow {
    this.depth += 1
    if (this.depth > MAX_DEPTH) this.fail(`exceeded maximum template depth (${MAX_DEPTH})`)
    let flow: Flow
    for (const statement of statements) {
      flow = this.statement(dot, statement)
      if (flow) break
    }
    this.depth -= 1
    return flow
  }

  private statement(dot: Slot, statement: Statement): Flow {
    this.node = { at: statement.at, shown: () => showStatement(statement) }
    switch (statement.type) {
      case 'text':
        this.out.push(statement.text)
        return undefined
      case 'action': {
        const value = this.pipeline(dot, statement.pipeline)
        if (statement.pipeline.variables.length > 0) return undefined
        this.out.push(value === undefined || value === null ? '<no value>' : formatValue(value))
        return undefined
      }
      case 'break':
      case 'continue':
        return statement.type
      case 'template':
        this.invoke(dot, statement.name, statement.pipeline)
        return undefined
      case 'range':
        return this.scoped(() => this.range(dot, statement))
      default:
        return this.scoped(() => this.condition(dot, statement))
    }
  }

  /** Variables declared inside are gone afterwards. */
  private scoped<T>(body: () => T): T {
    const mark = this.variables.length
    const result = body()
    this.variables.length = mark
    return result
  }

  private condition(dot: Slot, branch: Branch): Flow {
    const value = this.pipeline(dot, branch.pipeline)
    if (!isTrue(value)) return branch.otherwise && this.list(dot, branch.otherwise)
    return this.list(branch.type === 'with' ? { value, boxed: false } : dot, branch.body)
  }

  private range(dot: Slot, branch: Branch): Flow {
    const value = this.pipeline(dot, branch.pipeline)
    const { variables, assigns } = branch.pipeline
    let ran = false
    for (const [key, element] of this.elements(value, variables.length)) {
      ran = true
      const flow = this.scoped(() => {
        this.bindElement(variables, assigns, key, element)
        return this.list(element, branch.body)
      })
      if (flow === 'break') break
    }
    if (!ran && branch.otherwise) return this.list(dot, branch.otherwise)
    return undefined
  }

  private bindElement(variables: readonly string[], assigns: boolean, key: GoValue, element: Slot): void {
    const slots = variables.length > 1 ? [{ value: key, boxed: false }, element] : [element]
    variables.forEach((name, i) => {
      const slot = slots[i] ?? element
      if (assigns) this.assign(name, slot)
      else this.variables.push({ name, slot })
    })
  }

  private *elements(value: GoValue, variables: number): Generator<[GoValue, Slot]> {
    switch (kindOf(value)) {
      case 'int':
      case 'int64': {
        if (variables > 1) this.fail(`can't use ${formatValue(value)} to iterate over more than one variable`)
        const count = numberOf(value)
        for (let i = 0; i < count; i++) {
          yield [undefined, { value: typeof value === 'bigint' ? BigInt(i) : i, boxed: false }]
        }
        return
      }
      case 'slice':
        for (const [i, element] of (value as unknown[]).entries()) yield [BigInt(i), { value: element, boxed: true }]
        return
      case 'map':
        for (const [key, element] of sortedEntries(value as object)) yield [key, { value: element, boxed: true }]
        return
      case 'invalid':
      case 'nil':
        return
      default:
        this.fail(`range can't iterate over ${formatValue(value)}`)
    }
  }

  private invoke(dot: Slot, name: string, pipeline: Pipeline | undefined): void {
    const body = this.templates.get(name)
    if (!body) return this.fail(`template ${quote(name)} not defined`)
    if (this.depth >= MAX_DEPTH) this.fail(`exceeded maximum template depth (${MAX_DEPTH})`)
    const inner: Slot = { value: pipeline && this.pipeline(dot, pipeline), boxed: false }
    const { variables, current } = this
    this.variables = [{ name: '$', slot: inner }]
    this.current = name
    this.list(inner, body)
    this.variables = variables
    this.current = current
  }

  private assign(name: string, slot: Slot): void {
    const variable = this.variables.findLast((v) => v.name === name)
    if (!variable) return this.fail(`undefined variable: ${name}`)
    variable.slot = slot
  }

  private variable(name: string): Slot {
    return this.variables.findLast((v) => v.name === name)?.slot ?? this.fail(`undefined variable: ${name}`)
  }

  private pipeline(dot: Slot, pipeline: Pipeline): GoValue {
    this.node = { at: pipeline.at, shown: () => show(pipeline) }
    let final: Final
    for (const command of pipeline.commands) final = { value: this.command(dot, command, final) }
    const value = final?.value
    // A range binds its variables itself, element by element; theirs are declared here too and then hidden.
    for (const name of pipeline.variables) {
      if (pipeline.assigns) this.assign(name, { value, boxed: false })
      else this.variables.push({ name, slot: { value, boxed: false } })
    }
    return value
  }

  private command(dot: Slot, command: Command, final: Final): GoValue {
    const [first, ...rest] = command.args
    if (!first) return this.fail('empty command')
    const hasArgs = rest.length > 0 || final !== undefined
    if (first.type === 'identifier') return this.call(dot, { name: first.name, shownAt: command, args: rest, final })
    if (first.type === 'field' || first.type === 'chain' || (first.type === 'variable' && first.names.length > 0)) {
      return this.operand(dot, first, hasArgs)
    }
    if (first.type !== 'pipeline') this.at(first)
    if (hasArgs) this.fail(`can't give argument to non-function ${show(first)}`)
    if (first.type === 'nil') this.fail('nil is not a command')
    return this.operand(dot, first, false)
  }

  /** The value of an operand. `hasArgs`: it stands first in a command with arguments, which only functions take. */
  private operand(dot: Slot, operand: Operand, hasArgs: boolean): GoValue {
    this.at(operand)
    switch (operand.type) {
      case 'dot':
        return dot.value
      case 'nil':
        return null
      case 'bool':
      case 'number':
      case 'string':
        return operand.value
      case 'field':
        return this.fields(dot, operand.names, hasArgs)
      case 'variable':
        return this.fields(this.variable(operand.name), operand.names, hasArgs)
      case 'chain': {
        if (operand.base.type === 'nil') this.fail(`indirection through explicit nil in ${show(operand)}`)
        const value = this.operand(dot, operand.base, false)
        return this.fields({ value, boxed: false }, operand.names, hasArgs)
      }
      case 'identifier':
        return this.call(dot, { name: operand.name, shownAt: operand, args: [], final: undefined })
      case 'pipeline':
        return this.pipeline(dot, operand)
    }
  }

  private fields(receiver: Slot, names: readonly string[], hasArgs: boolean): GoValue {
    let slot = receiver
    names.forEach((name, i) => {
      slot = { value: this.field(slot, name, hasArgs && i === names.length - 1), boxed: true }
    })
    return slot.value
  }

  private field({ value, boxed }: Slot, name: string, hasArgs: boolean): GoValue {
    if (value === undefined) return undefined
    if (value === null) {
      if (!boxed) return undefined
      return this.fail(`nil pointer evaluating interface {}.${name}`)
    }
    if (kindOf(value) !== 'map') {
      return this.fail(`can't evaluate field ${name} in type ${boxed ? 'interface {}' : typeName(value)}`)
    }
    if (hasArgs) this.fail(`${name} is not a method but has arguments`)
    return Object.hasOwn(value as object, name) ? (value as Record<string, unknown>)[name] : undefined
  }

  private call(
    dot: Slot,
    call: { name: string; shownAt: Operand | Command; args: readonly Operand[]; final: Final },
  ): GoValue {
    const { name, args, final } = call
    this.at(call.shownAt.type === 'command' ? (call.shownAt.args[0] ?? call.shownAt) : call.shownAt)
    if (name === 'and' || name === 'or') return this.shortCircuit(dot, call)
    const count = args.length + (final ? 1 : 0)
    const called = name === 'call' ? undefined : FUNCTIONS[name]
    this.checkCount(name, called ?? { min: 1 }, { count, given: args.length })
    const values = args.map((arg, i) => this.argument(dot, arg, i < (called?.texts ?? 0)))
    if (final) values.push(this.asText(final.value, values.length < (called?.texts ?? 0)))
    try {
      if (!called) throw noFunction(values[0], args[0] ? show(args[0]) : formatValue(final?.value))
      return called.run(values)
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error
      this.at(call.shownAt)
      return this.fail(`error calling ${name}: ${error.message}`, error)
    }
  }

  private checkCount(
    name: string,
    { min, max }: Pick<TemplateFunction, 'min' | 'max'>,
    { count, given }: { count: number; given: number },
  ): void {
    if (max !== undefined && count !== max) this.fail(`wrong number of args for ${name}: want ${max} got ${count}`)
    if (count < min) this.fail(`wrong number of args for ${name}: want at least ${min} got ${given}`)
  }

  private shortCircuit(dot: Slot, call: { name: string; args: readonly Operand[]; final: Final }): GoValue {
    const { name, args, final } = call
    const count = args.length + (final ? 1 : 0)
    this.checkCount(name, { min: 1 }, { count, given: args.length })
    let value: GoValue
    for (const arg of args) {
      value = this.operand(dot, arg, false)
      if (isTrue(value) === (name === 'or')) return value
    }
    return final ? final.value : value
  }

  private argument(dot: Slot, arg: Operand, mustBeText: boolean): GoValue {
    const literal = arg.type === 'bool' || arg.type === 'number'
    this.at(arg)
    if (mustBeText && arg.type === 'nil') return this.fail('cannot assign nil to string')
    const value = this.operand(dot, arg, false)
    if (mustBeText && literal) return this.fail(`expected string; found ${show(arg)}`)
    return this.asText(value, mustBeText)
  }

  private asText(value: GoValue, mustBeText: boolean): GoValue {
    if (!mustBeText || typeof value === 'string') return value
    if (value === undefined || value === null) return this.fail('invalid value; expected string')
    return this.fail(`wrong type for value; expected string; got ${typeName(value)}`)
  }
}

function noFunction(value: GoValue, shown: string): FunctionError {
  if (value === undefined || value === null) return new FunctionError('call of nil')
  return new FunctionError(`non-function ${shown} of type ${typeName(value)}`)
}
