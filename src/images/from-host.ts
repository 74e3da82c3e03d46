// What `sampan image from-host` does: packs programs of this machine into an image, with all they need to run.

import { createReadStream } from 'node:fs'
import { TAR_END, tarHeader, tarPadding } from '../machinery/tar.ts'
import { type Descriptor, MediaType } from '../registry/manifest.ts'
import { formatReference, parseReference } from '../registry/reference.ts'
import type { RegistryStore } from '../registry/store.ts'
import { HostTree, type ImageFile } from './host-tree.ts'
import { imageArchitecture, putImage, type RunConfig } from './image-config.ts'
import type { RunProgram } from './program.ts'

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n'
const GROUP = 'root:x:0:\nnogroup:x:65534:\n'
const NSSWITCH = 'passwd: files\ngroup: files\nhosts: files dns\n'
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'
const MERGED = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']
const READ_SIZE = 1024 * 1024

/** A file that is written into an image, not found on this machine. */
export interface ContentFile {
  readonly path: string
  readonly content: Buffer | string
  readonly mode?: number
}

/** One layer: what images have in common belongs into layers of its own. */
export interface HostLayer {
  /** `/usr/bin/node`, `node`, a directory, `source:destination`. */
  readonly paths?: readonly string[]
  /** As `paths`, but left out where this machine has none. */
  readonly optional?: readonly string[]
  readonly files?: readonly ContentFile[]
}

export interface ImageFromHostOptions {
  readonly store: RegistryStore
  readonly name: string
  readonly layers: readonly HostLayer[]
  readonly config: RunConfig
  /** `process.arch` */
  readonly arch: string
  readonly env: NodeJS.ProcessEnv
  readonly run: RunProgram
  /** RFC 3339; without it the same input gives the same image. */
  readonly created?: string
}

/** What was built. */
export interface BuiltImage {
  readonly name: string
  readonly digest: string
  /** Bytes of all layers. */
  readonly size: number
}

/** Packs an image and puts it into the store. The first layer also has accounts, /tmp and certificates. */
export async function imageFromHost(options: ImageFromHostOptions): Promise<BuiltImage> {
  const { store, config, created } = options
  const reference = parseReference(options.name)
  const tree = await collect(options)
  const layers: Descriptor[] = []
  for (const files of tree.layers) {
    if (files.size === 0) continue
    layers.push({ mediaType: MediaType.ociLayer, ...(await store.putBlob(layerTar([...files.values()]))) })
  }
  const hasPath = config.Env?.some((line) => line.startsWith('PATH='))
  const digest = await putImage(store, {
    reference,
    layers,
    config: {
      ...(created === undefined ? {} : { created }),
      architecture: imageArchitecture(options.arch),
      os: 'linux',
      config: { ...config, Env: [...(hasPath ? [] : [PATH]), ...(config.Env ?? [])] },
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
      history: layers.map(() => ({
        ...(created === undefined ? {} : { created }),
        created_by: 'sampan image from-host',
      })),
    },
  })
  return { name: formatReference(reference), digest, size: layers.reduce((sum, { size }) => sum + size, 0) }
}

async function collect(options: ImageFromHostOptions): Promise<HostTree> {
  const { layers, env, run } = options
  const searchPath = (env.PATH ?? PATH.slice(5)).split(':').filter((path) => path.startsWith('/'))
  const tree = new HostTree({ run, env, searchPath })
  for (const path of MERGED) await tree.addLinkIfThere(path)
  tree.addDirectory('/tmp', 0o1777)
  tree.addDirectory('/var/tmp', 0o1777)
  tree.addDirectory('/root', 0o700)
  tree.addDirectory('/run')
  tree.addContent({ path: '/etc/passwd', content: PASSWD })
  tree.addContent({ path: '/etc/group', content: GROUP })
  tree.addContent({ path: '/etc/nsswitch.conf', content: NSSWITCH })
  await tree.addIfThere(CERTIFICATES)
  for (const [at, layer] of layers.entries()) {
    if (at > 0) tree.nextLayer()
    for (const path of layer.paths ?? []) await tree.addPath(path)
    for (const path of layer.optional ?? []) if (await tree.has(path)) await tree.addPath(path)
    for (const file of layer.files ?? []) tree.addContent(file)
  }
  return tree
}

/** A layer's archive; the order is that of the paths, so that parents come before what they hold. */
async function* layerTar(files: readonly ImageFile[]): AsyncGenerator<Buffer> {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  for (const file of sorted) {
    yield tarHeader(file)
    if (file.kind !== 'file') continue
    let written = 0
    for await (const chunk of contentOf(file)) {
      written += chunk.length
      yield chunk
    }
    if (written !== file.size) throw new Error(`cannot pack "${file.source}": it changed while it was read`)
    yield tarPadding(file.size)
  }
  yield TAR_END
}

async function* contentOf(file: ImageFile): AsyncGenerator<Buffer> {
  if (file.content !== undefined) yield file.content
  else if (file.source !== undefined && file.size > 0) {
    yield* createReadStream(file.source, { highWaterMark: READ_SIZE, end: file.size - 1 })
  }
}
