// Lists and maps whose elements are written with different types, which Kubernetes refuses.

import { childrenOf, type Expr } from './ast.ts'
import type { Issue } from './issues.ts'
import { DYN, formatType, sameType, type Type } from './types.ts'

type Types = readonly (Type | undefined)[]

/** The first odd element of every list and map literal; arguments of `format` may be mixed. */
export function mixedLiterals(expr: Expr, types: Types): Issue[] {
  if (expr.kind === 'call' && expr.fn === 'format') return []
  const inner = childrenOf(expr).flatMap((child) => mixedLiterals(child, types))
  if (expr.kind === 'list') {
    const elements = expr.elements.map((value, i) => ({ value, optional: expr.optional.includes(i) }))
    return [...odd(elements, types).slice(0, 1), ...inner]
  }
  if (expr.kind !== 'map') return inner
  const keys = expr.entries.map(({ key }) => ({ value: key, optional: false }))
  return [...odd(keys, types), ...odd(expr.entries, types), ...inner]
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
