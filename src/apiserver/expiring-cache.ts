// A bounded cache whose entries go after a while; the one that was used longest ago goes first.
// Model: k8s.io/apimachinery/pkg/util/cache.LRUExpireCache.

import type { Clock } from '../machinery/clock.ts'

export class ExpiringCache<T> {
  readonly #entries = new Map<string, { readonly value: T; readonly until: number }>()
  readonly #clock: Clock
  readonly #max: number

  constructor(options: { readonly clock: Clock; readonly max: number }) {
    this.#clock = options.clock
    this.#max = options.max
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    this.#entries.delete(key)
    if (entry.until <= this.#clock.now()) return undefined
    this.#entries.set(key, entry)
    return entry.value
  }

  /** Keeps a value for some milliseconds; not at all when those are 0. */
  set(key: string, value: T, ms: number): void {
    if (ms <= 0) return
    this.#entries.delete(key)
    this.#entries.set(key, { value, until: this.#clock.now() + ms })
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > this.#max && oldest !== undefined) this.#entries.delete(oldest)
  }
}
