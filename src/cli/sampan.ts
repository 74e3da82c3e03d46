// The sampan command: finds the command that is meant, parses its flags, runs it.

import { homedir } from 'node:os'
import { clusterPaths } from '../main/config.ts'
import { type Command, type CommandEnv, isNamed, type NamedCommand } from './command.ts'
import { commands } from './commands/index.ts'
import { parseFlags, UsageError } from './flags.ts'
import { commandHelp, programHelp } from './help.ts'

const HELP = { name: 'help', short: 'h', type: 'boolean', description: 'Show help' } as const

function environment(): CommandEnv {
  const root = process.getuid?.() === 0
  const home = homedir()
  const data = root ? '/var/lib/sampan' : `${process.env.XDG_DATA_HOME ?? `${home}/.local/share`}/sampan`
  const run = root ? '/run/sampan' : `${process.env.XDG_RUNTIME_DIR ?? `${home}/.local/state`}/sampan`
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    cwd: process.cwd(),
    now: () => Date.now(),
    pathsOf: (name) => clusterPaths({ data, run }, name),
    dataRoot: data,
    self: [process.execPath, process.argv[1] ?? ''],
  }
}

interface Found {
  readonly command: Command
  readonly summary: string
  /** Its full name. */
  readonly path: readonly string[]
  /** What is left of the arguments. */
  readonly rest: readonly string[]
}

/** Finds `image load`; undefined when the first word is no command. */
async function find(argv: readonly string[]): Promise<Found | undefined> {
  const entry = commands.find(({ name }) => name === argv[0])
  if (!entry) return undefined
  let found: Found = { command: await entry.load(), summary: entry.summary, path: [entry.name], rest: argv.slice(1) }
  for (;;) {
    const { command, path, rest } = found
    const next: NamedCommand | undefined = command.children?.find(({ name }) => name === rest[0])
    if (!next) return found
    found = { command: next, summary: next.summary, path: [...path, next.name], rest: rest.slice(1) }
  }
}

/** The verbs of kubectl, which are sampan's too. */
async function kubectlHelp(): Promise<string> {
  const { entries } = await import('../kubectl/commands/index.ts')
  const verbs = entries.filter((e) => e.group)
  const width = Math.max(...verbs.map((e) => e.name.length))
  const lines = verbs.map((e) => `  ${e.name.padEnd(width)}  ${e.short}`)
  return `\nCommands of kubectl, on the cluster of the current kubeconfig:\n${lines.join('\n')}\n`
}

/** Runs the command line; gives the exit code. */
export async function main(argv: readonly string[], env: CommandEnv): Promise<number> {
  if (argv[0]?.startsWith('__complete')) return (await import('./completion.ts')).completeSampan(argv)
  const found = await find(argv)
  if (!found) {
    const [first] = argv
    if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
      env.stdout.write(`${programHelp(commands)}${await kubectlHelp()}`)
      return 0
    }
    env.stderr.write(`error: unknown command ${JSON.stringify(first)} for "sampan"\nSee 'sampan --help'.\n`)
    return 1
  }
  const { command, summary, path, rest } = found
  try {
    const flags = parseFlags([...command.flags, HELP], rest)
    const group = command.children !== undefined
    if (flags.boolean('help') || (group && flags.args.length === 0)) {
      env.stdout.write(commandHelp(command, summary, path))
      return 0
    }
    if (group) throw new UsageError(`unknown command ${JSON.stringify(flags.args[0])} for "sampan ${path.join(' ')}"`)
    return await command.run(flags, env)
  } catch (error) {
    if (isNamed(error, 'UsageError')) {
      env.stderr.write(`error: ${error.message}\nSee 'sampan ${path.join(' ')} --help' for usage.\n`)
      return 1
    }
    if (isNamed(error, 'CommandError')) {
      env.stderr.write(`error: ${error.message}\n`)
      return 1
    }
    throw error
  }
}

main(process.argv.slice(2), environment()).then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    process.stderr.write(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exitCode = 1
  },
)
