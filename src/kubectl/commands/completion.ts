// kubectl completion: a script that teaches a shell the commands and flags.

import type { CommandEntry, KubectlCommand } from '../command.ts'
import { completionScript, kubectlWords, SHELLS } from '../completion.ts'
import { KubectlError } from '../errors.ts'

/** `entries` gives every command that can be completed. */
export const completionOf = (entries: () => readonly CommandEntry[]): KubectlCommand => ({
  name: 'completion',
  usage: 'SHELL [options]',
  short: 'Output shell completion code for the specified shell (bash, zsh, fish, or powershell)',
  flags: [],
  async run({ args, path }, ctx) {
    const help = `See '${path} -h' for help and examples`
    const [shell] = args
    if (shell === undefined) throw new KubectlError(`Shell not specified.\n${help}`)
    if (args.length > 1) throw new KubectlError(`Too many arguments. Expected only the shell type.\n${help}`)
    if (!SHELLS.includes(shell)) throw new KubectlError(`Unsupported shell type ${JSON.stringify(shell)}.\n${help}`)
    ctx.out(completionScript(shell, ctx.program, await kubectlWords(entries())) ?? '')
    return 0
  },
})
