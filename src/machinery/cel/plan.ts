// Compiles a checked expression to closures: evaluating walks no tree and looks up no names of functions.

import type { StructLiteral } from './ast.ts'
import { ACCUMULATOR, type Call, type Expr, type Fold, type ListLiteral, type MapLiteral, type Select } from './ast.ts'
import type { Checked } from './checker.ts'
import type { TypeProvider } from './env.ts'
import { equal } from './equality.ts'
import { planFold } from './fold.ts'
import type { Frame, Run } from './frame.ts'
import { type Functions, fail, type Overload } from './functions.ts'
import { insertEntry, select } from './lib/optionals.ts'
import { regex } from './lib/regex.ts'
import { elementAt, entryOf } from './lib/standard.ts'
import {
  absorbed,
  fieldOf,
  isKnown,
  made,
  type Plan,
  pick,
  present,
  readSlot,
  runnerOf,
  truth,
  unwrapped,
} from './plan-steps.ts'
import { callCost, LIST_BASE, MAP_BASE, STRUCT_BASE } from './runtime-cost.ts'
import { ArrayList, EntryMap, type Failure, List, MapValue, Optional, TypeValue, type Value } from './values.ts'

/** Compiles an expression. */
export function plan(checked: Checked, options: PlanOptions): Run {
  return new Planner(checked, options).plan(checked.ast.expr).run
}

export interface PlanOptions {
  readonly types: TypeProvider | undefined
  readonly functions: Functions
  /** Whether literals of constants are made once, before any evaluation, which then does not pay for them. */
  readonly fold: boolean
}

const constant = (value: Value): Plan => ({ run: () => value, constant: value })
const FOLDED = new Set(['int', 'uint', 'double', 'bool', 'string', 'bytes', 'timestamp', 'duration', 'dyn', 'type'])
/** Functions whose second operand is a pattern. */
const PATTERNED = new Set(['matches', 'find', 'findAll'])

/** Compiles nodes; knows which loop variables are in scope. */
class Planner {
  readonly #checked: Checked
  readonly #options: PlanOptions
  readonly #scopes: Map<string, number>[] = []
  #slots = 0

  constructor(checked: Checked, options: PlanOptions) {
    this.#checked = checked
    this.#options = options
  }

  plan(expr: Expr): Plan {
    switch (expr.kind) {
      case 'const':
        return constant(expr.value)
      case 'ident':
        return this.#ident(expr.id, expr.name)
      case 'select':
        return this.#select(expr)
      case 'call':
        return this.#call(expr)
      case 'list':
        return this.#list(expr)
      case 'map':
        return this.#map(expr)
      case 'struct':
        return this.#struct(expr)
      case 'fold':
        return this.#fold(expr)
    }
  }

  #ident(id: number, name: string): Plan {
    const reference = this.#checked.references.get(id)
    if (reference?.kind === 'type') return constant(new TypeValue(reference.type.name))
    if (reference?.kind === 'variable') {
      const variable = reference.name
      const run = (frame: Frame) => {
        frame.charge(1)
        return frame.variable(variable)
      }
      return { run, attribute: true }
    }
    const slot = this.#slotOf(name)
    const run = (frame: Frame) => {
      frame.charge(1)
      return readSlot(frame, slot)
    }
    return { run, attribute: true }
  }

  #slotOf(name: string): number {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const slot = this.#scopes[i]?.get(name)
      if (slot !== undefined) return slot
    }
    throw new Error(`variable ${JSON.stringify(name)} was checked but is not in scope`)
  }

  #select(expr: Select): Plan {
    if (this.#checked.references.has(expr.id)) return this.#ident(expr.id, expr.field)
    const { run: operand, attribute } = this.plan(expr.operand)
    const { field, test } = expr
    if (test) return { run: (frame) => present(operand(frame), field) }
    // A field of what a call made starts a path of its own.
    const cost = attribute ? 1 : 2
    const run = (frame: Frame) => {
      const value = operand(frame)
      frame.charge(cost)
      return fieldOf(value, field)
    }
    return { run, attribute: true }
  }

  #call(expr: Call): Plan {
    const { fn } = expr
    switch (fn) {
      case '_&&_':
      case '_||_':
        return this.#logic(expr, fn === '_||_')
      case '_?_:_':
        return this.#conditional(expr)
      case '_?._':
      case '_[?_]':
        return this.#optionalSelect(expr)
      case '_[_]':
        return this.#index(expr)
      case '@not_strictly_false':
        return this.#notFalse(expr)
      case 'or':
      case 'orValue':
        if (expr.target && this.#overloads(expr).length === 1) return this.#orElse(expr, fn === 'or')
        return this.#function(expr)
      case '_+_':
      case 'cel.@mapInsert':
        return this.#accumulate(expr) ?? this.#function(expr)
      case '@in':
        return this.#inConstants(expr) ?? this.#function(expr)
      default:
        return this.#function(expr)
    }
  }

  #overloads(expr: Call): readonly Overload[] {
    const reference = this.#checked.references.get(expr.id)
    return reference?.kind === 'call' ? reference.overloads : []
  }

  #function(expr: Call): Plan {
    const reference = this.#checked.references.get(expr.id)
    if (reference?.kind !== 'call') throw new Error(`call of ${JSON.stringify(expr.fn)} was not checked`)
    const { overloads, global, fn } = reference
    const operands = expr.target && !global ? [expr.target, ...expr.args] : expr.args
    const plans = operands.map((operand) => this.plan(operand))
    const exact = overloads.length === 1 ? overloads[0] : undefined
    // Arguments of which the checker knew the types need no second look.
    const known = exact && operands.every((operand) => isKnown(this.#checked.types[operand.id]))
    const candidates = known ? overloads : this.#declared(fn, overloads[0])
    const dispatch = exact && known ? exact.call : (...args: Value[]) => pick(candidates, args).call(...args)
    const [first] = plans
    if (this.#options.fold && FOLDED.has(fn) && plans.length === 1 && first?.constant !== undefined) {
      const { constant: given } = first
      return constant(made(() => dispatch(given)))
    }
    const pattern = PATTERNED.has(fn) ? plans[1]?.constant : undefined
    if (typeof pattern === 'string') made(() => regex(pattern))
    return { run: runnerOf(plans, dispatch, callCost(fn, exact?.id)) }
  }

  /** All overloads that may turn out to be meant once the arguments are there. */
  #declared(fn: string, like: Overload | undefined): readonly Overload[] {
    return (this.#options.functions.get(fn) ?? []).filter(({ member }) => member === like?.member)
  }

  #logic(expr: Call, decides: boolean): Plan {
    const [left, right] = expr.args.map((arg) => this.plan(arg).run) as [Run, Run]
    const run = (frame: Frame): Value => {
      let failure: Failure | undefined
      try {
        const value = truth(left(frame))
        if (value === decides) return decides
      } catch (error) {
        failure = absorbed(error)
      }
      const value = truth(right(frame))
      if (value === decides) return decides
      if (failure) throw failure
      return value
    }
    return { run }
  }

  #conditional(expr: Call): Plan {
    const [condition, yes, no] = expr.args.map((arg) => this.plan(arg)) as [Plan, Plan, Plan]
    // A branch that is a path costs only its parts: the whole conditional is read as a path.
    const branch = ({ run, attribute }: Plan): Run => {
      if (!attribute) return run
      return (frame) => {
        frame.cost--
        return run(frame)
      }
    }
    const [test, whenTrue, whenFalse] = [condition.run, branch(yes), branch(no)]
    return { run: (frame) => (truth(test(frame)) ? whenTrue(frame) : whenFalse(frame)) }
  }

  #notFalse(expr: Call): Plan {
    const operand = this.plan(expr.args[0] as Expr).run
    const run = (frame: Frame) => {
      frame.charge(1)
      try {
        return operand(frame) !== false
      } catch (error) {
        absorbed(error)
        return true
      }
    }
    return { run }
  }

  #optionalSelect(expr: Call): Plan {
    const [container, key] = expr.args.map((arg) => this.plan(arg)) as [Plan, Plan]
    const run = (frame: Frame) => {
      const value = container.run(frame)
      const at = key.run(frame)
      frame.charge(1)
      const found = select(value, at)
      // Optionals do not nest when paths go on.
      return found.value instanceof Optional && value instanceof Optional ? found.value : found
    }
    return { run, attribute: true }
  }

  #index(expr: Call): Plan {
    const [container, key] = expr.args.map((arg) => this.plan(arg)) as [Plan, Plan]
    const cost = container.attribute ? 1 : 2
    const run = (frame: Frame) => {
      const value = container.run(frame)
      const at = key.run(frame)
      frame.charge(cost)
      if (value instanceof List) return elementAt(value, at)
      if (value instanceof MapValue) return entryOf(value, at)
      if (value instanceof Optional) return select(value, at)
      return fail('no such overload')
    }
    return { run, attribute: true }
  }

  #orElse(expr: Call, wraps: boolean): Plan {
    const optional = this.plan(expr.target as Expr).run
    const other = this.plan(expr.args[0] as Expr).run
    const run = (frame: Frame): Value => {
      const value = optional(frame)
      if (!(value instanceof Optional)) return fail('no such overload')
      frame.charge(1)
      if (value.value === undefined) return other(frame)
      return wraps ? value : value.value
    }
    return { run }
  }

  /** Membership in a list of constants is looked up rather than searched, and costs nothing. */
  #inConstants(expr: Call): Plan | undefined {
    const [value, list] = expr.args.map((arg) => this.plan(arg)) as [Plan, Plan]
    if (!(list.constant instanceof List) || list.constant.size === 0) return undefined
    const items = list.constant.toArray()
    if (!items.every((item) => ['string', 'bigint', 'boolean'].includes(typeof item))) return undefined
    const known = new Set(items)
    return {
      run: (frame) => {
        const found = value.run(frame)
        return (
          known.has(found) ||
          (typeof found === 'object' || typeof found === 'number' ? items.some((i) => equal(i, found)) : false)
        )
      },
    }
  }

  /** Within a loop that collects, adding to the accumulator changes it in place: nothing else can see it. */
  #accumulate(expr: Call): Plan | undefined {
    const [left, ...rest] = expr.args
    if (left?.kind !== 'ident' || left.name !== ACCUMULATOR) return undefined
    const slot = this.#slotOf(ACCUMULATOR)
    if (expr.fn === '_+_') return this.#append(rest[0], slot)
    if (rest.length !== 2) return undefined
    const [key, value] = rest.map((arg) => this.plan(arg).run) as [Run, Run]
    const run = (frame: Frame) => {
      frame.charge(2)
      return insertEntry(readSlot(frame, slot) as MapValue, key(frame), value(frame))
    }
    return { run }
  }

  #append(right: Expr | undefined, slot: number): Plan | undefined {
    if (right?.kind !== 'list' || right.elements.length !== 1 || right.optional.length > 0) return undefined
    const item = this.plan(right.elements[0] as Expr)
    const cost = item.constant === undefined ? LIST_BASE + 2 : 2
    const run = (frame: Frame) => {
      frame.charge(cost)
      const list = readSlot(frame, slot) as ArrayList
      list.items.push(item.run(frame))
      return list
    }
    return { run }
  }

  #list({ elements, optional }: ListLiteral): Plan {
    const plans = elements.map((element) => this.plan(element))
    if (this.#options.fold && optional.length === 0 && plans.every((item) => item.constant !== undefined)) {
      return constant(new ArrayList(plans.map((item) => item.constant as Value)))
    }
    const skips = new Set(optional)
    const run = (frame: Frame) => {
      const items: Value[] = []
      for (const [i, item] of plans.entries()) {
        const value = item.run(frame)
        if (!skips.has(i)) items.push(value)
        else if (unwrapped(value) !== undefined) items.push(unwrapped(value) as Value)
      }
      frame.charge(LIST_BASE)
      return new ArrayList(items)
    }
    return { run }
  }

  #map({ entries }: MapLiteral): Plan {
    const plans = entries.map((entry) => ({
      key: this.plan(entry.key),
      value: this.plan(entry.value),
      optional: entry.optional,
    }))
    const build = (frame: Frame | undefined) => {
      const map = new EntryMap()
      for (const { key, value, optional } of plans) {
        const at = frame ? key.run(frame) : (key.constant as Value)
        const found = frame ? value.run(frame) : (value.constant as Value)
        const kept = optional ? unwrapped(found) : found
        if (kept === undefined) continue
        map.set(at, kept)
      }
      return map
    }
    const fixed = plans.every(
      ({ key, value, optional }) => !optional && key.constant !== undefined && value.constant !== undefined,
    )
    if (fixed && this.#options.fold) return constant(made(() => build(undefined)))
    const run = (frame: Frame) => {
      frame.charge(MAP_BASE)
      return build(frame)
    }
    return { run }
  }

  #struct({ name, fields }: StructLiteral): Plan {
    const { types } = this.#options
    if (!types) throw new Error(`object of type ${JSON.stringify(name)} was checked without types`)
    const plans = fields.map((field) => ({ ...field, run: this.plan(field.value).run }))
    const typeName = name.replace(/^\./, '')
    const run = (frame: Frame) => {
      const values = new Map<string, Value>()
      for (const { name: field, optional, run: value } of plans) {
        const found = value(frame)
        const kept = optional ? unwrapped(found) : found
        if (kept !== undefined) values.set(field, kept)
      }
      frame.charge(STRUCT_BASE)
      return types.construct(typeName, values)
    }
    return { run }
  }

  #fold(expr: Fold): Plan {
    const range = this.plan(expr.range).run
    const init = this.plan(expr.init)
    const slots = { accu: this.#slots++, first: this.#slots++, second: this.#slots++ }
    const accumulator = new Map([[expr.accuVar, slots.accu]])
    this.#scopes.push(accumulator)
    const variables = new Map([[expr.iterVar, slots.first]])
    if (expr.iterVar2 !== undefined) variables.set(expr.iterVar2, slots.second)
    this.#scopes.push(variables)
    const condition = this.plan(expr.condition)
    const step = this.plan(expr.step).run
    this.#scopes.pop()
    const result = this.plan(expr.result).run
    this.#scopes.pop()
    return { run: planFold({ expr, range, init, condition, step, result, slots }) }
  }
}
