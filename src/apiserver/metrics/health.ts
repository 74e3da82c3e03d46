// How health checks went, for /metrics/slis. Model: k8s.io/component-base/metrics/prometheus/slis.

import { MetricSet } from '../../machinery/metrics.ts'
import { addStartTime } from './process.ts'

export class HealthMetrics {
  readonly all = new MetricSet()
  readonly #last = this.all.gauge({
    name: 'kubernetes_healthcheck',
    help: 'This metric records the result of a single healthcheck.',
    stability: 'STABLE',
    labels: ['name', 'type'],
  })
  readonly #total = this.all.counter({
    name: 'kubernetes_healthchecks_total',
    help: 'This metric records the results of all healthcheck.',
    stability: 'STABLE',
    labels: ['name', 'status', 'type'],
  })

  constructor() {
    addStartTime(this.all)
  }

  /** A check of an endpoint, such as `etcd` of `livez`, was run. */
  checked(endpoint: string, name: string, healthy: boolean): void {
    this.#last.of(name, endpoint).set(healthy ? 1 : 0)
    this.#total.of(name, healthy ? 'success' : 'error', endpoint).add()
  }
}
