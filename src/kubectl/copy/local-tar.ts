// Local files as a tar stream, and a tar stream as local files.
// Model: k8s.io/kubectl/pkg/cmd/cp/cp.go.

import { createReadStream, createWriteStream, type Stats } from 'node:fs'
import { lstat, mkdir, readdir, readlink, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { readTar, TAR_END, tarHeader, tarPadding } from '../../machinery/tar.ts'
import { KubectlError } from '../errors.ts'
import { placeOf } from './file-spec.ts'

/** The file or folder, named `name` in the archive. */
export async function* packFiles(path: string, name: string): AsyncGenerator<Buffer> {
  yield* pack(path, name)
  yield TAR_END
}

async function* pack(path: string, name: string): AsyncGenerator<Buffer> {
  const stats = await lstat(path)
  const common = { path: name, mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid }
  if (stats.isDirectory()) {
    const names = (await readdir(path)).sort()
    // Folders come to be with what is in them.
    if (names.length === 0) yield tarHeader({ ...common, kind: 'directory', size: 0 })
    for (const child of names) yield* pack(join(path, child), `${name}/${child}`)
  } else if (stats.isSymbolicLink()) {
    yield tarHeader({ ...common, kind: 'symlink', size: 0, target: await readlink(path) })
  } else yield* packFile(path, { ...common, kind: 'file', size: stats.size })
}

async function* packFile(path: string, header: Parameters<typeof tarHeader>[0]): AsyncGenerator<Buffer> {
  yield tarHeader(header)
  let sent = 0
  // A file that grows meanwhile is cut where it was.
  if (header.size > 0) {
    for await (const chunk of createReadStream(path, { end: header.size - 1 })) {
      sent += (chunk as Buffer).length
      yield chunk as Buffer
    }
  }
  if (sent < header.size) throw new KubectlError(`cannot copy ${path}: it shrank while it was read`)
  yield tarPadding(header.size)
}

export interface Unpacking {
  /** The path in the archive that becomes `dest`. */
  readonly prefix: string
  readonly dest: string
  /** Where a relative destination begins. */
  readonly cwd: string
  /** The source as the user wrote it, for advice. */
  readonly source: { readonly namespace: string; readonly pod: string; readonly file: string }
  readonly warn: (text: string) => void
}

/** Writes what the archive holds. Throws KubectlError. */
export async function unpackFiles(archive: AsyncIterable<Uint8Array>, unpacking: Unpacking): Promise<void> {
  const { prefix, dest, cwd, source, warn } = unpacking
  let symlinkSeen = false
  for await (const member of readTar(archive)) {
    const place = placeOf(member.path, prefix, dest)
    if (place === undefined) {
      warn(`warning: file ${JSON.stringify(member.path)} is outside target destination, skipping\n`)
    } else if (member.kind === 'directory') await mkdir(resolve(cwd, place), { recursive: true, mode: 0o755 })
    else if (member.kind === 'symlink') {
      // A link could lead what follows out of the destination.
      const advice = symlinkSeen
        ? ''
        : ` (consider using "kubectl exec -n ${JSON.stringify(source.namespace)} ${JSON.stringify(source.pod)} -- tar cf - ${JSON.stringify(source.file)} | tar xf -")`
      symlinkSeen = true
      warn(`warning: skipping symlink: ${JSON.stringify(place)} -> ${JSON.stringify(member.target)}${advice}\n`)
    } else if (member.kind === 'file') await writeMember(cwd, place, member.content)
  }
}

async function writeMember(cwd: string, shown: string, content: AsyncIterable<Buffer>): Promise<void> {
  const place = resolve(cwd, shown)
  await mkdir(dirname(place), { recursive: true, mode: 0o755 })
  if ((await statOf(place))?.isDirectory()) throw new KubectlError(`open ${shown}: is a directory`)
  await pipeline(Readable.from(content), createWriteStream(place))
}

async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  })
}

/** Whether there is such a file or folder. */
export const existsLocally = async (path: string): Promise<boolean> => (await statOf(path)) !== undefined
