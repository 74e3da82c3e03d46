// Estimates what an expression can cost at least and at most, from the sizes its data may have.
// Model: cel-go's checker, cost, and k8s.io/apiserver/pkg/cel/library, cost. The numbers are contracts.

import { ACCUMULATOR, type Call, type Expr, type Fold, type ListLiteral, type MapLiteral } from './ast.ts'
import { estimateCall } from './call-estimates.ts'
import type { Checked } from './checker.ts'
import {
  add,
  type CostEstimate,
  fixed,
  type Node,
  type Range,
  type SizeEstimator,
  times,
  UNKNOWN,
  union,
} from './ranges.ts'
import { LIST_BASE, MAP_BASE, STRUCT_BASE } from './runtime-cost.ts'
import { DYN, isOptional, type Type } from './types.ts'
import { characters, Uint } from './values.ts'

export type { CostEstimate, SizeEstimator } from './ranges.ts'

/** The least and the most an expression can cost. */
export function estimateCost(checked: Checked, sizes: SizeEstimator = () => undefined): CostEstimate {
  return new Coster(checked, sizes).cost(checked.ast.expr)
}

/** The sizes of a container's keys and values. */
interface Inner {
  readonly container: 'list' | 'map'
  readonly key: Range
  readonly value: Range
}

interface Local {
  readonly path: readonly string[] | undefined
  readonly size: Range | undefined
  readonly inner: Inner | undefined
}

class Coster {
  readonly #checked: Checked
  readonly #estimator: SizeEstimator
  readonly #locals = new Map<string, Local[]>()
  readonly #paths = new Map<number, readonly string[] | undefined>()
  readonly #sizes = new Map<number, Range>()
  readonly #inner = new Map<number, Inner>()

  constructor(checked: Checked, estimator: SizeEstimator) {
    this.#checked = checked
    this.#estimator = estimator
  }

  cost(expr: Expr): CostEstimate {
    switch (expr.kind) {
      case 'const':
        return fixed(0)
      case 'ident': {
        const local = this.#local(expr.name)
        this.#paths.set(expr.id, local ? local.path : [expr.name])
        return fixed(1)
      }
      case 'select': {
        const operand = this.cost(expr.operand)
        if (expr.test) return operand
        const path = this.#path(expr.operand)
        this.#paths.set(expr.id, path && [...path, expr.field])
        const { kind } = this.#type(expr.operand)
        return kind === 'map' || kind === 'struct' ? add(operand, fixed(1)) : operand
      }
      case 'call':
        return this.#call(expr)
      case 'list':
        return this.#list(expr)
      case 'map':
        return this.#map(expr)
      case 'struct':
        return add(fixed(STRUCT_BASE), ...expr.fields.map(({ value }) => this.cost(value)))
      case 'fold':
        return isBind(expr) ? this.#bind(expr) : this.#fold(expr)
    }
  }

  #type(expr: Expr): Type {
    return this.#checked.types[expr.id] ?? DYN
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1)
  }

  #push(name: string, local: Local): void {
    this.#locals.set(name, [...(this.#locals.get(name) ?? []), local])
  }

  #pop(name: string): void {
    this.#locals.get(name)?.pop()
  }

  #path(expr: Expr): readonly string[] | undefined {
    const local = expr.kind === 'ident' ? this.#local(expr.name) : undefined
    return local ? local.path : this.#paths.get(expr.id)
  }

  #list(expr: ListLiteral): CostEstimate {
    const costs = expr.elements.map((element) => this.cost(element))
    const value = spanOf(expr.elements.map((element) => this.#size(element) ?? UNKNOWN))
    this.#inner.set(expr.id, { container: 'list', key: fixed(1), value })
    return add(fixed(LIST_BASE), ...costs)
  }

  #map(expr: MapLiteral): CostEstimate {
    const costs = expr.entries.flatMap(({ key, value }) => [this.cost(key), this.cost(value)])
    const key = spanOf(expr.entries.map((entry) => this.#size(entry.key) ?? UNKNOWN))
    const value = spanOf(expr.entries.map((entry) => this.#size(entry.value) ?? UNKNOWN))
    this.#inner.set(expr.id, { container: 'map', key, value })
    return add(fixed(MAP_BASE), ...costs)
  }

  #call(expr: Call): CostEstimate {
    const [first] = expr.args
    if (expr.fn === 'dyn' && first && !expr.target) {
      const cost = this.cost(first)
      this.#copy(expr, first)
      return add(cost, fixed(1))
    }
    const reference = this.#checked.references.get(expr.id)
    if (reference?.kind !== 'call') return fixed(0)
    const costs = expr.args.map((arg) => this.cost(arg))
    const args = expr.args.map((arg) => this.#node(arg))
    // Optional selection has no overloads of its own: it costs a step, as index operations do.
    const ids = reference.fn === '_?._' ? ['select_optional_field'] : reference.overloads.map(({ id }) => id)
    const member = expr.target && !reference.global
    const targetCost = member ? this.cost(expr.target) : fixed(0)
    const target = member ? this.#node(expr.target) : undefined
    let cost: CostEstimate = { min: Number.POSITIVE_INFINITY, max: 0 }
    let size: Range | undefined
    for (const id of ids) {
      const call = this.#overload(expr, reference.fn, id, { target, args, costs })
      cost = union(cost, call.cost)
      if (call.size) size = size ? union(size, call.size) : call.size
      if (id === 'index_list' || id === 'index_map') {
        const [container] = expr.args as [Expr]
        size = this.#innerOf(container)?.value
        const path = this.#path(container)
        this.#paths.set(expr.id, path && [...path, id === 'index_list' ? '@items' : '@values'])
      }
      size ??= this.#size(expr)
    }
    if (size) this.#sizes.set(expr.id, size)
    return add(targetCost, cost)
  }

  #overload(
    expr: Call,
    fn: string,
    id: string,
    { target, args, costs }: { target: Node | undefined; args: readonly Node[]; costs: readonly CostEstimate[] },
  ): { cost: CostEstimate; size?: Range | undefined } {
    const [a = fixed(0), b = fixed(0), c = fixed(0)] = costs
    if (id === 'logical_and' || id === 'logical_or') return { cost: { min: a.min, max: add(a, b).max } }
    if (id === 'conditional') {
      const [yes, no] = expr.args.slice(1) as [Expr, Expr]
      this.#mergeInner(expr, yes, no)
      return { cost: add(a, union(b, c)), size: union(this.#size(yes) ?? UNKNOWN, this.#size(no) ?? UNKNOWN) }
    }
    if (fn === '_+_' && ['add_string', 'add_bytes', 'add_list'].includes(id)) {
      const [left, right] = expr.args as [Expr, Expr]
      this.#mergeInner(expr, left, right)
    }
    const { cost, size } = estimateCall({ fn, id, target, args, estimator: this.#estimator })
    return { cost: add(cost, ...costs), size }
  }

  #mergeInner(expr: Expr, left: Expr, right: Expr): void {
    const [a, b] = [this.#innerOf(left), this.#innerOf(right)]
    if (!a || !b) return
    this.#inner.set(expr.id, { container: a.container, key: union(a.key, b.key), value: union(a.value, b.value) })
  }

  #fold(expr: Fold): CostEstimate {
    const start = add(this.cost(expr.range), this.cost(expr.init))
    this.#push(expr.accuVar, this.#localOf(expr.init))
    this.#pushVariables(expr)
    const turn = add(this.cost(expr.condition), this.cost(expr.step))
    this.#pop(expr.iterVar)
    if (expr.iterVar2 !== undefined) this.#pop(expr.iterVar2)
    const result = this.cost(expr.result)
    this.#pop(expr.accuVar)
    const count = this.#size(expr.range) ?? UNKNOWN
    if (expr.init.kind === 'const') {
      const size = this.#size(expr.init)
      if (size) this.#sizes.set(expr.id, size)
    } else if (expr.init.kind === 'list' || expr.init.kind === 'map') {
      this.#sizes.set(expr.id, count)
      const inner = this.#innerOf(expr.step)
      if (inner) this.#inner.set(expr.id, inner)
    }
    return add(start, result, times(count, turn))
  }

  #pushVariables({ range, iterVar, iterVar2 }: Fold): void {
    const inner = this.#innerOf(range)
    const isList = (inner?.container ?? this.#type(range).kind) === 'list'
    const path = this.#path(range)
    const local = (part: string, size: Range | undefined): Local => ({
      path: path && [...path, part],
      size,
      inner: undefined,
    })
    const value = local(isList ? '@items' : '@values', inner?.value)
    const key = local(isList ? '@indices' : '@keys', inner?.key)
    this.#push(iterVar, iterVar2 === undefined && isList ? value : key)
    if (iterVar2 !== undefined) this.#push(iterVar2, value)
  }

  #bind(expr: Fold): CostEstimate {
    const start = add(this.cost(expr.range), this.cost(expr.init))
    this.#push(expr.accuVar, this.#localOf(expr.init))
    const result = this.cost(expr.result)
    this.#pop(expr.accuVar)
    this.#copy(expr, expr.result)
    return add(start, result)
  }

  #localOf(expr: Expr): Local {
    return { path: this.#path(expr), size: this.#size(expr), inner: this.#innerOf(expr) }
  }

  #copy(to: Expr, from: Expr): void {
    const [size, inner] = [this.#size(from), this.#innerOf(from)]
    if (size) this.#sizes.set(to.id, size)
    if (inner) this.#inner.set(to.id, inner)
  }

  #node(expr: Expr): Node {
    const path = this.#path(expr)
    return {
      // Accumulators are no data that anything is known of.
      path: path?.[0] === ACCUMULATOR ? undefined : path,
      type: this.#type(expr),
      expr,
      size: this.#size(expr),
    }
  }

  #size(expr: Expr): Range | undefined {
    const known = this.#sizes.get(expr.id) ?? literalSize(expr)
    if (known) return known
    const type = this.#type(expr)
    const estimated = this.#estimator(this.#path(expr) ?? [], type)
    if (estimated) {
      this.#sizes.set(expr.id, estimated)
      return estimated
    }
    if (isScalar(type)) return fixed(1)
    return expr.kind === 'ident' ? this.#local(expr.name)?.size : undefined
  }

  #innerOf(expr: Expr): Inner | undefined {
    return this.#inner.get(expr.id) ?? (expr.kind === 'ident' ? this.#local(expr.name)?.inner : undefined)
  }
}

function isBind({ range, condition, accuVar }: Fold): boolean {
  if (range.kind !== 'list' || range.elements.length > 0 || accuVar === ACCUMULATOR) return false
  return condition.kind === 'const' && condition.value === false
}

function spanOf(sizes: readonly Range[]): Range {
  return sizes.length === 0 ? fixed(0) : sizes.reduce(union)
}

function literalSize(expr: Expr): Range | undefined {
  if (expr.kind === 'list') return fixed(expr.elements.length)
  if (expr.kind === 'map') return fixed(expr.entries.length)
  if (expr.kind !== 'const') return undefined
  if (typeof expr.value === 'string') return fixed(characters(expr.value))
  if (expr.value instanceof Uint8Array) return fixed(expr.value.length)
  return expr.value === null || expr.value instanceof Uint || typeof expr.value !== 'object' ? fixed(1) : undefined
}

function isScalar(type: Type): boolean {
  if (isOptional(type)) return isScalar(type.params[0] ?? DYN)
  return ['bool', 'double', 'duration', 'int', 'timestamp', 'uint'].includes(type.kind)
}
