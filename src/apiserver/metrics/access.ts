// Figures of who was let in. Models: k8s.io/apiserver/pkg/endpoints/filters/metrics.go, pkg/authorization and
// plugin/pkg/authorizer/webhook/metrics.

import { exponential, type MetricSet } from '../../machinery/metrics.ts'
import type { CheckObserver } from '../authentication/impersonator.ts'
import type { TokenFigures } from '../authentication/service-account-tokens.ts'
import type { AuthorizationObserver, DecisionCount } from '../authorization/configured.ts'
import type { GraphObserver } from '../authorization/node.ts'

const LATENCIES = exponential(0.001, 2, 15)
const [HOUR, DAY] = [3600, 86_400]
const LIFETIMES = [
  ...[0, HOUR / 2, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR],
  ...[1, 2, 4, 7, 30, 90, 180, 360].map((days) => days * DAY),
]
const DEFAULT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const KNOWN_USERS = new Set(['admin', 'client', 'kube_proxy', 'kubelet', 'system:serviceaccount:kube-system:default'])

export class AccessMetrics {
  readonly #metrics: MetricSet
  readonly #authenticated
  readonly #others
  readonly #addresses
  readonly #authentications
  readonly #authorizations
  readonly #impersonations
  readonly #impersonating
  readonly #impersonationChecks
  readonly #impersonationChecking
  readonly #filters

  constructor(metrics: MetricSet) {
    this.#metrics = metrics
    this.#authenticated = metrics.counter({
      name: 'authenticated_user_requests',
      help: 'Counter of authenticated requests broken out by username.',
      stability: 'ALPHA',
      labels: ['username'],
    })
    this.#others = this.#authenticated.of('other')
    const labels = ['mode', 'decision']
    this.#impersonations = metrics.counter({
      name: 'apiserver_impersonation_attempts_total',
      help: 'Total number of impersonation attempts split by mode and decision.',
      stability: 'ALPHA',
      labels,
    })
    this.#impersonationChecks = metrics.counter({
      name: 'apiserver_impersonation_authorization_attempts_total',
      help: 'Total number of authorization checks made by the impersonation handler split by mode and decision.',
      stability: 'ALPHA',
      labels,
    })
    this.#impersonationChecking = metrics.histogram({
      name: 'apiserver_impersonation_authorization_attempts_duration_seconds',
      help: 'Latency of authorization checks made by the impersonation handler in seconds split by mode and decision.',
      stability: 'ALPHA',
      labels,
      buckets: LATENCIES,
    })
    this.#impersonating = metrics.histogram({
      name: 'apiserver_impersonation_attempts_duration_seconds',
      help: 'Latency of impersonation attempts in seconds split by mode and decision.',
      stability: 'ALPHA',
      labels,
      buckets: LATENCIES,
    })
    const filters = metrics.histogram({
      name: 'apiserver_request_filter_duration_seconds',
      help: 'Request filter latency distribution in seconds, for each filter type',
      stability: 'ALPHA',
      labels: ['filter'],
      buckets: [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 5, 10, 15, 30],
    })
    this.#filters = {
      authentication: filters.of('authentication'),
      authorization: filters.of('authorization'),
      impersonation: filters.of('constrainedimpersonation'),
    }
    this.#addresses = this.#authenticated.of('email_id')
    this.#authentications = outcomes(metrics, 'authentication_attempts', 'authentication_duration_seconds', [
      'success',
      'failure',
      'error',
    ])
    this.#authorizations = outcomes(metrics, 'authorization_attempts_total', 'authorization_duration_seconds', [
      'allowed',
      'denied',
      'no-opinion',
      'error',
    ])
  }

  /** It was found out, or not, who sent a request; `name` is who. */
  authenticated(result: 'success' | 'failure' | 'error', name: string, seconds: number): void {
    this.#authentications[result].count.add()
    this.#authentications[result].latency.observe(seconds)
    this.#filters.authentication.observe(seconds)
    if (result !== 'success') return
    if (KNOWN_USERS.has(name)) this.#authenticated.of(name).add()
    else if (name.includes('@')) this.#addresses.add()
    else this.#others.add()
  }

  authorized(result: 'allowed' | 'denied' | 'no-opinion' | 'error', seconds: number): void {
    this.#authorizations[result].count.add()
    this.#authorizations[result].latency.observe(seconds)
    this.#filters.authorization.observe(seconds)
  }

  /** Shows what each authorizer decided. */
  showDecisions(counts: () => readonly DecisionCount[]): void {
    const decisions = this.#metrics.counter({
      name: 'apiserver_authorization_decisions_total',
      help: 'Total number of terminal decisions made by an authorizer split by authorizer type, name, and decision.',
      stability: 'ALPHA',
      labels: ['type', 'name', 'decision'],
    })
    this.#metrics.beforeText(() => {
      for (const { type, name, allowed, denied } of counts()) {
        decisions.of(type, name, 'allowed').set(allowed)
        decisions.of(type, name, 'denied').set(denied)
      }
    })
  }

  /** Told whether a changed configuration could be taken over. `id` stands for this server. */
  configurationReloads(
    what: 'authorization' | 'authentication' | 'encryption',
    id: string,
  ): (result: 'success' | 'failure', nowMs: number) => void {
    const labels = ['status', 'apiserver_id_hash']
    const prefix = `apiserver_${what}_config_controller_automatic_reload`
    const stability = what === 'encryption' ? 'ALPHA' : 'BETA'
    const total = this.#metrics.counter({
      name: `${prefix}s_total`,
      help: `Total number of automatic reloads of ${what} configuration split by status and apiserver identity.`,
      stability,
      labels,
    })
    const last = this.#metrics.gauge({
      name: `${prefix}_last_timestamp_seconds`,
      help: `Timestamp of the last automatic reload of ${what} configuration split by status and apiserver identity.`,
      stability,
      labels,
    })
    return (result, nowMs) => {
      total.of(result, id).add()
      last.of(result, id).set(Math.floor(nowMs / 1000))
    }
  }

  /** Shows tokens of service accounts: those that should have been replaced, and what it took to check them. */
  showTokens({ figures }: { readonly figures: Readonly<TokenFigures> }): void {
    const counter = (name: string, help: string, labels?: readonly string[]) =>
      this.#metrics.counter({ name, help, stability: 'ALPHA', ...(labels ? { labels } : {}) })
    const stale = counter('serviceaccount_stale_tokens_total', 'Cumulative stale projected service account tokens used')
    const valid = counter('serviceaccount_valid_tokens_total', 'Cumulative valid projected service account tokens used')
    const asked = counter('authentication_token_cache_request_total', 'Requests for cached tokens by status.', [
      'status',
    ])
    const fetched = counter('authentication_token_cache_fetch_total', 'Tokens that were checked anew, by status.', [
      'status',
    ])
    this.#metrics.beforeText(() => {
      stale.of().set(figures.stale)
      valid.of().set(figures.valid)
      asked.of('hit').set(figures.cached)
      asked.of('miss').set(figures.fetched)
      fetched.of('ok').set(figures.fetched - figures.failed)
      fetched.of('error').set(figures.failed)
    })
  }

  /** Told when the client certificate of a request ends; `now` is in milliseconds, too. */
  certificates(now: () => number): (expires: number) => void {
    const remaining = this.#metrics
      .histogram({
        name: 'apiserver_client_certificate_expiration_seconds',
        help: 'Distribution of the remaining lifetime on the certificate used to authenticate a request.',
        stability: 'ALPHA',
        buckets: LIFETIMES,
      })
      .of()
    return (expires) => remaining.observe((expires - now()) / 1000)
  }

  /** Told how long the node authorizer takes to follow what it has to know. */
  graph(): GraphObserver {
    const actions = this.#metrics.histogram({
      name: 'node_authorizer_graph_actions_duration_seconds',
      help: 'Histogram of duration of graph actions in node authorizer.',
      stability: 'ALPHA',
      labels: ['operation'],
      buckets: exponential(0.0001, 2, 12),
    })
    const series = { AddPod: actions.of('AddPod'), DeletePod: actions.of('DeletePod') }
    return (operation, seconds) => series[operation].observe(seconds)
  }

  /** Told of every question about who may act as whom. */
  readonly impersonationChecked: CheckObserver = (mode, decision, seconds) => {
    this.#impersonationChecks.of(mode, decision).add()
    this.#impersonationChecking.of(mode, decision).observe(seconds)
  }

  /** Told of requests that name somebody to act as. */
  impersonated(mode: string, decision: 'allowed' | 'denied', seconds: number): void {
    this.#impersonations.of(mode, decision).add()
    this.#impersonating.of(mode, decision).observe(seconds)
    this.#filters.impersonation.observe(seconds)
  }

  /** Told what webhooks for permissions do. */
  get webhooks(): AuthorizationObserver {
    const family = (name: string, help: string) =>
      this.#metrics.counter({
        name: `apiserver_authorization_${name}`,
        help,
        stability: 'ALPHA',
        labels: ['name', 'result'],
      })
    const evaluations = family('webhook_evaluations_total', 'Round-trips to authorization webhooks.')
    const failedOpen = family(
      'webhook_evaluations_fail_open_total',
      'NoOpinion results due to webhook timeout or error.',
    )
    const duration = this.#metrics.histogram({
      name: 'apiserver_authorization_webhook_duration_seconds',
      help: 'Request latency in seconds.',
      stability: 'ALPHA',
      labels: ['name', 'result'],
      buckets: DEFAULT_BUCKETS,
    })
    const condition = (name: string, help: string) =>
      this.#metrics.counter({
        name: `apiserver_authorization_match_condition_${name}`,
        help,
        stability: 'ALPHA',
        labels: ['type', 'name'],
      })
    const failures = condition(
      'evaluation_errors_total',
      'Total number of errors when an authorization webhook encounters a match condition error split by authorizer type and name.',
    )
    const exclusions = condition(
      'exclusions_total',
      'Total number of exclusions when an authorization webhook is skipped because match conditions exclude it.',
    )
    const evaluation = this.#metrics.histogram({
      name: 'apiserver_authorization_match_condition_evaluation_seconds',
      help: 'Authorization match condition evaluation time in seconds, split by authorizer type and name.',
      stability: 'ALPHA',
      labels: ['type', 'name'],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25],
    })
    return {
      attempt(name, code, seconds, error) {
        const result = error === undefined ? 'success' : isTimeout(code, error) ? 'timeout' : 'error'
        evaluations.of(name, result).add()
        duration.of(name, result).observe(seconds)
      },
      of: (name) => ({
        failedOpen: () => failedOpen.of(name, 'error').add(),
        matched(outcome, seconds) {
          evaluation.of('Webhook', name).observe(seconds)
          if (outcome === 'excluded') exclusions.of('Webhook', name).add()
          else if (outcome === 'failed') failures.of('Webhook', name).add()
        },
      }),
    }
  }
}

function isTimeout(code: string, error: unknown): boolean {
  return code === '504' || (error instanceof Error && error.message.includes('deadline exceeded'))
}

/** A counter and a distribution of latencies for each result. */
function outcomes<const R extends string>(metrics: MetricSet, count: string, latency: string, results: readonly R[]) {
  const [what = ''] = count.split('_')
  const counts = metrics.counter({
    name: count,
    help: `Counter of ${what} attempts broken down by result.`,
    stability: 'ALPHA',
    labels: ['result'],
  })
  const latencies = metrics.histogram({
    name: latency,
    help: `${what[0]?.toUpperCase()}${what.slice(1)} duration in seconds broken out by result.`,
    stability: 'ALPHA',
    labels: ['result'],
    buckets: LATENCIES,
  })
  const of = (result: R) => ({ count: counts.of(result), latency: latencies.of(result) })
  return Object.fromEntries(results.map((result) => [result, of(result)])) as Record<R, ReturnType<typeof of>>
}
