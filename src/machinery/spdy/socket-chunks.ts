// Reads a socket to its very end: an error comes after everything that arrived before it, not instead of it.

import type { Readable } from 'node:stream'

const MAX_QUEUED = 256 * 1024

/** The chunks of a socket. Node's own iterator drops what is buffered when the socket breaks; this one does not. */
export async function* socketChunks(socket: Readable): AsyncGenerator<Buffer> {
  let queue: Buffer[] = []
  let queued = 0
  let over = false
  let failure: Error | undefined
  let wake = () => {}
  const finish = (error?: Error) => {
    failure ??= error
    over = true
    wake()
  }
  const onData = (chunk: Buffer) => {
    queue.push(chunk)
    queued += chunk.length
    if (queued > MAX_QUEUED) socket.pause()
    wake()
  }
  socket.on('data', onData)
  socket.on('error', finish)
  socket.on('end', () => finish())
  socket.on('close', () => finish())
  if (socket.destroyed) finish()
  for (;;) {
    const chunks = queue
    queue = []
    queued = 0
    for (const chunk of chunks) yield chunk
    if (queue.length > 0) continue
    if (over) break
    if (socket.isPaused()) socket.resume()
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
  if (failure !== undefined) throw failure
}
