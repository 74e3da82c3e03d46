// The roles and bindings every cluster starts with.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings

import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../api/generated/rbac-v1.ts'
import type { New } from '../../client/client.ts'

export interface BootstrapPolicy {
  readonly clusterRoles: readonly New<ClusterRole>[]
  readonly clusterRoleBindings: readonly New<ClusterRoleBinding>[]
  readonly roles: readonly New<Role>[]
  readonly roleBindings: readonly New<RoleBinding>[]
}

const metadata = (name: string) => ({
  name,
  annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
})

export function bootstrapPolicy(): BootstrapPolicy {
  return {
    clusterRoles: [
      {
        metadata: metadata('cluster-admin'),
        rules: [
          { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
          { nonResourceURLs: ['*'], verbs: ['*'] },
        ],
      },
    ],
    clusterRoleBindings: [
      {
        metadata: metadata('cluster-admin'),
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:masters' }],
      },
    ],
    roles: [],
    roleBindings: [],
  }
}
