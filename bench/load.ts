// Load on the API over HTTPS: clients that each send one request after the other on a connection of their own. The
// load itself speaks plain HTTP/1.1 on TLS sockets, so that the client does not cost more than the server it measures.

import { type ClientHttp2Session, connect } from 'node:http2'
import { connect as connectTls, type TLSSocket } from 'node:tls'

const JSON_TYPE = 'application/json'

/** Who asks and where. PEM texts. */
export interface Target {
  readonly url: string
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface LoadResult {
  readonly clients: number
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** One request: method, path and perhaps a body, of JSON unless `type` says otherwise. */
export interface LoadRequest {
  readonly method: string
  readonly path: string
  readonly body?: string
  readonly type?: string
  readonly accept?: string
}

/** Opens a connection of its own. */
export function open(target: Target): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connect(target.url, { ca: target.ca, cert: target.cert, key: target.key })
    session.once('connect', () => resolve(session))
    session.once('error', reject)
  })
}

/** Sends one request; resolves with the answer's body. Rejects when the status is 400 or above. */
export function send(session: ClientHttp2Session, request: LoadRequest): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = {
      ':method': request.method,
      ':path': request.path,
      ...(request.body ? { 'content-type': request.type ?? JSON_TYPE } : {}),
      ...(request.accept ? { accept: request.accept } : {}),
    }
    const stream = session.request(headers)
    const chunks: Buffer[] = []
    let status = 0
    stream.on('response', (answer) => {
      status = Number(answer[':status'])
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      const body = Buffer.concat(chunks)
      if (status >= 200 && status < 400) resolve(body)
      else reject(new Error(`${request.method} ${request.path} gave ${status}: ${body.toString().slice(0, 200)}`))
    })
    stream.on('error', reject)
    stream.end(request.body)
  })
}

/** A keep-alive connection that carries one request at a time. */
class Connection {
  readonly #socket: TLSSocket
  #received: Buffer[] = []
  #size = 0
  /** Bytes of the whole answer; 0 until its head is complete. */
  #expected = 0
  #status = 0
  #done: ((status: number) => void) | undefined
  #failed: ((error: Error) => void) | undefined

  constructor(socket: TLSSocket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => this.#failed?.(error))
    socket.on('close', () => this.#failed?.(new Error('the connection was closed')))
  }

  static open(target: Target): Promise<Connection> {
    const { hostname, port } = new URL(target.url)
    return new Promise((resolve, reject) => {
      const socket = connectTls(
        { host: hostname, port: Number(port), ca: target.ca, cert: target.cert, key: target.key },
        () => resolve(new Connection(socket)),
      )
      socket.once('error', reject)
      socket.setNoDelay(true)
    })
  }

  /** Sends a request; resolves with the status once the whole answer is here. */
  send(request: LoadRequest): Promise<number> {
    const body = request.body ?? ''
    const length =
      request.body === undefined
        ? ''
        : `content-type: ${request.type ?? JSON_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
    return new Promise((resolve, reject) => {
      this.#done = resolve
      this.#failed = reject
      this.#socket.write(`${request.method} ${request.path} HTTP/1.1\r\nhost: bench\r\n${length}\r\n${body}`)
    })
  }

  close(): void {
    this.#failed = undefined
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#received.push(chunk)
    this.#size += chunk.length
    if (this.#expected === 0) {
      const received = this.#received.length === 1 ? chunk : Buffer.concat(this.#received)
      const end = received.indexOf('\r\n\r\n')
      if (end < 0) return
      // What follows the head is only counted: what this process takes, the server on the same machine lacks.
      const head = received.toString('latin1', 0, end)
      const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
      if (length === undefined) {
        this.#failed?.(new Error('the answer has no length'))
        return
      }
      this.#status = Number(head.slice(9, 12))
      this.#expected = end + 4 + Number(length)
    }
    if (this.#size < this.#expected) return
    this.#received = []
    this.#size = 0
    this.#expected = 0
    this.#done?.(this.#status)
  }
}

/** `clients` connections, each sending its next request when the last is answered, for `ms` milliseconds. */
export async function load(
  target: Target,
  options: { clients: number; ms: number; next: (client: number, n: number) => LoadRequest },
): Promise<LoadResult> {
  const connections = await Promise.all(Array.from({ length: options.clients }, () => Connection.open(target)))
  const times: number[] = []
  const started = performance.now()
  const end = started + options.ms
  await Promise.all(
    connections.map(async (connection, client) => {
      for (let n = 0; performance.now() < end; n++) {
        const request = options.next(client, n)
        const before = performance.now()
        const status = await connection.send(request)
        times.push(performance.now() - before)
        if (status >= 400) throw new Error(`${request.method} ${request.path} gave ${status}`)
      }
    }),
  )
  const seconds = (performance.now() - started) / 1000
  for (const connection of connections) connection.close()
  times.sort((a, b) => a - b)
  const at = (q: number) => times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? 0
  return {
    clients: options.clients,
    requests: times.length,
    perSecond: Math.round(times.length / seconds),
    p50Ms: Number(at(0.5).toFixed(2)),
    p99Ms: Number(at(0.99).toFixed(2)),
  }
}
