// Figures of what is stored, of caches, levels, the audit log and other servers.

import type { MetricSet } from '../../machinery/metrics.ts'
import type { AuditCounts } from '../audit/auditor.ts'
import type { FlowFigures, FlowObserver } from '../flow-control/figures.ts'
import type { Registry } from '../registry/registry.ts'

const BY_RESOURCE = ['group', 'resource']

/** Objects and caches, by resource. */
export function addStorage(metrics: MetricSet, registry: Registry): void {
  const old = metrics.gauge({
    name: 'apiserver_storage_objects',
    help: '[DEPRECATED, consider using apiserver_resource_objects instead] Number of stored objects at the time of last check split by kind.',
    stability: 'STABLE',
    labels: ['resource'],
  })
  const objects = metrics.gauge({
    name: 'apiserver_resource_objects',
    help: 'Number of stored objects at the time of last check split by kind.',
    stability: 'ALPHA',
    labels: BY_RESOURCE,
  })
  const cacheFamily = (make: 'counter' | 'gauge', name: string, help: string) =>
    metrics[make]({ name: `apiserver_watch_cache_${name}`, help, stability: 'ALPHA', labels: BY_RESOURCE })
  const initialized = cacheFamily(
    'counter',
    'initializations_total',
    'Counter of watch cache initializations broken by resource type.',
  )
  const received = cacheFamily(
    'counter',
    'events_received_total',
    'Counter of events received in watch cache broken by resource type.',
  )
  const dispatched = cacheFamily(
    'counter',
    'events_dispatched_total',
    'Counter of events dispatched in watch cache broken by resource type.',
  )
  const revision = cacheFamily(
    'gauge',
    'resource_version',
    'Current resource version of watch cache broken by resource type. This is truncated to the 15 least significant digits.',
  )
  const capacity = metrics.gauge({
    name: 'watch_cache_capacity',
    help: 'Total capacity of watch cache broken by resource type.',
    stability: 'ALPHA',
    labels: BY_RESOURCE,
  })
  const sizes = metrics.gauge({
    name: 'apiserver_resource_size_estimate_bytes',
    help: 'Estimated size of stored objects in database. Estimate is based on sum of last observed sizes of serialized objects.',
    stability: 'ALPHA',
    labels: BY_RESOURCE,
  })
  const cacheCounter = (name: string, help: string, labels = BY_RESOURCE) =>
    metrics.counter({ name: `apiserver_${name}`, help, stability: 'ALPHA', labels })
  const indexed = [...BY_RESOURCE, 'index']
  const lists = cacheCounter('cache_list_total', 'Number of LIST requests served from watch cache', indexed)
  const fetched = cacheCounter(
    'cache_list_fetched_objects_total',
    'Number of objects read from watch cache in the course of serving a LIST request',
    indexed,
  )
  const returned = cacheCounter(
    'cache_list_returned_objects_total',
    'Number of objects returned for a LIST request from watch cache',
  )
  const loaded = cacheCounter(
    'init_events_total',
    'Counter of init events processed in watch cache broken by resource type.',
  )
  const terminated = cacheCounter(
    'terminated_watchers_total',
    'Counter of watchers closed due to unresponsiveness broken by resource type.',
  )
  const events = metrics.counter({
    name: 'apiserver_storage_events_received_total',
    help: 'Number of etcd events received split by kind.',
    stability: 'BETA',
    labels: BY_RESOURCE,
  })
  const families = [
    old,
    objects,
    sizes,
    initialized,
    received,
    dispatched,
    revision,
    capacity,
    lists,
    fetched,
    returned,
  ]
  metrics.beforeText(() => {
    // A resource that is gone leaves nothing behind.
    for (const family of [...families, loaded, terminated, events]) family.clear()
    for (const resource of registry.resources) {
      const cache = registry.openCache(resource)
      if (!cache) continue
      const { group, resource: name } = resource
      old.of(group === '' ? name : `${name}.${group}`).set(cache.size)
      objects.of(group, name).set(cache.size)
      sizes.of(group, name).set(cache.bytes)
      initialized.of(group, name).set(1)
      received.of(group, name).set(cache.eventsReceived)
      dispatched.of(group, name).set(cache.eventsReceived)
      revision.of(group, name).set(cache.revision % 1e15)
      capacity.of(group, name).set(cache.capacity)
      events.of(group, name).set(cache.eventsReceived)
      loaded.of(group, name).set(cache.initEvents)
      if (cache.terminated > 0) terminated.of(group, name).set(cache.terminated)
      if (cache.lists.count === 0) continue
      lists.of(group, name, '').set(cache.lists.count)
      fetched.of(group, name, '').set(cache.lists.fetched)
      returned.of(group, name).set(cache.lists.returned)
    }
  })
}

const WAITS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]

/** How long requests wait for their turn and last. */
export function flowObservers(metrics: MetricSet): (level: string, schema: string) => FlowObserver {
  const waits = metrics.histogram({
    name: 'apiserver_flowcontrol_request_wait_duration_seconds',
    help: 'Length of time a request spent waiting in its queue',
    stability: 'BETA',
    labels: ['priority_level', 'flow_schema', 'execute'],
    buckets: WAITS,
  })
  const lasting = metrics.histogram({
    name: 'apiserver_flowcontrol_request_execution_seconds',
    help: 'Duration of initial stage (for a WATCH) or any (for a non-WATCH) stage of request execution in the API Priority and Fairness subsystem',
    stability: 'ALPHA',
    labels: ['priority_level', 'flow_schema', 'type'],
    buckets: WAITS,
  })
  return (level, schema) => {
    const series = {
      regular: lasting.of(level, schema, 'regular'),
      watch: lasting.of(level, schema, 'watch'),
    }
    return {
      waited: (executed, seconds) => waits.of(level, schema, String(executed)).observe(seconds),
      lasted: (type, seconds) => series[type].observe(seconds),
    }
  }
}

/** Levels and schemas of flow control. */
export function addFlowControl(metrics: MetricSet, figures: () => FlowFigures): void {
  const prefix = 'apiserver_flowcontrol_'
  const gauge = (name: string, help: string, labels: readonly string[]) =>
    metrics.gauge({ name: `${prefix}${name}`, help, stability: 'BETA', labels })
  const counter = (name: string, help: string, labels: readonly string[]) =>
    metrics.counter({ name: `${prefix}${name}`, help, stability: 'BETA', labels })
  const level = ['priority_level']
  const flow = ['priority_level', 'flow_schema']
  const nominal = gauge(
    'nominal_limit_seats',
    'Nominal number of execution seats configured for each priority level',
    level,
  )
  const lower = gauge(
    'lower_limit_seats',
    'Configured lower bound on number of execution seats available to each priority level',
    level,
  )
  // Seats are lent when they are asked for, so that a level's limit and its target are what it was given.
  const current = metrics.gauge({
    name: `${prefix}current_limit_seats`,
    help: 'current derived number of execution seats available to each priority level',
    stability: 'ALPHA',
    labels: level,
  })
  const target = metrics.gauge({
    name: `${prefix}target_seats`,
    help: 'Seat allocation targets',
    stability: 'ALPHA',
    labels: level,
  })
  const upper = gauge(
    'upper_limit_seats',
    'Configured upper bound on number of execution seats available to each priority level',
    level,
  )
  const executing = gauge(
    'current_executing_requests',
    'Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage in the API Priority and Fairness subsystem',
    flow,
  )
  const seats = gauge(
    'current_executing_seats',
    'Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage otherwise) requests in the API Priority and Fairness subsystem',
    flow,
  )
  const waiting = gauge(
    'current_inqueue_requests',
    'Number of requests currently pending in queues of the API Priority and Fairness subsystem',
    flow,
  )
  const dispatched = counter(
    'dispatched_requests_total',
    'Number of requests executed by API Priority and Fairness subsystem',
    flow,
  )
  const rejected = counter(
    'rejected_requests_total',
    'Number of requests rejected by API Priority and Fairness subsystem',
    [...flow, 'reason'],
  )
  metrics.beforeText(() => {
    for (const family of [nominal, current, target, lower, upper, executing, seats, waiting]) family.clear()
    const { levels, schemas } = figures()
    for (const one of levels) {
      for (const family of [nominal, current, target]) family.of(one.name).set(one.nominal)
      lower.of(one.name).set(one.nominal - one.lendable)
      upper.of(one.name).set(one.nominal + Math.min(one.borrowingLimit, one.total))
    }
    for (const one of schemas) {
      const labels = [one.level, one.schema] as const
      executing.of(...labels).set(one.executing)
      seats.of(...labels).set(one.seats)
      waiting.of(...labels).set(one.waiting)
      dispatched.of(...labels).set(one.dispatched)
      for (const [reason, count] of one.rejected) rejected.of(...labels, reason).set(count)
    }
  })
}

/** The audit log; `losses` are events that were not kept, by who lost them. */
export function addAudit(metrics: MetricSet, counts: AuditCounts, losses: ReadonlyMap<string, number>): void {
  const counter = (name: string, help: string, labels?: readonly string[]) =>
    metrics.counter({ name: `apiserver_audit_${name}`, help, stability: 'ALPHA', ...(labels ? { labels } : {}) })
  const events = counter('event_total', 'Counter of audit events generated and sent to the audit backend.')
  const errors = counter(
    'error_total',
    'Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.',
    ['plugin'],
  )
  const levels = counter('level_total', 'Counter of policy levels for audit events (1 per request).', ['level'])
  const rejected = counter(
    'requests_rejected_total',
    'Counter of apiserver requests rejected due to an error in audit logging backend.',
  )
  metrics.beforeText(() => {
    events.of().set(counts.events)
    rejected.of().set(counts.rejected)
    for (const [plugin, count] of losses) errors.of(plugin).set(count)
    for (const [level, count] of counts.levels) levels.of(level).set(count)
  })
}

/** Servers of other APIs. */
export function addRemotes(
  metrics: MetricSet,
  remotes: {
    readonly verdicts: readonly { readonly name: string; readonly available: boolean }[]
    readonly losses: readonly { readonly name: string; readonly reason: string; readonly count: number }[]
  },
): void {
  const unavailable = metrics.gauge({
    name: 'aggregator_unavailable_apiservice',
    help: 'Gauge of APIServices which are marked as unavailable broken down by APIService name.',
    stability: 'ALPHA',
    labels: ['name'],
  })
  const lost = metrics.counter({
    name: 'aggregator_unavailable_apiservice_total',
    help: 'Counter of APIServices which are marked as unavailable broken down by APIService name and reason.',
    stability: 'ALPHA',
    labels: ['name', 'reason'],
  })
  metrics.beforeText(() => {
    unavailable.clear()
    for (const { name, reason, count } of remotes.losses) lost.of(name, reason).set(count)
    for (const { name, available } of remotes.verdicts) unavailable.of(name).set(available ? 0 : 1)
  })
}
