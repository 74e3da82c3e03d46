// Metrics of the API server under upstream's names.
// Spec: https://kubernetes.io/docs/reference/instrumentation/metrics/

import { Counter, Gauge, Histogram, Registry as MetricRegistry } from 'prom-client'
import type { Registry } from './registry/registry.ts'

type RequestKind = 'readOnly' | 'mutating' | 'longRunning'

/** What there is to say of one priority level. */
export interface LevelFigures {
  readonly name: string
  readonly nominal: number
  readonly executing: number
  readonly requests: number
  readonly waiting: number
  readonly dispatched: number
  readonly rejected: ReadonlyMap<string, number>
}

export interface ApiMetrics {
  /** Counts a request as long as it is served; the returned function ends that. */
  begun(kind: RequestKind): () => void
  /** From now on figures of priority levels are shown, too. */
  showLevels(levels: () => readonly LevelFigures[]): void
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
  const serving = { readOnly: 0, mutating: 0, longRunning: 0 }
  addServing(metrics, serving)
  return {
    begun(kind) {
      serving[kind] += 1
      return () => {
        serving[kind] -= 1
      }
    },
    showLevels: (levels) => addLevels(metrics, levels),
    finished({ verb, group, version, resource, subresource, code }, seconds) {
      const upper = verb.toUpperCase()
      total.inc({ verb: upper, group, version, resource, subresource, code })
      if (verb !== 'watch') duration.observe({ verb: upper, group, version, resource, subresource }, seconds)
    },
    render: async () => ({ contentType: metrics.contentType, text: await metrics.metrics() }),
  }
}

/** The figures are kept by hand and looked at only when they are asked for. */
function addServing(metrics: MetricRegistry, serving: Readonly<Record<RequestKind, number>>): void {
  new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests that are being served, by kind.',
    labelNames: ['request_kind'] as const,
    registers: [metrics],
    collect() {
      this.set({ request_kind: 'readOnly' }, serving.readOnly)
      this.set({ request_kind: 'mutating' }, serving.mutating)
    },
  })
  new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Watches, logs, proxied requests and the like that are being served.',
    registers: [metrics],
    collect() {
      this.set(serving.longRunning)
    },
  })
}

function addLevels(metrics: MetricRegistry, levels: () => readonly LevelFigures[]): void {
  const gauge = (name: string, help: string, value: (level: LevelFigures) => number) =>
    new Gauge({
      name: `apiserver_flowcontrol_${name}`,
      help,
      labelNames: ['priority_level'] as const,
      registers: [metrics],
      collect() {
        for (const level of levels()) this.set({ priority_level: level.name }, value(level))
      },
    })
  gauge('nominal_limit_seats', 'Seats that a priority level has of its own.', (l) => l.nominal)
  gauge('current_executing_seats', 'Seats in use.', (l) => l.executing)
  gauge('current_executing_requests', 'Requests in service.', (l) => l.requests)
  gauge('current_inqueue_requests', 'Requests that wait for seats.', (l) => l.waiting)
  new Counter({
    name: 'apiserver_flowcontrol_dispatched_requests_total',
    help: 'Requests that were let in.',
    labelNames: ['priority_level'] as const,
    registers: [metrics],
    collect() {
      this.reset()
      for (const { name, dispatched } of levels()) this.inc({ priority_level: name }, dispatched)
    },
  })
  new Counter({
    name: 'apiserver_flowcontrol_rejected_requests_total',
    help: 'Requests that were refused, by reason.',
    labelNames: ['priority_level', 'reason'] as const,
    registers: [metrics],
    collect() {
      this.reset()
      for (const { name, rejected } of levels()) {
        for (const [reason, count] of rejected) this.inc({ priority_level: name, reason }, count)
      }
    },
  })
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
