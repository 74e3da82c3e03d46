// Publishes a set of files into a directory so that readers see all of the old set or all of the new one.
// Layout as upstream's atomic writer: `..data` is a symlink to a dated directory, each name a symlink through it.

import { chmod, chown, lstat, mkdir, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ifThere } from '../../machinery/if-there.ts'

export interface ProjectedFile {
  readonly data: Buffer
  readonly mode: number
  /** Owner of the file when not root. */
  readonly uid?: number
}

/** File contents by relative path. */
export type Payload = ReadonlyMap<string, ProjectedFile>

const DATA = '..data'

/** Replaces what is published in `directory`. `stamp` names the new set and must be fresh. */
export async function writeAtomically(
  directory: string,
  payload: Payload,
  options: { stamp: string; gid?: number },
): Promise<void> {
  for (const path of payload.keys()) checkPath(path)
  const before = await ifThere(readlink(join(directory, DATA)))
  const fresh = `..${options.stamp}`
  await mkdir(join(directory, fresh), { mode: 0o755 })
  await chmod(join(directory, fresh), 0o755)
  for (const [path, file] of payload) await writeOne(join(directory, fresh, path), file, options.gid)
  await symlink(fresh, join(directory, '..data_tmp'))
  await rename(join(directory, '..data_tmp'), join(directory, DATA))
  await linkNames(directory, payload)
  if (before !== undefined && before !== fresh) await rm(join(directory, before), { recursive: true, force: true })
}

async function writeOne(path: string, file: ProjectedFile, gid: number | undefined): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  await writeFile(path, file.data, { mode: file.mode })
  await chmod(path, gid === undefined ? file.mode : file.mode | 0o440)
  if (gid !== undefined || file.uid !== undefined) await chown(path, file.uid ?? 0, gid ?? 0)
}

async function linkNames(directory: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((p) => p.split('/')[0] ?? p))
  for (const name of wanted) {
    const link = join(directory, name)
    if (await ifThere(lstat(link))) continue
    await symlink(join(DATA, name), link)
  }
  for (const name of await readdir(directory)) {
    if (!name.startsWith('..') && !wanted.has(name)) await rm(join(directory, name), { recursive: true, force: true })
  }
}

function checkPath(path: string): void {
  const parts = path.split('/')
  if (path === '' || path.startsWith('/')) throw new Error(`invalid path: must be relative path: ${path}`)
  if (parts.includes('..')) throw new Error(`invalid path: must not contain '..': ${path}`)
  if (parts[0]?.startsWith('..')) throw new Error(`invalid path: must not start with '..': ${path}`)
}
