// What may stand next on a command line, by the protocol of `__complete`: candidates, and how the shell is to treat them.
// Model: github.com/spf13/cobra, completions.go.

import type { Flag } from '../flags.ts'
import { parseFlags, takeCommandWord, UsageError } from '../flags.ts'

/** How a shell treats the candidates: a sum of these. */
export const Directive = { Default: 0, Error: 1, NoSpace: 2, NoFileComp: 4 } as const

const DIRECTIVE_NAMES: readonly (readonly [number, string])[] = [
  [Directive.Error, 'ShellCompDirectiveError'],
  [Directive.NoSpace, 'ShellCompDirectiveNoSpace'],
  [Directive.NoFileComp, 'ShellCompDirectiveNoFileComp'],
]

export interface Candidate {
  readonly value: string
  readonly description?: string
}

export interface Completed {
  readonly candidates: readonly Candidate[]
  readonly directive: number
  /** Why there is nothing. */
  readonly problem?: string
}

/** A command as completion sees it. */
export interface CompletableCommand {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly short: string
  readonly hidden?: boolean
  readonly flags: readonly Flag[]
  readonly children?: readonly CompletableEntry[]
  /** Flags that must be given: they are proposed unasked. */
  readonly required?: readonly string[]
  /** Words that may be the first argument. */
  readonly words?: readonly string[]
}

/** A command in a list; its code may be loaded when it is used. */
export interface CompletableEntry {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly short: string
  readonly hidden?: boolean
  load(): Promise<CompletableCommand>
}

/** What is to be completed by asking: the value of a flag, or the next argument of a command. */
export interface Question {
  /** Names of the commands, as in `['rollout', 'status']`. */
  readonly path: readonly string[]
  /** The flag whose value it is. */
  readonly flag?: Flag
  readonly args: readonly string[]
  readonly prefix: string
  /** The flags that are said before. */
  readonly flags: readonly Flag[]
  readonly words: readonly string[]
}

/** Knows values that are nowhere in the commands; undefined leaves the word to the shell. */
export type Answer = (question: Question) => Promise<Completed | undefined>

export interface CompletionRequest {
  /** The words before, and the one that is to be completed. */
  readonly words: readonly string[]
  readonly entries: readonly CompletableEntry[]
  readonly globals: readonly Flag[]
  readonly answer: Answer
  /** More candidates for a first word: plugins. */
  readonly more?: (prefix: string) => readonly Candidate[]
}

const HELP: CompletableEntry = {
  name: 'help',
  short: 'Help about any command',
  load: async () => ({ name: 'help', short: 'Help about any command', flags: [] }),
}

/** Candidates for the last word. */
export async function complete(request: CompletionRequest): Promise<Completed> {
  const before = request.words.slice(0, -1)
  const prefix = request.words.at(-1) ?? ''
  const found = await findCommand(before, request)
  if (!found) return nothing(`unable to find a command for arguments: [${before.join(' ')}]`)
  if (found.path[0] === 'help') return completeHelp(found.rest, prefix, request)
  const { command, rest } = found
  const helpFlag: Flag = { name: 'help', short: 'h', type: 'boolean', description: `help for ${command.name}` }
  const own = new Set(command.flags.flatMap((f) => [f.name, ...(f.short ? [f.short] : [])]))
  const inherited = request.globals
    .filter((f) => !own.has(f.name))
    .map((f) => (f.short && own.has(f.short) ? { ...f, short: '' } : f))
  const flags = [...command.flags, ...inherited, helpFlag]
  const asked = flagAsked(flags, rest, prefix)
  if ('problem' in asked) return nothing(asked.problem)
  let parsed: ReturnType<typeof parseFlags>
  try {
    parsed = parseFlags(flags, asked.rest)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    if (!asked.flag) {
      return nothing(`Error while parsing flags from args [${asked.rest.join(' ')}]: ${error.message}`)
    }
    parsed = parseFlags(flags, [])
  }
  if (parsed.changed('help')) return { candidates: [], directive: Directive.NoFileComp }
  const dashed = parsed.argsBeforeDash !== undefined
  if (!asked.flag && prefix.startsWith('-') && !prefix.includes('=') && !dashed) {
    const given = (flag: Flag) => parsed.changed(flag.name) && flag.type !== 'strings' && flag.type !== 'slice'
    const names = [...sorted(inherited), ...sorted([...command.flags, helpFlag])].filter((f) => !f.hidden && !given(f))
    const required = names.filter((f) => command.required?.includes(f.name))
    const wanted = flagNames(required, prefix)
    const candidates = wanted.length > 0 ? wanted : flagNames(names, prefix)
    return { candidates, directive: Directive.NoFileComp }
  }
  const candidates: Candidate[] = []
  let directive: number = Directive.Default
  if (!asked.flag) {
    const ownGiven = command.flags.some((f) => parsed.changed(f.name))
    if (parsed.args.length === 0 && !ownGiven && command.children) {
      candidates.push(...commandNames(command.children, prefix))
      directive = Directive.NoFileComp
      if (found.path.length === 0) candidates.push(...(request.more?.(prefix) ?? []))
    }
    const missing = command.flags.filter((f) => command.required?.includes(f.name) && !parsed.changed(f.name))
    candidates.push(...flagNames(missing, `--${prefix}`).filter(({ value }) => value.startsWith(prefix || '--')))
    if (command.words) {
      const words = parsed.args.length === 0 ? startingWith(command.words, prefix) : []
      return { candidates: [...candidates, ...words], directive: Directive.NoFileComp }
    }
  }
  const answered = await request.answer({
    path: found.path,
    ...(asked.flag ? { flag: asked.flag } : {}),
    args: parsed.args,
    prefix: asked.prefix,
    flags,
    words: asked.rest,
  })
  if (!answered) return { candidates, directive }
  return { candidates: [...candidates, ...answered.candidates], directive: answered.directive }
}

function nothing(problem: string): Completed {
  return { candidates: [], directive: Directive.Default, problem }
}

/** The words that begin with the prefix, as candidates. */
export const startingWith = (values: readonly string[], prefix: string): Candidate[] =>
  values.filter((value) => value.startsWith(prefix)).map((value) => ({ value }))

const sorted = <T extends { readonly name: string }>(list: readonly T[]) =>
  list.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))

interface Found {
  readonly command: CompletableCommand
  readonly path: readonly string[]
  readonly rest: readonly string[]
}

async function findCommand(words: readonly string[], request: CompletionRequest): Promise<Found | undefined> {
  const entries = [...request.entries, HELP]
  const root: CompletableCommand = { name: '', short: '', flags: [], children: entries }
  let found: Found = { command: root, path: [], rest: words }
  for (;;) {
    const { command, path, rest } = found
    const next = command.children ? takeCommandWord([...request.globals, ...command.flags], rest) : undefined
    const child = command.children?.find((c) => c.name === next?.word || c.aliases?.includes(next?.word ?? ''))
    if (!child || !next) return path.length === 0 && next ? undefined : found
    found = { command: await child.load(), path: [...path, child.name], rest: next.rest }
  }
}

async function completeHelp(words: readonly string[], prefix: string, request: CompletionRequest): Promise<Completed> {
  const found = await findCommand(words, request)
  return { candidates: commandNames(found?.command.children ?? [], prefix), directive: Directive.NoFileComp }
}

function commandNames(entries: readonly CompletableEntry[], prefix: string): Candidate[] {
  return sorted(entries)
    .filter((entry) => !entry.hidden && entry.name.startsWith(prefix))
    .map(({ name, short }) => ({ value: name, description: short }))
}

function flagNames(flags: readonly Flag[], prefix: string): Candidate[] {
  return flags.flatMap(({ name, short, description }) =>
    [`--${name}`, ...(short ? [`-${short}`] : [])]
      .filter((value) => value.startsWith(prefix))
      .map((value) => ({ value, description })),
  )
}

type Asked =
  | { readonly flag?: Flag; readonly prefix: string; readonly rest: readonly string[] }
  | { readonly problem: string }

/** The flag whose value is to be completed: `--x=va`, `--x va`, `-x va`. */
function flagAsked(flags: readonly Flag[], words: readonly string[], prefix: string): Asked {
  if (words.includes('--')) return { prefix, rest: words }
  const byWord = (word: string) =>
    word.startsWith('--') ? flags.find((f) => f.name === word.slice(2)) : flags.find((f) => f.short === word.at(-1))
  if (prefix.startsWith('-') && prefix.includes('=')) {
    const [name = ''] = prefix.split('=', 1)
    const flag = byWord(name)
    if (!flag) return { problem: `Subcommand '' does not support flag '${name.replace(/^-+/, '')}'` }
    return { flag, prefix: prefix.slice(name.length + 1), rest: words }
  }
  const last = words.at(-1) ?? ''
  if (!/^-./.test(last) || last.includes('=') || prefix.startsWith('-')) return { prefix, rest: words }
  const flag = byWord(last)
  if (!flag || flag.type === 'boolean' || flag.whenBare !== undefined) return { prefix, rest: words }
  return { flag, prefix, rest: words.slice(0, -1) }
}

/** What a script reads: a line for each candidate, then the directive. */
export function completionLines({ candidates, directive }: Completed, descriptions: boolean): string {
  const lines = candidates.map(({ value, description }) => {
    const text = descriptions && description ? `${value}\t${description}` : value
    return text.split('\n', 1)[0]?.trim() ?? ''
  })
  return `${[...lines, `:${directive}`].join('\n')}\n`
}

/** What a person reads beside them. */
export function directiveText({ directive, problem }: Completed): string {
  const names = DIRECTIVE_NAMES.filter(([bit]) => (directive & bit) !== 0).map(([, name]) => name)
  const why = problem === undefined ? '' : `[Debug] [Error] ${problem}\n`
  return `${why}Completion ended with directive: ${names.join(', ') || 'ShellCompDirectiveDefault'}\n`
}
