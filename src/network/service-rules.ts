// Renders one service with its endpoint slices into chains and map elements.

import type { Service, ServicePort } from '../api/generated/core-v1.ts'
import type { EndpointSlice } from '../api/generated/discovery-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { parseCidr, parseIPv4 } from './addresses.ts'
import { type Backend, hasVirtualIP, type Place, type Selected, selectEndpoints } from './endpoint-selection.ts'
import type { RuleItem, Rules, UdpEntry } from './rule-items.ts'

/** What rendering needs to know besides the objects. */
export interface RenderContext extends Place {
  /** The range of all pods of the cluster: traffic from elsewhere is masqueraded. */
  readonly podCidr: string
  /** Addresses of this node. */
  readonly nodeIPs?: readonly string[]
}

const DEFAULT_AFFINITY_SECONDS = 10_800
const NOTHING: Rules = { items: [], udp: [] }

/** The rules of a service; nothing for headless and ExternalName services. */
export function renderService(
  service: DeepReadonly<Service>,
  slices: readonly DeepReadonly<EndpointSlice>[],
  context: RenderContext,
): Rules {
  if (!hasVirtualIP(service)) return NOTHING
  const clusterIPs = ipv4(service.spec.clusterIPs ?? [service.spec.clusterIP ?? ''])
  const items: RuleItem[] = clusterIPs.map((ip) => ({ kind: 'element', store: 'cluster_ips', key: ip }))
  const udp: UdpEntry[] = []
  for (const port of service.spec.ports ?? []) {
    const selected = selectEndpoints(port, slices, context)
    const rendered = new PortRules(service, port, selected, context).render(clusterIPs)
    items.push(...rendered.items)
    udp.push(...rendered.udp)
  }
  return { items, udp }
}

class PortRules {
  readonly #service: DeepReadonly<Service>
  readonly #port: DeepReadonly<ServicePort>
  readonly #selected: Selected
  readonly #context: RenderContext
  readonly #protocol: string
  readonly #name: string
  readonly #items: RuleItem[] = []
  readonly #udp: UdpEntry[] = []

  constructor(
    service: DeepReadonly<Service>,
    port: DeepReadonly<ServicePort>,
    selected: Selected,
    context: RenderContext,
  ) {
    this.#service = service
    this.#port = port
    this.#selected = selected
    this.#context = context
    this.#protocol = (port.protocol ?? 'TCP').toLowerCase()
    const { namespace, name } = service.metadata
    this.#name = `${namespace}/${name}/${this.#protocol}/${port.port}`
  }

  render(clusterIPs: readonly string[]): Rules {
    const { cluster, local } = this.#selected
    const { externalTrafficPolicy, internalTrafficPolicy } = this.#service.spec
    const externalIPs = this.#externalIPs()
    const nodePort = this.#port.nodePort ?? 0
    if (cluster.length === 0 && local.length === 0) {
      for (const ip of [...clusterIPs, ...externalIPs.keys()]) this.#element('no_endpoints', this.#at(ip))
      if (nodePort > 0) this.#element('no_endpoint_ports', `${this.#protocol} . ${nodePort}`)
    } else {
      const externalLocal = externalTrafficPolicy === 'Local' && (nodePort > 0 || externalIPs.size > 0)
      const internalLocal = internalTrafficPolicy === 'Local'
      const localVerdict = externalLocal || internalLocal ? this.#balance('loc', local, 'drop') : 'drop'
      const clusterVerdict = this.#balance('svc', cluster, localVerdict)
      for (const ip of clusterIPs) {
        this.#element('service_ips', this.#at(ip), internalLocal ? localVerdict : clusterVerdict)
      }
      this.#renderExternal({ externalIPs, nodePort, clusterVerdict, localVerdict: externalLocal ? localVerdict : '' })
      this.#renderHairpin()
    }
    this.#trackUdp([...clusterIPs, ...externalIPs.keys()], nodePort)
    return { items: this.#items, udp: this.#udp }
  }

  /** External addresses, each with the source ranges that may use it (none: everyone). */
  #externalIPs(): Map<string, readonly string[]> {
    const { spec, status } = this.#service
    const found = new Map<string, readonly string[]>()
    if (spec.type === 'LoadBalancer') {
      const ranges = (spec.loadBalancerSourceRanges ?? []).map((r) => r.trim()).filter((r) => parseCidr(r))
      const ingress = (status.loadBalancer?.ingress ?? []).filter((i) => i.ipMode !== 'Proxy')
      const addresses = ipv4(ingress.map((i) => i.ip ?? ''))
      for (const ip of addresses) found.set(ip, ranges)
      // Balanced on the nodes themselves: then `localhost` on this one is such an address too.
      if (this.#context.nodeIPs?.some((ip) => addresses.includes(ip))) found.set('127.0.0.1', [])
    }
    for (const ip of ipv4(spec.externalIPs ?? [])) found.set(ip, [])
    return found
  }

  #renderExternal(to: {
    externalIPs: ReadonlyMap<string, readonly string[]>
    nodePort: number
    clusterVerdict: string
    /** Empty under the policy `Cluster`. */
    localVerdict: string
  }): void {
    const { externalIPs, nodePort, clusterVerdict, localVerdict } = to
    if (externalIPs.size === 0 && nodePort === 0) return
    const rules =
      localVerdict === ''
        ? ['jump mark_masquerade', clusterVerdict]
        : [
            // Pods and this machine reach the whole service whatever the policy for outside traffic is.
            `ip saddr ${this.#context.podCidr} ${clusterVerdict}`,
            'fib saddr type local jump mark_masquerade',
            `fib saddr type local ${clusterVerdict}`,
            localVerdict,
          ]
    const external = this.#chain('ext', rules)
    for (const [ip, ranges] of externalIPs) {
      const guarded = ranges.length > 0
      const verdict = guarded
        ? this.#chain('lb', [`ip saddr != { ${[...new Set(ranges)].join(', ')} } drop`, external])
        : external
      this.#element('service_ips', this.#at(ip), verdict)
    }
    if (nodePort > 0) this.#element('node_ports', `${this.#protocol} . ${nodePort}`, external)
  }

  /** A chain that picks one of `backends`; without any, `otherwise`. Returns the verdict that leads there. */
  #balance(prefix: 'svc' | 'loc', backends: readonly Backend[], otherwise: string): string {
    if (backends.length === 0) return otherwise
    const { podCidr } = this.#context
    // Pods' own traffic keeps its address; whoever comes from elsewhere must get the answer through this node.
    const masquerade = prefix === 'svc' ? [`ip saddr != ${podCidr} jump mark_masquerade`] : []
    const rules =
      this.#service.spec.sessionAffinity === 'ClientIP'
        ? this.#stickyRules(backends)
        : [`meta l4proto ${this.#protocol} dnat ip to ${randomBackend(backends)}`]
    return this.#chain(prefix, [...masquerade, ...rules])
  }

  #stickyRules(backends: readonly Backend[]): string[] {
    const timeoutSeconds =
      this.#service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS
    const returning: string[] = []
    const verdicts: string[] = []
    for (const [i, { ip, port }] of backends.entries()) {
      const name = `${this.#name}/${ip}/${port}`
      const clients = `aff/${name}/${timeoutSeconds}`
      const chain = `ep/${name}`
      this.#add({ kind: 'affinity', name: clients, timeoutSeconds })
      this.#add({
        kind: 'chain',
        name: chain,
        rules: [`update @${clients} { ip saddr }`, `meta l4proto ${this.#protocol} dnat ip to ${ip}:${port}`],
      })
      returning.push(`ip saddr @${clients} goto ${chain}`)
      verdicts.push(`${i} : goto ${chain}`)
    }
    return [...returning, `numgen random mod ${backends.length} vmap { ${verdicts.join(', ')} }`]
  }

  /** A pod that reaches itself through the service must not see its own address as the sender. */
  #renderHairpin(): void {
    const addresses = [...this.#selected.cluster, ...this.#selected.local].map((b) => b.ip)
    for (const ip of new Set(addresses)) this.#element('hairpin', `${ip} . ${ip}`)
  }

  #trackUdp(ips: readonly string[], nodePort: number): void {
    if (this.#protocol !== 'udp') return
    const { cluster, local } = this.#selected
    const backends = [...new Set([...cluster, ...local].map((b) => b.ip))].sort()
    for (const ip of ips) this.#udp.push({ ip, port: this.#port.port, backends })
    if (nodePort > 0) this.#udp.push({ port: nodePort, backends })
  }

  #at(ip: string): string {
    return `${ip} . ${this.#protocol} . ${this.#port.port}`
  }

  #chain(prefix: string, rules: readonly string[]): string {
    const name = `${prefix}/${this.#name}`
    this.#add({ kind: 'chain', name, rules })
    return `goto ${name}`
  }

  #element(store: Extract<RuleItem, { kind: 'element' }>['store'], key: string, value?: string): void {
    this.#add(value === undefined ? { kind: 'element', store, key } : { kind: 'element', store, key, value })
  }

  #add(item: RuleItem): void {
    this.#items.push(item)
  }
}

function randomBackend(backends: readonly Backend[]): string {
  const [first] = backends
  if (first && backends.length === 1) return `${first.ip}:${first.port}`
  const choices = backends.map(({ ip, port }, i) => `${i} : ${ip} . ${port}`)
  return `numgen random mod ${backends.length} map { ${choices.join(', ')} }`
}

function ipv4(addresses: readonly string[]): string[] {
  return [...new Set(addresses)].filter((ip) => parseIPv4(ip) !== undefined)
}
