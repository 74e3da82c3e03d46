// Evaluates loops.

import type { Fold } from './ast.ts'
import type { Frame, Run } from './frame.ts'
import { fail } from './functions.ts'
import { ArrayList, CostExceeded, EntryMap, Failure, List, MapValue, type Value } from './values.ts'

interface FoldPlan {
  readonly expr: Fold
  readonly range: Run
  readonly init: { readonly run: Run; readonly constant?: Value }
  readonly condition: { readonly run: Run; readonly constant?: Value }
  readonly step: Run
  readonly result: Run
  readonly slots: { readonly accu: number; readonly first: number; readonly second: number }
}

/** What runs a loop. */
export function planFold(fold: FoldPlan): Run {
  const { range, init, condition, step, result, slots } = fold
  if (condition.constant === false) {
    return (frame) => {
      frame.slots[slots.accu] = guarded(init.run, frame)
      return result(frame)
    }
  }
  const start = startOf(init)
  const two = fold.expr.iterVar2 !== undefined
  const { kind } = fold.expr.step
  const logical = kind === 'call' && (fold.expr.step.fn === '_&&_' || fold.expr.step.fn === '_||_')
  const checks = condition.constant === undefined ? condition.run : undefined
  // Only logic can go on from an error in a step.
  const next = logical ? (frame: Frame) => guarded(step, frame) : step
  return (frame) => {
    const over = range(frame)
    const { slots: variables } = frame
    variables[slots.accu] = start(frame)
    const turn = (): boolean => {
      if (checks && checks(frame) !== true) return false
      variables[slots.accu] = next(frame)
      return true
    }
    if (over instanceof List) {
      for (let i = 0; i < over.size; i++) {
        if (two) variables[slots.second] = over.at(i)
        variables[slots.first] = two ? BigInt(i) : over.at(i)
        if (!turn()) break
      }
    } else if (over instanceof MapValue) {
      for (const key of over.keys()) {
        variables[slots.first] = key
        if (two) variables[slots.second] = over.get(key) ?? null
        if (!turn()) break
      }
    } else {
      fail(`got '${String(over)}', expected iterable type`)
    }
    return result(frame)
  }
}

/** Loops that collect change their accumulator, so each gets its own. */
function startOf({ run, constant }: FoldPlan['init']): Run {
  if (constant instanceof ArrayList && constant.size === 0) return () => new ArrayList([])
  if (constant instanceof EntryMap && constant.size === 0) return () => new EntryMap()
  return run
}

function guarded(run: Run, frame: Frame): Value | Failure {
  try {
    return run(frame)
  } catch (error) {
    if (error instanceof Failure && !(error instanceof CostExceeded)) return error
    throw error
  }
}
