// Cuts a stream of chunks into lines, as watches send one JSON document a line.

/** As much as one object may be: the server takes bodies of 3 MiB, and what it adds is far below the rest. */
const MAX_LINE = 32 * 1024 * 1024

/** Every complete line. Throws when a line exceeds 32 MiB. */
export async function* jsonLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      rest.push(chunk.subarray(from, end))
      const line = Buffer.concat(rest).toString()
      rest = []
      size = 0
      from = end + 1
      if (line !== '') yield line
    }
    if (from === chunk.length) continue
    size += chunk.length - from
    if (size > MAX_LINE) throw new Error(`cannot read the stream: a line exceeds ${MAX_LINE} bytes`)
    rest.push(chunk.subarray(from))
  }
}
