// Passes an upgrade on to a backend and joins the two connections byte by byte.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** `lines` begin the request; headers of the client's that `isWithheld` names (lower case) stay behind. */
export function passUpgrade(options: {
  readonly request: IncomingMessage
  readonly client: Duplex
  /** What the client has sent after its request. */
  readonly head: Buffer
  readonly backend: Duplex
  readonly lines: readonly string[]
  readonly isWithheld: (name: string) => boolean
}): void {
  const { client, backend, head, isWithheld } = options
  const lines = [...options.lines]
  const raw = options.request.rawHeaders
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (!isWithheld(name.toLowerCase())) lines.push(`${name}: ${raw[i + 1]}`)
  }
  backend.write(`${lines.join('\r\n')}\r\n\r\n`)
  if (head.length > 0) backend.write(head)
  const end = () => {
    client.destroy()
    backend.destroy()
  }
  client.on('error', end).on('close', end)
  backend.on('error', end).on('close', end)
  client.pipe(backend)
  backend.pipe(client)
}
