// The parts that rules are made of: each is one thing in the cluster's nftables table with a value to compare.

/** The maps and sets whose elements services and pods contribute; declared in base-rules.ts. */
export type ElementStore =
  | 'service_ips'
  | 'node_ports'
  | 'host_ports'
  | 'host_ip_ports'
  | 'cluster_ips'
  | 'no_endpoints'
  | 'no_endpoint_ports'
  | 'hairpin'

/** A chain with its rules, a set of clients with a timeout, or one element (`value` is absent in sets). */
export type RuleItem =
  | { readonly kind: 'chain'; readonly name: string; readonly rules: readonly string[] }
  | { readonly kind: 'affinity'; readonly name: string; readonly timeoutSeconds: number }
  | { readonly kind: 'element'; readonly store: ElementStore; readonly key: string; readonly value?: string }

/** A virtual UDP address and who stands behind it, for stale connection tracking. `ip` is absent for node ports. */
export interface UdpEntry {
  readonly ip?: string
  readonly port: number
  readonly backends: readonly string[]
}

/** What one service or one pod contributes. */
export interface Rules {
  readonly items: readonly RuleItem[]
  readonly udp: readonly UdpEntry[]
}

/** What makes two items the same thing. */
export function idOf(item: RuleItem): string {
  return item.kind === 'element' ? `element ${item.store} ${item.key}` : `${item.kind} ${item.name}`
}

/** Whether two items with the same id are equal in value. */
export function sameItem(a: RuleItem, b: RuleItem): boolean {
  if (a.kind === 'chain' && b.kind === 'chain') return a.rules.join('\n') === b.rules.join('\n')
  if (a.kind === 'affinity' && b.kind === 'affinity') return a.timeoutSeconds === b.timeoutSeconds
  return a.kind === 'element' && b.kind === 'element' && a.value === b.value
}
