// Service-account tokens: signed, bound to their account (and pod, secret or node), verified against what is stored.
// Spec: KEP-1205 (bound tokens), RFC 7519 (JWT), RFC 7518 (ES256).

import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { Node, Pod, Secret, ServiceAccount } from '../../api/generated/core-v1.ts'
import type { Clock } from '../../machinery/clock.ts'
import { unauthorized } from '../../machinery/errors.ts'
import type { Random } from '../../machinery/random.ts'
import type { Registry } from '../registry/registry.ts'
import { serviceAccountUser, type UserInfo } from '../user.ts'
import type { Authenticator } from './authenticator.ts'

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
  /** EC P-256 private key. */
  readonly privateKey: KeyObject
  /** `https://kubernetes.default.svc.cluster.local`. */
  readonly issuer: string
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
    readonly binding?: TokenBinding
  }): { readonly token: string; readonly expiresAt: number }
  readonly authenticate: Authenticator
  /** Verifies a token for given audiences; rejects with Unauthorized. */
  verify(token: string, audiences: readonly string[]): Promise<{ user: UserInfo; audiences: readonly string[] }>
  /** The public keys as a JSON Web Key Set. */
  readonly jwks: object
}

const MAX_CACHED = 4096

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

export function createTokenIssuer(options: TokenIssuerOptions): TokenIssuer {
  const { registry, clock, random, privateKey, issuer } = options
  const publicKey = createPublicKey(privateKey)
  const jwk = publicKey.export({ format: 'jwk' })
  const kid = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
  const header = encode({ alg: 'ES256', kid, typ: 'JWT' })
  // Signatures are checked once; what a token is bound to is looked up every time.
  const checked = new Map<string, Claims>()

  function claimsOf(token: string): Claims | undefined {
    const known = checked.get(token)
    if (known) return known
    const [head, body, signature] = token.split('.')
    if (head !== header || body === undefined || signature === undefined) return undefined
    const valid = verify(
      'sha256',
      Buffer.from(`${head}.${body}`),
      { key: publicKey, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    )
    if (!valid) return undefined
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims
    checked.set(token, claims)
    for (const oldest of checked.keys()) {
      if (checked.size <= MAX_CACHED) break
      checked.delete(oldest)
    }
    return claims
  }

  async function verifyToken(token: string, audiences: readonly string[]) {
    const claims = claimsOf(token)
    if (!claims || claims.iss !== issuer) throw unauthorized()
    const now = clock.now() / 1000
    if (claims.exp < now || claims.nbf > now + 60) throw unauthorized()
    const granted = audiences.filter((a) => claims.aud.includes(a))
    if (granted.length === 0) throw unauthorized()
    await checkBinding(claims)
    const bound = claims['kubernetes.io']
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
    const account = await registry.lookup<ServiceAccount>('', 'serviceaccounts', namespace, serviceaccount.name)
    if (!account || account.metadata.uid !== serviceaccount.uid) throw unauthorized()
    if (pod) {
      const found = await registry.lookup<Pod>('', 'pods', namespace, pod.name)
      if (!found || found.metadata.uid !== pod.uid) throw unauthorized()
    } else if (secret) {
      const found = await registry.lookup<Secret>('', 'secrets', namespace, secret.name)
      if (!found || found.metadata.uid !== secret.uid) throw unauthorized()
    } else if (node?.name) {
      const found = await registry.lookup<Node>('', 'nodes', '', node.name)
      if (!found || (node.uid && found.metadata.uid !== node.uid)) throw unauthorized()
    }
  }

  return {
    jwks: { keys: [{ use: 'sig', kty: 'EC', kid, alg: 'ES256', crv: jwk.crv, x: jwk.x, y: jwk.y }] },

    issue({ namespace, account, audiences, seconds, binding }) {
      const now = Math.floor(clock.now() / 1000)
      const bound = binding ? { [binding.kind.toLowerCase()]: { name: binding.name, uid: binding.uid } } : {}
      const claims: Claims = {
        aud: audiences,
        exp: now + seconds,
        iat: now,
        iss: issuer,
        jti: random.uuid(),
        'kubernetes.io': {
          namespace,
          ...(binding?.node ? { node: binding.node } : {}),
          ...bound,
          serviceaccount: account,
        },
        nbf: now,
        sub: `system:serviceaccount:${namespace}:${account.name}`,
      }
      const unsigned = `${header}.${encode(claims)}`
      const signature = sign('sha256', Buffer.from(unsigned), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      return { token: `${unsigned}.${signature.toString('base64url')}`, expiresAt: claims.exp * 1000 }
    },

    async authenticate({ bearerToken }) {
      if (bearerToken === undefined || claimsOf(bearerToken) === undefined) return undefined
      return (await verifyToken(bearerToken, options.audiences)).user
    },

    verify: verifyToken,
  }
}
