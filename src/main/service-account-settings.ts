// The flags about tokens of service accounts: who signs them, which are accepted, how long they last.

import { createPrivateKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { publicKeysOf, verificationKey } from '../apiserver/authentication/signing-keys.ts'
import { durationIn } from './authorization-settings.ts'

type Flags = Readonly<Record<string, string>>

export interface ServiceAccountSettings {
  /** Absent: the cluster's own key. */
  readonly signingKey?: KeyObject
  readonly acceptedKeys: readonly KeyObject[]
  /** The first one is named in tokens; empty: the cluster's own. */
  readonly issuers: readonly string[]
  /** Empty: the issuers. */
  readonly audiences: readonly string[]
  readonly maxSeconds?: number
  readonly extends: boolean
  readonly jwksUri?: string
}

const flag = (name: string, description: string, file = false) => ({ name, file, description })

export const serviceAccountFlags = [
  flag('service-account-signing-key-file', 'Private key that signs tokens of service accounts (one of its own)', true),
  {
    ...flag('service-account-key-file', 'Files of keys whose tokens are accepted, too, with commas between them', true),
    several: true,
  },
  flag('service-account-issuer', 'Issuers of tokens, with commas between them: the first is named, all are accepted'),
  flag('api-audiences', 'Audiences that tokens for this server are for, with commas between them (the issuers)'),
  flag('service-account-jwks-uri', 'Where the discovery document says that the keys are (this server)'),
  flag('service-account-max-token-expiration', 'How long tokens may last at most, such as 24h0m0s (0: any time)'),
  flag('service-account-extend-token-expiration', 'Whether tokens of pods stay good for a year (true)'),
]

const MAX_MS = 2 ** 32 * 1000
const MIN_MS = 3_600_000

/** Reads what these flags name. Throws an Error that says which one is wrong. */
export function readServiceAccounts(flags: Flags): ServiceAccountSettings {
  const signing = flags['service-account-signing-key-file']
  const signingKey = signing ? keyIn('service-account-signing-key-file', signing, createPrivateKeyOf) : undefined
  const acceptedKeys = listIn(flags['service-account-key-file']).flatMap((path) =>
    keyIn('service-account-key-file', path, publicKeysIn),
  )
  const issuers = listIn(flags['service-account-issuer'])
  issuers.forEach(checkIssuer)
  const repeated = issuers.find((issuer, i) => issuers.indexOf(issuer) < i)
  if (repeated !== undefined) throw new Error(`service-account-issuer ${JSON.stringify(repeated)} is already specified`)
  const maxSeconds = maxSecondsOf(flags)
  const jwksUri = flags['service-account-jwks-uri'] ?? ''
  if (jwksUri !== '' && (!URL.canParse(jwksUri) || new URL(jwksUri).protocol !== 'https:')) {
    throw new Error(`service-account-jwks-uri requires https scheme, parsed as: ${jwksUri}`)
  }
  const extend = flags['service-account-extend-token-expiration'] || 'true'
  if (extend !== 'true' && extend !== 'false') {
    throw new Error(`--service-account-extend-token-expiration ${JSON.stringify(extend)} must be true or false`)
  }
  return {
    ...(signingKey ? { signingKey } : {}),
    acceptedKeys,
    issuers,
    audiences: listIn(flags['api-audiences']),
    ...(maxSeconds ? { maxSeconds } : {}),
    extends: extend === 'true',
    ...(jwksUri ? { jwksUri } : {}),
  }
}

function maxSecondsOf(flags: Flags): number | undefined {
  const ms = durationIn(flags, 'service-account-max-token-expiration', '0s')
  if (ms === 0) return undefined
  if (ms < MIN_MS || ms > MAX_MS) {
    throw new Error('the service-account-max-token-expiration must be between 1 hour and 2^32 seconds')
  }
  return Math.floor(ms / 1000)
}

function checkIssuer(issuer: string): void {
  if (issuer.includes(':') && !URL.canParse(issuer)) {
    throw new Error(`service-account-issuer ${JSON.stringify(issuer)} contained a ':' but was not a valid URL`)
  }
}

function createPrivateKeyOf(text: string): KeyObject {
  return createPrivateKey(text)
}

/** Keys that tokens can be signed with. */
function publicKeysIn(text: string): KeyObject[] {
  return publicKeysOf(text).map((key) => verificationKey(key).key)
}

function keyIn<T>(name: string, path: string, parse: (text: string) => T): T {
  try {
    return parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`cannot use --${name}=${path}: ${why}`, { cause })
  }
}

function listIn(text: string | undefined): string[] {
  return (text ?? '').split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]))
}
