// A bounded channel between one producer that never waits and one consumer that iterates.

/** Buffers up to `limit` items; beyond that the consumer gets `overflow()`'s error and the channel is closed. */
export class EventChannel<T> implements AsyncIterable<T> {
  readonly #limit: number
  readonly #overflow: () => Error
  readonly #items: T[] = []
  #wake: (() => void) | undefined
  #error: unknown
  #closed = false

  constructor(options: { limit: number; overflow: () => Error }) {
    this.#limit = options.limit
    this.#overflow = options.overflow
  }

  push(item: T): void {
    if (this.#closed) return
    if (this.#items.length >= this.#limit) {
      this.#items.length = 0
      this.fail(this.#overflow())
      return
    }
    this.#items.push(item)
    this.#notify()
  }

  /** Ends the iteration with an error, after what is buffered. */
  fail(error: unknown): void {
    if (this.#closed) return
    this.#error = error
    this.close()
  }

  /** Ends the iteration, after what is buffered. */
  close(): void {
    this.#closed = true
    this.#notify()
  }

  get closed(): boolean {
    return this.#closed
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        while (this.#items.length > 0) yield this.#items.shift() as T
        if (this.#closed) {
          if (this.#error !== undefined) throw this.#error
          return
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      this.#closed = true
    }
  }
}
