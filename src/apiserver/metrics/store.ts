// Figures of the store: how often and how long it is asked for what. Model: k8s.io/apiserver/pkg/storage/etcd3/metrics,
// whose names tell of etcd, whichever store this server has.

import { type Distribution, exponential, type MetricSet, type Value } from '../../machinery/metrics.ts'
import { LeaseNotFoundError, type Store } from '../../store/store.ts'
import { observed, type Transformer } from '../encryption/transformer.ts'
import { resourceOfKey } from '../encryption/transformer-of-key.ts'
import type { Resource } from '../registry/resource.ts'

const LATENCIES = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]
const LEASED = [10, 50, 100, 500, 1000, 2500, 5000]

type Operation = 'get' | 'list' | 'create' | 'update' | 'delete'

/** The series of one operation on one resource. */
interface Series {
  readonly count: Value
  readonly errors: () => Value
  readonly latency: Distribution
}

/** The same store, whose every operation is counted. */
export function observedStore(
  inner: Store,
  metrics: MetricSet,
  { resources, now }: { readonly resources: readonly Resource[]; readonly now: () => number },
): Store {
  const labels = ['operation', 'group', 'resource']
  const latencies = metrics.histogram({
    name: 'etcd_request_duration_seconds',
    help: 'Etcd request latency in seconds for each operation and object type.',
    stability: 'ALPHA',
    labels,
    buckets: LATENCIES,
  })
  const counts = metrics.counter({
    name: 'etcd_requests_total',
    help: 'Etcd request counts for each operation and object type.',
    stability: 'ALPHA',
    labels,
  })
  const errors = metrics.counter({
    name: 'etcd_request_errors_total',
    help: 'Etcd failed request counts for each operation and object type.',
    stability: 'ALPHA',
    labels,
  })
  const lists = listFigures(metrics)
  const leased = leaseFigures(metrics)
  const of = resourceOfKey(resources)
  const known = new Map<object, Partial<Record<Operation, Series>>>()

  function seriesOf(operation: Operation, key: string): Series {
    const place = of(key)
    let byOperation = known.get(place)
    if (!byOperation) {
      byOperation = {}
      known.set(place, byOperation)
    }
    const made = byOperation[operation]
    if (made) return made
    const values = [operation, place.group, place.resource] as const
    const series = { count: counts.of(...values), errors: () => errors.of(...values), latency: latencies.of(...values) }
    byOperation[operation] = series
    return series
  }

  /** Whoever asks waits for no more than the store. */
  function counted<T>(operation: Operation, key: string, answer: Promise<T>): Promise<T> {
    const { count, errors: failures, latency } = seriesOf(operation, key)
    const started = now()
    count.add()
    answer.then(
      () => latency.observe((now() - started) / 1000),
      () => {
        latency.observe((now() - started) / 1000)
        failures().add()
      },
    )
    return answer
  }

  return {
    currentRevision: () => inner.currentRevision(),
    get: (key, options) => counted('get', key, inner.get(key, options)),
    range(options) {
      const answer = counted('list', options.prefix, inner.range(options))
      answer.then(
        ({ items }) => lists(of(options.prefix), items.length),
        () => {},
      )
      return answer
    },
    put(key, value, options) {
      if (options?.lease) leased.attached(options.lease)
      return counted(options?.expected === 0 ? 'create' : 'update', key, inner.put(key, value, options))
    },
    delete: (key, options) => counted('delete', key, inner.delete(key, options)),
    watch: (options) => inner.watch(options),
    subscribe: (listener) => inner.subscribe(listener),
    compact: (revision) => inner.compact(revision),
    async grantLease(ttlSeconds) {
      const lease = await inner.grantLease(ttlSeconds)
      leased.granted(lease)
      return lease
    },
    async keepLeaseAlive(lease) {
      await inner.keepLeaseAlive(lease).catch((error: unknown) => {
        if (error instanceof LeaseNotFoundError) leased.gone(lease)
        throw error
      })
    },
    revokeLease: (lease) => inner.revokeLease(lease),
    close: () => inner.close(),
  }
}

/** Watches how values are encrypted and decrypted. Model: k8s.io/apiserver/pkg/storage/value. */
export function transformObserver(
  metrics: MetricSet,
  now: () => number,
): (transformer: Transformer, resource: string) => Transformer {
  const prefix = 'apiserver_storage_transformation_'
  const durations = metrics.histogram({
    name: `${prefix}duration_seconds`,
    help: 'Latencies in seconds of value transformation operations.',
    stability: 'ALPHA',
    labels: ['transformation_type', 'transformer_prefix'],
    buckets: exponential(5e-6, 2, 25),
  })
  const operations = metrics.counter({
    name: `${prefix}operations_total`,
    help: 'Total number of transformations.',
    stability: 'ALPHA',
    labels: ['resource', 'transformation_type', 'transformer_prefix', 'status'],
  })
  return (transformer, resource) =>
    observed(
      transformer,
      ({ direction, prefix: made, failed, seconds }) => {
        operations.of(resource, direction, made, failed ? 'Unknown' : 'OK').add()
        if (!failed) durations.of(direction, made).observe(seconds)
      },
      now,
    )
}

type Place = ReturnType<ReturnType<typeof resourceOfKey>>

/** Lists that were read from the store instead of a cache: those that fill the caches. */
function listFigures(metrics: MetricSet): (place: Place, objects: number) => void {
  const counter = (name: string, help: string) =>
    metrics.counter({
      name: `apiserver_storage_list_${name}`,
      help,
      stability: 'ALPHA',
      labels: ['group', 'resource'],
    })
  const total = counter('total', 'Number of LIST requests served from storage')
  const fetched = counter(
    'fetched_objects_total',
    'Number of objects read from storage in the course of serving a LIST request',
  )
  const evaluated = counter(
    'evaluated_objects_total',
    'Number of objects tested in the course of serving a LIST request from storage',
  )
  const returned = counter('returned_objects_total', 'Number of objects returned for a LIST request from storage')
  return ({ group, resource }, objects) => {
    total.of(group, resource).add()
    for (const family of [fetched, evaluated, returned]) family.of(group, resource).add(objects)
  }
}

/** How much hangs on the leases; what is known of one is told when the next one is granted. */
function leaseFigures(metrics: MetricSet) {
  const objects = metrics
    .histogram({
      name: 'etcd_lease_object_counts',
      help: 'Number of objects attached to a single etcd lease.',
      stability: 'ALPHA',
      buckets: LEASED,
    })
    .of()
  const attached = new Map<number, number>()
  const gone = (lease: number) => {
    const count = attached.get(lease)
    attached.delete(lease)
    if (count) objects.observe(count)
  }
  return {
    granted(lease: number) {
      for (const before of attached.keys()) gone(before)
      attached.set(lease, 0)
    },
    attached(lease: number) {
      attached.set(lease, (attached.get(lease) ?? 0) + 1)
    },
    gone,
  }
}
