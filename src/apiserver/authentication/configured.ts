// The authenticators that only a configuration brings: static tokens, other issuers, proxies; and who may stay unknown.

import type { Clock } from '../../machinery/clock.ts'
import type { Logger } from '../../machinery/logger.ts'
import type { Authenticator } from './authenticator.ts'
import { jwtAuthenticator } from './jwt/authenticator.ts'
import type { AnonymousConfig, JwtIssuer } from './jwt/configuration.ts'
import { remoteKeySet } from './jwt/key-set.ts'
import { type RequestHeaderOptions, requestHeaderAuthenticator } from './request-header.ts'
import { type TokenFile, tokenFileAuthenticator } from './token-file.ts'

export interface AuthenticationSettings {
  readonly tokens?: TokenFile
  readonly issuers: readonly JwtIssuer[]
  readonly requestHeader?: RequestHeaderOptions
  readonly anonymous?: AnonymousConfig
}

export function configuredAuthenticators(
  settings: AuthenticationSettings | undefined,
  { clock, log }: { clock: Clock; log: Logger },
): {
  readonly headers: readonly Authenticator[]
  readonly tokens: readonly Authenticator[]
  readonly allowsAnonymous: (path: string) => boolean
} {
  const { tokens, issuers = [], requestHeader, anonymous } = settings ?? {}
  const trusted = issuers.map((issuer) => {
    const { url, discoveryUrl, certificateAuthority } = issuer
    const keys = remoteKeySet({
      issuer: url,
      ...(discoveryUrl ? { discoveryUrl } : {}),
      ...(certificateAuthority ? { certificateAuthority } : {}),
      clock,
    })
    return jwtAuthenticator({ issuer, keys, clock, log })
  })
  return {
    headers: requestHeader ? [requestHeaderAuthenticator(requestHeader)] : [],
    tokens: [...(tokens ? [tokenFileAuthenticator(tokens)] : []), ...trusted],
    allowsAnonymous(path) {
      if (!anonymous) return true
      return anonymous.enabled && (anonymous.paths.length === 0 || anonymous.paths.includes(path))
    },
  }
}
