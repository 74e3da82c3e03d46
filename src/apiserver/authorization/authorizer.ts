// Who may do what: the question, the answer, and asking several authorizers in turn.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/authorization/

import { aggregated } from '../../machinery/aggregated.ts'
import { forbidden, UndecidedRequest } from '../../machinery/errors.ts'
import { quote } from '../../machinery/go/format.ts'
import type { UserInfo } from '../user.ts'

/** One question. For requests that are not about resources only `path` and `verb` count. */
export interface AuthorizationAttributes {
  readonly user: UserInfo
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly path: string
  readonly isResource: boolean
  /** What a list or watch is narrowed to, as it was asked for: `spec.nodeName=n1`. */
  readonly fieldSelector?: string
  readonly labelSelector?: string
}

/** The value that a field selector demands of a field: `n1` for `spec.nodeName` in `spec.nodeName=n1,status.phase!=Failed`. */
export function demanded(fieldSelector: string | undefined, field: string): string | undefined {
  for (const part of fieldSelector?.split(',') ?? []) {
    const [, name, value] = /^([^=!]+)==?([^=].*)$/.exec(part) ?? []
    if (name === field) return value
  }
  return undefined
}

/** The one name that a list or a watch is about, as upstream's request info has it; what deletes many has none. */
export function demandedName(verb: string, fieldSelector: string | undefined): string {
  if (verb !== 'list' && verb !== 'watch') return ''
  const name = demanded(fieldSelector, 'metadata.name') ?? ''
  return name === '.' || name === '..' || /[/%]/.test(name) ? '' : name
}

/** `none`: no opinion, ask the next one. */
export interface Decision {
  readonly verdict: 'allow' | 'deny' | 'none'
  readonly reason: string
  /** What went wrong on the way to the answer. */
  readonly error?: string
}

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): Promise<Decision> | Decision
}

/** Asks in order until one has an opinion. */
export function firstOpinion(authorizers: readonly Authorizer[]): Authorizer {
  return { authorize: (attributes) => askFrom(authorizers, 0, NOTHING_HEARD, attributes) }
}

/** What those said who had no opinion. */
interface Heard {
  readonly reasons: readonly string[]
  readonly errors: readonly string[]
}

const NOTHING_HEARD: Heard = { reasons: [], errors: [] }
const NO_OPINION: Decision = { verdict: 'none', reason: '' }

function hearing({ reasons, errors }: Heard, { reason, error }: Decision): Heard {
  return {
    reasons: reason === '' ? reasons : [...reasons, reason],
    errors: error === undefined ? errors : [...errors, error],
  }
}

/** Answers at once as long as the authorizers do: most requests wait for nobody. */
function askFrom(
  authorizers: readonly Authorizer[],
  first: number,
  before: Heard,
  attributes: AuthorizationAttributes,
): Promise<Decision> | Decision {
  let heard = before
  for (let i = first; i < authorizers.length; i++) {
    const answer = authorizers[i]?.authorize(attributes) ?? NO_OPINION
    if (answer instanceof Promise) {
      return answer.then((decision) =>
        decision.verdict === 'none' ? askFrom(authorizers, i + 1, hearing(heard, decision), attributes) : decision,
      )
    }
    if (answer.verdict !== 'none') return answer
    if (answer.reason !== '' || answer.error !== undefined) heard = hearing(heard, answer)
  }
  const { reasons, errors } = heard
  return {
    verdict: 'none',
    reason: reasons.join('\n'),
    ...(errors.length > 0 ? { error: aggregated(errors) } : {}),
  }
}

/** Everything is allowed: for tests that are about something else. */
export const allowAll: Authorizer = { authorize: () => ({ verdict: 'allow', reason: '' }) }

/** Throws or rejects with Forbidden in upstream's words unless the answer is yes. `heard` is told the answer either way. */
export function requireAllowed(
  authorizer: Authorizer,
  attributes: AuthorizationAttributes,
  heard?: (decision: Decision) => void,
): Promise<void> | undefined {
  const answer = authorizer.authorize(attributes)
  if (answer instanceof Promise) return answer.then((decision) => demandYes(decision, attributes, heard))
  demandYes(answer, attributes, heard)
  return undefined
}

function demandYes(
  decision: Decision,
  attributes: AuthorizationAttributes,
  heard: ((decision: Decision) => void) | undefined,
): void {
  heard?.(decision)
  if (decision.verdict === 'allow') return
  // Whoever could not be asked might have said yes.
  if (decision.error !== undefined) throw new UndecidedRequest(decision.error)
  const why = decision.reason === '' ? '' : `: ${decision.reason}`
  const { group, resource, name } = attributes
  throw forbidden(
    { group, resource: attributes.isResource ? resource : '' },
    name,
    `${forbiddenMessage(attributes)}${why}`,
  )
}

/** What is forbidden, in upstream's words. */
export function forbiddenMessage(a: AuthorizationAttributes): string {
  const user = `User ${quote(a.user.name)}`
  if (!a.isResource) return `${user} cannot ${a.verb} path ${quote(a.path)}`
  const resource = a.subresource === '' ? a.resource : `${a.resource}/${a.subresource}`
  const where = a.namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(a.namespace)}`
  return `${user} cannot ${a.verb} resource ${quote(resource)} in API group ${quote(a.group)} ${where}`
}
