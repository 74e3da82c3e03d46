// What a command is: one object, writing only to the streams it is given.

import type { ClusterPaths } from '../main/config.ts'
import type { Flag, ParsedFlags } from './flags.ts'

/** The world as a command sees it. */
export interface CommandEnv {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean }
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean }
  readonly stdin: NodeJS.ReadableStream
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** Milliseconds since the epoch. */
  now(): number
  /** Paths of the cluster called `name`. */
  pathsOf(name: string): ClusterPaths
  /** Directory that holds all clusters' data. */
  readonly dataRoot: string
  /** How this program is run again: node and the script. */
  readonly self: readonly [string, ...string[]]
}

/** What help lists of a command. */
export interface Named {
  readonly name: string
  readonly summary: string
  /** Left out of help and completion. */
  readonly hidden?: boolean
}

export interface Command {
  /** What follows the name in help, e.g. `FILE|-`. */
  readonly usage: string
  readonly flags: readonly Flag[]
  /** Commands below this one: `image load`. */
  readonly children?: readonly NamedCommand[]
  /** Gives the exit code. Throws UsageError for wrong use, CommandError for what the user should read. */
  run(flags: ParsedFlags, env: CommandEnv): Promise<number>
}

export interface NamedCommand extends Named, Command {}

/** A command that is read only when it is meant: most of the program is the server, and few commands need that. */
export interface CommandEntry extends Named {
  load(): Promise<Command>
}

/** A failure that is explained by its message alone. */
export class CommandError extends Error {
  override name = 'CommandError'
}

/** Whether an error is of that kind, by its name: what another bundle throws is of that bundle's own classes. */
export function isNamed(error: unknown, name: 'CommandError' | 'UsageError'): error is Error {
  return error instanceof Error && error.name === name
}

/** Flags that every command on a cluster has. */
export const clusterFlags: readonly Flag[] = [
  { name: 'name', type: 'string', description: 'Name of the cluster', fallback: 'sampan' },
]

const NAME = /^[a-z]([-a-z0-9]{0,28}[a-z0-9])?$/

/** The cluster's name from `--name`. Throws when it cannot be one. */
export function clusterName(flags: ParsedFlags): string {
  const name = flags.string('name') ?? 'sampan'
  if (NAME.test(name)) return name
  throw new CommandError(
    `cannot use cluster name ${JSON.stringify(name)}: expected at most 30 lower-case letters, digits and dashes, starting with a letter`,
  )
}
