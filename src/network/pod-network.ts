// The bridge that this machine's pods hang on: made before the first pod, removed with the cluster.

import { parseCidr, parseIPv4 } from './addresses.ts'
import { mustRun, type Run } from './host.ts'

export interface PodNetworkOptions {
  readonly bridge: string
  /** The nftables table name, used in the families ip and bridge. */
  readonly table: string
  /** The bridge's address with the length of this node's range: `10.244.0.1/24`. */
  readonly gatewayCidr: string
  /** The range of all pods of the cluster. */
  readonly podCidr: string
  /** Routed to the bridge when the machine has no other route there, so that services work without a network. */
  readonly serviceCidr?: string
  readonly mtu?: number
  readonly run: Run
}

/** Makes the bridge, or brings an existing one into this shape. Safe to repeat. */
export async function setUpPodNetwork(options: PodNetworkOptions): Promise<void> {
  const { bridge, gatewayCidr, run, mtu } = options
  const mac = bridgeMac(gatewayCidr)
  const ip = (what: string, ...args: string[]) => mustRun(run, what, ['ip', ...args])
  if ((await run('ip', ['link', 'show', 'dev', bridge])).code !== 0) {
    await ip(`create bridge "${bridge}"`, 'link', 'add', 'name', bridge, 'type', 'bridge')
  }
  // A bridge without an address of its own changes it with every pod that comes or goes.
  const size = mtu === undefined ? [] : ['mtu', String(mtu)]
  await ip(`set up bridge "${bridge}"`, 'link', 'set', 'dev', bridge, 'address', mac, ...size, 'up')
  const present = await ip('list addresses', '-o', '-4', 'address', 'show', 'dev', bridge)
  for (const [, address = ''] of present.matchAll(/ inet (\S+) /g)) {
    if (address !== gatewayCidr) await ip(`remove ${address}`, 'address', 'del', address, 'dev', bridge)
  }
  await ip(`add ${gatewayCidr} to bridge "${bridge}"`, 'address', 'replace', gatewayCidr, 'dev', bridge)
  await mustRun(run, 'set kernel parameters of the pod network', [
    'sysctl',
    '-q',
    '-w',
    'net.ipv4.ip_forward=1',
    // `/` keeps dots that are part of the interface's name.
    `net/ipv4/conf/${bridge}/route_localnet=1`,
    `net/ipv4/conf/${bridge}/send_redirects=0`,
  ])
  await mustRun(run, 'route pods through the bridge', ['nft', '-f', '-'], bridgeRules({ ...options, mac }))
  await routeServices(options)
}

/**
 * Pods of one node are neighbours on the bridge, so an answer would go straight to the client, past the address
 * translation that made the client's service address an endpoint. These rules hand such frames to the machine's
 * own IP layer instead, which needs no br_netfilter and touches no other bridge.
 */
function bridgeRules(options: { table: string; podCidr: string; mac: string }): string {
  const { table, podCidr, mac } = options
  const t = `bridge ${table}`
  return [
    `add table ${t}`,
    `delete table ${t}`,
    `add table ${t}`,
    `add chain ${t} prerouting { type filter hook prerouting priority dstnat ; policy accept ; }`,
    `add rule ${t} prerouting ip saddr ${podCidr} ip daddr ${podCidr} ether daddr & 01:00:00:00:00:00 == 00:00:00:00:00:00 ether daddr set ${mac} meta pkttype set host`,
    '',
  ].join('\n')
}

/** Removes rules, routes, the bridge, and the interfaces on it. What is not there is left at that. */
export async function tearDownPodNetwork(options: {
  readonly bridge: string
  readonly table: string
  /** Devices besides the bridge that carry pods' packets. */
  readonly devices?: readonly string[]
  readonly run: Run
}): Promise<void> {
  const { bridge, table, devices = [], run } = options
  for (const device of devices) await deleteLink(run, device)
  for (const family of ['ip', 'bridge']) {
    // Adding first makes deleting work whether there is a table or not.
    const t = `${family} ${table}`
    await mustRun(run, `delete nftables table "${t}"`, ['nft', '-f', '-'], `add table ${t}\ndelete table ${t}\n`)
  }
  const { code, stdout } = await run('ip', ['-o', 'link', 'show', 'master', bridge])
  if (code !== 0) return
  for (const [, port = ''] of stdout.matchAll(/^\d+: ([^:@\s]+)/gm)) await deleteLink(run, port)
  await deleteLink(run, bridge)
}

async function deleteLink(run: Run, name: string): Promise<void> {
  const { code, stderr } = await run('ip', ['link', 'delete', name])
  if (code !== 0 && !stderr.includes('Cannot find device')) {
    throw new Error(`cannot delete interface "${name}": ${stderr.trim()}`)
  }
}

async function routeServices({ serviceCidr, gatewayCidr, bridge, run }: PodNetworkOptions): Promise<void> {
  const range = serviceCidr === undefined ? undefined : parseCidr(serviceCidr)
  if (serviceCidr === undefined || !range) return
  const probe = formatIPv4(range.first + 1)
  if ((await run('ip', ['route', 'get', probe])).code === 0) return
  const [gateway = ''] = gatewayCidr.split('/')
  const route = ['ip', 'route', 'replace', serviceCidr, 'dev', bridge, 'src', gateway] as const
  await mustRun(run, `route ${serviceCidr}`, [...route])
}

/** A locally administered address that is made of the gateway's. */
function bridgeMac(gatewayCidr: string): string {
  const address = parseIPv4(gatewayCidr.split('/')[0] ?? '')
  if (address === undefined) throw new Error(`cannot use gateway "${gatewayCidr}": not an IPv4 address with a length`)
  const octets = formatIPv4(address).split('.').map(Number)
  return [0x0a, 0x58, ...octets].map((n) => n.toString(16).padStart(2, '0')).join(':')
}

function formatIPv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}
