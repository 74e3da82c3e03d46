// Expressions over the claims of a token, and over the user that was made of them.
// Model: k8s.io/apiserver/pkg/authentication/cel.

import {
  BOOL,
  compile,
  compileProblem,
  type DeclaredType,
  DYN,
  fromJson,
  fromTypedJson,
  LIMITS,
  listType,
  makeEnv,
  mapType,
  type Program,
  providerOf,
  STRING,
  structType,
  type Type,
  toJson,
} from '../../../machinery/cel/index.ts'

const declared = (type: Type, json: DeclaredType['json']) => ({
  ...{ type, json, nullable: false, minBytes: 0, maxElements: Number.MAX_SAFE_INTEGER },
})
const TEXT: DeclaredType = declared(STRING, 'string')
const TEXTS: DeclaredType = { ...declared(listType(STRING), 'list'), element: TEXT }
const EXTRA: DeclaredType = { ...declared(mapType(STRING, TEXTS.type), 'map'), element: TEXTS }
const USER_FIELDS: readonly [string, DeclaredType][] = [
  ['username', TEXT],
  ['uid', TEXT],
  ['groups', TEXTS],
  ['extra', EXTRA],
]
const USER_TYPE = structType('kubernetes.UserInfo')
const USER_INFO: DeclaredType = {
  ...declared(USER_TYPE, 'object'),
  fields: new Map(USER_FIELDS.map(([name, type]) => [name, { name, declared: type }])),
}

const CLAIMS = makeEnv({ variables: { claims: mapType(STRING, DYN) } })
const USER = makeEnv({ variables: { user: USER_TYPE }, types: providerOf([USER_INFO]) })

class TokenExpression {
  readonly source: string
  readonly #program: Program
  readonly #variable: string

  constructor(source: string, variable: 'claims' | 'user', result?: 'bool') {
    const env = variable === 'claims' ? CLAIMS : USER
    const compiled = compile(env, source, result ? { expected: [BOOL] } : {})
    if (compiled.issues !== undefined) {
      throw new Error(compiled.mistyped ? 'must evaluate to bool' : compileProblem(compiled))
    }
    this.source = source
    this.#program = compiled.program
    this.#variable = variable
  }

  /** What it comes to, as JSON. Throws an Error when it cannot be evaluated. */
  evaluate(value: unknown): unknown {
    const given = this.#variable === 'user' ? fromTypedJson(value, USER_INFO) : fromJson(value)
    const result = this.#program.evaluate({ [this.#variable]: given }, { costLimit: LIMITS.perCall })
    if (result.error !== undefined) throw new Error(`expression '${this.source}' resulted in error: ${result.error}`)
    return toJson(result.value)
  }

  /** Whether it names this claim. Model: hasSelectExp. */
  mentions(claim: string): boolean {
    return selects(this.#program.checked.ast, claim)
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

/** Whether somewhere in an expression `claims.CLAIM` or `claims.?CLAIM` stands. */
function selects(node: unknown, claim: string): boolean {
  if (Array.isArray(node)) return node.some((each) => selects(each, claim))
  if (typeof node !== 'object' || node === null) return false
  const { kind, operand, field, fn, args } = node as Record<string, unknown>
  if (kind === 'select' && isClaims(operand) && field === claim) return true
  if (fn === '_?._' && Array.isArray(args) && isClaims(args[0]) && args[1]?.value === claim) return true
  return Object.values(node).some((each) => selects(each, claim))
}

const isClaims = (node: unknown) => {
  const { kind, name } = (node ?? {}) as Record<string, unknown>
  return kind === 'ident' && name === 'claims'
}
