// What handlers need of a request and its answer, whatever the protocol: Node's HTTP/1.1 classes and h2-exchange.ts fit.

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'

export interface Request {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: IncomingHttpHeaders
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
  on(event: 'end' | 'aborted', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  /** Holds the body back until `resume`. */
  pause(): unknown
  /** Lets the body flow; lets go of one that nobody reads. */
  resume(): unknown
}

export interface Response {
  readonly statusCode: number
  readonly headersSent: boolean
  /** Length of the body, where it was sent as a whole. */
  bodyBytes?: number
  setHeader(name: string, value: string | readonly string[]): unknown
  writeHead(code: number, headers?: OutgoingHttpHeaders): unknown
  /** `done` is called when the chunk has left this process. False: wait for `drain`. */
  write(chunk: Buffer | string, done?: () => void): boolean
  end(chunk?: Buffer | string): unknown
  /** Breaks the answer off, so that the client sees that it is incomplete. */
  destroy(): unknown
  on(event: 'close' | 'drain', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}
