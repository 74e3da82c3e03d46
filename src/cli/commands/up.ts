// sampan up: starts the cluster and gives the user's kubectl access to it.

import { existsSync } from 'node:fs'
import { createHttpsClient } from '../../client/https-client.ts'
import { systemClock } from '../../machinery/clock.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { CertificateAuthority } from '../../main/certificates.ts'
import {
  chooseConfig,
  chooseIngressPorts,
  nodeConfigs,
  otherConfigs,
  readConfig,
  writeConfig,
} from '../../main/choose-config.ts'
import type { ClusterConfig, ClusterPaths } from '../../main/config.ts'
import { addNode, startNode } from '../../main/further-nodes.ts'
import { defaultNodeName } from '../../main/host.ts'
import { nginxProgram } from '../../main/ingress.ts'
import { clusterKubeconfig, mergeKubeconfig, userKubeconfigPath, writeKubeconfig } from '../../main/kubeconfig.ts'
import { runningPid } from '../../main/running-pid.ts'
import { serve } from '../../main/serve.ts'
import { classicLines } from '../classic.ts'
import { type Command, type CommandEnv, CommandError, clusterFlags, clusterName } from '../command.ts'
import type { ParsedFlags } from '../flags.ts'
import { checkMachine } from '../machine.ts'
import { createProgress, type Progress } from '../progress.ts'
import { settingFlags, settingsOf } from '../settings.ts'
import { STEPS, startInBackground } from '../start.ts'
import { userHome, userOwner } from '../user.ts'
import { apiDocsFile } from './server.ts'

export const up: Command = {
  usage: '',
  flags: [
    ...clusterFlags,
    { name: 'foreground', type: 'boolean', description: 'Run in this terminal instead of in the background' },
    { name: 'api-port', type: 'string', description: 'Port of the API (first start only)' },
    { name: 'node-name', type: 'string', description: 'Name of this node (first start only)' },
    {
      name: 'runtime',
      type: 'string',
      description: 'cri (containers) or simulated (pods that run nothing; first start only)',
      fallback: 'cri',
    },
    {
      name: 'container-runtime-endpoint',
      type: 'string',
      description: 'CRI socket to use instead of an own containerd (first start only)',
    },
    { name: 'nodes', type: 'string', description: 'How many nodes the cluster is to have on this machine at least' },
    {
      name: 'legacy-apis',
      type: 'boolean',
      description: 'Serve API versions that Kubernetes retired, such as extensions/v1beta1; kept for later starts',
      fallback: 'true',
    },
    {
      name: 'ingress',
      type: 'boolean',
      description: 'Serve ingresses with nginx, where it is installed; kept for later starts',
      fallback: 'true',
    },
    { name: 'ingress-http-port', type: 'string', description: 'Port of plain HTTP for ingresses; 80 unless taken' },
    { name: 'ingress-https-port', type: 'string', description: 'Port of HTTPS for ingresses; 443 unless taken' },
    {
      name: 'gateway-api',
      type: 'boolean',
      description: 'Serve gateways and HTTP routes beside ingresses; kept for later starts',
      fallback: 'true',
    },
    ...settingFlags,
    { name: 'classic', type: 'boolean', description: 'At the end tell what kube-up.sh told: components and addresses' },
  ],
  async run(flags, env) {
    const name = clusterName(flags)
    const paths = env.pathsOf(name)
    const progress = createProgress(env.stdout, env.now)
    const config = (await keptConfig(paths, flags, env)) ?? (await newConfig(name, flags, env))
    if (config.agent) return startAsNode(config, env)
    if (runningPid(paths) !== undefined) {
      await startNodes(config, flags, env, progress)
      await giveAccess(config, env)
      env.stdout.write(
        `cluster ${JSON.stringify(name)} is running; kubectl context ${JSON.stringify(name)} is current\n`,
      )
      return 0
    }
    checkMachine(config.runtime, env)
    if (flags.boolean('foreground')) return foreground(config, env)
    progress.step(existsSync(paths.store) ? 'starting the cluster' : 'creating the cluster')
    await startInBackground({ name, paths, env, progress })
    await startNodes(config, flags, env, progress)
    warnOfInsecurePort(config, env)
    const file = await giveAccess(config, env)
    env.stdout.write(`kubectl context ${JSON.stringify(name)} is current in ${file}\n`)
    if (flags.boolean('classic')) await tellClassic(config, env)
    return 0
  },
}

async function tellClassic(config: ClusterConfig, env: CommandEnv): Promise<void> {
  const server = `https://127.0.0.1:${config.apiPort}`
  const { ca, admin } = await adminOf(config, env)
  const client = createHttpsClient({ server, ca: ca.certificate, credentials: admin, clock: systemClock })
  try {
    env.stdout.write(await classicLines(client, server))
  } finally {
    client.close()
  }
}

function warnOfInsecurePort({ insecurePort }: ClusterConfig, env: CommandEnv): void {
  if (!insecurePort) return
  env.stderr.write(
    `warning: http://localhost:${insecurePort} makes everyone on this machine administrator of the cluster\n`,
  )
}

/** Flags that may be given again at a later start, and are then kept. */
const CHANGEABLE = [
  ...['legacy-apis', 'ingress', 'ingress-http-port', 'ingress-https-port', 'gateway-api'],
  ...settingFlags.map((flag) => flag.name),
]

/** What an absent setting means. */
const DEFAULTS = { legacyApis: true, gatewayApi: true }

/** The configuration of a cluster that has been up before, with what may change at a later start. */
async function keptConfig(
  paths: ClusterPaths,
  flags: ParsedFlags,
  env: CommandEnv,
): Promise<ClusterConfig | undefined> {
  const kept = readConfig(paths)
  if (!kept) return undefined
  const given = CHANGEABLE.filter((name) => flags.strings(name).length > 0)
  const { ingress: before, apiServer, insecurePort, pauseImage, registryMirrors, ...rest } = kept
  const ingress = given.some((name) => name.startsWith('ingress')) ? await changedIngress(kept, flags, env) : before
  const config: ClusterConfig = {
    ...rest,
    ...settingsOf(kept, flags),
    ...(ingress ? { ingress } : {}),
    ...(given.includes('legacy-apis') ? { legacyApis: flags.boolean('legacy-apis') } : {}),
    ...(given.includes('gateway-api') ? { gatewayApi: flags.boolean('gateway-api') } : {}),
  }
  if (sameJson({ ...DEFAULTS, ...kept }, { ...DEFAULTS, ...config })) return kept
  if (runningPid(paths) !== undefined) {
    throw new CommandError(
      `cannot change ${given.map((name) => `--${name}`).join(', ')} while cluster ${JSON.stringify(kept.name)} is running: stop it first with "sampan down"`,
    )
  }
  writeConfig(paths, config)
  return config
}

/** The ingress controller of a cluster after flags were given; undefined switches it off. */
async function changedIngress(kept: ClusterConfig, flags: ParsedFlags, env: CommandEnv) {
  if (!wantsIngress(kept.runtime, flags, env)) return undefined
  const ports = { ...kept.ingress, ...ingressPorts(flags) }
  return chooseIngressPorts(ports, otherConfigs(env.dataRoot, kept.name))
}

/** By default where containers run and nginx is installed. */
function wantsIngress(runtime: ClusterConfig['runtime'], flags: ParsedFlags, env: CommandEnv): boolean {
  const asked = flags.strings('ingress').length > 0
  if (!flags.boolean('ingress') || (!asked && runtime !== 'cri')) return false
  if (nginxProgram(env.env) !== undefined) return true
  if (asked)
    throw new CommandError('cannot serve ingresses: nginx not found; install with "apt-get install nginx-light"')
  return false
}

/** The ports for ingresses that flags ask for. */
function ingressPorts(flags: ParsedFlags): { httpPort?: number; httpsPort?: number } {
  const http = flags.string('ingress-http-port')
  const https = flags.string('ingress-https-port')
  return { ...(http ? { httpPort: portOf(http) } : {}), ...(https ? { httpsPort: portOf(https) } : {}) }
}

async function newConfig(name: string, flags: ParsedFlags, env: CommandEnv): Promise<ClusterConfig> {
  const runtime = flags.string('runtime')
  if (runtime !== 'cri' && runtime !== 'simulated') {
    throw new CommandError(`cannot use runtime ${JSON.stringify(runtime)}: expected "cri" or "simulated"`)
  }
  const apiPort = flags.string('api-port')
  const endpoint = flags.string('container-runtime-endpoint')
  const chosen = await chooseConfig({
    name,
    nodeName: flags.string('node-name') ?? defaultNodeName(),
    runtime,
    others: otherConfigs(env.dataRoot, name),
    ...(apiPort ? { apiPort: portOf(apiPort) } : {}),
    legacyApis: flags.boolean('legacy-apis'),
    ...(wantsIngress(runtime, flags, env) ? { ingress: ingressPorts(flags) } : {}),
    ...(endpoint ? { containerRuntimeEndpoint: endpoint } : {}),
  })
  const config = {
    ...chosen,
    ...settingsOf({}, flags),
    ...(flags.boolean('gateway-api') ? {} : { gatewayApi: false }),
  }
  checkMachine(config.runtime, env)
  writeConfig(env.pathsOf(name), config)
  return config
}

/** A node that joined a cluster: nothing but its own process. */
async function startAsNode(config: ClusterConfig, env: CommandEnv): Promise<number> {
  const paths = env.pathsOf(config.name)
  const progress = createProgress(env.stdout, env.now)
  if (runningPid(paths) !== undefined) {
    env.stdout.write(`node ${JSON.stringify(config.nodeName)} is running\n`)
    return 0
  }
  checkMachine(config.runtime, env)
  progress.step('starting the node')
  await startInBackground({ name: config.name, paths, env, progress })
  return 0
}

/** Starts the cluster's further nodes on this machine, and adds as many as `--nodes` asks for. */
async function startNodes(
  config: ClusterConfig,
  flags: ParsedFlags,
  env: CommandEnv,
  progress: Progress,
): Promise<void> {
  const wanted = nodesOf(flags)
  const known = nodeConfigs(env.dataRoot, config.name)
  if (wanted > 1 && config.runtime !== 'cri') {
    throw new CommandError('cannot add nodes to a cluster with simulated containers')
  }
  const nodesEnv = {
    config,
    paths: env.pathsOf(config.name),
    dataRoot: env.dataRoot,
    self: env.self,
    env: env.env,
  }
  try {
    for (const node of known) {
      if (runningPid(env.pathsOf(node.name)) !== undefined) continue
      progress.step(`starting node ${JSON.stringify(node.name)}`)
      await startNode(nodesEnv, node)
      progress.done(`node ${JSON.stringify(node.name)} ready`)
    }
    for (let count = known.length + 1; count < wanted; count++) {
      // The join token is made as the cluster's administrator.
      await giveAccess(config, env)
      progress.step('adding a node')
      progress.done(`node ${JSON.stringify(await addNode(nodesEnv))} ready`)
    }
  } catch (error) {
    progress.fail()
    throw new CommandError(`cannot start all nodes: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const MAX_NODES = 50

function nodesOf(flags: ParsedFlags): number {
  const text = flags.string('nodes')
  if (text === undefined) return 1
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= MAX_NODES) return count
  throw new CommandError(`cannot start ${JSON.stringify(text)} nodes: expected a number from 1 to ${MAX_NODES}`)
}

function portOf(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65536) return port
  throw new CommandError(`cannot use port ${JSON.stringify(text)}: expected a number from 1 to 65535`)
}

async function adminOf(config: ClusterConfig, env: CommandEnv) {
  const ca = await CertificateAuthority.open({ dir: env.pathsOf(config.name).pki, name: 'ca', now: env.now })
  const admin = await ca.leaf('admin', {
    commonName: 'system:admin',
    organizations: ['system:masters'],
    usage: 'client',
  })
  return { ca, admin }
}

/** Writes the cluster's kubeconfig and makes it the user's current context. Gives the user's file. */
async function giveAccess(config: ClusterConfig, env: CommandEnv): Promise<string> {
  const paths = env.pathsOf(config.name)
  const { ca, admin } = await adminOf(config, env)
  const kubeconfig = clusterKubeconfig({
    name: config.name,
    server: `https://127.0.0.1:${config.apiPort}`,
    ca: ca.certificate,
    admin,
  })
  writeKubeconfig(paths.kubeconfig, kubeconfig)
  const file = userKubeconfigPath(env.env, userHome(env.env))
  mergeKubeconfig(file, kubeconfig, userOwner(env.env))
  return file
}

async function foreground(config: ClusterConfig, env: CommandEnv): Promise<number> {
  warnOfInsecurePort(config, env)
  const code = await serve({
    config,
    apiDocs: apiDocsFile(env),
    paths: env.pathsOf(config.name),
    logLevel: 'info',
    write: (line) => void env.stderr.write(line),
    env: env.env,
    notify: (message) => {
      if (message.type !== 'step') return
      env.stdout.write(`${STEPS[message.step]}\n`)
      // The authority exists from the first step on.
      if (message.step === 'api-ready') {
        giveAccess(config, env).catch((error: unknown) =>
          env.stderr.write(`error: cannot write the kubeconfig: ${String(error)}\n`),
        )
      }
    },
  })
  // Timers of parts that were cut short must not hold the process.
  process.exit(code)
}
