// sampan completion: a script that teaches a shell to complete command lines, kubectl's verbs among them.

import { completionScript } from '../../kubectl/completion/scripts.ts'
import { type Command, CommandError } from '../command.ts'

export const completion: Command = {
  usage: 'bash|zsh|fish|powershell',
  flags: [],
  async run(flags, env) {
    const [shell = ''] = flags.args
    const script = completionScript(shell, 'sampan')
    if (script === undefined) {
      throw new CommandError(
        `cannot complete for shell ${JSON.stringify(shell)}: expected bash, zsh, fish or powershell`,
      )
    }
    env.stdout.write(script)
    return 0
  },
}
