// How long a request may take: the server's limit, or less when the client says so.

import type { Clock } from '../../machinery/clock.ts'
import { badRequest, StatusError } from '../../machinery/errors.ts'
import { parseGoDuration } from '../../machinery/go-duration.ts'
import type { Response } from './exchange.ts'
import type { RequestInfo } from './request-info.ts'

/** A request that is not answered yet. */
interface Pending {
  /** When its time is over, by the clock. */
  readonly end: number
  readonly late: () => void
}

/** The time limits of a listener's requests. Most have the same: one timer, for the oldest of them, is enough. */
export class Deadlines {
  readonly #clock: Clock
  readonly #limitMs: number
  /** In the order in which they end. */
  readonly #pending = new Set<Pending>()
  #cancel: (() => void) | undefined

  /** `limitMs` is how long a request may take when its client does not ask for less. */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock
    this.#limitMs = limitMs
  }

  /**
   * Calls `late` when a request's time is over unless the answer is complete by then; nothing else can answer from
   * then on. Throws BadRequest when the client's wish cannot be read.
   */
  limit(response: Response, info: Pick<RequestInfo, 'query'>, late: (error: StatusError) => void): void {
    const ms = wishedMs(info)
    const over = () => {
      late(new StatusError({ message: LATE, reason: 'Timeout', details: {}, code: 504 }))
      mute(response)
    }
    if (ms > 0 && ms < this.#limitMs) {
      response.on('close', this.#clock.after(ms, over))
      return
    }
    const pending = { end: this.#clock.now() + this.#limitMs, late: over }
    this.#pending.add(pending)
    response.on('close', () => this.#pending.delete(pending))
    if (!this.#cancel) this.#arm(this.#limitMs)
  }

  /** No request will come any more. */
  close(): void {
    this.#cancel?.()
  }

  #arm(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined
      const now = this.#clock.now()
      for (const pending of this.#pending) {
        if (pending.end > now) return this.#arm(pending.end - now)
        this.#pending.delete(pending)
        pending.late()
      }
    })
  }
}

const LATE = 'Timeout: request did not complete within the allotted timeout'

/** Milliseconds that the client gives the server; 0 when it says nothing. */
function wishedMs({ query }: Pick<RequestInfo, 'query'>): number {
  const wish = query.get('timeout')
  if (!wish) return 0
  const ms = parseGoDuration(wish)
  if (ms === undefined) {
    throw badRequest(`invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(wish)}`)
  }
  return ms
}

/** Whoever still works at the answer is not heard. */
function mute(response: Response): void {
  response.setHeader = () => undefined
  response.writeHead = () => undefined
  response.write = () => false
  response.end = () => undefined
  response.destroy = () => undefined
}
