// Users of tokens that other issuers signed, as OpenID Connect providers do.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#openid-connect-tokens

import type { Clock } from '../../../machinery/clock.ts'
import type { Logger } from '../../../machinery/logger.ts'
import { AUTHENTICATED_GROUP, type UserInfo } from '../../user.ts'
import type { Authenticator } from '../authenticator.ts'
import { refused } from '../refused.ts'
import type { ClaimSource, JwtIssuer } from './configuration.ts'
import type { KeySet } from './key-set.ts'
import { isSignedBy, parseSigned, type SignedToken } from './signature.ts'

type Claims = Readonly<Record<string, unknown>>

/** Clocks of issuers may go before ours by so much. */
const LEEWAY_SECONDS = 300

export interface JwtAuthenticatorOptions {
  readonly issuer: JwtIssuer
  readonly keys: KeySet
  readonly clock: Clock
  readonly log: Logger
}

/** Has no opinion about tokens of other issuers; refuses those of its own that are not right. */
export function jwtAuthenticator(options: JwtAuthenticatorOptions): Authenticator {
  const { issuer, log } = options
  return async ({ bearerToken }) => {
    const token = bearerToken === undefined ? undefined : parseSigned(bearerToken)
    if (!token || token.claims.iss !== issuer.url) return undefined
    try {
      await checkToken(options, token)
      return userOf(issuer, token.claims)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      log.warn('token-refused', { issuer: issuer.url, error: why })
      throw refused(why)
    }
  }
}

async function checkToken({ issuer, keys, clock }: JwtAuthenticatorOptions, token: SignedToken): Promise<void> {
  const { aud, exp, nbf } = token.claims
  const named = typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud : []
  if (!issuer.audiences.some((audience) => named.includes(audience))) {
    throw new Error(`oidc: expected audience in ${JSON.stringify(issuer.audiences)} got ${JSON.stringify(named)}`)
  }
  const now = clock.now() / 1000
  if (typeof exp !== 'number' || exp < now) throw new Error('oidc: token is expired')
  if (typeof nbf === 'number' && nbf > now + LEEWAY_SECONDS) throw new Error('oidc: current time before the nbf time')
  if (!issuer.algorithms.includes(token.algorithm)) {
    throw new Error(`oidc: id token signed with unsupported algorithm, got ${JSON.stringify(token.algorithm)}`)
  }
  const candidates = await keys.keysFor(token.kid)
  if (!candidates.some((key) => isSignedBy(token, key))) throw new Error('failed to verify id token signature')
}

/** The user that the claims make. Throws an Error when they make none that is allowed. */
export function userOf(issuer: JwtIssuer, claims: Claims): UserInfo {
  const name = usernameOf(issuer.username, claims)
  const groups = issuer.groups ? groupsOf(issuer.groups, claims) : []
  const uid = issuer.uid ? textOf(issuer.uid, claims, 'uid') : ''
  for (const { claim, value } of issuer.requiredClaims) {
    if (claims[claim] === undefined) throw new Error(`oidc: required claim ${claim} not present in ID token`)
    if (claims[claim] !== value) {
      throw new Error(`oidc: required claim ${claim} value does not match. Got = ${claims[claim]}, want = ${value}`)
    }
  }
  for (const { rule, message } of issuer.claimRules) {
    if (rule.evaluate(claims) !== true)
      throw new Error(`oidc: ${message || `validation expression '${rule.source}' failed`}`)
  }
  const extra = extraOf(issuer, claims)
  const user = { username: name, uid, groups, extra }
  for (const { rule, message } of issuer.userRules) {
    if (rule.evaluate(user) !== true)
      throw new Error(`oidc: ${message || `validation expression '${rule.source}' failed`}`)
  }
  return {
    name,
    ...(uid ? { uid } : {}),
    groups: groups.includes(AUTHENTICATED_GROUP) ? groups : [...groups, AUTHENTICATED_GROUP],
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  }
}

function usernameOf(source: ClaimSource, claims: Claims): string {
  // An address that nobody has verified says nothing about who has it.
  if (source.expression === undefined && source.claim === 'email' && claims.email_verified !== undefined) {
    if (claims.email_verified !== true) throw new Error('oidc: email not verified')
  }
  const name = textOf(source, claims, 'username')
  if (name === '') throw new Error('oidc: empty username claim value')
  return name
}

function textOf(source: ClaimSource, claims: Claims, what: string): string {
  const value = source.expression === undefined ? claims[source.claim] : source.expression.evaluate(claims)
  if (typeof value !== 'string') throw new Error(`oidc: could not get the ${what} as text from the claims`)
  return source.expression === undefined ? `${source.prefix}${value}` : value
}

function groupsOf(source: ClaimSource, claims: Claims): string[] {
  const value = source.expression === undefined ? claims[source.claim] : source.expression.evaluate(claims)
  if (value === undefined || value === null) return []
  const all = textsOf(value, 'groups')
  return source.expression === undefined ? all.map((group) => `${source.prefix}${group}`) : all
}

/** A text or a list of texts; empty ones count for nothing. */
function textsOf(value: unknown, what: string): string[] {
  const all = Array.isArray(value) ? value : [value]
  if (!all.every((item) => typeof item === 'string')) {
    throw new Error(`oidc: ${what} must be a string or a list of strings`)
  }
  return all.filter((item) => item !== '')
}

function extraOf({ extra }: JwtIssuer, claims: Claims): Record<string, string[]> {
  const out: Record<string, string[]> = {}
  for (const { key, value } of extra) {
    const result = value.evaluate(claims)
    const values = result === null || result === undefined ? [] : textsOf(result, `extra ${JSON.stringify(key)}`)
    if (values.length > 0) out[key] = values
  }
  return out
}
