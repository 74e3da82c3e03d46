// kubectl completion: a script that teaches a shell to complete command lines.

import type { KubectlCommand } from '../command.ts'
import { completionScript, SHELLS } from '../completion/scripts.ts'
import { usageError } from '../errors.ts'

export const completion: KubectlCommand = {
  name: 'completion',
  usage: 'SHELL [options]',
  short: 'Output shell completion code for the specified shell (bash, zsh, fish, or powershell)',
  examples: `# Load completion into the current bash
source <(kubectl completion bash)`,
  flags: [],
  async run({ args, path }, ctx) {
    const [shell] = args
    if (shell === undefined) throw usageError(path, 'Shell not specified.')
    if (args.length > 1) throw usageError(path, 'Too many arguments. Expected only the shell type.')
    if (!SHELLS.includes(shell)) throw usageError(path, `Unsupported shell type ${JSON.stringify(shell)}.`)
    ctx.out(completionScript(shell, ctx.program) ?? '')
    return 0
  },
}
