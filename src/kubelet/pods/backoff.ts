// Exponential back-off per key, as client-go's flowcontrol.Backoff: doubling, capped, forgotten after twice the cap.

interface Entry {
  delay: number
  updated: number
}

/** Pure bookkeeping over given times, in milliseconds. Bounded by `forget` of its owner and its own clean-up. */
export class Backoff {
  readonly #initial: number
  readonly #max: number
  readonly #entries = new Map<string, Entry>()

  constructor(options: { initial: number; max: number }) {
    this.#initial = options.initial
    this.#max = options.max
  }

  /** Milliseconds still to wait when the failure happened at `since`; 0 when a try is due. */
  remaining(key: string, since: number, now: number): number {
    const entry = this.#entries.get(key)
    if (!entry || this.#expired(entry, since)) return 0
    return Math.max(0, entry.delay - (now - since))
  }

  /** The delay that applies now. */
  delay(key: string): number {
    return this.#entries.get(key)?.delay ?? 0
  }

  /** Counts a failure at `at`: the next delay is twice as long. */
  next(key: string, at: number): void {
    const entry = this.#entries.get(key)
    const delay = !entry || this.#expired(entry, at) ? this.#initial : Math.min(entry.delay * 2, this.#max)
    this.#entries.set(key, { delay, updated: at })
  }

  /** Forgets every key that starts with `prefix`. */
  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key)
  }

  #expired(entry: Entry, at: number): boolean {
    return at - entry.updated > this.#max * 2
  }
}
