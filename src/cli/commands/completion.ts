// sampan completion: a script that teaches a shell the commands and flags, kubectl's verbs among them.

import { entries } from '../../kubectl/commands/index.ts'
import { completionScript, kubectlWords } from '../../kubectl/completion.ts'
import { type Command, CommandError } from '../command.ts'

/** `commands` gives everything of sampan's own that can be completed. */
export const completionOf = (commands: () => readonly Command[]): Command => ({
  name: 'completion',
  usage: 'bash|zsh|fish|powershell',
  summary: 'Print a completion script for a shell',
  flags: [],
  async run(flags, env) {
    const [shell = ''] = flags.args
    const script = completionScript(shell, 'sampan', await wordsByCommand(commands()))
    if (script === undefined) {
      throw new CommandError(
        `cannot complete for shell ${JSON.stringify(shell)}: expected bash, zsh, fish or powershell`,
      )
    }
    env.stdout.write(script)
    return 0
  },
})

/** What may follow each command: its children and its flags. A verb that is kubectl's too has what both know. */
async function wordsByCommand(commands: readonly Command[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const words = await kubectlWords(entries)
  const visible = commands.filter((c) => !c.hidden)
  words.set('', [...new Set([...visible.map((c) => c.name), ...(words.get('') ?? [])])])
  for (const command of visible) {
    const own = [...(command.children ?? []).map((c) => c.name), ...command.flags.map((f) => `--${f.name}`)]
    words.set(command.name, [...own, ...(words.get(command.name) ?? [])])
  }
  return words
}
