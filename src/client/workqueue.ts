// A queue of keys that owns retry and back-off: a key is handled by one worker at a time, waits once however
// often it is added, and is handled again when it was added while being handled. Model: client-go's workqueue.

import type { Clock } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'

const BASE_BACKOFF_MS = 5
const MAX_BACKOFF_MS = 60_000

/** Told what happens to the keys of a queue, for whoever counts it. */
export interface QueueObserver {
  /** `depth` keys wait now. */
  added(depth: number): void
  /** A key is being handled that has waited so long. */
  started(depth: number, waitedSeconds: number): void
  /** It has been handled, or handling it has failed. */
  done(workedSeconds: number): void
  /** It will be tried again. */
  retried(): void
}

/** See the file comment. Keys are usually `namespace/name`. Bounded by the number of distinct keys. */
export class Workqueue {
  readonly name: string
  readonly #clock: Clock
  readonly #log: Logger
  readonly #ready: string[] = []
  readonly #queued = new Set<string>()
  readonly #active = new Set<string>()
  readonly #dirty = new Set<string>()
  readonly #failures = new Map<string, number>()
  readonly #delayed = new Map<string, { due: number; cancel: () => void }>()
  readonly #idleWorkers: (() => void)[] = []
  readonly #observer: QueueObserver | undefined
  /** Since when keys wait; kept only for an observer. */
  readonly #since = new Map<string, number>()

  constructor(options: { name: string; clock: Clock; log: Logger; observer?: QueueObserver | undefined }) {
    this.name = options.name
    this.#clock = options.clock
    this.#log = options.log
    this.#observer = options.observer
  }

  /** Number of keys waiting. */
  get length(): number {
    return this.#ready.length
  }

  add(key: string): void {
    if (this.#active.has(key)) {
      this.#dirty.add(key)
      return
    }
    if (this.#queued.has(key)) return
    this.#queued.add(key)
    this.#ready.push(key)
    if (this.#observer) {
      this.#since.set(key, this.#clock.now())
      this.#observer.added(this.#ready.length)
    }
    this.#idleWorkers.shift()?.()
  }

  /** Adds the key after `ms`; an earlier pending time wins. */
  addAfter(key: string, ms: number): void {
    if (ms <= 0) {
      this.add(key)
      return
    }
    const due = this.#clock.now() + ms
    const pending = this.#delayed.get(key)
    if (pending && pending.due <= due) return
    pending?.cancel()
    const cancel = this.#clock.after(ms, () => {
      this.#delayed.delete(key)
      this.add(key)
    })
    this.#delayed.set(key, { due, cancel })
  }

  /** How often the key has failed in a row. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  /**
   * Handles keys with `workers` at a time until the signal aborts. A key whose handler rejects is logged and
   * tried again after an exponential back-off of 5 ms to 60 s.
   */
  async run(workers: number, handle: (key: string) => Promise<void>, signal: AbortSignal): Promise<void> {
    const stop = () => {
      for (const d of this.#delayed.values()) d.cancel()
      this.#delayed.clear()
      for (const wake of this.#idleWorkers.splice(0)) wake()
    }
    signal.addEventListener('abort', stop, { once: true })
    await Promise.all(Array.from({ length: workers }, () => this.#work(handle, signal)))
  }

  #begun(key: string, observer: QueueObserver): number {
    const now = this.#clock.now()
    observer.started(this.#ready.length, (now - (this.#since.get(key) ?? now)) / 1000)
    this.#since.delete(key)
    return now
  }

  async #work(handle: (key: string) => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const key = this.#ready.shift()
      if (key === undefined) {
        await new Promise<void>((resolve) => this.#idleWorkers.push(resolve))
        continue
      }
      this.#queued.delete(key)
      this.#active.add(key)
      const started = this.#observer ? this.#begun(key, this.#observer) : 0
      try {
        await handle(key)
        this.#failures.delete(key)
      } catch (error) {
        if (signal.aborted) return
        const failures = this.failures(key) + 1
        this.#failures.set(key, failures)
        const delay = Math.min(BASE_BACKOFF_MS * 2 ** (failures - 1), MAX_BACKOFF_MS)
        this.#log.warn('reconcile-failed', { queue: this.name, key, failures, error })
        this.#active.delete(key)
        this.#observer?.retried()
        this.addAfter(key, delay)
      }
      this.#observer?.done((this.#clock.now() - started) / 1000)
      this.#active.delete(key)
      if (this.#dirty.delete(key)) this.add(key)
    }
  }
}
