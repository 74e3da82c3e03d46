// Lists and maps whose elements are written with different types, which Kubernetes refuses.

import type { Expr } from './ast.ts'
import type { Issue } from './issues.ts'
import { DYN, formatType, sameType, type Type } from './types.ts'

type Types = readonly (Type | undefined)[]

/** The first odd element of every list and map literal; arguments of `format` may be mixed. */
export function mixedLiterals(expr: Expr, types: Types): Issue[] {
  switch (expr.kind) {
    case 'const':
    case 'ident':
      return []
    case 'select':
      return mixedLiterals(expr.operand, types)
    case 'call': {
      if (expr.fn === 'format') return []
      const operands = expr.target ? [expr.target, ...expr.args] : expr.args
      return operands.flatMap((operand) => mixedLiterals(operand, types))
    }
    case 'list': {
      const elements = expr.elements.map((value, i) => ({ value, optional: expr.optional.includes(i) }))
      return [...odd(elements, types).slice(0, 1), ...expr.elements.flatMap((item) => mixedLiterals(item, types))]
    }
    case 'map': {
      const keys = expr.entries.map(({ key }) => ({ value: key, optional: false }))
      const inner = expr.entries.flatMap(({ key, value }) => [
        ...mixedLiterals(key, types),
        ...mixedLiterals(value, types),
      ])
      return [...odd(keys, types), ...odd(expr.entries, types), ...inner]
    }
    case 'struct':
      return expr.fields.flatMap(({ value }) => mixedLiterals(value, types))
    case 'fold':
      return [expr.range, expr.init, expr.condition, expr.step, expr.result].flatMap((part) =>
        mixedLiterals(part, types),
      )
  }
}

function odd(elements: readonly { readonly value: Expr; readonly optional: boolean }[], types: Types): Issue[] {
  const typed = elements.map(({ value, optional }) => {
    const type = types[value.id] ?? DYN
    return { at: value.at, type: optional ? (type.params[0] ?? DYN) : type }
  })
  const [first, ...rest] = typed
  if (!first) return []
  return rest
    .filter(({ type }) => !sameType(first.type, type))
    .map(({ at, type }) => ({
      at,
      message: `expected type '${formatType(first.type)}' but found '${formatType(type)}'`,
    }))
}
