// CBOR as the values that JSON has. What JSON could not say is refused: other simple values, infinite numbers,
// integers beyond 64 bits, keys that are no text, and the same key twice.
// Spec: RFC 8949. Model: k8s.io/apimachinery/pkg/runtime/serializer/cbor/internal/modes/decode.go.

/** The bytes are no CBOR, or say what no object can. */
export class CborError extends Error {
  override name = 'CborError'
}

/** Less than upstream's 10000, which no object needs and the stack does not hold. */
const MAX_DEPTH = 1000
const SELF_DESCRIBED = 55_799n
const INDEFINITE = 31
const BREAK = 0xff

const LATER: Readonly<Record<string, BufferEncoding>> = { 21: 'base64url', 22: 'base64', 23: 'hex' }

/** Decodes exactly one item. Throws CborError. */
export function decodeCbor(bytes: Buffer): unknown {
  const reader = new Reader(bytes)
  const value = reader.item(0, undefined)
  if (!reader.done) throw new CborError(`cbor: ${reader.left} bytes of extraneous data starting at index ${reader.at}`)
  return value
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

class Reader {
  readonly #bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.at
  }

  get done(): boolean {
    return this.left === 0
  }

  /** One item; `later` is how its bytes are to be written as text. */
  item(depth: number, later: BufferEncoding | undefined): unknown {
    if (depth > MAX_DEPTH) throw new CborError(`cbor: exceeded max nested level ${MAX_DEPTH}`)
    const first = this.#take(1)[0] ?? 0
    const [major, info] = [first >> 5, first & 31]
    switch (major) {
      case 0:
        return integer(this.#length(info))
      case 1:
        return integer(-1n - this.#length(info))
      case 2:
        return this.#bytesOf(info, 2).toString(later ?? 'utf8')
      case 3:
        return text(this.#bytesOf(info, 3))
      case 4:
        return this.#array(info, depth, later)
      case 5:
        return this.#map(info, depth, later)
      case 6:
        return this.#tagged(this.#length(info), depth, later)
      default:
        return this.#simple(info)
    }
  }

  #take(count: number): Buffer {
    if (count > this.left) throw new CborError('unexpected EOF')
    const taken = this.#bytes.subarray(this.at, this.at + count)
    this.at += count
    return taken
  }

  #length(info: number): bigint {
    if (info < 24) return BigInt(info)
    switch (info) {
      case 24:
        return BigInt(this.#take(1).readUInt8())
      case 25:
        return BigInt(this.#take(2).readUInt16BE())
      case 26:
        return BigInt(this.#take(4).readUInt32BE())
      case 27:
        return this.#take(8).readBigUInt64BE()
      default:
        throw new CborError(`cbor: invalid additional information ${info}`)
    }
  }

  /** How many items follow; undefined when a break ends them. */
  #count(info: number): number | undefined {
    if (info === INDEFINITE) return undefined
    const count = this.#length(info)
    // Every item has a byte at least.
    if (count > BigInt(this.left)) throw new CborError('unexpected EOF')
    return Number(count)
  }

  #isBreak(): boolean {
    if (this.#bytes[this.at] !== BREAK) return false
    this.at += 1
    return true
  }

  #bytesOf(info: number, major: number): Buffer {
    const count = this.#count(info)
    if (count !== undefined) return this.#take(count)
    const chunks: Buffer[] = []
    while (!this.#isBreak()) {
      const first = this.#take(1)[0] ?? 0
      if (first >> 5 !== major || (first & 31) === INDEFINITE) throw new CborError('cbor: wrong element of a string')
      chunks.push(this.#take(this.#count(first & 31) ?? 0))
    }
    return Buffer.concat(chunks)
  }

  #array(info: number, depth: number, later: BufferEncoding | undefined): unknown[] {
    const count = this.#count(info)
    const items: unknown[] = []
    while (count === undefined ? !this.#isBreak() : items.length < count) items.push(this.item(depth + 1, later))
    return items
  }

  #map(info: number, depth: number, later: BufferEncoding | undefined): Record<string, unknown> {
    const count = this.#count(info)
    const entries = new Map<string, unknown>()
    while (count === undefined ? !this.#isBreak() : entries.size < count) {
      const key = this.item(depth + 1, undefined)
      if (typeof key !== 'string') throw new CborError(`cbor: cannot use a key of type ${typeof key} in an object`)
      if (entries.has(key)) throw new CborError(`cbor: found duplicate map key ${JSON.stringify(key)}`)
      entries.set(key, this.item(depth + 1, later))
    }
    return Object.fromEntries(entries)
  }

  #tagged(tag: bigint, depth: number, later: BufferEncoding | undefined): unknown {
    if (tag === 2n || tag === 3n) throw new CborError('cbor: integers of any length are not supported')
    const value = this.item(depth + 1, LATER[String(tag)] ?? (tag === SELF_DESCRIBED ? later : undefined))
    if (tag !== 1n) return value
    if (typeof value !== 'number') throw new CborError('cbor: a time of tag 1 is no number')
    return new Date(value * 1000).toISOString().replace(/\.000Z$/, 'Z')
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false
      case 21:
        return true
      case 22:
        return null
      case 25:
        return finite(half(this.#take(2).readUInt16BE()))
      case 26:
        return finite(this.#take(4).readFloatBE())
      case 27:
        return finite(this.#take(8).readDoubleBE())
      default:
        throw new CborError(`cbor: simple value ${info} is not recognized`)
    }
  }
}

const LARGEST = 2n ** 63n

function integer(value: bigint): number {
  if (value >= LARGEST || value < -LARGEST) throw new CborError(`cbor: ${value} overflows Go's int64`)
  return Number(value)
}

function text(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new CborError('cbor: invalid UTF-8 string', { cause })
  }
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const mantissa = bits & 0x3ff
  if (exponent === 0) return sign * mantissa * 2 ** -24
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15)
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new CborError(`cbor: ${value} cannot be said in JSON`)
  return value
}
