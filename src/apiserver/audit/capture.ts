// What passes through an answer, kept so that it can be written down.

import type { OutgoingHttpHeaders } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { decodeProtobuf } from '../../machinery/protobuf/codec.ts'
import { parseYaml } from '../../machinery/yaml.ts'
import { isRecord } from '../api-object.ts'
import type { Response } from '../http/exchange.ts'

/** Longer bodies are not written down. */
const MAX_CAPTURED = 16 * 1024 * 1024

/** Bytes of a body and how they are encoded. */
export class Capture {
  contentType = ''
  encoding = ''
  #chunks: Buffer[] = []
  #size = 0
  #known: unknown
  #isDiscarded = false

  add(chunk: Buffer | string): void {
    this.#size += chunk.length
    if (this.#size > MAX_CAPTURED) this.#chunks = []
    else this.#chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  }

  /** Takes an object that was never encoded. */
  set(object: unknown): void {
    this.#known = object
  }

  /** What comes through is not to be written down. */
  discard(): void {
    this.#isDiscarded = true
  }

  /** The object that the body is; undefined without one that can be read. */
  object(omitManagedFields: boolean): unknown {
    if (this.#isDiscarded) return undefined
    if (this.#known !== undefined) return omitManagedFields ? withoutManagedFields(this.#known) : this.#known
    if (this.#size === 0 || this.#size > MAX_CAPTURED) return undefined
    const read = this.#read()
    return omitManagedFields ? withoutManagedFields(read) : read
  }

  #read(): unknown {
    try {
      const all = Buffer.concat(this.#chunks)
      const bytes = this.encoding === 'gzip' ? gunzipSync(all) : all
      if (this.contentType.includes('protobuf')) return decodeProtobuf(bytes)
      if (this.contentType.includes('yaml')) return parseYaml(bytes.toString())
      return JSON.parse(bytes.toString())
    } catch {
      // The handler has answered already that this cannot be read; here it only stays unwritten.
      return undefined
    }
  }
}

/** The object, or the list, without who owns its fields. */
export function withoutManagedFields(object: unknown): unknown {
  if (!isRecord(object)) return object
  const items = Array.isArray(object.items) ? { items: object.items.map(withoutManagedFields) } : {}
  if (!isRecord(object.metadata)) return { ...object, ...items }
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata, ...items }
}

/** Calls `started` when the answer begins, and keeps its body when there is a capture. */
export function observeResponse(
  response: Response,
  capture: Capture | undefined,
  started: (code: number) => void,
): void {
  const writeHead = response.writeHead.bind(response)
  response.writeHead = (code: number, headers?: OutgoingHttpHeaders) => {
    if (capture) capture.contentType = String(headers?.['content-type'] ?? '')
    const result = writeHead(code, headers)
    started(code)
    return result
  }
  if (!capture) return
  const setHeader = response.setHeader.bind(response)
  response.setHeader = (name: string, value: string | readonly string[]) => {
    if (name === 'content-encoding') capture.encoding = String(value)
    return setHeader(name, value)
  }
  const end = response.end.bind(response)
  response.end = (chunk?: Buffer | string) => {
    if (chunk !== undefined) capture.add(chunk)
    return end(chunk)
  }
}
