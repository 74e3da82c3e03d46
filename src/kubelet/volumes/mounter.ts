// Mounts and unmounts memory file systems on the node through mount(8).

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What volumes need of the node's mount table. */
export interface Mounter {
  isMounted(path: string): Promise<boolean>
  /** `sizeBytes` 0 means the kernel's default. */
  mountTmpfs(path: string, sizeBytes: number): Promise<void>
  unmount(path: string): Promise<void>
  /** Every mount point at or below `path`, deepest first. */
  mountsBelow(path: string): Promise<readonly string[]>
}

async function mountPoints(): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  return table
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((p) => p !== undefined)
    .map((p) => p.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))))
}

/** The real thing; needs root. */
export const systemMounter: Mounter = {
  async isMounted(path) {
    return (await mountPoints()).includes(path)
  },
  async mountTmpfs(path, sizeBytes) {
    const options = sizeBytes > 0 ? ['-o', `size=${sizeBytes},noswap`] : []
    try {
      await run('mount', ['-t', 'tmpfs', ...options, 'tmpfs', path])
    } catch (error) {
      if (sizeBytes === 0) throw error
      // Kernels before 6.4 refuse the noswap option.
      await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', path])
    }
  },
  async unmount(path) {
    await run('umount', [path]).catch(() => run('umount', ['-l', path]))
  },
  async mountsBelow(path) {
    const below = (await mountPoints()).filter((p) => p === path || p.startsWith(`${path}/`))
    return below.sort((a, b) => b.length - a.length)
  },
}

/** Mounts nothing: plain directories stand in for memory file systems. For tests, and for nodes without containers. */
export const plainDirectories: Mounter = {
  isMounted: async () => true,
  mountTmpfs: async () => {},
  unmount: async () => {},
  mountsBelow: async () => [],
}
