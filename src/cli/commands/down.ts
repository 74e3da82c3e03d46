// sampan down: ends the cluster's process. Data stays, and so do the containers until `up` takes them over or stops them.

import { nodeConfigs, readConfig } from '../../main/choose-config.ts'
import { stopIngress } from '../../main/ingress.ts'
import { stopServer } from '../../main/lifecycle.ts'
import { stopPods } from '../../main/stop-pods.ts'
import { type Command, CommandError, clusterFlags, clusterName } from '../command.ts'
import { createProgress } from '../progress.ts'

export const down: Command = {
  usage: '',
  flags: clusterFlags,
  async run(flags, env) {
    const name = clusterName(flags)
    const paths = env.pathsOf(name)
    const config = readConfig(paths)
    if (!config) throw new CommandError(`there is no cluster ${JSON.stringify(name)}`)
    const progress = createProgress(env.stdout, env.now)
    for (const node of nodeConfigs(env.dataRoot, name)) {
      progress.step(`stopping node ${JSON.stringify(node.name)}`)
      await stopServer(env.pathsOf(node.name), env.now)
      await stopPods({ config: node, paths: env.pathsOf(node.name), env: env.env })
    }
    progress.step(config.agent ? 'stopping the node' : 'stopping the server')
    const was = await stopServer(paths, env.now)
    progress.done(was ? 'server stopped' : 'server was not running')
    await stopIngress(paths)
    if (config.runtime === 'cri' && !config.containerRuntimeEndpoint) {
      progress.step('stopping containers')
      await stopPods({ config, paths, env: env.env })
      progress.done('containers stopped')
    }
    return 0
  },
}
