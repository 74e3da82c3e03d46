// What the supervision of containerd needs of the host: processes, mounts, and what the kernel lets us do.

import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'

/** Runs a program to its end; a non-zero exit is a result, not an error. */
export type Exec = (file: string, args: readonly string[]) => Promise<{ code: number; stdout: string; stderr: string }>

/** `Exec` over real processes with this environment. */
export function execWith(env: NodeJS.ProcessEnv): Exec {
  return (file, args) =>
    new Promise((resolve, reject) => {
      execFile(file, [...args], { env, maxBuffer: 4 * 1024 * 1024, timeout: 30_000 }, (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error)
        else resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
      })
    })
}

/** One process as /proc tells it. */
export interface ProcessInfo {
  readonly pid: number
  readonly parent: number
  readonly args: readonly string[]
}

/** All processes; those that vanish while being read are left out. */
export async function listProcesses(): Promise<ProcessInfo[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(names.map((name) => readProcess(Number(name))))
  return found.filter((process) => process !== undefined)
}

/** One process; nothing when it is gone or a zombie. */
export async function readProcess(pid: number): Promise<ProcessInfo | undefined> {
  try {
    const [stat, cmdline] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ])
    // The name in parentheses may hold anything; the fields after it are state and parent.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === 'Z' || state === 'X') return undefined
    return { pid, parent: Number(parent), args: cmdline.split('\0').filter((arg) => arg !== '') }
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** These processes and everything below them, children after parents. */
export function withDescendants(roots: readonly number[], processes: readonly ProcessInfo[]): number[] {
  const found = [...roots]
  for (let i = 0; i < found.length; i++) {
    for (const { pid, parent } of processes) if (parent === found[i] && !found.includes(pid)) found.push(pid)
  }
  return found
}

/** Sends a signal; false when the process is gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if (isGone(error)) return false
    throw error
  }
}

/** Mount points at or under these directories, deepest first, from the text of /proc/self/mountinfo. */
export function mountsUnder(mountinfo: string, directories: readonly string[]): string[] {
  return mountinfo
    .split('\n')
    .map((line) => unescapeMount(line.split(' ')[4] ?? ''))
    .filter((path) => directories.some((directory) => path === directory || path.startsWith(`${directory}/`)))
    .reverse()
    .sort((a, b) => b.split('/').length - a.split('/').length)
}

function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}

/** Unmounts everything under these directories. */
export async function unmountAll(exec: Exec, directories: readonly string[]): Promise<void> {
  const paths = mountsUnder(await readFile('/proc/self/mountinfo', 'utf8'), directories)
  for (const path of paths) {
    const { code, stderr } = await exec('umount', ['--lazy', path])
    if (code !== 0 && !/not mounted|no mount point/.test(stderr)) {
      throw new Error(`cannot unmount "${path}": ${stderr.trim()}`)
    }
  }
}

const TMPFS_MAGIC = 0x01021994
// What containerd keeps of a container that runs is some tens of kilobytes.
const STATE_SIZE = '256m'

/**
 * Sees to it that an empty directory lies in memory: what is kept in `/run` is to be gone after a reboot, and on machines
 * whose `/run` is on disk it would not be, besides making every start of a container wait for the disk. A directory that
 * holds something stays as it is. Gives why it could not be done.
 */
export async function keepInMemory(exec: Exec, directory: string): Promise<string | undefined> {
  if ((await statfs(directory)).type === TMPFS_MAGIC || (await readdir(directory)).length > 0) return undefined
  const { code, stderr } = await exec('mount', [
    '-t',
    'tmpfs',
    '-o',
    `size=${STATE_SIZE},mode=0711`,
    'tmpfs',
    directory,
  ])
  return code === 0 ? undefined : stderr.trim()
}

/** Whether a container of ours may get a lower oom_score_adj than we have; without CAP_SYS_RESOURCE it may not. */
export async function canLowerOomScore(exec: Exec): Promise<boolean> {
  return (await exec('sh', ['-c', 'echo -999 > /proc/self/oom_score_adj'])).code === 0
}

/** Whether overlayfs can be mounted with its upper layer in `directory`. */
export async function canMountOverlay(exec: Exec, directory: string): Promise<boolean> {
  const base = join(directory, '.overlay-probe')
  const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) => join(base, name))
  for (const path of [lower, upper, work, merged]) await mkdir(path ?? base, { recursive: true })
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`
  const mounted = (await exec('mount', ['-t', 'overlay', 'overlay', '-o', options, merged ?? ''])).code === 0
  if (mounted) await exec('umount', [merged ?? ''])
  await rm(base, { recursive: true, force: true })
  return mounted
}

/** Whether an error says that a file or process does not exist. */
export function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')
}
