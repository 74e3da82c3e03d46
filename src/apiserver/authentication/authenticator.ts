// Who makes a request: authenticators are asked in turn, the first that knows the credentials answers.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/authentication/

import type { IncomingHttpHeaders } from 'node:http'
import type { UserInfo } from '../user.ts'
import { refused } from './refused.ts'

/** What a request offers to prove who it is from. */
export interface Credentials {
  /** Subject of a client certificate that the listener has verified against the cluster's CA. */
  readonly certificate:
    | {
        readonly commonName: string
        readonly organizations: readonly string[]
        /** Milliseconds since the epoch. */
        readonly expires: number
        /** SHA-256 in lower-case hexadecimal. */
        readonly fingerprint: string
        /** What the subject says; more than one is none. */
        readonly uids: readonly string[]
      }
    | undefined
  /** From `Authorization: Bearer …`. */
  readonly bearerToken: string | undefined
  readonly headers: IncomingHttpHeaders
  /** Common name of a proxy in front, when its certificate is verified against the authority of those. */
  readonly proxyName: string | undefined
}

/** Undefined: no opinion. Rejects when credentials of its kind are there but wrong. */
export type Authenticator = (credentials: Credentials) => Promise<UserInfo | undefined> | UserInfo | undefined

/**
 * The user of a client certificate: common name is the name, organisations are the groups. `observe` is told at every
 * use when the certificate ends.
 */
export function certificateAuthenticator(observe?: (expires: number) => void): Authenticator {
  const users = new WeakMap<NonNullable<Credentials['certificate']>, UserInfo>()
  return ({ certificate }) => {
    if (!certificate || certificate.commonName === '') return undefined
    observe?.(certificate.expires)
    // One user a connection: whoever sends many requests is made once.
    const known = users.get(certificate)
    if (known) return known
    const user = userOf(certificate)
    users.set(certificate, user)
    return user
  }
}

function userOf(certificate: NonNullable<Credentials['certificate']>): UserInfo {
  const { commonName, organizations, fingerprint, uids } = certificate
  const [uid] = uids
  if (uids.length > 1) throw refused(`expected 1 UID, but found multiple: [${uids.join(' ')}]`)
  if (uid === '') throw refused('UID cannot be an empty string')
  return {
    name: commonName,
    ...(uid === undefined ? {} : { uid }),
    groups: [...organizations, 'system:authenticated'],
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
  }
}

/** Asks in order. Credentials that one finds wrong may be right for the next; only then is the first one's word final. */
export function firstKnown(authenticators: readonly Authenticator[]): Authenticator {
  return (credentials) => askFrom(authenticators, 0, undefined, credentials)
}

/** Answers at once as long as those asked do: most requests wait for nobody. */
function askFrom(
  authenticators: readonly Authenticator[],
  first: number,
  before: { readonly error: unknown } | undefined,
  credentials: Credentials,
): Promise<UserInfo | undefined> | UserInfo | undefined {
  let wrong = before
  for (let i = first; i < authenticators.length; i++) {
    try {
      const answer = authenticators[i]?.(credentials)
      if (answer instanceof Promise) {
        return answer.then(
          (user) => user ?? askFrom(authenticators, i + 1, wrong, credentials),
          (error) => askFrom(authenticators, i + 1, wrong ?? { error }, credentials),
        )
      }
      if (answer) return answer
    } catch (error) {
      wrong ??= { error }
    }
  }
  if (wrong) throw wrong.error
  return undefined
}
