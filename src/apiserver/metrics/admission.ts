// Figures of admission: how long each controller takes, what webhooks say. Model: k8s.io/apiserver/pkg/admission/metrics.

import type { Clock } from '../../machinery/clock.ts'
import type { Distribution, MetricSet } from '../../machinery/metrics.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission/admission.ts'
import type { PodSecurityObserver } from '../admission/pod-security/pod-security.ts'

const BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5]
const LABELS = ['type', 'operation', 'rejected']

/** Both halves of the chain, as upstream names them. */
type Half = 'admit' | 'validate'
type Latencies = (operation: string, rejected: boolean, seconds: number) => void

/** What became of a call of a webhook. */
export interface HookOutcome {
  readonly name: string
  readonly mutating: boolean
  readonly operation: string
  readonly seconds: number
  /** Absent: it let the request pass. */
  readonly refusal?: { readonly type: 'calling_webhook_error' | 'no_error'; readonly code: number }
  readonly failedOpen?: boolean
}

/** What was done about something that a validating policy found. */
export interface PolicyOutcome {
  readonly policy: string
  readonly binding: string
  readonly errorType: 'no_error' | 'compile_error' | 'out_of_budget' | 'invalid_error'
  readonly action: 'deny' | 'warn' | 'audit'
  /** How long all expressions of the policy took. */
  readonly seconds: number
}

export type PolicyObserver = (outcome: PolicyOutcome) => void
export type HookObserver = (outcome: HookOutcome) => void

export class AdmissionMetrics {
  readonly #clock: Clock
  readonly #steps
  readonly #controllers
  readonly #hooks
  readonly #rejections
  readonly #failedOpen
  readonly #requests
  readonly #checks
  readonly #checking
  readonly #podSecurity
  readonly #podSecurityExempt

  constructor(metrics: MetricSet, clock: Clock) {
    this.#clock = clock
    const prefix = 'apiserver_admission_'
    this.#steps = metrics.histogram({
      name: `${prefix}step_admission_duration_seconds`,
      help: 'Admission sub-step latency histogram in seconds, broken out for each operation and API resource and step type (validate or admit).',
      stability: 'STABLE',
      labels: LABELS,
      buckets: BUCKETS,
    })
    this.#controllers = metrics.histogram({
      name: `${prefix}controller_admission_duration_seconds`,
      help: 'Admission controller latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
      stability: 'STABLE',
      labels: ['name', ...LABELS],
      buckets: BUCKETS,
    })
    this.#hooks = metrics.histogram({
      name: `${prefix}webhook_admission_duration_seconds`,
      help: 'Admission webhook latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
      stability: 'STABLE',
      labels: ['name', ...LABELS],
      buckets: [...BUCKETS, 10, 25],
    })
    this.#rejections = metrics.counter({
      name: `${prefix}webhook_rejection_count`,
      help: 'Admission webhook rejection count, identified by name and broken out for each admission type (validating or admit) and operation.',
      stability: 'ALPHA',
      labels: ['name', 'type', 'operation', 'error_type', 'rejection_code'],
    })
    this.#failedOpen = metrics.counter({
      name: `${prefix}webhook_fail_open_count`,
      help: 'Admission webhook fail open count, identified by name and broken out for each admission type (validating or admit).',
      stability: 'ALPHA',
      labels: ['name', 'type'],
    })
    this.#requests = metrics.counter({
      name: `${prefix}webhook_request_total`,
      help: 'Admission webhook request total, identified by name and broken out for each admission type (validating or admit) and operation.',
      stability: 'ALPHA',
      labels: ['name', 'type', 'operation', 'code', 'rejected'],
    })
    this.#podSecurityExempt = metrics.counter({
      name: 'pod_security_exemptions_total',
      help: 'Number of exempt requests, not counting ignored or out of scope requests.',
      stability: 'ALPHA',
      labels: ['request_operation', 'resource', 'subresource'],
    })
    this.#podSecurity = metrics.counter({
      name: 'pod_security_evaluations_total',
      help: 'Number of policy evaluations that occurred, not counting ignored or exempt requests.',
      stability: 'ALPHA',
      labels: ['decision', 'policy_level', 'policy_version', 'mode', 'request_operation', 'resource', 'subresource'],
    })
    const policy = ['policy', 'policy_binding', 'error_type', 'enforcement_action']
    this.#checks = metrics.counter({
      name: 'apiserver_validating_admission_policy_check_total',
      help: 'Validation admission policy check total, labeled by policy and further identified by binding and enforcement action taken.',
      stability: 'BETA',
      labels: policy,
    })
    this.#checking = metrics.histogram({
      name: 'apiserver_validating_admission_policy_check_duration_seconds',
      help: 'Validation admission latency in seconds, labeled by policy and further including binding and enforcement action taken.',
      stability: 'BETA',
      labels: policy,
      buckets: [0.0000005, 0.001, 0.01, 0.1, 1],
    })
  }

  /** Told of everything that the Pod Security Standards are held against. */
  readonly podSecurityJudged: PodSecurityObserver = (judged) => {
    const { operation, resource, subresource } = judged
    if ('exempt' in judged) return this.#podSecurityExempt.of(operation, resource, subresource).add()
    const { allowed, level, version, mode } = judged
    const decision = allowed ? 'allow' : 'deny'
    this.#podSecurity.of(decision, level, version, mode, operation, resource, subresource).add()
  }

  /** Told of everything that validating policies find. */
  readonly policyFound: PolicyObserver = ({ policy, binding, errorType, action, seconds }) => {
    this.#checks.of(policy, binding, errorType, action).add()
    this.#checking.of(policy, binding, errorType, action).observe(seconds)
  }

  /** Told of every call of a webhook. */
  readonly hookCalled: HookObserver = ({ name, mutating, operation, seconds, refusal, failedOpen }) => {
    const type = mutating ? 'admit' : 'validating'
    const code = refusal?.type === 'no_error' ? 200 : (refusal?.code ?? 200)
    this.#hooks.of(name, type, operation, String(refusal !== undefined)).observe(seconds)
    this.#requests.of(name, type, operation, String(code), String(refusal !== undefined)).add()
    if (failedOpen) this.#failedOpen.of(name, type).add()
    if (refusal === undefined) return
    const rejected = refusal.type === 'no_error' ? refusal.code : 0
    this.#rejections.of(name, type, operation, refusal.type, String(rejected)).add()
  }

  /** The whole chain as one plugin that is timed, and its parts too. */
  timed(plugins: readonly AdmissionPlugin[]): AdmissionPlugin {
    const half = (which: Half) => {
      const step = this.#latencies((operation, rejected) => this.#steps.of(which, operation, rejected))
      const parts = plugins.flatMap((plugin): Part[] => {
        const run = plugin[which]?.bind(plugin)
        if (!run) return []
        const note = this.#latencies((operation, rejected) =>
          this.#controllers.of(plugin.name, which, operation, rejected),
        )
        return [{ run, note }]
      })
      const all = { run: (attributes: AdmissionAttributes) => this.#inTurn(parts, 0, attributes), note: step }
      return (attributes: AdmissionAttributes) => this.#inTurn([all], 0, attributes)
    }
    return { name: 'chain', admit: half('admit'), validate: half('validate') }
  }

  /** Series are made when they are first used, and then kept. */
  #latencies(series: (operation: string, rejected: string) => Distribution): Latencies {
    const known = new Map<string, { readonly passed: Distribution; readonly refused: Distribution }>()
    return (operation, rejected, seconds) => {
      let pair = known.get(operation)
      if (!pair) {
        pair = { passed: series(operation, 'false'), refused: series(operation, 'true') }
        known.set(operation, pair)
      }
      ;(rejected ? pair.refused : pair.passed).observe(seconds)
    }
  }

  /**
   * One after the other, each timed, waiting only for what takes time. Every write comes by here with some dozens of
   * parts: the clock is looked at once between two of them.
   */
  #inTurn(parts: readonly Part[], first: number, attributes: AdmissionAttributes): Promise<void> | void {
    const { operation } = attributes
    let before = this.#clock.now()
    for (let i = first; i < parts.length; i++) {
      const { run, note } = parts[i] as Part
      const started = before
      let pending: Promise<void> | void
      try {
        pending = run(attributes)
      } catch (error) {
        note(operation, true, this.#secondsSince(started))
        throw error
      }
      if (pending) {
        return pending.then(
          () => {
            note(operation, false, this.#secondsSince(started))
            return this.#inTurn(parts, i + 1, attributes)
          },
          (error: unknown) => {
            note(operation, true, this.#secondsSince(started))
            throw error
          },
        )
      }
      before = this.#clock.now()
      note(operation, false, (before - started) / 1000)
    }
  }

  #secondsSince(started: number): number {
    return (this.#clock.now() - started) / 1000
  }
}

/** A plugin's half, and who is told how long it took. */
interface Part {
  readonly run: (attributes: AdmissionAttributes) => Promise<void> | void
  readonly note: Latencies
}
