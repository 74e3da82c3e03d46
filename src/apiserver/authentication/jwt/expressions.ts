// Expressions over the claims of a token, and over the user that was made of them.

import {
  BOOL,
  compile,
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
    const { program, issues } = compile(
      variable === 'claims' ? CLAIMS : USER,
      source,
      result ? { expected: [BOOL] } : {},
    )
    if (!program) throw new Error(`compilation failed: ${issues}`)
    this.source = source
    this.#program = program
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
