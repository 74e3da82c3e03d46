// Whether a cluster's process is running, by the file that it writes its pid to.

import { existsSync, readFileSync } from 'node:fs'
import type { ClusterPaths } from './config.ts'

/** The pid of the running server; undefined when there is none. A pid that another program has by now does not count. */
export function runningPid(paths: ClusterPaths): number | undefined {
  if (!existsSync(paths.pidFile)) return undefined
  const pid = Number(readFileSync(paths.pidFile, 'utf8'))
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return command.includes('sampan') ? pid : undefined
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
