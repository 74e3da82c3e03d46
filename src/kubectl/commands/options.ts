// kubectl options: the flags that every command has.

import type { KubectlCommand } from '../command.ts'
import { globalFlags } from '../globals.ts'
import { flagText } from '../help.ts'

export const options: KubectlCommand = {
  name: 'options',
  usage: '[flags] [options]',
  short: 'Print the list of flags inherited by all commands',
  flags: [],
  async run(_invocation, ctx) {
    const texts = globalFlags.filter((f) => !f.hidden).map(flagText)
    ctx.out(`The following options can be passed to any command:\n\n${texts.join('\n\n')}\n`)
    return 0
  },
}
