// Asks upstream name servers what the cluster does not know.

import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import type { Clock } from '../machinery/clock.ts'
import type { Random } from '../machinery/random.ts'

export interface ForwarderOptions {
  /** Addresses, `ip` or `ip:port`; the one that answered last is asked first. */
  readonly upstreams: readonly string[]
  readonly clock: Clock
  readonly random: Random
  readonly timeoutMs?: number
}

interface Upstream {
  readonly host: string
  readonly port: number
}

const TIMEOUT_MS = 2_000
const ROUNDS = 2
const MAX_IN_FLIGHT = 1_000

/** See the file comment. Answers carry the id of the query that was handed in. */
export class Forwarder {
  readonly #options: ForwarderOptions
  #upstreams: Upstream[]
  #inFlight = 0

  constructor(options: ForwarderOptions) {
    this.#options = options
    this.#upstreams = options.upstreams.map(parseUpstream)
  }

  /** The first answer of any upstream; rejects when there is none, with the reason of the last attempt. */
  async ask(query: Buffer, transport: 'udp' | 'tcp', signal: AbortSignal): Promise<Buffer> {
    if (this.#upstreams.length === 0) throw new Error('cannot forward query: there are no upstream name servers')
    if (this.#inFlight >= MAX_IN_FLIGHT) throw new Error(`cannot forward query: ${MAX_IN_FLIGHT} are under way`)
    this.#inFlight++
    try {
      let failure: unknown
      for (let round = 0; round < ROUNDS; round++) {
        for (const upstream of [...this.#upstreams]) {
          signal.throwIfAborted()
          try {
            const answer = await this.#exchange(query, transport, upstream, signal)
            // A server that is broken may have a healthy neighbour.
            const last = round === ROUNDS - 1 && upstream === this.#upstreams.at(-1)
            if ((answer.readUInt8(3) & 15) === 2 && !last && this.#upstreams.length > 1) continue
            this.#prefer(upstream)
            return answer
          } catch (error) {
            failure = error
          }
        }
      }
      throw new Error('cannot forward query: no upstream name server answered', { cause: failure })
    } finally {
      this.#inFlight--
    }
  }

  #prefer(upstream: Upstream): void {
    if (this.#upstreams[0] === upstream) return
    this.#upstreams = [upstream, ...this.#upstreams.filter((other) => other !== upstream)]
  }

  async #exchange(query: Buffer, transport: 'udp' | 'tcp', to: Upstream, signal: AbortSignal): Promise<Buffer> {
    // An id of our own on a port of its own: answers from elsewhere cannot be guessed into the cache.
    const id = Math.floor(this.#options.random.next() * 0x10000)
    const sent = Buffer.from(query)
    sent.writeUInt16BE(id, 0)
    const once = transport === 'udp' ? exchangeUdp : exchangeTcp
    const timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS
    const answer = await once({ query: sent, to, timeoutMs, clock: this.#options.clock, signal })
    const own = Buffer.from(answer)
    query.copy(own, 0, 0, 2)
    return own
  }
}

interface Exchange {
  readonly query: Buffer
  readonly to: Upstream
  readonly timeoutMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Runs one attempt: settles once, at the latest with the timeout or the signal, and always closes what it opened. */
function attempt(
  { to, timeoutMs, clock, signal }: Exchange,
  open: (resolve: (answer: Buffer) => void, reject: (error: unknown) => void) => () => void,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let close = () => {}
    let settled = false
    const settle = (finish: () => void) => {
      if (settled) return
      settled = true
      cancel()
      signal.removeEventListener('abort', onAbort)
      close()
      finish()
    }
    const fail = (error: unknown) => settle(() => reject(error))
    const onAbort = () => fail(signal.reason)
    const cancel = clock.after(timeoutMs, () => fail(new Error(`no answer from ${to.host} within ${timeoutMs} ms`)))
    signal.addEventListener('abort', onAbort, { once: true })
    close = open((answer) => settle(() => resolve(answer)), fail)
  })
}

function exchangeUdp(exchange: Exchange): Promise<Buffer> {
  const { query, to } = exchange
  return attempt(exchange, (resolve, reject) => {
    const socket = createSocket(isIPv6(to.host) ? 'udp6' : 'udp4')
    socket.on('error', reject)
    socket.on('message', (message) => {
      if (answers(message, query)) resolve(message)
    })
    socket.connect(to.port, to.host, () => {
      socket.send(query, (error) => {
        if (error) reject(error)
      })
    })
    return () => socket.close()
  })
}

function exchangeTcp(exchange: Exchange): Promise<Buffer> {
  const { query, to } = exchange
  return attempt(exchange, (resolve, reject) => {
    const socket = connect(to.port, to.host)
    let received = Buffer.alloc(0)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`${to.host} closed the connection without an answer`)))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 2) return
      const length = received.readUInt16BE(0)
      if (received.length < 2 + length) return
      const message = received.subarray(2, 2 + length)
      if (answers(message, query)) resolve(message)
      else reject(new Error(`${to.host} answered something else`))
    })
    socket.write(frame(query))
    return () => socket.destroy()
  })
}

/** A message with the length in front of it, as it goes over TCP. */
export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length, 0)
  return Buffer.concat([length, message])
}

function answers(message: Buffer, query: Buffer): boolean {
  return (
    message.length >= 12 && message.readUInt16BE(0) === query.readUInt16BE(0) && (message.readUInt8(2) & 0x80) !== 0
  )
}

/** Takes `ip`, `ip:port`, and `[ip6]:port` apart. */
function parseUpstream(text: string): Upstream {
  const [, bracketed, plain, port = '53'] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? []
  return { host: bracketed ?? plain ?? text, port: Number(port) }
}
