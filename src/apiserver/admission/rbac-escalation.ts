// Nobody gives away permissions they do not hold, unless they may `escalate` roles or `bind` them.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping

import type { PolicyRule, RoleBinding } from '../../api/generated/rbac-v1.ts'
import { forbidden, notFound, serverProblem } from '../../machinery/errors.ts'
import { sameJson } from '../../machinery/same-json.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
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
    if (onlyForCollector(a) || (await may(a, 'escalate', a.resource.resource, a.name))) return
    requireHeld(a, (a.object?.rules ?? []) as PolicyRule[])
    // Whoever decides what is gathered could gather anything.
    if ((a.object?.aggregationRule ?? a.old?.aggregationRule) === undefined) return
    if (uncoveredRules(rbac.rulesFor(a.user, a.namespace), EVERYTHING).length === 0) return
    throw forbidden(a.resource, a.name, 'must have cluster-admin privileges to use the aggregationRule')
  }

  async function checkBinding(a: AdmissionAttributes): Promise<void> {
    const { roleRef } = a.object as unknown as RoleBinding
    const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles'
    if (onlyForCollector(a) || (await may(a, 'bind', resource, roleRef.name))) return
    const namespace = roleRef.kind === 'ClusterRole' ? '' : a.namespace
    if (roleRef.kind !== 'ClusterRole' && roleRef.kind !== 'Role') {
      throw serverProblem(`unsupported role reference kind: ${JSON.stringify(roleRef.kind)}`)
    }
    const role = await registry.lookup<{ rules?: PolicyRule[] }>(GROUP, resource, namespace, roleRef.name)
    // Upstream takes what is missing for a binding, as that is what is written.
    if (!role) throw notFound(a.resource, roleRef.name)
    requireHeld(a, role.rules ?? [])
  }

  return {
    name: 'RBACEscalation',
    admit(a) {
      if (a.resource.group !== GROUP || !a.object) return undefined
      const { resource } = a.resource
      return resource === 'roles' || resource === 'clusterroles' ? checkRole(a) : checkBinding(a)
    },
  }
}

const EVERYTHING: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
]

/** Whether nothing changes but what garbage collection needs. Model: IsOnlyMutatingGCFields. */
function onlyForCollector({ object, old }: AdmissionAttributes): boolean {
  if (!object || !old) return false
  const rest = ({ metadata, ...others }: ApiObject | StoredObject) => {
    const { ownerReferences: _, finalizers: __, managedFields: ___, resourceVersion: ____, ...kept } = metadata
    // No rules are no rules, in either way of saying so.
    const { rules, ...said } = others as { rules?: readonly unknown[] }
    return { ...said, rules: rules ?? [], metadata: kept }
  }
  return sameJson(rest(object), rest(old))
}
