// Reading request bodies: bounded, decompressed if need be, parsed as JSON or YAML.

import { badRequest, requestEntityTooLarge, unsupportedMediaType } from '../../machinery/errors.ts'
import { decodeProtobuf } from '../../machinery/protobuf/codec.ts'
import { WireError } from '../../machinery/protobuf/wire.ts'
import { parseYaml, YamlError } from '../../machinery/yaml.ts'
import type { Request } from './exchange.ts'

/** Upstream's limit on request bodies: 3 MiB. */
export const MAX_BODY = 3 * 1024 * 1024
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

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const ACCEPTED = ['application/json', 'application/yaml', PROTOBUF]

/** Parses a body by its content type. Throws BadRequest or UnsupportedMediaType with upstream's wording. */
export function parseBody(body: Buffer, contentType: string | undefined): unknown {
  const type = (contentType ?? 'application/json').split(';')[0]?.trim() ?? ''
  switch (type) {
    case '':
    case '*/*':
    case 'application/json':
      return parseJson(body)
    case 'application/yaml':
      return parseYamlBody(body)
    case PROTOBUF:
      return parseProtobuf(body)
    default:
      throw unsupportedMediaType(ACCEPTED)
  }
}

/** Parses JSON, saying what is wrong as Go's decoder does. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${'object'}): couldn't get version/kind; json parse error: ${goSyntaxError(body.toString('utf8'), cause)} (${body.subarray(0, 20).toString('hex')} ...)`,
      { cause },
    )
  }
}

function goSyntaxError(text: string, cause: unknown): string {
  if (text.trim() === '') return 'unexpected end of JSON input'
  const message = cause instanceof Error ? cause.message : String(cause)
  const at = /position (\d+)/.exec(message)?.[1]
  if (at === undefined || message.includes('end of JSON input')) return 'unexpected end of JSON input'
  const character = text[Number(at)] ?? ''
  return `invalid character '${character}' looking for beginning of value`
}

function parseYamlBody(body: Buffer): unknown {
  try {
    return parseYaml(body.toString('utf8'))
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw badRequest(`error converting YAML to JSON: yaml: ${error.message}`, { cause: error })
  }
}

function parseProtobuf(body: Buffer): unknown {
  try {
    return decodeProtobuf(body)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    throw badRequest(error.message, { cause: error })
  }
}
