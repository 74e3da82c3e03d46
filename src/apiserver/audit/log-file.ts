// The file that audit events are appended to: begun anew when it has grown, with a bounded number of old ones kept.

import {
  closeSync,
  createReadStream,
  createWriteStream,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Clock } from '../../machinery/clock.ts'
import type { Logger } from '../../machinery/logger.ts'

export interface LogFileOptions {
  readonly path: string
  /** Bytes after which a new file is begun. */
  readonly maxBytes: number
  /** How many old files are kept; 0: all. */
  readonly maxBackups: number
  /** How many days old files are kept; 0: for ever. */
  readonly maxDays: number
  /** Whether old files are compressed. */
  readonly compress: boolean
  /** Whether lines wait for each other, so that whoever writes them does not. */
  readonly gathers: boolean
  readonly clock: Clock
  readonly log: Logger
}

export interface LineSink {
  /** Throws when the lines cannot be written, unless they are gathered. */
  write(lines: string): void
  /** Writes what is still due. */
  close(): void | Promise<void>
}

const DAY_MS = 24 * 60 * 60 * 1000
const COMPRESSED = '.gz'
/** So much is gathered at most before it is written. */
const MAX_DUE = 256 * 1024

/** Opens the file to append to. Throws when that cannot be done. */
export function openLogFile(options: LogFileOptions): LineSink {
  const { path, maxBytes, clock, log } = options
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  let file = openSync(path, 'a', 0o600)
  let size = fstatSync(file).size
  let due: string[] = []
  let dueLength = 0
  let waiting: (() => void) | undefined

  let compressing = Promise.resolve()

  function rotate(): void {
    closeSync(file)
    const backup = backupOf(path, clock.now())
    renameSync(path, backup)
    file = openSync(path, 'a', 0o600)
    size = 0
    // One after the other: nobody waits for it.
    if (options.compress) compressing = compressing.then(() => compressed(backup, log))
    for (const old of surplus(oldFiles(path), { ...options, now: clock.now() })) rmSync(old, { force: true })
  }

  function append(bytes: Buffer): void {
    if (bytes.length === 0) return
    writeSync(file, bytes)
    size += bytes.length
  }

  function put(lines: readonly string[]): void {
    let batch: Buffer[] = []
    let length = 0
    for (const line of lines) {
      const bytes = Buffer.from(line)
      if (size + length > 0 && size + length + bytes.length > maxBytes) {
        append(Buffer.concat(batch))
        batch = []
        length = 0
        rotate()
      }
      batch.push(bytes)
      length += bytes.length
    }
    append(Buffer.concat(batch))
  }

  function flush(): void {
    waiting?.()
    waiting = undefined
    const lines = due
    due = []
    dueLength = 0
    try {
      put(lines)
    } catch (error) {
      log.error('audit-write-failed', { path, lines: lines.length, error })
    }
  }

  return {
    write(line) {
      if (!options.gathers) return put([line])
      due.push(line)
      dueLength += line.length
      if (dueLength > MAX_DUE) flush()
      // Lines of one turn of the event loop go out together.
      else waiting ??= clock.after(0, flush)
    },
    close() {
      flush()
      closeSync(file)
      return compressing
    },
  }
}

/** Puts a compressed file into the place of one that is complete; never rejects. */
async function compressed(path: string, log: Logger): Promise<void> {
  try {
    // Under another name until it is complete: it is not counted twice.
    const partial = `${path}.partial`
    await pipeline(createReadStream(path), createGzip(), createWriteStream(partial, { mode: 0o600 }))
    renameSync(partial, `${path}${COMPRESSED}`)
    rmSync(path, { force: true })
  } catch (error) {
    log.error('audit-compress-failed', { path, error })
  }
}

/** `audit-2026-01-02T03-04-05.678.log` for `audit.log`. */
function backupOf(path: string, now: number): string {
  const extension = extname(path)
  const stem = basename(path, extension)
  const time = new Date(now).toISOString().slice(0, -1).replaceAll(':', '-')
  return join(dirname(path), `${stem}-${time}${extension}`)
}

/** Files that this one was before, the newest first. */
function oldFiles(path: string): { path: string; time: number }[] {
  const extension = extname(path)
  const stem = `${basename(path, extension)}-`
  return readdirSync(dirname(path))
    .flatMap((name) => {
      const bare = name.endsWith(COMPRESSED) ? name.slice(0, -COMPRESSED.length) : name
      if (!bare.startsWith(stem) || !bare.endsWith(extension)) return []
      const time = Date.parse(
        `${bare.slice(stem.length, bare.length - extension.length).replace(/T(\d\d)-(\d\d)-/, 'T$1:$2:')}Z`,
      )
      return Number.isNaN(time) ? [] : [{ path: join(dirname(path), name), time }]
    })
    .sort((a, b) => b.time - a.time)
}

/** Which old files are too many or too old. */
function surplus(
  files: readonly { path: string; time: number }[],
  { maxBackups, maxDays, now }: { maxBackups: number; maxDays: number; now: number },
): string[] {
  return files
    .filter(({ time }, i) => (maxBackups > 0 && i >= maxBackups) || (maxDays > 0 && now - time > maxDays * DAY_MS))
    .map(({ path }) => path)
}
