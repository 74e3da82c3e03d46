// The `proxy` subresources of pods, services and nodes: any request, and any upgrade, passed on to what is behind.

import { type ClientRequest, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect as connectPlain, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { Request, Response } from '../http/exchange.ts'
import type { RequestInfo } from '../http/request-info.ts'
import { passUpgrade } from './pass-upgrade.ts'
import type { PodConnectEnv } from './pod-connect.ts'
import { type ProxyTarget, proxyTarget, unavailable } from './proxy-target.ts'

const CONNECT_TIMEOUT_MS = 10_000
/** Headers that speak of one connection only. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

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
  const target = await proxyTarget(env, info)
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = openRequest(target, {
      method,
      path: path ?? `/${url.slice(info.path.length)}`,
      headers: forwardedHeaders(request),
      signal: gone.signal,
    })
    outgoing.on('response', resolve)
    outgoing.on('error', (cause) => reject(unreachable(target, cause)))
    sendBody(request, outgoing)
  }).catch((error: unknown) => {
    // A client that hangs up needs no answer.
    if (gone.signal.aborted) return undefined
    throw error
  })
  if (answer) await passBack(answer, response, gone.signal)
}

function openRequest(
  target: ProxyTarget,
  options: { method: string; path: string; headers: OutgoingHttpHeaders; signal: AbortSignal },
): ClientRequest {
  const { host, port, tls } = target
  if (!tls) return httpRequest({ host, port, ...options, agent: false })
  const trust = tls === 'unverified' ? { rejectUnauthorized: false } : tls
  return httpsRequest({ host, port, ...options, ...trust, agent: false })
}

function forwardedHeaders(request: Request): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith(':') || HOP_BY_HOP.has(name) || isPrivate(name) || value === undefined) continue
    headers[name] = value
  }
  const host = request.headers.host ?? String(request.headers[':authority'] ?? '')
  if (host !== '') {
    headers.host = host
    headers['x-forwarded-host'] = host
  }
  headers['x-forwarded-uri'] = request.url?.split('?')[0] ?? '/'
  return headers
}

/** Passes the body on, no faster than it is taken. */
function sendBody(request: Request, outgoing: ClientRequest): void {
  request.on('data', (chunk) => {
    // Methods that seldom have a body would otherwise send it without any frame when its length is not known.
    if (!outgoing.headersSent) outgoing.useChunkedEncodingByDefault = true
    if (outgoing.write(chunk)) return
    request.pause()
    outgoing.once('drain', () => request.resume())
  })
  request.on('end', () => outgoing.end())
  request.on('aborted', () => outgoing.destroy())
  request.on('error', (error) => outgoing.destroy(error))
}

async function passBack(answer: IncomingMessage, response: Response, gone: AbortSignal): Promise<void> {
  const headers: OutgoingHttpHeaders = {}
  for (const [name, value] of Object.entries(answer.headers)) {
    if (!HOP_BY_HOP.has(name) && value !== undefined) headers[name] = value
  }
  response.writeHead(answer.statusCode ?? 502, headers)
  try {
    for await (const chunk of answer) {
      if (gone.aborted) return
      if (!response.write(chunk)) await drained(response, gone)
    }
    response.end()
  } catch {
    // Its beginning is sent: all that is left to say is that there is no end.
    response.destroy()
  }
}

function drained(response: Response, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    response.on('drain', resolve)
    gone.addEventListener('abort', () => resolve(), { once: true })
  })
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

function openSocket(target: ProxyTarget): Promise<Socket> {
  const { host, port, tls } = target
  return new Promise((resolve, reject) => {
    const opened = () => {
      socket.setTimeout(0)
      resolve(socket)
    }
    const socket: Socket = tls
      ? connectTls(
          {
            host,
            port,
            ALPNProtocols: ['http/1.1'],
            ...(tls === 'unverified' ? { rejectUnauthorized: false } : tls),
          },
          opened,
        )
      : connectPlain({ host, port }, opened)
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('i/o timeout')))
    socket.on('error', (cause) => reject(unreachable(target, cause)))
  })
}

function unreachable({ host, port }: ProxyTarget, cause: Error): Error {
  const what = /ECONNREFUSED/.test(cause.message) ? 'connect: connection refused' : cause.message
  return unavailable(`error trying to reach service: dial tcp ${host}:${port}: ${what}`, { cause })
}
