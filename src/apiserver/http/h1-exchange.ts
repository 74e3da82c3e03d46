// Answers over HTTP/1.1 with just what the handlers use. Headers are gathered in one list, and whoever waits for the end
// is told from one listener: Node's own store of headers and a listener each cost more than the rest of a GET.

import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'

// Node sends a text in one piece with the head, and bytes as a second one, which costs more than this copy of them.
const MAX_JOINED = 16 * 1024

/** The answer to a request over HTTP/1.1. */
export class H1Response {
  bodyBytes = -1
  readonly #node: ServerResponse
  /** Names and values in turn, as Node takes them. */
  readonly #headers: OutgoingHttpHeader[] = []
  readonly #closed: (() => void)[] = []

  constructor(node: ServerResponse) {
    this.#node = node
    node.on('close', () => {
      for (const told of this.#closed) told()
    })
  }

  get statusCode(): number {
    return this.#node.statusCode
  }

  get headersSent(): boolean {
    return this.#node.headersSent
  }

  setHeader(name: string, value: string | readonly string[]): void {
    this.#put(name, typeof value === 'string' ? value : [...value])
  }

  /** What is said here takes the place of what was set before, as in Node's own answers. */
  writeHead(code: number, more: OutgoingHttpHeaders = {}): void {
    for (const name in more) {
      const value = more[name]
      if (value !== undefined) this.#put(name, value)
    }
    this.#node.writeHead(code, this.#headers)
  }

  #put(name: string, value: OutgoingHttpHeader): void {
    const headers = this.#headers
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i] !== name) continue
      headers[i + 1] = value
      return
    }
    headers.push(name, value)
  }

  write(chunk: Buffer | string, done?: () => void): boolean {
    if (!this.#node.headersSent) this.writeHead(this.#node.statusCode)
    return this.#node.write(chunk, done)
  }

  end(chunk?: Buffer | string): void {
    if (!this.#node.headersSent) this.writeHead(this.#node.statusCode)
    if (chunk === undefined) this.#node.end()
    else if (typeof chunk !== 'string' && chunk.length <= MAX_JOINED) this.#node.end(chunk.toString('latin1'), 'latin1')
    else this.#node.end(chunk)
  }

  /** Breaks the connection off, so that the client sees an incomplete answer. */
  destroy(): void {
    this.#node.destroy()
  }

  on(event: 'close' | 'error' | 'drain', listener: (error: Error) => void): this {
    if (event === 'close') this.#closed.push(listener as () => void)
    else this.#node.on(event, listener)
    return this
  }

  /** Node's own answer, with the headers that are set so far: for handlers that are written for it. */
  handOver(): ServerResponse {
    const headers = this.#headers
    for (let i = 0; i < headers.length; i += 2) {
      this.#node.setHeader(String(headers[i]), headers[i + 1] as number | string | readonly string[])
    }
    return this.#node
  }
}
