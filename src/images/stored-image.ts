// Finds an image of the store by the name a user gives, and reads what it consists of.

import { type Descriptor, type Manifest, MediaType, parseManifest } from '../registry/manifest.ts'
import { parseReference, repositoryCandidates, repositoryOf } from '../registry/reference.ts'
import type { RegistryStore, StoredManifest } from '../registry/store.ts'
import { type ImageConfig, imageArchitecture } from './image-config.ts'

/** An image of the store and the repository it was found in. */
export interface FoundImage extends StoredManifest {
  readonly repository: string
  /** Absent when it was asked for by digest. */
  readonly tag: string | undefined
}

/** One platform's manifest with its configuration. */
export interface PlatformImage {
  readonly manifest: Manifest
  readonly config: ImageConfig
  /** Configuration and layers, in bytes. */
  readonly size: number
}

/** The image called `name`; throws when the store has none. */
export async function findImage(store: RegistryStore, name: string): Promise<FoundImage> {
  const reference = parseReference(name)
  for (const repository of repositoryCandidates(repositoryOf(reference))) {
    const found = await store.manifest(repository, reference.digest ?? reference.tag ?? 'latest')
    if (found !== undefined) {
      return { ...found, repository, tag: reference.digest === undefined ? reference.tag : undefined }
    }
  }
  throw new Error(`cannot find image "${name}"`)
}

/** The image for this processor; an index is followed. Nothing when it is no image, or its content is not here. */
export async function platformImage(
  store: RegistryStore,
  options: { readonly repository: string; readonly manifest: StoredManifest; readonly arch: string },
): Promise<PlatformImage | undefined> {
  const { repository, arch } = options
  const { manifest } = parseManifest(options.manifest.content)
  if (manifest.manifests !== undefined) {
    for (const { digest } of byPlatform(manifest.manifests, imageArchitecture(arch))) {
      const child = await store.manifest(repository, digest)
      const image = child && (await platformImage(store, { repository, manifest: child, arch }))
      if (image !== undefined) return image
    }
    return undefined
  }
  const { config, layers = [] } = manifest
  if (config === undefined || (await store.blobSize(config.digest)) === undefined) return undefined
  if (!isImageConfig(config)) return undefined
  const content = await readAll(store.readBlob(config.digest))
  return {
    manifest,
    config: JSON.parse(content.toString('utf8')) as ImageConfig,
    size: [config, ...layers].reduce((sum, { size }) => sum + size, 0),
  }
}

function byPlatform(manifests: readonly Descriptor[], architecture: string): Descriptor[] {
  const fits = ({ platform }: Descriptor) => platform?.architecture === architecture
  return [...manifests.filter(fits), ...manifests.filter((descriptor) => !fits(descriptor))]
}

function isImageConfig({ mediaType }: Descriptor): boolean {
  return mediaType === MediaType.ociConfig || mediaType === 'application/vnd.docker.container.image.v1+json'
}

/** All of a stream that is known to be small. */
export async function readAll(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}
