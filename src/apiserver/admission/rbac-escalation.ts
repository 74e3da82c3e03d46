// Nobody gives away permissions they do not hold, unless they may `escalate` roles or `bind` them.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping

import type { PolicyRule, RoleBinding } from '../../api/generated/rbac-v1.ts'
import { forbidden, notFound } from '../../machinery/errors.ts'
import { sameJson } from '../../machinery/same-json.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import { ruleText, uncoveredRules } from '../authorization/escalation.ts'
import type { RbacAuthorizer } from '../authorization/rbac.ts'
import type { Registry } from '../registry/registry.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'

const GROUP = 'rbac.authorization.k8s.io'

export interface EscalationOptions {
  readonly authorizer: Authorizer
  readonly rbac: RbacAuthorizer
}

export function rbacEscalation(registry: Registry, { authorizer, rbac }: EscalationOptions): AdmissionPlugin {
  async function may(a: AdmissionAttributes, verb: string, resource: string, name: string): Promise<boolean> {
    const decision = await authorizer.authorize({
      user: a.user,
      verb,
      group: GROUP,
      version: 'v1',
      resource,
      subresource: '',
      namespace: a.namespace,
      name,
      path: '',
      isResource: true,
    })
    return decision.verdict === 'allow'
  }

  function requireHeld(a: AdmissionAttributes, rules: readonly PolicyRule[]): void {
    const missing = uncoveredRules(rbac.rulesFor(a.user, a.namespace), rules)
    if (missing.length === 0) return
    const groups = a.user.groups.map((group) => JSON.stringify(group)).join(' ')
    const why = `user ${JSON.stringify(a.user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${missing.map(ruleText).sort().join('\n')}`
    throw forbidden(a.resource, a.name, why)
  }

  async function checkRole(a: AdmissionAttributes): Promise<void> {
    const rules = (a.object?.rules ?? []) as PolicyRule[]
    const aggregates = a.object?.aggregationRule !== undefined
    const unchanged =
      a.old && sameJson(a.old.rules ?? [], rules) && sameJson(a.old.aggregationRule, a.object?.aggregationRule)
    if (unchanged || (await may(a, 'escalate', a.resource.resource, a.name))) return
    // Whoever decides what is gathered could gather anything.
    if (aggregates && !sameJson(a.old?.aggregationRule, a.object?.aggregationRule)) {
      requireHeld(a, [
        { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
        { nonResourceURLs: ['*'], verbs: ['*'] },
      ])
    }
    requireHeld(a, rules)
  }

  async function checkBinding(a: AdmissionAttributes): Promise<void> {
    const { roleRef, subjects } = a.object as unknown as RoleBinding
    const unchanged = a.old && sameJson(a.old.roleRef, roleRef) && sameJson(a.old.subjects ?? [], subjects ?? [])
    const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles'
    if (unchanged || (await may(a, 'bind', resource, roleRef.name))) return
    const namespace = roleRef.kind === 'ClusterRole' ? '' : a.namespace
    const role = await registry.lookup<{ rules?: PolicyRule[] }>(GROUP, resource, namespace, roleRef.name)
    if (!role) throw notFound({ group: GROUP, resource }, roleRef.name)
    requireHeld(a, role.rules ?? [])
  }

  return {
    name: 'RBACEscalation',
    validate(a) {
      if (a.resource.group !== GROUP || !a.object) return undefined
      const { resource } = a.resource
      return resource === 'roles' || resource === 'clusterroles' ? checkRole(a) : checkBinding(a)
    },
  }
}
