// Which requests the rules of webhooks and policies are about.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules

import type { NamedRuleWithOperations } from '../../../api/generated/admissionregistration-v1.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'

export type Rule = DeepReadonly<NamedRuleWithOperations>

/** What of a request rules look at. */
export interface Requested {
  readonly operation: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  /** For namespaces themselves: their name. */
  readonly namespace: string
  readonly name: string
}

/** Whether one rule covers the request. */
export function ruleMatches(rule: Rule, asked: Requested): boolean {
  return (
    inScope(rule.scope, asked) &&
    covers(rule.operations, asked.operation) &&
    covers(rule.apiGroups, asked.group) &&
    covers(rule.apiVersions, asked.version) &&
    (rule.resources ?? []).some((pattern) => resourceMatches(pattern, asked)) &&
    (!rule.resourceNames || rule.resourceNames.length === 0 || rule.resourceNames.includes(asked.name))
  )
}

function covers(patterns: readonly string[] | undefined, value: string): boolean {
  return (patterns ?? []).some((pattern) => pattern === '*' || pattern === value)
}

/** `pods`, `pods/status`, `pods/*`, `*`, `*` with a subresource. */
function resourceMatches(pattern: string, { resource, subresource }: Requested): boolean {
  const slash = pattern.indexOf('/')
  const name = slash < 0 ? pattern : pattern.slice(0, slash)
  const sub = slash < 0 ? '' : pattern.slice(slash + 1)
  return (name === '*' || name === resource) && (sub === '*' || sub === subresource)
}

function inScope(scope: string | undefined, { group, resource, namespace }: Requested): boolean {
  if (scope === undefined || scope === '*') return true
  const namespaced = namespace !== '' && !(group === '' && resource === 'namespaces')
  return scope === 'Namespaced' ? namespaced : !namespaced
}
