// Time as a dependency: everything below main takes a Clock, so a whole cluster can run on a virtual one.

/** A source of time and timers. Milliseconds throughout. */
export interface Clock {
  /** Wall-clock time, milliseconds since the epoch. */
  now(): number
  /** Calls `fn` once after `ms`; the returned function cancels it. */
  after(ms: number, fn: () => void): () => void
}

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms)
    return () => clearTimeout(timer)
  },
}

/** Resolves after `ms`; rejects with `signal.reason` when aborted first. */
export function sleep(clock: Clock, ms: number, options: { signal: AbortSignal }): Promise<void> {
  const { signal } = options
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const onAbort = () => {
      cancel()
      reject(signal.reason)
    }
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** Resolves after `ms`, or at once when aborted: for loops that look at the signal themselves. */
export async function pause(clock: Clock, ms: number, options: { signal: AbortSignal }): Promise<void> {
  try {
    await sleep(clock, ms, options)
  } catch (error) {
    if (!options.signal.aborted) throw error
  }
}

/** RFC 3339 with second precision, as metav1.Time is written: `2026-01-02T03:04:05Z`. */
export function formatTime(ms: number): string {
  const second = Math.floor(ms / 1000)
  // Whoever writes much writes many times within a second.
  if (second !== last.second) last = { second, text: `${new Date(ms).toISOString().slice(0, 19)}Z` }
  return last.text
}

let last = { second: Number.NaN, text: '' }

/** RFC 3339 with microseconds, as metav1.MicroTime is written. */
export function formatMicroTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`
}

/** A clock that a test moves by hand. Timers fire in order of their due time. */
export class VirtualClock implements Clock {
  #now: number
  #timers: { due: number; fn: () => void }[] = []

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { due: this.#now + ms, fn }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((t) => t !== timer)
    }
  }

  /** Moves time forward, firing what falls due, and lets pending promises settle between timers. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await settle()
      const next = this.#timers.filter((t) => t.due <= end).sort((a, b) => a.due - b.due)[0]
      if (!next) break
      this.#timers = this.#timers.filter((t) => t !== next)
      this.#now = Math.max(this.#now, next.due)
      next.fn()
    }
    this.#now = end
    await settle()
  }
}

/** Lets everything that is ready to run, run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
}
