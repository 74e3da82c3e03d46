// Keeps the statuses that cannot change while the listed state stays the same, so that a relist asks little.

import type { ContainerState } from '../runtime.ts'

/** Statuses of running and exited containers, as many as the runtime lists. */
export class StatusCache {
  readonly #known = new Map<string, ContainerState>()
  // The runtime may turn the reason of an exit into OOMKilled a moment later, so these are always asked for.
  readonly #volatile = new Set<string>()

  get(id: string, state: ContainerState['state']): ContainerState | undefined {
    const known = this.#known.get(id)
    return known?.state === state ? known : undefined
  }

  remember(status: ContainerState): void {
    if (this.#volatile.has(status.id)) return
    if (status.state === 'running' || status.state === 'exited') this.#known.set(status.id, status)
  }

  /** Drops what is known; with `forGood` nothing is remembered of this container again. */
  forget(id: string, { forGood }: { readonly forGood: boolean }): void {
    this.#known.delete(id)
    if (forGood) this.#volatile.add(id)
  }

  /** Drops all containers but these. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id)
    for (const id of this.#volatile) if (!ids.has(id)) this.#volatile.delete(id)
  }
}
