// What a server answered, in a form that can be compared: protobuf and streams are taken apart.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { load } from 'js-yaml'
import { decodeCbor } from '../../src/machinery/cbor/decode.ts'
import { decodeProtobuf } from '../../src/machinery/protobuf/codec.ts'

export interface Answer {
  readonly code: number
  readonly headers: IncomingHttpHeaders
  /** Objects parsed, a watch as `{ frames }`, everything else as text. */
  readonly body: unknown
  /** Whoever read it went away before its end. */
  readonly isCut?: true
}

/** One answer that is being read. */
export interface Reading {
  /** When its head is there, or nothing will come any more. */
  readonly begun: Promise<void>
  /** Its whole, or what there is of it when its reader goes away; undefined without an answer. */
  readonly done: Promise<Answer | undefined>
  /** How many bytes have come. */
  size(): number
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf'

/** A promise and what resolves it. */
export function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((given) => {
    resolve = given
  })
  return { promise, resolve }
}

/** Reads what comes as the answer to a request, beside whoever else reads it; a stream's events one by one. */
export function reading(request: NodeJS.EventEmitter, isStream: boolean): Reading {
  const chunks: Buffer[] = []
  const begun = deferred<void>()
  const done = deferred<Answer | undefined>()
  request.on('response', (message: IncomingMessage) => {
    begun.resolve()
    message.on('data', (chunk: Buffer | string) => chunks.push(Buffer.from(chunk as string)))
    message.on('close', () => {
      const { headers, statusCode: code = 0 } = message
      const bytes = unpacked(headers['content-encoding'], Buffer.concat(chunks))
      const type = String(headers['content-type'] ?? '')
      const body = isStream && code === 200 ? { frames: framesOf(type, bytes) } : bodyOf(type, bytes)
      done.resolve({ code, headers, body, ...(message.complete ? {} : { isCut: true }) })
    })
  })
  const over = () => {
    begun.resolve()
    done.resolve(undefined)
  }
  request.on('upgrade', over)
  request.on('error', over)
  // After the answer's own end, if there was one.
  request.on('close', () => setImmediate(over))
  return {
    begun: begun.promise,
    done: done.promise,
    size: () => chunks.reduce((sum, chunk) => sum + chunk.length, 0),
  }
}

/** What was cut off cannot be unpacked, and stays as it is. */
function unpacked(encoding: string | undefined, bytes: Buffer): Buffer {
  if (encoding !== 'gzip') return bytes
  try {
    return gunzipSync(bytes)
  } catch {
    return bytes
  }
}

function bodyOf(type: string, bytes: Buffer): unknown {
  if (type.startsWith(PROTOBUF)) return parsed(() => said(decodeProtobuf(bytes)))
  if (type.startsWith('application/cbor')) return parsed(() => decodeCbor(bytes))
  if (type.startsWith('application/yaml')) return parsed(() => load(bytes.toString()))
  const text = bytes.toString()
  return text.startsWith('{') ? parsed(() => JSON.parse(text)) : text
}

function framesOf(type: string, bytes: Buffer): unknown[] {
  if (type.startsWith(PROTOBUF)) return protobufFrames(bytes)
  const lines = bytes.toString().split('\n')
  // The last one's end may not have come.
  return lines.slice(0, -1).map((line) => parsed(() => JSON.parse(line)))
}

/** What cannot be read is different from everything that can be. */
function parsed(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    return { notRead: String(error) }
  }
}

/** Without empty texts and zeros: in protobuf they mean what leaving them out means, and Go's encoder writes many. */
function said(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(said)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([, inner]) => inner !== '' && inner !== 0)
  return Object.fromEntries(fields.map(([name, inner]) => [name, said(inner)]))
}

/** Each is four bytes of length and a WatchEvent: its type is field 1, its object a RawExtension in field 2. */
function protobufFrames(bytes: Buffer): unknown[] {
  const frames: unknown[] = []
  for (let at = 0; at + 4 <= bytes.length; at += 4 + bytes.readUInt32BE(at)) {
    if (at + 4 + bytes.readUInt32BE(at) > bytes.length) break
    const frame = bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at))
    const object = frame.indexOf('k8s\0')
    frames.push({
      type: frame.subarray(2, 2 + (frame[1] ?? 0)).toString(),
      object: parsed(() => said(decodeProtobuf(frame.subarray(object)))),
    })
  }
  return frames
}
