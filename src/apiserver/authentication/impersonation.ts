// Impersonation: whoever may, acts as someone else by naming them in headers.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation

import type { IncomingHttpHeaders } from 'node:http'
import { badRequest } from '../../machinery/errors.ts'
import type { UserInfo } from '../user.ts'

/** Whom a request names, as its headers have it. */
export interface WantedUser {
  readonly name: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

/** The user that is acted as. `constraint` is the verb that allowed it, empty for the one of old. */
export interface Impersonated {
  readonly user: UserInfo
  readonly constraint: string
}

const PREFIX = 'impersonate-'
const EXTRA = 'impersonate-extra-'

/** Whether a request names someone else to act as. */
export function namesImpersonation(headers: IncomingHttpHeaders): boolean {
  for (const name in headers) if (name.startsWith(PREFIX)) return true
  return false
}

/** Whom the headers name; undefined when they name nobody. Throws BadRequest when they say more of somebody without a name. */
export function wantedUser(headers: IncomingHttpHeaders): WantedUser | undefined {
  const wanted = {
    name: textOf(headers['impersonate-user']),
    uid: textOf(headers['impersonate-uid']),
    groups: valuesOf(headers['impersonate-group']),
    extra: extraOf(headers),
  }
  if (wanted.name !== '') return wanted
  if (wanted.groups.length === 0 && wanted.uid === '' && Object.keys(wanted.extra).length === 0) return undefined
  throw badRequest(`requested ${shown(wanted)} without impersonating a user name`)
}

/** As Go shows it. */
function shown({ name, uid, groups, extra }: WantedUser): string {
  const quote = (text: string) => JSON.stringify(text)
  const list = (values: readonly string[]) => `[]string{${values.map(quote).join(', ')}}`
  const entries = Object.entries(extra).map(([key, values]) => `${quote(key)}:${list(values)}`)
  const map = entries.length === 0 ? 'map[string][]string(nil)' : `map[string][]string{${entries.sort().join(', ')}}`
  const all = groups.length === 0 ? '[]string(nil)' : list(groups)
  return `&user.DefaultInfo{Name:${quote(name)}, UID:${quote(uid)}, Groups:${all}, Extra:${map}}`
}

function textOf(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value[0] : value) ?? ''
}

/** Node joins repeated headers with a comma and a space. */
function valuesOf(value: string | string[] | undefined): string[] {
  const all = Array.isArray(value) ? value : (value ?? '').split(', ')
  return all.filter((v) => v !== '')
}

function extraOf(headers: IncomingHttpHeaders): Record<string, string[]> {
  const out: Record<string, string[]> = {}
  for (const [header, value] of Object.entries(headers)) {
    if (!header.startsWith(EXTRA)) continue
    out[unescaped(header.slice(EXTRA.length))] = valuesOf(value)
  }
  return out
}

/** Keys come percent-encoded; what does not decode is taken as it is. */
export function unescaped(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch (error) {
    if (error instanceof URIError) return key
    throw error
  }
}
