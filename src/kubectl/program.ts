// kubectl as a whole: finds the command, parses its flags, runs it, explains what went wrong.

import type { CommandEntry, KubectlCommand, KubectlEnvironment } from './command.ts'
import { entries } from './commands/index.ts'
import { createContext } from './context.ts'
import { HelpError, KubectlError, report } from './errors.ts'
import { type Flag, parseFlags, takeCommandWord, UsageError } from './flags.ts'
import { globalFlags } from './globals.ts'

const HELP: Flag = { name: 'help', short: 'h', type: 'boolean', description: 'help for the command', hidden: true }

interface Found {
  readonly command: KubectlCommand
  readonly path: string
  readonly rest: readonly string[]
}

/** Runs one command line; gives the exit code. */
export async function runKubectl(argv: readonly string[], world: KubectlEnvironment): Promise<number> {
  if (argv[0]?.startsWith('__complete')) {
    const { completable, REQUESTS, runCompletion } = await import('./completion/index.ts')
    if (REQUESTS.includes(argv[0])) return runCompletion(argv, world, completable(entries))
  }
  const first = takeCommandWord([...globalFlags, HELP], argv)
  if (first === undefined) return helpOfProgram(argv, world)
  if (first.word === 'help') return helpOf(first.rest, world)
  const entry = findEntry(first.word)
  if (!entry) return (await tryPlugin(argv, world)) ?? unknownCommand(first.word, world)
  const command = await entry.load()
  if (argv[0] === 'create' && isNoneOf(command, argv[1])) {
    const code = await tryPlugin(argv, world, 2)
    if (code !== undefined) return code
  }
  return run(await descend({ command, path: `${world.program} ${entry.name}`, rest: first.rest }), world)
}

/** Whether `word` would name a subcommand, and there is none of that name. */
function isNoneOf(command: KubectlCommand, word: string | undefined): boolean {
  return word !== undefined && !word.startsWith('-') && !command.children?.some((c) => c.name === word)
}

/** Runs the plugin that the words mean; undefined when they mean none. */
async function tryPlugin(
  argv: readonly string[],
  world: KubectlEnvironment,
  leastWords = 1,
): Promise<number | undefined> {
  const [first = ''] = argv
  if (first.startsWith('-')) {
    world.stderr.write(`Error: flags cannot be placed before plugin name: ${first}\n`)
    return 1
  }
  const { lookupIn, pluginFor } = await import('./plugins/find.ts')
  const call = pluginFor(argv, lookupIn(world.env.PATH), leastWords)
  if (call === undefined) return undefined
  const { runPlugin } = await import('./plugins/run.ts')
  return runPlugin(call, world)
}

/** The entry that `name` means. */
function findEntry(name: string): CommandEntry | undefined {
  return entries.find((e) => e.name === name || e.aliases?.includes(name))
}

async function descend(found: Found): Promise<Found> {
  const { command, path, rest } = found
  if (!command.children) return found
  const next = takeCommandWord([...globalFlags, ...command.flags, HELP], rest)
  const child = command.children.find((c) => c.name === next?.word || c.aliases?.includes(next?.word ?? ''))
  if (!child || !next) return found
  return descend({ command: child, path: `${path} ${child.name}`, rest: next.rest })
}

async function run({ command, path, rest }: Found, world: KubectlEnvironment): Promise<number> {
  const own = new Set(command.flags.flatMap((f) => [f.name, f.short ?? '']))
  // A command's own flag hides a global one of the same name or letter.
  const globals = globalFlags
    .filter((f) => !own.has(f.name))
    .map((f) => (f.short && own.has(f.short) ? { ...f, short: '' } : f))
  const words = [...command.flags, ...globals, HELP]
  try {
    const flags = parseFlags(words, rest)
    if (flags.boolean('help') || !command.run) {
      if (!command.run && flags.args.length > 0 && !flags.boolean('help')) {
        throw new KubectlError(
          `unknown command ${JSON.stringify(`${path.split(' ').slice(1).join(' ')} ${flags.args[0]}`)}\nSee '${path} -h' for help and examples`,
        )
      }
      const { helpText } = await import('./help.ts')
      world.stdout.write(helpText(command, path))
      return 0
    }
    return await runWith(command, { flags, path }, world)
  } catch (error) {
    if (error instanceof UsageError) {
      world.stderr.write(`error: ${error.message}\nSee '${path} --help' for usage.\n`)
      return 1
    }
    if (world.signal.aborted) return 130
    if (error instanceof HelpError) {
      const { helpText } = await import('./help.ts')
      world.stdout.write(helpText(command, path))
    }
    const { text, code } = report(error)
    world.stderr.write(text)
    return code
  }
}

async function runWith(
  command: KubectlCommand,
  { flags, path }: { flags: ReturnType<typeof parseFlags>; path: string },
  world: KubectlEnvironment,
): Promise<number> {
  const owned = createContext(world, flags, new Set(command.flags.map((f) => f.name)))
  try {
    const code = (await command.run?.({ flags, args: flags.args, path }, owned.context)) ?? 0
    const warnings = owned.warnings()
    if (code === 0 && warnings > 0 && flags.boolean('warnings-as-errors')) {
      throw new KubectlError(`${warnings} warning${warnings === 1 ? '' : 's'} received`)
    }
    return code
  } finally {
    await owned.close()
  }
}

async function helpOfProgram(argv: readonly string[], world: KubectlEnvironment): Promise<number> {
  try {
    parseFlags([...globalFlags, HELP], argv)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    world.stderr.write(`error: ${error.message}\nSee '${world.program} --help' for usage.\n`)
    return 1
  }
  const { programHelp } = await import('./help.ts')
  world.stdout.write(programHelp(entries, world.program))
  return 0
}

async function helpOf(words: readonly string[], world: KubectlEnvironment): Promise<number> {
  const [name, ...rest] = words.filter((w) => !w.startsWith('-'))
  if (name === undefined) return helpOfProgram([], world)
  const entry = findEntry(name)
  if (!entry) return unknownCommand(name, world)
  const found = await descend({ command: await entry.load(), path: `${world.program} ${entry.name}`, rest })
  const { helpText } = await import('./help.ts')
  world.stdout.write(helpText(found.command, found.path))
  return 0
}

async function unknownCommand(name: string, world: KubectlEnvironment): Promise<number> {
  const { suggestions } = await import('./help.ts')
  const near = suggestions(entries, name)
  const meant = near.length === 0 ? '' : `\nDid you mean this?\n${near.map((n) => `\t${n}\n`).join('')}`
  world.stderr.write(`error: unknown command ${JSON.stringify(name)} for "${world.program}"\n${meant}`)
  return 1
}
