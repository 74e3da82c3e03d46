// Who makes a request: authenticators are asked in turn, the first that knows the credentials answers.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/authentication/

import type { IncomingHttpHeaders } from 'node:http'
import type { UserInfo } from '../user.ts'

/** What a request offers to prove who it is from. */
export interface Credentials {
  /** Subject of a client certificate that the listener has verified against the cluster's CA. */
  readonly certificate:
    | {
        readonly commonName: string
        readonly organizations: readonly string[]
        /** Milliseconds since the epoch. */
        readonly expires: number
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
    const user = { name: certificate.commonName, groups: [...certificate.organizations, 'system:authenticated'] }
    users.set(certificate, user)
    return user
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
