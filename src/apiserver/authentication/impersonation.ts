// Impersonation: whoever may, acts as someone else by naming them in headers.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation

import type { IncomingHttpHeaders } from 'node:http'
import { badRequest } from '../../machinery/errors.ts'
import { type Authorizer, requireAllowed } from '../authorization/authorizer.ts'
import { ANONYMOUS, AUTHENTICATED_GROUP, serviceAccountUser, type UserInfo } from '../user.ts'

const PREFIX = 'impersonate-'
const USER = 'impersonate-user'
const GROUP = 'impersonate-group'
const UID = 'impersonate-uid'
const EXTRA = 'impersonate-extra-'
const ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/

/** Whether a request names someone else to act as. */
export function namesImpersonation(headers: IncomingHttpHeaders): boolean {
  for (const name in headers) if (name.startsWith(PREFIX)) return true
  return false
}

/** The user a request acts as: `user` without such headers. Throws Forbidden when `user` may not impersonate. */
export async function impersonated(
  authorizer: Authorizer,
  user: UserInfo,
  headers: IncomingHttpHeaders,
): Promise<UserInfo> {
  const name = textOf(headers[USER])
  const groups = valuesOf(headers[GROUP])
  const uid = textOf(headers[UID])
  const extra = extraOf(headers)
  if (name === '') {
    if (groups.length > 0 || uid !== '' || Object.keys(extra).length > 0) {
      throw badRequest('requested impersonation of a group, uid or extra without impersonating a user')
    }
    return user
  }
  const require = (group: string, resource: string, subject: string, subresource = '', namespace = '') =>
    requireAllowed(authorizer, {
      user,
      verb: 'impersonate',
      group,
      version: 'v1',
      resource,
      subresource,
      namespace,
      name: subject,
      path: '',
      isResource: true,
    })
  const account = ACCOUNT.exec(name)
  if (account) await require('', 'serviceaccounts', account[2] ?? '', '', account[1] ?? '')
  else await require('', 'users', name)
  for (const group of groups) await require('', 'groups', group)
  if (uid !== '') await require('authentication.k8s.io', 'uids', uid)
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) await require('authentication.k8s.io', 'userextras', value, key)
  }
  return {
    name,
    groups: groupsOf(name, account, groups),
    ...(uid === '' ? {} : { uid }),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  }
}

function groupsOf(name: string, account: RegExpExecArray | null, given: readonly string[]): readonly string[] {
  const own = account && given.length === 0 ? serviceAccountUser(account[1] ?? '', account[2] ?? '', '').groups : given
  if (name === ANONYMOUS.name) return own.length > 0 ? own : ANONYMOUS.groups
  return own.includes(AUTHENTICATED_GROUP) ? own : [...own, AUTHENTICATED_GROUP]
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
