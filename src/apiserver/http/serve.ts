// One request from its first byte to the handler that answers it, and what went wrong on the way.

import { IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { isReason, pageNotFound, StatusError, UndecidedRequest } from '../../machinery/errors.ts'
import type { Logger } from '../../machinery/logger.ts'
import { admitConnect } from '../admission/connect.ts'
import { serveRemote, serveRemoteUpgrade } from '../aggregation/aggregator-proxy.ts'
import type { RemoteApis } from '../aggregation/remote-apis.ts'
import { AuditLost, type Auditor, type AuditTrail, auditIdOf } from '../audit/auditor.ts'
import { type PodConnectEnv, requireUpgrade, servePodLog, servePodUpgrade } from '../connect/pod-connect.ts'
import { serveProxy, serveProxyUpgrade } from '../connect/proxy.ts'
import { isProxied } from '../connect/proxy-target.ts'
import type { Admitted, FlowControl } from '../flow-control/flow-control.ts'
import { FlowRejection } from '../flow-control/level.ts'
import type { ApiMetrics } from '../metrics/index.ts'
import type { TrackedRequest } from '../metrics/requests.ts'
import type { UserInfo } from '../user.ts'
import { type AccessOptions, authenticate, authorize } from './access.ts'
import type { Deadlines } from './deadline.ts'
import type { Request, Response } from './exchange.ts'
import { H1Response } from './h1-exchange.ts'
import { parseRequest, type RequestInfo } from './request-info.ts'
import { serveResource } from './resource-handler.ts'
import type { ResourceHandlerEnv } from './resource-request.ts'
import { isToldAsStatus, NOT_KEPT, sendError, sendText } from './respond.ts'
import { checkConnection } from './routes.ts'
import { type SystemHandlerEnv, serveSystem } from './system-handler.ts'

export interface ServeOptions extends AccessOptions {
  /** The time limits of requests that do not stay by their nature. */
  readonly deadlines: Deadlines
  readonly resources: ResourceHandlerEnv
  readonly system: SystemHandlerEnv
  readonly pods: PodConnectEnv
  /** The APIs that other servers serve. */
  readonly remotes: RemoteApis
  readonly metrics: ApiMetrics
  /** Writes down what is asked; absent: nothing is written. */
  readonly audit?: Auditor
  /** Says when a request's turn is; absent: at once. */
  readonly flow?: FlowControl
  /** Serves images under /v2/ to nodes away from here; absent as long as there are none. */
  readonly images: () => ((request: IncomingMessage, response: ServerResponse) => Promise<void>) | undefined
  readonly log: Logger
  readonly now: () => number
}

const UPGRADES = new Set(['exec', 'attach', 'portforward'])
// These last as long as their clients want, so they are not counted.
const LONG_RUNNING = new Set([...UPGRADES, 'proxy', 'log'])

/** Serves one request; never rejects. */
export async function serve(
  options: ServeOptions,
  request: Request,
  socket: Socket,
  response: Response,
): Promise<void> {
  const method = request.method ?? 'GET'
  const url = request.url ?? '/'
  const info = parseRequest(method, url)
  const trail = options.audit?.follow(request, info, socket.remoteAddress ?? '')
  response.setHeader('audit-id', trail?.id ?? auditIdOf(request, options.system.registry.random))
  response.on('error', (error: Error) => options.log.debug('response-error', { error }))
  const tracked = options.metrics.requests.begin(info, kindOf(info), request.headers)
  response.on('close', () => {
    tracked.ended(response.statusCode, response.bodyBytes ?? -1)
    trail?.completed(response.statusCode)
  })
  let mayGoOn = false
  try {
    if (info.problem) throw new UndecidedRequest(`failed to create RequestInfo: ${info.problem}`)
    if (!staysLong(info)) {
      options.deadlines.limit(response, info, (error) => {
        tracked.late(response.headersSent)
        trail?.failed(error.status)
        sendError(response, error, options.log, { ...described(request), cbor: options.resources.cbor ?? false })
      })
    }
    // Most requests wait for nothing on their way, and waiting for what is there already costs as much as the way.
    const known = authenticate(options, request, socket, info, trail)
    const user = known instanceof Promise ? await known : known
    const admitted = admit(options, info, user, response)
    const turn = admitted instanceof Promise ? await itsTurn(admitted, tracked) : admitted
    try {
      if (turn) nameFlow(response, turn)
      const allowed = authorize(options, info, user, trail)
      if (allowed) await allowed
      mayGoOn = true
      trail?.observe(response)
      // Watches are counted only until what is there has been sent.
      const served = dispatch(options, request, response, { info, user, trail, tracked })
      if (served) await served
    } finally {
      turn?.release()
    }
  } catch (error) {
    if (error instanceof FlowRejection) return refuseForNow(request, response, error)
    if (error instanceof AuditLost) return sendText(response, 500, `${error.message}\n`)
    if (trail) tellFailure(trail, error, { ...described(request), cbor: options.resources.cbor ?? false })
    request.resume()
    if (!mayGoOn && isReason(error, 'Forbidden')) response.setHeader('x-content-type-options', 'nosniff')
    sendError(response, error, options.log, { ...described(request), cbor: options.resources.cbor ?? false })
  }
}

/** Requests that last by their nature: watches, connections, and layers of images on their way to slow nodes. */
function staysLong({ verb, subresource, path }: RequestInfo): boolean {
  return (
    verb === 'watch' || LONG_RUNNING.has(subresource) || path.startsWith('/v2/') || path.startsWith('/debug/pprof/')
  )
}

const READING = new Set(['get', 'list', 'head'])

function kindOf(info: RequestInfo): 'readOnly' | 'mutating' | 'longRunning' {
  if (staysLong(info)) return 'longRunning'
  return READING.has(info.verb) ? 'readOnly' : 'mutating'
}

/** The request's turn, when requests of its sort take turns. */
function admit(options: ServeOptions, info: RequestInfo, user: UserInfo, response: Response) {
  if (!options.flow || LONG_RUNNING.has(info.subresource)) return undefined
  return options.flow.admit(user, info, (gone) => response.on('close', gone))
}

async function itsTurn(admitted: Promise<Admitted>, tracked: TrackedRequest): Promise<Admitted> {
  const over = tracked.queued()
  try {
    return await admitted
  } finally {
    over()
  }
}

function nameFlow(response: Response, { flowSchemaUid, priorityLevelUid }: Admitted): void {
  if (flowSchemaUid === '') return
  response.setHeader('x-kubernetes-pf-flowschema-uid', flowSchemaUid)
  response.setHeader('x-kubernetes-pf-prioritylevel-uid', priorityLevelUid)
}

/** There is no Status for this: it has to cost as little as can be. */
function refuseForNow(request: Request, response: Response, { message }: FlowRejection): void {
  request.resume()
  response.writeHead(429, {
    'content-type': 'text/plain; charset=utf-8',
    'retry-after': '1',
    'cache-control': NOT_KEPT,
    'x-content-type-options': 'nosniff',
  })
  response.end(`${message}\n`)
}

function tellFailure(trail: AuditTrail, error: unknown, request: Parameters<typeof isToldAsStatus>[1]): void {
  if (error instanceof StatusError) trail.failed(isToldAsStatus(error, request) ? error.status : undefined)
  else trail.panicked(error instanceof Error ? error.message : String(error))
}

/** The API service of another server that a request is for. */
function remoteOf({ remotes }: ServeOptions, info: RequestInfo) {
  if (remotes.isEmpty) return undefined
  if (info.isResource) return remotes.find(info.group, info.version)
  const [, group, version] = /^\/apis\/([^/]+)\/([^/]+)\/?$/.exec(info.path) ?? []
  return group !== undefined && version !== undefined ? remotes.find(group, version) : undefined
}

function dispatch(
  options: ServeOptions,
  request: Request,
  response: Response,
  about: { info: RequestInfo; user: UserInfo; trail: AuditTrail | undefined; tracked: TrackedRequest },
): Promise<void> | undefined {
  const { info, user, trail, tracked } = about
  const remote = remoteOf(options, info)
  if (remote) return serveRemote(options.remotes, remote, request, response, user)
  if (!info.isResource) {
    const reads = info.verb === 'get' || info.verb === 'head'
    const images = reads && /^\/v2(\/|$)/.test(info.path) ? options.images() : undefined
    // Registry clients speak HTTP/1.1, and the registry is written for Node's own classes.
    if (images && request instanceof IncomingMessage && response instanceof H1Response) {
      return images(request, response.handOver())
    }
    return serveSystem(options.system, request, response, info)
  }
  if (isProxied(info)) {
    return admitConnect(options.pods.registry, info, user).then(() => serveProxy(options.pods, request, response, info))
  }
  if (checkConnection(request, info)) {
    if (info.subresource === 'log') return servePodLog(options.pods, request, response, info)
    return requireUpgrade(options.pods, info)
  }
  const { waited } = tracked
  return serveResource(options.resources, request, response, info, user, trail ? { waited, trail } : { waited })
}

/** Serves a request that wants to change the protocol of its connection; never rejects. */
export async function upgrade(
  options: ServeOptions,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Promise<void> {
  const info = parseRequest(request.method ?? 'GET', request.url ?? '/')
  const trail = options.audit?.follow(request, info, socket.remoteAddress ?? '')
  socket.on('error', (error) => options.log.debug('upgrade-socket-error', { error }))
  try {
    const user = await authenticate(options, request, socket, info, trail)
    await authorize(options, info, user, trail)
    if (trail) {
      trail.begun(101)
      socket.on('close', () => trail.completed(101))
    }
    const remote = remoteOf(options, info)
    if (remote) return await serveRemoteUpgrade(options.remotes, remote, request, socket, head, user)
    if (isProxied(info)) {
      await admitConnect(options.pods.registry, info, user)
      await serveProxyUpgrade(options.pods, request, socket, head, info)
      return
    }
    // Whoever may run commands over WebSocket must be allowed to create them, as with POST.
    if (info.verb === 'get') await authorize(options, { ...info, verb: 'create' }, user)
    if (!checkConnection(request, info) || info.subresource === 'log') throw pageNotFound()
    await admitConnect(options.pods.registry, info, user)
    await servePodUpgrade(options.pods, request, socket, head, info)
  } catch (error) {
    if (trail) tellFailure(trail, error, { headers: {} })
    refuseUpgrade(options, socket, error)
    trail?.completed(0)
  }
}

/** Answers an upgrade with an error and ends the connection. */
export function refuseUpgrade(options: ServeOptions, socket: Duplex, error: unknown): void {
  const known = error instanceof StatusError ? error : undefined
  if (!known) options.log.error('upgrade-failed', { error })
  const status = known?.status ?? {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: String(error),
    reason: 'InternalError',
    code: 500,
  }
  const body = JSON.stringify(status)
  const code = status.code ?? 500
  socket.end(
    `HTTP/1.1 ${code} ${status.reason}\r\nCache-Control: ${NOT_KEPT}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

/** What an error answer has to know of its request. */
export function described({ method = '', url = '', headers }: Request) {
  return { method, url, headers }
}
