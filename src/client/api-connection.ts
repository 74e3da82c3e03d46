// One HTTP/2 connection to an API server, made when it is needed and made anew when it was lost.

import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2'
import type { Clock } from '../machinery/clock.ts'

export interface ApiConnectionOptions {
  /** `https://10.0.0.1:6443`. */
  readonly server: string
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string
  /** Absent: anonymous. */
  readonly credentials?: { readonly cert: string; readonly key: string } | { readonly token: string }
  readonly clock: Clock
  /** Told of the Warning headers of answers. */
  readonly onWarning?: (text: string) => void
}

export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly body?: string
  readonly contentType?: string
}

export interface Answer {
  readonly status: number
  readonly body: string
}

const MAX_BODY = 256 * 1024 * 1024
const TIMEOUT_MS = 60_000
const CONNECT_MS = 10_000
/** A peer that is gone without a word is found out by a ping. */
const PING_MS = 30_000
const PONG_MS = 15_000

/** See the file comment. */
export class ApiConnection {
  readonly #options: ApiConnectionOptions
  #session: Promise<ClientHttp2Session> | undefined
  #closed = false

  constructor(options: ApiConnectionOptions) {
    this.#options = options
  }

  /** Sends a request and reads the whole answer. Rejects when there is none within a minute. */
  async send(request: ApiRequest): Promise<Answer> {
    const stream = await this.#request(request)
    const stop = this.#options.clock.after(TIMEOUT_MS, () =>
      stream.destroy(new Error(`${request.method} ${request.path}: no answer within ${TIMEOUT_MS / 1000} s`)),
    )
    try {
      const status = await this.#statusOf(stream)
      return { status, body: await bodyOf(stream) }
    } finally {
      stop()
    }
  }

  /** Opens an answer that goes on: its chunks, or the whole answer when it is an error. Undefined once aborted. */
  async open(
    request: ApiRequest & { readonly signal: AbortSignal },
  ): Promise<{ chunks: AsyncIterable<Buffer> } | Answer | undefined> {
    const { signal } = request
    if (signal.aborted) return undefined
    const stream = await this.#request(request)
    const onAbort = () => stream.close()
    signal.addEventListener('abort', onAbort, { once: true })
    stream.once('close', () => signal.removeEventListener('abort', onAbort))
    if (signal.aborted) onAbort()
    try {
      const status = await this.#statusOf(stream)
      if (status >= 400) return { status, body: await bodyOf(stream) }
      return { chunks: untilAborted(stream, signal) }
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    }
  }

  close(): void {
    this.#closed = true
    this.#session?.then(
      (session) => session.destroy(),
      () => {
        // It never came to be.
      },
    )
  }

  async #request({ method, path, body, contentType }: ApiRequest): Promise<ClientHttp2Stream> {
    if (this.#closed) throw new Error('the client is closed')
    this.#session ??= this.#connect()
    const session = await this.#session
    const { credentials } = this.#options
    const headers: OutgoingHttpHeaders = {
      ':method': method,
      ':path': path,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': contentType }),
      ...(credentials && 'token' in credentials ? { authorization: `Bearer ${credentials.token}` } : {}),
    }
    const stream = session.request(headers, { endStream: body === undefined })
    // Whoever reads the stream hears of errors; until someone does they must not end the process.
    stream.on('error', () => {})
    if (body !== undefined) stream.end(body)
    return stream
  }

  #connect(): Promise<ClientHttp2Session> {
    const { server, ca, credentials, clock } = this.#options
    const attempt = new Promise<ClientHttp2Session>((resolve, reject) => {
      const session = connect(server, { ca, ...(credentials && 'cert' in credentials ? credentials : {}) })
      const forget = () => {
        if (this.#session === attempt) this.#session = undefined
      }
      const stopTimer = clock.after(CONNECT_MS, () =>
        session.destroy(new Error(`cannot connect to ${server}: timed out`)),
      )
      let stopPing: () => void = () => {}
      session.once('connect', () => {
        stopTimer()
        stopPing = this.#keepAlive(session)
        resolve(session)
      })
      session.once('goaway', forget)
      session.once('error', (error) => {
        forget()
        reject(error)
      })
      session.once('close', () => {
        stopTimer()
        stopPing()
        forget()
        reject(new Error(`the connection to ${server} was closed`))
      })
    })
    return attempt
  }

  #keepAlive(session: ClientHttp2Session): () => void {
    const { clock, server } = this.#options
    let stopWaiting: () => void = () => {}
    let stopTimer: () => void = () => {}
    const ping = () => {
      if (session.destroyed) return
      stopWaiting = clock.after(PONG_MS, () => session.destroy(new Error(`${server} does not answer any more`)))
      session.ping(() => {
        stopWaiting()
        stopTimer = clock.after(PING_MS, ping)
      })
    }
    stopTimer = clock.after(PING_MS, ping)
    return () => {
      stopWaiting()
      stopTimer()
    }
  }

  #statusOf(stream: ClientHttp2Stream): Promise<number> {
    return new Promise((resolve, reject) => {
      stream.once('response', (headers) => {
        const warning = headers.warning
        if (warning !== undefined) {
          for (const text of String(warning).matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
            this.#options.onWarning?.((text[1] ?? '').replace(/\\(.)/g, '$1'))
          }
        }
        resolve(Number(headers[':status']))
      })
      stream.once('error', reject)
      stream.once('close', () => reject(new Error('the connection was lost before there was an answer')))
    })
  }
}

async function bodyOf(stream: ClientHttp2Stream): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY) {
      stream.close()
      throw new Error(`cannot read the answer: it exceeds ${MAX_BODY} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** Ends without an error when the reader has asked for the end. */
async function* untilAborted(stream: ClientHttp2Stream, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    yield* stream as AsyncIterable<Buffer>
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    stream.close()
  }
}
