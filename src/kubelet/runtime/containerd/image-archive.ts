// Builds small image archives in memory and imports them into containerd.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { type TarEntry, writeTar } from '../../../machinery/tar.ts'
import { socketPathOf } from '../cri/grpc.ts'
import { RuntimeError } from '../runtime.ts'

/** The image that holds a pod's namespaces. */
export const PAUSE_IMAGE = 'sampan.local/pause:1'

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'arm', ia32: '386' }
const IMAGE_NAME = 'io.containerd.image.name'
const MAX_OUTPUT = 64 * 1024

export interface ImageSource {
  /** Full name with tag, e.g. `sampan.local/pause:1`. */
  readonly name: string
  readonly files: readonly TarEntry[]
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  readonly env?: readonly string[]
  readonly user?: string
  /** Node's word for the processor, `process.arch`. */
  readonly arch: string
}

/** An OCI image layout as a tar archive: one layer, one image. */
export function buildImageArchive(source: ImageSource): Buffer {
  const layer = blob(writeTar(source.files))
  const architecture = ARCHITECTURES[source.arch] ?? source.arch
  const config = jsonBlob({
    architecture,
    os: 'linux',
    config: {
      ...(source.entrypoint === undefined ? {} : { Entrypoint: source.entrypoint }),
      ...(source.cmd === undefined ? {} : { Cmd: source.cmd }),
      ...(source.user === undefined ? {} : { User: source.user }),
      Env: source.env ?? ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  })
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: describe(config, 'application/vnd.oci.image.config.v1+json'),
    layers: [describe(layer, 'application/vnd.oci.image.layer.v1.tar')],
  })
  const index = {
    schemaVersion: 2,
    manifests: [
      {
        ...describe(manifest, 'application/vnd.oci.image.manifest.v1+json'),
        platform: { architecture, os: 'linux' },
        annotations: { [IMAGE_NAME]: source.name, 'org.opencontainers.image.ref.name': source.name },
      },
    ],
  }
  return writeTar([
    { path: 'oci-layout', content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    { path: 'index.json', content: Buffer.from(JSON.stringify(index)) },
    ...[layer, config, manifest].map(({ digest, content }) => ({
      path: `blobs/${digest.replace(':', '/')}`,
      content,
    })),
  ])
}

/** The pause image around a static program that waits and reaps, by default `catatonit -P`. */
export function buildPauseImage(program: Buffer, arch: string): Buffer {
  return buildImageArchive({
    name: PAUSE_IMAGE,
    files: [{ path: 'pause', content: program, mode: 0o755 }],
    entrypoint: ['/pause', '-P'],
    arch,
  })
}

interface Blob {
  readonly digest: string
  readonly content: Buffer
}

function blob(content: Buffer): Blob {
  return { digest: `sha256:${createHash('sha256').update(content).digest('hex')}`, content }
}

function jsonBlob(value: unknown): Blob {
  return blob(Buffer.from(JSON.stringify(value)))
}

function describe({ digest, content }: Blob, mediaType: string) {
  return { mediaType, digest, size: content.length }
}

export interface ImportOptions {
  /** containerd's socket. */
  readonly endpoint: string
  readonly snapshotter?: string
  /** Environment of the `ctr` program that does the work. */
  readonly env: NodeJS.ProcessEnv
  readonly signal?: AbortSignal
}

/** Imports what `buildImageArchive` made. */
export async function importImageArchive(archive: Buffer, options: ImportOptions): Promise<void> {
  const child = spawn(
    'ctr',
    [
      ...['--address', socketPathOf(options.endpoint), '--namespace', 'k8s.io', 'images', 'import'],
      ...(options.snapshotter === undefined ? [] : ['--snapshotter', options.snapshotter]),
      '-',
    ],
    { stdio: ['pipe', 'ignore', 'pipe'], env: options.env, ...(options.signal ? { signal: options.signal } : {}) },
  )
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_OUTPUT)
  })
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new RuntimeError('FAILED_PRECONDITION', `cannot run ctr: ${String(cause)}`, { cause })),
    )
    child.once('close', resolve)
  })
  // When ctr refuses the archive it closes its input; its own message then says more than EPIPE.
  child.stdin.on('error', () => {})
  child.stdin.end(archive)
  if ((await exited) !== 0) {
    throw new RuntimeError('INVALID_ARGUMENT', `cannot import image archive: ${stderr.trim()}`)
  }
}
