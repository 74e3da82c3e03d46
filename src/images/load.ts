// What `sampan image load` does: reads an image archive, an OCI layout or one of docker's, into the store.

import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { readTar } from '../machinery/tar.ts'
import { type Descriptor, type Manifest, MediaType, parseManifest } from '../registry/manifest.ts'
import { formatReference, type ImageReference, parseReference, repositoryOf } from '../registry/reference.ts'
import type { RegistryStore } from '../registry/store.ts'
import { readAll } from './stored-image.ts'

const IMAGE_NAME = 'io.containerd.image.name'
const REF_NAME = 'org.opencontainers.image.ref.name'

/** An image that was loaded: its name in full and its manifest's digest. */
export interface LoadedImage {
  readonly name: string
  readonly digest: string
}

export interface ImageLoadOptions {
  readonly store: RegistryStore
  /** The archive, plain or gzip. */
  readonly archive: AsyncIterable<Uint8Array>
  /** Name for an archive that has none in it, or instead of the one it has. */
  readonly name?: string
}

interface SpooledFile {
  readonly digest: string
  readonly size: number
  readonly head: Buffer
}

interface Spool {
  readonly files: Map<string, SpooledFile>
  readonly links: Map<string, string>
}

/** Loads every named image of the archive. */
export async function imageLoad(options: ImageLoadOptions): Promise<LoadedImage[]> {
  const { store } = options
  const spool: Spool = { files: new Map(), links: new Map() }
  try {
    for await (const member of readTar(await decompressed(options.archive))) {
      if (member.kind === 'file') spool.files.set(member.path, await spoolFile(store, member.content))
      else if (member.target !== undefined) {
        const base = member.kind === 'symlink' ? posix.dirname(member.path) : '.'
        spool.links.set(member.path, posix.normalize(posix.join(base, member.target)))
      }
    }
    if (spool.files.has('index.json')) return await loadLayout(options, spool)
    if (spool.files.has('manifest.json')) return await loadDocker(options, spool)
    throw new Error('cannot load archive: it has neither index.json nor manifest.json')
  } finally {
    await store.discardUnused([...spool.files.values()].map(({ digest }) => digest))
  }
}

async function spoolFile(store: RegistryStore, content: AsyncIterable<Buffer>): Promise<SpooledFile> {
  let head: Buffer = Buffer.alloc(0)
  const watched = async function* () {
    for await (const chunk of content) {
      if (head.length < 4) head = Buffer.concat([head, chunk.subarray(0, 4)])
      yield chunk
    }
  }
  const stored = await store.putBlob(watched())
  return { ...stored, head }
}

async function decompressed(archive: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const iterator = archive[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done) throw new Error('cannot load archive: it is empty')
  const whole = async function* () {
    yield first.value
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
  }
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) return whole()
  const source = Readable.from(whole(), { objectMode: false })
  const gunzip = createGunzip()
  source.once('error', (error) => gunzip.destroy(error))
  return source.pipe(gunzip)
}

async function loadLayout(options: ImageLoadOptions, spool: Spool): Promise<LoadedImage[]> {
  const { store, name } = options
  const index = JSON.parse((await spooled(store, spool, 'index.json')).toString('utf8')) as Manifest
  const loaded: LoadedImage[] = []
  for (const descriptor of index.manifests ?? []) {
    const reference = nameOf(descriptor, name)
    if (reference === undefined) continue
    const repository = repositoryOf(reference)
    if (!(await putTree({ store, spool, repository, descriptor }))) {
      throw new Error(`cannot load archive: it lacks ${descriptor.digest}`)
    }
    await store.tag(repository, reference.tag ?? 'latest', descriptor.digest)
    loaded.push({ name: formatReference(reference), digest: descriptor.digest })
  }
  if (loaded.length > 0) return loaded
  throw new Error('cannot load archive: its images have no names; give one')
}

function nameOf({ annotations }: Descriptor, given: string | undefined): ImageReference | undefined {
  if (given !== undefined) return parseReference(given)
  const full = annotations?.[IMAGE_NAME]
  if (full !== undefined) return parseReference(full)
  // Often this is a tag alone, which names nothing.
  const ref = annotations?.[REF_NAME]
  return ref?.includes('/') || ref?.includes(':') ? parseReference(ref) : undefined
}

async function putTree(node: {
  readonly store: RegistryStore
  readonly spool: Spool
  readonly repository: string
  readonly descriptor: Descriptor
}): Promise<boolean> {
  const { store, spool, repository, descriptor } = node
  const path = `blobs/${descriptor.digest.replace(':', '/')}`
  if (!spool.files.has(path)) return false
  const content = await spooled(store, spool, path)
  const { record } = parseManifest(content, descriptor.mediaType)
  // Platforms that the archive leaves out are no error: they are left out here too.
  for (const child of parseManifest(content).manifest.manifests ?? []) await putTree({ ...node, descriptor: child })
  await store.putManifest({ repository, content, mediaType: record.mediaType, digest: descriptor.digest })
  return true
}

interface DockerImage {
  readonly Config: string
  readonly RepoTags?: readonly string[] | null
  readonly Layers: readonly string[]
}

async function loadDocker(options: ImageLoadOptions, spool: Spool): Promise<LoadedImage[]> {
  const { store, name } = options
  const images = JSON.parse((await spooled(store, spool, 'manifest.json')).toString('utf8')) as DockerImage[]
  const loaded: LoadedImage[] = []
  for (const image of images) {
    const names = name === undefined ? (image.RepoTags ?? []) : [name]
    const config = locate(spool, image.Config)
    const manifest = {
      schemaVersion: 2,
      mediaType: MediaType.ociManifest,
      config: { mediaType: MediaType.ociConfig, digest: config.digest, size: config.size },
      layers: image.Layers.map((path) => {
        const layer = locate(spool, path)
        return { mediaType: layerType(layer.head), digest: layer.digest, size: layer.size }
      }),
    }
    const content = Buffer.from(JSON.stringify(manifest))
    for (const text of names) {
      const reference = parseReference(text)
      const tag = reference.tag ?? 'latest'
      const { digest } = await store.putManifest({ repository: repositoryOf(reference), content, tag })
      loaded.push({ name: formatReference(reference), digest })
    }
  }
  if (loaded.length > 0) return loaded
  throw new Error('cannot load archive: its images have no names; give one')
}

function layerType(head: Buffer): string {
  if (head[0] === 0x1f && head[1] === 0x8b) return MediaType.ociLayerGzip
  return head.toString('hex', 0, 4) === '28b52ffd' ? MediaType.ociLayerZstd : MediaType.ociLayer
}

function locate(spool: Spool, path: string): SpooledFile {
  let at = path
  for (let hops = 0; hops < 10; hops++) {
    const file = spool.files.get(at)
    if (file !== undefined) return file
    const target = spool.links.get(at)
    if (target === undefined) break
    at = target
  }
  throw new Error(`cannot load archive: it lacks "${path}"`)
}

async function spooled(store: RegistryStore, spool: Spool, path: string): Promise<Buffer> {
  return await readAll(store.readBlob(locate(spool, path).digest))
}
