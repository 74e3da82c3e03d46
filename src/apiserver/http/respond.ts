// Writing answers: stored bytes as they are, everything else encoded here, errors as Status objects.

import { gzip } from 'node:zlib'
import { internalError, NothingHere, StatusError, TooLate, UndecidedRequest } from '../../machinery/errors.ts'
import type { Logger } from '../../machinery/logger.ts'
import { toYaml } from '../../machinery/yaml-writer.ts'
import type { ApiObject } from '../api-object.ts'
import { cborOf } from './cbor.ts'
import type { Response } from './exchange.ts'
import { type Accepting, CBOR, negotiate, PROTOBUF, type Representation } from './media-type.ts'
import { protobufOf } from './protobuf.ts'

/** Sends JSON that is encoded already. */
export function sendJson(response: Response, code: number, json: Buffer | string): void {
  sendBytes(response, code, JSON_TYPE, json)
}

const JSON_TYPE = 'application/json'
const TEXT = 'text/plain; charset=utf-8'
/** Nobody on the way keeps an answer. Model: WithCacheControl. */
export const NOT_KEPT = 'no-cache, private'
const TYPES = { json: JSON_TYPE, yaml: 'application/yaml', protobuf: PROTOBUF, cbor: CBOR } as const
// As upstream: shorter answers gain too little.
const MIN_COMPRESSED = 128 * 1024

/** Sends what is encoded already in the format of the representation, compressed when that is long and wanted. */
export function sendEncoded(
  response: Response,
  code: number,
  { format, gzip: wanted }: Pick<Representation, 'format' | 'gzip'>,
  bytes: Buffer | string,
): void {
  if (!wanted || bytes.length < MIN_COMPRESSED) return sendBytes(response, code, TYPES[format], bytes)
  gzip(bytes, { level: 1 }, (error, compressed) => {
    if (error) return sendBytes(response, code, TYPES[format], bytes)
    response.setHeader('content-encoding', 'gzip')
    response.setHeader('vary', 'Accept-Encoding')
    sendBytes(response, code, TYPES[format], compressed)
  })
}

function sendBytes(response: Response, code: number, type: string, bytes: Buffer | string): void {
  const length = typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length
  response.bodyBytes = length
  response.writeHead(code, {
    'content-type': type,
    'content-length': length,
    'cache-control': NOT_KEPT,
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
  sendEncoded(response, code, representation, encoded(representation, answer))
}

function encoded({ format, pretty }: Representation, { object, json }: { object: unknown; json?: Buffer }) {
  if (format === 'yaml') return toYaml(object)
  if (format === 'protobuf') return protobufOf(object as ApiObject)
  if (format === 'cbor') return cborOf(object as ApiObject)
  // What is encoded already has its fields in order.
  if (pretty) return `${JSON.stringify(json ? JSON.parse(json.toString()) : object, null, 2)}\n`
  return json ?? `${JSON.stringify(object)}\n`
}

/** Sends an error as its Status, in a format that the client accepts or else in JSON. What is no StatusError is logged with its cause and becomes a 500. */
export function sendError(
  response: Response,
  error: unknown,
  log: Logger,
  request: { method: string; url: string; headers: Accepting; cbor?: boolean },
): void {
  const known =
    error instanceof StatusError
      ? error
      : internalError(error instanceof Error ? error.message : String(error), { cause: error })
  if (!(error instanceof StatusError)) {
    log.error('request-failed', { method: request.method, url: request.url, error })
  }
  if (response.headersSent) {
    // Too late for a status: end the stream so that the client sees a broken answer, not a complete one.
    response.destroy()
    return
  }
  if (known instanceof NothingHere) return sendText(response, known.code, `${known.message}\n`)
  if (known instanceof UndecidedRequest) return sendText(response, known.code, pageOf(known, request.url))
  if (known instanceof TooLate) {
    const { kind: _, apiVersion: __, ...status } = known.status
    return sendPlain(response, known.code, `${JSON.stringify(status)}\n`)
  }
  const retry = known.status.details?.retryAfterSeconds
  if (retry !== undefined) response.setHeader('retry-after', String(retry))
  sendObject(response, known.code, formOfErrors(request), { object: known.status })
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** Browsers take no part of it for markup. */
function pageOf({ why }: UndecidedRequest, url: string): string {
  const text = `Internal Server Error: ${JSON.stringify(url)}: ${why}\n`
  return text.replace(/[&<>]/g, (character) => ESCAPES[character] ?? character)
}

/** Status has a form in every format; nothing else that may be asked for can be made of it. */
export function formOfErrors(asked: FormOfErrorsAsked): Representation {
  return acceptedFormOfErrors(asked) ?? negotiate({}, { protobuf: true })
}

interface FormOfErrorsAsked {
  readonly headers: Accepting
  readonly protobuf?: boolean
  readonly cbor?: boolean
}

function acceptedFormOfErrors({
  headers,
  protobuf = true,
  cbor = false,
}: FormOfErrorsAsked): Representation | undefined {
  try {
    return negotiate(headers, { protobuf, cbor, transforms: false })
  } catch (error) {
    if (error instanceof StatusError) return undefined
    throw error
  }
}

/** Whether an error is sent as a Status in a form that the client accepts, not as text or in the form of last resort. */
export function isToldAsStatus(error: StatusError, request: FormOfErrorsAsked): boolean {
  if (error instanceof NothingHere || error instanceof UndecidedRequest || error instanceof TooLate) return false
  return acceptedFormOfErrors(request) !== undefined
}

/** Sends text that is no object, and that no browser is to take for anything else. Model: http.Error. */
export function sendText(response: Response, code: number, text: string, type = TEXT): void {
  response.setHeader('x-content-type-options', 'nosniff')
  sendPlain(response, code, text, type)
}

/** Sends text that is no object. */
export function sendPlain(response: Response, code: number, text: string, type = TEXT): void {
  response.writeHead(code, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': NOT_KEPT,
  })
  response.end(text)
}
