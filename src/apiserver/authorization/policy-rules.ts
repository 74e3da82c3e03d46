// A compact way to write policy rules and the objects that carry them.

import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from '../../api/generated/rbac-v1.ts'
import type { New } from '../../client/client.ts'

const GROUP = 'rbac.authorization.k8s.io'
export const READ = 'get list watch'
export const WRITE = 'create delete deletecollection patch update'

const words = (text: string) => text.split(' ').filter((word) => word !== '')

/** Rules of resources: verbs, groups (`core` for the one without a name) and resources, each as words. */
export function rule(verbs: string, groups: string, resources: string, resourceNames?: string): PolicyRule {
  return {
    verbs: words(verbs),
    apiGroups: words(groups).map((group) => (group === 'core' ? '' : group)),
    resources: words(resources),
    ...(resourceNames ? { resourceNames: words(resourceNames) } : {}),
  }
}

/** Rules of paths. */
export function paths(verbs: string, urls: string): PolicyRule {
  return { verbs: words(verbs), nonResourceURLs: words(urls) }
}

export const eventsRule: PolicyRule = rule('create patch update', 'core events.k8s.io', 'events')

function metadata(name: string, labels: Record<string, string> = {}, namespace?: string) {
  return {
    name,
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    ...(namespace ? { namespace } : {}),
  }
}

export function clusterRole(
  name: string,
  rules: readonly PolicyRule[],
  labels: Record<string, string> = {},
): New<ClusterRole> {
  return { metadata: metadata(name, labels), rules: [...rules] }
}

/** A role whose rules are gathered from all roles with the label `rbac.authorization.k8s.io/aggregate-to-<name>`. */
export function aggregatedRole(name: string, labels: Record<string, string> = {}): New<ClusterRole> {
  const matchLabels = { [aggregateTo(name)]: 'true' }
  return { metadata: metadata(name, labels), aggregationRule: { clusterRoleSelectors: [{ matchLabels }] }, rules: [] }
}

export const aggregateTo = (name: string) => `${GROUP}/aggregate-to-${name}`

export const user = (name: string): Subject => ({ apiGroup: GROUP, kind: 'User', name })
export const group = (name: string): Subject => ({ apiGroup: GROUP, kind: 'Group', name })
export const account = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' })

export function clusterBinding(role: string, subjects: readonly Subject[], name = role): New<ClusterRoleBinding> {
  const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name: role }
  return { metadata: metadata(name), roleRef, subjects: [...subjects] }
}

export function role(namespace: string, name: string, rules: readonly PolicyRule[]): New<Role> {
  return { metadata: metadata(name, {}, namespace), rules: [...rules] }
}

export function binding(namespace: string, role: string, subjects: readonly Subject[], name = role): New<RoleBinding> {
  const roleRef = { apiGroup: GROUP, kind: 'Role', name: role }
  return { metadata: metadata(name, {}, namespace), roleRef, subjects: [...subjects] }
}
