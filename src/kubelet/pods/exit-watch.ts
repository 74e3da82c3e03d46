// Lets others wait for the end of a container, e.g. who follows its log.

import { type Runtime, RuntimeError } from '../runtime/runtime.ts'

/** Fed with the runtime's events; bounded by who waits. */
export class ExitWatch {
  readonly #runtime: Runtime
  readonly #waiting = new Map<string, Set<AbortController>>()

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** `ended` aborts once the container has ended, also when it has ended before. Call `release` when done. */
  async watch(containerId: string): Promise<{ readonly ended: AbortSignal; release(): void }> {
    const controller = new AbortController()
    const all = this.#waiting.get(containerId) ?? new Set()
    this.#waiting.set(containerId, all.add(controller))
    await this.#check(containerId)
    return {
      ended: controller.signal,
      release: () => {
        all.delete(controller)
        if (all.size === 0) this.#waiting.delete(containerId)
      },
    }
  }

  /** The container has ended. */
  ended(containerId: string): void {
    for (const controller of this.#waiting.get(containerId) ?? []) controller.abort()
  }

  /** Events may have been missed: asks the runtime about everything that is waited for. */
  async recheck(): Promise<void> {
    await Promise.all([...this.#waiting.keys()].map((id) => this.#check(id)))
  }

  async #check(containerId: string): Promise<void> {
    try {
      const { state } = await this.#runtime.containerStatus(containerId)
      if (state === 'exited') this.ended(containerId)
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'NOT_FOUND') throw error
      this.ended(containerId)
    }
  }
}
