// Asks a webhook who may do what, and remembers what it said for a while.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/webhook/

import type { SubjectAccessReviewSpec, SubjectAccessReviewStatus } from '../../api/generated/authorization-v1.ts'
import type { Clock } from '../../machinery/clock.ts'
import type { Logger } from '../../machinery/logger.ts'
import { ExpiringCache } from '../expiring-cache.ts'
import type { WebhookClient } from '../webhook-client.ts'
import type { AuthorizationAttributes, Authorizer, Decision } from './authorizer.ts'
import { type MatchCondition, matchesAll } from './match-conditions.ts'
import { reviewSpecOf } from './review-spec.ts'

export interface WebhookSettings {
  readonly timeoutMs: number
  /** 0: such answers are not remembered. */
  readonly authorizedTtlMs: number
  readonly unauthorizedTtlMs: number
  readonly reviewVersion: 'v1' | 'v1beta1'
  readonly failurePolicy: 'NoOpinion' | 'Deny'
  readonly matchConditions: readonly MatchCondition[]
}

/** Told of what metrics want to know. */
export interface WebhookObserver {
  /** A request was answered as if the webhook had no opinion, since it could not be asked. */
  failedOpen(): void
  /** Conditions were evaluated. */
  matched(outcome: 'matched' | 'excluded' | 'failed', seconds: number): void
}

const MAX_CACHED = 8192
/** What a requester may choose freely must not fill the memory. */
const MAX_CHOSEN = 10_000

type Status = Partial<SubjectAccessReviewStatus>

export function webhookAuthorizer(options: {
  readonly settings: WebhookSettings
  readonly ask: WebhookClient
  readonly clock: Clock
  readonly log: Logger
  readonly observer?: WebhookObserver | undefined
}): Authorizer {
  const { settings, ask, clock, log, observer } = options
  const { failurePolicy, matchConditions, authorizedTtlMs, unauthorizedTtlMs } = settings
  const apiVersion = `authorization.k8s.io/${settings.reviewVersion}`
  const known = new ExpiringCache<Status>({ clock, max: MAX_CACHED })
  const failure = (error: string): Decision => ({
    verdict: failurePolicy === 'Deny' ? 'deny' : 'none',
    reason: '',
    error,
  })

  async function review(a: AuthorizationAttributes, spec: SubjectAccessReviewSpec, key: string): Promise<Decision> {
    let answer: unknown
    try {
      answer = await ask({
        kind: 'SubjectAccessReview',
        apiVersion,
        metadata: { creationTimestamp: null },
        spec: settings.reviewVersion === 'v1' ? spec : inBeta(spec),
        status: { allowed: false },
      })
    } catch (error) {
      log.error('authorization-webhook-failed', { error })
      if (failurePolicy === 'NoOpinion') observer?.failedOpen()
      return failure(error instanceof Error ? error.message : String(error))
    }
    const status = statusOf(answer)
    if (chosenLength(a) < MAX_CHOSEN) known.set(key, status, status.allowed ? authorizedTtlMs : unauthorizedTtlMs)
    return decisionOf(status)
  }

  return {
    authorize(a) {
      const spec = reviewSpecOf(a)
      if (matchConditions.length > 0) {
        const started = clock.now()
        const { matches, error } = matchesAll(matchConditions, spec)
        const outcome = error !== undefined ? 'failed' : matches ? 'matched' : 'excluded'
        observer?.matched(outcome, (clock.now() - started) / 1000)
        if (error !== undefined) return failure(error)
        if (!matches) return { verdict: 'none', reason: '' }
      }
      const key = JSON.stringify(spec)
      const cached = known.get(key)
      return cached ? decisionOf(cached) : review(a, spec, key)
    },
  }
}

function statusOf(answer: unknown): Status {
  const { status } = (answer ?? {}) as { status?: Status }
  return typeof status === 'object' && status !== null ? status : {}
}

function decisionOf({ allowed, denied, reason = '' }: Status): Decision {
  if (denied && allowed) {
    return { verdict: 'deny', reason, error: 'webhook subject access review returned both allow and deny response' }
  }
  if (denied) return { verdict: 'deny', reason }
  return { verdict: allowed ? 'allow' : 'none', reason }
}

/** The beta names groups otherwise. */
function inBeta({ groups, ...spec }: SubjectAccessReviewSpec): object {
  return { ...spec, ...(groups ? { group: groups } : {}) }
}

function chosenLength(a: AuthorizationAttributes): number {
  const chosen = [a.namespace, a.verb, a.group, a.version, a.resource, a.subresource, a.name, a.path]
  return chosen.reduce((sum, value) => sum + value.length, 0)
}
