// Asks a webhook whose token something is, and remembers what it said for a while.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication

import { createHmac } from 'node:crypto'
import type { TokenReviewStatus } from '../../api/generated/authentication-v1.ts'
import type { Clock } from '../../machinery/clock.ts'
import type { Logger } from '../../machinery/logger.ts'
import type { Random } from '../../machinery/random.ts'
import { ExpiringCache } from '../expiring-cache.ts'
import { AUTHENTICATED_GROUP, type UserInfo } from '../user.ts'
import type { WebhookClient, WebhookEndpoint } from '../webhook-client.ts'
import { refused } from './refused.ts'
import type { AudienceAuthenticator, VerifiedToken } from './token-reviewer.ts'

export interface TokenWebhookSettings {
  readonly endpoint: WebhookEndpoint
  readonly version: 'v1' | 'v1beta1'
  /** 0: nothing is remembered. */
  readonly cacheTtlMs: number
}

const MAX_CACHED = 32 * 1024

/** What was found out about a token; `unknown` is one that the webhook does not know. */
type Answer = VerifiedToken | 'unknown'

export function tokenWebhook(options: {
  readonly settings: Omit<TokenWebhookSettings, 'endpoint'>
  readonly ask: WebhookClient
  /** What a token is good for whose audiences the webhook does not say. */
  readonly audiences: readonly string[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}): AudienceAuthenticator {
  const { settings, ask, audiences: own, clock, random, log } = options
  const known = new ExpiringCache<Answer>({ clock, max: MAX_CACHED })
  const asking = new Map<string, Promise<Answer>>()
  // Tokens themselves are not kept, and nobody can choose what their keys collide with.
  const secret = random.uuid()
  const keyOf = (token: string, audiences: readonly string[]) =>
    createHmac('sha256', secret)
      .update(JSON.stringify([token, audiences]))
      .digest('base64')

  async function review(token: string, wanted: readonly string[]): Promise<Answer> {
    let answer: unknown
    try {
      answer = await ask({
        kind: 'TokenReview',
        apiVersion: `authentication.k8s.io/${settings.version}`,
        metadata: { creationTimestamp: null },
        spec: { token, audiences: wanted },
        status: { user: {} },
      })
    } catch (error) {
      log.error('token-webhook-failed', { error })
      throw refused(error instanceof Error ? error.message : String(error))
    }
    return answerOf(answer, wanted, own)
  }

  async function remember(key: string, token: string, wanted: readonly string[]): Promise<Answer> {
    try {
      const answer = await review(token, wanted)
      known.set(key, answer, settings.cacheTtlMs)
      return answer
    } finally {
      asking.delete(key)
    }
  }

  return async (token, wanted) => {
    const key = keyOf(token, wanted)
    let answer: Answer | Promise<Answer> | undefined = known.get(key) ?? asking.get(key)
    if (answer === undefined) {
      answer = remember(key, token, wanted)
      asking.set(key, answer)
    }
    const settled = await answer
    return settled === 'unknown' ? undefined : settled
  }
}

/** What the webhook's answer says. Throws Unauthorized when that is an error. */
function answerOf(answer: unknown, wanted: readonly string[], own: readonly string[]): Answer {
  const { status } = (answer ?? {}) as { status?: Partial<TokenReviewStatus> }
  const { authenticated = false, user, audiences = [], error = '' } = status ?? {}
  const good = audiences.length > 0 ? audiences : own
  const granted = wanted.filter((audience) => good.includes(audience))
  if (granted.length === 0) return 'unknown'
  if (authenticated) return { user: userOf(user ?? {}), audiences: granted }
  if (error !== '') throw refused(error)
  return 'unknown'
}

function userOf({ username = '', uid, groups = [], extra }: NonNullable<TokenReviewStatus['user']>): UserInfo {
  return {
    name: username,
    ...(uid ? { uid } : {}),
    groups: groups.includes(AUTHENTICATED_GROUP) ? groups : [...groups, AUTHENTICATED_GROUP],
    ...(extra ? { extra } : {}),
  }
}
