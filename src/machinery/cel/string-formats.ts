// Formats that are written out are judged before there are any arguments. Model: stringFormatValidator of cel-go's ext.

import { childrenOf, type Expr, type ListLiteral } from './ast.ts'
import type { Issue } from './issues.ts'
import { ALLOWED, type Verb, writeFormat } from './lib/format-string.ts'
import { DYN, type Type } from './types.ts'
import { Failure } from './values.ts'

type Types = readonly (Type | undefined)[]

/** What is wrong with calls of `format` on a literal with a literal list. */
export function formatProblems(expr: Expr, types: Types): Issue[] {
  const inner = childrenOf(expr).flatMap((child) => formatProblems(child, types))
  if (expr.kind !== 'call' || expr.fn !== 'format') return inner
  const [args] = expr.args
  if (expr.target?.kind !== 'const' || typeof expr.target.value !== 'string' || args?.kind !== 'list') return inner
  return [...problemOf(expr, expr.target.value, args, types), ...inner]
}

function problemOf(call: Expr, text: string, { elements }: ListLiteral, types: Types): Issue[] {
  let asked = 0
  let at = call.at
  const write = (verb: Verb, index: number): string => {
    asked = index + 1
    const element = elements[index] as Expr
    const odd = verb === 's' ? unwritable(element, types) : fits(verb, element, types) ? undefined : element
    if (!odd) return ''
    at = odd.at
    throw new Failure(`error during formatting: ${ALLOWED[verb]}, was given ${typeOf(odd, types).name}`)
  }
  try {
    writeFormat(text, { count: elements.length, early: false, write })
  } catch (error) {
    if (error instanceof Failure) return [{ at, message: error.message }]
    throw error
  }
  if (asked === elements.length) return []
  const message = `too many arguments supplied to string.format (expected ${asked}, got ${elements.length})`
  return [{ at: call.at, message }]
}

const WRITABLE = [
  ...['list', 'map', 'int', 'uint', 'double', 'bool', 'string', 'bytes'],
  ...['timestamp', 'duration', 'type', 'null'],
]
const FITTING: Readonly<Record<Verb, readonly string[]>> = {
  s: WRITABLE,
  d: ['int', 'uint'],
  f: ['double', 'string'],
  e: ['double', 'string'],
  b: ['int', 'uint', 'bool'],
  x: ['int', 'uint', 'string', 'bytes'],
  X: ['int', 'uint', 'string', 'bytes'],
  o: ['int', 'uint'],
}

const typeOf = (expr: Expr, types: Types): Type => types[expr.id] ?? DYN

function fits(verb: Verb, expr: Expr, types: Types): boolean {
  const { kind } = typeOf(expr, types)
  return kind === 'dyn' || FITTING[verb].includes(kind)
}

/** What within an argument has no text; undefined for nothing. */
function unwritable(expr: Expr, types: Types): Expr | undefined {
  if (!fits('s', expr, types)) return expr
  const parts = expr.kind === 'list' || expr.kind === 'map' ? childrenOf(expr) : []
  for (const part of parts) {
    const found = unwritable(part, types)
    if (found) return found
  }
  return undefined
}
