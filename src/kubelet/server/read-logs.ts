// Reads a container's log file as `kubectl logs` asks for it; following is driven by file-system events.

import { watch } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { ifThere } from '../../machinery/if-there.ts'
import { logTimeMs, parseLogLine } from './log-format.ts'

export interface LogOptions {
  /** Absolute path of the log file. */
  readonly path: string
  readonly follow?: boolean
  /** Only the last so many lines. */
  readonly tailLines?: number | undefined
  /** Only lines from this time on, milliseconds since the epoch. */
  readonly since?: number | undefined
  readonly timestamps?: boolean
  readonly limitBytes?: number | undefined
  /** Only one of the two streams. */
  readonly stream?: 'stdout' | 'stderr' | undefined
  /** Aborts when the container has ended: what is left is read, then following ends. */
  readonly ended: AbortSignal
  /** Aborts when the reader has gone. */
  readonly signal: AbortSignal
}

const CHUNK = 64 * 1024
const NEWLINE = 0x0a

/** Yields the text to send, in chunks. */
export async function* readContainerLogs(options: LogOptions): AsyncGenerator<Buffer> {
  const render = renderer(options)
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY
  for await (const chunk of rawLines(options)) {
    const text = render(chunk)
    if (text.length === 0) continue
    yield text.length > left ? text.subarray(0, left) : text
    left -= text.length
    if (left <= 0) return
  }
}

/** Turns whole log records into the text they stand for. */
function renderer(options: LogOptions): (records: Buffer) => Buffer {
  const lastPartial = { stdout: false, stderr: false }
  return (records) => {
    const out: Buffer[] = []
    for (let at = 0; at < records.length; ) {
      const end = records.indexOf(NEWLINE, at)
      const line = parseLogLine(records.subarray(at, end < 0 ? records.length : end))
      at = end < 0 ? records.length : end + 1
      if (!line || (options.stream && line.stream !== options.stream)) continue
      if (options.since !== undefined && logTimeMs(line.time) < options.since) continue
      if (options.timestamps && !lastPartial[line.stream]) out.push(Buffer.from(`${line.time} `))
      out.push(line.content)
      if (!line.partial) out.push(Buffer.from('\n'))
      lastPartial[line.stream] = line.partial
    }
    return Buffer.concat(out)
  }
}

/** Yields buffers of whole records; follows rotation: when the file is replaced, the new one is read on. */
async function* rawLines(options: LogOptions): AsyncGenerator<Buffer> {
  const { path, signal, ended } = options
  const changes = options.follow ? followFile(path, signal) : undefined
  let file = await open(path)
  try {
    let position = await startOffset(file, options.tailLines)
    let rest = Buffer.alloc(0)
    for (;;) {
      signal.throwIfAborted()
      const over = ended.aborted
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, position)
      if (bytesRead > 0) {
        position += bytesRead
        const data = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
        const cut = data.lastIndexOf(NEWLINE) + 1
        rest = data.subarray(cut)
        if (cut > 0) yield data.subarray(0, cut)
        continue
      }
      if (await wasReplaced(file, path)) {
        const next = await open(path)
        await file.close()
        file = next
        position = 0
        continue
      }
      if (!changes || over) {
        if (rest.length > 0) yield rest
        return
      }
      await changes.next(ended)
    }
  } finally {
    changes?.close()
    await file.close()
  }
}

async function wasReplaced(file: FileHandle, path: string): Promise<boolean> {
  const [mine, theirs] = await Promise.all([file.stat(), ifThere(stat(path))])
  return theirs !== undefined && (theirs.ino !== mine.ino || theirs.dev !== mine.dev)
}

/** Where the last `lines` records begin. */
async function startOffset(file: FileHandle, lines: number | undefined): Promise<number> {
  if (lines === undefined) return 0
  const { size } = await file.stat()
  if (lines <= 0) return size
  let seen = 0
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK)
    const { buffer } = await file.read(Buffer.allocUnsafe(end - start), 0, end - start, start)
    for (let at = end - start - 1; at >= 0; at--) {
      // The newline that ends the file closes the last line and begins none.
      if (buffer[at] !== NEWLINE || start + at === size - 1) continue
      if (++seen === lines) return start + at + 1
    }
    end = start
  }
  return 0
}

/** Tells of writes to a file and of its replacement. A change between two calls of `next` is not lost. */
function followFile(path: string, signal: AbortSignal) {
  let changed = false
  let wake = () => {}
  const notify = () => {
    changed = true
    wake()
  }
  const watcher = watch(dirname(path), (_, name) => {
    if (name === null || name === basename(path)) notify()
  })
  watcher.on('error', notify)
  signal.addEventListener('abort', notify, { once: true })
  return {
    async next(ended: AbortSignal): Promise<void> {
      if (!changed && !ended.aborted) {
        ended.addEventListener('abort', notify, { once: true })
        await new Promise<void>((resolve) => {
          wake = resolve
          if (changed) resolve()
        })
        ended.removeEventListener('abort', notify)
      }
      changed = false
    },
    close() {
      watcher.close()
      signal.removeEventListener('abort', notify)
    },
  }
}
