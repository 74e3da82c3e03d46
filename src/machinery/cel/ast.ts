// The syntax tree of an expression, before and after its macros are expanded.

import type { Value } from './values.ts'

interface Base {
  /** Unique within one tree. */
  readonly id: number
  /** Where in the source it is reported: for operators and calls, the operator or parenthesis. */
  readonly at: number
}

export interface Const extends Base {
  readonly kind: 'const'
  readonly value: Value
}

export interface Ident extends Base {
  readonly kind: 'ident'
  readonly name: string
}

export interface Select extends Base {
  readonly kind: 'select'
  readonly operand: Expr
  readonly field: string
  /** Whether it asks for presence: `has(a.b)`. */
  readonly test: boolean
}

export interface Call extends Base {
  readonly kind: 'call'
  readonly fn: string
  readonly target: Expr | undefined
  readonly args: readonly Expr[]
}

export interface ListLiteral extends Base {
  readonly kind: 'list'
  readonly elements: readonly Expr[]
  /** Indexes of elements that are left out when they are empty optionals. */
  readonly optional: readonly number[]
}

export interface Entry extends Base {
  readonly key: Expr
  readonly value: Expr
  readonly optional: boolean
}

export interface MapLiteral extends Base {
  readonly kind: 'map'
  readonly entries: readonly Entry[]
}

export interface FieldInit extends Base {
  readonly name: string
  readonly value: Expr
  readonly optional: boolean
}

export interface StructLiteral extends Base {
  readonly kind: 'struct'
  readonly name: string
  readonly fields: readonly FieldInit[]
}

/** A loop over a range with an accumulator: what macros become. */
export interface Fold extends Base {
  readonly kind: 'fold'
  readonly range: Expr
  readonly iterVar: string
  readonly iterVar2: string | undefined
  readonly accuVar: string
  readonly init: Expr
  readonly condition: Expr
  readonly step: Expr
  readonly result: Expr
}

export type Expr = Const | Ident | Select | Call | ListLiteral | MapLiteral | StructLiteral | Fold

/** The hidden name of the accumulator of macros. */
export const ACCUMULATOR = '@result'

/** A parsed expression. */
export interface Ast {
  readonly source: string
  readonly expr: Expr
  /** One more than the greatest id in the tree. */
  readonly size: number
}

/** The expressions right within one. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'const':
    case 'ident':
      return []
    case 'select':
      return [expr.operand]
    case 'call':
      return expr.target ? [expr.target, ...expr.args] : expr.args
    case 'list':
      return expr.elements
    case 'map':
      return expr.entries.flatMap(({ key, value }) => [key, value])
    case 'struct':
      return expr.fields.map(({ value }) => value)
    case 'fold':
      return [expr.range, expr.init, expr.condition, expr.step, expr.result]
  }
}

/** The dotted name that an expression spells (`a.b.c`), if it does. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name
  if (expr.kind !== 'select' || expr.test) return undefined
  const prefix = qualifiedName(expr.operand)
  return prefix === undefined ? undefined : `${prefix}.${expr.field}`
}
