// Routes to the pods of other nodes through a VXLAN device, kept equal to the Nodes of the cluster.
// Every node's end of the tunnel has the first address of its pod range, and a hardware address made of it, so that
// nothing has to be agreed upon. Packets: RFC 7348.

import type { Node } from '../api/generated/core-v1.ts'
import { nodes as nodesRef } from '../api/generated/resources.ts'
import type { InformerFactory } from '../client/informer.ts'
import { type Clock, pause } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import type { Logger } from '../machinery/logger.ts'
import { mustRun, type Run } from './host.ts'

/** Another node as seen from here. */
export interface Peer {
  /** `10.244.1.0/24`. */
  readonly podCidr: string
  /** Address of the node itself. */
  readonly nodeIP: string
}

export interface PodRoutesOptions {
  readonly informers: InformerFactory
  readonly nodeName: string
  readonly nodeIP: string
  /** This node's pod range. */
  readonly podCidr: string
  /** Name of the device; at most 15 characters. */
  readonly device: string
  /** Range of all pods of the cluster: gives the tunnel's number. */
  readonly clusterCidr: string
  readonly clock: Clock
  readonly log: Logger
  readonly run: Run
  readonly signal: AbortSignal
}

const PORT = 8472
/** What the outer headers take away. */
const OVERHEAD = 50
const MTU = 1500
const RETRY_MS = 1000

/** The nodes whose pods are reached through the tunnel. */
export function peersOf(nodes: readonly DeepReadonly<Node>[], nodeName: string): Peer[] {
  const peers: Peer[] = []
  for (const { metadata, spec, status } of nodes) {
    const nodeIP = status.addresses?.find((a) => a.type === 'InternalIP')?.address
    if (metadata.name === nodeName || !spec.podCIDR || !nodeIP || metadata.deletionTimestamp) continue
    peers.push({ podCidr: spec.podCIDR, nodeIP })
  }
  return peers.sort((a, b) => a.podCidr.localeCompare(b.podCidr))
}

/** The number of the tunnel: the first three bytes of the cluster's pod range, which clusters on one machine differ in. */
export function tunnelId(clusterCidr: string): number {
  const [a = 0, b = 0, c = 0] = clusterCidr.split('/')[0]?.split('.').map(Number) ?? []
  return a * 65_536 + b * 256 + c
}

const baseOf = (cidr: string) => cidr.split('/')[0] ?? ''

/** The hardware address of the tunnel's end at the node with this pod range. */
export function tunnelMac(podCidr: string): string {
  const octets = baseOf(podCidr).split('.').map(Number)
  return [0x0a, 0x59, ...octets].map((n) => n.toString(16).padStart(2, '0')).join(':')
}

/** Runs until the signal aborts. The device and its routes stay, so that pods outlive a restart. */
export async function runPodRoutes(options: PodRoutesOptions): Promise<void> {
  const { informers, nodeName, clock, log, signal } = options
  const nodes = informers.informer(nodesRef)
  let wake: () => void = () => {}
  let dirty = true
  const changed = () => {
    dirty = true
    wake()
  }
  nodes.subscribe({ add: changed, update: changed, delete: changed })
  signal.addEventListener('abort', () => wake(), { once: true })
  await Promise.race([nodes.waitForSync(), aborted(signal)])
  let applied: string | undefined
  while (!signal.aborted) {
    if (!dirty) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      continue
    }
    dirty = false
    const peers = peersOf(nodes.list(), nodeName)
    const wanted = JSON.stringify(peers)
    if (wanted === applied) continue
    try {
      await applyPeers(options, peers)
      applied = wanted
      log.info('pod-routes-applied', { peers: peers.length })
    } catch (error) {
      log.warn('pod-routes-failed', { error })
      dirty = true
      await pause(clock, RETRY_MS, { signal })
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Brings device, neighbours and routes in line. A node that is alone has no device. */
async function applyPeers(options: PodRoutesOptions, peers: readonly Peer[]): Promise<void> {
  const { device, run } = options
  const exists = (await run('ip', ['link', 'show', 'dev', device])).code === 0
  if (peers.length === 0 && !exists) return
  await setUpDevice(options, exists)
  const must = (what: string, ...command: [string, ...string[]]) => mustRun(run, what, command)
  for (const { podCidr, nodeIP } of peers) {
    const mac = tunnelMac(podCidr)
    const end = baseOf(podCidr)
    await must(`reach node ${nodeIP}`, 'bridge', 'fdb', 'replace', mac, 'dev', device, 'dst', nodeIP)
    await must(`reach ${end}`, 'ip', 'neigh', 'replace', end, 'lladdr', mac, 'dev', device, 'nud', 'permanent')
    await must(`route ${podCidr}`, 'ip', 'route', 'replace', podCidr, 'via', end, 'dev', device, 'onlink')
  }
  await removeOthers(options, peers)
}

async function setUpDevice(options: PodRoutesOptions, exists: boolean): Promise<void> {
  const { device, run, nodeIP, podCidr, clusterCidr } = options
  const must = (what: string, ...command: [string, ...string[]]) => mustRun(run, what, command)
  if (!exists) {
    const id = String(tunnelId(clusterCidr))
    const kind = ['type', 'vxlan', 'id', id, 'local', nodeIP, 'dstport', String(PORT), 'nolearning']
    await must(`create tunnel "${device}"`, 'ip', 'link', 'add', 'name', device, ...kind)
  }
  const mtu = String(MTU - OVERHEAD)
  await must(`set up "${device}"`, 'ip', 'link', 'set', 'dev', device, 'address', tunnelMac(podCidr), 'mtu', mtu, 'up')
  // Lets `localhost:<node port>` reach pods of other nodes.
  await must(`set up "${device}"`, 'sysctl', '-q', '-w', `net/ipv4/conf/${device}/route_localnet=1`)
  await must(`address of "${device}"`, 'ip', 'address', 'replace', `${baseOf(podCidr)}/32`, 'dev', device)
}

/** Removes routes, neighbours and forwarding entries of nodes that have gone. */
async function removeOthers({ device, run }: PodRoutesOptions, peers: readonly Peer[]): Promise<void> {
  const must = (what: string, ...command: [string, ...string[]]) => mustRun(run, what, command)
  const ranges = new Set(peers.map((p) => p.podCidr))
  const macs = new Set(peers.map((p) => tunnelMac(p.podCidr)))
  const ends = new Set(peers.map((p) => baseOf(p.podCidr)))
  const routes = await must('list routes', 'ip', '-4', 'route', 'show', 'dev', device)
  for (const [, range = ''] of routes.matchAll(/^(\S+\/\d+) via /gm)) {
    if (!ranges.has(range)) await must(`forget ${range}`, 'ip', 'route', 'delete', range, 'dev', device)
  }
  const neighbours = await must('list neighbours', 'ip', '-4', 'neigh', 'show', 'dev', device, 'nud', 'permanent')
  for (const [, end = ''] of neighbours.matchAll(/^(\d+\.\d+\.\d+\.\d+) /gm)) {
    if (!ends.has(end)) await must(`forget ${end}`, 'ip', 'neigh', 'delete', end, 'dev', device)
  }
  const entries = await must('list forwarding entries', 'bridge', 'fdb', 'show', 'dev', device)
  for (const [, mac = '', dst = ''] of entries.matchAll(/^(\S+) dst (\S+)/gm)) {
    if (!macs.has(mac)) await must(`forget ${mac}`, 'bridge', 'fdb', 'delete', mac, 'dev', device, 'dst', dst)
  }
}
