// Metrics of the API server under upstream's names.
// Spec: https://kubernetes.io/docs/reference/instrumentation/metrics/

import { Counter, Gauge, Histogram, Registry as MetricRegistry } from 'prom-client'
import type { Registry } from './registry/registry.ts'

export interface ApiMetrics {
  /** Counts a finished request; `seconds` is how long it took. */
  finished(
    request: { verb: string; group: string; version: string; resource: string; subresource: string; code: number },
    seconds: number,
  ): void
  /** The text of `/metrics`. */
  render(): Promise<{ contentType: string; text: string }>
}

export function createApiMetrics(registry: Registry): ApiMetrics {
  const metrics = new MetricRegistry()
  addProcessMetrics(metrics)
  const labels = ['verb', 'group', 'version', 'resource', 'subresource', 'code'] as const
  const total = new Counter({
    name: 'apiserver_request_total',
    help: 'Finished requests by verb, resource and status code.',
    labelNames: labels,
    registers: [metrics],
  })
  const duration = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer; watches left out.',
    labelNames: ['verb', 'group', 'version', 'resource', 'subresource'] as const,
    buckets: [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10, 30, 60],
    registers: [metrics],
  })
  new Gauge({
    name: 'apiserver_storage_objects',
    help: 'Stored objects by resource.',
    labelNames: ['resource'] as const,
    registers: [metrics],
    collect() {
      for (const resource of registry.resources) {
        const cache = registry.openCache(resource)
        const name = resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`
        if (cache) this.set({ resource: name }, cache.size)
      }
    },
  })
  return {
    finished({ verb, group, version, resource, subresource, code }, seconds) {
      const upper = verb.toUpperCase()
      total.inc({ verb: upper, group, version, resource, subresource, code })
      if (verb !== 'watch') duration.observe({ verb: upper, group, version, resource, subresource }, seconds)
    },
    render: async () => ({ contentType: metrics.contentType, text: await metrics.metrics() }),
  }
}

/** Metrics of the process itself. The library's own set measures the event loop a hundred times a second: too often for a server at rest. */
function addProcessMetrics(metrics: MetricRegistry): void {
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size in bytes.',
    registers: [metrics],
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  new Gauge({
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
    registers: [metrics],
    collect() {
      const { user, system } = process.cpuUsage()
      this.set((user + system) / 1e6)
    },
  })
  const started = new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start time of the process since the epoch in seconds.',
    registers: [metrics],
  })
  started.set(Math.round(performance.timeOrigin / 1000))
}
