// The `authorizer` of expressions. Expressions cannot wait: where an answer takes time, evaluation starts over with it.

import {
  AUTHORIZER,
  type AuthorizationCheck,
  type AuthorizationDecision,
  authorizerValue,
  type CelAuthorizer,
  compile,
  makeEnv,
  STRING,
  type Value,
} from '../../../machinery/cel/index.ts'
import type { Authorizer, Decision } from '../../authorization/authorizer.ts'
import { serviceAccountUser, type UserInfo } from '../../user.ts'
import type { Requested } from '../dynamic/rules.ts'

/** Thrown by a check whose answer is not there yet; passes through evaluations. */
class Unanswered extends Error {
  override name = 'Unanswered'
  readonly answer: Promise<void>
  constructor(answer: Promise<void>) {
    super('the authorizer has not answered yet')
    this.answer = answer
  }
}

const MAX_ROUNDS = 100

/** What expressions of one request ask, each question at most once. */
export class Authorizations {
  readonly #authorizer: Authorizer
  readonly #known = new Map<string, AuthorizationDecision>()

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer
  }

  /** The authorizer as expressions of this user's request see it. */
  of(user: UserInfo): CelAuthorizer {
    return {
      check: (check) => this.#check(user, check),
      serviceAccount: (namespace, name) => this.of(serviceAccountUser(namespace, name, '')),
    }
  }

  /** Runs an evaluation until all that it asks is answered. It must have no effects. */
  async settle<T>(evaluate: () => T): Promise<T> {
    for (let round = 0; ; round++) {
      try {
        return evaluate()
      } catch (error) {
        if (!(error instanceof Unanswered) || round >= MAX_ROUNDS) throw error
        await error.answer
      }
    }
  }

  #check(user: UserInfo, check: AuthorizationCheck): AuthorizationDecision {
    const id = JSON.stringify([user.name, check])
    const known = this.#known.get(id)
    if (known) return known
    const answer = this.#authorizer.authorize(attributesOf(user, check))
    const keep = ({ verdict, reason }: Decision) => {
      const decision = { allowed: verdict === 'allow', reason }
      this.#known.set(id, decision)
      return decision
    }
    if (answer instanceof Promise) throw new Unanswered(answer.then((decision) => void keep(decision)))
    return keep(answer)
  }
}

function attributesOf(user: UserInfo, check: AuthorizationCheck) {
  const nothing = { group: '', version: '', resource: '', subresource: '', namespace: '', name: '', path: '' }
  if (check.kind === 'path') return { ...nothing, user, verb: check.verb, path: check.path, isResource: false }
  const { verb, group, resource, subresource, namespace, name, fieldSelector } = check
  return {
    ...nothing,
    user,
    verb,
    group,
    version: '*',
    resource,
    subresource,
    namespace,
    name,
    fieldSelector,
    isResource: true,
  }
}

const OF_REQUEST = compile(
  makeEnv({
    variables: { authorizer: AUTHORIZER, group: STRING, plural: STRING, sub: STRING, space: STRING, object: STRING },
  }),
  'authorizer.group(group).resource(plural).subresource(sub).namespace(space).name(object)',
)

/** `authorizer` and `authorizer.requestResource`. */
export function authorizerValues(authorizer: CelAuthorizer, asked: Requested): Readonly<Record<string, Value>> {
  const { group, resource: plural, subresource: sub, namespace: space, name: object } = asked
  const value = authorizerValue(authorizer)
  const check = OF_REQUEST.program?.evaluate({ authorizer: value, group, plural, sub, space, object }).value
  if (check === undefined) throw new Error(`the authorizer of a request does not evaluate: ${OF_REQUEST.issues}`)
  return { authorizer: value, 'authorizer.requestResource': check }
}
