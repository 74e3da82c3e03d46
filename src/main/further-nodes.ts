// Further nodes of a cluster on this machine: each in a network namespace of its own, with processes of its own that
// are started by the very commands that make another machine a node.

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createHttpsClient, type HttpsClient } from '../client/https-client.ts'
import { systemClock } from '../machinery/clock.ts'
import { runWith } from '../network/host.ts'
import { nodeConfigs } from './choose-config.ts'
import { addressIn, type ClusterConfig, type ClusterPaths, nodeBridgeName, nodeCidr } from './config.ts'
import { caHash } from './join.ts'
import { createJoinToken } from './join-token.ts'
import { inNamespace, setUpNodeNamespace } from './node-namespace.ts'

export interface FurtherNodesEnv {
  /** The cluster whose server runs on this machine. */
  readonly config: ClusterConfig
  readonly paths: ClusterPaths
  readonly dataRoot: string
  /** How this program is run: node and the script. */
  readonly self: readonly [string, ...string[]]
  readonly env: NodeJS.ProcessEnv
}

const MAX_NODES = 200
const TOKEN_MS = 10 * 60_000

/** The cluster's API as its administrator, over HTTPS. */
export function adminClient({ config, paths }: Pick<FurtherNodesEnv, 'config' | 'paths'>): HttpsClient {
  const pem = (name: string) => readFileSync(join(paths.pki, name), 'utf8')
  return createHttpsClient({
    server: `https://127.0.0.1:${config.apiPort}`,
    ca: pem('ca.crt'),
    credentials: { cert: pem('admin.crt'), key: pem('admin.key') },
    clock: systemClock,
  })
}

/** What a machine needs to join: where, with what, and whom to believe. */
export async function joinTerms(
  env: Pick<FurtherNodesEnv, 'config' | 'paths'>,
  options: { readonly expires: number },
): Promise<{ readonly token: string; readonly caHash: string }> {
  const client = adminClient(env)
  try {
    const token = await createJoinToken(client, options.expires)
    return { token, caHash: caHash(readFileSync(join(env.paths.pki, 'ca.crt'), 'utf8')) }
  } finally {
    client.close()
  }
}

/** Makes one more node and waits until it is ready; gives its name. */
export async function addNode(env: FurtherNodesEnv, wanted?: string): Promise<string> {
  const { config, dataRoot } = env
  const known = nodeConfigs(dataRoot, config.name)
  const taken = new Set(known.map((node) => node.agent?.index))
  const index = Array.from({ length: MAX_NODES }, (_, i) => i + 2).find((i) => !taken.has(i))
  if (index === undefined) throw new Error(`cannot add a node: cluster "${config.name}" has ${MAX_NODES} of them here`)
  const name = wanted ?? `${config.name}-${index}`
  if (known.some((node) => node.name === name)) throw new Error(`cannot add node "${name}": it is there already`)
  await setUpNodeNamespace(namespaceOf(config, name, index), runOf(env))
  const { token, caHash: hash } = await joinTerms(env, { expires: Date.now() + TOKEN_MS })
  const server = `https://${addressIn(nodeCidr(config), 1)}:${config.apiPort}`
  const place = ['--of-cluster', config.name, '--index', String(index)]
  await runInside(env, name, [
    'join',
    server,
    '--token',
    token,
    '--ca-hash',
    hash,
    '--name',
    name,
    ...place,
    ...settingsFor(config),
  ])
  return name
}

/** Starts a node that has joined before. */
export async function startNode(env: FurtherNodesEnv, node: ClusterConfig): Promise<void> {
  await setUpNodeNamespace(namespaceOf(env.config, node.name, node.agent?.index ?? 0), runOf(env))
  await runInside(env, node.name, ['up', '--name', node.name, ...settingsFor(env.config)])
}

/** What the cluster's nodes on this machine have in common. */
function settingsFor({ pauseImage = '', registryMirrors = [] }: ClusterConfig): string[] {
  const mirrors = registryMirrors.length > 0 ? registryMirrors : ['']
  return ['--pause-image', pauseImage, ...mirrors.flatMap((url) => ['--registry-mirror', url])]
}

function namespaceOf(config: ClusterConfig, name: string, index: number) {
  return { name: `sampan-${name}`, bridge: nodeBridgeName(config.name), cidr: nodeCidr(config), index }
}

export function runOf({ env }: Pick<FurtherNodesEnv, 'env'>) {
  return runWith({ ...env, PATH: `${env.PATH ?? ''}:/usr/sbin:/sbin` })
}

/** Runs this program in the node's namespace; rejects with what it said when it fails. */
function runInside(env: FurtherNodesEnv, name: string, args: readonly string[]): Promise<void> {
  const [program, ...before] = inNamespace(`sampan-${name}`)
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...before, ...env.self, ...args], {
      env: env.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-4000)
    })
    child.on('error', reject)
    child.on('exit', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`node "${name}": ${said.trim().replace(/^error: /, '') || `ended with code ${code}`}`))
    })
  })
}
