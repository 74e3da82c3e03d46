// What quotas count by Kubernetes' own names. Spec: https://kubernetes.io/docs/concepts/policy/resource-quotas/

export const COMPUTE: readonly string[] = ['cpu', 'memory', 'ephemeral-storage']

/** Objects that are counted. */
export const COUNTED: ReadonlySet<string> = new Set([
  'pods',
  'services',
  'services.nodeports',
  'services.loadbalancers',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
])

/** All names without a domain that a quota may limit. */
export const QUOTA_NAMES: ReadonlySet<string> = new Set([
  ...COUNTED,
  ...COMPUTE.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
  'requests.storage',
])
