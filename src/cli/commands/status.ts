// sampan status: processes, addresses and health of the cluster.

import { nodeConfigs, readConfig } from '../../main/choose-config.ts'
import { clusterStatus } from '../../main/status.ts'
import { type Command, CommandError, clusterFlags, clusterName } from '../command.ts'

export const status: Command = {
  usage: '',
  flags: [...clusterFlags, { name: 'output', short: 'o', type: 'string', description: 'json for machines' }],
  async run(flags, env) {
    const name = clusterName(flags)
    const output = flags.string('output')
    if (output !== undefined && output !== 'json')
      throw new CommandError(`cannot write status as ${JSON.stringify(output)}: expected "json"`)
    const paths = env.pathsOf(name)
    const others = nodeConfigs(env.dataRoot, name).map((node) => ({ config: node, paths: env.pathsOf(node.name) }))
    const config = readConfig(paths)
    const found = await clusterStatus(name, config, paths, others)
    if (output === 'json') {
      env.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
    } else {
      const lines = [`cluster   ${found.name}`, `state     ${found.state}`, `health    ${found.health}`]
      if (found.addresses.api) lines.push(`api       ${found.addresses.api}`)
      const { ingress } = found.addresses
      if (ingress) lines.push(`ingress   ${ingress.http} ${ingress.https}`)
      for (const p of found.processes)
        lines.push(`process   ${p.role} of ${p.node} (pid ${p.pid}, ${Math.round(p.memoryBytes / 1024 / 1024)} MB)`)
      for (const n of found.nodes) lines.push(`node      ${n.name} (${n.ready ? 'Ready' : 'NotReady'})`)
      lines.push(`data      ${found.data}`)
      env.stdout.write(`${lines.join('\n')}\n`)
    }
    return found.state === 'running' && (config?.agent || found.health === 'ok') ? 0 : 1
  },
}
