// Whose token something is and for whom it is good, over all authenticators of tokens.

import type { UserInfo } from '../user.ts'
import type { Authenticator } from './authenticator.ts'
import { refused } from './refused.ts'
import type { TokenIssuer } from './service-account-tokens.ts'

/** A verified token: whose it is, and those of the audiences asked for that it is good for. */
export interface VerifiedToken {
  readonly user: UserInfo
  readonly audiences: readonly string[]
}

/** Verifies a token for audiences; none given: this server's. Rejects with Unauthorized, whose cause says why. */
export type TokenReviewer = (token: string, audiences: readonly string[]) => Promise<VerifiedToken>

/** Verifies tokens for audiences; undefined for tokens of others. */
export type AudienceAuthenticator = (token: string, audiences: readonly string[]) => Promise<VerifiedToken | undefined>

export function tokenReviewer(options: {
  readonly issuer: TokenIssuer
  readonly audiences: readonly string[]
  /** Knows tokens that name no audience: they are good for this server. */
  readonly otherTokens: Authenticator
  /** Asks others, who know of audiences. */
  readonly askOthers?: AudienceAuthenticator | undefined
}): TokenReviewer {
  const { issuer, audiences: own, otherTokens, askOthers } = options
  return async (token, asked) => {
    const wanted = asked.length > 0 ? asked : own
    const other = await otherTokens({
      bearerToken: token,
      certificate: undefined,
      headers: {},
      proxyName: undefined,
    })
    if (other) {
      const granted = wanted.filter((audience) => own.includes(audience))
      if (granted.length === 0) throw refused('invalid bearer token')
      return { user: other, audiences: granted }
    }
    if (askOthers && !issuer.knows(token)) {
      const answer = await askOthers(token, wanted)
      if (answer) return answer
    }
    return issuer.verify(token, wanted)
  }
}

/** Authenticates requests to this server through one who knows of audiences. */
export function ofThisServer(ask: AudienceAuthenticator, audiences: readonly string[]): Authenticator {
  return async ({ bearerToken }) => (bearerToken === undefined ? undefined : (await ask(bearerToken, audiences))?.user)
}
