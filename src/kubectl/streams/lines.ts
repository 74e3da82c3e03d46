// Copies a stream line by line, so that several can share an output.

import { once } from 'node:events'

const NEWLINE = 0x0a
// A line that has no end is passed on in pieces.
const MAX_LINE = 1024 * 1024

/** Writes whole lines, each after `prefix`; waits when the output is full. */
export async function writeLines(
  source: AsyncIterable<unknown>,
  target: NodeJS.WritableStream,
  prefix: string,
): Promise<void> {
  let pending: Buffer = Buffer.alloc(0)
  for await (const chunk of source) {
    pending = pending.length === 0 ? (chunk as Buffer) : Buffer.concat([pending, chunk as Buffer])
    const end = pending.length > MAX_LINE ? pending.length : pending.lastIndexOf(NEWLINE) + 1
    if (end === 0) continue
    await write(target, prefixed(pending.subarray(0, end), prefix))
    pending = pending.subarray(end)
  }
  if (pending.length > 0) await write(target, prefixed(pending, prefix))
}

function prefixed(lines: Buffer, prefix: string): Buffer {
  if (prefix === '') return lines
  const parts: Buffer[] = []
  const head = Buffer.from(prefix)
  for (let from = 0; from < lines.length; ) {
    const end = lines.indexOf(NEWLINE, from)
    const to = end < 0 ? lines.length : end + 1
    parts.push(head, lines.subarray(from, to))
    from = to
  }
  return Buffer.concat(parts)
}

async function write(target: NodeJS.WritableStream, data: Buffer): Promise<void> {
  if (!target.write(data)) await once(target, 'drain')
}
