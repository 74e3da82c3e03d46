// The open connections of a listener: when it closes, answers that are on their way arrive whole, and clients are told.

import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Clock } from '../../machinery/clock.ts'

/** What has not ended by itself after so long is cut off. */
const GRACE_MS = 2000

export class Connections {
  readonly #open = new Set<Socket>()
  readonly #sessions = new Map<Socket, ServerHttp2Session>()
  /** HTTP/1.1 connections on which a request is being served. */
  readonly #busy = new Set<Socket>()
  #closing = false

  add(socket: Socket): void {
    this.#open.add(socket)
    socket.on('close', () => {
      this.#open.delete(socket)
      this.#sessions.delete(socket)
      this.#busy.delete(socket)
    })
  }

  /** A connection speaks HTTP/2. */
  upgraded(socket: Socket, session: ServerHttp2Session): void {
    this.#sessions.set(socket, session)
  }

  /** A request has come on an HTTP/1.1 connection. */
  begun(socket: Socket): void {
    this.#busy.add(socket)
  }

  /** The request is answered. */
  answered(socket: Socket): void {
    this.#busy.delete(socket)
    if (this.#closing) socket.end()
  }

  /** Ends all connections; those in use when their answers are complete, but after a while in any case. */
  end(clock: Clock): () => void {
    this.#closing = true
    for (const socket of this.#open) {
      const session = this.#sessions.get(socket)
      if (session) session.close()
      else if (!this.#busy.has(socket)) socket.destroy()
    }
    return clock.after(GRACE_MS, () => {
      for (const socket of this.#open) socket.destroy()
    })
  }
}
