// The Common Expression Language as Kubernetes v1.36 has it. Specs: https://github.com/google/cel-spec and
// https://kubernetes.io/docs/reference/using-api/cel/

import type { Ast } from './ast.ts'
import { type Checked, check } from './checker.ts'
import { type CostEstimate, estimateCost, type SizeEstimator } from './cost.ts'
import type { Env } from './env.ts'
import { type Activation, Frame } from './frame.ts'
import { formatIssues, ParseError } from './issues.ts'
import { parse } from './parser.ts'
import { plan } from './plan.ts'
import { Unprogrammable } from './plan-steps.ts'
import { sameType, type Type, typeText } from './types.ts'
import { Failure, type Value } from './values.ts'

export type { CostEstimate, SizeEstimator } from './cost.ts'
export { type Env, MUTATION_FUNCTIONS, makeEnv, type TypeProvider } from './env.ts'
export type { Activation } from './frame.ts'
export { fromJson, fromTypedJson, toJson } from './json-values.ts'
export { LazyObject } from './lazy-object.ts'
export {
  type AuthorizationCheck,
  type AuthorizationDecision,
  authorizerValue,
  type CelAuthorizer,
} from './lib/authorizer.ts'
export * from './mutation.ts'
export * from './schema-types.ts'
export * from './types.ts'
export * from './values.ts'

/** Limits of Kubernetes, in units of cost. */
export const LIMITS = {
  /** What one evaluation of one expression may cost. */
  perCall: 1_000_000,
  /** What all rules of a definition may cost in one request. */
  perRequest: 10_000_000,
  /** What one expression of a definition may be estimated to cost at most. */
  estimatedPerExpression: 10_000_000,
  /** What all expressions of a definition may be estimated to cost at most. */
  estimatedPerDefinition: 100_000_000,
} as const

/** Told how long expressions take, in milliseconds. */
export interface ExpressionObserver {
  readonly now: () => number
  compiled(ms: number): void
  evaluated(ms: number): void
}

// Of the process, as upstream's: expressions are met in many places that know of no server.
let observer: ExpressionObserver | undefined

/** From here on `told` is told of all expressions, and nobody else. The returned function ends that. */
export function observeExpressions(told: ExpressionObserver): () => void {
  observer = told
  return () => {
    if (observer === told) observer = undefined
  }
}

/** The outcome of an evaluation and what it cost. */
export type Evaluation = { readonly cost: number } & (
  | { readonly value: Value; readonly error?: undefined }
  | { readonly error: string; readonly value?: undefined }
)

/** An expression that can be evaluated any number of times. */
export interface Program {
  readonly result: Type
  readonly checked: Checked
  /** Whether the expression mentions a variable. */
  uses(variable: string): boolean
  evaluate(activation: Activation, options?: { readonly costLimit?: number }): Evaluation
}

export interface CompileOptions {
  /** Types the expression must come to; any when left out or when one is dyn. A result that is dyn is of none else. */
  readonly expected?: readonly Type[]
  readonly sizes?: SizeEstimator
  /** Whether literals of constants are made ahead of evaluations, as Kubernetes does; true unless it is said. */
  readonly fold?: boolean
}

/** A program with the estimate of its cost, or what is wrong with the expression. */
export type Compiled =
  | { readonly program: Program; readonly cost: CostEstimate; readonly issues?: undefined }
  | {
      readonly issues: string
      /** Whether all that is wrong is the type of the result. */
      readonly mistyped?: boolean
      /** Whether it is well-formed, but what is fixed in it fails. */
      readonly unprogrammable?: boolean
      /** The type of the result, where it is known. */
      readonly result?: Type
      readonly program?: undefined
      readonly cost?: undefined
    }

/** Parses, checks and compiles an expression. */
export function compile(env: Env, source: string, options: CompileOptions = {}): Compiled {
  if (!observer) return compiled(env, source, options)
  const { now } = observer
  const started = now()
  const result = compiled(env, source, options)
  observer.compiled(now() - started)
  return result
}

function compiled(env: Env, source: string, { expected, sizes, fold = true }: CompileOptions): Compiled {
  const ast = parsed(source, env)
  if (typeof ast === 'string') return { issues: ast }
  const checked = check(ast, env)
  if ('issues' in checked) return { issues: formatIssues(source, checked.issues) }
  if (expected && !expected.some((type) => type.kind === 'dyn' || sameType(type, checked.result))) {
    return { issues: mistyped(expected, checked.result), mistyped: true }
  }
  try {
    return { program: programOf(checked, env, fold), cost: estimateCost(checked, sizes) }
  } catch (error) {
    if (error instanceof Unprogrammable) return { issues: error.message, unprogrammable: true, result: checked.result }
    throw error
  }
}

/** What is wrong with an expression, in the words of all who compile some. */
export function compileProblem({
  issues,
  mistyped,
  unprogrammable,
}: Extract<Compiled, { readonly issues: string }>): string {
  if (mistyped) return issues
  return `${unprogrammable ? 'program instantiation' : 'compilation'} failed: ${issues}`
}

function mistyped(expected: readonly Type[], found: Type): string {
  const names = expected.map(typeText)
  const wanted = names.length === 1 ? names[0] : `one of [${names.join(' ')}]`
  return `must evaluate to ${wanted} but got ${typeText(found)}`
}

function parsed(source: string, { bindings }: Env): Ast | string {
  try {
    return parse(source, { bindings })
  } catch (error) {
    if (error instanceof ParseError) return formatIssues(source, error.issues)
    throw error
  }
}

function programOf(checked: Checked, env: Env, fold: boolean): Program {
  const run = plan(checked, { types: env.types, functions: env.functions, fold })
  return {
    result: checked.result,
    checked,
    uses: (variable) => [...checked.references.values()].some((r) => r.kind === 'variable' && r.name === variable),
    evaluate(activation, { costLimit = LIMITS.perCall } = {}) {
      const frame = new Frame(activation, costLimit)
      const started = observer ? observer.now() : 0
      try {
        return { value: run(frame), cost: frame.cost }
      } catch (error) {
        if (error instanceof Failure) return { error: error.message, cost: frame.cost }
        throw error
      } finally {
        observer?.evaluated(observer.now() - started)
      }
    },
  }
}
