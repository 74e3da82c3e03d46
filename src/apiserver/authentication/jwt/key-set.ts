// The keys of an issuer of tokens: found by discovery, fetched when they are needed, and again when a token names a new one.
// Specs: https://openid.net/specs/openid-connect-discovery-1_0.html and RFC 7517

import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { get } from 'node:https'
import type { Clock } from '../../../machinery/clock.ts'

export interface IssuerKey {
  readonly kid: string
  /** RSA or EC. */
  readonly kty: string
  readonly key: KeyObject
}

export interface KeySet {
  /** Keys that may have signed a token with this key id (empty: any). Rejects when the issuer cannot be asked. */
  keysFor(kid: string): Promise<readonly IssuerKey[]>
}

export interface KeySetOptions {
  readonly issuer: string
  /** Where its discovery document is, when that is not below the issuer's URL. */
  readonly discoveryUrl?: string
  /** PEM; absent: what the machine trusts. */
  readonly certificateAuthority?: string
  readonly clock: Clock
}

const TIMEOUT_MS = 30_000
const MAX_DOCUMENT = 1024 * 1024
/** Tokens with made-up key ids must not make the server ask without pause. */
const MIN_PAUSE_MS = 1000

export function remoteKeySet(options: KeySetOptions): KeySet {
  const { clock } = options
  let keys: readonly IssuerKey[] = []
  let fetched = Number.NEGATIVE_INFINITY
  let fetching: Promise<void> | undefined

  async function refresh(): Promise<void> {
    fetched = clock.now()
    keys = await fetchKeys(options)
  }

  const fitting = (kid: string) => (kid === '' ? keys : keys.filter((key) => key.kid === kid))
  return {
    async keysFor(kid) {
      const known = fitting(kid)
      if (known.length > 0 || (clock.now() - fetched < MIN_PAUSE_MS && !fetching)) return known
      fetching ??= refresh().finally(() => {
        fetching = undefined
      })
      await fetching
      return fitting(kid)
    },
  }
}

async function fetchKeys(options: KeySetOptions): Promise<readonly IssuerKey[]> {
  const { issuer, certificateAuthority } = options
  const base = issuer.replace(/\/$/, '')
  const url = options.discoveryUrl ?? `${base}/.well-known/openid-configuration`
  const document = (await fetchJson(url, certificateAuthority, options.clock)) as { issuer?: string; jwks_uri?: string }
  if (document.issuer !== issuer) {
    throw new Error(
      `oidc: issuer did not match the issuer returned by provider, expected "${issuer}" got "${document.issuer}"`,
    )
  }
  if (!document.jwks_uri?.startsWith('https://')) throw new Error(`oidc: ${url} names no jwks_uri over https`)
  const set = (await fetchJson(document.jwks_uri, certificateAuthority, options.clock)) as { keys?: JsonWebKey[] }
  return keysOf(set.keys ?? [])
}

/** The keys of a set that can check signatures; others are passed over, as upstream does. */
function keysOf(list: readonly JsonWebKey[]): IssuerKey[] {
  return list.flatMap((jwk) => {
    const { kty, use, kid } = jwk as { kty?: string; use?: string; kid?: string }
    if ((kty !== 'RSA' && kty !== 'EC') || (use !== undefined && use !== 'sig')) return []
    return [{ kid: kid ?? '', kty, key: createPublicKey({ key: jwk, format: 'jwk' }) }]
  })
}

function fetchJson(url: string, ca: string | undefined, clock: Clock): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const failed = (why: string, cause?: unknown) => reject(new Error(`Get "${url}": ${why}`, { cause }))
    const request = get(
      url,
      { agent: false, ...(ca ? { ca } : {}), headers: { accept: 'application/json' } },
      (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > MAX_DOCUMENT) request.destroy(new Error('the answer is too long'))
          else chunks.push(chunk)
        })
        response.on('error', (error) => failed(error.message, error))
        response.on('end', () => {
          cancel()
          if (response.statusCode !== 200) return failed(`${response.statusCode} ${response.statusMessage}`)
          try {
            resolve(JSON.parse(Buffer.concat(chunks).toString()))
          } catch (cause) {
            failed('the answer is not JSON', cause)
          }
        })
      },
    )
    const cancel = clock.after(TIMEOUT_MS, () => request.destroy(new Error('context deadline exceeded')))
    request.on('error', (error) => {
      cancel()
      failed(error.message, error)
    })
  })
}
