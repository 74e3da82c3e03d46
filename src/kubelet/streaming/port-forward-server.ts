// Serves port-forward to kubectl and other clients: SPDY, SPDY tunnelled in a WebSocket, or WebSocket channels.

import type { Duplex, Readable, Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { createWebSocketStream, type WebSocket } from 'ws'
import { SpdyConnection } from '../../machinery/spdy/spdy.ts'
import type { SpdyStream } from '../../machinery/spdy/spdy-stream.ts'
import { ChannelSocket } from './channel-socket.ts'
import {
  acceptSpdy,
  acceptWebSocket,
  asksFor,
  closeSpdy,
  closeWebSocket,
  listHeader,
  queryOf,
  refuse,
  type UpgradeRequest,
} from './upgrade.ts'

const SPDY_PROTOCOLS = ['portforward.k8s.io']
const TUNNEL_PROTOCOL = 'SPDY/3.1+portforward.k8s.io'
const CHANNEL_PROTOCOLS = ['v4.channel.k8s.io', '']
const PAIR_TIMEOUT = 30_000
const MAX_PENDING = 256
const MAX_PORTS = 64

export interface PortForwardServerOptions extends UpgradeRequest {
  /** The pod, for error messages. */
  readonly pod: { readonly name: string; readonly uid: string }
  /** Opens a connection to a port of the pod. */
  readonly connect: (port: number, options: { readonly signal: AbortSignal }) => Promise<Duplex>
}

/** Serves one port-forward request to its end. Never rejects: what goes wrong is told to the client and logged. */
export async function servePortForward(options: PortForwardServerOptions): Promise<void> {
  const { req, socket, log } = options
  try {
    if (asksFor(req, 'websocket')) await serveWebSocket(options)
    else if (asksFor(req, 'spdy/3.1')) {
      const pairs = new StreamPairs(options)
      const accepted = acceptSpdy(options, SPDY_PROTOCOLS, (stream) => pairs.add(stream))
      if (accepted !== undefined) await pairs.until(accepted.connection)
    } else refuse(socket, 400, 'Bad Request', 'unable to upgrade: missing upgrade headers in request')
  } catch (error) {
    log.warn('port-forward-broken', { error })
    socket.destroy()
  }
}

async function serveWebSocket(options: PortForwardServerOptions): Promise<void> {
  if (listHeader(options.req, 'sec-websocket-protocol').includes(TUNNEL_PROTOCOL)) {
    const accepted = await acceptWebSocket(options, [TUNNEL_PROTOCOL])
    if (accepted === undefined) return
    const tunnel = createWebSocketStream(accepted.ws)
    const pairs = new StreamPairs(options)
    const onStream = (stream: SpdyStream) => pairs.add(stream)
    await pairs.until(new SpdyConnection({ socket: tunnel, head: Buffer.alloc(0), role: 'server', onStream }))
    return
  }
  const ports = portsOf(options.req.url ?? '')
  if (ports === undefined) {
    refuse(options.socket, 400, 'Bad Request', 'query parameter "port" is required')
    return
  }
  const accepted = await acceptWebSocket(options, CHANNEL_PROTOCOLS)
  if (accepted !== undefined) await serveChannels(options, accepted.ws, ports)
}

/** The ports that a WebSocket request names; nothing when one of them is none. */
function portsOf(url: string): number[] | undefined {
  const ports = queryOf(url)
    .getAll('port')
    .flatMap((value) => value.split(','))
    .map(Number)
  const valid = ports.length > 0 && ports.length <= MAX_PORTS && ports.every(isPort)
  return valid ? ports : undefined
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535
}

// Channel 2n carries the data of the n-th port and 2n+1 its errors; each starts with the port in two bytes.
async function serveChannels(
  options: PortForwardServerOptions,
  ws: WebSocket,
  ports: readonly number[],
): Promise<void> {
  const gone = new AbortController()
  ws.once('close', () => gone.abort(new Error('the client closed the stream')))
  const channels = new ChannelSocket(ws, { closeMessages: false })
  const forwards = ports.map(async (port, index) => {
    const [input, output, errors] = [
      channels.readable(2 * index),
      channels.writable(2 * index),
      channels.writable(2 * index + 1),
    ]
    const number = Buffer.alloc(2)
    number.writeUInt16LE(port)
    output.write(number)
    errors.write(number)
    await forward({ ...options, port, input, output, errors, signal: gone.signal })
  })
  ws.resume()
  await Promise.all(forwards)
  await closeWebSocket(ws, options.clock)
}

interface Pair {
  readonly cancel: () => void
  readonly first: SpdyStream
}

/** Brings together the data and the error stream of each connection that a client makes over SPDY. */
class StreamPairs {
  readonly #options: PortForwardServerOptions
  readonly #pending = new Map<string, Pair>()
  readonly #running = new Set<Promise<void>>()
  readonly #gone = new AbortController()

  constructor(options: PortForwardServerOptions) {
    this.#options = options
  }

  add(stream: SpdyStream): void {
    const { streamtype = '', port = '', requestid } = stream.headers
    const isError = streamtype === 'error'
    if ((!isError && streamtype !== 'data') || !isPort(Number(port)) || this.#pending.size >= MAX_PENDING) {
      stream.destroy(new Error(`cannot forward stream of type "${streamtype}" to port "${port}"`))
      return
    }
    stream.reply()
    // Clients of old send no request id, but open the error stream first and the data stream right after it.
    const id = requestid ?? String(isError ? stream.id : stream.id - 2)
    const pair = this.#pending.get(id)
    if (pair === undefined) {
      const cancel = this.#options.clock.after(PAIR_TIMEOUT, () => {
        this.#pending.delete(id)
        stream.destroy(new Error(`timed out waiting for the other stream of request ${id}`))
      })
      this.#pending.set(id, { first: stream, cancel })
      return
    }
    pair.cancel()
    this.#pending.delete(id)
    const [errors, data] = isError ? [stream, pair.first] : [pair.first, stream]
    errors.resume()
    const { signal } = this.#gone
    const running = forward({ ...this.#options, port: Number(port), input: data, output: data, errors, signal })
      .catch((error) => this.#options.log.warn('port-forward-stream-broken', { error }))
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Resolves when the connection and everything on it is over. */
  async until(connection: SpdyConnection): Promise<void> {
    const cause = await connection.closed
    this.#gone.abort(new Error('the client closed the connection', { cause }))
    for (const { cancel } of this.#pending.values()) cancel()
    this.#pending.clear()
    await Promise.all(this.#running)
    await closeSpdy(connection, this.#options.clock)
  }
}

interface Forward extends Pick<PortForwardServerOptions, 'connect' | 'pod' | 'log'> {
  readonly port: number
  readonly input: Readable
  readonly output: Writable
  readonly errors: Writable
  readonly signal: AbortSignal
}

/** Copies both ways between the client and a port until both directions have ended. */
async function forward({ connect, pod, log, port, input, output, errors, signal }: Forward): Promise<void> {
  errors.on('error', () => {})
  output.on('error', () => {})
  try {
    const target = await connect(port, { signal })
    // Aborting the copies destroys the target with them.
    await Promise.all([pipeline(input, target, { signal }), pipeline(target, output, { signal })])
  } catch (error) {
    if (!signal.aborted) {
      const why = error instanceof Error ? error.message : String(error)
      const message = `error forwarding port ${port} to pod ${pod.name}, uid ${pod.uid}: ${why}`
      log.warn('port-forward-failed', { port, error })
      if (!errors.destroyed) errors.write(message)
      if (!output.destroyed) output.end()
    }
  }
  if (!errors.destroyed) errors.end()
  await finished(errors, { readable: false }).catch(() => {})
  if (!input.destroyed) input.resume()
}
