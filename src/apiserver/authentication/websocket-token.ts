// Tokens of browsers, which can set no headers on WebSockets: they name them among the subprotocols.
// Model: k8s.io/apiserver/pkg/authentication/request/websocket.

import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { refused } from './refused.ts'

const PREFIX = 'base64url.bearer.authorization.k8s.io.'
const HEADER = 'sec-websocket-protocol'

export interface WebSocketToken {
  readonly token: string
  /** The header without the token: nobody further on is to see it. */
  readonly otherProtocols: string
}

/** The token of a request to open a WebSocket; undefined without one. Throws Unauthorized for what is none. */
export function webSocketToken(headers: IncomingHttpHeaders): WebSocketToken | undefined {
  const { upgrade = '', [HEADER]: given } = headers
  if (!given?.includes(PREFIX) || upgrade.toLowerCase() !== 'websocket') return undefined
  const protocols = given.split(',').map((protocol) => protocol.trim())
  const [found, ...more] = protocols.filter((protocol) => protocol.startsWith(PREFIX))
  if (found === undefined) return undefined
  if (more.length > 0) throw refused('multiple base64.bearer.authorization tokens specified')
  const encoded = found.slice(PREFIX.length)
  if (!/^[\w-]*$/.test(encoded)) throw refused('invalid base64.bearer.authorization token encoding')
  const bytes = Buffer.from(encoded, 'base64url')
  if (!isUtf8(bytes)) throw refused('invalid base64.bearer.authorization token')
  const others = protocols.filter((protocol) => !protocol.startsWith(PREFIX))
  if (bytes.length === 0) return undefined
  if (others.length === 0) throw refused('missing additional subprotocol')
  return { token: bytes.toString(), otherProtocols: others.join(',') }
}
