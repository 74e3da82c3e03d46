// The configuration of an image as the OCI image specification has it, and putting a new image into the store.

import { type Descriptor, MediaType } from '../registry/manifest.ts'
import { formatReference, type ImageReference, repositoryOf } from '../registry/reference.ts'
import type { RegistryStore } from '../registry/store.ts'

/** How containers of an image start. */
export interface RunConfig {
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly Env?: readonly string[]
  readonly WorkingDir?: string
  readonly User?: string
  readonly ExposedPorts?: Readonly<Record<string, object>>
  readonly Labels?: Readonly<Record<string, string>>
}

export interface ImageConfig {
  readonly created?: string
  readonly architecture: string
  readonly os: string
  readonly config?: RunConfig
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly string[] }
  /** One entry a layer; buildah refuses to build on images with fewer. */
  readonly history?: readonly { readonly created?: string; readonly created_by: string }[]
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'arm', ia32: '386' }

/** The word that images have for a processor that Node calls `arch`. */
export function imageArchitecture(arch: string): string {
  return ARCHITECTURES[arch] ?? arch
}

/** One buffer as a stream. */
export async function* once(content: Buffer): AsyncGenerator<Buffer> {
  yield content
}

/** Stores an image whose layers are stored already; gives its manifest's digest. */
export async function putImage(
  store: RegistryStore,
  image: { readonly reference: ImageReference; readonly config: ImageConfig; readonly layers: readonly Descriptor[] },
): Promise<string> {
  const { reference, config, layers } = image
  const { tag } = reference
  if (tag === undefined) throw new Error(`cannot name an image ${formatReference(reference)}: expected a tag`)
  const stored = await store.putBlob(once(Buffer.from(JSON.stringify(config))))
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MediaType.ociManifest,
      config: { mediaType: MediaType.ociConfig, ...stored },
      layers,
    }),
  )
  const { digest } = await store.putManifest({ repository: repositoryOf(reference), content, tag })
  return digest
}
