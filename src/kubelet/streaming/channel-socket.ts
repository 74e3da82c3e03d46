// The channels of a `*.channel.k8s.io` WebSocket: the first byte of each message is the channel number.

import { Readable, Writable } from 'node:stream'
import type { WebSocket } from 'ws'

/** Version 5: a message on this channel closes the channel that its only byte names. */
const CLOSE_CHANNEL = 255
const MAX_UNREAD = 256 * 1024

/** Splits a WebSocket into streams; while one of them has too much unread the whole socket pauses. */
export class ChannelSocket {
  readonly #ws: WebSocket
  readonly #readables = new Map<number, Readable>()
  readonly #full = new Set<number>()

  constructor(ws: WebSocket, options: { readonly closeMessages: boolean }) {
    this.#ws = ws
    // A protocol error is followed by `close`, which ends everything.
    ws.on('error', () => {})
    ws.on('message', (message: Buffer) => {
      const channel = message[0]
      if (channel === undefined) return
      if (channel === CLOSE_CHANNEL && options.closeMessages) this.#end(message[1] ?? CLOSE_CHANNEL)
      else this.#push(channel, message.subarray(1))
    })
    ws.once('close', () => {
      for (const channel of this.#readables.keys()) this.#end(channel)
    })
  }

  /** What the peer sends on a channel. */
  readable(channel: number): Readable {
    const readable = new Readable({
      highWaterMark: MAX_UNREAD,
      read: () => this.#flow(channel),
      destroy: (error, done) => {
        this.#readables.delete(channel)
        this.#flow(channel)
        done(error)
      },
    })
    this.#readables.set(channel, readable)
    return readable
  }

  /** What is sent to the peer on a channel. Ending it sends nothing: the protocol has no message for that. */
  writable(channel: number): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => this.#send(channel, chunk, done),
    })
  }

  #send(channel: number, chunk: Buffer, done: (error?: Error | null) => void): void {
    if (this.#ws.readyState !== this.#ws.OPEN) {
      done(new Error('the WebSocket is closed'))
      return
    }
    this.#ws.send(Buffer.concat([Buffer.of(channel), chunk]), { binary: true }, (error) => done(error))
  }

  #push(channel: number, data: Buffer): void {
    const readable = this.#readables.get(channel)
    if (readable === undefined || data.length === 0 || readable.push(data)) return
    this.#full.add(channel)
    this.#ws.pause()
  }

  #flow(channel: number): void {
    if (this.#full.delete(channel) && this.#full.size === 0) this.#ws.resume()
  }

  #end(channel: number): void {
    const readable = this.#readables.get(channel)
    if (readable === undefined) return
    this.#readables.delete(channel)
    readable.push(null)
  }
}
