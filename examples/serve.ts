// Runs an example's server until its container is told to end.

import type { Server } from 'node:http'

/** Listens on `port`; SIGTERM and SIGINT close the server and what it uses. */
export function endWhenTold(server: Server, port: number, others: readonly { close(): void }[] = []): void {
  server.listen(port, () => console.log(new Date().toISOString(), `listening on port ${port}`))
  // The first process of a container gets no default handling of signals.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      server.close()
      server.closeIdleConnections()
      for (const other of others) other.close()
    })
  }
}
