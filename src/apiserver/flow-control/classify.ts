// Which flow a request belongs to: the first flow schema that fits it, and what tells flows of one schema apart.
// Spec: https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#flowschema

import type {
  FlowSchemaSpec,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '../../api/generated/flowcontrol-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { RequestInfo } from '../http/request-info.ts'
import type { UserInfo } from '../user.ts'

export interface FlowSchemaEntry {
  readonly name: string
  readonly uid: string
  readonly spec: DeepReadonly<FlowSchemaSpec>
}

type Asked = Pick<RequestInfo, 'verb' | 'isResource' | 'group' | 'resource' | 'subresource' | 'namespace' | 'path'>

/** Schemas in the order in which they are asked. */
export function inPrecedence(schemas: readonly FlowSchemaEntry[]): readonly FlowSchemaEntry[] {
  const byName = (a: FlowSchemaEntry, b: FlowSchemaEntry) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  return [...schemas].sort((a, b) => precedenceOf(a) - precedenceOf(b) || byName(a, b))
}

function precedenceOf({ spec }: FlowSchemaEntry): number {
  return spec.matchingPrecedence ?? 1000
}

/** Whether a schema holds for what this user asks. */
export function matches({ spec }: FlowSchemaEntry, user: UserInfo, asked: Asked): boolean {
  return (spec.rules ?? []).some((rule) => ruleMatches(rule, user, asked))
}

/** What tells flows of one schema apart: requests of one flow wait for each other. */
export function distinguisherOf({ spec }: FlowSchemaEntry, user: UserInfo, { namespace }: Asked): string {
  switch (spec.distinguisherMethod?.type) {
    case 'ByUser':
      return user.name
    case 'ByNamespace':
      return namespace
    default:
      return ''
  }
}

function ruleMatches(rule: DeepReadonly<PolicyRulesWithSubjects>, user: UserInfo, asked: Asked): boolean {
  if (!rule.subjects.some((subject) => subjectMatches(subject, user))) return false
  return asked.isResource
    ? (rule.resourceRules ?? []).some((resources) => resourceMatches(resources, asked))
    : (rule.nonResourceRules ?? []).some((paths) => pathMatches(paths, asked))
}

function subjectMatches(subject: DeepReadonly<Subject>, user: UserInfo): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.user?.name === '*' || subject.user?.name === user.name
    case 'Group':
      return subject.group?.name === '*' || user.groups.includes(subject.group?.name ?? '')
    case 'ServiceAccount': {
      const { name = '', namespace = '' } = subject.serviceAccount ?? {}
      const prefix = `system:serviceaccount:${namespace}:`
      return name === '*' ? user.name.startsWith(prefix) : user.name === `${prefix}${name}`
    }
    default:
      return false
  }
}

function resourceMatches(rule: DeepReadonly<ResourcePolicyRule>, asked: Asked): boolean {
  if (!holds(rule.verbs, asked.verb) || !holds(rule.apiGroups, asked.group)) return false
  const { resource, subresource, namespace } = asked
  if (!holds(rule.resources, subresource === '' ? resource : `${resource}/${subresource}`)) return false
  return namespace === '' ? rule.clusterScope === true : holds(rule.namespaces ?? [], namespace)
}

function pathMatches(rule: DeepReadonly<NonResourcePolicyRule>, { verb, path }: Asked): boolean {
  if (!holds(rule.verbs, verb)) return false
  return rule.nonResourceURLs.some((pattern) => {
    if (pattern === '*' || pattern === path) return true
    return pattern.endsWith('/*') && path.startsWith(pattern.slice(0, -1))
  })
}

function holds(values: readonly string[], wanted: string): boolean {
  return values.some((value) => value === '*' || value === wanted)
}
