// Forgets old revisions now and then, as upstream's apiserver tells etcd to.

import type { Clock } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import { CompactedError, type Store } from '../store/store.ts'
import type { Supervisor } from './supervisor.ts'

const INTERVAL_MS = 5 * 60_000

/** Every five minutes, forgets what was superseded five minutes before. The returned function ends it. */
export function startCompaction(options: {
  store: Store
  clock: Clock
  log: Logger
  supervisor: Supervisor
}): () => void {
  const { store, clock, log, supervisor } = options
  let previous = 0
  let cancel = () => {}
  const schedule = () => {
    cancel = clock.after(INTERVAL_MS, () => void tick().catch((error: unknown) => supervisor.fail('compaction', error)))
  }
  const tick = async () => {
    const current = await store.currentRevision()
    if (previous > 0) {
      try {
        await store.compact(previous)
        log.debug('compacted', { revision: previous })
      } catch (error) {
        // Nothing was written in between.
        if (!(error instanceof CompactedError)) throw error
      }
    }
    previous = current
    schedule()
  }
  schedule()
  return () => cancel()
}
