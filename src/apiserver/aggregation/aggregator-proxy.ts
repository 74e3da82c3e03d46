// Passes requests for remote APIs on, with the caller's identity in headers that only this server's certificate vouches for.
// Spec: https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/#authentication-flow

import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import { isReason } from '../../machinery/errors.ts'
import { forward, forwardedHeaders, openSocket } from '../connect/forward.ts'
import { passUpgrade } from '../connect/pass-upgrade.ts'
import { unavailable } from '../connect/unavailable.ts'
import type { Request, Response } from '../http/exchange.ts'
import { sendText } from '../http/respond.ts'
import type { UserInfo } from '../user.ts'
import type { RemoteApis } from './remote-apis.ts'

type Service = NonNullable<ReturnType<RemoteApis['find']>>

/** Serves one request from the server behind `service`. */
export async function serveRemote(
  remotes: RemoteApis,
  service: Service,
  request: Request,
  response: Response,
  user: UserInfo,
): Promise<void> {
  try {
    const target = await reach(remotes, service)
    const headers = { ...forwardedHeaders(request, isOurs), ...identityHeaders(user) }
    await forward({ target, request, response, path: request.url ?? '/', headers })
  } catch (error) {
    // Whoever is not reached has no form for what is wrong. Model: proxyHandler.ServeHTTP and its responder.
    if (!isReason(error, 'ServiceUnavailable') || response.headersSent) throw error
    request.resume()
    sendText(response, error.code, `${error.message}\n`)
  }
}

/** Joins an upgrade with the server behind `service`. */
export async function serveRemoteUpgrade(
  remotes: RemoteApis,
  service: Service,
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  user: UserInfo,
): Promise<void> {
  const backend = await openSocket(await reach(remotes, service))
  const identity = Object.entries(identityHeaders(user)).flatMap(([name, value]) =>
    [value].flat().map((each) => `${name}: ${each}`),
  )
  const lines = [`${request.method} ${request.url ?? '/'} HTTP/1.1`, ...identity]
  passUpgrade({ request, client, head, backend, lines, isWithheld: isOurs })
}

async function reach(remotes: RemoteApis, service: Service) {
  if (!remotes.isAvailable(service)) throw unavailable('service unavailable')
  try {
    return await remotes.targetOf(service)
  } catch (cause) {
    throw unavailable('service unavailable', { cause })
  }
}

/** Who the caller is, only this server says: nothing of that kind is taken over from the caller. */
function isOurs(name: string): boolean {
  return name === 'authorization' || name.startsWith('impersonate-') || name.startsWith('x-remote-')
}

/** The caller's identity as headers. */
function identityHeaders(user: UserInfo): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { 'x-remote-user': user.name, 'x-remote-group': [...user.groups] }
  if (user.uid) headers['x-remote-uid'] = user.uid
  for (const [key, values] of Object.entries(user.extra ?? {})) {
    headers[`x-remote-extra-${encodeURIComponent(key).toLowerCase()}`] = [...values]
  }
  return headers
}
