// sampan up: starts the cluster and gives the user's kubectl access to it.

import { existsSync } from 'node:fs'
import { CertificateAuthority } from '../../main/certificates.ts'
import { chooseConfig, otherConfigs, readConfig, writeConfig } from '../../main/choose-config.ts'
import type { ClusterConfig, ClusterPaths } from '../../main/config.ts'
import { defaultNodeName, missingRequirements } from '../../main/host.ts'
import { clusterKubeconfig, mergeKubeconfig, userKubeconfigPath, writeKubeconfig } from '../../main/kubeconfig.ts'
import { startDetached } from '../../main/lifecycle.ts'
import { runningPid, serve } from '../../main/serve.ts'
import { type Command, type CommandEnv, CommandError, clusterFlags, clusterName } from '../command.ts'
import type { ParsedFlags } from '../flags.ts'
import { createProgress } from '../progress.ts'
import { userHome, userOwner } from '../user.ts'
import { apiDocsFile } from './server.ts'

const STEPS = { 'api-ready': 'API server ready', 'node-ready': 'node ready' } as const

export const up: Command = {
  name: 'up',
  usage: '',
  summary: 'Start the cluster',
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
    {
      name: 'legacy-apis',
      type: 'boolean',
      description: 'Serve API versions that Kubernetes retired, such as extensions/v1beta1; kept for later starts',
      fallback: 'true',
    },
  ],
  async run(flags, env) {
    const name = clusterName(flags)
    const paths = env.pathsOf(name)
    const progress = createProgress(env.stdout, env.now)
    const config = keptConfig(paths, flags) ?? (await newConfig(name, flags, env))
    if (runningPid(paths) !== undefined) {
      await giveAccess(config, env)
      env.stdout.write(
        `cluster ${JSON.stringify(name)} is running; kubectl context ${JSON.stringify(name)} is current\n`,
      )
      return 0
    }
    checkMachine(config, env)
    if (flags.boolean('foreground')) return foreground(config, env)
    progress.step(existsSync(paths.store) ? 'starting the cluster' : 'creating the cluster')
    try {
      await startDetached({
        paths,
        name,
        self: env.self,
        env: env.env,
        onMessage: (message) => {
          if (message.type !== 'step') return
          progress.done(STEPS[message.step])
          if (message.step === 'api-ready') progress.step('waiting for the node')
        },
      })
    } catch (error) {
      progress.fail()
      throw new CommandError(
        `cannot start cluster ${JSON.stringify(name)}: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
    const file = await giveAccess(config, env)
    env.stdout.write(`kubectl context ${JSON.stringify(name)} is current in ${file}\n`)
    return 0
  },
}

/** The configuration of a cluster that has been up before, with what may change at a later start. */
function keptConfig(paths: ClusterPaths, flags: ParsedFlags): ClusterConfig | undefined {
  const kept = readConfig(paths)
  const legacyApis = flags.boolean('legacy-apis')
  if (!kept || flags.strings('legacy-apis').length === 0 || (kept.legacyApis ?? true) === legacyApis) return kept
  if (runningPid(paths) !== undefined) {
    throw new CommandError(
      `cannot change --legacy-apis while cluster ${JSON.stringify(kept.name)} is running: stop it first with "sampan down"`,
    )
  }
  const config = { ...kept, legacyApis }
  writeConfig(paths, config)
  return config
}

async function newConfig(name: string, flags: ParsedFlags, env: CommandEnv): Promise<ClusterConfig> {
  const runtime = flags.string('runtime')
  if (runtime !== 'cri' && runtime !== 'simulated') {
    throw new CommandError(`cannot use runtime ${JSON.stringify(runtime)}: expected "cri" or "simulated"`)
  }
  const apiPort = flags.string('api-port')
  const endpoint = flags.string('container-runtime-endpoint')
  const config = await chooseConfig({
    name,
    nodeName: flags.string('node-name') ?? defaultNodeName(),
    runtime,
    others: otherConfigs(env.dataRoot, name),
    ...(apiPort ? { apiPort: portOf(apiPort) } : {}),
    legacyApis: flags.boolean('legacy-apis'),
    ...(endpoint ? { containerRuntimeEndpoint: endpoint } : {}),
  })
  checkMachine(config, env)
  writeConfig(env.pathsOf(name), config)
  return config
}

function portOf(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65536) return port
  throw new CommandError(`cannot use port ${JSON.stringify(text)}: expected a number from 1 to 65535`)
}

function checkMachine(config: ClusterConfig, env: CommandEnv): void {
  if (config.runtime !== 'cri') return
  if (process.getuid?.() !== 0)
    throw new CommandError('cannot run containers as this user: run sampan as root (sudo), or with --runtime simulated')
  const missing = missingRequirements(env.env)
  if (missing.length === 0) return
  const packages = [...new Set(missing.map((r) => r.package))].join(' ')
  throw new CommandError(
    `cannot run containers: ${missing.map((r) => r.program).join(', ')} not found; install with "apt-get install ${packages}", see "sampan doctor"`,
  )
}

/** Writes the cluster's kubeconfig and makes it the user's current context. Gives the user's file. */
async function giveAccess(config: ClusterConfig, env: CommandEnv): Promise<string> {
  const paths = env.pathsOf(config.name)
  const ca = await CertificateAuthority.open({ dir: paths.pki, name: 'ca', now: env.now })
  const admin = await ca.leaf('admin', {
    commonName: 'system:admin',
    organizations: ['system:masters'],
    usage: 'client',
  })
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
