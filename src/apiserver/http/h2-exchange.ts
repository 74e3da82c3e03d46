// HTTP/2 streams as requests and responses, with just what the handlers use: Node's own compatibility layer costs
// more per request than everything the server does for a GET.

import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'

/** A request on a stream. Its body is read from `on('data')` and `on('end')`, as of any readable. */
export class H2Request {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly socket: TLSSocket
  readonly #stream: ServerHttp2Stream

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, socket: TLSSocket) {
    this.method = String(headers[':method'] ?? 'GET')
    this.url = String(headers[':path'] ?? '/')
    this.headers = headers
    this.socket = socket
    this.#stream = stream
  }

  on(event: 'data', listener: (chunk: Buffer) => void): this
  on(event: 'end' | 'aborted', listener: () => void): this
  on(event: 'error', listener: (error: Error) => void): this
  // biome-ignore lint/suspicious/noExplicitAny: the overloads above are what callers see
  on(event: string, listener: (...args: any[]) => void): this {
    this.#stream.on(event, listener)
    return this
  }

  /** Holds the body back until `resume`. */
  pause(): void {
    this.#stream.pause()
  }

  /** Lets the body flow; lets go of one that nobody reads. */
  resume(): void {
    this.#stream.resume()
  }
}

/** The answer on a stream. */
export class H2Response {
  statusCode = 200
  headersSent = false
  bodyBytes = -1
  readonly #stream: ServerHttp2Stream
  readonly #headers: OutgoingHttpHeaders = {}

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream
  }

  setHeader(name: string, value: string | readonly string[]): void {
    this.#headers[name] = typeof value === 'string' ? value : [...value]
  }

  writeHead(code: number, headers: OutgoingHttpHeaders = {}): void {
    this.statusCode = code
    this.headersSent = true
    if (this.#stream.destroyed || this.#stream.closed) return
    this.#stream.respond({ ':status': code, ...this.#headers, ...headers })
  }

  write(chunk: Buffer | string, done?: () => void): boolean {
    if (!this.headersSent) this.writeHead(this.statusCode)
    if (this.#stream.destroyed || this.#stream.closed) return false
    return this.#stream.write(chunk, done)
  }

  end(chunk?: Buffer | string): void {
    if (!this.headersSent) this.writeHead(this.statusCode)
    if (this.#stream.destroyed || this.#stream.closed) return
    if (chunk === undefined) this.#stream.end()
    else this.#stream.end(chunk)
  }

  /** Breaks the stream off, so that the client sees an incomplete answer. */
  destroy(): void {
    this.#stream.destroy()
  }

  on(event: 'close' | 'error' | 'drain', listener: (error: Error) => void): this {
    this.#stream.on(event, listener)
    return this
  }

  /** The stream itself, to pipe into. */
  get writable(): NodeJS.WritableStream {
    return this.#stream
  }
}

/** Calls `serve` for every request of a session. */
export function serveSession(
  session: ServerHttp2Session,
  socket: TLSSocket,
  serve: (request: H2Request, response: H2Response) => void,
): void {
  session.on('stream', (stream, headers) => serve(new H2Request(stream, headers, socket), new H2Response(stream)))
}
