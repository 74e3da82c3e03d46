// Configuration files that are followed while the server runs: what is right in them is taken over, what is wrong told.

import { createHash } from 'node:crypto'
import type { ApiMetrics } from '../apiserver/metrics/index.ts'
import type { Clock } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import type { FollowedFile } from './api-server-settings.ts'
import { followFile } from './follow-file.ts'

/** Takes over what a file says whenever that changes; what is wrong with it leaves all as it was. */
export function followConfiguration<T>(
  what: 'authorization' | 'authentication' | 'encryption',
  { path, read }: FollowedFile<T>,
  {
    take,
    metrics,
    clock,
    log,
  }: { take: (read: T) => void | Promise<void>; metrics: ApiMetrics; clock: Clock; log: Logger },
): () => void {
  const id = `sha256:${createHash('sha256').update(path).digest('hex')}`
  const noted = metrics.access.configurationReloads(what, id)
  const takeOver = async () => {
    try {
      const now = read()
      if (now !== undefined) await take(now)
      noted('success', clock.now())
      log.info(`${what}-config-reloaded`, { path })
    } catch (error) {
      noted('failure', clock.now())
      log.error(`${what}-config-reload-failed`, { path, error })
    }
  }
  let taking = Promise.resolve()
  return followFile(path, () => {
    // What is read last holds.
    taking = taking.then(takeOver)
  })
}
