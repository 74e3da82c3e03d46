// Figures of addresses and ports that services get. Models: k8s.io/kubernetes/pkg/registry/core/service/ipallocator,
// portallocator and their repair controllers.

import type { MetricSet } from '../../machinery/metrics.ts'

/** What an allocator gave out. `static`: it was asked for by number. */
export interface AllocationCounts {
  static: number
  dynamic: number
  staticErrors: number
  dynamicErrors: number
}

export interface AllocatorFigures {
  /** By range, such as `10.96.0.0/16`. */
  readonly addresses: readonly {
    readonly cidr: string
    readonly allocated: number
    readonly available: number
    readonly counts: AllocationCounts
  }[]
  readonly ports: { readonly allocated: number; readonly available: number; readonly counts: AllocationCounts }
}

export function newCounts(): AllocationCounts {
  return { static: 0, dynamic: 0, staticErrors: 0, dynamicErrors: 0 }
}

/** Shows these figures whenever somebody looks. */
export function addAllocators(metrics: MetricSet, figures: () => AllocatorFigures): void {
  const addresses = families(metrics, 'clusterip', 'ips', 'Cluster IPs', ['cidr'])
  const ports = families(metrics, 'nodeport', 'ports', 'Node ports', [])
  metrics.beforeText(() => {
    addresses.clear()
    const now = figures()
    for (const { cidr, ...range } of now.addresses) addresses.show(range, cidr)
    ports.show(now.ports)
  })
}

/** Told of what the repair found wrong with addresses. */
export function repairFigures(metrics: MetricSet): { found(type: string): void; failed(): void } {
  const errors = metrics.counter({
    name: 'apiserver_clusterip_repair_ip_errors_total',
    help: 'Number of errors detected on clusterips by the repair loop broken down by type of error: leak, repair, full, outOfRange, duplicate, unknown, invalid',
    stability: 'ALPHA',
    labels: ['type'],
  })
  const failures = metrics
    .counter({
      name: 'apiserver_clusterip_repair_reconcile_errors_total',
      help: 'Number of reconciliation failures on the clusterip repair reconcile loop',
      stability: 'ALPHA',
    })
    .of()
  return { found: (type) => errors.of(type).add(), failed: () => failures.add() }
}

function families(metrics: MetricSet, of: string, unit: string, what: string, labels: readonly string[]) {
  const prefix = `kube_apiserver_${of}_allocator_`
  const gauge = (name: string, help: string) =>
    metrics.gauge({ name: `${prefix}${name}`, help, stability: 'ALPHA', labels })
  const counter = (name: string, help: string) =>
    metrics.counter({ name: `${prefix}${name}`, help, stability: 'ALPHA', labels: [...labels, 'scope'] })
  const allocated = gauge(`allocated_${unit}`, `Gauge measuring the number of allocated ${what}`)
  const available = gauge(`available_${unit}`, `Gauge measuring the number of available ${what}`)
  const total = counter('allocation_total', `Number of ${what} allocations`)
  const errors = counter('allocation_errors_total', `Number of errors trying to allocate ${what}`)
  return {
    clear() {
      allocated.clear()
      available.clear()
    },
    show(now: { allocated: number; available: number; counts: AllocationCounts }, ...values: readonly string[]) {
      allocated.of(...values).set(now.allocated)
      available.of(...values).set(now.available)
      for (const scope of ['static', 'dynamic'] as const) {
        if (now.counts[scope] > 0) total.of(...values, scope).set(now.counts[scope])
        const failed = now.counts[`${scope}Errors`]
        if (failed > 0) errors.of(...values, scope).set(failed)
      }
    },
  }
}
