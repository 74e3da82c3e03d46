// The sampan command: finds the command that is meant, parses its flags, runs it.

import { homedir } from 'node:os'
import { clusterPaths } from '../main/config.ts'
import { type Command, type CommandEnv, CommandError } from './command.ts'
import { commands } from './commands/index.ts'
import { parseFlags, UsageError } from './flags.ts'
import { helpText } from './help.ts'

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

/** Finds `image load` in the list; gives the command, its full name and what is left of the arguments. */
function find(argv: readonly string[]): { command: Command | undefined; path: string[]; rest: readonly string[] } {
  let list: readonly Command[] = commands
  let command: Command | undefined
  const path: string[] = []
  let rest = argv
  for (;;) {
    const next = list.find((c) => c.name === rest[0])
    if (!next) return { command, path, rest }
    command = next
    path.push(next.name)
    rest = rest.slice(1)
    if (!next.children) return { command, path, rest }
    list = next.children
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
  const { command, path, rest } = find(argv)
  if (!command) {
    const [first] = argv
    if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
      env.stdout.write(`${helpText(commands, undefined, [])}${await kubectlHelp()}`)
      return 0
    }
    env.stderr.write(`error: unknown command ${JSON.stringify(first)} for "sampan"\nSee 'sampan --help'.\n`)
    return 1
  }
  try {
    const flags = parseFlags([...command.flags, HELP], rest)
    const group = command.children !== undefined
    if (flags.boolean('help') || (group && flags.args.length === 0)) {
      env.stdout.write(helpText(commands, command, path))
      return 0
    }
    if (group) throw new UsageError(`unknown command ${JSON.stringify(flags.args[0])} for "sampan ${path.join(' ')}"`)
    return await command.run(flags, env)
  } catch (error) {
    if (error instanceof UsageError) {
      env.stderr.write(`error: ${error.message}\nSee 'sampan ${path.join(' ')} --help' for usage.\n`)
      return 1
    }
    if (error instanceof CommandError) {
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
