// Figures of requests. Model: k8s.io/apiserver/pkg/endpoints/metrics.

import type { IncomingHttpHeaders } from 'node:http'
import { type Distribution, exponential, type Family, type MetricSet, type Value } from '../../machinery/metrics.ts'
import type { RequestInfo } from '../http/request-info.ts'
import type { Registry } from '../registry/registry.ts'
import { removalOf } from '../resources/legacy/deprecations.ts'

const COMPONENT = 'apiserver'
const SLI_BUCKETS = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]
const LATENCY_BUCKETS = [0.005, 0.025, ...SLI_BUCKETS]
const SERIES = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component']
const DRY_SERIES = ['verb', 'dry_run', ...SERIES.slice(1)]
/** Series by what is asked for: more than that many kinds of requests are not told apart. */
const MAX_KINDS = 4000

export type RequestKind = 'readOnly' | 'mutating' | 'longRunning'

/** The series of one kind of request. */
interface Kind {
  readonly labels: readonly string[]
  readonly duration: Distribution
  readonly sli: Distribution | undefined
  readonly sizes: Distribution | undefined
  /** Of what is sent along, for requests that change something. */
  readonly bodies: Distribution | undefined
  readonly byCode: Map<number, Value>
}

/** Requests of one sort that are made within this process. */
export interface RequestSort {
  begun(): void
  ended(code: number, ms: number, waitedMs: number): void
}

/** One request, from its first byte on. */
export interface TrackedRequest {
  /** It waits for its turn; the returned function ends that. */
  queued(): () => void
  /** It took longer than it may; `begun`: its answer had begun. */
  late(begun: boolean): void
  /** So long others were waited for. */
  readonly waited: (ms: number) => void
  /** It is over; `bytes` is how long its answer was, where that is known. */
  ended(code: number, bytes: number): void
}

const METHODS: Readonly<Record<string, string>> = {
  get: 'GET',
  head: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  post: 'POST',
  update: 'PUT',
  put: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
}
const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])
const CONNECTS = new Set(['log', 'exec', 'portforward', 'attach', 'proxy'])
/** Paths that are told apart; clients may ask for any number of others. */
const PATHS =
  /^\/(?:healthz|livez|readyz|metrics(?:\/slis)?|version|api|apis|openapi\/v[23]|openid\/v1\/jwks|\.well-known\/openid-configuration)$/
const APPLY = 'application/apply-patch+yaml'

export class RequestMetrics {
  /** How often everything that is served was put into one document. */
  readonly discoveryAggregated: Value
  readonly #registry: Registry
  readonly #now: () => number
  readonly #total: Family<Value>
  readonly #duration: Family<Distribution>
  readonly #sli: Family<Distribution>
  readonly #sizes: Family<Distribution>
  readonly #deprecated: Family<Value>
  readonly #long: Family<Value>
  readonly #kinds = new Map<string, Kind>()
  readonly #serving = { readOnly: 0, mutating: 0, longRunning: 0 }
  readonly #waiting = { readOnly: 0, mutating: 0, longRunning: 0 }
  readonly #terminated: Family<Value>
  readonly #aborted: Family<Value>
  readonly #handshakes: Value
  readonly #watchLists: Family<Distribution>
  readonly #bodies: Family<Distribution>
  readonly #watchEvents: Family<Value>
  readonly #watchSizes: Family<Distribution>

  constructor(metrics: MetricSet, registry: Registry, now: () => number) {
    this.#registry = registry
    this.#now = now
    this.#deprecated = metrics.gauge({
      name: 'apiserver_requested_deprecated_apis',
      help: 'Gauge of deprecated APIs that have been requested, broken out by API group, version, resource, subresource, and removed_release.',
      stability: 'STABLE',
      labels: ['group', 'version', 'resource', 'subresource', 'removed_release'],
    })
    this.#total = metrics.counter({
      name: 'apiserver_request_total',
      help: 'Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
      stability: 'STABLE',
      labels: [...DRY_SERIES, 'code'],
    })
    this.#duration = metrics.histogram({
      name: 'apiserver_request_duration_seconds',
      help: 'Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.',
      stability: 'STABLE',
      labels: DRY_SERIES,
      buckets: LATENCY_BUCKETS,
    })
    this.#sli = metrics.histogram({
      name: 'apiserver_request_sli_duration_seconds',
      help: 'Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.',
      stability: 'ALPHA',
      labels: SERIES,
      buckets: SLI_BUCKETS,
    })
    this.#sizes = metrics.histogram({
      name: 'apiserver_response_sizes',
      help: 'Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.',
      stability: 'STABLE',
      labels: SERIES,
      buckets: exponential(1000, 10, 7),
    })
    this.#long = metrics.gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component.',
      stability: 'STABLE',
      labels: SERIES,
    })
    this.#watchEvents = metrics.counter({
      name: 'apiserver_watch_events_total',
      help: 'Number of events sent in watch clients',
      stability: 'ALPHA',
      labels: ['group', 'version', 'resource'],
    })
    this.#watchSizes = metrics.histogram({
      name: 'apiserver_watch_events_sizes',
      help: 'Watch event size distribution in bytes',
      stability: 'ALPHA',
      labels: ['group', 'version', 'resource'],
      buckets: exponential(1024, 2, 8),
    })
    this.#terminated = metrics.counter({
      name: 'apiserver_request_terminations_total',
      help: 'Number of requests which apiserver terminated in self-defense.',
      stability: 'ALPHA',
      labels: [...SERIES, 'code'],
    })
    this.#aborted = metrics.counter({
      name: 'apiserver_request_aborts_total',
      help: 'Number of requests which apiserver aborted possibly due to a timeout, for each group, version, verb, resource, subresource and scope',
      stability: 'ALPHA',
      labels: SERIES.slice(0, -1),
    })
    this.#handshakes = metrics
      .counter({
        name: 'apiserver_tls_handshake_errors_total',
        help: "Number of requests dropped with 'TLS handshake error from' error",
        stability: 'ALPHA',
      })
      .of()
    this.#watchLists = metrics.histogram({
      name: 'apiserver_watch_list_duration_seconds',
      help: 'Response latency distribution in seconds for watch list requests broken by group, version, resource and scope.',
      stability: 'BETA',
      labels: ['group', 'version', 'resource', 'scope'],
      buckets: [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60],
    })
    this.#bodies = metrics.histogram({
      name: 'apiserver_request_body_size_bytes',
      help: 'Apiserver request body size in bytes broken out by resource and verb.',
      stability: 'ALPHA',
      labels: ['group', 'resource', 'verb'],
      buckets: Array.from({ length: 31 }, (_, i) => 50_000 + i * 100_000),
    })
    this.discoveryAggregated = metrics
      .counter({
        name: 'aggregator_discovery_aggregation_count_total',
        help: 'Counter of number of times discovery was aggregated',
        stability: 'ALPHA',
      })
      .of()
    const inflight = metrics.gauge({
      name: 'apiserver_current_inflight_requests',
      help: 'Number of requests in service per request kind.',
      stability: 'STABLE',
      labels: ['request_kind'],
    })
    const inqueue = metrics.gauge({
      name: 'apiserver_current_inqueue_requests',
      help: 'Number of queued requests per request kind.',
      stability: 'ALPHA',
      labels: ['request_kind'],
    })
    metrics.beforeText(() => {
      for (const kind of ['readOnly', 'mutating'] as const) {
        inflight.of(kind).set(this.#serving[kind] - this.#waiting[kind])
        inqueue.of(kind).set(this.#waiting[kind])
      }
    })
  }

  /** Follows a request that has just come. */
  begin(
    info: RequestInfo,
    kind: RequestKind,
    { 'content-type': contentType, 'content-length': length }: IncomingHttpHeaders,
  ): TrackedRequest {
    const started = this.#now()
    const series = this.#kindOf(info, contentType)
    const serving = this.#serving
    const waiting = this.#waiting
    const long = kind === 'longRunning' ? this.#long.of(...series.labels) : undefined
    let waited = 0
    if (length !== undefined) series.bodies?.observe(Number(length))
    serving[kind] += 1
    long?.add()
    return {
      queued: () => {
        const since = this.#now()
        waiting[kind] += 1
        return () => {
          waiting[kind] -= 1
          waited += this.#now() - since
        }
      },
      late: (begun) => {
        this.#terminated.of(...series.labels, '504').add()
        if (begun) this.#aborted.of(...series.labels.slice(0, -1)).add()
      },
      waited: (ms) => {
        waited += ms
      },
      ended: (code, bytes) => {
        serving[kind] -= 1
        long?.add(-1)
        const ms = this.#now() - started
        this.#counter(series, info, code).add()
        series.duration.observe(ms / 1000)
        series.sli?.observe(Math.max(ms - waited, 0) / 1000)
        if (bytes >= 0) series.sizes?.observe(bytes)
      },
    }
  }

  /** The series of one sort of requests, for those who make many of them. */
  sortOf(info: RequestInfo, kind: RequestKind): RequestSort {
    const series = this.#kindOf(info, undefined)
    const serving = this.#serving
    const long = kind === 'longRunning' ? this.#long.of(...series.labels) : undefined
    return {
      begun() {
        serving[kind] += 1
        long?.add()
      },
      ended: (code, ms, waitedMs) => {
        serving[kind] -= 1
        long?.add(-1)
        this.#counter(series, info, code).add()
        series.duration.observe(ms / 1000)
        series.sli?.observe((ms - waitedMs) / 1000)
      },
    }
  }

  /** A client did not come to terms with this server. */
  readonly handshakeFailed = (): void => this.#handshakes.add()

  /** A watch has sent what was there when it began. */
  readonly watchListed = (
    { group, version }: { group: string; version: string },
    resource: string,
    scope: string,
    seconds: number,
  ): void => this.#watchLists.of(group, version, resource, scope).observe(seconds)

  /** Counts what one watch sends. */
  watching({
    group,
    version,
    resource,
  }: {
    group: string
    version: string
    resource: string
  }): (bytes: number) => void {
    const events = this.#watchEvents.of(group, version, resource)
    const sizes = this.#watchSizes.of(group, version, resource)
    return (bytes) => {
      events.add()
      sizes.observe(bytes)
    }
  }

  #counter({ labels, byCode }: Kind, info: RequestInfo, code: number): Value {
    const known = byCode.get(code)
    if (known) return known
    const [verb = '', ...rest] = labels
    const made = this.#total.of(verb, dryRunOf(info), ...rest, String(code))
    byCode.set(code, made)
    return made
  }

  #kindOf(info: RequestInfo, contentType: string | undefined): Kind {
    const applies = info.verb === 'patch' && contentType === APPLY
    // One text instead of a tree of maps: every request looks this up.
    const key = info.isResource
      ? `${info.verb} ${applies ? 'a' : ''}${dryRunOf(info)} ${info.group}/${info.version}/${info.resource}/${info.subresource} ${scopeOf(info)}`
      : `${info.verb} ${PATHS.test(info.path) ? info.path : ''}`
    const known = this.#kinds.get(key)
    if (known) return known
    const told = this.#kinds.size < MAX_KINDS && (!info.isResource || this.#isServed(info))
    const made = this.#make(info, told, applies)
    // What is not served has one series, however it is called: names in paths are the clients' to choose.
    if (told) this.#kinds.set(key, made)
    return made
  }

  #isServed({ group, version, resource, subresource }: RequestInfo): boolean {
    const served = this.#registry.served(group, version, resource)
    if (served) return subresource === '' || served.version.subresources.has(subresource)
    return (
      this.#registry.serves(group, version, resource) &&
      subresource === '' &&
      /^(?:authentication|authorization)\.k8s\.io$/.test(group) &&
      resource.endsWith('reviews')
    )
  }

  #make(info: RequestInfo, told: boolean, applies: boolean): Kind {
    const about = told && info.isResource
    const verb = CONNECTS.has(info.subresource) ? 'CONNECT' : applies ? 'APPLY' : (METHODS[info.verb] ?? 'other')
    const path = !info.isResource && PATHS.test(info.path) ? info.path : ''
    const labels = [
      verb,
      about ? info.group : '',
      about ? info.version : '',
      about ? info.resource : '',
      about ? info.subresource : path,
      scopeOf(info),
      COMPONENT,
    ]
    const [, ...rest] = labels
    const dryRun = dryRunOf(info)
    if (about) this.#noteDeprecation(info)
    return {
      labels,
      duration: this.#duration.of(verb, dryRun, ...rest),
      sli: dryRun === '' ? this.#sli.of(...labels) : undefined,
      sizes: verb === 'GET' || verb === 'LIST' ? this.#sizes.of(...labels) : undefined,
      bodies: about && WRITES.has(info.verb) ? this.#bodies.of(info.group, info.resource, info.verb) : undefined,
      byCode: new Map(),
    }
  }

  #noteDeprecation({ group, version, resource, subresource }: RequestInfo): void {
    const served = this.#registry.served(group, version, resource)?.version
    const warning = served?.deprecation?.(served.kind)
    if (warning === undefined) return
    this.#deprecated.of(group, version, resource, subresource, removalOf(warning)).set(1)
  }
}

function dryRunOf({ query }: RequestInfo): string {
  const given = query.get('dryRun')
  return given === null || given === '' ? '' : given === 'All' ? 'All' : 'invalid'
}

function scopeOf({ name, verb, namespace, isResource }: RequestInfo): string {
  if (name !== '' || verb === 'create') return 'resource'
  if (namespace !== '') return 'namespace'
  return isResource ? 'cluster' : ''
}
