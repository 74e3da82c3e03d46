// The fixed part of the cluster's nftables table: hooks, maps, and the chains that every packet's first one passes.

import type { ElementStore } from './rule-items.ts'

export interface BaseOptions {
  readonly table: string
  readonly bridge: string
  /** The device that leads to other nodes' pods; need not be there. */
  readonly tunnel?: string
  readonly podCidr: string
  /**
   * Names (`sp-*`) of bridges of other clusters on this machine, which may include this one's: cluster IPs that
   * their pods ask for are those of their own cluster, even where the service ranges are the same.
   */
  readonly otherBridges?: readonly string[]
}

/** Marks a connection whose sender is to be replaced on the way out; cleared again there. */
const MARK = '0x4000'
const MARK_CLEAR = '0xffffbfff'

const VIRTUAL = 'ipv4_addr . inet_proto . inet_service'
const PORT = 'inet_proto . inet_service'

/** The type of each store; a `:` makes it a map. */
const STORES: Readonly<Record<ElementStore, string>> = {
  service_ips: `${VIRTUAL} : verdict`,
  node_ports: `${PORT} : verdict`,
  host_ports: `${PORT} : ipv4_addr . inet_service`,
  host_ip_ports: `${VIRTUAL} : ipv4_addr . inet_service`,
  cluster_ips: 'ipv4_addr',
  no_endpoints: VIRTUAL,
  no_endpoint_ports: PORT,
  hairpin: 'ipv4_addr . ipv4_addr',
}

/** Names of the chains below, which a resynchronisation keeps. */
export const BASE_CHAINS: readonly string[] = [
  'guard_loopback',
  'prerouting',
  'output',
  'postrouting',
  'input',
  'forward',
  'filter_output',
  'services',
  'local_ports',
  'mark_masquerade',
  'no_service',
  'reject_connection',
]

export const BASE_STORES: readonly string[] = Object.keys(STORES)

/** Whether a store maps keys to values. */
export function isMap(store: ElementStore): boolean {
  return STORES[store].includes(':')
}

/** The commands that make the fixed part in an existing table without rules; safe to repeat. */
export function renderBase({ table, bridge, tunnel, podCidr, otherBridges = [] }: BaseOptions): string[] {
  const t = `ip ${table}`
  const stores = Object.entries(STORES).flatMap(([name, type]) => {
    const kind = type.includes(':') ? 'map' : 'set'
    return [`add ${kind} ${t} ${name} { type ${type} ; }`, `flush ${kind} ${t} ${name}`]
  })
  const rule = (chain: string) => (text: string) => `add rule ${t} ${chain} ${text}`
  const hook = (chain: string, type: string, at: string, priority: string) =>
    `add chain ${t} ${chain} { type ${type} hook ${at} priority ${priority} ; policy accept ; }`
  return [
    ...stores,
    hook('guard_loopback', 'filter', 'prerouting', 'raw'),
    hook('prerouting', 'nat', 'prerouting', 'dstnat'),
    hook('output', 'nat', 'output', '-100'),
    hook('postrouting', 'nat', 'postrouting', 'srcnat'),
    hook('input', 'filter', 'input', 'filter'),
    hook('forward', 'filter', 'forward', 'filter'),
    hook('filter_output', 'filter', 'output', 'filter'),
    ...['services', 'local_ports', 'mark_masquerade', 'no_service', 'reject_connection'].map(
      (chain) => `add chain ${t} ${chain}`,
    ),
    // Bridge and tunnel route 127.0.0.0/8 so that answers to `localhost:<node port>` come back; pods must not use that.
    ...[bridge, ...(tunnel === undefined ? [] : [tunnel])].map((device) =>
      rule('guard_loopback')(`iifname "${device}" ip daddr 127.0.0.0/8 drop`),
    ),
    rule('prerouting')('jump services'),
    rule('output')('jump services'),
    ...otherBridges.map((name) =>
      rule('services')(`iifname "${name}" iifname != "${bridge}" ip daddr @cluster_ips return`),
    ),
    ...[
      'ip daddr . meta l4proto . th dport vmap @service_ips',
      'fib daddr type local meta l4proto { tcp, udp, sctp } jump local_ports',
    ].map(rule('services')),
    ...[
      'meta l4proto . th dport vmap @node_ports',
      'dnat ip to ip daddr . meta l4proto . th dport map @host_ip_ports',
      'dnat ip to meta l4proto . th dport map @host_ports',
    ].map(rule('local_ports')),
    rule('mark_masquerade')(`meta mark set meta mark or ${MARK}`),
    ...[
      'oifname "lo" accept',
      `meta mark and ${MARK} == ${MARK} meta mark set meta mark and ${MARK_CLEAR} masquerade fully-random`,
      'ct status dnat ip saddr . ip daddr @hairpin masquerade fully-random',
      'ip saddr 127.0.0.0/8 masquerade fully-random',
      `oifname != "${bridge}" ip saddr ${podCidr} ip daddr != { ${podCidr}, 224.0.0.0/4 } masquerade fully-random`,
    ].map(rule('postrouting')),
    rule('input')('ct state new jump no_service'),
    rule('forward')('ct state new jump no_service'),
    rule('filter_output')('ct state new jump no_service'),
    // The way between two pods of this node leads in and out by the same bridge; nobody needs to hear of a shorter one.
    rule('filter_output')(`oifname "${bridge}" icmp type redirect drop`),
    ...[
      'ip daddr . meta l4proto . th dport @no_endpoints goto reject_connection',
      'fib daddr type local meta l4proto . th dport @no_endpoint_ports goto reject_connection',
      'ip daddr @cluster_ips goto reject_connection',
    ].map(rule('no_service')),
    ...['meta l4proto tcp reject with tcp reset', 'reject'].map(rule('reject_connection')),
  ]
}
