// Who a request is served as, and whether that one may do what it asks.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/

import type { Socket } from 'node:net'
import { StatusError, unauthorized } from '../../machinery/errors.ts'
import type { AuditTrail } from '../audit/auditor.ts'
import type { Authenticator, Credentials } from '../authentication/authenticator.ts'
import { namesImpersonation, wantedUser } from '../authentication/impersonation.ts'
import type { Impersonator } from '../authentication/impersonator.ts'
import { webSocketToken } from '../authentication/websocket-token.ts'
import {
  type AuthorizationAttributes,
  type Authorizer,
  type Decision,
  demandedName,
  requireAllowed,
} from '../authorization/authorizer.ts'
import type { ApiMetrics } from '../metrics/index.ts'
import { ANONYMOUS, type UserInfo } from '../user.ts'
import { type ClientAuthorities, identityOf } from './client-identity.ts'
import type { Request } from './exchange.ts'
import type { RequestInfo } from './request-info.ts'

/** The verbs that selectors narrow. */
const SELECTING = new Set(['list', 'watch', 'deletecollection'])

export interface AccessOptions {
  readonly tls: ClientAuthorities
  readonly authenticate: Authenticator
  /** Whether a request without credentials may go on, as nobody; absent: it may. */
  readonly allowsAnonymous?: (path: string) => boolean
  readonly authorizer: Authorizer
  /** Says as whom a request is served that names somebody. */
  readonly impersonate: Impersonator
  readonly metrics: Pick<ApiMetrics, 'access'>
  readonly now: () => number
}

/** Who a request is to be served as: who sent it, or whom that one names in its stead. At once where nobody is asked. */
export function authenticate(
  options: AccessOptions,
  request: Request,
  socket: Socket,
  info: RequestInfo,
  trail: AuditTrail | undefined,
): UserInfo | Promise<UserInfo> {
  const sender = senderOf(options, request, socket, trail)
  if (sender instanceof Promise) return sender.then((own) => actingAs(options, request, own, info, trail))
  return actingAs(options, request, sender, info, trail)
}

function actingAs(
  options: AccessOptions,
  request: Request,
  own: UserInfo,
  info: RequestInfo,
  trail: AuditTrail | undefined,
): UserInfo | Promise<UserInfo> {
  const kept = trail?.received(own)
  if (kept) return kept.then(() => inStead(options, request, own, info, trail))
  return inStead(options, request, own, info, trail)
}

/** Whom the request names to act as; who sent it when it names nobody. */
function inStead(
  options: AccessOptions,
  request: Request,
  own: UserInfo,
  info: RequestInfo,
  trail: AuditTrail | undefined,
): UserInfo | Promise<UserInfo> {
  if (!namesImpersonation(request.headers)) return own
  return impersonating(options, request, own, info, trail)
}

async function impersonating(
  { impersonate, metrics, now }: AccessOptions,
  request: Request,
  own: UserInfo,
  info: RequestInfo,
  trail: AuditTrail | undefined,
): Promise<UserInfo> {
  const wanted = wantedUser(request.headers)
  if (!wanted) return own
  const started = now()
  try {
    const { user, constraint } = await impersonate(wanted, askedBy(own, info))
    trail?.impersonates(user, constraint)
    metrics.access.impersonated(
      constraint.slice('impersonate:'.length) || 'legacy',
      'allowed',
      (now() - started) / 1000,
    )
    return user
  } catch (error) {
    metrics.access.impersonated('', 'denied', (now() - started) / 1000)
    throw error
  }
}

function senderOf(
  options: AccessOptions,
  request: Request,
  socket: Socket,
  trail: AuditTrail | undefined,
): UserInfo | Promise<UserInfo> {
  const { metrics, now } = options
  const started = now()
  const known = (user: UserInfo) => {
    metrics.access.authenticated('success', user.name, (now() - started) / 1000)
    return user
  }
  const refused = (error: unknown): never => {
    const result = error instanceof StatusError && error.cause === undefined ? 'failure' : 'error'
    metrics.access.authenticated(result, '', (now() - started) / 1000)
    if (error instanceof StatusError) trail?.unauthenticated(error.status)
    throw error
  }
  try {
    const credentials = credentialsOf(options, request, socket)
    const answer = options.authenticate(credentials)
    if (answer instanceof Promise) {
      return answer.then((user) => known(user ?? anonymous(options, request, credentials))).catch(refused)
    }
    return known(answer ?? anonymous(options, request, credentials))
  } catch (error) {
    return refused(error)
  }
}

/** What a request offers to prove who sent it. Throws Unauthorized for what cannot be read. */
function credentialsOf(options: AccessOptions, request: Request, socket: Socket): Credentials {
  const { headers } = request
  const { certificate, proxyName } = identityOf(socket, options.tls)
  const { authorization } = headers
  let bearerToken = bearerTokenOf(authorization)
  const named = bearerToken === undefined ? webSocketToken(headers) : undefined
  if (named) {
    bearerToken = named.token
    headers['sec-websocket-protocol'] = named.otherProtocols
  }
  return { certificate, proxyName, bearerToken, headers }
}

/** The token of the header; words of other schemes are none of ours. Model: bearertoken.AuthenticateRequest. */
function bearerTokenOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const [scheme = '', token = ''] = header.trim().split(' ', 3)
  return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined
}

/** Nobody in particular. Throws Unauthorized for those who showed a token, and where one has to be somebody. */
function anonymous(options: AccessOptions, request: Request, { bearerToken }: Credentials): UserInfo {
  if (bearerToken !== undefined || options.allowsAnonymous?.(pathOf(request)) === false) throw unauthorized()
  return ANONYMOUS
}

function pathOf({ url = '/' }: Request): string {
  const mark = url.indexOf('?')
  return mark < 0 ? url : url.slice(0, mark)
}

/** Throws or rejects with Forbidden unless the request is allowed. */
export function authorize(
  options: AccessOptions,
  info: RequestInfo,
  user: UserInfo,
  trail?: AuditTrail,
): Promise<void> | undefined {
  const asked = askedBy(user, info)
  const { metrics, now } = options
  const started = now()
  return requireAllowed(options.authorizer, asked, (decision) => {
    metrics.access.authorized(resultOf(decision), (now() - started) / 1000)
    trail?.decided(decision)
  })
}

/** What a request of this user asks for. */
function askedBy(user: UserInfo, info: RequestInfo): AuthorizationAttributes {
  // Named one by one: a spread of this many fields is slow, and every request comes by here.
  const { verb, group, version, resource, subresource, namespace, path, isResource } = info
  const narrowed = SELECTING.has(verb)
  const fieldSelector = (narrowed && info.query.get('fieldSelector')) || ''
  const labelSelector = (narrowed && info.query.get('labelSelector')) || ''
  const name = info.name || demandedName(verb, fieldSelector)
  return {
    user,
    verb,
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
    path,
    isResource,
    fieldSelector,
    labelSelector,
  }
}

function resultOf({ verdict, error }: Decision) {
  if (verdict === 'allow') return 'allowed'
  if (error !== undefined) return 'error'
  return verdict === 'deny' ? 'denied' : 'no-opinion'
}
