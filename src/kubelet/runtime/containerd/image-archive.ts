// Builds small image archives in memory and imports archives into containerd.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { socketPathOf } from '../cri/grpc.ts'
import { RuntimeError } from '../runtime.ts'
import { type TarEntry, TarScanner, writeTar } from './tar.ts'

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

/** Imports an image archive (OCI layout or docker-archive, plain or gzip) and gives the names of its images. */
export async function importImageArchive(archive: Readable, options: ImportOptions): Promise<readonly string[]> {
  const child = spawn(
    'ctr',
    [
      ...['--address', socketPathOf(options.endpoint), '--namespace', 'k8s.io', 'images', 'import'],
      ...(options.snapshotter === undefined ? [] : ['--snapshotter', options.snapshotter]),
      '-',
    ],
    { stdio: ['pipe', 'pipe', 'pipe'], env: options.env, ...(options.signal ? { signal: options.signal } : {}) },
  )
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout = (output.stdout + text).slice(-MAX_OUTPUT)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr = (output.stderr + text).slice(-MAX_OUTPUT)
  })
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const scanner = new TarScanner(['index.json', 'manifest.json'])
  // When ctr refuses the archive it closes its input; its own message then says more than EPIPE.
  const [fed, code] = await Promise.allSettled([feed(archive, scanner, child.stdin), exited])
  if (code.status === 'rejected') {
    throw new RuntimeError('FAILED_PRECONDITION', `cannot run ctr: ${String(code.reason)}`, { cause: code.reason })
  }
  if (code.value !== 0) {
    throw new RuntimeError('INVALID_ARGUMENT', `cannot import image archive: ${output.stderr.trim()}`)
  }
  if (fed.status === 'rejected') throw fed.reason
  return [...new Set([...archiveNames(scanner.files), ...printedNames(output.stdout)])]
}

async function feed(archive: Readable, scanner: TarScanner, sink: NodeJS.WritableStream): Promise<void> {
  const iterator = archive[Symbol.asyncIterator]()
  const first = await iterator.next()
  const head: Buffer = first.done ? Buffer.alloc(0) : Buffer.from(first.value)
  async function* whole() {
    yield head
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield Buffer.from(next.value)
  }
  const scan = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      scanner.feed(chunk)
      done(null, chunk)
    },
  })
  const gzip = head[0] === 0x1f && head[1] === 0x8b
  if (gzip) await pipeline(whole, createGunzip(), scan, sink)
  else await pipeline(whole, scan, sink)
}

/** The image names that an archive's own index gives. */
export function archiveNames(files: ReadonlyMap<string, Buffer>): string[] {
  const index = files.get('index.json')
  if (index !== undefined) {
    const { manifests } = JSON.parse(index.toString()) as {
      manifests?: { annotations?: Record<string, string> }[]
    }
    return (manifests ?? []).map((m) => m.annotations?.[IMAGE_NAME]).filter((name) => name !== undefined)
  }
  const manifest = files.get('manifest.json')
  if (manifest === undefined) return []
  const images = JSON.parse(manifest.toString()) as { RepoTags?: string[] | null }[]
  return images.flatMap(({ RepoTags }) => RepoTags ?? []).map(canonicalName)
}

function printedNames(stdout: string): string[] {
  return [...stdout.matchAll(/^unpacking (\S+) \(sha256:/gm)].map((match) => match[1] ?? '')
}

/** Docker's short names in full: `redis:7` is `docker.io/library/redis:7`. */
export function canonicalName(name: string): string {
  const [first = '', ...rest] = name.split('/')
  if (rest.length === 0) return `docker.io/library/${name}`
  return first.includes('.') || first.includes(':') || first === 'localhost' ? name : `docker.io/${name}`
}
