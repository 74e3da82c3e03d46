// Ends an nginx of ours, whoever started it.

import { rmSync } from 'node:fs'
import { type Clock, sleep } from '../machinery/clock.ts'
import { type NginxPlace, nginxProcesses, signalTo } from './process-group.ts'

const LOOK_MS = 20
const STEP_MS = 3000
const STEPS = ['SIGQUIT', 'SIGTERM', 'SIGKILL'] as const

/** Lets running requests end for three seconds, then ends everything. Nothing is left when it resolves. */
export async function stopNginx(place: NginxPlace, options: { clock: Clock; signal: AbortSignal }): Promise<void> {
  for (const step of STEPS) {
    for (const pid of nginxProcesses(place)) signalTo(pid, step)
    if (await gone(place, options)) {
      rmSync(place.groupFile, { force: true })
      return
    }
  }
  throw new Error(`cannot stop nginx: processes ${nginxProcesses(place).join(', ')} stay`)
}

/** Processes that are not our children can only be looked at. */
async function gone(place: NginxPlace, { clock, signal }: { clock: Clock; signal: AbortSignal }): Promise<boolean> {
  const deadline = clock.now() + STEP_MS
  while (nginxProcesses(place).length > 0) {
    if (clock.now() > deadline) return false
    await sleep(clock, LOOK_MS, { signal })
  }
  return true
}
