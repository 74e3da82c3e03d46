// The open connections of a listener: those that nobody uses are closed, and when the listener closes, answers that are
// on their way arrive whole, and clients are told.

import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Clock } from '../../machinery/clock.ts'

/** What has not ended by itself after so long is cut off. */
const GRACE_MS = 2000
/** As upstream: how long a connection over HTTP/1.1 stays open without a request. */
const IDLE_MS = 90_000
const SWEEP_MS = 10_000

interface Connection {
  /** Over HTTP/2. */
  session: ServerHttp2Session | undefined
  /** Over HTTP/1.1: how many requests are being served. */
  busy: number
  /** In how many sweeps nobody was seen to use it. One look at a time costs less than the clock at every request. */
  idleSweeps: number
}

export class Connections {
  readonly #open = new Map<Socket, Connection>()
  readonly #clock: Clock
  #closing = false
  #cancelSweep: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** From now on connections are closed that nobody uses. */
  closeIdle(): void {
    this.#cancelSweep = this.#clock.after(SWEEP_MS, () => {
      for (const [socket, connection] of this.#open) {
        if (connection.session || connection.busy > 0) continue
        connection.idleSweeps += 1
        if (connection.idleSweeps * SWEEP_MS > IDLE_MS) socket.destroy()
      }
      this.closeIdle()
    })
  }

  add(socket: Socket): void {
    this.#open.set(socket, { session: undefined, busy: 0, idleSweeps: 0 })
    socket.on('close', () => this.#open.delete(socket))
  }

  /** A connection speaks HTTP/2. */
  upgraded(socket: Socket, session: ServerHttp2Session): void {
    const connection = this.#open.get(socket)
    if (connection) connection.session = session
  }

  /** A request has come on an HTTP/1.1 connection; one that asks for another protocol is never answered in this sense. */
  begun(socket: Socket): void {
    const connection = this.#open.get(socket)
    if (connection) connection.busy += 1
  }

  /** The request is answered. */
  answered(socket: Socket): void {
    const connection = this.#open.get(socket)
    if (connection) {
      connection.busy -= 1
      connection.idleSweeps = 0
    }
    if (this.#closing) socket.end()
  }

  /** Ends all connections; those in use when their answers are complete, but after a while in any case. */
  end(): () => void {
    this.#closing = true
    this.#cancelSweep?.()
    for (const [socket, { session, busy }] of this.#open) {
      if (session) session.close()
      else if (busy === 0) socket.destroy()
    }
    return this.#clock.after(GRACE_MS, () => {
      for (const socket of this.#open.keys()) socket.destroy()
    })
  }
}
