// An answer with an error code as a StatusError: the Status it carries, or one made from the code.
// Model: NewGenericServerResponse in k8s.io/apimachinery/pkg/api/errors.

import type { IncomingMessage } from 'node:http'
import { StatusError } from '../../machinery/errors.ts'
import type { RestRequest } from './client.ts'

const GENERIC: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  400: ['BadRequest', 'the server rejected our request for an unknown reason'],
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  403: ['Forbidden', 'unknown'],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  406: ['NotAcceptable', 'unknown'],
  409: ['Conflict', 'the server reported a conflict'],
  410: ['Gone', 'the server could not find the requested resource'],
  413: ['RequestEntityTooLarge', 'limit is exceeded'],
  415: ['UnsupportedMediaType', 'unknown'],
  422: ['Invalid', 'the server rejected our request due to an error in our request'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  500: ['InternalError', 'an error on the server ("unknown") has prevented the request from succeeding'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: [
    'Timeout',
    'the server was unable to return a response in the time allotted, but may still be processing the request',
  ],
}
const SHOWN_TEXT = 2048

/** The error that an answer stands for. */
export function errorOf(request: RestRequest, response: IncomingMessage, body: Buffer): StatusError {
  const code = response.statusCode ?? 500
  const status = parseStatus(body)
  if (status) {
    const { kind: _, apiVersion: __, metadata: ___, status: ____, ...rest } = status
    return new StatusError({ code, message: 'unknown', ...rest } as never)
  }
  const text = body.toString('utf8', 0, SHOWN_TEXT).trim()
  const [reason, generic] = GENERIC[code] ?? [code >= 500 ? 'InternalError' : '', unknownMessage(code, request, text)]
  return new StatusError({ reason, message: wording(code, generic, text), code } as never)
}

function wording(code: number, generic: string, text: string): string {
  if ([403, 406, 415].includes(code)) return text || generic
  if (code === 500 && text)
    return `an error on the server (${JSON.stringify(text)}) has prevented the request from succeeding`
  return generic
}

function unknownMessage(code: number, request: RestRequest, text: string): string {
  if (code >= 500) {
    return `an error on the server (${JSON.stringify(text || 'unknown')}) has prevented the request from succeeding`
  }
  return `the server responded with the status code ${code} but did not return more details (${(request.method ?? 'GET').toLowerCase()})`
}

function parseStatus(body: Buffer): Record<string, unknown> | undefined {
  if (body[0] !== 0x7b) return undefined
  try {
    const parsed = JSON.parse(body.toString()) as Record<string, unknown>
    return parsed.kind === 'Status' ? parsed : undefined
  } catch {
    // A body that only looks like JSON is shown as text.
    return undefined
  }
}
