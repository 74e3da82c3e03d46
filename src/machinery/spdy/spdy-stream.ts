// One stream of a SPDY connection as a Duplex: ending the writable side half-closes it.

import { Duplex } from 'node:stream'
import { FLAG_FIN, ResetStatus } from './spdy-frames.ts'
import type { SpdyHeaders } from './spdy-headers.ts'

const INITIAL_WINDOW = 64 * 1024
const MAX_DATA = 32 * 1024
/** What one stream may hold unread before its connection stops reading. */
const MAX_UNREAD = 1024 * 1024

/** What a stream needs of its connection. */
export interface StreamTransport {
  /** Whether the peer has shown that it counts windows; Go's spdystream never does. */
  readonly peerUsesWindows: boolean
  /**
   * CRI streaming servers close the connection as soon as they have sent the last byte. Whatever is written to them
   * after that draws a TCP reset, which throws away what has not been read yet; so nothing needless is written.
   */
  readonly peerClosesAtOnce: boolean
  sendData(streamId: number, flags: number, data: Buffer, done: () => void): void
  sendReply(streamId: number, headers: SpdyHeaders): void
  sendReset(streamId: number, status: number): void
  sendWindowUpdate(streamId: number, delta: number): void
  forget(streamId: number): void
}

export class SpdyStream extends Duplex {
  readonly id: number
  readonly headers: SpdyHeaders
  readonly #transport: StreamTransport
  #window = INITIAL_WINDOW
  #blocked: (() => void) | undefined
  #received = 0
  #granted = 0
  #drained: (() => void) | undefined
  #sentFin = false
  #gotFin = false
  #reset = false

  constructor(options: { id: number; headers: SpdyHeaders; transport: StreamTransport }) {
    super({ allowHalfOpen: true, autoDestroy: true, emitClose: true })
    this.id = options.id
    this.headers = options.headers
    this.#transport = options.transport
    // A stream that nobody reads any more may still fail with its connection; that must not end the process.
    this.on('error', () => {})
  }

  /** Accepts a stream that the peer opened. */
  reply(headers: SpdyHeaders = {}): void {
    this.#transport.sendReply(this.id, headers)
  }

  /** Data from the peer. The promise, if any, resolves when the reader has caught up. */
  receive(data: Buffer): Promise<void> | undefined {
    if (this.destroyed || this.#gotFin || data.length === 0) return undefined
    this.#received += data.length
    this.push(data)
    this.#grant()
    if (this.readableLength <= MAX_UNREAD) return undefined
    return new Promise((resolve) => {
      this.#drained = resolve
    })
  }

  /** The peer sends no more. */
  receiveEnd(): void {
    if (this.destroyed || this.#gotFin) return
    this.#gotFin = true
    this.push(null)
  }

  /** The peer is done with the stream both ways. What it sent before can still be read. */
  receiveClose(): void {
    this.#reset = true
    this.receiveEnd()
    this.unblock()
    if (!this.writableEnded) this.end()
  }

  /** The peer ended the stream abruptly. Go's peers cancel what they have merely finished with. */
  receiveReset(status: number): void {
    if (status === ResetStatus.CANCEL || this.#gotFin) {
      this.receiveClose()
      return
    }
    this.#reset = true
    this.destroy(new Error(`the peer reset SPDY stream ${this.id} with status ${status}`))
  }

  /** The connection is over; `error` when it broke. */
  connectionOver(error: Error | undefined): void {
    if (error === undefined || this.#gotFin) this.receiveClose()
    else this.destroy(error)
  }

  receiveWindowUpdate(delta: number): void {
    this.#window += delta
    this.unblock()
  }

  /** Tries again what waited for the peer's window. */
  unblock(): void {
    const blocked = this.#blocked
    this.#blocked = undefined
    blocked?.()
  }

  // Every way of consuming comes through here, so this is where room is known to be free again.
  override read(size?: number): unknown {
    const chunk: unknown = super.read(size)
    this.#grant()
    if (this.readableLength <= MAX_UNREAD / 2) this.#catchUp()
    return chunk
  }

  override _read(): void {
    // Data is pushed as it arrives; the connection waits when too much is unread.
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.destroyed || this.#reset || chunk.length === 0) {
      done()
      return
    }
    const room = this.#transport.peerUsesWindows ? this.#window : chunk.length
    if (room <= 0) {
      this.#blocked = () => this._write(chunk, _encoding, done)
      return
    }
    const part = chunk.subarray(0, Math.min(room, MAX_DATA))
    const rest = chunk.subarray(part.length)
    this.#window -= part.length
    this.#transport.sendData(this.id, 0, part, () => (rest.length === 0 ? done() : this._write(rest, _encoding, done)))
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#sentFin = true
    if (this.#reset) done()
    else this.#transport.sendData(this.id, FLAG_FIN, Buffer.alloc(0), done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const over = this.#gotFin && (this.#sentFin || this.#transport.peerClosesAtOnce)
    if (!this.#reset && !over) this.#transport.sendReset(this.id, ResetStatus.CANCEL)
    this.#transport.forget(this.id)
    this.#catchUp()
    this.unblock()
    done(error)
  }

  #catchUp(): void {
    const drained = this.#drained
    this.#drained = undefined
    drained?.()
  }

  /** Gives the peer back the room of what has been read. */
  #grant(): void {
    const consumed = this.#received - this.readableLength - this.#granted
    if (consumed < INITIAL_WINDOW / 4) return
    this.#granted += consumed
    this.#transport.sendWindowUpdate(this.id, consumed)
  }
}
