// Connections to a pod's ports, all through one SPDY connection inside a WebSocket.
// Spec: SPDY/3.1+portforward.k8s.io; model: k8s.io/client-go/tools/portforward.

import type { Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { createWebSocketStream } from 'ws'
import { SpdyConnection } from '../../machinery/spdy/spdy.ts'
import type { SpdyStream } from '../../machinery/spdy/spdy-stream.ts'
import type { KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'

const PROTOCOL = 'SPDY/3.1+portforward.k8s.io'
const MAX_TEXT = 64 * 1024

export interface Tunnel {
  /** Resolves when the connection is over. */
  readonly closed: Promise<unknown>
  /** Copies both ways until both are done. Throws KubectlError with what the other side says went wrong. */
  forward(socket: Socket, port: number): Promise<void>
  close(): void
}

/** Opens the connection that all others go through. */
export async function openTunnel(ctx: KubectlContext, path: string): Promise<Tunnel> {
  const client = await ctx.client()
  const socket = await client.webSocket(path, {}, [PROTOCOL])
  const connection = new SpdyConnection({
    socket: createWebSocketStream(socket),
    head: Buffer.alloc(0),
    role: 'client',
  })
  let requests = 0
  return {
    closed: connection.closed,
    async forward(local, port) {
      const headers = { port: String(port), requestid: String(requests++) }
      const errors = await connection.open({ ...headers, streamtype: 'error' })
      errors.end()
      const said = readText(errors)
      const data = await connection.open({ ...headers, streamtype: 'data' })
      // The error stream ends with the connection: what it says is why the copies broke.
      await Promise.allSettled([pipeline(data, local), pipeline(local, data, { end: true })])
      const message = await said
      if (message !== '') throw new KubectlError(message)
    },
    close() {
      connection.destroy()
      socket.terminate()
    },
  }
}

async function readText(stream: SpdyStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += String(chunk)
    if (text.length > MAX_TEXT) throw new KubectlError(`the error stream carries more than ${MAX_TEXT} characters`)
  }
  return text
}
