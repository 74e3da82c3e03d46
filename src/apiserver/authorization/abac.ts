// ABAC: a file of policies, one a line, each of which allows something to someone.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/abac/

import type { UserInfo } from '../user.ts'
import type { AuthorizationAttributes, Authorizer } from './authorizer.ts'
import type { RuleResolver } from './rule-resolver.ts'

export interface AbacPolicy {
  readonly user: string
  readonly group: string
  readonly readonly: boolean
  readonly apiGroup: string
  readonly resource: string
  readonly namespace: string
  readonly nonResourcePath: string
}

const API_VERSION = 'abac.authorization.kubernetes.io/v1beta1'
const READS = new Set(['get', 'list', 'watch'])

/** Reads a policy file. Throws an Error that says which line is wrong. */
export function parseAbacPolicies(text: string): AbacPolicy[] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) return []
    try {
      return [policyOf(JSON.parse(trimmed))]
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`line ${i + 1}: ${trimmed}: ${why}`, { cause })
    }
  })
}

function policyOf(value: unknown): AbacPolicy {
  if (typeof value !== 'object' || value === null) throw new Error('unrecognized object')
  const { apiVersion, kind, spec, ...flat } = value as Record<string, unknown>
  if (apiVersion === undefined && kind === undefined) return unversioned(flat)
  if (apiVersion !== API_VERSION || kind !== 'Policy') {
    throw new Error(
      `no kind ${JSON.stringify(kind ?? '')} is registered for version ${JSON.stringify(apiVersion ?? '')}`,
    )
  }
  const fields = (spec ?? {}) as Record<string, unknown>
  const word = (name: string) => String(fields[name] ?? '')
  // Everyone who is known was once written with a star.
  const [user, group] = [word('user'), word('group')]
  const everyone = user === '*' || group === '*'
  return {
    user: everyone && user === '*' ? '' : user,
    group: everyone ? 'system:authenticated' : group,
    readonly: fields.readonly === true,
    apiGroup: word('apiGroup'),
    resource: word('resource'),
    namespace: word('namespace'),
    nonResourcePath: word('nonResourcePath'),
  }
}

/** Lines without a version: what is left out stands for everything. */
function unversioned(fields: Record<string, unknown>): AbacPolicy {
  const word = (name: string) => String(fields[name] ?? '')
  const [user, group, namespace, resource] = ['user', 'group', 'namespace', 'resource'].map(word) as [
    string,
    string,
    string,
    string,
  ]
  const nobodyNamed = user === '' && group === ''
  return {
    user: user === '*' ? '' : user,
    group: nobodyNamed || user === '*' || group === '*' ? 'system:authenticated' : group,
    readonly: fields.readonly === true,
    apiGroup: '*',
    namespace: namespace || '*',
    resource: resource || '*',
    nonResourcePath: namespace === '' && resource === '' ? '*' : '',
  }
}

export function abacAuthorizer(policies: readonly AbacPolicy[]): Authorizer {
  return {
    authorize: (a) =>
      policies.some((policy) => allows(policy, a))
        ? { verdict: 'allow', reason: '' }
        : { verdict: 'none', reason: 'No policy matched.' },
  }
}

/** What the policies allow to a user, as rules. */
export function abacRules(policies: readonly AbacPolicy[]): RuleResolver {
  return (user, namespace) => {
    const mine = policies.filter((p) => isSubject(p, user) && (p.namespace === '*' || p.namespace === namespace))
    const verbs = (p: AbacPolicy) => (p.readonly ? [...READS] : ['*'])
    return {
      incomplete: false,
      rules: [
        ...mine.flatMap((p) =>
          p.resource === '' ? [] : [{ verbs: verbs(p), apiGroups: [p.apiGroup], resources: [p.resource] }],
        ),
        ...mine.flatMap((p) =>
          p.nonResourcePath === '' ? [] : [{ verbs: verbs(p), nonResourceURLs: [p.nonResourcePath] }],
        ),
      ],
    }
  }
}

function allows(policy: AbacPolicy, a: AuthorizationAttributes): boolean {
  if (!isSubject(policy, a.user)) return false
  if (policy.readonly && !READS.has(a.verb)) return false
  return a.isResource ? isAboutResource(policy, a) : isAboutPath(policy, a.path)
}

function isSubject({ user, group }: AbacPolicy, given: UserInfo): boolean {
  if (user !== '' && user !== given.name) return false
  if (group !== '' && !given.groups.includes(group)) return false
  return user !== '' || group !== ''
}

function isAboutResource({ namespace, resource, apiGroup }: AbacPolicy, a: AuthorizationAttributes): boolean {
  const fits = (wanted: string, given: string) => wanted === '*' || wanted === given
  return fits(namespace, a.namespace) && fits(resource, a.resource) && fits(apiGroup, a.group)
}

function isAboutPath({ nonResourcePath }: AbacPolicy, path: string): boolean {
  if (nonResourcePath === '*' || nonResourcePath === path) return true
  return nonResourcePath.endsWith('*') && path.startsWith(nonResourcePath.replace(/\*+$/, ''))
}
