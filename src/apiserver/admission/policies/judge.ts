// What the expressions of a validating policy find in a request.

import type { ValidatingAdmissionPolicy } from '../../../api/generated/admissionregistration-v1.ts'
import { type Activation, typeNameOf } from '../../../machinery/cel/index.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import type { CompiledValidation } from './compile.ts'
import { judgeConditions } from './conditions-compile.ts'
import { Budget, evaluate, type Outcome, OutOfBudget, POLICY_BUDGET, variableValues } from './expression.ts'

/** Something that the policy does not let pass. */
export interface Finding {
  readonly message: string
  /** Absent where an expression failed. */
  readonly reason?: string
  readonly expressionIndex: number
}

export interface Judgement {
  readonly findings: readonly Finding[]
  readonly auditAnnotations: readonly { readonly key: string; readonly value: string }[]
  /** Failures of the expressions of audit annotations: they refuse the request. */
  readonly auditErrors: readonly string[]
}

const NOTHING: Judgement = { findings: [], auditAnnotations: [], auditErrors: [] }
const MAX_MESSAGE = 5 * 1024
const MAX_ANNOTATION = 10 * 1024

/** Evaluates a policy. Without effects, so that it can be done again. */
export function judge(
  policy: DeepReadonly<ValidatingAdmissionPolicy>,
  compiled: CompiledValidation,
  activation: Activation,
  failsClosed: boolean,
): Judgement {
  const failed = (message: string): Judgement =>
    failsClosed ? { ...NOTHING, findings: [{ message, expressionIndex: 0 }] } : NOTHING
  const { met, error } = judgeConditions(compiled.conditions, activation)
  if (error !== undefined) return failed(error)
  if (!met) return NOTHING
  const budget = new Budget(POLICY_BUDGET)
  const values = { ...activation, variables: variableValues(compiled.variables, activation, budget) }
  try {
    return {
      findings: findingsOf(policy, compiled, values, budget, failsClosed),
      ...annotationsOf(compiled, activation, failsClosed),
    }
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error
    return failed(error.message)
  }
}

function findingsOf(
  { spec }: DeepReadonly<ValidatingAdmissionPolicy>,
  { validations }: CompiledValidation,
  values: Activation,
  budget: Budget,
  failsClosed: boolean,
): Finding[] {
  return validations.flatMap(({ condition, message: expression }, expressionIndex): Finding[] => {
    const { value, error } = evaluate(condition, values, budget)
    if (error !== undefined) return failsClosed ? [{ message: error, expressionIndex }] : []
    if (value === true) return []
    const { message: given, reason = 'Invalid' } = spec.validations?.[expressionIndex] ?? {}
    const made = expression && usable(evaluate(expression, values, budget))
    const message = made || given?.trim() || `failed expression: ${condition.source.trim()}`
    return [{ message, reason, expressionIndex }]
  })
}

/** A message that an expression made; empty when it is none to show. */
function usable({ value }: Outcome): string {
  const text = typeof value === 'string' ? value.trim() : ''
  return text.includes('\n') || Buffer.byteLength(text) > MAX_MESSAGE ? '' : text
}

function annotationsOf(
  compiled: CompiledValidation,
  activation: Activation,
  failsClosed: boolean,
): Omit<Judgement, 'findings'> {
  const budget = new Budget(POLICY_BUDGET)
  const values = { ...activation, variables: variableValues(compiled.variables, activation, budget) }
  const auditAnnotations: { key: string; value: string }[] = []
  const auditErrors: string[] = []
  for (const { key, value: expression } of compiled.auditAnnotations) {
    const { value, error } = evaluate(expression, values, budget)
    if (error !== undefined) {
      if (failsClosed) auditErrors.push(error)
    } else if (typeof value === 'string') {
      const text = value.trim()
      if (text !== '') auditAnnotations.push({ key, value: text.slice(0, MAX_ANNOTATION) })
    } else if (value !== null) {
      auditErrors.push(
        `valueExpression '${expression.source}' resulted in unsupported return type: ${typeNameOf(value)}. Return type must be either string or null.`,
      )
    }
  }
  return { auditAnnotations, auditErrors }
}
