// Removes a further node of this machine: its processes, its namespace and its data.

import { systemClock } from '../machinery/clock.ts'
import { silentLogger } from '../machinery/logger.ts'
import { nodeConfigs } from '../main/choose-config.ts'
import { type ClusterConfig, nodeBridgeName } from '../main/config.ts'
import { runOf } from '../main/further-nodes.ts'
import { stopServer } from '../main/lifecycle.ts'
import { removeNodeBridge, removeNodeNamespace } from '../main/node-namespace.ts'
import { removeCluster } from '../main/remove.ts'
import type { CommandEnv } from './command.ts'

/** Safe to run again after a failure. The Node object is left to the caller. */
export async function removeLocalNode(node: ClusterConfig, env: CommandEnv): Promise<void> {
  const paths = env.pathsOf(node.name)
  await stopServer(paths, env.now)
  await removeCluster({
    config: node,
    paths,
    env: env.env,
    clock: systemClock,
    log: silentLogger,
    signal: new AbortController().signal,
    onStep: () => {},
  })
  const { cluster } = node.agent ?? {}
  if (cluster === undefined) return
  const run = runOf(env)
  await removeNodeNamespace(`sampan-${node.name}`, run)
  if (nodeConfigs(env.dataRoot, cluster).length === 0) await removeNodeBridge(nodeBridgeName(cluster), run)
}
