// matchConditions compiled, and what they come to.

import type { MatchCondition } from '../../../api/generated/admissionregistration-v1.ts'
import { type Activation, BOOL } from '../../../machinery/cel/index.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import { admissionEnv, type Offered } from './environment.ts'
import { Budget, CONDITIONS_BUDGET, compileExpression, type Expression, evaluate, OutOfBudget } from './expression.ts'

export function compileConditions(
  conditions: readonly DeepReadonly<MatchCondition>[],
  offered: Offered,
): readonly Expression[] {
  const env = admissionEnv(offered)
  return conditions.map(({ expression }) => compileExpression(env, expression, [BOOL]))
}

/** Whether all hold. One that does not hold decides; else a failed one does: `error` says what failed. */
export function judgeConditions(
  conditions: readonly Expression[],
  activation: Activation,
): { readonly met: boolean; readonly error?: string } {
  const budget = new Budget(CONDITIONS_BUDGET)
  const errors: string[] = []
  try {
    for (const condition of conditions) {
      const { value, error } = evaluate(condition, activation, budget)
      if (error !== undefined) errors.push(error)
      if (value === false) return { met: false }
    }
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error
    return { met: false, error: error.message }
  }
  if (errors.length === 0) return { met: true }
  return { met: false, error: errors.length === 1 ? errors.join() : `[${errors.join(', ')}]` }
}
