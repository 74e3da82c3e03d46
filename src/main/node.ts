// This machine as a node: containerd, the kubelet, the pod network, services, DNS.

import { readFileSync, writeFileSync } from 'node:fs'
import type { Node } from '../api/generated/core-v1.ts'
import { nodes } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import { type KubeletHandle, runKubelet } from '../kubelet/kubelet.ts'
import { PAUSE_IMAGE } from '../kubelet/runtime/containerd/image-archive.ts'
import { ensurePauseImage } from '../kubelet/runtime/containerd/pause-image.ts'
import { writePauseSeccompProfile } from '../kubelet/runtime/containerd/pause-seccomp.ts'
import { type ContainerdOptions, startContainerd } from '../kubelet/runtime/containerd/start-containerd.ts'
import { createCriRuntime } from '../kubelet/runtime/cri/cri-runtime.ts'
import type { Runtime } from '../kubelet/runtime/runtime.ts'
import { createSimulatedRuntime } from '../kubelet/runtime/simulated/simulated-runtime.ts'
import { plainDirectories } from '../kubelet/volumes/mounter.ts'
import type { Clock } from '../machinery/clock.ts'
import { isReason } from '../machinery/errors.ts'
import type { Logger } from '../machinery/logger.ts'
import type { Random } from '../machinery/random.ts'
import { listenRegistry, type Registry, type RegistryListener } from '../registry/registry.ts'
import { writeRegistryHosts } from '../registry/registry-hosts.ts'
import type { KeyPair } from './certificates.ts'
import { bridgeName, type ClusterConfig, type ClusterPaths } from './config.ts'
import { CNI_DIRS } from './host.ts'
import { gitVersion } from './version.ts'

/** What starting the container runtime takes. */
export interface RuntimeSetup {
  readonly config: ClusterConfig
  readonly paths: ClusterPaths
  readonly env: NodeJS.ProcessEnv
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly signal: AbortSignal
}

export interface NodeSetup extends RuntimeSetup {
  readonly nodeIP: string
  readonly dnsIP: string
  readonly serving: KeyPair
  readonly clientCa: string
}

/** Options of the cluster's own containerd; `delete` needs the same ones. */
export function containerdOptions(setup: Omit<RuntimeSetup, 'random'>): ContainerdOptions {
  const { config, paths, env, clock, log, signal } = setup
  return {
    name: config.name,
    stateDir: `${paths.run}/containerd`,
    rootDir: paths.containerd,
    socketPath: paths.containerdSocket,
    configPath: `${paths.data}/containerd.toml`,
    pidPath: `${paths.run}/containerd.pid`,
    logPath: `${paths.data}/containerd.log`,
    sandboxImage: config.pauseImage ?? PAUSE_IMAGE,
    cniConfDir: paths.cniConf,
    cniBinDirs: CNI_DIRS,
    registryHostsDir: paths.registryHosts,
    env: withSystemPath(env),
    clock,
    log,
    signal,
  }
}

/** Programs of the system administrator are found whatever the caller's PATH. */
function withSystemPath(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, PATH: `${env.PATH ?? ''}:/usr/sbin:/sbin:/usr/local/sbin` }
}

/** How the cluster's CNI network is called and where it keeps its state. */
export function cniOptions(config: ClusterConfig, paths: ClusterPaths) {
  return {
    confDir: paths.cniConf,
    networkName: `sampan-${config.name}`,
    bridge: bridgeName(config.name),
    ipamDir: paths.cniState,
  }
}

/** Starts, or takes over, the container runtime. May begin before the API is there. */
export async function startRuntime(setup: RuntimeSetup): Promise<Runtime> {
  const { config, paths, clock, random, log, signal } = setup
  if (config.runtime === 'simulated')
    return createSimulatedRuntime({ clock, random, podCidr: firstSubnet(config.podCidr) })
  const cni = cniOptions(config, paths)
  if (config.containerRuntimeEndpoint)
    return createCriRuntime({ endpoint: config.containerRuntimeEndpoint, clock, log, cni })
  const options = containerdOptions(setup)
  const containerd = await startContainerd(options)
  // The profile is made for our own pause program; nobody knows what another one calls.
  const sandboxSeccomp = config.pauseImage
    ? undefined
    : await writePauseSeccompProfile(paths.pauseSeccomp, process.arch)
  const runtime = await createCriRuntime({
    endpoint: containerd.endpoint,
    clock,
    log,
    cni,
    ...(sandboxSeccomp ? { sandboxSeccomp } : {}),
  })
  // Another one is pulled like any image, when the first pod needs it.
  if (config.pauseImage) return runtime
  await ensurePauseImage({
    runtime,
    endpoint: containerd.endpoint,
    snapshotter: containerd.snapshotter,
    env: options.env,
    program: '/usr/bin/catatonit',
    arch: process.arch === 'x64' ? 'amd64' : process.arch,
    clock,
    signal,
  })
  return runtime
}

/** Starts the image registry on loopback and makes it the first place where images are looked for. */
export async function startRegistry(setup: RuntimeSetup): Promise<Registry & RegistryListener> {
  const { config, paths, clock, random, log } = setup
  const registry = await listenRegistry({
    root: paths.registry,
    clock,
    random,
    log,
    host: '127.0.0.1',
    port: config.registryPort,
  })
  const mirrors = config.registryMirrors ?? []
  await writeRegistryHosts({ dir: paths.registryHosts, endpoint: registry.endpoint, mirrors, random })
  return registry
}

/** The first /24 of the pods' range: that of the cluster's first node. */
function firstSubnet(cidr: string): string {
  return `${cidr.split('/')[0]}/24`
}

/** The pod range of this node: what the API says, else the first one, which the controller gives out first. */
export async function podCidrOf(client: Client, setup: Pick<NodeSetup, 'config'>): Promise<string> {
  try {
    const node = await client.get<Node>(nodes, { name: setup.config.nodeName })
    return node.spec.podCIDR ?? firstSubnet(setup.config.podCidr)
  } catch (error) {
    if (isReason(error, 'NotFound')) return firstSubnet(setup.config.podCidr)
    throw error
  }
}

/** Starts the kubelet; resolves when the node is registered. `client` acts as the node. */
export function startKubelet(
  setup: NodeSetup,
  client: Client,
  runtime: Runtime,
  podCidr: string,
): Promise<KubeletHandle> {
  const { config, paths, clock, random, log, signal } = setup
  return runKubelet({
    client,
    runtime,
    nodeName: config.nodeName,
    nodeIPs: [setup.nodeIP],
    hostname: config.nodeName,
    dirs: { root: paths.kubelet, podLogs: paths.podLogs },
    cluster: { dns: [setup.dnsIP], domain: config.clusterDomain },
    podCidr,
    clock,
    random,
    log,
    signal,
    server: {
      host: '0.0.0.0',
      port: config.kubeletPort,
      tls: { ...setup.serving, clientCA: setup.clientCa },
      // Only the API server's own client certificate is let in; everyone else goes through the API server.
      authorize: async ({ user }) =>
        user === undefined ? 'unauthenticated' : user.groups.includes('system:masters') ? 'allowed' : 'denied',
    },
    version: gitVersion,
    labels: {},
    resolvConf: resolvConf(paths),
    ...(config.runtime === 'simulated'
      ? { mounter: plainDirectories }
      : { cgroupRoot: `/sampan-${config.name}/kubepods` }),
  })
}

/** The machine's real name servers: where a local stub answers on loopback, those behind it. */
export function upstreamNameServers(): string[] {
  const text = readOptional('/etc/resolv.conf')
  const direct = nameServers(text).filter((s) => !s.startsWith('127.'))
  return direct.length > 0
    ? direct
    : nameServers(readOptional('/run/systemd/resolve/resolv.conf')).filter((s) => !s.startsWith('127.'))
}

/** A resolver configuration without loopback addresses, which mean nothing inside a pod. */
function resolvConf(paths: ClusterPaths): string {
  const searches = readOptional('/etc/resolv.conf')
    .split('\n')
    .filter((line) => line.startsWith('search '))
  writeFileSync(
    paths.dnsConfig,
    `${[...upstreamNameServers().map((s) => `nameserver ${s}`), ...searches].join('\n')}\n`,
  )
  return paths.dnsConfig
}

function nameServers(text: string): string[] {
  return [...text.matchAll(/^nameserver\s+(\S+)/gm)].map((m) => m[1] ?? '')
}

function readOptional(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
