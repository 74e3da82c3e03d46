// What a kubectl command is: one object per verb, its flags, and what it may use of the world.

import type { Random } from '../machinery/random.ts'
import type { Kubeconfig, KubeconfigSource } from './config/kubeconfig.ts'
import type { RestMapper } from './discovery/mapper.ts'
import type { Flag, ParsedFlags } from './flags.ts'
import type { RestClient } from './rest/client.ts'

/** The world as `main` gives it. */
export interface KubectlEnvironment {
  readonly stdout: NodeJS.WritableStream & {
    readonly isTTY?: boolean
    readonly columns?: number
    readonly rows?: number
  }
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean }
  /** Opened when it is first asked for, which most commands never do. */
  readonly stdin: () => NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown }
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly home: string
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls `fn` once after `ms`; the returned function cancels it. */
  after(ms: number, fn: () => void): () => void
  readonly random: Random
  /** What the user typed to get here: `kubectl` or `sampan`. */
  readonly program: string
  /** Path of the program that runs. */
  readonly executable: string
  /** Aborted when the user interrupts the command. */
  readonly signal: AbortSignal
  /** Of this client, e.g. `linux/amd64`. */
  readonly platform: string
  /** Version of this client, e.g. `v1.36.0`. */
  readonly version: string
}

/** What a running command works with; everything is made on first use. */
export interface KubectlContext extends KubectlEnvironment {
  readonly flags: ParsedFlags
  /** Writes to standard output. */
  out(text: string): void
  /** Writes to standard error. */
  err(text: string): void
  readonly kubeconfigSource: KubeconfigSource
  kubeconfig(): Kubeconfig
  /** The namespace of the command and whether `--namespace` gave it. */
  namespace(): { namespace: string; explicit: boolean }
  client(): Promise<RestClient>
  mapper(): Promise<RestMapper>
  /** A warning as kubectl shows the server's; each text once. */
  warn(text: string): void
}

/** One use of a command. */
export interface Invocation {
  readonly flags: ParsedFlags
  readonly args: readonly string[]
  /** `kubectl config view`. */
  readonly path: string
}

export interface KubectlCommand {
  readonly name: string
  readonly aliases?: readonly string[]
  /** What follows the name in help, e.g. `(TYPE NAME | TYPE/NAME) [flags]`. */
  readonly usage: string
  readonly short: string
  readonly long?: string
  readonly examples?: string
  readonly flags: readonly Flag[]
  readonly children?: readonly KubectlCommand[]
  readonly hidden?: boolean
  /** Gives the exit code; nothing is 0. Throws what `report` can explain. */
  run?(invocation: Invocation, ctx: KubectlContext): Promise<number | undefined>
}

/** A command in the list: its code is loaded when it is used. */
export interface CommandEntry {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly short: string
  /** Heading in the help of the program; none leaves it out. */
  readonly group?: string
  load(): Promise<KubectlCommand>
}
