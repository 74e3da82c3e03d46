// The `proxy` subresources of pods, services and nodes: any request, and any upgrade, passed on to what is behind.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Request, Response } from '../http/exchange.ts'
import type { RequestInfo } from '../http/request-info.ts'
import { forward, forwardedHeaders, openSocket } from './forward.ts'
import { passUpgrade } from './pass-upgrade.ts'
import type { PodConnectEnv } from './pod-connect.ts'
import { proxyTarget } from './proxy-target.ts'

/** Who asked is between the client and the API server. */
function isPrivate(name: string): boolean {
  return name === 'authorization' || name.startsWith('impersonate-')
}

/** The path after `proxy` with its query, as the client wrote it; undefined when there is none, not even a slash. */
export function proxiedPath(url: string): string | undefined {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const rest = /^\/+api\/+v1\/+(?:namespaces\/+[^/]+\/+)?[a-z]+\/+[^/]+\/+proxy(\/.*)?$/.exec(path)?.[1]
  return rest && rest + (mark < 0 ? '' : url.slice(mark))
}

/** Serves one request. */
export async function serveProxy(
  env: PodConnectEnv,
  request: Request,
  response: Response,
  info: RequestInfo,
): Promise<void> {
  const target = await proxyTarget(env, info)
  const url = request.url ?? '/'
  const path = proxiedPath(url)
  const method = request.method ?? 'GET'
  if (path === undefined && (method === 'GET' || method === 'HEAD')) {
    // Relative links of the answer only work below a path that ends in a slash.
    const query = url.slice(info.path.length)
    response.writeHead(301, { location: `${info.path}/${query}` })
    response.end()
    request.resume()
    return
  }
  const headers = forwardedHeaders(request, isPrivate)
  await forward({ target, request, response, path: path ?? `/${url.slice(info.path.length)}`, headers })
}

/** Serves an upgrade: the request goes on as it is, then both ends are joined byte by byte. */
export async function serveProxyUpgrade(
  env: PodConnectEnv,
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  info: RequestInfo,
): Promise<void> {
  const target = await proxyTarget(env, info)
  const backend = await openSocket(target)
  const url = request.url ?? '/'
  const lines = [`${request.method} ${proxiedPath(url) ?? `/${url.slice(info.path.length)}`} HTTP/1.1`]
  passUpgrade({ request, client, head, backend, lines, isWithheld: isPrivate })
}
