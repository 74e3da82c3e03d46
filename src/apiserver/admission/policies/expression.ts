// Expressions of webhooks and policies: compiled once, evaluated within a budget.

import {
  type Activation,
  compile,
  compileProblem,
  DYN,
  type Env,
  Failure,
  LazyObject,
  type Program,
  type Type,
  type Value,
} from '../../../machinery/cel/index.ts'
import { admissionEnv, type Offered, VARIABLES } from './environment.ts'

/** What all expressions of one policy may cost in one request, and what its matchConditions may. */
export const POLICY_BUDGET = 10_000_000
export const CONDITIONS_BUDGET = 2_500_000

/** An expression that compiled, or what is wrong with it. */
export type Expression =
  | { readonly source: string; readonly program: Program; readonly problem?: undefined }
  | { readonly source: string; readonly program?: undefined; readonly problem: string }

/** Compiles; `expected`: what it may come to, anything when left out. */
export function compileExpression(env: Env, given: string | undefined, expected?: readonly Type[]): Expression {
  const source = given ?? ''
  const compiled = compile(env, source, expected ? { expected } : {})
  if (compiled.issues !== undefined) return { source, problem: compileProblem(compiled) }
  const { program } = compiled
  return { source, program }
}

/** Variables of a policy: each may use those before it. */
export interface CompiledVariables {
  readonly types: ReadonlyMap<string, Type>
  readonly expressions: ReadonlyMap<string, Expression>
}

export function compileVariables(
  variables: readonly { readonly name: string; readonly expression: string }[],
  offered: Omit<Offered, 'variables'>,
): CompiledVariables {
  const types = new Map<string, Type>()
  const expressions = new Map<string, Expression>()
  for (const { name, expression } of variables) {
    const compiled = compileExpression(admissionEnv({ ...offered, variables: types }), expression)
    expressions.set(name, compiled)
    types.set(name, compiled.program?.result ?? DYN)
  }
  return { types, expressions }
}

/** The budget is used up: nothing of the policy can be evaluated any more. */
export class OutOfBudget extends Error {
  override name = 'OutOfBudget'
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run')
  }
}

export class Budget {
  #left: number
  constructor(cost: number) {
    this.#left = cost
  }
  spend(cost: number): void {
    if (cost > this.#left) throw new OutOfBudget()
    this.#left -= cost
  }
}

export type Outcome =
  | { readonly value: Value; readonly error?: undefined }
  | { readonly error: string; readonly value?: undefined }

/** Evaluates an expression. Throws OutOfBudget. */
export function evaluate({ source, program, problem }: Expression, activation: Activation, budget: Budget): Outcome {
  if (!program) return { error: `compilation error: ${problem}` }
  const result = program.evaluate(activation)
  budget.spend(result.cost)
  if (result.error !== undefined) return { error: `expression '${source}' resulted in error: ${result.error}` }
  return { value: result.value }
}

/** The value of `variables`: every one is evaluated when it is first asked for, with those before it. */
export function variableValues(variables: CompiledVariables, activation: Activation, budget: Budget): LazyObject {
  const fields = new Map<string, () => Value>()
  const values = new LazyObject(VARIABLES.name, fields)
  const own = { ...activation, variables: values }
  for (const [name, expression] of variables.expressions)
    fields.set(name, () => variableValue(name, expression, own, budget))
  return values
}

function variableValue(name: string, { program, problem }: Expression, activation: Activation, budget: Budget): Value {
  if (!program) throw new Failure(`composited variable ${JSON.stringify(name)} fails to compile: ${problem}`)
  const { value, error, cost } = program.evaluate(activation)
  budget.spend(cost)
  if (error === undefined) return value
  throw new Failure(`composited variable ${JSON.stringify(name)} fails to evaluate: ${error}`)
}
