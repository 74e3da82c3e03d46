// What exec, attach and port-forward share at the HTTP edge: reading the request, agreeing on a protocol, refusing.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Clock } from '../../machinery/clock.ts'
import type { Logger } from '../../machinery/logger.ts'
import { SpdyConnection } from '../../machinery/spdy/spdy.ts'
import type { SpdyStream } from '../../machinery/spdy/spdy-stream.ts'

/** As upstream's limit for one message. */
const MAX_MESSAGE = 32 * 1024 * 1024
/** How long a peer may take to close after it has been told that all is over. */
const LINGER = 5000

/** An HTTP request that asks for another protocol, as Node's `upgrade` event gives it. */
export interface UpgradeRequest {
  readonly req: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  readonly clock: Clock
  readonly log: Logger
}

/** What a client asks to be done with a container. */
export interface CommandRequest {
  readonly container: string
  readonly command: readonly string[]
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

/** Reads the query of an exec or attach request; the apiserver and the kubelet name the streams differently. */
export function parseCommandRequest(url: string): CommandRequest {
  const query = queryOf(url)
  const is = (...names: string[]) => names.some((name) => ['true', '1'].includes(query.get(name) ?? ''))
  const tty = is('tty')
  return {
    container: query.get('container') ?? '',
    command: query.getAll('command'),
    stdin: is('stdin', 'input'),
    stdout: is('stdout', 'output'),
    // A terminal has one output.
    stderr: is('stderr', 'error') && !tty,
    tty,
  }
}

/** The query of a request's URL. */
export function queryOf(url: string): URLSearchParams {
  return new URL(url, 'http://kubelet').searchParams
}

/** Whether the client asks for this protocol in its Upgrade header. */
export function asksFor(req: IncomingMessage, protocol: 'websocket' | 'spdy/3.1'): boolean {
  return req.headers.upgrade?.toLowerCase() === protocol
}

/** The values of a header that may be repeated or comma-separated. */
export function listHeader(req: IncomingMessage, name: string): string[] {
  const value = req.headers[name]
  const text = Array.isArray(value) ? value.join(',') : (value ?? '')
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** Answers an upgrade request with a plain HTTP error. */
export function refuse(socket: Duplex, code: number, reason: string, message: string, headers: readonly string[] = []) {
  socket.on('error', () => socket.destroy())
  const body = Buffer.from(message)
  const head = [
    `HTTP/1.1 ${code} ${reason}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${body.length}`,
    'Connection: close',
    ...headers,
  ]
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]))
}

/** Switches to SPDY with the first protocol of the client's that is supported; nothing when it was refused. */
export function acceptSpdy(
  { req, socket, head }: UpgradeRequest,
  supported: readonly string[],
  onStream: (stream: SpdyStream) => void,
): { connection: SpdyConnection; protocol: string } | undefined {
  const asked = listHeader(req, 'x-stream-protocol-version')
  const protocol = asked.find((name) => supported.includes(name))
  if (protocol === undefined) {
    const list = (names: readonly string[]) => `[${names.join(' ')}]`
    refuse(
      socket,
      403,
      'Forbidden',
      `unable to upgrade: unable to negotiate protocol: client supports ${list(asked)}, server accepts ${list(supported)}`,
      supported.map((name) => `X-Accepted-Stream-Protocol-Versions: ${name}`),
    )
    return undefined
  }
  const answer = [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    `X-Stream-Protocol-Version: ${protocol}`,
  ]
  socket.write(`${answer.join('\r\n')}\r\n\r\n`)
  return { connection: new SpdyConnection({ socket, head, role: 'server', onStream }), protocol }
}

/**
 * Switches to WebSocket with the first subprotocol of the client's that is supported; nothing when it was refused.
 * The socket comes paused, because a client may send before anybody listens: resume it once everything is set up.
 */
export async function acceptWebSocket(
  { req, socket, head }: UpgradeRequest,
  supported: readonly string[],
): Promise<{ ws: WebSocket; protocol: string } | undefined> {
  const asked = listHeader(req, 'sec-websocket-protocol')
  // Clients of old send no subprotocol and mean the first version.
  const protocol = asked.length === 0 ? '' : asked.find((name) => supported.includes(name))
  if (protocol === undefined || !supported.includes(protocol)) {
    refuse(
      socket,
      400,
      'Bad Request',
      `unable to upgrade: requested protocol(s) are not supported: [${asked.join(' ')}]; supports [${supported.join(' ')}]`,
    )
    return undefined
  }
  // The library refuses names with a slash, so it never sees the header.
  delete req.headers['sec-websocket-protocol']
  const server = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: MAX_MESSAGE })
  if (protocol !== '') server.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${protocol}`))
  return new Promise((resolve) => {
    // The library answers a malformed handshake itself and ends the socket.
    socket.once('close', () => resolve(undefined))
    server.handleUpgrade(req, socket, head, (ws) => {
      ws.pause()
      resolve({ ws, protocol })
    })
  })
}

/** Closes a SPDY connection politely, and for good if the peer lingers. */
export async function closeSpdy(connection: SpdyConnection, clock: Clock): Promise<void> {
  connection.close()
  const cancel = clock.after(LINGER, () => connection.destroy())
  await connection.closed
  cancel()
}

/** Closes a WebSocket politely, and for good if the peer lingers. */
export async function closeWebSocket(ws: WebSocket, clock: Clock): Promise<void> {
  if (ws.readyState === ws.CLOSED) return
  const closed = new Promise<void>((resolve) => {
    ws.once('close', () => resolve())
  })
  const cancel = clock.after(LINGER, () => ws.terminate())
  // A paused socket would never see the peer's answer.
  ws.resume()
  ws.close(1000)
  await closed
  cancel()
}
