// Service-account tokens: signed, bound to their account (and pod, secret or node), verified against what is stored.
// Spec: KEP-1205 (bound tokens), RFC 7519 (JWT), RFC 7518 (algorithms).

import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Node, Pod, Secret, ServiceAccount } from '../../api/generated/core-v1.ts'
import type { Clock } from '../../machinery/clock.ts'
import type { Random } from '../../machinery/random.ts'
import type { Registry } from '../registry/registry.ts'
import { serviceAccountUser, type UserInfo } from '../user.ts'
import type { Authenticator } from './authenticator.ts'
import { isSignedBy, parseSigned } from './jwt/signature.ts'
import { refused } from './refused.ts'
import { distinctKeys, keySetOf, signWith, verificationKey } from './signing-keys.ts'

interface NamedUid {
  readonly name: string
  readonly uid: string
}

/** The claims of a bound token. Times are seconds since the epoch. */
interface Claims {
  readonly iss: string
  readonly sub: string
  readonly aud: readonly string[]
  readonly exp: number
  readonly iat: number
  readonly nbf: number
  readonly jti: string
  readonly 'kubernetes.io': {
    readonly namespace: string
    readonly serviceaccount: NamedUid
    readonly pod?: NamedUid
    readonly secret?: NamedUid
    readonly node?: Partial<NamedUid>
    /** From when on the token should have been replaced, though it still counts. */
    readonly warnafter?: number
  }
}

/** What a token is bound to besides its account. */
export interface TokenBinding {
  readonly kind: 'Pod' | 'Secret' | 'Node'
  readonly name: string
  readonly uid: string
  /** Node of the pod, so that the token names it. */
  readonly node?: Partial<NamedUid>
}

export interface TokenIssuerOptions {
  readonly registry: Registry
  readonly clock: Clock
  readonly random: Random
  /** RSA or EC: signs. Its public half is always accepted. */
  readonly privateKey: KeyObject
  /** Further public keys whose tokens are accepted. */
  readonly acceptedKeys?: readonly KeyObject[]
  /** `https://kubernetes.default.svc.cluster.local`: the first one is named in tokens, all are accepted. */
  readonly issuers: readonly [string, ...string[]]
  /** Audiences the API server answers to. */
  readonly audiences: readonly string[]
}

export interface TokenIssuer {
  /** Signs a token; gives it with its expiry, milliseconds since the epoch. */
  issue(request: {
    readonly namespace: string
    readonly account: NamedUid
    readonly audiences: readonly string[]
    readonly seconds: number
    /** Seconds after which it should have been replaced. */
    readonly warnAfter?: number
    readonly binding?: TokenBinding
  }): { readonly token: string; readonly expiresAt: number; readonly id: string }
  readonly authenticate: Authenticator
  /** Verifies a token for given audiences; rejects with Unauthorized. */
  verify(token: string, audiences: readonly string[]): Promise<{ user: UserInfo; audiences: readonly string[] }>
  /** Whether a token is signed with one of the keys. */
  knows(token: string): boolean
  /** The public keys as a JSON Web Key Set. */
  readonly jwks: object
  /** Algorithms that tokens may be signed with. */
  readonly algorithms: readonly string[]
  /** How many tokens were shown that held and should have been replaced, and how many had been seen before. */
  readonly figures: Readonly<TokenFigures>
}

export interface TokenFigures {
  valid: number
  stale: number
  cached: number
  fetched: number
  failed: number
}

const UNKNOWN = 'invalid bearer token'
const WRONG_SIGNATURE = 'go-jose/go-jose: error in cryptographic primitive'
const MAX_CACHED = 4096

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { registry, clock, random, privateKey, issuers, acceptedKeys = [] } = options
  const own = verificationKey(createPublicKey(privateKey))
  const keys = distinctKeys([own.key, ...acceptedKeys])
  const header = encode({ alg: own.algorithm, kid: own.kid })
  const figures: TokenFigures = { valid: 0, stale: 0, cached: 0, fetched: 0, failed: 0 }
  // Signatures are checked once; what a token is bound to is looked up every time.
  const checked = new Map<string, Claims>()

  function claimsOf(token: string): Claims | undefined {
    const known = checked.get(token)
    if (known) {
      figures.cached += 1
      return known
    }
    figures.fetched += 1
    const signed = parseSigned(token)
    if (!signed) return undefined
    const candidates = keys.filter(
      ({ kid, algorithm }) => algorithm === signed.algorithm && (signed.kid === '' || signed.kid === kid),
    )
    if (!candidates.some((key) => isSignedBy(signed, key))) {
      figures.failed += 1
      return undefined
    }
    const claims = signed.claims as unknown as Claims
    checked.set(token, claims)
    for (const oldest of checked.keys()) {
      if (checked.size <= MAX_CACHED) break
      checked.delete(oldest)
    }
    return claims
  }

  /** Of tokens that are said to be of this server more is told than of those of others. Model: hasCorrectIssuer. */
  function unsignedProblem(token: string): string {
    const issuer = parseSigned(token)?.claims.iss
    return typeof issuer === 'string' && issuers.includes(issuer) ? WRONG_SIGNATURE : UNKNOWN
  }

  async function verifyToken(token: string, audiences: readonly string[]) {
    const claims = claimsOf(token)
    if (!claims || !issuers.includes(claims.iss)) throw refused(claims ? UNKNOWN : unsignedProblem(token))
    const now = clock.now() / 1000
    if (claims.exp < now) throw refused('service account token has expired')
    if (claims.nbf > now + 60) throw refused('service account token is not valid yet')
    const granted = audiences.filter((a) => claims.aud.includes(a))
    if (granted.length === 0) {
      const list = (all: readonly string[]) => `[${all.map((one) => JSON.stringify(one)).join(' ')}]`
      throw refused(`token audiences ${list(claims.aud)} is invalid for the target audiences ${list(audiences)}`)
    }
    await checkBinding(claims)
    const bound = claims['kubernetes.io']
    if (bound.warnafter !== undefined && bound.warnafter < now) figures.stale += 1
    else figures.valid += 1
    const extra = {
      'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`],
      ...(bound.node?.name ? { 'authentication.kubernetes.io/node-name': [bound.node.name] } : {}),
      ...(bound.node?.uid ? { 'authentication.kubernetes.io/node-uid': [bound.node.uid] } : {}),
      ...(bound.pod
        ? {
            'authentication.kubernetes.io/pod-name': [bound.pod.name],
            'authentication.kubernetes.io/pod-uid': [bound.pod.uid],
          }
        : {}),
    }
    const { namespace, serviceaccount } = bound
    return { user: serviceAccountUser(namespace, serviceaccount.name, serviceaccount.uid, extra), audiences: granted }
  }

  /** The account, and what the token is bound to, must still be the same objects. */
  async function checkBinding(claims: Claims): Promise<void> {
    const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io']
    const invalidated = () => refused('service account token has been invalidated')
    const account = await registry.lookup<ServiceAccount>('', 'serviceaccounts', namespace, serviceaccount.name)
    if (!account) throw refused(`serviceaccounts "${serviceaccount.name}" not found`)
    if (account.metadata.uid !== serviceaccount.uid) {
      throw refused(`service account UID (${account.metadata.uid}) does not match claim (${serviceaccount.uid})`)
    }
    if (pod) {
      const found = await registry.lookup<Pod>('', 'pods', namespace, pod.name)
      if (!found || found.metadata.uid !== pod.uid) throw invalidated()
    } else if (secret) {
      const found = await registry.lookup<Secret>('', 'secrets', namespace, secret.name)
      if (!found || found.metadata.uid !== secret.uid) throw invalidated()
    } else if (node?.name) {
      const found = await registry.lookup<Node>('', 'nodes', '', node.name)
      if (!found || (node.uid && found.metadata.uid !== node.uid)) throw invalidated()
    }
  }

  return {
    jwks: keySetOf(keys),
    algorithms: [...new Set(keys.map(({ algorithm }) => algorithm))].sort(),
    knows: (token) => claimsOf(token) !== undefined,
    figures,

    issue({ namespace, account, audiences, seconds, warnAfter, binding }) {
      const now = Math.floor(clock.now() / 1000)
      const id = random.uuid()
      const bound = binding ? { [binding.kind.toLowerCase()]: { name: binding.name, uid: binding.uid } } : {}
      const claims: Claims = {
        aud: audiences,
        exp: now + seconds,
        iat: now,
        iss: issuers[0],
        jti: id,
        'kubernetes.io': {
          namespace,
          ...(binding?.node ? { node: binding.node } : {}),
          ...bound,
          serviceaccount: account,
          ...(warnAfter === undefined ? {} : { warnafter: now + warnAfter }),
        },
        nbf: now,
        sub: `system:serviceaccount:${namespace}:${account.name}`,
      }
      const unsigned = `${header}.${encode(claims)}`
      return { token: `${unsigned}.${signWith(privateKey, own, unsigned)}`, expiresAt: claims.exp * 1000, id }
    },

    async authenticate({ bearerToken }) {
      if (bearerToken === undefined || claimsOf(bearerToken) === undefined) return undefined
      return (await verifyToken(bearerToken, options.audiences)).user
    },

    verify: verifyToken,
  }
}
