// What `sampan image ls`, `rm` and `tag` do.

import { parseManifest } from '../registry/manifest.ts'
import { formatReference, parseReference, repositoryOf } from '../registry/reference.ts'
import type { RegistryStore } from '../registry/store.ts'
import { findImage, platformImage } from './stored-image.ts'

/** One line of `image ls`. */
export interface ImageSummary {
  readonly repository: string
  readonly tag: string
  readonly digest: string
  /** Bytes of configuration and layers; 0 for what is no image of this platform. */
  readonly size: number
  /** RFC 3339; absent when the image does not say. */
  readonly created?: string
}

/** Every tagged image of the store, sorted by name. */
export async function imageList(options: {
  readonly store: RegistryStore
  readonly arch: string
}): Promise<ImageSummary[]> {
  const { store, arch } = options
  const found: ImageSummary[] = []
  for (const repository of await store.repositories()) {
    for (const tag of await store.tags(repository)) {
      const manifest = await store.manifest(repository, tag)
      if (manifest === undefined) continue
      const image = await platformImage(store, { repository, manifest, arch })
      const created = image?.config.created
      const { digest } = manifest
      found.push({ repository, tag, digest, size: image?.size ?? 0, ...(created === undefined ? {} : { created }) })
    }
  }
  return found
}

/** The table of `image ls`. `now` is milliseconds since the epoch. */
export function formatImageTable(images: readonly ImageSummary[], now: number): string {
  const rows = images.map(({ repository, tag, digest, size, created }) => [
    repository,
    tag,
    digest.replace(/^sha\d+:/, '').slice(0, 12),
    formatSize(size),
    created === undefined || Date.parse(created) <= 0 ? '<unknown>' : formatAge(now - Date.parse(created)),
  ])
  const all = [['REPOSITORY', 'TAG', 'DIGEST', 'SIZE', 'CREATED'], ...rows]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('')
}

function formatSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toPrecision(3)}${units[unit]}`
}

function formatAge(ms: number): string {
  const steps = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ] as const
  for (const [name, length] of steps) {
    const count = Math.floor(ms / length)
    if (count >= 1) return `${count} ${name}${count === 1 ? '' : 's'} ago`
  }
  return 'just now'
}

/** Takes a tag away, and the image with it when no other tag or index needs it. Gives what went. */
export async function imageRemove(options: {
  readonly store: RegistryStore
  readonly name: string
}): Promise<{ readonly untagged: string | undefined; readonly deleted: string | undefined }> {
  const { store, name } = options
  const { repository, tag, digest } = await findImage(store, name)
  if (tag !== undefined) {
    await store.deleteTag(repository, tag)
    for (const other of await store.tags(repository)) {
      if ((await store.resolve(repository, other)) === digest) {
        return { untagged: `${repository}:${tag}`, deleted: undefined }
      }
    }
  }
  const untagged = tag === undefined ? undefined : `${repository}:${tag}`
  return { untagged, deleted: (await deleteTree(store, repository, digest)) ? digest : undefined }
}

// An index takes its manifests with it, unless they have a tag or another index of their own.
async function deleteTree(store: RegistryStore, repository: string, digest: string): Promise<boolean> {
  for (const other of await store.manifests(repository)) {
    if ((await store.record(repository, other))?.manifests.includes(digest)) return false
  }
  const children = (await store.record(repository, digest))?.manifests ?? []
  const deleted = await store.deleteManifest(repository, digest)
  const tagged = new Set<string | undefined>()
  for (const tag of await store.tags(repository)) tagged.add(await store.resolve(repository, tag))
  for (const child of children) if (!tagged.has(child)) await deleteTree(store, repository, child)
  return deleted
}

/** Gives an image one more name; gives that name in full. */
export async function imageTag(options: {
  readonly store: RegistryStore
  readonly source: string
  readonly target: string
}): Promise<string> {
  const { store, source, target } = options
  const reference = parseReference(target)
  if (reference.tag === undefined || reference.digest !== undefined) {
    throw new Error(`cannot tag as "${target}": expected a name with a tag`)
  }
  const { repository, digest } = await findImage(store, source)
  await copyManifest(store, { from: repository, to: repositoryOf(reference), digest, tag: reference.tag })
  return formatReference(reference)
}

async function copyManifest(
  store: RegistryStore,
  copy: { readonly from: string; readonly to: string; readonly digest: string; readonly tag?: string },
): Promise<void> {
  const manifest = await store.manifest(copy.from, copy.digest)
  // The manifests of an index need not all be here.
  if (manifest === undefined) return
  const { content, mediaType, digest } = manifest
  for (const child of parseManifest(content).record.manifests) {
    await copyManifest(store, { from: copy.from, to: copy.to, digest: child })
  }
  const { tag } = copy
  await store.putManifest({ repository: copy.to, content, mediaType, digest, ...(tag === undefined ? {} : { tag }) })
}
