// sampan kubeconfig: prints the cluster's kubeconfig.

import { existsSync, readFileSync } from 'node:fs'
import { type Command, CommandError, clusterFlags, clusterName } from '../command.ts'

export const kubeconfig: Command = {
  usage: '',
  flags: clusterFlags,
  async run(flags, env) {
    const name = clusterName(flags)
    const file = env.pathsOf(name).kubeconfig
    if (!existsSync(file))
      throw new CommandError(`there is no kubeconfig of cluster ${JSON.stringify(name)}: make it with "sampan up"`)
    env.stdout.write(readFileSync(file, 'utf8'))
    return 0
  },
}
