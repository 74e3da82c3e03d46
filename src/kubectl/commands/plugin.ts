// kubectl plugin: which programs on the PATH are plugins.
// Model: k8s.io/kubectl/pkg/cmd/plugin/plugin.go.

import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { CommandEntry, KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError, plainMessage } from '../errors.ts'
import { foldersOf, isProgram } from '../plugins/find.ts'

/** `entries` gives every command that a plugin would be hidden by. */
export const pluginOf = (entries: () => readonly CommandEntry[]): KubectlCommand => ({
  name: 'plugin',
  usage: '[flags]',
  short: 'Provides utilities for interacting with plugins',
  long: `Provides utilities for interacting with plugins.

 Plugins are programs on the PATH whose names begin with "kubectl-": kubectl-foo is run for "kubectl foo".
`,
  examples: `# List all available plugins
kubectl plugin list

# List only binary names of available plugins without paths
kubectl plugin list --name-only`,
  flags: [],
  children: [
    {
      name: 'list',
      usage: '[options]',
      short: "List all visible plugin executables on a user's PATH",
      flags: [
        {
          name: 'name-only',
          type: 'boolean',
          description: 'If true, display only the binary name of each plugin, rather than its full path',
        },
      ],
      async run(_invocation, ctx) {
        await list(ctx, entries())
        return 0
      },
    },
  ],
})

async function list(ctx: KubectlContext, entries: readonly CommandEntry[]): Promise<void> {
  const plugins = foldersOf(ctx.env.PATH).flatMap((folder) => pluginsIn(ctx, folder))
  if (plugins.length === 0) {
    throw new KubectlError('error: unable to find any kubectl plugins in your PATH\n')
  }
  ctx.out('The following compatible plugins are available:\n\n')
  const seen = new Map<string, string>()
  let warnings = 0
  for (const plugin of plugins) {
    const name = basename(plugin)
    ctx.out(`${ctx.flags.boolean('name-only') ? name : plugin}\n`)
    const problems = await problemsOf(plugin, { entries, seen, program: ctx.program })
    for (const problem of problems) ctx.err(`  - ${problem}\n`)
    warnings += problems.length
    if (!seen.has(name)) seen.set(name, plugin)
  }
  if (warnings === 0) return
  throw new KubectlError(
    warnings === 1 ? 'error: one plugin warning was found\n' : `error: ${warnings} plugin warnings were found\n`,
  )
}

function pluginsIn(ctx: KubectlContext, folder: string): string[] {
  if (folder.trim() === '') return []
  try {
    const files = readdirSync(folder, { withFileTypes: true })
    const plugins = files.filter((file) => !file.isDirectory() && file.name.startsWith('kubectl-'))
    return plugins.map((file) => join(folder, file.name)).sort()
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const why = missing ? `open ${folder}: no such file or directory` : plainMessage(error)
    ctx.err(`Unable to read directory ${JSON.stringify(folder)} from your PATH: ${why}. Skipping...\n`)
    return []
  }
}

interface Known {
  readonly entries: readonly CommandEntry[]
  readonly seen: ReadonlyMap<string, string>
  readonly program: string
}

/** What keeps a plugin from being run, or from being the one that is meant. */
async function problemsOf(plugin: string, { entries, seen, program }: Known): Promise<string[]> {
  const name = basename(plugin)
  const problems: string[] = []
  if (!isProgram(plugin)) {
    problems.push(`warning: ${plugin} identified as a kubectl plugin, but it is not executable`)
  }
  const earlier = seen.get(name)
  if (earlier !== undefined) {
    problems.push(`warning: ${plugin} is overshadowed by a similarly named plugin: ${earlier}`)
  }
  const own = await commandOf(entries, name.split('-').slice(1))
  if (own.length > 0) {
    problems.push(`warning: ${name} overwrites existing command: ${JSON.stringify([program, ...own].join(' '))}`)
  }
  return problems
}

/** The names of the command that the words mean, as far as they go; empty when there is none. */
async function commandOf(entries: readonly CommandEntry[], words: readonly string[]): Promise<readonly string[]> {
  const [first = '', ...rest] = words
  const entry = entries.find((e) => e.name === first || e.aliases?.includes(first))
  if (!entry) return []
  const path = [entry.name]
  let children = (await entry.load()).children ?? []
  for (const word of rest) {
    const child = children.find((c) => c.name === word || c.aliases?.includes(word))
    if (!child) break
    path.push(child.name)
    children = child.children ?? []
  }
  return path
}
