// Completion of sampan's command line: its own commands and kubectl's, by kubectl's protocol.

import { entries } from '../kubectl/commands/index.ts'
import type { CompletableCommand, CompletableEntry } from '../kubectl/completion/complete.ts'
import { completable, runCompletion } from '../kubectl/completion/index.ts'
import { SHELLS } from '../kubectl/completion/scripts.ts'
import type { Command, CommandEntry, Named } from './command.ts'
import { commands } from './commands/index.ts'
import { kubectlWorld } from './world.ts'

/** Runs `sampan __complete WORD…`; gives the exit code. */
export function completeSampan(argv: readonly string[]): Promise<number> {
  return runCompletion(argv, kubectlWorld(new AbortController().signal), merged(commands, completable(entries)))
}

/** All commands; one that both have takes the flags and words of both. */
export function merged(own: readonly CommandEntry[], others: readonly CompletableEntry[]): CompletableEntry[] {
  const names = new Set(own.map(({ name }) => name))
  const mine = own.map((entry) => {
    const other = others.find(({ name }) => name === entry.name)
    const load = async () => joined(commandOf(entry, await entry.load()), await other?.load())
    return { name: entry.name, short: entry.summary, hidden: entry.hidden ?? false, load }
  })
  return [...mine, ...others.filter(({ name }) => !names.has(name))]
}

function commandOf({ name, summary, hidden = false }: Named, { flags, children }: Command): CompletableCommand {
  const list = children?.map((child) => ({
    name: child.name,
    short: child.summary,
    hidden: child.hidden ?? false,
    load: async () => commandOf(child, child),
  }))
  const words = name === 'completion' ? SHELLS : undefined
  return { name, short: summary, hidden, flags, ...(list ? { children: list } : {}), ...(words ? { words } : {}) }
}

function joined(own: CompletableCommand, other: CompletableCommand | undefined): CompletableCommand {
  if (!other) return own
  const names = new Set(own.flags.map(({ name }) => name))
  const letters = new Set(own.flags.flatMap(({ short }) => (short ? [short] : [])))
  const more = other.flags.filter(({ name, short }) => !names.has(name) && !(short && letters.has(short)))
  return { ...other, ...own, flags: [...own.flags, ...more] }
}
