// Reading and writing protobuf's wire format. Spec: https://protobuf.dev/programming-guides/encoding/

/** Bytes that are no valid protobuf. */
export class WireError extends Error {
  override name = 'WireError'
}

export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
const FIXED32 = 5

/** Reads fields one after another. */
export class WireReader {
  readonly #bytes: Buffer
  #at: number
  readonly #end: number

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  get done(): boolean {
    return this.#at >= this.#end
  }

  /** Field number and wire type of what comes next. */
  tag(): { number: number; wire: number } {
    const tag = Number(this.varint())
    return { number: Math.floor(tag / 8), wire: tag % 8 }
  }

  /** An unsigned 64-bit number. */
  varint(): bigint {
    let low = 0
    let shift = 0
    // Up to four bytes fit a plain number; longer ones are rare.
    while (shift < 28) {
      const byte = this.#byte()
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return BigInt(low >>> 0)
      shift += 7
    }
    let value = BigInt(low >>> 0)
    let wide = BigInt(shift)
    for (;;) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << wide
      if (byte < 0x80) return BigInt.asUintN(64, value)
      wide += 7n
      if (wide > 63n) throw new WireError('proto: integer overflow')
    }
  }

  /** A signed number, as int32, int64 and bool are written. */
  int(): number {
    return Number(BigInt.asIntN(64, this.varint()))
  }

  double(): number {
    const at = this.#skipBytes(8)
    return this.#bytes.readDoubleLE(at)
  }

  /** A length-delimited field's bytes, not copied. */
  bytes(): Buffer {
    const length = Number(this.varint())
    const at = this.#skipBytes(length)
    return this.#bytes.subarray(at, at + length)
  }

  skip(wire: number): void {
    switch (wire) {
      case VARINT:
        this.varint()
        return
      case FIXED64:
        this.#skipBytes(8)
        return
      case BYTES:
        this.bytes()
        return
      case FIXED32:
        this.#skipBytes(4)
        return
      default:
        throw new WireError(`proto: illegal wireType ${wire}`)
    }
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new WireError('unexpected EOF')
    return this.#bytes[this.#at++] ?? 0
  }

  #skipBytes(count: number): number {
    const at = this.#at
    if (count < 0 || at + count > this.#end) throw new WireError('unexpected EOF')
    this.#at = at + count
    return at
  }
}

/** Collects fields of one message. */
export class WireWriter {
  readonly #parts: Buffer[] = []

  varintField(number: number, value: number | bigint): void {
    this.#parts.push(varint(BigInt(number * 8 + VARINT)), varint(BigInt.asUintN(64, BigInt(value))))
  }

  doubleField(number: number, value: number): void {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(value)
    this.#parts.push(varint(BigInt(number * 8 + FIXED64)), bytes)
  }

  bytesField(number: number, value: Buffer | string): void {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    this.#parts.push(varint(BigInt(number * 8 + BYTES)), varint(BigInt(bytes.length)), bytes)
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

function varint(value: bigint): Buffer {
  if (value < 0x80n) return Buffer.of(Number(value))
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}
