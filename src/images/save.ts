// What `sampan image save` does: writes images as an OCI layout that docker, podman and containerd can load too.

import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { TAR_END, tarHeader, tarPadding } from '../machinery/tar.ts'
import { type Descriptor, MediaType } from '../registry/manifest.ts'
import type { RegistryStore } from '../registry/store.ts'
import { type FoundImage, findImage, platformImage } from './stored-image.ts'

export interface ImageSaveOptions {
  readonly store: RegistryStore
  readonly names: readonly string[]
  readonly output: Writable
  /** Node's word for the processor whose images docker shall find. */
  readonly arch: string
}

interface SavedImage extends FoundImage {
  readonly fullName: string | undefined
}

/** Writes the images into one tar archive and ends `output`. */
export async function imageSave(options: ImageSaveOptions): Promise<void> {
  const { store, names, output, arch } = options
  const images: SavedImage[] = []
  for (const name of names) {
    const found = await findImage(store, name)
    images.push({ ...found, fullName: found.tag === undefined ? undefined : `${found.repository}:${found.tag}` })
  }
  const blobs = new Set<string>()
  for (const { repository, digest } of images) await gather({ store, repository, digest, blobs })
  const documents = {
    'oci-layout': { imageLayoutVersion: '1.0.0' },
    'index.json': { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: images.map(describe) },
    'manifest.json': await dockerManifest(store, images, arch),
  }
  await pipeline(archive(store, documents, [...blobs].sort()), output)
}

async function gather(node: {
  readonly store: RegistryStore
  readonly repository: string
  readonly digest: string
  readonly blobs: Set<string>
}): Promise<void> {
  const { store, repository, digest, blobs } = node
  const record = await store.record(repository, digest)
  if (record === undefined) return
  for (const blob of [digest, ...record.blobs]) blobs.add(blob)
  for (const child of record.manifests) await gather({ ...node, digest: child })
}

function describe({ mediaType, digest, content, fullName, tag }: SavedImage): Descriptor {
  const annotations =
    fullName === undefined
      ? {}
      : { 'io.containerd.image.name': fullName, 'org.opencontainers.image.ref.name': tag ?? 'latest' }
  return { mediaType, digest, size: content.length, annotations }
}

async function dockerManifest(store: RegistryStore, images: readonly SavedImage[], arch: string): Promise<unknown[]> {
  const entries: unknown[] = []
  for (const image of images) {
    const found = await platformImage(store, { repository: image.repository, manifest: image, arch })
    if (found?.manifest.config === undefined) continue
    const path = ({ digest }: Descriptor) => `blobs/${digest.replace(':', '/')}`
    entries.push({
      Config: path(found.manifest.config),
      RepoTags: image.fullName === undefined ? null : [image.fullName],
      Layers: (found.manifest.layers ?? []).map(path),
    })
  }
  return entries
}

async function* archive(
  store: RegistryStore,
  documents: Readonly<Record<string, unknown>>,
  blobs: readonly string[],
): AsyncGenerator<Buffer> {
  for (const [path, document] of Object.entries(documents)) {
    const content = Buffer.from(JSON.stringify(document))
    yield tarHeader({ path, kind: 'file', mode: 0o644, size: content.length })
    yield content
    yield tarPadding(content.length)
  }
  for (const digest of blobs) {
    const size = await store.blobSize(digest)
    if (size === undefined) throw new Error(`cannot save image: content ${digest} is missing`)
    yield tarHeader({ path: `blobs/${digest.replace(':', '/')}`, kind: 'file', mode: 0o644, size })
    yield* store.readBlob(digest)
    yield tarPadding(size)
  }
  yield TAR_END
}
