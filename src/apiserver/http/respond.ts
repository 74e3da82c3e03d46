// Writing answers: stored bytes as they are, everything else encoded here, errors as Status objects.

import { internalError, StatusError } from '../../machinery/errors.ts'
import type { Logger } from '../../machinery/logger.ts'
import { formatYaml } from '../../machinery/yaml.ts'
import type { ApiObject } from '../api-object.ts'
import type { Response } from './exchange.ts'
import { PROTOBUF, type Representation } from './media-type.ts'
import { protobufOf } from './protobuf.ts'

const MAX_WARNING = 256

/** `299 - "text"`, as the Warning header wants it. */
export function warningHeader(message: string): string {
  const clean = message.replace(/[\r\n\t]/g, ' ').replace(/[^\x20-\x7e]/g, '?')
  return `299 - "${clean.slice(0, MAX_WARNING).replace(/["\\]/g, '\\$&')}"`
}

/** Sends JSON that is encoded already. */
export function sendJson(response: Response, code: number, json: Buffer | string): void {
  const length = typeof json === 'string' ? Buffer.byteLength(json) : json.length
  response.writeHead(code, {
    'content-type': 'application/json',
    'content-length': length,
    'cache-control': 'no-cache, private',
  })
  response.end(json)
}

/** Sends what is encoded in protobuf already. */
export function sendProtobuf(response: Response, code: number, bytes: Buffer): void {
  response.writeHead(code, {
    'content-type': PROTOBUF,
    'content-length': bytes.length,
    'cache-control': 'no-cache, private',
  })
  response.end(bytes)
}

/** Sends an object in the representation that was asked for. `json` saves encoding when it is at hand. */
export function sendObject(
  response: Response,
  code: number,
  representation: Representation,
  answer: { object: unknown; json?: Buffer },
): void {
  if (representation.format === 'yaml') {
    const text = Buffer.from(formatYaml(answer.object))
    response.writeHead(code, {
      'content-type': 'application/yaml',
      'content-length': text.length,
      'cache-control': 'no-cache, private',
    })
    response.end(text)
    return
  }
  if (representation.format === 'protobuf') {
    sendProtobuf(response, code, protobufOf(answer.object as ApiObject))
    return
  }
  if (representation.pretty) sendJson(response, code, `${JSON.stringify(answer.object, null, 2)}\n`)
  else sendJson(response, code, answer.json ?? `${JSON.stringify(answer.object)}\n`)
}

/** Sends an error as its Status. What is no StatusError is logged with its cause and becomes a 500. */
export function sendError(
  response: Response,
  error: unknown,
  log: Logger,
  request: { method: string; url: string },
): void {
  const known =
    error instanceof StatusError
      ? error
      : internalError(error instanceof Error ? error.message : String(error), { cause: error })
  if (!(error instanceof StatusError)) log.error('request-failed', { ...request, error })
  if (response.headersSent) {
    // Too late for a status: end the stream so that the client sees a broken answer, not a complete one.
    response.destroy()
    return
  }
  const retry = known.status.details?.retryAfterSeconds
  if (retry !== undefined) response.setHeader('retry-after', String(retry))
  if (known.code === 401) response.setHeader('www-authenticate', 'Bearer realm="kubernetes"')
  sendJson(response, known.code, `${JSON.stringify(known.status)}\n`)
}
