// sampan delete: removes the cluster, its data and every trace on the host.

import { systemClock } from '../../machinery/clock.ts'
import { silentLogger } from '../../machinery/logger.ts'
import { nodeConfigs, readConfig } from '../../main/choose-config.ts'
import { removeFromKubeconfig, userKubeconfigPath } from '../../main/kubeconfig.ts'
import { stopServer } from '../../main/lifecycle.ts'
import { removeCluster } from '../../main/remove.ts'
import { type Command, clusterFlags, clusterName } from '../command.ts'
import { createProgress } from '../progress.ts'
import { removeLocalNode } from '../remove-node.ts'
import { userHome } from '../user.ts'

export const deleteCommand: Command = {
  usage: '',
  flags: clusterFlags,
  async run(flags, env) {
    const name = clusterName(flags)
    const paths = env.pathsOf(name)
    const progress = createProgress(env.stdout, env.now)
    const config = readConfig(paths)
    removeFromKubeconfig(userKubeconfigPath(env.env, userHome(env.env)), name)
    if (!config) {
      env.stdout.write(`there is no cluster ${JSON.stringify(name)}\n`)
      return 0
    }
    if (config.agent) {
      progress.step('removing the node')
      await removeLocalNode(config, env)
      progress.done(`node ${JSON.stringify(name)} removed`)
      return 0
    }
    for (const node of nodeConfigs(env.dataRoot, name)) {
      progress.step(`removing node ${JSON.stringify(node.name)}`)
      await removeLocalNode(node, env)
    }
    progress.step('stopping the server')
    await stopServer(paths, env.now)
    await removeCluster({
      config,
      paths,
      env: env.env,
      clock: systemClock,
      log: silentLogger,
      signal: new AbortController().signal,
      onStep: (text) => progress.step(text),
    })
    progress.done(`cluster ${JSON.stringify(name)} removed`)
    return 0
  },
}
