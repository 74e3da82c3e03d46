// Completion of kubectl's command line: its commands as completion sees them, and the hidden `__complete`.

import type { CommandEntry, KubectlCommand, KubectlEnvironment } from '../command.ts'
import { globalFlags } from '../globals.ts'
import { answersOf } from './answers.ts'
import { type CompletableCommand, type CompletableEntry, complete, completionLines, directiveText } from './complete.ts'
import { pluginCandidates } from './plugins.ts'
import { SHELLS } from './scripts.ts'

/** Asked by the scripts: with descriptions and without. */
export const REQUESTS: readonly string[] = ['__complete', '__completeNoDesc']

/** Flags without which a command does nothing. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  autoscale: ['max'],
  'create clusterrolebinding': ['clusterrole'],
  'create cronjob': ['image', 'schedule'],
  'create deployment': ['image'],
  'create service externalname': ['external-name'],
  run: ['image'],
  scale: ['replicas'],
}

const WORDS: Readonly<Record<string, readonly string[]>> = { completion: SHELLS }

/** kubectl's commands, for `complete`. */
export const completable = (entries: readonly CommandEntry[]): CompletableEntry[] =>
  entries.map((entry) => ({
    name: entry.name,
    ...(entry.aliases ? { aliases: entry.aliases } : {}),
    short: entry.short,
    // What help does not list is for those who know it.
    hidden: entry.group === undefined && entry.name !== 'options',
    load: async () => commandOf(await entry.load(), entry.name),
  }))

function commandOf(command: KubectlCommand, path: string): CompletableCommand {
  const { name, aliases, short, hidden, flags, children } = command
  return {
    name,
    ...(aliases ? { aliases } : {}),
    short,
    ...(hidden ? { hidden } : {}),
    flags,
    ...(children ? { children: children.map((child) => childEntry(child, path)) } : {}),
    ...(Object.hasOwn(REQUIRED, path) ? { required: REQUIRED[path] ?? [] } : {}),
    ...(Object.hasOwn(WORDS, path) ? { words: WORDS[path] ?? [] } : {}),
  }
}

function childEntry(child: KubectlCommand, path: string): CompletableEntry {
  const { name, aliases, short, hidden } = child
  return {
    name,
    ...(aliases ? { aliases } : {}),
    short,
    ...(hidden ? { hidden } : {}),
    load: async () => commandOf(child, `${path} ${name}`),
  }
}

/** Runs `__complete WORD…`; `entries` are every command of the program. Gives the exit code. */
export async function runCompletion(
  argv: readonly string[],
  world: KubectlEnvironment,
  entries: readonly CompletableEntry[],
): Promise<number> {
  const [request, ...words] = argv
  if (words.length === 0) {
    world.stderr.write('error: requires at least 1 arg(s), only received 0\n')
    return 1
  }
  const completed = await complete({
    words,
    entries,
    globals: globalFlags,
    answer: answersOf(world, globalFlags),
    more: (prefix) => pluginCandidates(world.env.PATH, prefix),
  })
  world.stdout.write(completionLines(completed, request === '__complete'))
  world.stderr.write(directiveText(completed))
  return 0
}
