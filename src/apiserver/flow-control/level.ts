// One priority level: so many seats, and fair queues for requests that find none free.
// Spec: https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#queuing

import type { PriorityLevelConfigurationSpec } from '../../api/generated/flowcontrol-v1.ts'
import type { Clock } from '../../machinery/clock.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'

export type RejectReason = 'concurrency-limit' | 'queue-full' | 'time-out' | 'cancelled'

/** The request is not served now. */
export class FlowRejection extends Error {
  override name = 'FlowRejection'
  readonly reason: RejectReason

  constructor(reason: RejectReason) {
    super('Too many requests, please try again later.')
    this.reason = reason
  }
}

export interface FlowRequest {
  /** `<schema>/<distinguisher>`: requests of one flow share few queues. */
  readonly flow: string
  readonly seats: number
  /** Calls back when the client has gone. */
  readonly onGone: (gone: () => void) => void
}

export interface Waiting extends FlowRequest {
  readonly since: number
  readonly start: () => void
}

interface Queue {
  readonly requests: Waiting[]
  /** Service that the queue has had, in seat-seconds: the one with least goes first. */
  virtualStart: number
}

/** What a level may ask of the others. */
export interface SeatPool {
  readonly clock: Clock
  /** Seats that others lend and nobody has borrowed. */
  lendableTo(level: PriorityLevel): number
  /** Seats have become free: others may be waiting for them. */
  freed(by: PriorityLevel): void
}

/** What a request is taken to last before it is known. */
const GUESSED_SECONDS = 0.003
/** As upstream: a quarter of the time that a request may take. */
const MAX_WAIT_MS = 15_000
const DEFAULT_QUEUING = { queues: 64, handSize: 8, queueLengthLimit: 50 }

export class PriorityLevel {
  readonly name: string
  uid = ''
  exempt = false
  /** Seats of its own, those of them that others may use, and how many of others' it may use. */
  nominal = 0
  lendable = 0
  borrowingLimit = Number.POSITIVE_INFINITY
  /** Seats in use. */
  executing = 0
  /** Requests in service, and the numbers of those served and refused so far. */
  requests = 0
  dispatched = 0
  readonly rejected = new Map<RejectReason, number>()
  waiting = 0
  readonly queues: Queue[] = []
  readonly #pool: SeatPool
  #queuing: typeof DEFAULT_QUEUING | undefined
  #virtual = 0
  #next = 0

  constructor(name: string, pool: SeatPool) {
    this.name = name
    this.#pool = pool
  }

  /** Takes over a configuration; `shareOfSeats` is what one of its shares comes to. */
  configure(uid: string, spec: DeepReadonly<PriorityLevelConfigurationSpec>, shareOfSeats: number): void {
    this.uid = uid
    this.exempt = spec.type === 'Exempt'
    const { nominalConcurrencyShares, lendablePercent = 0 } = (this.exempt ? spec.exempt : spec.limited) ?? {}
    this.nominal = Math.ceil((nominalConcurrencyShares ?? (this.exempt ? 0 : 30)) * shareOfSeats)
    this.lendable = Math.round((this.nominal * lendablePercent) / 100)
    const borrowing = spec.limited?.borrowingLimitPercent
    this.borrowingLimit =
      borrowing === undefined ? Number.POSITIVE_INFINITY : Math.round((this.nominal * borrowing) / 100)
    const { limitResponse } = spec.limited ?? {}
    this.#queuing = limitResponse?.type === 'Queue' ? { ...DEFAULT_QUEUING, ...limitResponse.queuing } : undefined
    while (this.queues.length < (this.#queuing?.queues ?? 0)) this.queues.push({ requests: [], virtualStart: 0 })
    this.drain()
  }

  /** Takes seats: at once when there are some, or when the promise resolves. Throws or rejects with FlowRejection. */
  enter(asked: FlowRequest): (() => void) | Promise<() => void> {
    if (this.exempt) return this.#begin(asked.seats)
    // A request that is wider than the whole level gets all of it.
    const seats = Math.min(asked.seats, Math.max(this.nominal, 1))
    if (this.waiting === 0 && this.#fits(seats)) return this.#begin(seats)
    const request = { ...asked, seats }
    if (!this.#queuing) throw this.#refusal('concurrency-limit')
    const queue = this.#queueFor(request.flow, this.#queuing)
    if (queue.requests.length >= this.#queuing.queueLengthLimit) throw this.#refusal('queue-full')
    return this.#wait(queue, request)
  }

  /** Starts as many waiting requests as there are seats for. */
  drain(): void {
    while (this.waiting > 0) {
      const queue = this.#fairest()
      const [first] = queue?.requests ?? []
      if (!queue || !first || !(this.exempt || this.#fits(first.seats))) return
      queue.requests.shift()
      this.waiting -= 1
      first.start()
    }
  }

  #wait(queue: Queue, request: FlowRequest): Promise<() => void> {
    const { clock } = this.#pool
    if (queue.requests.length === 0) queue.virtualStart = Math.max(queue.virtualStart, this.#virtual)
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        ...request,
        since: clock.now(),
        start: () => {
          cancel()
          this.#virtual = queue.virtualStart
          queue.virtualStart += request.seats * GUESSED_SECONDS
          resolve(this.#begin(request.seats, queue))
        },
      }
      const leave = (reason: RejectReason) => {
        const at = queue.requests.indexOf(waiting)
        if (at < 0) return
        queue.requests.splice(at, 1)
        this.waiting -= 1
        cancel()
        reject(this.#refusal(reason))
      }
      const cancel = clock.after(MAX_WAIT_MS, () => leave('time-out'))
      request.onGone(() => leave('cancelled'))
      queue.requests.push(waiting)
      this.waiting += 1
    })
  }

  #fits(seats: number): boolean {
    const wanted = this.executing + seats
    if (wanted <= this.nominal || (this.executing === 0 && this.nominal === 0)) return true
    const beyond = wanted - this.nominal
    if (beyond > this.borrowingLimit) return false
    return beyond - Math.max(0, this.executing - this.nominal) <= this.#pool.lendableTo(this)
  }

  #begin(seats: number, queue?: Queue): () => void {
    const { clock } = this.#pool
    const began = queue ? clock.now() : 0
    this.executing += seats
    this.requests += 1
    this.dispatched += 1
    let over = false
    return () => {
      if (over) return
      over = true
      this.executing -= seats
      this.requests -= 1
      // Only now is it known what the request took.
      if (queue) queue.virtualStart += seats * ((clock.now() - began) / 1000 - GUESSED_SECONDS)
      if (this.waiting > 0) this.drain()
      // An exempt level takes seats from nobody.
      if (!this.exempt) this.#pool.freed(this)
    }
  }

  #refusal(reason: RejectReason): FlowRejection {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1)
    return new FlowRejection(reason)
  }

  /** Of the few queues that the flow may use, the one with the least in it. */
  #queueFor(flow: string, { queues, handSize }: typeof DEFAULT_QUEUING): Queue {
    const hand = dealHand(flow, queues, handSize).map((i) => this.queues[i])
    let best: Queue | undefined
    for (const queue of hand) {
      if (queue && (!best || queue.requests.length < best.requests.length)) best = queue
    }
    if (!best) throw this.#refusal('queue-full')
    return best
  }

  /** Of the queues with requests, the one that was served least; after a tie another one is next. */
  #fairest(): Queue | undefined {
    let best: Queue | undefined
    const { length } = this.queues
    for (let step = 1; step <= length; step++) {
      const queue = this.queues[(this.#next + step) % length]
      if (!queue || queue.requests.length === 0) continue
      if (!best || queue.virtualStart < best.virtualStart) best = queue
    }
    if (best) this.#next = this.queues.indexOf(best)
    return best
  }
}

/** Shuffle sharding: `size` different numbers below `deck`, always the same ones for a flow. */
export function dealHand(flow: string, deck: number, size: number): number[] {
  let state = hashOf(flow)
  const hand: number[] = []
  for (let dealt = 0; dealt < Math.min(size, deck); dealt++) {
    state = mix(state)
    let card = state % (deck - dealt)
    // The card is counted among those that are still there.
    for (const taken of [...hand].sort((a, b) => a - b)) if (card >= taken) card += 1
    hand.push(card)
  }
  return hand
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

function mix(value: number): number {
  let mixed = (value + 0x9e3779b9) >>> 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
