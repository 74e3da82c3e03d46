// Keeps images as content-addressed files. Several processes may use one root at a time: every change is one rename.
//
//   blobs/sha256/ab/abcd…                       content, manifests among it
//   repositories/NAME/_blobs/sha256/abcd…       an empty file: the repository has this blob
//   repositories/NAME/_manifests/sha256/abcd…   a ManifestRecord
//   repositories/NAME/_tags/TAG                 a digest
//   uploads/…                                   what is being written

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { ifThere } from '../machinery/if-there.ts'
import type { Random } from '../machinery/random.ts'
import { appendStream, settleFile, writeWhole } from './files.ts'
import { type Descriptor, type ManifestRecord, parseManifest } from './manifest.ts'
import { isDigest, isRepositoryName, isTag } from './reference.ts'
import { RegistryError } from './registry-error.ts'

const READ_SIZE = 256 * 1024

/** A manifest as it was pushed. */
export interface StoredManifest {
  readonly digest: string
  readonly mediaType: string
  readonly content: Buffer
}

export interface PutManifest {
  readonly repository: string
  readonly content: Buffer
  /** The Content-Type that it came with. */
  readonly mediaType?: string
  readonly tag?: string
  /** What the digest must be. */
  readonly digest?: string
}

/** The images of one root directory. */
export class RegistryStore {
  readonly root: string
  readonly #random: Random

  constructor(options: { readonly root: string; readonly random: Random }) {
    this.root = options.root
    this.#random = options.random
  }

  /** A fresh path for something that is being written. */
  temporaryPath(): string {
    return join(this.root, 'uploads', this.#random.uuid())
  }

  /** Size of a blob, if it is there. */
  async blobSize(digest: string): Promise<number | undefined> {
    return (await ifThere(stat(this.#blobPath(digest))))?.size
  }

  /** The bytes of a blob, or those from `start` to `end`, both included. */
  readBlob(digest: string, range: { readonly start?: number; readonly end?: number } = {}): Readable {
    return createReadStream(this.#blobPath(digest), { ...range, highWaterMark: READ_SIZE })
  }

  /** Stores content, and checks its digest on the way. It belongs to no repository until `linkBlob`. */
  async putBlob(
    source: AsyncIterable<Uint8Array>,
    expected?: { readonly digest: string },
  ): Promise<{ digest: string; size: number }> {
    const temporary = this.temporaryPath()
    await mkdir(dirname(temporary), { recursive: true })
    const hash = createHash(algorithmOf(expected?.digest ?? 'sha256:'))
    const file = await open(temporary, 'wx', 0o644)
    try {
      const size = await appendStream(file, source, hash)
      await file.sync()
      const digest = `${algorithmOf(expected?.digest ?? 'sha256:')}:${hash.digest('hex')}`
      if (expected !== undefined && expected.digest !== digest) {
        throw new RegistryError('DIGEST_INVALID', `provided digest did not match uploaded content: it is ${digest}`)
      }
      await settleFile(temporary, this.#blobPath(digest))
      return { digest, size }
    } finally {
      await file.close()
      await rm(temporary, { force: true })
    }
  }

  /** Takes over a finished file whose digest has been checked. */
  async adoptBlob(path: string, digest: string): Promise<void> {
    await settleFile(path, this.#blobPath(digest))
  }

  /** Gives a repository a blob; false when no such blob is stored. */
  async linkBlob(repository: string, digest: string): Promise<boolean> {
    const path = this.#repositoryPath(repository, '_blobs', ...digest.split(':'))
    // The link first, then the look: `#discard` does it the other way round, so one of both sees the other.
    await mkdir(dirname(path), { recursive: true })
    await (await open(path, 'a', 0o644)).close()
    if ((await this.blobSize(digest)) !== undefined) return true
    await rm(path, { force: true })
    return false
  }

  /** Whether a repository has a blob. */
  async hasBlob(repository: string, digest: string): Promise<boolean> {
    const link = await ifThere(stat(this.#repositoryPath(repository, '_blobs', ...digest.split(':'))))
    return link !== undefined && (await this.blobSize(digest)) !== undefined
  }

  /** Takes a blob from a repository; false when it had none. */
  async deleteBlob(repository: string, digest: string): Promise<boolean> {
    if (!(await this.hasBlob(repository, digest))) return false
    await rm(this.#repositoryPath(repository, '_blobs', ...digest.split(':')), { force: true })
    await this.#discard(digest)
    return true
  }

  /** Stores a manifest whose blobs are there already, and points a tag at it. */
  async putManifest(put: PutManifest): Promise<{ digest: string; subject: string | undefined }> {
    const { repository, content, tag } = put
    if (!isRepositoryName(repository)) throw invalidName(repository)
    if (tag !== undefined && !isTag(tag)) throw new RegistryError('TAG_INVALID', `invalid tag name "${tag}"`)
    const { record } = parseManifest(content, put.mediaType)
    const missing: string[] = []
    for (const digest of record.blobs) if (!(await this.linkBlob(repository, digest))) missing.push(digest)
    if (missing.length > 0) {
      const message = `blob unknown to registry: ${missing.join(', ')}`
      throw new RegistryError(
        'MANIFEST_BLOB_UNKNOWN',
        message,
        missing.map((digest) => ({ digest })),
      )
    }
    const { digest } = await this.putBlob(
      chunks(content),
      put.digest === undefined ? undefined : { digest: put.digest },
    )
    const recordPath = this.#repositoryPath(repository, '_manifests', ...digest.split(':'))
    await writeWhole(recordPath, JSON.stringify(record), this.temporaryPath())
    if (tag !== undefined) await this.tag(repository, tag, digest)
    return { digest, subject: record.subject }
  }

  /** Points a tag at a manifest of the repository. */
  async tag(repository: string, tag: string, digest: string): Promise<void> {
    if (!isTag(tag)) throw new RegistryError('TAG_INVALID', `invalid tag name "${tag}"`)
    await writeWhole(this.#repositoryPath(repository, '_tags', tag), digest, this.temporaryPath())
  }

  /** The digest that a tag points at, or the digest itself, if the repository has it. */
  async resolve(repository: string, reference: string): Promise<string | undefined> {
    if (isDigest(reference)) return (await this.record(repository, reference)) === undefined ? undefined : reference
    if (!isTag(reference)) return undefined
    return (await ifThere(readFile(this.#repositoryPath(repository, '_tags', reference), 'utf8')))?.trim()
  }

  /** A manifest by tag or digest. */
  async manifest(repository: string, reference: string): Promise<StoredManifest | undefined> {
    const digest = await this.resolve(repository, reference)
    if (digest === undefined) return undefined
    const record = await this.record(repository, digest)
    const content = await ifThere(readFile(this.#blobPath(digest)))
    if (record === undefined || content === undefined) return undefined
    return { digest, mediaType: record.mediaType, content }
  }

  /** What is known of a manifest, by digest. */
  async record(repository: string, digest: string): Promise<ManifestRecord | undefined> {
    const text = await ifThere(readFile(this.#repositoryPath(repository, '_manifests', ...digest.split(':')), 'utf8'))
    return text === undefined ? undefined : (JSON.parse(text) as ManifestRecord)
  }

  /** Names of all repositories, sorted. */
  async repositories(): Promise<string[]> {
    return this.#repositoriesWith((name) => name === '_manifests')
  }

  /** Whether anything was ever pushed under this name. */
  async hasRepository(repository: string): Promise<boolean> {
    return (await ifThere(stat(this.#repositoryPath(repository, '_manifests')))) !== undefined
  }

  /** Tags of a repository, sorted. */
  async tags(repository: string): Promise<string[]> {
    return ((await ifThere(readdir(this.#repositoryPath(repository, '_tags')))) ?? []).sort(byCode)
  }

  /** Digests of a repository's manifests. */
  async manifests(repository: string): Promise<string[]> {
    return this.#digestsIn(this.#repositoryPath(repository, '_manifests'))
  }

  /** Manifests that name `subject` as what they are about. */
  async referrers(repository: string, subject: string): Promise<Descriptor[]> {
    const found: Descriptor[] = []
    for (const digest of await this.manifests(repository)) {
      const record = await this.record(repository, digest)
      if (record?.subject !== subject) continue
      const { mediaType, size, artifactType, annotations } = record
      found.push({
        mediaType,
        digest,
        size,
        ...(artifactType === undefined ? {} : { artifactType }),
        ...(annotations === undefined ? {} : { annotations }),
      })
    }
    return found
  }

  /** Removes a tag; its manifest stays. False when there was none. */
  async deleteTag(repository: string, tag: string): Promise<boolean> {
    const path = this.#repositoryPath(repository, '_tags', tag)
    if ((await ifThere(stat(path))) === undefined) return false
    await rm(path, { force: true })
    return true
  }

  /** Removes a manifest, the tags that point at it, and the content that nothing else needs. */
  async deleteManifest(repository: string, digest: string): Promise<boolean> {
    const record = await this.record(repository, digest)
    if (record === undefined) return false
    for (const tag of await this.tags(repository)) {
      if ((await this.resolve(repository, tag)) === digest) await this.deleteTag(repository, tag)
    }
    await rm(this.#repositoryPath(repository, '_manifests', ...digest.split(':')), { force: true })
    const needed = new Set<string>()
    for (const other of await this.manifests(repository)) {
      for (const blob of (await this.record(repository, other))?.blobs ?? []) needed.add(blob)
    }
    for (const blob of record.blobs) if (!needed.has(blob)) await this.deleteBlob(repository, blob)
    await this.#discard(digest)
    await this.#removeEmpty(repository)
    return true
  }

  /** Removes content that no repository has, and unfinished uploads, both older than the time given (milliseconds). */
  async collectGarbage(olderThan: number): Promise<{ removed: number }> {
    let removed = 0
    const old = async (path: string) => ((await ifThere(stat(path)))?.mtimeMs ?? Number.POSITIVE_INFINITY) < olderThan
    const base = join(this.root, 'blobs')
    for (const algorithm of (await ifThere(readdir(base))) ?? []) {
      for (const prefix of await readdir(join(base, algorithm))) {
        for (const hex of await readdir(join(base, algorithm, prefix))) {
          const digest = `${algorithm}:${hex}`
          if (isDigest(digest) && (await old(this.#blobPath(digest))) && (await this.#discard(digest))) removed++
        }
      }
    }
    for (const name of (await ifThere(readdir(join(this.root, 'uploads')))) ?? []) {
      const path = join(this.root, 'uploads', name)
      if (await old(path)) await rm(path, { force: true })
    }
    return { removed }
  }

  /** Removes content unless a repository has it; one that gets it meanwhile keeps it. */
  async discardUnused(digests: Iterable<string>): Promise<void> {
    for (const digest of digests) await this.#discard(digest)
  }

  async #discard(digest: string): Promise<boolean> {
    if (await this.#isUsed(digest)) return false
    const path = this.#blobPath(digest)
    const aside = this.temporaryPath()
    await mkdir(dirname(aside), { recursive: true })
    if ((await ifThere(rename(path, aside).then(() => true))) === undefined) return false
    if (await this.#isUsed(digest)) {
      await settleFile(aside, path)
      return false
    }
    await rm(aside, { force: true })
    return true
  }

  async #isUsed(digest: string): Promise<boolean> {
    const parts = digest.split(':')
    for (const repository of await this.#repositoriesWith((name) => name.startsWith('_'))) {
      for (const kind of ['_blobs', '_manifests']) {
        if ((await ifThere(stat(this.#repositoryPath(repository, kind, ...parts)))) !== undefined) return true
      }
    }
    return false
  }

  async #repositoriesWith(wanted: (entry: string) => boolean): Promise<string[]> {
    const found: string[] = []
    const visit = async (name: string): Promise<void> => {
      const entries = (await ifThere(readdir(join(this.root, 'repositories', name), { withFileTypes: true }))) ?? []
      if (entries.some((entry) => wanted(entry.name))) found.push(name)
      for (const entry of entries) {
        if (entry.isDirectory() && !entry.name.startsWith('_')) await visit(join(name, entry.name))
      }
    }
    await visit('')
    return found.sort(byCode)
  }

  async #digestsIn(path: string): Promise<string[]> {
    const found: string[] = []
    for (const algorithm of (await ifThere(readdir(path))) ?? []) {
      for (const hex of (await ifThere(readdir(join(path, algorithm)))) ?? []) found.push(`${algorithm}:${hex}`)
    }
    return found.sort(byCode)
  }

  async #removeEmpty(repository: string): Promise<void> {
    const kinds = ['_manifests/sha256', '_manifests/sha512', '_blobs/sha256', '_blobs/sha512']
    for (const kind of [...kinds, '_manifests', '_blobs', '_tags', '']) {
      await rmdir(this.#repositoryPath(repository, kind)).catch((error: unknown) => {
        if (!isKept(error)) throw error
      })
    }
  }

  #repositoryPath(repository: string, ...rest: string[]): string {
    if (!isRepositoryName(repository)) throw invalidName(repository)
    return join(this.root, 'repositories', repository, ...rest)
  }

  #blobPath(digest: string): string {
    if (!isDigest(digest)) throw new RegistryError('DIGEST_INVALID', `invalid digest "${digest}"`)
    const [algorithm = '', hex = ''] = digest.split(':')
    return join(this.root, 'blobs', algorithm, hex.slice(0, 2), hex)
  }
}

/** The hash that a digest was made with. */
export function algorithmOf(digest: string): 'sha256' | 'sha512' {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256'
}

function invalidName(name: string): RegistryError {
  return new RegistryError('NAME_INVALID', `invalid repository name ${JSON.stringify(name)}`)
}

function isKept(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return ['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(String(error.code))
}

function byCode(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

async function* chunks(content: Buffer): AsyncGenerator<Buffer> {
  yield content
}
