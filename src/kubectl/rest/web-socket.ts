// Opens a WebSocket to the API server; a refusal becomes the error it carries.

import { WebSocket } from 'ws'
import { readAll } from './body.ts'
import { connectionError } from './connection-error.ts'
import { errorOf } from './status.ts'

interface WebSocketOptions {
  readonly target: URL
  readonly subprotocols: readonly string[]
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly tls: object
}

const MAX_PAYLOAD = 64 * 1024 * 1024

/** An open socket. */
export function openWebSocket({ target, subprotocols, headers, tls }: WebSocketOptions): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    // The library knows no names with a slash, such as the one of port-forward: these it must not see.
    const hidden = subprotocols.some((name) => name.includes('/'))
    const own = hidden ? { 'sec-websocket-protocol': subprotocols.join(', ') } : {}
    const socket = new WebSocket(target, hidden ? [] : [...subprotocols], {
      headers: { ...headers, ...own } as Record<string, string>,
      maxPayload: MAX_PAYLOAD,
      perMessageDeflate: false,
      ...tls,
    })
    if (hidden) {
      socket.once('upgrade', (response) => {
        if (!subprotocols.includes(response.headers['sec-websocket-protocol'] ?? '')) return
        delete response.headers['sec-websocket-protocol']
      })
    }
    socket.once('open', () => resolve(socket))
    socket.once('unexpected-response', (_request, response) => {
      readAll(response).then((body) => reject(errorOf({ path: target.pathname }, response, body)), reject)
    })
    socket.once('error', (error) => reject(connectionError(target, error)))
  })
}
