// Gathers audit events and hands them on in batches, so that no request waits. What does not fit is lost.
// Model: k8s.io/apiserver/plugin/pkg/audit/buffered.

import type { Clock } from '../../machinery/clock.ts'
import type { AuditBackend, LossObserver } from './backend.ts'
import type { AuditRecord } from './event.ts'

export interface BatchSettings {
  /** Events that may wait. */
  readonly bufferSize: number
  readonly maxSize: number
  readonly maxWaitMs: number
  /** How many batches go out in a second, and how many at once after a pause; absent: any number. */
  readonly throttle?: { readonly perSecond: number; readonly burst: number }
  /** Whether a batch goes out before the one ahead of it has arrived. */
  readonly overlapping: boolean
}

/** Batches under way at a time; with more, the rest waits in the buffer. */
const MAX_UNDER_WAY = 100
/** A server that ends does not wait longer for who does not answer. */
const MAX_CLOSING_MS = 10_000

export class Batching implements AuditBackend {
  readonly #backend: AuditBackend
  readonly #settings: BatchSettings
  readonly #clock: Clock
  readonly #lost: LossObserver
  #waiting: AuditRecord[] = []
  #underWay = 0
  #tokens: number
  #filledAt: number
  #cancel: (() => void) | undefined
  #cancelAt = Number.POSITIVE_INFINITY
  /** When the oldest of those that wait came, or later. */
  #since = 0
  #idle: (() => void) | undefined
  #closed = false

  constructor(backend: AuditBackend, settings: BatchSettings, env: { clock: Clock; lost: LossObserver }) {
    this.#backend = backend
    this.#settings = settings
    this.#clock = env.clock
    this.#lost = env.lost
    this.#tokens = settings.throttle?.burst ?? 0
    this.#filledAt = this.#clock.now()
  }

  process(records: readonly AuditRecord[]): boolean {
    const room = this.#closed ? 0 : this.#settings.bufferSize - this.#waiting.length
    const taken = room >= records.length ? records : records.slice(0, Math.max(room, 0))
    if (this.#waiting.length === 0) this.#since = this.#clock.now()
    for (const record of taken) this.#waiting.push(record)
    if (taken.length < records.length) {
      const why = this.#closed ? 'audit backend shut down' : 'audit buffer queue blocked'
      this.#lost('buffered', new Error(why), records.slice(taken.length))
    }
    this.#go()
    return true
  }

  /** Sends what is still waiting, and waits for all that is under way. */
  async close(): Promise<void> {
    this.#closed = true
    this.#go()
    if (this.#waiting.length > 0 || this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(MAX_CLOSING_MS, resolve)
        this.#idle = () => {
          cancel()
          resolve()
        }
      })
    }
    this.#cancel?.()
    const left = this.#waiting
    this.#waiting = []
    if (left.length > 0) this.#lost('buffered', new Error('audit backend shut down'), left)
    await this.#backend.close()
  }

  /** Sends all that may go now, and comes back for the rest. */
  #go(): void {
    const { maxSize, maxWaitMs, overlapping } = this.#settings
    const most = overlapping ? MAX_UNDER_WAY : 1
    while (this.#waiting.length > 0 && this.#underWay < most) {
      const due = this.#waiting.length >= maxSize || this.#closed ? 0 : this.#since + maxWaitMs - this.#clock.now()
      const pause = Math.max(due, this.#untilToken())
      if (pause > 0) return this.#again(pause)
      this.#tokens -= 1
      this.#send(this.#waiting.splice(0, maxSize))
    }
  }

  #again(ms: number): void {
    const at = this.#clock.now() + ms
    if (this.#cancel && this.#cancelAt <= at) return
    this.#cancel?.()
    this.#cancelAt = at
    this.#cancel = this.#clock.after(Math.ceil(ms), () => {
      this.#cancel = undefined
      this.#go()
    })
  }

  /** Milliseconds until a batch may go out. */
  #untilToken(): number {
    const { throttle } = this.#settings
    if (!throttle) return 0
    const now = this.#clock.now()
    this.#tokens = Math.min(throttle.burst, this.#tokens + ((now - this.#filledAt) / 1000) * throttle.perSecond)
    this.#filledAt = now
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / throttle.perSecond) * 1000
  }

  #send(batch: readonly AuditRecord[]): void {
    this.#since = this.#clock.now()
    const kept = this.#backend.process(batch)
    if (typeof kept === 'boolean') return
    this.#underWay += 1
    void kept.then(() => {
      this.#underWay -= 1
      this.#go()
      if (this.#underWay === 0 && this.#waiting.length === 0) this.#idle?.()
    })
  }
}
