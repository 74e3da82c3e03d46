// Which checks each health path has, in upstream's order.
// Model: installHealthz of k8s.io/apiserver and the post-start hooks of k8s.io/kubernetes, k8s.io/kube-aggregator and
// k8s.io/apiextensions-apiserver.

import type { HealthCheck } from './health.ts'

/** What upstream does once it listens. Here all of it is done before, unless someone says otherwise. */
const HOOKS = [
  'poststarthook/start-apiserver-admission-initializer',
  'poststarthook/generic-apiserver-start-informers',
  'poststarthook/priority-and-fairness-config-consumer',
  'poststarthook/priority-and-fairness-filter',
  'poststarthook/storage-object-count-tracker-hook',
  'poststarthook/start-apiextensions-informers',
  'poststarthook/start-apiextensions-controllers',
  'poststarthook/crd-informer-synced',
  'poststarthook/start-system-namespaces-controller',
  'poststarthook/peer-endpoint-reconciler-controller',
  'poststarthook/start-cluster-authentication-info-controller',
  'poststarthook/start-kube-apiserver-identity-lease-controller',
  'poststarthook/start-kube-apiserver-identity-lease-garbage-collector',
  'poststarthook/storage-readiness',
  'poststarthook/start-legacy-token-tracking-controller',
  'poststarthook/start-service-ip-repair-controllers',
  'poststarthook/rbac/bootstrap-roles',
  'poststarthook/scheduling/bootstrap-system-priority-classes',
  'poststarthook/priority-and-fairness-config-producer',
  'poststarthook/bootstrap-controller',
  'poststarthook/start-kubernetes-service-cidr-controller',
  'poststarthook/start-kube-aggregator-informers',
  'poststarthook/apiservice-status-local-available-controller',
  'poststarthook/apiservice-status-remote-available-controller',
  'poststarthook/apiservice-registration-controller',
  'poststarthook/apiservice-discovery-controller',
  'poststarthook/kube-apiserver-autoregistration',
  'autoregister-completion',
  'poststarthook/apiservice-openapi-controller',
  'poststarthook/apiservice-openapiv3-controller',
]

export interface HealthSources {
  /** Asks the store anything. */
  readonly store: () => Promise<void>
  /** Throws once the server ends. */
  readonly shutdown: () => void
  /** Whether what encrypts is there: nothing that a new start would mend. */
  readonly encryption?: readonly HealthCheck[]
  /** What is still being done when the server listens; names of hooks take the place of those. */
  readonly pending: readonly HealthCheck[]
}

/** The checks of each path. */
export function healthChecks({ store, shutdown, pending, encryption = [] }: HealthSources): {
  healthz: HealthCheck[]
  livez: HealthCheck[]
  readyz: HealthCheck[]
} {
  const fine = (name: string): HealthCheck => ({ name, check: () => {} })
  const hooks = HOOKS.map((name) => pending.find((check) => check.name === name) ?? fine(name))
  const others = pending.filter(({ name }) => !HOOKS.includes(name))
  const etcd = { name: 'etcd', check: store }
  const first = [fine('ping'), fine('log'), fine('loopback-serving-certificate')]
  return {
    healthz: [...first, etcd, ...encryption, ...hooks],
    livez: [...first, etcd, ...hooks],
    readyz: [
      ...[fine('ping'), fine('log'), etcd],
      { name: 'etcd-readiness', check: store },
      ...encryption,
      // Caches are complete before the server listens.
      fine('informer-sync'),
      ...hooks,
      ...others,
      { name: 'shutdown', check: shutdown },
    ],
  }
}
