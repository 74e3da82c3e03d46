// Chooses what a new cluster uses, so that it stands beside others on the same machine: ports and ranges that are
// taken are replaced by free ones.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterConfig, ClusterPaths } from './config.ts'
import { freePort } from './host.ts'

const NODE_PORT_RANGES = [
  { from: 30000, to: 32767 },
  { from: 27000, to: 29767 },
  { from: 24000, to: 26767 },
  { from: 21000, to: 23767 },
]
const MAX_CLUSTERS = 40

/** The kept configuration of a cluster; undefined when it has never been up. */
export function readConfig(paths: ClusterPaths): ClusterConfig | undefined {
  if (!existsSync(paths.config)) return undefined
  return JSON.parse(readFileSync(paths.config, 'utf8')) as ClusterConfig
}

export function writeConfig(paths: ClusterPaths, config: ClusterConfig): void {
  mkdirSync(paths.data, { recursive: true, mode: 0o755 })
  writeFileSync(paths.config, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
}

/** Configurations of all clusters that have data on this machine. */
export function otherConfigs(dataRoot: string, name: string): ClusterConfig[] {
  if (!existsSync(dataRoot)) return []
  return readdirSync(dataRoot)
    .filter((other) => other !== name && existsSync(join(dataRoot, other, 'config.json')))
    .map((other) => JSON.parse(readFileSync(join(dataRoot, other, 'config.json'), 'utf8')) as ClusterConfig)
}

/** Configurations of the cluster's further nodes on this machine, in the order of their addresses. */
export function nodeConfigs(dataRoot: string, cluster: string): ClusterConfig[] {
  return otherConfigs(dataRoot, cluster)
    .filter((config) => config.agent?.cluster === cluster)
    .sort((a, b) => (a.agent?.index ?? 0) - (b.agent?.index ?? 0))
}

/** A configuration for a cluster that has none yet. */
export async function chooseConfig(options: {
  name: string
  nodeName: string
  runtime: ClusterConfig['runtime']
  others: readonly ClusterConfig[]
  apiPort?: number
  containerRuntimeEndpoint?: string
  legacyApis?: boolean
  /** Absent: no ingress controller. A port that is given is taken as it is. */
  ingress?: { readonly httpPort?: number; readonly httpsPort?: number }
}): Promise<ClusterConfig> {
  const { name, nodeName, runtime } = options
  // Nodes of other clusters have the ranges of theirs.
  const others = options.others.filter((other) => other.agent === undefined)
  const taken = new Set(others.flatMap((o) => [o.apiPort, o.kubeletPort, o.registryPort]))
  const slot = freeSlot(others)
  const nodePorts = NODE_PORT_RANGES.find((range) => others.every((o) => o.nodePorts.from !== range.from))
  if (!nodePorts) throw new Error('cannot find a free range of node ports: there are too many clusters on this machine')
  return {
    name,
    nodeName,
    apiPort: options.apiPort ?? (await freePort(6443, taken)),
    kubeletPort: await freePort(10250, taken),
    registryPort: await freePort(5000, taken),
    serviceCidr: `10.${96 + slot}.0.0/16`,
    podCidr: `10.${244 - slot}.0.0/16`,
    nodePorts,
    clusterDomain: 'cluster.local',
    runtime,
    legacyApis: options.legacyApis ?? true,
    ...(options.ingress ? { ingress: await chooseIngressPorts(options.ingress, others) } : {}),
    ...(options.containerRuntimeEndpoint ? { containerRuntimeEndpoint: options.containerRuntimeEndpoint } : {}),
  }
}

/** The well-known ports, or free ones from 8080 and 8443 on when another program or cluster has them. */
export async function chooseIngressPorts(
  wanted: { readonly httpPort?: number; readonly httpsPort?: number },
  others: readonly ClusterConfig[],
): Promise<{ httpPort: number; httpsPort: number }> {
  const taken = new Set(others.flatMap((o) => (o.ingress ? [o.ingress.httpPort, o.ingress.httpsPort] : [])))
  const choose = async (known: number, next: number) => {
    const port = await freePort(known, taken)
    return port === known ? port : freePort(next, taken)
  }
  const httpPort = wanted.httpPort ?? (await choose(80, 8080))
  taken.add(httpPort)
  return { httpPort, httpsPort: wanted.httpsPort ?? (await choose(443, 8443)) }
}

/** Ranges are numbered: slot 0 has 10.96 and 10.244, slot 1 the next of each. */
function freeSlot(others: readonly ClusterConfig[]): number {
  const used = new Set(others.map((o) => o.serviceCidr))
  for (let slot = 0; slot < MAX_CLUSTERS; slot++) if (!used.has(`10.${96 + slot}.0.0/16`)) return slot
  throw new Error('cannot find a free range of service addresses: there are too many clusters on this machine')
}

/** A configuration for a node of a cluster whose server runs elsewhere. */
export async function chooseNodeConfig(options: {
  name: string
  nodeName: string
  network: { readonly serviceCidr: string; readonly podCidr: string; readonly clusterDomain: string }
  agent: NonNullable<ClusterConfig['agent']>
  others: readonly ClusterConfig[]
}): Promise<ClusterConfig> {
  const { name, nodeName, network, agent } = options
  const taken = new Set(options.others.flatMap((o) => [o.apiPort, o.kubeletPort, o.registryPort]))
  return {
    name,
    nodeName,
    apiPort: 0,
    kubeletPort: await freePort(10250, taken),
    registryPort: await freePort(5000, taken),
    ...network,
    nodePorts: { from: 0, to: 0 },
    runtime: 'cri',
    agent,
  }
}
