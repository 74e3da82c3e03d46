// Keys of service-account tokens: one signs, all of them verify, and their public halves are published.
// Specs: RFC 7517 (JWK), RFC 7518 (algorithms).

import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto'

/** A key that tokens may be signed with. */
export interface VerificationKey {
  readonly kid: string
  readonly algorithm: string
  /** RSA or EC. */
  readonly kty: string
  readonly key: KeyObject
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' }
const PEM = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g

/** The public keys of a text with PEM blocks: public keys, private ones, certificates. Throws an Error without any. */
export function publicKeysOf(text: string): KeyObject[] {
  const keys = [...text.matchAll(PEM)]
    .filter(([, kind]) => kind !== 'EC PARAMETERS')
    .map(([block]) => createPublicKey(block))
  if (keys.length === 0) throw new Error('data does not contain any valid RSA or ECDSA public keys')
  return keys
}

/** A key with its id and algorithm, as upstream derives them. Throws an Error for keys that tokens cannot have. */
export function verificationKey(key: KeyObject): VerificationKey {
  const der = key.export({ type: 'spki', format: 'der' })
  const kid = createHash('sha256').update(der).digest('base64url')
  if (key.asymmetricKeyType === 'rsa') return { kid, algorithm: 'RS256', kty: 'RSA', key }
  const algorithm = CURVES[key.asymmetricKeyDetails?.namedCurve ?? '']
  if (key.asymmetricKeyType !== 'ec' || algorithm === undefined) {
    throw new Error(
      `unknown public key type ${JSON.stringify(key.asymmetricKeyType)}, must be *rsa.PublicKey or *ecdsa.PublicKey`,
    )
  }
  return { kid, algorithm, kty: 'EC', key }
}

/** Each key once, in the order given. */
export function distinctKeys(keys: readonly KeyObject[]): VerificationKey[] {
  return [...new Map(keys.map(verificationKey).map((key) => [key.kid, key])).values()]
}

/** The keys as a JSON Web Key Set. */
export function keySetOf(keys: readonly VerificationKey[]): object {
  return {
    keys: keys.map(({ kid, algorithm, key }) => {
      const { kty, crv, x, y, n, e } = key.export({ format: 'jwk' })
      const numbers = kty === 'RSA' ? { n, e } : { crv, x, y }
      return { use: 'sig', kty, kid, alg: algorithm, ...numbers }
    }),
  }
}

/** Signs a text as tokens are signed with the private half of `like`. */
export function signWith(privateKey: KeyObject, { algorithm }: VerificationKey, text: string): string {
  const key = algorithm.startsWith('ES') ? { key: privateKey, dsaEncoding: 'ieee-p1363' as const } : privateKey
  return sign(`sha${algorithm.slice(2)}`, Buffer.from(text), key).toString('base64url')
}
