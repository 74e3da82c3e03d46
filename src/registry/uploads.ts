// Blob uploads in progress: one file each; what has been hashed so far is remembered while the process lives.

import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ifThere } from '../machinery/if-there.ts'
import type { Random } from '../machinery/random.ts'
import { appendStream } from './files.ts'
import { RegistryError } from './registry-error.ts'
import { algorithmOf, type RegistryStore } from './store.ts'

const MAX_REMEMBERED = 1024
const ID = /^[0-9a-f-]{36}$/

interface Session {
  readonly hash: Hash
  hashed: number
  busy: boolean
}

/** The uploads of one store. */
export class Uploads {
  readonly #store: RegistryStore
  readonly #random: Random
  readonly #sessions = new Map<string, Session>()

  constructor(options: { readonly store: RegistryStore; readonly random: Random }) {
    this.#store = options.store
    this.#random = options.random
  }

  /** Begins an upload and gives its id. */
  async begin(): Promise<string> {
    const id = this.#random.uuid()
    await mkdir(join(this.#store.root, 'uploads'), { recursive: true })
    await (await open(this.#path(id), 'wx', 0o644)).close()
    if (this.#sessions.size >= MAX_REMEMBERED) {
      const idle = [...this.#sessions].find(([, session]) => !session.busy)
      if (idle) this.#sessions.delete(idle[0])
    }
    this.#sessions.set(id, { hash: createHash('sha256'), hashed: 0, busy: false })
    return id
  }

  /** How many bytes an upload has. Throws BLOB_UPLOAD_UNKNOWN. */
  async size(id: string): Promise<number> {
    const found = ID.test(id) ? await ifThere(stat(this.#path(id))) : undefined
    if (found === undefined) throw new RegistryError('BLOB_UPLOAD_UNKNOWN', `blob upload unknown to registry: ${id}`)
    return found.size
  }

  /** Appends a chunk, which must begin where the last one ended; gives the new size. */
  async append(id: string, source: AsyncIterable<Uint8Array>, range?: { start: number; end: number }): Promise<number> {
    const size = await this.size(id)
    if (range !== undefined && (range.start !== size || range.end < range.start)) {
      throw new RegistryError(
        'RANGE_INVALID',
        `invalid content range: expected ${size}, got ${range.start}-${range.end}`,
      )
    }
    const session = this.#session(id)
    if (session.busy) throw new RegistryError('RANGE_INVALID', 'invalid content range: another chunk is being received')
    session.busy = true
    // A broken chunk leaves hash and file out of step; `finish` then reads the file again.
    const hash = session.hashed === size ? session.hash : undefined
    session.hashed = Number.NaN
    const file = await open(this.#path(id), 'a')
    try {
      const added = await appendStream(file, source, hash)
      if (hash !== undefined) session.hashed = size + added
      if (range !== undefined && added !== range.end - range.start + 1) {
        throw new RegistryError(
          'BLOB_UPLOAD_INVALID',
          `chunk is ${added} bytes, expected ${range.end - range.start + 1}`,
        )
      }
      return size + added
    } finally {
      session.busy = false
      await file.close()
    }
  }

  /** Makes the upload a blob. Throws DIGEST_INVALID when the content is not what was promised. */
  async finish(id: string, digest: string): Promise<void> {
    const size = await this.size(id)
    const session = this.#session(id)
    const known = algorithmOf(digest) === 'sha256' && session.hashed === size
    const hex = known ? session.hash.copy().digest('hex') : await this.#rehash(id, digest)
    if (`${algorithmOf(digest)}:${hex}` !== digest) {
      await this.cancel(id)
      throw new RegistryError('DIGEST_INVALID', `provided digest did not match uploaded content: ${digest}`)
    }
    const file = await open(this.#path(id), 'r+')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
    await this.#store.adoptBlob(this.#path(id), digest)
    this.#sessions.delete(id)
  }

  /** Gives an upload up. */
  async cancel(id: string): Promise<void> {
    await this.size(id)
    this.#sessions.delete(id)
    await rm(this.#path(id), { force: true })
  }

  // One begun by an earlier process has no hash.
  #session(id: string): Session {
    const known = this.#sessions.get(id)
    if (known !== undefined) return known
    const session: Session = { hash: createHash('sha256'), hashed: Number.NaN, busy: false }
    this.#sessions.set(id, session)
    return session
  }

  async #rehash(id: string, digest: string): Promise<string> {
    const hash = createHash(algorithmOf(digest))
    for await (const chunk of createReadStream(this.#path(id))) hash.update(chunk)
    return hash.digest('hex')
  }

  #path(id: string): string {
    return join(this.#store.root, 'uploads', id)
  }
}
