// Passes requests and upgrades on to another server: body and answer flow no faster than they are taken.

import { type ClientRequest, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect as connectPlain, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { Request, Response } from '../http/exchange.ts'
import { unavailable } from './unavailable.ts'

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

export interface ForwardTarget {
  readonly host: string
  readonly port: number
  /** Absent: plain TCP. */
  readonly tls?: Pick<ConnectionOptions, 'cert' | 'key' | 'ca' | 'servername' | 'rejectUnauthorized'>
}

/** Sends the request to `path` of the target and its answer back. Throws ServiceUnavailable when nobody is there. */
export async function forward(options: {
  readonly target: ForwardTarget
  readonly request: Request
  readonly response: Response
  readonly path: string
  readonly headers: OutgoingHttpHeaders
}): Promise<void> {
  const { target, request, response, path, headers } = options
  const method = request.method ?? 'GET'
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = openRequest(target, { method, path, headers, signal: gone.signal })
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
  { host, port, tls }: ForwardTarget,
  options: { method: string; path: string; headers: OutgoingHttpHeaders; signal: AbortSignal },
): ClientRequest {
  if (!tls) return httpRequest({ host, port, ...options, agent: false })
  return httpsRequest({ host, port, ...options, ...tls, agent: false })
}

/** The request's headers but those of the connection and those that are `withheld`. */
export function forwardedHeaders(request: Request, isWithheld: (name: string) => boolean): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith(':') || HOP_BY_HOP.has(name) || isWithheld(name) || value === undefined) continue
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

/** A connection to the target, for requests that upgrade. Rejects with ServiceUnavailable. */
export function openSocket(target: ForwardTarget): Promise<Socket> {
  const { host, port, tls } = target
  return new Promise((resolve, reject) => {
    const opened = () => {
      socket.setTimeout(0)
      resolve(socket)
    }
    const socket: Socket = tls
      ? connectTls({ host, port, ALPNProtocols: ['http/1.1'], ...tls }, opened)
      : connectPlain({ host, port }, opened)
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('i/o timeout')))
    socket.on('error', (cause) => reject(unreachable(target, cause)))
  })
}

function unreachable({ host, port }: ForwardTarget, cause: Error): Error {
  const what = /ECONNREFUSED/.test(cause.message) ? 'connect: connection refused' : cause.message
  return unavailable(`error trying to reach service: dial tcp ${host}:${port}: ${what}`, { cause })
}
