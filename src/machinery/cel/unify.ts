// Whether types fit each other, and what the parameters of generic functions stand for. Model: cel-go's checker.

import { DYN, sameType, type Type } from './types.ts'

/** What type parameters stand for, by name. */
export type Bindings = Map<string, Type>

/** The type with its parameters replaced; with `free` those without a binding become dyn. */
export function substitute(bindings: Bindings, type: Type, free = false): Type {
  if (type.kind === 'param') {
    const bound = bindings.get(type.name)
    if (bound) return substitute(bindings, bound, free)
    return free ? DYN : type
  }
  if (type.params.length === 0) return type
  return { ...type, params: type.params.map((param) => substitute(bindings, param, free)) }
}

/** Whether values of `from` may stand where `to` is wanted; binds parameters only when they all may. */
export function assignable(bindings: Bindings, from: readonly Type[], to: readonly Type[]): boolean {
  if (from.length !== to.length) return false
  const trial = new Map(bindings)
  if (!from.every((type, i) => fitsInto(trial, type, to[i] as Type))) return false
  for (const [name, type] of trial) bindings.set(name, type)
  return true
}

function fitsInto(bindings: Bindings, a: Type, b: Type): boolean {
  if (a === b) return true
  if (b.kind === 'param') {
    const decided = viaParameter(bindings, a, b, (x, y) => fitsInto(bindings, x, y))
    if (decided !== undefined) return decided
  }
  if (a.kind === 'param') {
    const decided = viaParameter(bindings, b, a, (x, y) => fitsInto(bindings, y, x))
    if (decided !== undefined) return decided
  }
  if (isTop(a) || isTop(b)) return true
  if (a.kind === 'null') return b.kind === 'null' || isNullable(b)
  if (b.kind === 'null') return isNullable(a)
  if (a.kind === 'type' && b.kind === 'type') return true
  if (a.kind !== b.kind || a.name !== b.name || a.params.length !== b.params.length) return false
  return a.params.every((param, i) => fitsInto(bindings, param, b.params[i] as Type))
}

const isTop = (type: Type) => type.kind === 'dyn' || type.kind === 'error'
const isNullable = (type: Type) => ['struct', 'opaque', 'timestamp', 'duration'].includes(type.kind)

function viaParameter(
  bindings: Bindings,
  type: Type,
  parameter: Type,
  check: (type: Type, bound: Type) => boolean,
): boolean | undefined {
  const bound = bindings.get(parameter.name)
  if (bound === undefined) {
    if (mentions(bindings, parameter, type)) return type.kind === 'param' ? true : undefined
    bindings.set(parameter.name, type)
    return true
  }
  if (!check(type, bound)) return false
  const general = moreGeneral(type, bound)
  if (!mentions(bindings, parameter, general)) bindings.set(parameter.name, general)
  return true
}

/** Whether a type contains a parameter, so that binding it would go in circles. */
function mentions(bindings: Bindings, parameter: Type, type: Type): boolean {
  if (type.kind === 'param') {
    if (type.name === parameter.name) return true
    const bound = bindings.get(type.name)
    return bound !== undefined && mentions(bindings, parameter, bound)
  }
  return type.params.some((param) => mentions(bindings, parameter, param))
}

/** The one of two fitting types that says less. */
export function moreGeneral(a: Type, b: Type): Type {
  return isLessSpecific(a, b) ? a : b
}

function isLessSpecific(a: Type, b: Type): boolean {
  if (sameType(a, b)) return true
  if (a.kind === 'dyn' || a.kind === 'error') return true
  if (b.kind === 'dyn' || b.kind === 'error') return false
  if (b.kind === 'null') return a.kind !== 'null'
  if (a.kind === 'param') return true
  if (b.kind === 'param') return false
  if (a.kind !== b.kind || a.name !== b.name) return false
  return a.params.every((param, i) => isLessSpecific(param, b.params[i] ?? DYN))
}
