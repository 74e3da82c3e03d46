// The listener: HTTP/2 and HTTP/1.1 on one TLS port, from the first byte to the handler and its errors.

import { X509Certificate } from 'node:crypto'
import { createServer as createHttp1Server, IncomingMessage, type Server, ServerResponse } from 'node:http'
import { performServerHandshake } from 'node:http2'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer, type DetailedPeerCertificate, TLSSocket } from 'node:tls'
import { methodNotSupported, pageNotFound, StatusError, unauthorized } from '../../machinery/errors.ts'
import type { Logger } from '../../machinery/logger.ts'
import { admitConnect } from '../admission/connect.ts'
import { serveRemote, serveRemoteUpgrade } from '../aggregation/aggregator-proxy.ts'
import type { RemoteApis } from '../aggregation/remote-apis.ts'
import type { Auditor, AuditTrail } from '../audit/auditor.ts'
import type { Authenticator, Credentials } from '../authentication/authenticator.ts'
import { impersonated, namesImpersonation } from '../authentication/impersonation.ts'
import { type Authorizer, demanded, requireAllowed } from '../authorization/authorizer.ts'
import { type PodConnectEnv, servePodLog, servePodUpgrade } from '../connect/pod-connect.ts'
import { serveProxy, serveProxyUpgrade } from '../connect/proxy.ts'
import { isProxied } from '../connect/proxy-target.ts'
import type { Admitted, FlowControl } from '../flow-control/flow-control.ts'
import { FlowRejection } from '../flow-control/level.ts'
import type { ApiMetrics } from '../metrics.ts'
import { ANONYMOUS, AUTHENTICATED_GROUP, MASTERS_GROUP, type UserInfo } from '../user.ts'
import { Connections } from './connections.ts'
import { limitTime, timeLimitOf } from './deadline.ts'
import type { Request, Response } from './exchange.ts'
import { serveSession } from './h2-exchange.ts'
import { parseRequest, type RequestInfo } from './request-info.ts'
import { type ResourceHandlerEnv, serveResource } from './resource-handler.ts'
import { sendError } from './respond.ts'
import { type SystemHandlerEnv, serveSystem } from './system-handler.ts'

export interface ApiServerOptions {
  readonly host: string
  readonly port: number
  /** PEM texts. Client certificates are asked for and checked against `clientCa`. */
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string; readonly proxyCa?: string }
  readonly authenticate: Authenticator
  /** How long a request may take that does not stay by its nature. */
  readonly requestTimeoutMs: number
  /** Whether a request without credentials may go on, as nobody; absent: it may. */
  readonly allowsAnonymous?: (path: string) => boolean
  readonly authorizer: Authorizer
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

export interface ApiListener {
  readonly port: number
  /** Ends watches cleanly, refuses new connections, and resolves when all are closed. */
  close(): Promise<void>
}

// Node's default ends sessions with some dozens of unread streams; kubectl and informers hold hundreds.
const SESSION = { maxSessionMemory: 1024, settings: { maxConcurrentStreams: 1000, initialWindowSize: 1024 * 1024 } }
const UPGRADES = new Set(['exec', 'attach', 'portforward'])
// These last as long as their clients want, so they are not counted.
const LONG_RUNNING = new Set([...UPGRADES, 'proxy', 'log'])
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const LOOPBACK = '127.0.0.1'
const UNSECURED: UserInfo = { name: 'system:unsecured', groups: [MASTERS_GROUP, AUTHENTICATED_GROUP] }
const certificates = new WeakMap<object, Identity>()

/** What the certificate of a connection proves. */
type Identity = Pick<Credentials, 'certificate' | 'proxyName'>
const UNKNOWN: Identity = { certificate: undefined, proxyName: undefined }

/** Starts listening. Rejects when the port is taken. */
export async function listen(options: ApiServerOptions): Promise<ApiListener> {
  const { tls, log } = options
  const connections = new Connections()
  const http1 = http1Server(options, connections)
  const server = createTlsServer({
    cert: tls.cert,
    key: tls.key,
    ca: tls.proxyCa ? [tls.clientCa, tls.proxyCa] : tls.clientCa,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2', 'http/1.1'],
  })
  server.on('secureConnection', (socket) => {
    connections.add(socket)
    // Resets are a client's business, not the server's.
    socket.on('error', (error) => log.debug('connection-error', { error }))
    socket.setNoDelay(true)
    if (socket.alpnProtocol !== 'h2') {
      http1.emit('connection', socket)
      return
    }
    const session = performServerHandshake(socket, SESSION)
    connections.upgraded(socket, session)
    session.on('error', (error) => log.debug('http2-session-error', { error }))
    serveSession(session, socket, (request, response) => void serve(options, request, socket, response))
  })
  server.on('tlsClientError', (error) => log.debug('tls-client-error', { error }))
  return started(server, connections, options)
}

/**
 * Starts a second listener, without TLS and on loopback only: whoever can reach it is the cluster's administrator, as
 * at upstream's insecure port of old.
 */
export async function listenInsecure(options: ApiServerOptions, port: number): Promise<ApiListener> {
  const connections = new Connections()
  const server = http1Server({ ...options, authenticate: () => UNSECURED }, connections, isLocal)
  server.on('connection', (socket) => {
    connections.add(socket)
    socket.on('error', (error) => options.log.debug('connection-error', { error }))
    socket.setNoDelay(true)
  })
  return started(server, connections, { ...options, host: LOOPBACK, port })
}

/** Web pages must not act through their visitor's browser: not by a name of theirs for loopback, nor from elsewhere. */
function isLocal({ headers: { host = '', origin } }: IncomingMessage): boolean {
  return /^(?:localhost|127\.0\.0\.1)(?::\d+)?$/i.test(host) && (origin === undefined || origin === `http://${host}`)
}

/** An HTTP/1.1 server for sockets, or to listen by itself. Requests that are not `trusted` are refused unread. */
function http1Server(
  options: ApiServerOptions,
  connections: Connections,
  trusted: (request: IncomingMessage) => boolean = () => true,
): Server {
  const server = createHttp1Server((request, response) => {
    response.on('close', connections.serving(request.socket))
    if (trusted(request)) void serve(options, request, request.socket, response)
    else sendError(response, distrusted(), options.log, described(request))
  })
  server.on('upgrade', (request, socket, head) => {
    if (trusted(request)) void upgrade(options, request, socket as Socket, head)
    else refuseUpgrade(options, socket, distrusted())
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  return server
}

function described({ method = '', url = '', headers }: Request) {
  return { method, url, headers }
}

function distrusted(): StatusError {
  return new StatusError({ message: 'the insecure port serves local programs only', reason: 'Forbidden', code: 403 })
}

async function started(
  server: NetServer,
  connections: Connections,
  { host, port, resources: { clock } }: Pick<ApiServerOptions, 'host' | 'port' | 'resources'>,
): Promise<ApiListener> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      return new Promise((resolve) => {
        server.close(() => {
          cancel()
          resolve()
        })
        const cancel = connections.end(clock)
      })
    },
  }
}

async function serve(options: ApiServerOptions, request: Request, socket: Socket, response: Response): Promise<void> {
  const started = options.now()
  const method = request.method ?? 'GET'
  const url = request.url ?? '/'
  const info = parseRequest(method, url)
  const trail = options.audit?.follow(request, info, socket.remoteAddress ?? '')
  if (trail) response.setHeader('audit-id', trail.id)
  response.on('error', (error: Error) => options.log.debug('response-error', { error }))
  const over = options.metrics.begun(kindOf(info))
  response.on('close', () => {
    over()
    const { verb, group, version, resource, subresource } = info
    options.metrics.finished(
      { verb, group, version, resource, subresource, code: response.statusCode },
      (options.now() - started) / 1000,
    )
    trail?.completed(response.statusCode)
  })
  try {
    if (!staysLong(info)) {
      limitTime(response, timeLimitOf(info, options.requestTimeoutMs), options.resources.clock, (error) => {
        trail?.failed(error.status)
        sendError(response, error, options.log, described(request))
      })
    }
    const user = await authenticate(options, request, socket, trail)
    const admitted = admit(options, info, user, response)
    const turn = admitted instanceof Promise ? await admitted : admitted
    try {
      if (turn) nameFlow(response, turn)
      await authorize(options, info, user, trail)
      trail?.observe(request, response)
      // Watches are counted only until what is there has been sent.
      await dispatch(options, request, response, info, user, trail)
    } finally {
      turn?.release()
    }
  } catch (error) {
    if (error instanceof FlowRejection) return refuseForNow(request, response, error)
    if (trail) tellFailure(trail, error)
    request.resume()
    sendError(response, error, options.log, described(request))
  }
}

/** Requests that last by their nature: watches, connections, and layers of images on their way to slow nodes. */
function staysLong({ verb, subresource, path }: RequestInfo): boolean {
  return verb === 'watch' || LONG_RUNNING.has(subresource) || path.startsWith('/v2/')
}

const READING = new Set(['get', 'list', 'head'])

function kindOf(info: RequestInfo): 'readOnly' | 'mutating' | 'longRunning' {
  if (staysLong(info)) return 'longRunning'
  return READING.has(info.verb) ? 'readOnly' : 'mutating'
}

/** The request's turn, when requests of its sort take turns. */
function admit(options: ApiServerOptions, info: RequestInfo, user: UserInfo, response: Response) {
  if (!options.flow || LONG_RUNNING.has(info.subresource)) return undefined
  return options.flow.admit(user, info, (gone) => response.on('close', gone))
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
    'x-content-type-options': 'nosniff',
  })
  response.end(`${message}\n`)
}

function tellFailure(trail: AuditTrail, error: unknown): void {
  if (error instanceof StatusError) trail.failed(error.status)
  else trail.panicked(error instanceof Error ? error.message : String(error))
}

/** Who a request is to be served as: who sent it, or whom that one names in its stead. */
async function authenticate(
  options: ApiServerOptions,
  request: Request,
  socket: Socket,
  trail: AuditTrail | undefined,
): Promise<UserInfo> {
  const own = await senderOf(options, request, socket, trail)
  trail?.received(own)
  if (!namesImpersonation(request.headers)) return own
  const user = await impersonated(options.authorizer, own, request.headers)
  if (user !== own) trail?.impersonates(user)
  return user
}

async function senderOf(
  options: ApiServerOptions,
  request: Request,
  socket: Socket,
  trail: AuditTrail | undefined,
): Promise<UserInfo> {
  const header = request.headers.authorization
  const bearerToken = header !== undefined && /^bearer /i.test(header) ? header.slice(7).trim() : undefined
  try {
    const { certificate, proxyName } = identityOf(socket, options.tls)
    const user = await options.authenticate({ certificate, proxyName, bearerToken, headers: request.headers })
    if (user) return user
    if (header !== undefined || options.allowsAnonymous?.(pathOf(request)) === false) throw unauthorized()
    return ANONYMOUS
  } catch (error) {
    if (error instanceof StatusError) trail?.unauthenticated(error.status, bearerToken !== undefined)
    throw error
  }
}

function pathOf({ url = '/' }: Request): string {
  const mark = url.indexOf('?')
  return mark < 0 ? url : url.slice(0, mark)
}

/** What the verified client certificate of a connection proves; read once per connection. */
function identityOf(socket: Socket, tls: ApiServerOptions['tls']): Identity {
  const known = certificates.get(socket)
  if (known) return known
  const read = readIdentity(socket, tls)
  certificates.set(socket, read)
  return read
}

function readIdentity(socket: Socket, { proxyCa }: ApiServerOptions['tls']): Identity {
  if (!(socket instanceof TLSSocket)) return UNKNOWN
  // An empty certificate is how Node says that the client sent none.
  const certificate = socket.getPeerCertificate(proxyCa !== undefined)
  const subject = certificate?.subject as { CN?: string; O?: string | string[] } | undefined
  if (!subject || !socket.authorized) return UNKNOWN
  const { CN = '', O = [] } = subject
  // Who signs for proxies signs for nobody else, and the other way round.
  if (proxyCa !== undefined && isSignedFor(proxyCa, certificate as DetailedPeerCertificate)) {
    return { certificate: undefined, proxyName: CN }
  }
  return { certificate: { commonName: CN, organizations: typeof O === 'string' ? [O] : O }, proxyName: undefined }
}

/** Whether one of these authorities is at the end of a certificate's chain. */
function isSignedFor(authorities: string, certificate: DetailedPeerCertificate): boolean {
  const known = new Set((authorities.match(PEM) ?? []).map((pem) => new X509Certificate(pem).fingerprint256))
  const seen = new Set<string>()
  for (let at = certificate; at && !seen.has(at.fingerprint256); at = at.issuerCertificate) {
    if (known.has(at.fingerprint256)) return true
    seen.add(at.fingerprint256)
  }
  return false
}

function authorize(options: ApiServerOptions, info: RequestInfo, user: UserInfo, trail?: AuditTrail): Promise<void> {
  // Named one by one: a spread of this many fields is slow, and every request comes by here.
  const { verb, group, version, resource, subresource, namespace, path, isResource } = info
  const fieldSelector = info.query.get('fieldSelector') ?? ''
  // A list of one name is about that object, as upstream's request info has it.
  const name = info.name || (demanded(fieldSelector, 'metadata.name') ?? '')
  const asked = { user, verb, group, version, resource, subresource, namespace, name, path, isResource, fieldSelector }
  return requireAllowed(options.authorizer, asked, trail && ((decision) => trail.decided(decision)))
}

/** The API service of another server that a request is for. */
function remoteOf({ remotes }: ApiServerOptions, info: RequestInfo) {
  if (remotes.isEmpty) return undefined
  if (info.isResource) return remotes.find(info.group, info.version)
  const [, group, version] = /^\/apis\/([^/]+)\/([^/]+)\/?$/.exec(info.path) ?? []
  return group !== undefined && version !== undefined ? remotes.find(group, version) : undefined
}

async function dispatch(
  options: ApiServerOptions,
  request: Request,
  response: Response,
  info: RequestInfo,
  user: UserInfo,
  trail: AuditTrail | undefined,
): Promise<void> {
  const remote = remoteOf(options, info)
  if (remote) return serveRemote(options.remotes, remote, request, response, user)
  if (!info.isResource) {
    if (info.verb !== 'get' && info.verb !== 'head') throw pageNotFound()
    const images = /^\/v2(\/|$)/.test(info.path) ? options.images() : undefined
    // Registry clients speak HTTP/1.1, and the registry is written for Node's own classes.
    if (images && request instanceof IncomingMessage && response instanceof ServerResponse) {
      return images(request, response)
    }
    return serveSystem(options.system, request, response, info)
  }
  if (isProxied(info)) {
    await admitConnect(options.pods.registry, info, user)
    return serveProxy(options.pods, request, response, info)
  }
  if (info.verb === '') throw methodNotSupported(info, (request.method ?? '').toLowerCase())
  if (info.group === '' && info.resource === 'pods') {
    if (info.subresource === 'log') return servePodLog(options.pods, request, response, info)
    if (UPGRADES.has(info.subresource)) {
      throw new StatusError({ message: 'Upgrade request required', reason: 'BadRequest', code: 400 })
    }
  }
  return serveResource(options.resources, request, response, info, user, trail?.annotate)
}

async function upgrade(
  options: ApiServerOptions,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Promise<void> {
  const info = parseRequest(request.method ?? 'GET', request.url ?? '/')
  const trail = options.audit?.follow(request, info, socket.remoteAddress ?? '')
  socket.on('error', (error) => options.log.debug('upgrade-socket-error', { error }))
  try {
    const user = await authenticate(options, request, socket, trail)
    await authorize(options, info, user, trail)
    if (trail) {
      trail.upgraded()
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
    if (info.group !== '' || info.resource !== 'pods' || !UPGRADES.has(info.subresource)) throw pageNotFound()
    await admitConnect(options.pods.registry, info, user)
    await servePodUpgrade(options.pods, request, socket, head, info)
  } catch (error) {
    if (trail) tellFailure(trail, error)
    refuseUpgrade(options, socket, error)
    trail?.completed(0)
  }
}

function refuseUpgrade(options: ApiServerOptions, socket: Duplex, error: unknown): void {
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
    `HTTP/1.1 ${code} ${status.reason}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
