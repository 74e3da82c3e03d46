// A SPDY/3.1 connection in either role, as kubectl before 1.30, port-forward and CRI streaming servers speak it.

import type { Duplex } from 'node:stream'
import { socketChunks } from './socket-chunks.ts'
import {
  type ControlFrame,
  controlFrame,
  type DataPart,
  dataHead,
  FLAG_FIN,
  FrameType,
  ResetStatus,
  readFrames,
} from './spdy-frames.ts'
import { HeaderDecoder, HeaderEncoder, type SpdyHeaders } from './spdy-headers.ts'
import { SpdyStream, type StreamTransport } from './spdy-stream.ts'

const MAX_STREAMS = 2048

export interface SpdyOptions {
  readonly socket: Duplex
  /** Bytes that came with the upgrade. */
  readonly head: Buffer
  readonly role: 'client' | 'server'
  /** Called for each stream that the peer opens; it must `reply()` or `destroy()` it. Absent: all are refused. */
  readonly onStream?: (stream: SpdyStream) => void
}

interface Pending {
  readonly stream: SpdyStream
  readonly resolve: (stream: SpdyStream) => void
  readonly reject: (error: Error) => void
}

export class SpdyConnection {
  /** Resolves when the connection is over; with the error that ended it, if any. */
  readonly closed: Promise<Error | undefined>
  readonly #socket: Duplex
  readonly #options: SpdyOptions
  readonly #encoder = new HeaderEncoder()
  readonly #decoder = new HeaderDecoder()
  readonly #streams = new Map<number, SpdyStream>()
  readonly #pending = new Map<number, Pending>()
  readonly #transport: StreamTransport
  #waiting: (() => void)[] = []
  #nextId: number
  #lastPeerId = 0
  #peerUsesWindows = false
  #ending = false
  #goneAway = false

  constructor(options: SpdyOptions) {
    this.#options = options
    this.#socket = options.socket
    this.#nextId = options.role === 'client' ? 1 : 2
    const connection = this
    this.#transport = {
      get peerUsesWindows() {
        return connection.#peerUsesWindows
      },
      peerClosesAtOnce: options.role === 'client',
      sendData: (id, flags, data, done) => this.#sendData(id, flags, data, done),
      sendReply: (id, headers) => this.#send(controlFrame(FrameType.SYN_REPLY, 0, id, this.#encoder.encode(headers))),
      sendReset: (id, status) => this.#send(controlFrame(FrameType.RST_STREAM, 0, id, status)),
      sendWindowUpdate: (id, delta) => this.#grant(id, delta),
      forget: (id) => this.#streams.delete(id),
    }
    this.#socket.on('drain', () => this.#wake())
    // Errors of the socket surface in the read loop; this listener only keeps them from being unhandled.
    this.#socket.on('error', () => this.#wake())
    this.#socket.on('close', () => this.#wake())
    this.closed = this.#run(options.head)
  }

  /** Opens a stream and waits until the peer has accepted it. */
  open(headers: SpdyHeaders): Promise<SpdyStream> {
    if (this.#ending) return Promise.reject(new Error('the SPDY connection is closed'))
    const id = this.#nextId
    this.#nextId += 2
    const stream = new SpdyStream({ id, headers, transport: this.#transport })
    this.#streams.set(id, stream)
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { stream, resolve, reject })
      this.#send(controlFrame(FrameType.SYN_STREAM, 0, id, 0, Buffer.alloc(2), this.#encoder.encode(headers)))
    })
  }

  /** Says goodbye and closes the sending side; what the peer still sends is read until it closes too. */
  close(): void {
    if (this.#ending) return
    this.#send(controlFrame(FrameType.GOAWAY, 0, this.#lastPeerId, 0))
    this.#ending = true
    this.#socket.end()
  }

  /** Drops the connection and all its streams at once. */
  destroy(error?: Error): void {
    this.#ending = true
    this.#socket.destroy(error)
  }

  async #run(head: Buffer): Promise<Error | undefined> {
    let failure: Error | undefined
    try {
      for await (const frame of readFrames(socketChunks(this.#socket), head)) {
        if (frame.kind === 'control') await this.#control(frame)
        else await this.#data(frame)
      }
    } catch (error) {
      // After its goodbye the peer may close with something of ours unread, which looks like a reset.
      if (!this.#ending && !this.#goneAway) failure = error instanceof Error ? error : new Error(String(error))
    }
    this.#ending = true
    this.#decoder.close()
    for (const { reject } of this.#pending.values()) {
      reject(failure ?? new Error('the SPDY connection closed before the stream was accepted'))
    }
    this.#pending.clear()
    for (const stream of [...this.#streams.values()]) stream.connectionOver(failure)
    this.#socket.destroy()
    this.#wake()
    return failure
  }

  async #data({ streamId, data, fin }: DataPart): Promise<void> {
    const stream = this.#streams.get(streamId)
    await stream?.receive(data)
    if (fin) stream?.receiveEnd()
  }

  async #control({ type, flags, body }: ControlFrame): Promise<void> {
    const fin = (flags & FLAG_FIN) !== 0
    const id = body.length >= 4 ? body.readUInt32BE(0) & 0x7fffffff : 0
    switch (type) {
      case FrameType.SYN_STREAM:
        return this.#opened(id, await this.#decoder.decode(body.subarray(10)), fin)
      case FrameType.SYN_REPLY: {
        await this.#decoder.decode(body.subarray(4))
        const pending = this.#pending.get(id)
        this.#pending.delete(id)
        pending?.resolve(pending.stream)
        if (fin) this.#streams.get(id)?.receiveEnd()
        return
      }
      case FrameType.HEADERS:
        await this.#decoder.decode(body.subarray(4))
        if (fin) this.#streams.get(id)?.receiveEnd()
        return
      case FrameType.RST_STREAM:
        return this.#wasReset(id, body.length >= 8 ? body.readUInt32BE(4) : ResetStatus.PROTOCOL_ERROR)
      case FrameType.PING: {
        const theirs = (id % 2 === 0) === (this.#options.role === 'client')
        if (theirs) this.#send(controlFrame(FrameType.PING, 0, body))
        return
      }
      case FrameType.WINDOW_UPDATE: {
        if (id === 0 || body.length < 8) return
        this.#peerUsesWindows = true
        this.#streams.get(id)?.receiveWindowUpdate(body.readUInt32BE(4) & 0x7fffffff)
        return
      }
      case FrameType.GOAWAY:
        this.#goneAway = true
        return
      default:
      // SETTINGS ask for nothing that matters here, and the rest is unknown.
    }
  }

  #opened(id: number, headers: SpdyHeaders, fin: boolean): void {
    const theirs = (id % 2 === 0) === (this.#options.role === 'client')
    if (!theirs || id <= this.#lastPeerId) {
      throw new Error(`the peer opened SPDY stream ${id} after stream ${this.#lastPeerId}`)
    }
    this.#lastPeerId = id
    const { onStream } = this.#options
    if (onStream === undefined || this.#ending || this.#streams.size >= MAX_STREAMS) {
      this.#transport.sendReset(id, ResetStatus.REFUSED_STREAM)
      return
    }
    const stream = new SpdyStream({ id, headers, transport: this.#transport })
    this.#streams.set(id, stream)
    onStream(stream)
    if (fin) stream.receiveEnd()
  }

  #wasReset(id: number, status: number): void {
    const pending = this.#pending.get(id)
    if (pending !== undefined) {
      this.#pending.delete(id)
      this.#streams.delete(id)
      pending.reject(new Error(`the peer refused SPDY stream ${id} with status ${status}`))
      return
    }
    const stream = this.#streams.get(id)
    this.#streams.delete(id)
    stream?.receiveReset(status)
  }

  #send(frame: Buffer): boolean {
    if (this.#ending || this.#socket.destroyed || !this.#socket.writable) return true
    return this.#socket.write(frame)
  }

  // See StreamTransport.peerClosesAtOnce.
  #grant(id: number, delta: number): void {
    if (this.#transport.peerClosesAtOnce && !this.#peerUsesWindows) return
    this.#send(controlFrame(FrameType.WINDOW_UPDATE, 0, id, delta))
  }

  #sendData(id: number, flags: number, data: Buffer, done: () => void): void {
    if (this.#send(Buffer.concat([dataHead(id, flags, data.length), data]))) process.nextTick(done)
    else this.#waiting.push(done)
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const done of waiting) done()
  }
}
