// Remembers which pod and sandbox a container belongs to, so that events and statuses can name them.

/** What is remembered of a sandbox or container. */
export interface Identity {
  readonly kind: 'sandbox' | 'container'
  readonly podUid: string
  readonly sandboxId: string
}

/** A bounded memory; the least recently remembered goes first. */
export class IdentityCache {
  readonly #entries = new Map<string, Identity>()
  readonly #limit: number

  constructor(limit = 20_000) {
    this.#limit = limit
  }

  get(id: string): Identity | undefined {
    return this.#entries.get(id)
  }

  remember(id: string, identity: Identity): void {
    this.#entries.delete(id)
    this.#entries.set(id, identity)
    if (this.#entries.size <= this.#limit) return
    const oldest = this.#entries.keys().next()
    if (!oldest.done) this.#entries.delete(oldest.value)
  }

  forget(id: string): void {
    this.#entries.delete(id)
  }
}
