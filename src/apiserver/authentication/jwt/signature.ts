// Signed tokens taken apart and checked. Specs: RFC 7515 (JWS) and RFC 7518 (its algorithms).

import { constants, verify } from 'node:crypto'
import type { IssuerKey } from './key-set.ts'

export interface SignedToken {
  readonly algorithm: string
  readonly kid: string
  readonly claims: Readonly<Record<string, unknown>>
  readonly signed: Buffer
  readonly signature: Buffer
}

export const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'] as const

/** The curve that each algorithm is for: a key of another one must not pass. */
const CURVES: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' }

/** A token's parts; undefined when it is no signed token. */
export function parseSigned(token: string): SignedToken | undefined {
  const parts = token.split('.')
  const [head = '', body = '', signature = ''] = parts
  if (parts.length !== 3) return undefined
  const header = jsonOf(head)
  const claims = jsonOf(body)
  if (!header || !claims || typeof header.alg !== 'string') return undefined
  // Nothing here knows what an extension that must be understood means.
  if (header.crit !== undefined) return undefined
  return {
    algorithm: header.alg,
    kid: typeof header.kid === 'string' ? header.kid : '',
    claims,
    signed: Buffer.from(`${head}.${body}`),
    signature: Buffer.from(signature, 'base64url'),
  }
}

function jsonOf(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    // Bearer tokens of other kinds come by here, too.
    return undefined
  }
}

/** Whether a key made the token's signature with the algorithm that the token names. */
export function isSignedBy({ algorithm, signed, signature }: SignedToken, { kty, key }: IssuerKey): boolean {
  const hash = `sha${algorithm.slice(2)}`
  switch (algorithm.slice(0, 2)) {
    case 'RS':
      return kty === 'RSA' && verify(hash, signed, key, signature)
    case 'PS': {
      const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      return kty === 'RSA' && verify(hash, signed, { key, ...padding }, signature)
    }
    case 'ES': {
      const curve = key.asymmetricKeyDetails?.namedCurve
      return (
        kty === 'EC' &&
        curve === CURVES[algorithm] &&
        verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature)
      )
    }
    default:
      return false
  }
}
