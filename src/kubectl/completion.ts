// Scripts that teach a shell the commands of a program and what may follow each.

import type { CommandEntry } from './command.ts'
import { globalFlags } from './globals.ts'

/** Words by command; the empty name is the program itself. */
export type Words = ReadonlyMap<string, readonly string[]>

export const SHELLS: readonly string[] = ['bash', 'zsh', 'fish', 'powershell']

/** What may follow each of kubectl's commands: its children and its flags. */
export async function kubectlWords(entries: readonly CommandEntry[]): Promise<Map<string, readonly string[]>> {
  const words = new Map<string, readonly string[]>([['', entries.map((e) => e.name)]])
  const globals = globalFlags.map((f) => `--${f.name}`)
  for (const entry of entries) {
    const { children = [], flags } = await entry.load()
    const own = flags.filter((f) => !f.hidden).map((f) => `--${f.name}`)
    words.set(entry.name, [...children.map((c) => c.name), ...own, ...globals])
  }
  return words
}

/** The script for a shell; undefined when there is none for it. */
export function completionScript(shell: string, program: string, words: Words): string | undefined {
  return Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell]?.(program, words) : undefined
}

const cases = (words: Words, line: (name: string, list: string) => string) =>
  [...words]
    .filter(([name]) => name !== '')
    .map(([name, list]) => line(name, list.join(' ')))
    .join('\n')

const top = (words: Words) => words.get('')?.join(' ') ?? ''

const SCRIPTS: Readonly<Record<string, (program: string, words: Words) => string>> = {
  bash: (program, words) =>
    `_${program}() {
  local current=\${COMP_WORDS[COMP_CWORD]} words
  case \${COMP_CWORD} in
    1) words='${top(words)}' ;;
    *) case \${COMP_WORDS[1]} in
${cases(words, (name, list) => `      ${name}) words='${list}' ;;`)}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${program} ${program}
`,
  zsh: (program, words) =>
    `#compdef ${program}
_${program}() {
  if (( CURRENT == 2 )); then
    compadd -- ${top(words)}
    return
  fi
  case $words[2] in
${cases(words, (name, list) => `    ${name}) compadd -- ${list} ;;`)}
  esac
}
compdef _${program} ${program}
`,
  fish: (program, words) =>
    `complete -c ${program} -f
complete -c ${program} -n __fish_use_subcommand -a '${top(words)}'
${cases(words, (name, list) => `complete -c ${program} -n '__fish_seen_subcommand_from ${name}' -a '${list}'`)}
`,
  powershell: (program, words) =>
    `Register-ArgumentCompleter -Native -CommandName ${program} -ScriptBlock {
  param($word, $tree, $position)
  $words = @{
${cases(words, (name, list) => `    '${name}' = '${list}'`)}
  }
  $said = @($tree.CommandElements | ForEach-Object { $_.ToString() })
  $list = if ($said.Count -le 2 -and -not $words.ContainsKey($said[1])) { '${top(words)}' } else { $words[$said[1]] }
  $list -split ' ' | Where-Object { $_ -like "$word*" }
}
`,
}
