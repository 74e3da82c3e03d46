// Who may act as whom. Besides the right to be somebody in everything there are rights to be a node, a service account
// or another user in certain requests only. Model: k8s.io/apiserver/pkg/endpoints/filters/impersonation (KEP-5284).

import { forbidden, isReason } from '../../machinery/errors.ts'
import { dnsSubdomainProblem } from '../../machinery/names.ts'
import { type AuthorizationAttributes, type Authorizer, forbiddenMessage } from '../authorization/authorizer.ts'
import { ANONYMOUS, AUTHENTICATED_GROUP, MASTERS_GROUP, serviceAccountUser, type UserInfo } from '../user.ts'
import type { Impersonated, WantedUser } from './impersonation.ts'

/** What a request asks for, and who sends it. */
type Asked = AuthorizationAttributes

/** The user that a request is to be served as. Rejects with Forbidden. */
export type Impersonator = (wanted: WantedUser, asked: Asked) => Promise<Impersonated>

/** Told of every question that is put to the authorizer. */
export type CheckObserver = (mode: string, decision: 'allowed' | 'denied', seconds: number) => void

interface Mode {
  readonly name: string
  /** Whether it is about such users at all. */
  applies(wanted: WantedUser, requestor: UserInfo): boolean
}

const NODE = 'system:node:'
const ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/
const NODE_NAME = 'authentication.kubernetes.io/node-name'
const UNAUTHENTICATED = 'system:unauthenticated'
/** From so many questions on it is first asked whether all would be answered with yes. */
const MANY = 4
const MAX_REMEMBERED = 10_000
const LEGACY = 'legacy'

const MODES: readonly Mode[] = [
  {
    name: 'associated-node',
    applies: (wanted, requestor) =>
      onlyNamed(wanted) &&
      ACCOUNT.test(requestor.name) &&
      nodeOf(wanted.name) !== undefined &&
      only(requestor.extra?.[NODE_NAME]) === nodeOf(wanted.name),
  },
  { name: 'arbitrary-node', applies: (wanted) => onlyNamed(wanted) && nodeOf(wanted.name) !== undefined },
  { name: 'serviceaccount', applies: (wanted) => onlyNamed(wanted) && ACCOUNT.test(wanted.name) },
  // For those whom Kubernetes has no rules for.
  { name: 'user-info', applies: ({ name }) => nodeOf(name) === undefined && !ACCOUNT.test(name) },
]
const OF_OLD: Mode = { name: LEGACY, applies: () => true }

/** `constrained`: whether there is more than the right of old. */
export function createImpersonator(options: {
  readonly authorizer: Authorizer
  readonly constrained: boolean
  readonly observe?: CheckObserver
  readonly now: () => number
}): Impersonator {
  const modes = options.constrained ? [...MODES, OF_OLD] : [OF_OLD]
  /** The mode that last did it for a user: it is tried first. */
  const last = new Map<string, Mode>()

  return async (wanted, asked) => {
    const known = last.get(asked.user.name)
    const order = known ? [known, ...modes.filter((mode) => mode !== known)] : modes
    let first: { readonly error: unknown } | undefined
    for (const mode of order) {
      if (!mode.applies(wanted, asked.user)) continue
      try {
        const found = await check(new Checks(options, mode, asked), wanted, asked)
        if (last.size >= MAX_REMEMBERED) last.clear()
        last.set(asked.user.name, mode)
        return found
      } catch (error) {
        first ??= { error }
        if (!isReason(error, 'Forbidden')) break
      }
    }
    throw first?.error ?? new Error('all impersonation modes failed')
  }
}

/** The questions of one mode about one request. */
class Checks {
  readonly legacy: boolean
  readonly verb: string
  readonly #options: Parameters<typeof createImpersonator>[0]
  readonly #mode: Mode
  readonly #user: UserInfo

  constructor(options: Parameters<typeof createImpersonator>[0], mode: Mode, { user }: Asked) {
    this.#options = options
    this.#mode = mode
    this.legacy = mode.name === LEGACY
    this.verb = this.legacy ? 'impersonate' : `impersonate:${mode.name}`
    // What is said of the node was looked at already: rights hold for all nodes that an account runs on.
    this.#user = mode.name === 'associated-node' ? withoutExtra(user) : user
  }

  get isAssociated(): boolean {
    return this.#mode.name === 'associated-node'
  }

  /** The attributes of a question about a part of the wanted user. */
  part(of: Partial<Asked> & Pick<Asked, 'resource' | 'name'>): Asked {
    const identity = of.resource === 'uids' || of.resource === 'userextras'
    return {
      user: this.#user,
      verb: this.verb,
      group: this.legacy && !identity ? '' : 'authentication.k8s.io',
      version: 'v1',
      ...{ subresource: '', namespace: '', path: '', isResource: true },
      ...of,
    }
  }

  /** Rejects with Forbidden unless the answer is yes. */
  async require(attributes: Asked): Promise<void> {
    const { authorizer, observe, now } = this.#options
    const started = now()
    const { verdict, reason, error } = await authorizer.authorize(attributes)
    observe?.(this.#mode.name, verdict === 'allow' ? 'allowed' : 'denied', (now() - started) / 1000)
    if (verdict !== 'allow') throw refusal(attributes, [error, reason].filter((text) => text).join(': '))
  }

  /** The request itself, under a verb that says as whom it is made. */
  on(asked: Asked): Asked {
    return { ...asked, user: this.#user, verb: `impersonate-on:${this.#mode.name}:${asked.verb}` }
  }

  /** Whether the answer is yes for all at once. */
  async allows(attributes: Asked): Promise<boolean> {
    try {
      await this.require(attributes)
      return true
    } catch (error) {
      if (isReason(error, 'Forbidden')) return false
      throw error
    }
  }
}

async function check(checks: Checks, wanted: WantedUser, asked: Asked): Promise<Impersonated> {
  if (!checks.legacy) await checks.require(checks.on(asked))
  await requireName(checks, wanted)
  if (wanted.uid !== '') await checks.require(checks.part({ resource: 'uids', name: wanted.uid }))
  await requireGroups(checks, wanted.groups)
  await requireExtra(checks, wanted.extra)
  return { user: userOf(wanted, checks.legacy), constraint: checks.legacy ? '' : checks.verb }
}

function requireName(checks: Checks, { name }: WantedUser): Promise<void> {
  const node = checks.legacy ? undefined : nodeOf(name)
  if (node !== undefined) {
    return checks.require(checks.part({ resource: 'nodes', name: checks.isAssociated ? '*' : node }))
  }
  const [, namespace, account] = ACCOUNT.exec(name) ?? []
  return checks.require(
    namespace !== undefined && account !== undefined
      ? checks.part({ resource: 'serviceaccounts', namespace, name: account })
      : checks.part({ resource: 'users', name }),
  )
}

async function requireGroups(checks: Checks, groups: readonly string[]): Promise<void> {
  const part = (name: string) => checks.part({ resource: 'groups', name })
  if (!checks.legacy && groups.includes(MASTERS_GROUP)) {
    throw refusal(part(MASTERS_GROUP), 'impersonating the system:masters group is not allowed')
  }
  if (!checks.legacy && groups.length >= MANY && (await checks.allows(part('*')))) return
  for (const group of groups) await checks.require(part(group))
}

async function requireExtra(checks: Checks, extra: WantedUser['extra']): Promise<void> {
  const entries = Object.entries(extra)
  if (entries.length === 0) return
  const part = (subresource: string, name: string) => checks.part({ resource: 'userextras', subresource, name })
  if (!checks.legacy) {
    const problem = extraProblem(extra)
    if (problem !== undefined) throw refusal(part('', ''), problem)
    const values = entries.flatMap(([, values]) => values).length
    if (Math.max(entries.length, values) >= MANY && (await checks.allows(part('*', '*')))) return
  }
  for (const [key, values] of entries) for (const value of values) await checks.require(part(key, value))
}

/** What is wrong with what is said beside. */
function extraProblem(extra: WantedUser['extra']): string | undefined {
  for (const [key, values] of Object.entries(extra)) {
    if (key === '') return 'impersonating the empty string key in extra is not allowed'
    const [domain = '', path] = key.split(/\/(.*)/s)
    const problem = path ? dnsSubdomainProblem(domain) : 'must be a domain-prefixed path (such as "acme.io/foo")'
    if (problem !== undefined) {
      const shown = `extra.key: Invalid value: ${JSON.stringify(key)}: ${problem}`
      return `impersonating an invalid key in extra is not allowed: ${shown}`
    }
    if (key !== key.toLowerCase()) {
      return `impersonating a non-lowercase key in extra is not allowed: ${JSON.stringify(key)}`
    }
    if (values.length === 0) return 'impersonating empty values in extra is not allowed'
  }
  return undefined
}

function refusal(attributes: Asked, why: string) {
  const { group, resource, name } = attributes
  const about = { group, resource: attributes.isResource ? resource : '' }
  return forbidden(about, name, `${forbiddenMessage(attributes)}${why === '' ? '' : `: ${why}`}`)
}

function userOf({ name, uid, groups, extra }: WantedUser, legacy: boolean): UserInfo {
  return {
    name,
    groups: groupsOf(name, groups, legacy),
    ...(uid === '' ? {} : { uid }),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  }
}

/** Nodes and service accounts have groups of their own; everybody is known, or nobody. */
function groupsOf(name: string, given: readonly string[], legacy: boolean): readonly string[] {
  const account = ACCOUNT.exec(name)
  let groups = given
  if (!legacy && nodeOf(name) !== undefined) groups = ['system:nodes']
  else if (account && given.length === 0) groups = serviceAccountUser(account[1] ?? '', account[2] ?? '', '').groups
  const nobody = name === ANONYMOUS.name
  const more = nobody ? UNAUTHENTICATED : AUTHENTICATED_GROUP
  if (groups.includes(more) || (!nobody && groups.includes(UNAUTHENTICATED))) return groups
  return [...groups, more]
}

function withoutExtra(user: UserInfo): UserInfo {
  const keys = Object.keys(user.extra ?? {}).sort()
  return { ...user, extra: { 'authentication.kubernetes.io/associated-node-keys': keys } }
}

/** The node that a user is the kubelet of, by its name. */
function nodeOf(name: string): string | undefined {
  if (!name.startsWith(NODE)) return undefined
  const node = name.slice(NODE.length)
  return dnsSubdomainProblem(node) === undefined ? node : undefined
}

function onlyNamed({ uid, groups, extra }: WantedUser): boolean {
  return uid === '' && groups.length === 0 && Object.keys(extra).length === 0
}

function only(values: readonly string[] | undefined): string | undefined {
  return values?.length === 1 ? values[0] : undefined
}
