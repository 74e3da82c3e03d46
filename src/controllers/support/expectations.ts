// What a controller has asked for and its cache has not shown yet, so that it does not ask twice.

import type { Clock } from '../../machinery/clock.ts'

const TTL_MS = 5 * 60_000

interface Expected {
  creations: number
  deletions: Set<string>
  since: number
}

/** Per key: creations by count, deletions by child key. Forgotten after five minutes, in case an event was lost. */
export class Expectations {
  readonly #clock: Clock
  readonly #byKey = new Map<string, Expected>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  expectCreations(key: string, count: number): void {
    this.#byKey.set(key, { creations: count, deletions: new Set(), since: this.#clock.now() })
  }

  expectDeletions(key: string, children: readonly string[]): void {
    this.#byKey.set(key, { creations: 0, deletions: new Set(children), since: this.#clock.now() })
  }

  /** Both at once, replacing what was expected before. */
  expect(key: string, creations: number, deletions: readonly string[]): void {
    this.#byKey.set(key, { creations, deletions: new Set(deletions), since: this.#clock.now() })
  }

  creationObserved(key: string): void {
    const expected = this.#byKey.get(key)
    if (expected) expected.creations -= 1
  }

  deletionObserved(key: string, child: string): void {
    this.#byKey.get(key)?.deletions.delete(child)
  }

  /** Whether the cache has caught up with what was asked. */
  satisfied(key: string): boolean {
    const expected = this.#byKey.get(key)
    if (!expected) return true
    if (expected.creations <= 0 && expected.deletions.size === 0) return true
    return this.#clock.now() - expected.since > TTL_MS
  }

  forget(key: string): void {
    this.#byKey.delete(key)
  }
}
