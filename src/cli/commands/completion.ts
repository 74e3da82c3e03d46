// sampan completion: a script that teaches a shell the commands and flags.

import { type Command, CommandError } from '../command.ts'

/** `commands` gives everything that can be completed. */
export const completionOf = (commands: () => readonly Command[]): Command => ({
  name: 'completion',
  usage: 'bash|zsh|fish',
  summary: 'Print a completion script for a shell',
  flags: [],
  async run(flags, env) {
    const [shell] = flags.args
    const script = shell === undefined ? undefined : SCRIPTS[shell]
    if (!script)
      throw new CommandError(`cannot complete for shell ${JSON.stringify(shell ?? '')}: expected bash, zsh or fish`)
    env.stdout.write(script(wordsByCommand(commands())))
    return 0
  },
})

/** What may follow each command: its children and its flags. The empty name is the program itself. */
function wordsByCommand(commands: readonly Command[]): ReadonlyMap<string, readonly string[]> {
  const visible = commands.filter((c) => !c.hidden)
  const words = new Map<string, readonly string[]>([['', visible.map((c) => c.name)]])
  for (const command of visible) {
    const children = (command.children ?? []).map((c) => c.name)
    words.set(command.name, [...children, ...command.flags.map((f) => `--${f.name}`)])
  }
  return words
}

const SCRIPTS: Readonly<Record<string, (words: ReadonlyMap<string, readonly string[]>) => string>> = {
  bash: (words) =>
    `_sampan() {
  local current=\${COMP_WORDS[COMP_CWORD]} words
  case \${COMP_CWORD} in
    1) words='${words.get('')?.join(' ')}' ;;
    *) case \${COMP_WORDS[1]} in
${[...words]
  .filter(([name]) => name !== '')
  .map(([name, list]) => `      ${name}) words='${list.join(' ')}' ;;`)
  .join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _sampan sampan
`,
  zsh: (words) =>
    `#compdef sampan
_sampan() {
  if (( CURRENT == 2 )); then
    compadd -- ${words.get('')?.join(' ')}
    return
  fi
  case $words[2] in
${[...words]
  .filter(([name]) => name !== '')
  .map(([name, list]) => `    ${name}) compadd -- ${list.join(' ')} ;;`)
  .join('\n')}
  esac
}
compdef _sampan sampan
`,
  fish: (words) =>
    `complete -c sampan -f
complete -c sampan -n __fish_use_subcommand -a '${words.get('')?.join(' ')}'
${[...words]
  .filter(([name]) => name !== '')
  .map(([name, list]) => `complete -c sampan -n '__fish_seen_subcommand_from ${name}' -a '${list.join(' ')}'`)
  .join('\n')}
`,
}
