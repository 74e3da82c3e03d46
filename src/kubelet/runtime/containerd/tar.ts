// Writes small tar archives in memory, and finds small files in a tar stream as it passes by.

const BLOCK = 512

export interface TarEntry {
  readonly path: string
  readonly content?: Buffer
  readonly mode?: number
  /** A symbolic link to here. */
  readonly link?: string
  readonly directory?: boolean
}

/** A POSIX tar archive with root as owner and the epoch as time, so that the same input gives the same bytes. */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  const parts: Buffer[] = []
  for (const entry of entries) {
    const content = entry.content ?? Buffer.alloc(0)
    parts.push(header(entry, content.length), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK))
  }
  parts.push(Buffer.alloc(2 * BLOCK))
  return Buffer.concat(parts)
}

function header(entry: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(entry.path) > 99 || Buffer.byteLength(entry.link ?? '') > 99) {
    throw new Error(`cannot write tar entry "${entry.path}": the path is longer than 99 bytes`)
  }
  const block = Buffer.alloc(BLOCK)
  const mode = entry.mode ?? (entry.directory ? 0o755 : 0o644)
  block.write(entry.path, 0)
  block.write(octal(mode, 7), 100)
  block.write(octal(0, 7), 108)
  block.write(octal(0, 7), 116)
  block.write(octal(size, 11), 124)
  block.write(octal(0, 11), 136)
  block.fill(' ', 148, 156)
  block.write(entry.directory ? '5' : entry.link === undefined ? '0' : '2', 156)
  block.write(entry.link ?? '', 157)
  block.write('ustar\x0000', 257, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1')
  return block
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}

/** Collects the named files of a tar stream that is fed chunk by chunk; files above `maxBytes` are passed over. */
export class TarScanner {
  readonly files = new Map<string, Buffer>()
  readonly #wanted: ReadonlySet<string>
  readonly #maxBytes: number
  #header: Buffer[] = []
  #headerBytes = 0
  #name = ''
  #left = 0
  #padding = 0
  #capture: Buffer[] | undefined

  constructor(wanted: readonly string[], maxBytes = 4 * 1024 * 1024) {
    this.#wanted = new Set(wanted)
    this.#maxBytes = maxBytes
  }

  feed(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#left > 0) at += this.#body(chunk.subarray(at))
      else if (this.#padding > 0) {
        const skipped = Math.min(this.#padding, chunk.length - at)
        this.#padding -= skipped
        at += skipped
      } else at += this.#head(chunk.subarray(at))
    }
  }

  #body(rest: Buffer): number {
    const part = rest.subarray(0, this.#left)
    this.#capture?.push(part)
    this.#left -= part.length
    if (this.#left === 0) this.#finish()
    return part.length
  }

  #head(rest: Buffer): number {
    const part = rest.subarray(0, BLOCK - this.#headerBytes)
    this.#header.push(part)
    this.#headerBytes += part.length
    if (this.#headerBytes === BLOCK) {
      const block = Buffer.concat(this.#header)
      this.#header = []
      this.#headerBytes = 0
      this.#begin(block)
    }
    return part.length
  }

  #begin(block: Buffer): void {
    const size = sizeOf(block)
    this.#name = text(block, 0, 100).replace(/^\.\//, '')
    this.#left = size
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK
    const regular = block[156] === 0x30 || block[156] === 0
    this.#capture = regular && size <= this.#maxBytes && this.#wanted.has(this.#name) ? [] : undefined
    if (size === 0) this.#finish()
  }

  #finish(): void {
    if (this.#capture !== undefined) this.files.set(this.#name, Buffer.concat(this.#capture))
    this.#capture = undefined
  }
}

function text(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end === -1 ? length : end)
}

function sizeOf(block: Buffer): number {
  // A set high bit announces a binary number, for files of 8 GiB and more.
  if (((block[124] ?? 0) & 0x80) !== 0) return Number(block.readBigUInt64BE(128))
  return Number.parseInt(text(block, 124, 12).trim() || '0', 8)
}
