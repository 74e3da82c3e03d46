// The HTTP client of kubectl commands: one connection pool, credentials, warnings, errors as typed objects.

import type { IncomingMessage, RequestOptions } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { WebSocket } from 'ws'
import { StatusError } from '../../machinery/errors.ts'
import { readJsonLines } from '../../machinery/json-lines.ts'
import type { RestConfig } from '../config/rest-config.ts'
import { readAll } from './body.ts'
import { connectionError } from './connection-error.ts'
import { type Credentials, createCredentials } from './credentials.ts'
import { errorOf } from './status.ts'

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

export interface RestRequest {
  readonly method?: string
  readonly path: string
  readonly query?: Query
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer | undefined
  /** Of the body; JSON when absent. */
  readonly contentType?: string
  readonly accept?: string
  readonly signal?: AbortSignal | undefined
}

export interface RestResponse {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface WatchEvent {
  readonly type: string
  readonly object: Record<string, unknown>
}

export interface RestClient {
  readonly config: RestConfig
  /** Sends and reads the whole answer. Throws StatusError for refusals, ConnectionError when there is no answer. */
  send(request: RestRequest): Promise<RestResponse>
  /** The answer as JSON. */
  json(request: RestRequest): Promise<unknown>
  /** The answer as it comes, for logs and raw output. */
  open(request: RestRequest): Promise<IncomingMessage>
  /** Events of a watch until the server or `signal` ends it. */
  watch(request: RestRequest): AsyncGenerator<WatchEvent>
  /** Opens a WebSocket speaking one of `subprotocols`. */
  webSocket(path: string, query: Query, subprotocols: readonly string[]): Promise<WebSocket>
  /** Where the server is and how to speak to it, for whoever passes on the requests of others. */
  access(): Promise<ServerAccess>
  close(): void
}

export interface ServerAccess {
  readonly base: URL
  readonly tls: RequestOptions
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly request: Start
}

export interface RestClientOptions {
  readonly config: RestConfig
  readonly env: NodeJS.ProcessEnv
  /** Standard input belongs to the command: a credential plugin must not ask there. */
  readonly stdinInUse?: boolean
  readonly onWarning: (text: string) => void
}

const JSON_TYPE = 'application/json'

/** A client for one server. */
export async function createRestClient(options: RestClientOptions): Promise<RestClient> {
  const { config } = options
  const credentials = await createCredentials(options)
  const base = new URL(config.server)
  const secure = base.protocol === 'https:'
  const { request: start, Agent } = secure ? await import('node:https') : await import('node:http')
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const url = (path: string, query: Query = {}) => fullUrl(base, path, query, config.timeoutMs)

  const open = async (request: RestRequest): Promise<IncomingMessage> => {
    const target = url(request.path, request.query)
    const settings: RequestOptions = {
      method: request.method ?? 'GET',
      agent,
      headers: {
        accept: request.accept ?? JSON_TYPE,
        'user-agent': 'kubectl/sampan',
        ...(request.body === undefined
          ? {}
          : { 'content-type': request.contentType ?? JSON_TYPE, 'content-length': Buffer.byteLength(request.body) }),
        ...(await credentials.headers()),
        ...request.headers,
      },
      ...(request.signal ? { signal: request.signal } : {}),
      ...(secure ? tlsOptions(config, credentials) : {}),
    }
    const response = await answer(start, target, settings, request.body, config.timeoutMs)
    if (response.statusCode === 401) credentials.refused()
    for (const text of warningsOf(response.headers.warning)) options.onWarning(text)
    return response
  }

  const client: RestClient = {
    config,
    async open(request) {
      const response = await open(request)
      if ((response.statusCode ?? 0) < 400) return response
      throw errorOf(request, response, await readAll(response))
    },
    async send(request) {
      const response = await open(request)
      const body = await readAll(response)
      const status = response.statusCode ?? 0
      if (status >= 400) throw errorOf(request, response, body)
      return { status, headers: response.headers, body }
    },
    async json(request) {
      const { body } = await client.send(request)
      return JSON.parse(body.toString())
    },
    async *watch(request) {
      const response = await client.open({ ...request, query: { ...request.query, watch: true } })
      for await (const line of readJsonLines(response)) {
        const event = line as WatchEvent
        if (event.type === 'ERROR') throw new StatusError(event.object as never)
        yield event
      }
    },
    async webSocket(path, query, subprotocols) {
      const { openWebSocket } = await import('./web-socket.ts')
      const target = url(path, query)
      target.protocol = secure ? 'wss:' : 'ws:'
      const headers = await credentials.headers()
      return openWebSocket({ target, subprotocols, headers, tls: secure ? tlsOptions(config, credentials) : {} })
    },
    async access() {
      const headers = await credentials.headers()
      return { base, tls: secure ? tlsOptions(config, credentials) : {}, headers, request: start }
    },
    close: () => agent.destroy(),
  }
  return client
}

function fullUrl(base: URL, path: string, query: Query, timeoutMs: number): URL {
  const [pathname = '', search = ''] = path.split('?', 2)
  const prefix = base.pathname.replace(/\/$/, '')
  const target = new URL(`${base.origin}${prefix}${pathname.startsWith('/') ? pathname : `/${pathname}`}`)
  const parameters = new URLSearchParams(search)
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(key, String(one))
  }
  if (timeoutMs > 0) parameters.set('timeout', `${timeoutMs / 1000}s`)
  target.search = parameters.toString()
  return target
}

/** TLS settings of a connection. */
function tlsOptions(config: RestConfig, credentials: Credentials) {
  const { ca, serverName, insecure } = config.tls
  const { cert, key } = credentials.certificate() ?? config.tls
  return {
    rejectUnauthorized: !insecure,
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(serverName ? { servername: serverName } : {}),
  }
}

type Start = (url: URL, options: RequestOptions) => import('node:http').ClientRequest

function answer(
  start: Start,
  target: URL,
  settings: RequestOptions,
  body: string | Buffer | undefined,
  timeoutMs: number,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = start(target, settings)
    if (timeoutMs > 0) {
      request.setTimeout(timeoutMs, () => request.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })))
    }
    request.on('error', (error) => reject(settings.signal?.aborted ? error : connectionError(target, error)))
    request.on('socket', (socket) => (socket as TLSSocket).setNoDelay(true))
    request.on('response', resolve)
    request.end(body)
  })
}

/** Texts of a Warning header: `299 - "text"`, several after commas. */
export function warningsOf(header: string | undefined): string[] {
  if (!header) return []
  return [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((m) => (m[1] ?? '').replace(/\\(.)/g, '$1'))
}
