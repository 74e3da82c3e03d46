// sampan ingress: what the cluster's ingress controller does.

import { existsSync, readFileSync } from 'node:fs'
import { readConfig } from '../../main/choose-config.ts'
import { ingressPaths } from '../../main/ingress.ts'
import { type Command, CommandError, clusterFlags, clusterName, type NamedCommand } from '../command.ts'

const config: NamedCommand = {
  name: 'config',
  usage: '',
  summary: "Print the configuration of nginx that was made from the cluster's ingresses",
  flags: clusterFlags,
  async run(flags, env) {
    const name = clusterName(flags)
    const paths = env.pathsOf(name)
    const kept = readConfig(paths)
    if (!kept) throw new CommandError(`there is no cluster ${JSON.stringify(name)}`)
    if (!kept.ingress) {
      throw new CommandError(`cluster ${JSON.stringify(name)} has no ingress controller: it was made without --ingress`)
    }
    const file = ingressPaths(paths).config
    if (!existsSync(file)) {
      throw new CommandError(`there is no configuration in ${file} yet: start the cluster with "sampan up"`)
    }
    env.stdout.write(readFileSync(file, 'utf8'))
    return 0
  },
}

export const ingress: Command = {
  usage: '',
  flags: [],
  children: [config],
  async run() {
    return 0
  },
}
