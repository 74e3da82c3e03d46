// Newline-delimited JSON out of a byte stream, one bounded frame at a time.

const MAX_FRAME = 64 * 1024 * 1024
const NEWLINE = 0x0a

/** Yields each line's value. Throws when a frame grows without end or the stream breaks. */
export async function* readJsonLines(stream: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  let pending: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    let rest = chunk as Buffer
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      const line = Buffer.concat([...pending, rest.subarray(0, end)]).toString()
      pending = []
      size = 0
      rest = rest.subarray(end + 1)
      if (line.trim() !== '') yield JSON.parse(line)
    }
    size += rest.length
    if (size > MAX_FRAME) throw new Error(`cannot read the watch: expected events of at most ${MAX_FRAME} bytes`)
    if (rest.length > 0) pending.push(rest)
  }
}
