// Users that a proxy in front has authenticated, and names in headers; the proxy proves itself by a certificate.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#authenticating-proxy

import type { IncomingHttpHeaders } from 'node:http'
import { AUTHENTICATED_GROUP, type UserInfo } from '../user.ts'
import type { Authenticator } from './authenticator.ts'
import { unescaped } from './impersonation.ts'

export interface RequestHeaderOptions {
  /** PEM of those who sign for proxies. */
  readonly clientCa: string
  /** Common names of proxies; empty: every one that the authority signed for. */
  readonly allowedNames: readonly string[]
  readonly usernameHeaders: readonly string[]
  readonly uidHeaders: readonly string[]
  readonly groupHeaders: readonly string[]
  readonly extraHeaderPrefixes: readonly string[]
}

/** Has no opinion about requests that do not come from a proxy or name nobody. */
export function requestHeaderAuthenticator(options: RequestHeaderOptions): Authenticator {
  return ({ proxyName, headers }) => {
    if (proxyName === undefined) return undefined
    if (options.allowedNames.length > 0 && !options.allowedNames.includes(proxyName)) return undefined
    return userOf(options, headers)
  }
}

function userOf(options: RequestHeaderOptions, headers: IncomingHttpHeaders): UserInfo | undefined {
  const name = first(headers, options.usernameHeaders)
  if (name === '') return undefined
  const uid = first(headers, options.uidHeaders)
  const groups = options.groupHeaders.flatMap((header) => valuesOf(headers[header.toLowerCase()]))
  const extra = extraOf(headers, options.extraHeaderPrefixes)
  return {
    name,
    ...(uid ? { uid } : {}),
    groups: groups.includes(AUTHENTICATED_GROUP) ? groups : [...groups, AUTHENTICATED_GROUP],
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  }
}

function first(headers: IncomingHttpHeaders, names: readonly string[]): string {
  for (const name of names) {
    const [value] = valuesOf(headers[name.toLowerCase()])
    if (value !== undefined) return value
  }
  return ''
}

/** Node joins repeated headers with a comma and a space. */
function valuesOf(value: string | string[] | undefined): string[] {
  const all = Array.isArray(value) ? value : (value ?? '').split(', ')
  return all.filter((v) => v !== '')
}

function extraOf(headers: IncomingHttpHeaders, prefixes: readonly string[]): Record<string, string[]> {
  const out: Record<string, string[]> = {}
  for (const prefix of prefixes.map((p) => p.toLowerCase())) {
    for (const header in headers) {
      if (!header.startsWith(prefix)) continue
      const key = unescaped(header.slice(prefix.length))
      out[key] = [...(out[key] ?? []), ...valuesOf(headers[header])]
    }
  }
  return out
}
