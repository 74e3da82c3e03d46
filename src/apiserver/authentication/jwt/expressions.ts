// Expressions over the claims of a token, and over the user that was made of them.

import {
  BOOL,
  compile,
  compileProblem,
  DYN,
  fromJson,
  LIMITS,
  makeEnv,
  mapType,
  type Program,
  STRING,
  toJson,
} from '../../../machinery/cel/index.ts'

const CLAIMS = makeEnv({ variables: { claims: mapType(STRING, DYN) } })
const USER = makeEnv({ variables: { user: DYN } })

class TokenExpression {
  readonly source: string
  readonly #program: Program
  readonly #variable: string

  constructor(source: string, variable: 'claims' | 'user', result?: 'bool') {
    const env = variable === 'claims' ? CLAIMS : USER
    const compiled = compile(env, source, result ? { expected: [BOOL] } : {})
    // The type of the result is a problem as all others here.
    if (compiled.issues !== undefined) throw new Error(compileProblem({ ...compiled, mistyped: false }))
    this.source = source
    this.#program = compiled.program
    this.#variable = variable
  }

  /** What it comes to, as JSON. Throws an Error when it cannot be evaluated. */
  evaluate(value: unknown): unknown {
    const activation = { [this.#variable]: fromJson(value) }
    const result = this.#program.evaluate(activation, { costLimit: LIMITS.perCall })
    if (result.error !== undefined) throw new Error(`expression '${this.source}' resulted in error: ${result.error}`)
    return toJson(result.value)
  }
}

/** Over `claims`. Throws an Error when it does not compile. */
export class ClaimExpression extends TokenExpression {
  constructor(source: string, result?: 'bool') {
    super(source, 'claims', result)
  }
}

/** Over `user`: whether it holds. Throws an Error when it does not compile. */
export class UserExpression extends TokenExpression {
  constructor(source: string) {
    super(source, 'user', 'bool')
  }
}
