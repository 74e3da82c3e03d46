// Fans the simulated runtime's events out to its followers, each with a bounded queue.

import type { RuntimeEvent } from '../runtime.ts'

const MAX_QUEUED = 10_000
const READ_ALL: RuntimeEvent = { type: 'connected', containerId: '', podUid: '' }

interface Follower {
  queue: RuntimeEvent[]
  wake: () => void
}

export class EventFeed {
  readonly #followers = new Set<Follower>()
  #closed = false

  publish(event: RuntimeEvent): void {
    for (const follower of this.#followers) {
      // Who falls too far behind is told to read all, instead of all that was missed.
      if (follower.queue.length >= MAX_QUEUED) follower.queue = [READ_ALL]
      else follower.queue.push(event)
      follower.wake()
    }
  }

  close(): void {
    this.#closed = true
    for (const { wake } of this.#followers) wake()
  }

  /** Events from now on; the first says to read all, as after any connection. */
  async *follow(signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
    const follower: Follower = { queue: [READ_ALL], wake: () => {} }
    const onAbort = () => follower.wake()
    signal.addEventListener('abort', onAbort, { once: true })
    this.#followers.add(follower)
    try {
      while (!signal.aborted && !this.#closed) {
        const events = follower.queue
        follower.queue = []
        for (const event of events) {
          if (signal.aborted) return
          yield event
        }
        if (follower.queue.length > 0 || signal.aborted || this.#closed) continue
        await new Promise<void>((resolve) => {
          follower.wake = resolve
        })
      }
    } finally {
      this.#followers.delete(follower)
      signal.removeEventListener('abort', onAbort)
    }
  }
}
