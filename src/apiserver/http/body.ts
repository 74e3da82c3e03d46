// Reading request bodies: bounded, decompressed if need be, parsed as JSON or YAML.

import { CborError, decodeCbor } from '../../machinery/cbor/decode.ts'
import { badRequest, requestEntityTooLarge, type StatusError, unsupportedMediaType } from '../../machinery/errors.ts'
import { parseMerged } from '../../machinery/json-merge.ts'
import { scanJson } from '../../machinery/json-scan.ts'
import { decodeProtobuf } from '../../machinery/protobuf/codec.ts'
import { WireError } from '../../machinery/protobuf/wire.ts'
import { parseFirstYaml, YamlError } from '../../machinery/yaml.ts'
import { kindProblem, NO_KIND } from '../registry/decode-body.ts'
import type { Request } from './exchange.ts'
import { CBOR, PROTOBUF, parseMediaType } from './media-type.ts'

/** Upstream's limit on request bodies: 3 MiB. */
const MAX_BODY = 3 * 1024 * 1024
const TOO_LARGE = `Request entity too large: limit is ${MAX_BODY}`

/** The whole body. Throws RequestEntityTooLarge (413) as soon as it is known to be too long. */
export function readBody(request: Request): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) {
    request.resume()
    return Promise.reject(requestEntityTooLarge(TOO_LARGE))
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_BODY) {
        chunks.length = 0
        reject(requestEntityTooLarge(TOO_LARGE))
        return
      }
      chunks.push(chunk)
    })
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    request.on('aborted', () => reject(badRequest('the client went away before the body was complete')))
    request.on('error', reject)
  })
}

const ACCEPTED = ['application/json', 'application/yaml', PROTOBUF]

/**
 * Parses a body by its content type; `kind` is what it should be, for messages (empty: they are not about kinds), `cbor`
 * whether it may be CBOR.
 * Throws BadRequest or UnsupportedMediaType with upstream's wording.
 */
export function parseBody(
  body: Buffer,
  contentType: string | undefined,
  { kind = 'object', cbor = false }: { kind?: string; cbor?: boolean } = {},
): unknown {
  switch (knownTypeOf(contentType, cbor)) {
    case 'application/json':
      return parseJson(body, kind)
    case 'application/yaml':
      return parseYamlBody(body, kind)
    case PROTOBUF:
      return parseProtobuf(body, kind)
    default:
      return parseCbor(body, (problem, cause) => unrecognized(kind, problem, body, cause))
  }
}

/** The media type of a body that there is a parser for. Throws UnsupportedMediaType. Model: NegotiateInputSerializer. */
export function knownTypeOf(contentType: string | undefined, cbor: boolean): string {
  const type = mediaTypeOf(contentType)
  const accepted = cbor ? [...ACCEPTED, CBOR] : ACCEPTED
  if (type === undefined || !accepted.includes(type)) throw unsupportedMediaType(accepted)
  return type
}

/** Undefined for what is no media type. Who says nothing sends JSON, and so does who sends anything. */
function mediaTypeOf(contentType: string | undefined): string | undefined {
  const type = parseMediaType(contentType || 'application/json')
  return type === '*/*' ? 'application/json' : type
}

/** What a body says twice, in upstream's words. */
export function duplicateFields(body: Buffer, contentType: string | undefined): readonly string[] {
  const type = mediaTypeOf(contentType)
  const text = body.toString('utf8')
  if (type === 'application/yaml') {
    const { twice } = parseFirstYaml(text)
    return twice === undefined ? [] : [`yaml: unmarshal errors:\n  ${twice}`]
  }
  if (!type?.endsWith('json')) return []
  return scanJson(text).duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`)
}

/** The object of a body that says something twice: in JSON, Go's decoder brings it together. */
export function mergedBody(bytes: Buffer, contentType: string | undefined, body: unknown): unknown {
  return mediaTypeOf(contentType)?.endsWith('json') ? parseMerged(bytes.toString('utf8')) : body
}

function parseJson(body: Buffer, kind: string): unknown {
  const text = body.toString('utf8')
  let value: unknown
  try {
    value = LONE_SURROGATE.test(text) ? JSON.parse(text, wellFormed) : JSON.parse(text)
  } catch (cause) {
    throw unrecognized(kind, `${NO_KIND}: ${syntaxError(text)}`, body, cause)
  }
  if (value === null) return {}
  const wrong = kindProblem(value)
  if (wrong !== undefined) throw unrecognized(kind, wrong, body, undefined)
  return value
}

const LONE_SURROGATE = /\\u[dD][89a-fA-F]/

/** Half of a pair is no character, and Go puts another one in its place. */
const wellFormed = (_key: string, value: unknown) => (typeof value === 'string' ? Buffer.from(value).toString() : value)

/** Parses the JSON of a patch. `prefix` stands before what is wrong with it. */
export function parsePatch(body: Buffer, prefix: string): unknown {
  const text = body.toString('utf8')
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw badRequest(`${prefix}${syntaxError(text)}`, { cause })
  }
}

/** Parses an applied configuration, in YAML or JSON. `twice` is what it says more than once. Throws BadRequest. */
export function parseConfiguration(body: Buffer): { body: unknown; twice: string | undefined } {
  const text = body.toString('utf8')
  if (text.trimStart().startsWith('{')) {
    const { duplicates, error } = scanJson(text)
    // What is there twice is told by lines, as of YAML.
    if (error === undefined && duplicates.length === 0) return { body: JSON.parse(text), twice: undefined }
  }
  try {
    // Nothing at all is an object without any fields.
    const { value, twice } = parseFirstYaml(text)
    return { body: value ?? {}, twice: twice === undefined ? undefined : `yaml: unmarshal errors:\n  ${twice}` }
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw badRequest(`error decoding YAML: error converting YAML to JSON: yaml: ${error.message}`, { cause: error })
  }
}

function syntaxError(text: string): string {
  return scanJson(text).error ?? 'unexpected end of JSON input'
}

function unrecognized(kind: string, problem: string, body: Buffer, cause: unknown): StatusError {
  if (kind === '') return badRequest(problem, { cause })
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${problem} (${summaryOf(body)})`, {
    cause,
  })
}

const SHOWN = 30

/** The beginning of a body: as text when it looks like JSON, else in hexadecimal digits. */
function summaryOf(body: Buffer): string {
  if (body.length === 0) return '<empty>'
  const start = body.subarray(0, SHOWN).toString(body[0] === 0x7b ? 'utf8' : 'hex')
  return body.length > SHOWN ? `${start} ...` : start
}

function parseYamlBody(body: Buffer, kind: string): unknown {
  let value: unknown
  try {
    value = parseFirstYaml(body.toString('utf8')).value ?? {}
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw unrecognized(kind, `yaml: ${error.message}`, body, error)
  }
  const wrong = kindProblem(value)
  if (wrong !== undefined) throw unrecognized(kind, wrong, body, undefined)
  return value
}

/** Parses CBOR. Throws BadRequest, or what `refusal` makes of what is wrong. */
export function parseCbor(
  body: Buffer,
  refusal: (problem: string, cause: unknown) => Error = (problem, cause) => badRequest(problem, { cause }),
): unknown {
  try {
    return decodeCbor(body)
  } catch (error) {
    if (!(error instanceof CborError)) throw error
    throw refusal(`unable to determine group/version/kind: ${error.message}`, error)
  }
}

function parseProtobuf(body: Buffer, kind: string): unknown {
  try {
    return decodeProtobuf(body)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    throw unrecognized(kind, error.message, body, error)
  }
}
