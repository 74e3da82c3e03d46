// What webhooks answer, read as upstream's client does it. Model: Request.transformResponse and Result.Into of
// k8s.io/client-go/rest, and NewGenericServerResponse of k8s.io/apimachinery/pkg/api/errors.

import type { IncomingMessage } from 'node:http'
import { StatusError } from '../machinery/errors.ts'
import { isRecord } from './api-object.ts'
import { parseBody } from './http/body.ts'
import { notRegistered } from './registry/decode-body.ts'

const MAX_ANSWER = 64 * 1024 * 1024
/** How much of an answer that is no object is shown. */
const MAX_SHOWN = 2048
const JSON_TYPE = 'application/json'

/** The webhook answered, but not as one should. */
export class AnswerError extends Error {
  override name = 'AnswerError'
  readonly code: number
  /** How long the webhook wants to be left alone, when it says so. */
  readonly retryAfterSeconds: number | undefined

  constructor(message: string, options: { code: number; retryAfter?: string | undefined; cause?: unknown }) {
    super(message, { cause: options.cause })
    this.code = options.code
    const seconds = Number(options.retryAfter)
    this.retryAfterSeconds = options.retryAfter !== undefined && seconds >= 0 ? seconds : undefined
  }
}

/** Reads and parses an answer; one that is `ignored` only must be no refusal. */
export async function readAnswer(
  response: IncomingMessage,
  ignored: boolean,
): Promise<{ readonly answer: unknown; readonly bytes: number }> {
  const code = response.statusCode ?? 0
  const body = await bodyOf(response, code)
  const { 'content-type': type = '', 'retry-after': retryAfter } = response.headers
  const mediaProblem = type === '' ? undefined : mediaTypeProblem(type)
  if (mediaProblem !== undefined) throw new AnswerError(`Internal error occurred: ${mediaProblem}`, { code })
  if (code < 200 || code > 206) throw new AnswerError(statusIn(body) ?? refusal(code, type, body), { code, retryAfter })
  if (ignored) return { answer: undefined, bytes: body.length }
  if (body.length === 0) {
    const text = `0-length response with status code: ${code} and content type: ${type || JSON_TYPE}`
    throw new AnswerError(text, { code })
  }
  try {
    return { answer: parsed(body), bytes: body.length }
  } catch (cause) {
    if (!(cause instanceof StatusError)) throw cause
    throw new AnswerError(cause.message, { code, cause })
  }
}

async function bodyOf(response: IncomingMessage, code: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > MAX_ANSWER) {
        response.destroy()
        throw new AnswerError(`the answer is longer than ${MAX_ANSWER} bytes`, { code })
      }
      chunks.push(chunk)
    }
  } catch (cause) {
    if (cause instanceof AnswerError) throw cause
    const text = 'unexpected error when reading response body. Please retry. Original error: unexpected EOF'
    throw new AnswerError(text, { code, cause })
  }
  return Buffer.concat(chunks)
}

/** JSON if it looks like it, else YAML, whatever it is said to be. */
function parsed(body: Buffer): unknown {
  const isJson = /^\s*\{/.test(body.subarray(0, MAX_SHOWN).toString('latin1'))
  return parseBody(body, isJson ? JSON_TYPE : 'application/yaml', { kind: '' })
}

/** What is wrong with a media type, in Go's words. Model: checkMediaTypeDisposition of mime/mediatype.go. */
function mediaTypeProblem(type: string): string | undefined {
  const [media = ''] = type.split(';')
  const [whole, rest] = /^[\w!#$%&'*+.^`|~-]*(.*)$/s.exec(media.trim()) ?? []
  if (!whole || whole === rest) return 'mime: no media type'
  if (rest === '') return undefined
  if (!rest?.startsWith('/')) return 'mime: expected slash after first token'
  const second = /^[\w!#$%&'*+.^`|~-]*/.exec(rest.slice(1))?.[0] ?? ''
  if (second === '') return 'mime: expected token after slash'
  return second.length + 1 < rest.length ? 'mime: unexpected content after media subtype' : undefined
}

/** What a refusal says of itself, when it is an object that says it. */
function statusIn(body: Buffer): string | undefined {
  if (body.length === 0) return undefined
  try {
    const { kind, apiVersion = 'v1', status, message } = parsed(body) as Record<string, unknown>
    if (kind !== 'Status' || apiVersion !== 'v1' || status !== 'Failure') return undefined
    return typeof message === 'string' ? message : ''
  } catch {
    // It is no object, so its text is all there is.
    return undefined
  }
}

const REFUSALS: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
}

function refusal(code: number, type: string, body: Buffer): string {
  const known = REFUSALS[code]
  if (known !== undefined) return known
  const isText = type === '' || type.trimStart().toLowerCase().startsWith('text/')
  const text = isText ? body.subarray(0, MAX_SHOWN).toString().trim() : 'unknown'
  if (code === 403 || code === 415) return text
  if (code === 406) {
    return text === '' || text === 'unknown'
      ? 'the server was unable to respond with a content type that the client supports'
      : text
  }
  return code >= 500
    ? `an error on the server (${JSON.stringify(text)}) has prevented the request from succeeding`
    : `the server responded with the status code ${code} but did not return more information`
}

/** A kind of review, of which there is an older version, too. */
export interface ReviewKind {
  readonly group: string
  readonly kind: string
  readonly version: string
  /** What is no text: the Go types of its fields, by struct and path. */
  readonly fields: Readonly<Record<string, FieldType>>
}

interface FieldType {
  readonly go: string
  readonly is: 'object' | 'array' | 'string'
}

const VERSIONS = ['v1', 'v1beta1']

/** Why an answer cannot be decoded as a review, in upstream's words; undefined for nothing. */
export function reviewProblem(answer: unknown, expected: ReviewKind): string | undefined {
  if (!isRecord(answer)) return undefined
  const own = `${expected.group}/${expected.version}`
  const kind = typeof answer.kind === 'string' && answer.kind !== '' ? answer.kind : expected.kind
  const apiVersion = typeof answer.apiVersion === 'string' && answer.apiVersion !== '' ? answer.apiVersion : own
  const isReview = kind === expected.kind && VERSIONS.some((version) => apiVersion === `${expected.group}/${version}`)
  const isStatus = kind === 'Status' && apiVersion === 'v1'
  if (!isReview && !isStatus) return notRegistered(kind, apiVersion)
  const mistaken = isReview ? fieldProblem(answer, expected) : undefined
  if (mistaken !== undefined) return mistaken
  if (kind === expected.kind && apiVersion === own) return undefined
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1)
  return `converting (${version}.${kind}) to (${expected.version}.${expected.kind}): unknown conversion`
}

function fieldProblem(answer: Record<string, unknown>, { kind, fields }: ReviewKind): string | undefined {
  const response = isRecord(answer.response) ? answer.response : {}
  const places = [
    ...Object.entries(answer).map(([name, value]) => [`${kind}.${name}`, value] as const),
    ...Object.entries(response).map(
      ([name, value]) => [`${kind.replace('Review', 'Response')}.response.${name}`, value] as const,
    ),
  ]
  for (const [place, value] of places) {
    const field = fields[place]
    if (!field || value === null || value === undefined) continue
    const given = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
    if (given !== field.is) return `json: cannot unmarshal ${given} into Go struct field ${place} of type ${field.go}`
  }
  return undefined
}
