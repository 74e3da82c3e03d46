// Tar archives: written in memory or entry by entry, with the same bytes for the same input; read entry by entry.

const BLOCK = 512
const MAX_OCTAL_SIZE = 0o77777777777
// A path list longer than this is no path list.
const MAX_LONG_HEADER = 1024 * 1024

/** What a tar entry can be. */
export type TarKind = 'file' | 'directory' | 'symlink' | 'hardlink'

export interface TarHeader {
  readonly path: string
  readonly kind: TarKind
  readonly mode: number
  /** Bytes of content that follow. */
  readonly size: number
  /** Where a link points. */
  readonly target?: string
  readonly uid?: number
  readonly gid?: number
}

/** One entry of an archive; its content must be read before the next entry, and is skipped when it is not. */
export interface TarMember extends TarHeader {
  readonly content: AsyncIterable<Buffer>
}

const TYPES: Readonly<Record<TarKind, string>> = { file: '0', hardlink: '1', symlink: '2', directory: '5' }

/** The header blocks of an entry, with the epoch as its time. */
export function tarHeader(header: TarHeader): Buffer {
  const path = header.kind === 'directory' && !header.path.endsWith('/') ? `${header.path}/` : header.path
  const long: Record<string, string> = {}
  if (Buffer.byteLength(path) > 100) long.path = path
  if (header.target !== undefined && Buffer.byteLength(header.target) > 100) long.linkpath = header.target
  if (header.size > MAX_OCTAL_SIZE) long.size = String(header.size)
  const block = headerBlock({ ...header, path, type: TYPES[header.kind] })
  const records = Object.entries(long).map(([key, value]) => paxRecord(key, value))
  if (records.length === 0) return block
  const content = Buffer.concat(records)
  const pax = headerBlock({ path: 'PaxHeader', mode: 0o644, size: content.length, type: 'x' })
  return Buffer.concat([pax, content, tarPadding(content.length), block])
}

/** The zeros that fill the last block of content. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)
}

/** What ends an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK)

/** What a small archive holds: a file with this content, else a directory or a symbolic link. */
export interface TarEntry {
  readonly path: string
  readonly content?: Buffer
  readonly mode?: number
  /** A symbolic link to here. */
  readonly link?: string
  readonly directory?: boolean
}

/** A small archive in memory, with root as owner. */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap(({ path, content = Buffer.alloc(0), link, directory, mode }) => {
    const kind = directory ? 'directory' : link === undefined ? 'file' : 'symlink'
    const target = link === undefined ? {} : { target: link }
    const header = { path, kind, mode: mode ?? (directory ? 0o755 : 0o644), size: content.length, ...target } as const
    return [tarHeader(header), content, tarPadding(content.length)]
  })
  return Buffer.concat([...parts, TAR_END])
}

// `length key=value\n`, where the length counts itself.
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest + String(rest).length
  if (rest + String(length).length > length) length = rest + String(length).length
  return Buffer.from(`${length} ${key}=${value}\n`)
}

function headerBlock(header: Omit<TarHeader, 'kind'> & { readonly type: string }): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.write(header.path, 0, 100)
  writeOctal(block, header.mode & 0o7777, 100, 8)
  writeOctal(block, header.uid ?? 0, 108, 8)
  writeOctal(block, header.gid ?? 0, 116, 8)
  writeOctal(block, Math.min(header.size, MAX_OCTAL_SIZE), 124, 12)
  writeOctal(block, 0, 136, 12)
  block.fill(' ', 148, 156)
  block.write(header.type, 156)
  block.write(header.target ?? '', 157, 100)
  block.write('ustar\x0000', 257, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

function writeOctal(block: Buffer, value: number, at: number, width: number): void {
  block.write(value.toString(8).padStart(width - 1, '0'), at)
}

/** Reads an archive: POSIX and GNU, with their long names. Throws when it is cut off or is no archive. */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember> {
  const input = new BlockReader(source)
  let long: Record<string, string> = {}
  for (;;) {
    const block = await input.take(BLOCK)
    // A missing end mark is common and harmless.
    if (block === undefined || block.every((byte) => byte === 0)) return
    const raw = parseBlock(block)
    if (raw.type === 'x' || raw.type === 'g' || raw.type === 'L' || raw.type === 'K') {
      const content = await longContent(input, raw.size)
      if (raw.type === 'x') long = { ...long, ...parsePax(content) }
      if (raw.type === 'L') long = { ...long, path: content.toString('utf8').replace(/\0.*$/s, '') }
      if (raw.type === 'K') long = { ...long, linkpath: content.toString('utf8').replace(/\0.*$/s, '') }
      continue
    }
    const size = long.size === undefined ? raw.size : Number(long.size)
    const kind = KINDS[raw.type]
    const left = { bytes: size }
    const content = input.stream(left)
    if (kind !== undefined) {
      const path = (long.path ?? raw.path).replace(/^(\.\/)+/, '')
      const target = long.linkpath ?? raw.target
      yield { path, kind, mode: raw.mode, size, content, ...(target === '' ? {} : { target }) }
    }
    await input.skip(left.bytes + tarPadding(size).length)
    long = {}
  }
}

const KINDS: Readonly<Record<string, TarKind>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
}

async function longContent(input: BlockReader, size: number): Promise<Buffer> {
  if (size > MAX_LONG_HEADER) throw new Error(`cannot read archive: a header of ${size} bytes`)
  const content = await input.take(size + tarPadding(size).length)
  if (content === undefined) throw new Error('cannot read archive: it ends too early')
  return content.subarray(0, size)
}

function parseBlock(block: Buffer) {
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0)
  if (Number.parseInt(text(block, 148, 8), 8) !== sum) throw new Error('cannot read archive: it is not a tar archive')
  const prefix = text(block, 257, 5) === 'ustar' && block[262] === 0 ? text(block, 345, 155) : ''
  const name = text(block, 0, 100)
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    mode: Number.parseInt(text(block, 100, 8).trim() || '0', 8),
    size: sizeOf(block),
    type: String.fromCharCode(block[156] ?? 0),
    target: text(block, 157, 100),
  }
}

function sizeOf(block: Buffer): number {
  // A set high bit announces a binary number, for files of 8 GiB and more.
  if (((block[124] ?? 0) & 0x80) !== 0) return Number(block.readBigUInt64BE(128))
  return Number.parseInt(text(block, 124, 12).trim() || '0', 8)
}

function text(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end === -1 ? length : end)
}

function parsePax(content: Buffer): Record<string, string> {
  const found: Record<string, string> = {}
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at)
    const length = Number(content.toString('utf8', at, space))
    if (space < 0 || !Number.isInteger(length) || length <= 0) break
    const record = content.toString('utf8', space + 1, at + length - 1)
    const equals = record.indexOf('=')
    found[record.slice(0, equals)] = record.slice(equals + 1)
    at += length
  }
  return found
}

/** Cuts a stream of chunks into pieces of the sizes asked for. */
class BlockReader {
  readonly #source: AsyncIterator<Uint8Array>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Exactly `size` bytes; nothing at the end of the stream. */
  async take(size: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = []
    let missing = size
    while (missing > 0) {
      const part = await this.#upTo(missing)
      if (part === undefined) {
        if (missing === size) return undefined
        throw new Error('cannot read archive: it ends too early')
      }
      parts.push(part)
      missing -= part.length
    }
    return Buffer.concat(parts)
  }

  async *stream(left: { bytes: number }): AsyncGenerator<Buffer> {
    while (left.bytes > 0) {
      const part = await this.#upTo(left.bytes)
      if (part === undefined) throw new Error('cannot read archive: it ends too early')
      left.bytes -= part.length
      yield part
    }
  }

  async skip(size: number): Promise<void> {
    for (let missing = size; missing > 0; ) {
      const part = await this.#upTo(missing)
      // The padding of the very last entry may be left out.
      if (part === undefined) {
        if (missing < BLOCK) return
        throw new Error('cannot read archive: it ends too early')
      }
      missing -= part.length
    }
  }

  async #upTo(size: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#source.next()
      if (next.done) return undefined
      this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
    }
    const part = this.#rest.subarray(0, size)
    this.#rest = this.#rest.subarray(part.length)
    return part
  }
}
