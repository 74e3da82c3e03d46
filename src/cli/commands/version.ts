// sampan version.

import { gitVersion, sampanVersion } from '../../main/version.ts'
import type { Command } from '../command.ts'

export const version: Command = {
  usage: '',
  flags: [{ name: 'output', short: 'o', type: 'string', description: 'json for machines' }],
  async run(flags, env) {
    const info = { version: sampanVersion, kubernetes: gitVersion, node: process.version }
    if (flags.string('output') === 'json') env.stdout.write(`${JSON.stringify(info, null, 2)}\n`)
    else env.stdout.write(`sampan ${info.version} (Kubernetes ${info.kubernetes}, Node ${info.node})\n`)
    return 0
  },
}
