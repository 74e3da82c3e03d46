// How long a request may take: the server's limit, or less when the client says so.

import type { Clock } from '../../machinery/clock.ts'
import { badRequest, type StatusError, TooLate } from '../../machinery/errors.ts'
import { goDurationProblem, parseGoDuration } from '../../machinery/go-duration.ts'
import type { Response } from './exchange.ts'
import type { RequestInfo } from './request-info.ts'

/** A request that is not answered yet, between the one that ends before it and the one that ends after it. */
interface Pending {
  /** When its time is over, by the clock. */
  readonly end: number
  readonly late: () => void
  listed: boolean
  before: Pending | undefined
  after: Pending | undefined
}

/**
 * The time limits of a listener's requests. Most have the same: one timer, for the oldest of them, is enough. They are
 * linked to each other, as a Set that much goes through keeps what it held alive for longer than it is there.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #limitMs: number
  #oldest: Pending | undefined
  #newest: Pending | undefined
  #cancel: (() => void) | undefined

  /** `limitMs` is how long a request may take when its client does not ask for less. */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock
    this.#limitMs = limitMs
  }

  /**
   * Calls `late` when a request's time is over unless the answer is complete by then; nothing else can answer from
   * then on. Throws BadRequest when the client's wish cannot be read, Timeout when it is for next to nothing.
   */
  limit(response: Response, info: Pick<RequestInfo, 'query'>, late: (error: StatusError) => void): void {
    const ms = wishedMs(info)
    // So little is over before anything is done.
    if (ms > 0 && ms < LEAST_MS) throw new TooLate()
    const over = () => {
      late(new TooLate())
      mute(response)
    }
    if (ms > 0 && ms < this.#limitMs) {
      response.on('close', this.#clock.after(ms, over))
      return
    }
    const pending = this.#add(this.#clock.now() + this.#limitMs, over)
    response.on('close', () => this.#remove(pending))
    if (!this.#cancel) this.#arm(this.#limitMs)
  }

  /** No request will come any more. */
  close(): void {
    this.#cancel?.()
  }

  #add(end: number, late: () => void): Pending {
    const before = this.#newest
    const pending: Pending = { end, late, listed: true, before, after: undefined }
    if (before) before.after = pending
    else this.#oldest = pending
    this.#newest = pending
    return pending
  }

  #remove(pending: Pending): void {
    if (!pending.listed) return
    const { before, after } = pending
    if (before) before.after = after
    else this.#oldest = after
    if (after) after.before = before
    else this.#newest = before
    pending.listed = false
    pending.before = undefined
    pending.after = undefined
  }

  #arm(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined
      const now = this.#clock.now()
      for (let oldest = this.#oldest; oldest; oldest = this.#oldest) {
        if (oldest.end > now) return this.#arm(oldest.end - now)
        this.#remove(oldest)
        oldest.late()
      }
    })
  }
}

const LEAST_MS = 1

/** Milliseconds that the client gives the server; 0 when it says nothing. Less than nothing is no wish either. */
function wishedMs({ query }: Pick<RequestInfo, 'query'>): number {
  const wish = query.get('timeout')
  if (!wish) return 0
  const problem = goDurationProblem(wish)
  if (problem !== undefined) throw badRequest(`invalid timeout specified in the request URL - ${problem}`)
  return wish.startsWith('-') ? 0 : (parseGoDuration(wish.replace('+', '')) ?? 0)
}

/** Whoever still works at the answer is not heard. */
function mute(response: Response): void {
  response.setHeader = () => undefined
  response.writeHead = () => undefined
  response.write = () => false
  response.end = () => undefined
  response.destroy = () => undefined
}
