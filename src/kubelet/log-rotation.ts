// Keeps container logs within bounds: past 10 MiB a log is set aside, compressed after the next turn, five are kept.

import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type Clock, pause } from '../machinery/clock.ts'
import { ifThere } from '../machinery/if-there.ts'
import type { Logger } from '../machinery/logger.ts'
import type { Runtime } from './runtime/runtime.ts'

const MAX_BYTES = 10 * 2 ** 20
const MAX_FILES = 5
const PERIOD_MS = 10_000

/** Looks at every running container's log until the signal aborts. */
export async function runLogRotation(env: {
  runtime: Runtime
  clock: Clock
  log: Logger
  signal: AbortSignal
  /** Logs of the containers that run, as last seen. */
  logs: () => readonly { readonly id: string; readonly path: string }[]
}): Promise<void> {
  while (!env.signal.aborted) {
    await pause(env.clock, PERIOD_MS, { signal: env.signal })
    for (const { id, path } of env.logs()) {
      if (env.signal.aborted) return
      try {
        const found = await ifThere(stat(path))
        if (found && found.size >= MAX_BYTES)
          await rotate(path, stampOf(env.clock.now()), () => env.runtime.reopenContainerLog(id))
      } catch (error) {
        env.log.warn('log-not-rotated', { path, error })
      }
    }
  }
}

/** `20260102-030405`. */
function stampOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')
}

/** Sets the log aside as `<path>.<stamp>` and has the runtime begin a new one. */
export async function rotate(path: string, stamp: string, reopen: () => Promise<void>): Promise<void> {
  const old = await rotated(path)
  for (const file of old.filter((f) => !f.endsWith('.gz'))) await compress(file)
  const kept = await rotated(path)
  // The current file and the one just set aside count too.
  for (const file of kept.slice(0, Math.max(0, kept.length - (MAX_FILES - 2)))) await rm(file, { force: true })
  await rename(path, `${path}.${stamp}`)
  try {
    await reopen()
  } catch (error) {
    await rename(`${path}.${stamp}`, path)
    throw error
  }
}

/** Files set aside earlier, oldest first. */
async function rotated(path: string): Promise<string[]> {
  const prefix = `${basename(path)}.`
  const names = (await readdir(dirname(path))).filter((n) => n.startsWith(prefix) && !n.endsWith('.tmp'))
  return names.sort().map((n) => join(dirname(path), n))
}

async function compress(file: string): Promise<void> {
  await pipeline(createReadStream(file), createGzip(), createWriteStream(`${file}.tmp`))
  await rename(`${file}.tmp`, `${file}.gz`)
  await rm(file)
}
