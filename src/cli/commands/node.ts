// sampan node: further nodes of a cluster, on this machine or another.

import { nodes } from '../../api/generated/resources.ts'
import { isReason } from '../../machinery/errors.ts'
import { nodeConfigs, readConfig } from '../../main/choose-config.ts'
import type { ClusterConfig } from '../../main/config.ts'
import { addNode, adminClient, type FurtherNodesEnv, joinTerms } from '../../main/further-nodes.ts'
import { primaryAddress } from '../../main/host.ts'
import { runningPid } from '../../main/running-pid.ts'
import {
  type Command,
  type CommandEnv,
  CommandError,
  clusterFlags,
  clusterName,
  type NamedCommand,
} from '../command.ts'
import type { ParsedFlags } from '../flags.ts'
import { createProgress } from '../progress.ts'
import { removeLocalNode } from '../remove-node.ts'

const DAY_MS = 86_400_000

/** The running cluster that the flags name. */
function running(flags: ParsedFlags, env: CommandEnv): FurtherNodesEnv {
  const name = clusterName(flags)
  const paths = env.pathsOf(name)
  const config = readConfig(paths)
  if (!config) throw new CommandError(`there is no cluster ${JSON.stringify(name)}`)
  if (config.agent) throw new CommandError(`${JSON.stringify(name)} is a node: name the cluster it belongs to`)
  if (runningPid(paths) === undefined) throw new CommandError(`cluster ${JSON.stringify(name)} is not running`)
  return { config, paths, dataRoot: env.dataRoot, self: env.self, env: env.env }
}

const add: NamedCommand = {
  name: 'add',
  usage: '[NAME]',
  summary: 'Add a node on this machine, in a network namespace of its own',
  flags: clusterFlags,
  async run(flags, env) {
    const cluster = running(flags, env)
    if (cluster.config.runtime !== 'cri')
      throw new CommandError('cannot add nodes to a cluster with simulated containers')
    const progress = createProgress(env.stdout, env.now)
    progress.step('adding a node')
    try {
      progress.done(`node ${JSON.stringify(await addNode(cluster, flags.args[0]))} ready`)
      return 0
    } catch (error) {
      progress.fail()
      throw new CommandError(`cannot add a node: ${error instanceof Error ? error.message : String(error)}`)
    }
  },
}

const remove: NamedCommand = {
  name: 'remove',
  usage: 'NAME',
  summary: 'Remove a node with everything on it; its pods are made anew elsewhere',
  flags: clusterFlags,
  async run(flags, env) {
    const cluster = running(flags, env)
    const [name] = flags.args
    if (name === undefined) throw new CommandError('cannot remove a node without its name')
    const local = nodeConfigs(env.dataRoot, cluster.config.name).find((node) => node.name === name)
    const progress = createProgress(env.stdout, env.now)
    progress.step(`removing node ${JSON.stringify(name)}`)
    const found = await forget(cluster, local, name)
    if (local) await removeLocalNode(local, env)
    if (!found && !local) {
      progress.fail()
      throw new CommandError(`there is no node ${JSON.stringify(name)}`)
    }
    progress.done(`node ${JSON.stringify(name)} removed`)
    return 0
  },
}

/** Deletes the Node; false when there was none. */
async function forget(cluster: FurtherNodesEnv, local: ClusterConfig | undefined, name: string): Promise<boolean> {
  const client = adminClient(cluster)
  try {
    await client.delete(nodes, { name: local?.nodeName ?? name })
    return true
  } catch (error) {
    if (isReason(error, 'NotFound')) return false
    throw error
  } finally {
    client.close()
  }
}

const token: NamedCommand = {
  name: 'token',
  usage: '',
  summary: 'Print the command that makes another machine a node; good for a day',
  flags: clusterFlags,
  async run(flags, env) {
    const cluster = running(flags, env)
    const terms = await joinTerms(cluster, { expires: env.now() + DAY_MS })
    const server = `https://${primaryAddress()}:${cluster.config.apiPort}`
    env.stdout.write(`sampan join ${server} --token ${terms.token} --ca-hash ${terms.caHash}\n`)
    return 0
  },
}

export const node: Command = {
  usage: '',
  flags: clusterFlags,
  children: [add, remove, token],
  run: async () => 0,
}
