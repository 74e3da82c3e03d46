// Who a request is served as, and whether that one may do what it asks.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/

import type { Socket } from 'node:net'
import { isReason, StatusError, unauthorized } from '../../machinery/errors.ts'
import type { AuditTrail } from '../audit/auditor.ts'
import type { Authenticator } from '../authentication/authenticator.ts'
import { impersonated, namesImpersonation } from '../authentication/impersonation.ts'
import { webSocketToken } from '../authentication/websocket-token.ts'
import { type Authorizer, type Decision, demanded, requireAllowed } from '../authorization/authorizer.ts'
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
  readonly metrics: Pick<ApiMetrics, 'access'>
  readonly now: () => number
}

/** Who a request is to be served as: who sent it, or whom that one names in its stead. */
export async function authenticate(
  options: AccessOptions,
  request: Request,
  socket: Socket,
  trail: AuditTrail | undefined,
): Promise<UserInfo> {
  const own = await senderOf(options, request, socket, trail)
  const kept = trail?.received(own)
  if (kept) await kept
  if (!namesImpersonation(request.headers)) return own
  const { metrics, now } = options
  const started = now()
  const noted = (decision: 'allowed' | 'denied' | 'error') =>
    metrics.access.impersonated(decision, (now() - started) / 1000)
  try {
    const user = await impersonated(options.authorizer, own, request.headers)
    if (user !== own) trail?.impersonates(user)
    noted('allowed')
    return user
  } catch (error) {
    noted(isReason(error, 'Forbidden') ? 'denied' : 'error')
    throw error
  }
}

async function senderOf(
  options: AccessOptions,
  request: Request,
  socket: Socket,
  trail: AuditTrail | undefined,
): Promise<UserInfo> {
  const header = request.headers.authorization
  let bearerToken = header !== undefined && /^bearer /i.test(header) ? header.slice(7).trim() : undefined
  const { metrics, now } = options
  const started = now()
  const noted = (result: 'success' | 'failure' | 'error', name: string) =>
    metrics.access.authenticated(result, name, (now() - started) / 1000)
  try {
    const named = bearerToken === undefined ? webSocketToken(request.headers) : undefined
    if (named) {
      bearerToken = named.token
      request.headers['sec-websocket-protocol'] = named.otherProtocols
    }
    const { certificate, proxyName } = identityOf(socket, options.tls)
    const user = await options.authenticate({ certificate, proxyName, bearerToken, headers: request.headers })
    if (user) {
      noted('success', user.name)
      return user
    }
    if (header !== undefined || named || options.allowsAnonymous?.(pathOf(request)) === false) throw unauthorized()
    noted('success', ANONYMOUS.name)
    return ANONYMOUS
  } catch (error) {
    noted(error instanceof StatusError && error.cause === undefined ? 'failure' : 'error', '')
    if (error instanceof StatusError) trail?.unauthenticated(error.status, bearerToken !== undefined)
    throw error
  }
}

function pathOf({ url = '/' }: Request): string {
  const mark = url.indexOf('?')
  return mark < 0 ? url : url.slice(0, mark)
}

/** Rejects with Forbidden unless the request is allowed. */
export function authorize(
  options: AccessOptions,
  info: RequestInfo,
  user: UserInfo,
  trail?: AuditTrail,
): Promise<void> {
  // Named one by one: a spread of this many fields is slow, and every request comes by here.
  const { verb, group, version, resource, subresource, namespace, path, isResource } = info
  const narrowed = SELECTING.has(verb)
  const fieldSelector = (narrowed && info.query.get('fieldSelector')) || ''
  const labelSelector = (narrowed && info.query.get('labelSelector')) || ''
  // A list of one name is about that object, as upstream's request info has it.
  const name = info.name || (demanded(fieldSelector, 'metadata.name') ?? '')
  const asked = {
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
  const { metrics, now } = options
  const started = now()
  return requireAllowed(options.authorizer, asked, (decision) => {
    metrics.access.authorized(resultOf(decision), (now() - started) / 1000)
    trail?.decided(decision)
  })
}

function resultOf({ verdict, error }: Decision) {
  if (verdict === 'allow') return 'allowed'
  if (error !== undefined) return 'error'
  return verdict === 'deny' ? 'denied' : 'no-opinion'
}
