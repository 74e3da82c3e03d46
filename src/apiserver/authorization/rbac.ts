// RBAC: roles are lists of rules, bindings give them to subjects. Everything is read from the caches and compiled
// anew when a role or binding changes. Spec: https://kubernetes.io/docs/reference/access-authn-authz/rbac/

import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from '../../api/generated/rbac-v1.ts'
import { aggregated } from '../../machinery/aggregated.ts'
import type { Registry } from '../registry/registry.ts'
import type { UserInfo } from '../user.ts'
import { MASTERS_GROUP } from '../user.ts'
import type { AuthorizationAttributes, Authorizer, Decision } from './authorizer.ts'
import type { RuleResolver } from './rule-resolver.ts'

interface Binding {
  /** Empty for cluster role bindings. */
  readonly namespace: string
  readonly rules: readonly PolicyRule[]
  /** How it is named as the reason of a yes. */
  readonly reason: string
  /** That its role is not there, in words. */
  readonly problem?: string
}

/** Bindings by subject, as `user:alice`, `group:ops`. */
type Compiled = ReadonlyMap<string, readonly Binding[]>

const GROUP = 'rbac.authorization.k8s.io'
const RESOURCES = ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'] as const
const MAX_DECISIONS = 4096
const ALLOW: Decision = { verdict: 'allow', reason: '' }
const NO_OPINION: Decision = { verdict: 'none', reason: '' }

export interface RbacAuthorizer extends Authorizer {
  /** All rules that hold for a user in a namespace (and those of the whole cluster). */
  rulesFor(user: UserInfo, namespace: string): readonly PolicyRule[]
  /** The same for those who only want to know what they may do. */
  readonly resolver: RuleResolver
}

/** Opens the caches and gives the authorizer, which then answers without waiting. */
export async function createRbacAuthorizer(registry: Registry): Promise<RbacAuthorizer> {
  let compiled: Compiled | undefined
  const decisions = new Map<string, Decision>()
  const caches = await Promise.all(RESOURCES.map((name) => registry.cache(registry.resource(GROUP, name))))
  for (const cache of caches) {
    cache.follow(cache.revision, () => {
      compiled = undefined
      decisions.clear()
    })
  }
  const objects = <T>(index: number, resource: (typeof RESOURCES)[number]): T[] =>
    (caches[index]?.entriesUnder(registry.resource(GROUP, resource).prefix) ?? []).map((e) => e.object as unknown as T)

  function compile(): Compiled {
    const roles = new Map(
      objects<Role>(0, 'roles').map((r) => [`${r.metadata.namespace}/${r.metadata.name}`, r.rules ?? []]),
    )
    const clusterRoles = new Map(objects<ClusterRole>(2, 'clusterroles').map((r) => [r.metadata.name, r.rules ?? []]))
    const rulesOf = (ref: RoleRef, namespace: string) =>
      ref.kind === 'ClusterRole' ? clusterRoles.get(ref.name) : roles.get(`${namespace}/${ref.name}`)
    const out = new Map<string, Binding[]>()
    const add = ({ metadata, subjects, roleRef }: RoleBinding | ClusterRoleBinding, namespace: string) => {
      const rules = rulesOf(roleRef, namespace)
      const name =
        namespace === '' ? `ClusterRoleBinding "${metadata.name}"` : `RoleBinding "${metadata.name}/${namespace}"`
      for (const subject of subjects ?? []) {
        const key = subjectKey(subject, namespace)
        const binding: Binding = {
          namespace,
          rules: rules ?? [],
          reason: `RBAC: allowed by ${name} of ${roleRef.kind} "${roleRef.name}" to ${shownSubject(subject, namespace)}`,
          ...(rules ? {} : { problem: `${roleRef.kind.toLowerCase()}.${GROUP} "${roleRef.name}" not found` }),
        }
        const known = out.get(key)
        if (known) known.push(binding)
        else out.set(key, [binding])
      }
    }
    // Those of the whole cluster are asked first.
    for (const b of objects<ClusterRoleBinding>(3, 'clusterrolebindings')) add(b, '')
    for (const b of objects<RoleBinding>(1, 'rolebindings')) add(b, b.metadata.namespace)
    return out
  }

  function* bindingsOf(user: UserInfo): Iterable<Binding> {
    compiled ??= compile()
    yield* compiled.get(`user:${user.name}`) ?? []
    for (const group of user.groups) yield* compiled.get(`group:${group}`) ?? []
  }

  function decide(a: AuthorizationAttributes): Decision {
    const problems: string[] = []
    for (const { namespace, rules, reason, problem } of bindingsOf(a.user)) {
      if (namespace !== '' && namespace !== a.namespace) continue
      if (rules.some((rule) => ruleAllows(rule, a))) return { verdict: 'allow', reason }
      if (problem !== undefined) problems.push(problem)
    }
    return problems.length === 0 ? NO_OPINION : { verdict: 'none', reason: `RBAC: ${aggregated(problems)}` }
  }

  function bindingsIn(user: UserInfo, namespace: string): Binding[] {
    const all = [...bindingsOf(user)]
    const bound = namespace === '' ? [] : all.filter((b) => b.namespace === namespace)
    // What holds everywhere is told first. Model: DefaultRuleResolver.VisitRulesFor.
    return [...all.filter((b) => b.namespace === ''), ...bound]
  }

  return {
    authorize(a) {
      if (a.user.groups.includes(MASTERS_GROUP)) return ALLOW
      const key = [
        a.user.name,
        a.user.groups.join(','),
        a.verb,
        a.group,
        a.resource,
        a.subresource,
        a.namespace,
        a.name,
        a.path,
      ].join('\0')
      let decision = decisions.get(key)
      if (decision === undefined) {
        decision = decide(a)
        if (decisions.size >= MAX_DECISIONS) decisions.clear()
        decisions.set(key, decision)
      }
      return decision
    },
    rulesFor(user, namespace) {
      if (user.groups.includes(MASTERS_GROUP)) {
        return [
          { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
          { verbs: ['*'], nonResourceURLs: ['*'] },
        ]
      }
      return bindingsIn(user, namespace).flatMap((b) => b.rules)
    },
    resolver(user, namespace) {
      const bindings = bindingsIn(user, namespace)
      const problems = bindings.flatMap(({ problem }) => problem ?? [])
      return {
        rules: bindings.flatMap((b) => b.rules),
        incomplete: false,
        ...(problems.length > 0 ? { error: aggregated(problems) } : {}),
      }
    },
  }
}

function shownSubject({ kind, name, namespace }: Subject, ofBinding: string): string {
  return kind === 'ServiceAccount' ? `${kind} "${name}/${namespace || ofBinding}"` : `${kind} "${name}"`
}

function subjectKey(subject: Subject, namespace: string): string {
  switch (subject.kind) {
    case 'ServiceAccount':
      return `user:system:serviceaccount:${subject.namespace || namespace}:${subject.name}`
    case 'Group':
      return `group:${subject.name}`
    default:
      return `user:${subject.name}`
  }
}

/** Whether one rule allows a request. */
export function ruleAllows(rule: PolicyRule, a: AuthorizationAttributes): boolean {
  if (!holds(rule.verbs, a.verb)) return false
  if (!a.isResource) return (rule.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, a.path))
  if (!holds(rule.apiGroups, a.group)) return false
  if (!(rule.resources ?? []).some((r) => resourceMatches(r, a.resource, a.subresource))) return false
  const names = rule.resourceNames ?? []
  return names.length === 0 || names.includes(a.name)
}

function holds(values: readonly string[] | undefined, wanted: string): boolean {
  return (values ?? []).some((v) => v === '*' || v === wanted)
}

function resourceMatches(pattern: string, resource: string, subresource: string): boolean {
  if (pattern === '*') return true
  const combined = subresource === '' ? resource : `${resource}/${subresource}`
  if (pattern === combined) return true
  return subresource !== '' && pattern === `*/${subresource}`
}

function pathMatches(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true
  return pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1))
}
