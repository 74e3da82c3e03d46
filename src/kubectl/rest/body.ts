// Bodies of answers, read whole.

import type { IncomingMessage } from 'node:http'

// A list of a large cluster fits many times; an answer without end does not.
const MAX_BODY = 1024 * 1024 * 1024

/** The whole body, up to a limit. */
export async function readAll(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    const piece = chunk as Buffer
    size += piece.length
    if (size > MAX_BODY) {
      response.destroy()
      throw new Error(`cannot read the answer: expected at most ${MAX_BODY} bytes`)
    }
    chunks.push(piece)
  }
  return Buffer.concat(chunks)
}
