// Finds and signals an nginx of ours from outside: its workers can outlive the master, and the master its parent.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Where an nginx of ours can be recognised. */
export interface NginxPlace {
  /** Holds the id of the master, which is that of its process group, too. */
  readonly groupFile: string
  /** Standard error of every process of the group. */
  readonly logFile: string
}

/** The processes of our nginx, the master first when it lives. */
export function nginxProcesses(place: NginxPlace): number[] {
  const group = readPid(place.groupFile)
  if (group === undefined) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => groupOf(pid) === group && isOurs(pid, place))
    .sort((a, b) => Number(b === group) - Number(a === group) || a - b)
}

/** The living master. */
export function nginxMaster(place: NginxPlace): number | undefined {
  const group = readPid(place.groupFile)
  return nginxProcesses(place).find((pid) => pid === group)
}

/** The process id in a file. */
export function readPid(file: string): number | undefined {
  const pid = Number.parseInt(ifThere(() => readFileSync(file, 'utf8')) ?? '', 10)
  return Number.isInteger(pid) && pid > 1 ? pid : undefined
}

/** Sends a signal; a process that has ended meanwhile is no failure. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

// A number that was once ours may be another program's by now; what it writes its errors to tells.
function isOurs(pid: number, { logFile }: NginxPlace): boolean {
  return ifThere(() => readlinkSync(`/proc/${pid}/fd/2`))?.startsWith(logFile) ?? false
}

function groupOf(pid: number): number | undefined {
  const stat = ifThere(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  // The name of the program is in parentheses and may hold anything; state, parent and group follow.
  const [state, , group] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  return state === undefined || state === 'Z' ? undefined : Number(group)
}

function ifThere<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
