// The steps that compiled expressions are made of.

import type { Frame, Run } from './frame.ts'
import { accepts, fail, type Overload } from './functions.ts'
import { select } from './lib/optionals.ts'
import type { callCost } from './runtime-cost.ts'
import type { Type } from './types.ts'
import { CostExceeded, Failure, MapValue, Optional, typeNameOf, type Value } from './values.ts'

/** A part that was compiled; a constant one costs nothing. */
export interface Plan {
  readonly run: Run
  readonly constant?: Value
  /** Whether it reads a variable or a path below one, which counts as one step with its parts. */
  readonly attribute?: boolean
}

/** The value of a loop variable; an accumulator may hold an error. */
export function readSlot(frame: Frame, slot: number): Value {
  const value = frame.slots[slot]
  if (value instanceof Failure) throw value
  return value as Value
}

/** What an optional element of a literal is, if it is. */
export function unwrapped(value: Value): Value | undefined {
  return value instanceof Optional
    ? value.value
    : fail(`cannot initialize optional list element from non-optional value ${String(value)}`)
}

/** Whether a type leaves nothing to find out at run time. */
export function isKnown(type: Type | undefined): boolean {
  if (!type) return false
  return (
    type.kind !== 'dyn' && type.kind !== 'null' && type.params.every((param) => param.kind === 'dyn' || isKnown(param))
  )
}

/** The overload that takes some arguments. */
export function pick(overloads: readonly Overload[], args: readonly Value[]): Overload {
  return (
    overloads.find((overload) => accepts(overload, args)) ??
    fail(`no such overload${args.length === 1 ? `: ${typeNameOf(args[0] as Value)}` : ''}`)
  )
}

/** No program can be made of an expression: what is fixed in it fails. */
export class Unprogrammable extends Error {
  override name = 'Unprogrammable'
}

/** The result of a step with constants, which is made ahead of all evaluations. Throws Unprogrammable. */
export function made<T>(step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (error instanceof Failure) throw new Unprogrammable(error.message, { cause: error })
    throw error
  }
}

/** What evaluates arguments, pays and calls. */
export function runnerOf(
  plans: readonly Plan[],
  call: (...args: Value[]) => Value,
  { cost, after }: ReturnType<typeof callCost>,
): Run {
  const [a, b] = plans.map(({ run }) => run)
  if (plans.length === 1 && a && !after) {
    return (frame) => {
      const x = a(frame)
      frame.charge(cost([x], null))
      return call(x)
    }
  }
  if (plans.length === 2 && a && b && !after) {
    return (frame) => {
      const x = a(frame)
      const y = b(frame)
      frame.charge(cost([x, y], null))
      return call(x, y)
    }
  }
  return (frame) => {
    const args = plans.map(({ run }) => run(frame))
    if (!after) frame.charge(cost(args, null))
    const result = call(...args)
    if (after) frame.charge(cost(args, result))
    return result
  }
}

/** A condition, which must be a bool. */
export function truth(value: Value): boolean {
  return typeof value === 'boolean' ? value : fail('no such overload')
}

/** An error that logic may go on from; anything else ends the evaluation. */
export function absorbed(error: unknown): Failure {
  if (error instanceof Failure && !(error instanceof CostExceeded)) return error
  throw error
}

/** A field of an object, a map or an optional of these. */
export function fieldOf(value: Value, field: string): Value {
  if (value instanceof MapValue) {
    const found = value.get(field)
    return found === undefined ? fail(`no such key: ${field}`) : found
  }
  if (value instanceof Optional) return select(value, field)
  return fail('no such overload')
}

/** Whether a field is there. */
export function present(value: Value, field: string): boolean {
  if (value instanceof MapValue) return value.get(field) !== undefined
  if (value instanceof Optional) return value.value !== undefined && present(value.value, field)
  return fail('no such overload')
}
