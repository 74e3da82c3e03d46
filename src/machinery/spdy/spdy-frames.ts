// SPDY/3.1 frames on the wire: writing them, and reading them from a byte stream.

export const FrameType = {
  SYN_STREAM: 1,
  SYN_REPLY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  HEADERS: 8,
  WINDOW_UPDATE: 9,
} as const

export const FLAG_FIN = 1
const VERSION = 3
const HEADER_BYTES = 8
const MAX_CONTROL = 64 * 1024

/** Reasons of RST_STREAM. */
export const ResetStatus = {
  PROTOCOL_ERROR: 1,
  INVALID_STREAM: 2,
  REFUSED_STREAM: 3,
  CANCEL: 5,
  INTERNAL_ERROR: 6,
  STREAM_ALREADY_CLOSED: 9,
} as const

/** A part of a data frame as it arrives; `last` closes a frame that carried FIN. */
export interface DataPart {
  readonly kind: 'data'
  readonly streamId: number
  readonly data: Buffer
  readonly fin: boolean
}

export interface ControlFrame {
  readonly kind: 'control'
  readonly type: number
  readonly flags: number
  readonly body: Buffer
}

/** A control frame. */
export function controlFrame(type: number, flags: number, ...body: readonly (Buffer | number)[]): Buffer {
  const parts = body.map((part) => (typeof part === 'number' ? uint32(part) : part))
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const head = Buffer.alloc(HEADER_BYTES)
  head.writeUInt16BE(0x8000 | VERSION, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt32BE(length, 4)
  head[4] = flags
  return Buffer.concat([head, ...parts])
}

/** The head of a data frame with this much data. */
export function dataHead(streamId: number, flags: number, length: number): Buffer {
  const head = Buffer.alloc(HEADER_BYTES)
  head.writeUInt32BE(streamId, 0)
  head.writeUInt32BE(length, 4)
  head[4] = flags
  return head
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

/** Frames of a byte stream. Control frames come whole, data frames in the parts in which they arrive. */
export async function* readFrames(
  source: AsyncIterable<Buffer>,
  first: Buffer,
): AsyncGenerator<ControlFrame | DataPart> {
  let buffered = first
  let data: { streamId: number; left: number; fin: boolean } | undefined
  const chunks = source[Symbol.asyncIterator]()
  for (;;) {
    for (;;) {
      if (data !== undefined) {
        if (buffered.length === 0 && data.left > 0) break
        const part = buffered.subarray(0, data.left)
        buffered = buffered.subarray(part.length)
        data.left -= part.length
        const { streamId } = data
        const fin = data.fin && data.left === 0
        if (data.left === 0) data = undefined
        yield { kind: 'data', streamId, data: part, fin }
        continue
      }
      if (buffered.length < HEADER_BYTES) break
      const flags = buffered[4] ?? 0
      const length = buffered.readUIntBE(5, 3)
      if (((buffered[0] ?? 0) & 0x80) === 0) {
        data = { streamId: buffered.readUInt32BE(0), left: length, fin: (flags & FLAG_FIN) !== 0 }
        buffered = buffered.subarray(HEADER_BYTES)
        continue
      }
      const version = buffered.readUInt16BE(0) & 0x7fff
      if (version !== VERSION) throw new Error(`SPDY frame has version ${version}, expected ${VERSION}`)
      if (length > MAX_CONTROL) throw new Error(`SPDY control frame of ${length} bytes exceeds ${MAX_CONTROL}`)
      if (buffered.length < HEADER_BYTES + length) break
      const body = buffered.subarray(HEADER_BYTES, HEADER_BYTES + length)
      const type = buffered.readUInt16BE(2)
      buffered = buffered.subarray(HEADER_BYTES + length)
      yield { kind: 'control', type, flags, body }
    }
    const next = await chunks.next()
    if (next.done) return
    buffered = buffered.length === 0 ? next.value : Buffer.concat([buffered, next.value])
  }
}
