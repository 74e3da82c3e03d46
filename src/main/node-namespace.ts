// Room for a further node on this machine: a network namespace of its own, joined to the machine by a bridge.

import { mustRun, type Run } from '../network/host.ts'
import { addressIn, interfaceName } from './config.ts'

export interface NodeNamespace {
  /** Name of the namespace: that of the node on this machine. */
  readonly name: string
  /** The bridge to this cluster's nodes, and their range; the machine has its first address. */
  readonly bridge: string
  readonly cidr: string
  /** Which address of the range the node has: 2 and up. */
  readonly index: number
}

/** Command that runs something in the namespace. It keeps the machine's /sys, where the cgroups are. */
export function inNamespace(name: string): [string, ...string[]] {
  return ['nsenter', `--net=/run/netns/${name}`]
}

const hostSide = (name: string) => interfaceName('spl-', name)
const tableOf = (bridge: string) => `sampan_${bridge.replace(/[^a-z0-9]/g, '_')}`

/** Makes bridge and namespace, or brings them into this shape. Safe to repeat. */
export async function setUpNodeNamespace(options: NodeNamespace, run: Run): Promise<void> {
  const { name, bridge, cidr, index } = options
  const gateway = addressIn(cidr, 1)
  const length = cidr.split('/')[1]
  const ip = (what: string, ...args: string[]) => mustRun(run, what, ['ip', ...args])
  if ((await run('ip', ['link', 'show', 'dev', bridge])).code !== 0) {
    await ip(`create bridge "${bridge}"`, 'link', 'add', 'name', bridge, 'type', 'bridge')
  }
  await ip(`set up bridge "${bridge}"`, 'address', 'replace', `${gateway}/${length}`, 'dev', bridge)
  await ip(`set up bridge "${bridge}"`, 'link', 'set', 'dev', bridge, 'up')
  await mustRun(run, 'let packets of nodes through', ['sysctl', '-q', '-w', 'net.ipv4.ip_forward=1'])
  await mustRun(run, 'masquerade nodes', ['nft', '-f', '-'], masquerade(bridge, cidr))
  const { stdout } = await run('ip', ['netns', 'list'])
  if (stdout.split('\n').some((line) => line.split(' ')[0] === name)) return
  const link = hostSide(name)
  const [program, ...inside] = inNamespace(name)
  const within = (what: string, ...args: string[]) => mustRun(run, what, [program, ...inside, 'ip', ...args])
  await ip(`create namespace "${name}"`, 'netns', 'add', name)
  const peer = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', name]
  await ip(`connect namespace "${name}"`, 'link', 'add', 'name', link, ...peer)
  await ip(`connect namespace "${name}"`, 'link', 'set', 'dev', link, 'master', bridge, 'up')
  await within(`set up "${name}"`, 'link', 'set', 'dev', 'lo', 'up')
  await within(`set up "${name}"`, 'address', 'add', `${addressIn(cidr, index)}/${length}`, 'dev', 'eth0')
  await within(`set up "${name}"`, 'link', 'set', 'dev', 'eth0', 'up')
  await within(`set up "${name}"`, 'route', 'add', 'default', 'via', gateway)
}

/** What nodes send beyond this machine leaves with its address. */
function masquerade(bridge: string, cidr: string): string {
  const t = `ip ${tableOf(bridge)}`
  return [
    `add table ${t}`,
    `delete table ${t}`,
    `add table ${t}`,
    `add chain ${t} postrouting { type nat hook postrouting priority srcnat ; policy accept ; }`,
    `add rule ${t} postrouting ip saddr ${cidr} ip daddr != ${cidr} oifname != "${bridge}" masquerade`,
    '',
  ].join('\n')
}

/** Removes the namespace with everything in it: interfaces, routes, rules. What is not there is left at that. */
export async function removeNodeNamespace(name: string, run: Run): Promise<void> {
  await deleteLink(hostSide(name), run)
  const { code, stderr } = await run('ip', ['netns', 'delete', name])
  if (code !== 0 && !stderr.includes('No such file')) {
    throw new Error(`cannot delete network namespace "${name}": ${stderr.trim()}`)
  }
}

/** Removes the bridge to the nodes, once none is left. */
export async function removeNodeBridge(bridge: string, run: Run): Promise<void> {
  const t = `ip ${tableOf(bridge)}`
  await mustRun(run, `delete nftables table "${t}"`, ['nft', '-f', '-'], `add table ${t}\ndelete table ${t}\n`)
  await deleteLink(bridge, run)
}

async function deleteLink(name: string, run: Run): Promise<void> {
  const { code, stderr } = await run('ip', ['link', 'delete', name])
  if (code !== 0 && !stderr.includes('Cannot find device')) {
    throw new Error(`cannot delete interface "${name}": ${stderr.trim()}`)
  }
}
