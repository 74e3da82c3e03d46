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

/** The user of a client certificate: common name is the name, organisations are the groups. */
export function certificateAuthenticator(observe?: (expires: number) => void): Authenticator {
  return ({ certificate }) => {
    if (!certificate || certificate.commonName === '') return undefined
    observe?.(certificate.expires)
    return { name: certificate.commonName, groups: [...certificate.organizations, 'system:authenticated'] }
  }
}

/** Asks in order. Credentials that one finds wrong may be right for the next; only then is the first one's word final. */
export function firstKnown(authenticators: readonly Authenticator[]): Authenticator {
  return async (credentials) => {
    let wrong: { readonly error: unknown } | undefined
    for (const authenticator of authenticators) {
      try {
        const answer = authenticator(credentials)
        const user = answer instanceof Promise ? await answer : answer
        if (user) return user
      } catch (error) {
        wrong ??= { error }
      }
    }
    if (wrong) throw wrong.error
    return undefined
  }
}
