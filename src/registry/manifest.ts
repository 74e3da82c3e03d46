// What the registry needs to know of a manifest: its type and what it refers to.

import { isDigest } from './reference.ts'
import { RegistryError } from './registry-error.ts'

/** The media types that images come in. */
export const MediaType = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
} as const

/** Points at content: OCI image specification, descriptor. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly platform?: { readonly os?: string; readonly architecture?: string; readonly variant?: string }
  readonly urls?: readonly string[]
}

/** A manifest or an index; which one its lists tell. */
export interface Manifest {
  readonly schemaVersion: number
  readonly mediaType?: string
  readonly artifactType?: string
  readonly config?: Descriptor
  readonly layers?: readonly Descriptor[]
  readonly manifests?: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations?: Readonly<Record<string, string>>
}

/** What is kept beside a manifest's bytes. */
export interface ManifestRecord {
  readonly mediaType: string
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly subject?: string
  /** Config and layers: without them the manifest is not accepted. */
  readonly blobs: readonly string[]
  /** Manifests of an index; they may be missing. */
  readonly manifests: readonly string[]
}

/** Reads a manifest as far as the registry depends on it. Throws MANIFEST_INVALID. */
export function parseManifest(content: Buffer, contentType?: string): { manifest: Manifest; record: ManifestRecord } {
  const manifest = decode(content)
  const blobs = [...(manifest.config ? [manifest.config] : []), ...(manifest.layers ?? [])]
  const manifests = manifest.manifests ?? []
  for (const descriptor of [...blobs, ...manifests, ...(manifest.subject ? [manifest.subject] : [])]) {
    if (typeof descriptor?.digest !== 'string' || !isDigest(descriptor.digest)) {
      throw new RegistryError('MANIFEST_INVALID', 'manifest invalid: a descriptor has no valid digest', descriptor)
    }
  }
  const mediaType = manifest.mediaType ?? contentType ?? defaultMediaType(manifest)
  if (manifest.mediaType !== undefined && contentType !== undefined && manifest.mediaType !== contentType) {
    const message = `manifest invalid: mediaType is "${manifest.mediaType}", Content-Type is "${contentType}"`
    throw new RegistryError('MANIFEST_INVALID', message)
  }
  const artifactType = manifest.artifactType || manifest.config?.mediaType
  return {
    manifest,
    record: {
      mediaType,
      size: content.length,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
      ...(manifest.subject === undefined ? {} : { subject: manifest.subject.digest }),
      // Layers with URLs are fetched from there and need not be here.
      blobs: blobs.filter(({ urls }) => urls === undefined || urls.length === 0).map(({ digest }) => digest),
      manifests: manifests.map(({ digest }) => digest),
    },
  }
}

function decode(content: Buffer): Manifest {
  let value: unknown
  try {
    value = JSON.parse(content.toString('utf8'))
  } catch (cause) {
    throw new RegistryError('MANIFEST_INVALID', `manifest invalid: ${cause instanceof Error ? cause.message : cause}`)
  }
  const manifest = value as Partial<Manifest> | null
  if (typeof manifest !== 'object' || manifest === null || manifest.schemaVersion !== 2) {
    throw new RegistryError('MANIFEST_INVALID', 'manifest invalid: schemaVersion must be 2')
  }
  for (const list of [manifest.layers, manifest.manifests]) {
    if (list !== undefined && !Array.isArray(list)) {
      throw new RegistryError('MANIFEST_INVALID', 'manifest invalid: layers and manifests must be lists')
    }
  }
  if (manifest.layers === undefined && manifest.manifests === undefined && manifest.config === undefined) {
    throw new RegistryError('MANIFEST_INVALID', 'manifest invalid: neither layers nor manifests')
  }
  return manifest as Manifest
}

function defaultMediaType(manifest: Manifest): string {
  return manifest.manifests === undefined ? MediaType.ociManifest : MediaType.ociIndex
}
