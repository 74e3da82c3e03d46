// Fills the rules of ClusterRoles that have an aggregationRule from the roles it selects.

import type { ClusterRole, PolicyRule } from '../api/generated/rbac-v1.ts'
import { clusterroles as clusterRolesRef } from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import { matchesLabelSelector } from '../machinery/label-selector.ts'
import { sameValue, stableJson } from './support/values.ts'

type ReadRole = DeepReadonly<ClusterRole>

/** The union of the selected roles' rules, in order of role name, each rule once. */
function aggregateRules(role: ReadRole, all: readonly ReadRole[]): DeepReadonly<PolicyRule>[] {
  const rules = new Map<string, DeepReadonly<PolicyRule>>()
  const sorted = [...all].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    for (const other of sorted) {
      if (other.metadata.name === role.metadata.name) continue
      if (!matchesLabelSelector(selector, other.metadata.labels)) continue
      for (const rule of other.rules ?? []) rules.set(stableJson(rule), rule)
    }
  }
  return [...rules.values()]
}

export const clusterRoleAggregationController: Controller = {
  name: 'clusterrole-aggregation-controller',
  setup({ client, informers }, queue) {
    const roles = informers.informer(clusterRolesRef)
    const wake = () => {
      for (const role of roles.list()) if (role.aggregationRule) queue.add(role.metadata.name)
    }
    roles.subscribe({ add: wake, update: wake, delete: wake })
    return {
      async reconcile(name) {
        const role = roles.get(name)
        if (!role?.aggregationRule) return
        const rules = aggregateRules(role, roles.list())
        if (sameValue(role.rules ?? [], rules)) return
        try {
          await client.update(clusterRolesRef, { ...role, rules })
        } catch (error) {
          if (!isReason(error, 'NotFound')) throw error
        }
      },
    }
  },
}
