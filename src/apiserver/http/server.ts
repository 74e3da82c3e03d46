// The listener: HTTP/2 and HTTP/1.1 on one TLS port.

import { createServer as createHttp1Server, type IncomingMessage, type Server } from 'node:http'
import { performServerHandshake } from 'node:http2'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { StatusError } from '../../machinery/errors.ts'
import { AUTHENTICATED_GROUP, MASTERS_GROUP, type UserInfo } from '../user.ts'
import type { ClientAuthorities } from './client-identity.ts'
import { Connections } from './connections.ts'
import { Deadlines } from './deadline.ts'
import { H1Response } from './h1-exchange.ts'
import { serveSession } from './h2-exchange.ts'
import { sendError } from './respond.ts'
import { described, refuseUpgrade, type ServeOptions, serve, upgrade } from './serve.ts'

export interface ApiServerOptions extends Omit<ServeOptions, 'deadlines'> {
  /** How long a request may take that does not stay by its nature. */
  readonly requestTimeoutMs: number
  readonly host: string
  readonly port: number
  /** PEM texts. Client certificates are asked for and checked against `clientCa`. */
  readonly tls: ClientAuthorities & { readonly cert: string; readonly key: string }
  /** Asked at every request over HTTP/2 whether its connection is to take no more, so that clients spread anew. */
  readonly sendsAway?: () => boolean
}

export interface ApiListener {
  readonly port: number
  /** Ends watches cleanly, refuses new connections, and resolves when all are closed. */
  close(): Promise<void>
}

// Node's default ends sessions with some dozens of unread streams; kubectl and informers hold hundreds.
const SESSION = { maxSessionMemory: 1024, settings: { maxConcurrentStreams: 1000, initialWindowSize: 1024 * 1024 } }
const LOOPBACK = '127.0.0.1'
const UNSECURED: UserInfo = { name: 'system:unsecured', groups: [MASTERS_GROUP, AUTHENTICATED_GROUP] }

/** Starts listening. Rejects when the port is taken. */
export async function listen(options: ApiServerOptions): Promise<ApiListener> {
  const { tls, log } = options
  const clock = options.resources.clock
  const connections = new Connections(clock)
  const serving = { ...options, deadlines: new Deadlines(clock, options.requestTimeoutMs) }
  const http1 = http1Server(serving, connections)
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
    serveSession(session, socket, (request, response) => {
      if (options.sendsAway?.()) session.close()
      void serve(serving, request, socket, response)
    })
  })
  server.on('tlsClientError', (error) => {
    options.metrics.requests.handshakeFailed()
    log.debug('tls-client-error', { error })
  })
  return started(server, connections, serving)
}

/**
 * Starts a second listener, without TLS and on loopback only: whoever can reach it is the cluster's administrator, as
 * at upstream's insecure port of old.
 */
export async function listenInsecure(options: ApiServerOptions, port: number): Promise<ApiListener> {
  const clock = options.resources.clock
  const connections = new Connections(clock)
  const deadlines = new Deadlines(clock, options.requestTimeoutMs)
  const serving = { ...options, deadlines, authenticate: () => UNSECURED, host: LOOPBACK, port }
  const server = http1Server(serving, connections, isLocal)
  server.on('connection', (socket) => {
    connections.add(socket)
    socket.on('error', (error) => options.log.debug('connection-error', { error }))
    socket.setNoDelay(true)
  })
  return started(server, connections, serving)
}

/** Web pages must not act through their visitor's browser: not by a name of theirs for loopback, nor from elsewhere. */
function isLocal({ headers: { host = '', origin } }: IncomingMessage): boolean {
  return /^(?:localhost|127\.0\.0\.1)(?::\d+)?$/i.test(host) && (origin === undefined || origin === `http://${host}`)
}

/** An HTTP/1.1 server for sockets, or to listen by itself. Requests that are not `trusted` are refused unread. */
function http1Server(
  options: ServeOptions,
  connections: Connections,
  trusted: (request: IncomingMessage) => boolean = () => true,
): Server {
  // Connections closes idle ones itself: two timers for every request cost a twentieth of a read.
  const server = createHttp1Server({ keepAliveTimeout: 0 }, (request, node) => {
    const { socket } = request
    const response = new H1Response(node)
    connections.begun(socket)
    response.on('close', () => connections.answered(socket))
    if (trusted(request)) void serve(options, request, socket, response)
    else sendError(response, distrusted(), options.log, described(request))
  })
  server.on('upgrade', (request, socket, head) => {
    connections.begun(request.socket)
    if (trusted(request)) void upgrade(options, request, socket as Socket, head)
    else refuseUpgrade(options, socket, distrusted())
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  return server
}

function distrusted(): StatusError {
  return new StatusError({ message: 'the insecure port serves local programs only', reason: 'Forbidden', code: 403 })
}

async function started(
  server: NetServer,
  connections: Connections,
  { host, port, deadlines }: Pick<ApiServerOptions, 'host' | 'port'> & Pick<ServeOptions, 'deadlines'>,
): Promise<ApiListener> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
  connections.closeIdle()
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      return new Promise((resolve) => {
        server.close(() => {
          cancel()
          deadlines.close()
          resolve()
        })
        const cancel = connections.end()
      })
    },
  }
}
