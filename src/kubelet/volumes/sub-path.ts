// Resolves a subPath inside a volume without letting a symlink lead out of it.

import { chmod, mkdir, realpath, stat } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { ifThere } from '../../machinery/if-there.ts'

/** Creates missing directories and returns the real path; rejects when it lies outside of the volume. */
export async function resolveSubPath(volumePath: string, subPath: string): Promise<string> {
  const clean = normalize(subPath)
  if (clean.startsWith('/') || clean.split('/').includes('..')) {
    throw new Error(`subPath ${JSON.stringify(subPath)} must be a relative path inside the volume`)
  }
  const root = await realpath(volumePath)
  const target = join(root, clean)
  await ensureInside(root, await nearestExisting(target), subPath)
  const missing = await missingDirectories(target)
  if (missing.length > 0) {
    const { mode } = await stat(root)
    for (const directory of missing) {
      await mkdir(directory)
      // Set apart from mkdir, whose mode the process's umask reduces.
      await chmod(directory, mode & 0o7777)
    }
  }
  const real = await realpath(target)
  await ensureInside(root, real, subPath)
  return real
}

/** Outermost first. */
async function missingDirectories(target: string): Promise<string[]> {
  const missing: string[] = []
  for (let at = target; !(await ifThere(stat(at))); at = dirname(at)) missing.unshift(at)
  return missing
}

async function nearestExisting(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const real = await ifThere(realpath(at))
    if (real !== undefined) return real
  }
}

async function ensureInside(root: string, real: string, subPath: string): Promise<void> {
  if (real === root || real.startsWith(`${root}/`)) return
  throw new Error(`failed to prepare subPath for volumeMount: ${JSON.stringify(subPath)} is outside of the volume`)
}
