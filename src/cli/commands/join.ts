// sampan join: makes this machine a node of a cluster whose server runs elsewhere, and starts it.

import { systemClock } from '../../machinery/clock.ts'
import { chooseNodeConfig, otherConfigs, readConfig, writeConfig } from '../../main/choose-config.ts'
import { defaultNodeName } from '../../main/host.ts'
import { joinCluster } from '../../main/join.ts'
import { type Command, CommandError, clusterFlags, clusterName } from '../command.ts'
import { checkMachine } from '../machine.ts'
import { createProgress } from '../progress.ts'
import { nodeSettingFlags, settingsOf } from '../settings.ts'
import { startInBackground } from '../start.ts'

const TOKEN = /^[a-z0-9]{6}\.[a-z0-9]{16}$/
const HASH = /^sha256:[0-9a-f]{64}$/
const JOIN_MS = 60_000

export const join: Command = {
  usage: 'SERVER',
  flags: [
    ...clusterFlags,
    { name: 'token', type: 'string', description: 'Join token, as "sampan node token" prints it' },
    { name: 'ca-hash', type: 'string', description: "Hash of the cluster's authority: sha256:…" },
    { name: 'node-name', type: 'string', description: "Name of this node; the machine's when absent" },
    ...nodeSettingFlags,
    {
      name: 'of-cluster',
      type: 'string',
      description: 'Cluster of this machine that the node belongs to',
      hidden: true,
    },
    { name: 'index', type: 'string', description: 'Its address in the range of nodes', hidden: true },
  ],
  async run(flags, env) {
    const name = clusterName(flags)
    const paths = env.pathsOf(name)
    const [server = ''] = flags.args
    const token = flags.string('token') ?? ''
    const caHash = flags.string('ca-hash') ?? ''
    if (!/^https:\/\/[^/]+$/.test(server)) {
      throw new CommandError(`cannot join ${JSON.stringify(server)}: expected an address such as https://10.0.0.1:6443`)
    }
    if (!TOKEN.test(token))
      throw new CommandError('cannot join without a token: expected --token abcdef.0123456789abcdef')
    if (!HASH.test(caHash))
      throw new CommandError('cannot join without --ca-hash: expected sha256: and 64 hexadecimal digits')
    if (readConfig(paths))
      throw new CommandError(`cannot join as ${JSON.stringify(name)}: there is a cluster or node of that name here`)
    const cluster = flags.string('of-cluster')
    const nodeName = flags.string('node-name') ?? (cluster ? name : defaultNodeName())
    checkMachine('cri', env)
    const progress = createProgress(env.stdout, env.now)
    progress.step(`joining ${server}`)
    const network = await joinCluster({
      server,
      token,
      caHash,
      nodeName,
      pki: paths.pki,
      clock: systemClock,
      signal: AbortSignal.timeout(JOIN_MS),
    }).catch((error: unknown) => {
      progress.fail()
      throw new CommandError(error instanceof Error ? error.message : String(error))
    })
    progress.done('joined the cluster')
    const config = await chooseNodeConfig({
      name,
      nodeName,
      network,
      others: otherConfigs(env.dataRoot, name),
      agent: { server, ...(cluster ? { cluster, index: Number(flags.string('index')) } : {}) },
    })
    writeConfig(paths, { ...config, ...settingsOf({}, flags) })
    await startInBackground({ name, paths, env, progress })
    env.stdout.write(`this machine is node ${JSON.stringify(nodeName)} of the cluster at ${server}\n`)
    return 0
  },
}
