// The authenticators that only a configuration brings: static tokens, other issuers, proxies; and who may stay unknown.

import type { Clock } from '../../machinery/clock.ts'
import type { Logger } from '../../machinery/logger.ts'
import type { Random } from '../../machinery/random.ts'
import type { PostObserver } from '../webhook-call.ts'
import { webhookClient } from '../webhook-client.ts'
import { type Authenticator, firstKnown } from './authenticator.ts'
import { jwtAuthenticator } from './jwt/authenticator.ts'
import type { AnonymousConfig, JwtIssuer } from './jwt/configuration.ts'
import { remoteKeySet } from './jwt/key-set.ts'
import { type RequestHeaderOptions, requestHeaderAuthenticator } from './request-header.ts'
import { type TokenFile, tokenFileAuthenticator } from './token-file.ts'
import type { AudienceAuthenticator } from './token-reviewer.ts'
import { type TokenWebhookSettings, tokenWebhook } from './token-webhook.ts'

export interface AuthenticationSettings {
  readonly tokens?: TokenFile
  readonly issuers: readonly JwtIssuer[]
  readonly requestHeader?: RequestHeaderOptions
  readonly anonymous?: AnonymousConfig
  readonly webhook?: TokenWebhookSettings
}

const WEBHOOK_TIMEOUT_MS = 30_000

export function configuredAuthenticators(
  settings: AuthenticationSettings | undefined,
  env: {
    clock: Clock
    log: Logger
    random: Random
    observePosts?: PostObserver | undefined
    /** This server's. */
    audiences: readonly string[]
  },
): {
  readonly headers: readonly Authenticator[]
  readonly tokens: readonly Authenticator[]
  /** Asks the webhook, if there is one. */
  readonly askOthers: AudienceAuthenticator | undefined
  readonly allowsAnonymous: (path: string) => boolean
  /** Believes others from here on. */
  replace(next: Pick<AuthenticationSettings, 'issuers' | 'anonymous'>): void
} {
  const { clock, log } = env
  const { tokens, issuers = [], requestHeader, webhook } = settings ?? {}
  const trust = (issuer: JwtIssuer) => {
    const { url, discoveryUrl, certificateAuthority } = issuer
    const keys = remoteKeySet({
      issuer: url,
      ...(discoveryUrl ? { discoveryUrl } : {}),
      ...(certificateAuthority ? { certificateAuthority } : {}),
      clock,
    })
    return jwtAuthenticator({ issuer, keys, clock, log })
  }
  let anonymous = settings?.anonymous
  let trusted = firstKnown(issuers.map(trust))
  return {
    headers: requestHeader ? [requestHeaderAuthenticator(requestHeader)] : [],
    tokens: [...(tokens ? [tokenFileAuthenticator(tokens)] : []), (credentials) => trusted(credentials)],
    askOthers: webhook && webhookOf(webhook, env),
    allowsAnonymous(path) {
      if (!anonymous) return true
      return anonymous.enabled && (anonymous.paths.length === 0 || anonymous.paths.includes(path))
    },
    replace(next) {
      const others = firstKnown((next.issuers ?? []).map(trust))
      trusted = others
      anonymous = next.anonymous ?? settings?.anonymous
    },
  }
}

function webhookOf(
  settings: TokenWebhookSettings,
  { clock, log, random, audiences, observePosts }: Parameters<typeof configuredAuthenticators>[1],
): AudienceAuthenticator {
  const { endpoint } = settings
  const ask = webhookClient({ endpoint, timeoutMs: WEBHOOK_TIMEOUT_MS, clock, random, observePosts })
  return tokenWebhook({ settings, ask, audiences, clock, random, log })
}
