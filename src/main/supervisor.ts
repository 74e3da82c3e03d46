// Owns what runs in the background: nothing ends unnoticed, and everything ends together.

import type { Logger } from '../machinery/logger.ts'

export interface Supervisor {
  /** Aborts when the process is to end. */
  readonly signal: AbortSignal
  /** Starts a task that runs until the signal aborts. One that ends before, or rejects, brings everything down. */
  run(name: string, task: () => Promise<void>): void
  /** Something cannot go on: logs it and brings everything down. */
  fail(name: string, error: unknown): void
  stop(): void
  /** Resolves when all tasks have ended. */
  settled(): Promise<void>
}

/** `onFailure` is called once, with what failed first. */
export function createSupervisor(options: {
  log: Logger
  onFailure: (name: string, error: unknown) => void
}): Supervisor {
  const controller = new AbortController()
  const { signal } = controller
  const tasks = new Set<Promise<void>>()
  let failed = false
  const fail = (name: string, error: unknown) => {
    if (signal.aborted || failed) return
    failed = true
    options.log.error('task-failed', { task: name, error })
    options.onFailure(name, error)
  }
  return {
    signal,
    run(name, task) {
      const running = task().then(
        () => {
          if (!signal.aborted) fail(name, new Error(`task ${name} ended`))
        },
        (error: unknown) => fail(name, error),
      )
      tasks.add(running)
      void running.finally(() => tasks.delete(running))
    },
    fail,
    stop: () => controller.abort(new Error('the cluster is stopping')),
    async settled() {
      await Promise.all(tasks)
    },
  }
}
