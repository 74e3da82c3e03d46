// What a cluster is: everything that is chosen once, when it is first brought up, and kept with its data.

import { createHash } from 'node:crypto'

/** Chosen at the first `up` and read back at every later one. All addresses IPv4. */
export interface ClusterConfig {
  readonly name: string
  readonly nodeName: string
  readonly apiPort: number
  readonly kubeletPort: number
  readonly registryPort: number
  readonly serviceCidr: string
  readonly podCidr: string
  readonly nodePorts: { readonly from: number; readonly to: number }
  readonly clusterDomain: string
  /** `cri`: containers on containerd. `simulated`: pods that run nothing. */
  readonly runtime: 'cri' | 'simulated'
  /** CRI endpoint of a runtime that someone else runs; absent: our own containerd. */
  readonly containerRuntimeEndpoint?: string
  /** Whether API versions that upstream retired are served; absent: they are. */
  readonly legacyApis?: boolean
  /** Flags of the API server under upstream's names, with their values. */
  readonly apiServer?: Readonly<Record<string, string>>
  /** Port on 127.0.0.1 for plain HTTP without any authentication; absent: there is none. */
  readonly insecurePort?: number
  /** Image of the pods' sandboxes; absent: the one that is built here. */
  readonly pauseImage?: string
  /** URLs that are asked for images after the cluster's registry and before the images' own. */
  readonly registryMirrors?: readonly string[]
  /** Where the ingress controller listens; absent: there is none. */
  readonly ingress?: { readonly httpPort: number; readonly httpsPort: number }
  /** Whether gateways are served by the ingress controller's nginx; absent: they are. */
  readonly gatewayApi?: boolean
  /** Set when this is a node that joined a cluster whose server runs elsewhere. */
  readonly agent?: {
    /** `https://10.0.0.1:6443`. */
    readonly server: string
    /** The cluster it belongs to, when that is one of this machine; its network namespace is then its own. */
    readonly cluster?: string
    /** Which address of the range of nodes on this machine it has. */
    readonly index?: number
  }
}

/** Every path of a cluster on this machine. */
export interface ClusterPaths {
  readonly data: string
  readonly run: string
  readonly config: string
  readonly kubeconfig: string
  readonly pki: string
  readonly store: string
  readonly log: string
  readonly pidFile: string
  readonly lock: string
  readonly kubelet: string
  readonly podLogs: string
  readonly containerd: string
  readonly containerdSocket: string
  readonly pauseSeccomp: string
  readonly cniConf: string
  readonly cniState: string
  readonly registry: string
  readonly registryHosts: string
  readonly dnsConfig: string
}

const MAX_INTERFACE = 15

/** The paths of the cluster `name` below the roots for lasting data and for sockets. */
export function clusterPaths(roots: { data: string; run: string }, name: string): ClusterPaths {
  const data = `${roots.data}/${name}`
  const run = `${roots.run}/${name}`
  return {
    data,
    run,
    config: `${data}/config.json`,
    kubeconfig: `${data}/kubeconfig.yaml`,
    pki: `${data}/pki`,
    store: `${data}/store`,
    log: `${data}/sampan.log`,
    pidFile: `${run}/sampan.pid`,
    lock: `${run}/sampan.lock`,
    kubelet: `${data}/kubelet`,
    podLogs: `${data}/pod-logs`,
    containerd: `${data}/containerd`,
    containerdSocket: `${run}/containerd.sock`,
    pauseSeccomp: `${data}/pause-seccomp.json`,
    cniConf: `${data}/cni/conf`,
    cniState: `${data}/cni/state`,
    registry: `${data}/registry`,
    registryHosts: `${data}/registry-hosts`,
    dnsConfig: `${data}/resolv.conf`,
  }
}

/** The bridge of a cluster's pods. */
export function bridgeName(cluster: string): string {
  return cluster === 'sampan' ? 'sampan0' : interfaceName('sp-', cluster)
}

/** The tunnel to the pods of a cluster's other nodes. */
export function tunnelName(cluster: string): string {
  return interfaceName('spv-', cluster)
}

/** The bridge to a cluster's further nodes on this machine. */
export function nodeBridgeName(cluster: string): string {
  return interfaceName('spn-', cluster)
}

/** A name for a network interface that carries the cluster's name; shortened by a hash when it is too long. */
export function interfaceName(prefix: string, name: string): string {
  const plain = `${prefix}${name}`
  if (plain.length <= MAX_INTERFACE && /^[\w.-]+$/.test(plain)) return plain
  const hash = createHash('sha256').update(name).digest('hex')
  return `${prefix}${hash}`.slice(0, MAX_INTERFACE)
}

/** The nftables table of a cluster. */
export function nftablesTable(cluster: string): string {
  return cluster === 'sampan' ? 'sampan' : `sampan_${cluster.replace(/[^a-z0-9]/g, '_')}`
}

/** The n-th address of a range: 1 for the API, 10 for DNS. */
export function addressIn(cidr: string, n: number): string {
  const [base = ''] = cidr.split('/')
  const value = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + n
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}

/** The range of further nodes on this machine: numbered like the cluster's other ranges, 10.160 beside 10.96. */
export function nodeCidr({ serviceCidr }: Pick<ClusterConfig, 'serviceCidr'>): string {
  const slot = Number(serviceCidr.split('.')[1]) - 96
  return `10.${160 + slot}.0.0/24`
}
