// The roles and bindings every cluster starts with.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings

import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding, Subject } from '../../api/generated/rbac-v1.ts'
import type { New } from '../../client/client.ts'
import { controllerRoleBindings, controllerRoles } from './controller-policy.ts'
import { nodeRules } from './node-rules.ts'
import {
  account,
  aggregatedRole,
  aggregateTo,
  binding,
  clusterBinding,
  clusterRole,
  eventsRule,
  group,
  paths,
  READ,
  role,
  rule,
  user,
  WRITE,
} from './policy-rules.ts'

export interface BootstrapPolicy {
  readonly clusterRoles: readonly New<ClusterRole>[]
  readonly clusterRoleBindings: readonly New<ClusterRoleBinding>[]
  readonly roles: readonly New<Role>[]
  readonly roleBindings: readonly New<RoleBinding>[]
}

const BOTH = 'create delete deletecollection get list patch update watch'
const AUTHENTICATED = 'system:authenticated'
const UNAUTHENTICATED = 'system:unauthenticated'
const DISCOVERY = '/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/'
const APPS =
  'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status'
const BATCH = 'cronjobs cronjobs/status jobs jobs/status'
const CORE_VIEW =
  'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status'
const CORE_STATUS =
  'bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status'
const EXTENSIONS_VIEW =
  'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale'

const viewRules = [
  rule(READ, 'core', CORE_VIEW),
  rule(READ, 'core', CORE_STATUS),
  rule(READ, 'core', 'namespaces'),
  rule(READ, 'core events.k8s.io', 'events'),
  rule(READ, 'discovery.k8s.io', 'endpointslices'),
  rule(READ, 'apps', APPS),
  rule(READ, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  rule(READ, 'batch', BATCH),
  rule(READ, 'extensions', EXTENSIONS_VIEW),
  rule(READ, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  rule(READ, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
  rule(READ, 'resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
]

const editRules = [
  rule(READ, 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
  rule('impersonate', 'core', 'serviceaccounts'),
  rule(WRITE, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
  rule('create', 'core', 'pods/eviction'),
  rule(
    WRITE,
    'core',
    'configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
  ),
  rule('create', 'core', 'serviceaccounts/token'),
  rule(WRITE, 'core events.k8s.io', 'events'),
  rule(
    WRITE,
    'apps',
    'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale',
  ),
  rule(WRITE, 'autoscaling', 'horizontalpodautoscalers'),
  rule(WRITE, 'batch', 'cronjobs jobs'),
  rule(
    WRITE,
    'extensions',
    'daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale',
  ),
  rule(WRITE, 'policy', 'poddisruptionbudgets'),
  rule(WRITE, 'networking.k8s.io', 'ingresses networkpolicies'),
  rule(BOTH, 'coordination.k8s.io', 'leases'),
  rule(WRITE, 'resource.k8s.io', 'resourceclaims resourceclaimtemplates'),
]

const adminRules = [
  rule('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
  rule(BOTH, 'rbac.authorization.k8s.io', 'rolebindings roles'),
]

const schedulerRules = [
  eventsRule,
  rule('create', 'coordination.k8s.io', 'leases'),
  rule('get list update watch', 'coordination.k8s.io', 'leases', 'kube-scheduler'),
  rule(BOTH, 'coordination.k8s.io', 'leasecandidates'),
  rule(READ, 'core', 'nodes'),
  rule('delete get list watch', 'core', 'pods'),
  rule('create', 'core', 'bindings pods/binding'),
  rule('patch update', 'core', 'pods/status'),
  rule(READ, 'core', 'replicationcontrollers services'),
  rule(READ, 'apps extensions', 'replicasets'),
  rule(READ, 'apps', 'statefulsets'),
  rule(READ, 'policy', 'poddisruptionbudgets'),
  rule(READ, 'core', 'persistentvolumeclaims persistentvolumes'),
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  rule(READ, 'storage.k8s.io', 'csinodes'),
  rule(READ, 'storage.k8s.io', 'volumeattachments'),
  rule(READ, 'core', 'namespaces'),
  rule(READ, 'storage.k8s.io', 'csidrivers'),
  rule(READ, 'storage.k8s.io', 'csistoragecapacities'),
  rule(READ, 'resource.k8s.io', 'deviceclasses'),
  rule('get list patch update watch', 'resource.k8s.io', 'resourceclaims'),
  rule('get list patch update watch', 'resource.k8s.io', 'resourceclaims/status'),
  rule('update', 'core', 'pods/finalizers'),
  rule(READ, 'resource.k8s.io', 'resourceslices'),
  rule('create delete', 'resource.k8s.io', 'resourceclaims'),
  rule('patch update', 'resource.k8s.io', 'resourceclaims/binding'),
]

const controllerManagerRules = [
  eventsRule,
  rule('create', 'coordination.k8s.io', 'leases'),
  rule('get update', 'coordination.k8s.io', 'leases', 'kube-controller-manager'),
  rule('create', 'core', 'secrets serviceaccounts'),
  rule('delete', 'core', 'secrets'),
  rule('get', 'core', 'configmaps namespaces secrets serviceaccounts'),
  rule('update', 'core', 'secrets serviceaccounts'),
  rule('create', 'authentication.k8s.io', 'tokenreviews'),
  rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  rule('list watch', '*', '*'),
  rule('create', 'core', 'serviceaccounts/token'),
]

const monitoringPaths = '/flagz /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* /statusz'

function clusterRoles(): New<ClusterRole>[] {
  const signer = (suffix: string, verb: string, name: string) =>
    clusterRole(`system:certificates.k8s.io:${suffix}-approver`, [rule(verb, 'certificates.k8s.io', 'signers', name)])
  const selfApprover = (suffix: string, subresource: string) =>
    clusterRole(`system:certificates.k8s.io:certificatesigningrequests:${suffix}`, [
      rule('create', 'certificates.k8s.io', `certificatesigningrequests/${subresource}`),
    ])
  return [
    clusterRole('cluster-admin', [rule('*', '*', '*'), paths('*', '*')]),
    clusterRole('system:discovery', [paths('get', DISCOVERY)]),
    clusterRole('system:monitoring', [paths('get', monitoringPaths), rule('get', 'core', 'nodes/metrics')]),
    clusterRole('system:basic-user', [
      rule('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
      rule('create', 'authentication.k8s.io', 'selfsubjectreviews'),
    ]),
    clusterRole('system:public-info-viewer', [paths('get', '/healthz /livez /readyz /version /version/')]),
    aggregatedRole('admin'),
    aggregatedRole('edit', { [aggregateTo('admin')]: 'true' }),
    aggregatedRole('view', { [aggregateTo('edit')]: 'true' }),
    clusterRole('system:aggregate-to-admin', adminRules, { [aggregateTo('admin')]: 'true' }),
    clusterRole('system:aggregate-to-edit', editRules, { [aggregateTo('edit')]: 'true' }),
    clusterRole('system:aggregate-to-view', viewRules, { [aggregateTo('view')]: 'true' }),
    clusterRole('system:heapster', [
      rule(READ, 'core', 'events namespaces nodes pods'),
      rule(READ, 'extensions', 'deployments'),
    ]),
    clusterRole('system:node', nodeRules),
    clusterRole('system:node-problem-detector', [
      rule('get', 'core', 'nodes'),
      rule('patch', 'core', 'nodes/status'),
      eventsRule,
    ]),
    clusterRole('system:node-proxier', [
      rule('list watch', 'core', 'endpoints services'),
      rule(READ, 'core', 'nodes'),
      eventsRule,
      rule('list watch', 'networking.k8s.io', 'servicecidrs'),
      rule('list watch', 'discovery.k8s.io', 'endpointslices'),
    ]),
    clusterRole('system:kubelet-api-admin', [
      rule(READ, 'core', 'nodes'),
      rule('proxy', 'core', 'nodes'),
      rule('*', 'core', 'nodes/log nodes/metrics nodes/proxy nodes/stats'),
      rule('*', 'core', 'nodes/configz nodes/healthz nodes/pods'),
    ]),
    clusterRole('system:node-bootstrapper', [
      rule('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
    ]),
    clusterRole('system:auth-delegator', [
      rule('create', 'authentication.k8s.io', 'tokenreviews'),
      rule('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    ]),
    clusterRole('system:kube-aggregator', [rule(READ, 'core', 'endpoints services')]),
    clusterRole('system:kube-controller-manager', controllerManagerRules),
    clusterRole('system:kube-dns', [rule('list watch', 'core', 'endpoints services')]),
    clusterRole('system:persistent-volume-provisioner', [
      rule('create delete get list watch', 'core', 'persistentvolumes'),
      rule('get list update watch', 'core', 'persistentvolumeclaims'),
      rule(READ, 'storage.k8s.io', 'storageclasses'),
      rule('watch', 'core', 'events'),
      eventsRule,
    ]),
    selfApprover('nodeclient', 'nodeclient'),
    selfApprover('selfnodeclient', 'selfnodeclient'),
    clusterRole('system:volume-scheduler', [
      rule('get list patch update watch', 'core', 'persistentvolumes'),
      rule(READ, 'storage.k8s.io', 'storageclasses'),
      rule('get list patch update watch', 'core', 'persistentvolumeclaims'),
    ]),
    signer('legacy-unknown', 'approve', 'kubernetes.io/legacy-unknown'),
    signer('kubelet-serving', 'approve', 'kubernetes.io/kubelet-serving'),
    signer('kube-apiserver-client', 'approve', 'kubernetes.io/kube-apiserver-client'),
    signer('kube-apiserver-client-kubelet', 'approve', 'kubernetes.io/kube-apiserver-client-kubelet'),
    clusterRole('system:service-account-issuer-discovery', [
      paths(
        'get',
        '/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/',
      ),
    ]),
    clusterRole('system:kube-scheduler', schedulerRules),
    clusterRole('sampan:image-puller', [paths('get head', '/v2 /v2/*')]),
    clusterRole('sampan:node-dns', [rule('list watch', 'core', 'namespaces')]),
    ...controllerRoles(),
  ]
}

function clusterRoleBindings(): New<ClusterRoleBinding>[] {
  return [
    clusterBinding('cluster-admin', [group('system:masters')]),
    clusterBinding('system:monitoring', [group('system:monitoring')]),
    clusterBinding('system:discovery', [group(AUTHENTICATED)]),
    clusterBinding('system:basic-user', [group(AUTHENTICATED)]),
    clusterBinding('system:public-info-viewer', [group(AUTHENTICATED), group(UNAUTHENTICATED)]),
    clusterBinding('system:node-proxier', [user('system:kube-proxy')]),
    clusterBinding('system:kube-controller-manager', [user('system:kube-controller-manager')]),
    clusterBinding('system:kube-dns', [account('kube-dns')]),
    clusterBinding('system:kube-scheduler', [user('system:kube-scheduler')]),
    clusterBinding('system:volume-scheduler', [user('system:kube-scheduler')]),
    // The node authorizer decides about nodes; the binding stays empty, as upstream.
    clusterBinding('system:node', []),
    clusterBinding('system:service-account-issuer-discovery', [group('system:serviceaccounts')]),
    ...joinBindings(),
    ...controllerRoleBindings(),
  ]
}

/** What lets a machine join with a bootstrap token, and a node renew its certificate and serve pods. */
function joinBindings(): New<ClusterRoleBinding>[] {
  const requests = 'system:certificates.k8s.io:certificatesigningrequests'
  return [
    clusterBinding('system:node-bootstrapper', [group('system:bootstrappers')], 'sampan:kubelet-bootstrap'),
    clusterBinding(`${requests}:nodeclient`, [group('system:bootstrappers')], 'sampan:node-autoapprove-bootstrap'),
    clusterBinding(`${requests}:selfnodeclient`, [group('system:nodes')], 'sampan:node-autoapprove-renewal'),
    clusterBinding('system:node-proxier', [group('system:nodes')], 'sampan:node-proxier'),
    clusterBinding('sampan:image-puller', [group('system:nodes')]),
    clusterBinding('sampan:node-dns', [group('system:nodes')]),
  ]
}

const CLUSTER_INFO_READER = 'sampan:cluster-info-reader'
const SYSTEM = 'kube-system'
const LEADERS = { scheduler: 'kube-scheduler', manager: 'kube-controller-manager' } as const

function roles(): New<Role>[] {
  const leader = (name: string) =>
    role(SYSTEM, `system::leader-locking-${name}`, [
      rule('create get list update watch', 'coordination.k8s.io', 'leases'),
      rule('create get list update watch', 'coordination.k8s.io', 'leasecandidates'),
    ])
  return [
    role(SYSTEM, 'extension-apiserver-authentication-reader', [
      rule(READ, 'core', 'configmaps', 'extension-apiserver-authentication'),
    ]),
    role(SYSTEM, 'system:controller:bootstrap-signer', [rule(READ, 'core', 'secrets')]),
    role(SYSTEM, 'system:controller:cloud-provider', [rule('create get list watch', 'core', 'configmaps')]),
    role(SYSTEM, 'system:controller:token-cleaner', [rule('delete get list watch', 'core', 'secrets'), eventsRule]),
    leader(LEADERS.manager),
    leader(LEADERS.scheduler),
    role('kube-public', 'system:controller:bootstrap-signer', [
      rule(READ, 'core', 'configmaps'),
      rule('update', 'core', 'configmaps', 'cluster-info'),
      eventsRule,
    ]),
    role('kube-public', CLUSTER_INFO_READER, [rule('get', 'core', 'configmaps', 'cluster-info')]),
  ]
}

function roleBindings(): New<RoleBinding>[] {
  const leader = (name: string, ...others: Subject[]) =>
    binding(SYSTEM, `system::leader-locking-${name}`, [user(`system:${name}`), account(name), ...others])
  return [
    binding(SYSTEM, 'system:controller:bootstrap-signer', [account('bootstrap-signer')]),
    binding(SYSTEM, 'system:controller:cloud-provider', [account('cloud-provider')]),
    binding(SYSTEM, 'system:controller:token-cleaner', [account('token-cleaner')]),
    binding(
      SYSTEM,
      'extension-apiserver-authentication-reader',
      [user(`system:${LEADERS.manager}`), user(`system:${LEADERS.scheduler}`)],
      'system::extension-apiserver-authentication-reader',
    ),
    leader(LEADERS.manager, account('leader-election-controller')),
    leader(LEADERS.scheduler),
    binding('kube-public', 'system:controller:bootstrap-signer', [account('bootstrap-signer')]),
    binding('kube-public', CLUSTER_INFO_READER, [group(UNAUTHENTICATED), group(AUTHENTICATED)]),
  ]
}

/** Everything, made anew: the caller may change it. */
export function bootstrapPolicy(): BootstrapPolicy {
  return {
    clusterRoles: clusterRoles(),
    clusterRoleBindings: clusterRoleBindings(),
    roles: roles(),
    roleBindings: roleBindings(),
  }
}
