// hostPath volumes: checks, and where asked creates, what lies on the node.

import type { Stats } from 'node:fs'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { ifThere } from '../../machinery/if-there.ts'

const CHECKS: Readonly<Record<string, { is: (s: Stats) => boolean; what: string }>> = {
  Directory: { is: (s) => s.isDirectory(), what: 'a directory' },
  DirectoryOrCreate: { is: (s) => s.isDirectory(), what: 'a directory' },
  File: { is: (s) => s.isFile(), what: 'a file' },
  FileOrCreate: { is: (s) => s.isFile(), what: 'a file' },
  Socket: { is: (s) => s.isSocket(), what: 'a socket file' },
  CharDevice: { is: (s) => s.isCharacterDevice(), what: 'a character device' },
  BlockDevice: { is: (s) => s.isBlockDevice(), what: 'a block device' },
}

/** Makes sure `path` is what `type` says. An empty type accepts anything. */
export async function prepareHostPath(path: string, type: string): Promise<void> {
  if (type === '') return
  const check = CHECKS[type]
  if (!check) throw new Error(`hostPath type ${JSON.stringify(type)} is not supported`)
  const found = await ifThere(stat(path))
  if (!found && type === 'DirectoryOrCreate') {
    await mkdir(path, { recursive: true, mode: 0o755 })
    return
  }
  if (!found && type === 'FileOrCreate') {
    await writeFile(path, '', { mode: 0o644, flag: 'a' })
    return
  }
  if (!found || !check.is(found)) throw new Error(`hostPath type check failed: ${path} is not ${check.what}`)
}
