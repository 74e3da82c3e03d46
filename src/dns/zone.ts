// The records of the cluster: services, endpoints, pods, and the way back from addresses to names.
// Spec: https://github.com/kubernetes/dns/blob/master/docs/specification.md

import type { Namespace, Service, ServicePort } from '../api/generated/core-v1.ts'
import type { Endpoint, EndpointSlice } from '../api/generated/discovery-v1.ts'
import type { Lister } from '../client/informer.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { type DnsRecord, RCODE, type Response, TYPE } from './wire.ts'

export interface ZoneOptions {
  readonly services: Lister<Service>
  readonly slices: Lister<EndpointSlice>
  readonly namespaces: Lister<Namespace>
  readonly clusterDomain: string
  readonly serviceIP: string
  /** Ranges of services and pods: nobody else knows names for their addresses. */
  readonly ownRanges: readonly string[]
}

/** An answer, and where a CNAME at its end leads. */
export interface ZoneAnswer extends Response {
  readonly follow?: string
}

/** Names of the indexes that the zone needs on its listers. */
export const INDEX = { serviceByIP: 'dns-ip', sliceByService: 'dns-service', sliceByAddress: 'dns-address' } as const

const TTL = 5
const DNS_VERSION = '1.1.0'
const SERVICE_NAME = 'kubernetes.io/service-name'

export function ipsOfService(service: DeepReadonly<Service>): string[] {
  const { clusterIP = '', clusterIPs = [clusterIP] } = service.spec
  return clusterIPs.filter((ip) => ip !== '' && ip !== 'None')
}

export function serviceOfSlice(slice: DeepReadonly<EndpointSlice>): string[] {
  const name = slice.metadata.labels?.[SERVICE_NAME]
  return name === undefined ? [] : [`${slice.metadata.namespace}/${name}`]
}

export function addressesOfSlice(slice: DeepReadonly<EndpointSlice>): string[] {
  return [...new Set((slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses))]
}

interface Target {
  /** The name whose address it is. */
  readonly host: string
  readonly address: string
  readonly port: number
}

/** What a name stands for: records that exist whatever type is asked for, or nothing at all. */
type Found =
  | { readonly kind: 'targets'; readonly targets: readonly Target[] }
  | { readonly kind: 'alias'; readonly to: string }
  | { readonly kind: 'empty' }
  | { readonly kind: 'none' }

/** Answers questions about the cluster; pure but for reading listers. */
export class ClusterZone {
  readonly #options: ZoneOptions
  readonly #domain: string
  readonly #reverse: readonly string[]

  constructor(options: ZoneOptions) {
    this.#options = options
    this.#domain = options.clusterDomain.toLowerCase().replace(/\.$/, '')
    this.#reverse = options.ownRanges.flatMap(reverseZones)
  }

  /** The answer; nothing when the name is not ours. `name` is lower-case without a final dot. */
  answer(name: string, type: number): ZoneAnswer | undefined {
    if (name.endsWith('.in-addr.arpa')) return this.#answerReverse(name, type)
    if (name === this.#domain) return this.#answerApex(name, type)
    if (!name.endsWith(`.${this.#domain}`)) return undefined
    const labels = name.slice(0, -this.#domain.length - 1).split('.')
    const text = labels.join('.')
    if (text === 'dns-version') {
      return type === TYPE.TXT ? this.#records([{ name, ttl: TTL, type: 'TXT', text: DNS_VERSION }]) : this.#noData()
    }
    if (text === 'ns.dns') return type === TYPE.A ? this.#records([this.#nameServer()]) : this.#noData()
    if (text === 'dns') return this.#noData()
    return this.#render(name, type, this.#find(labels))
  }

  #find(labels: string[]): Found {
    const kind = labels.pop()
    if (kind !== 'svc' && kind !== 'pod') return { kind: 'none' }
    const namespace = labels.pop()
    if (namespace === undefined) return { kind: 'empty' }
    if (!this.#options.namespaces.get(namespace)) return { kind: 'none' }
    const name = labels.pop()
    if (name === undefined) return { kind: 'empty' }
    if (kind === 'pod') return labels.length === 0 ? this.#findPod(name) : { kind: 'none' }
    return this.#findService(`${namespace}/${name}`, labels)
  }

  #findPod(name: string): Found {
    const address = name.replaceAll('-', '.')
    if (!isIPv4(address)) return { kind: 'none' }
    return { kind: 'targets', targets: [{ host: '', address, port: 0 }] }
  }

  /** `before` is what stands before the service's name: nothing, a host, or `_port._protocol`. */
  #findService(key: string, before: readonly string[]): Found {
    const service = this.#options.services.get(key)
    if (!service) return { kind: 'none' }
    if (service.spec.type === 'ExternalName') {
      const to = (service.spec.externalName ?? '').toLowerCase().replace(/\.$/, '')
      return to === '' || before.length > 0 ? { kind: 'none' } : { kind: 'alias', to }
    }
    const [first = '', second = ''] = before
    const byPort = before.length === 2 && first.startsWith('_') && second.startsWith('_')
    if (!byPort && before.length > 1) return { kind: 'none' }
    const wanted = (port: { readonly name?: string; readonly protocol?: string }) =>
      !byPort || (`_${port.name ?? ''}` === first && `_${(port.protocol ?? 'TCP').toLowerCase()}` === second)
    const host = before.length === 1 ? first : undefined
    const ips = ipsOfService(service)
    const targets =
      ips.length === 0 || host !== undefined
        ? this.#endpoints(key, host, wanted)
        : (service.spec.ports ?? []).filter(wanted).flatMap((port) => this.#virtual(key, ips, port))
    return targets.length === 0 ? { kind: 'none' } : { kind: 'targets', targets }
  }

  #virtual(key: string, ips: readonly string[], { port }: DeepReadonly<ServicePort>): Target[] {
    return ips.filter(isIPv4).map((address) => ({ host: this.#serviceName(key), address, port }))
  }

  #endpoints(
    key: string,
    host: string | undefined,
    wanted: (port: { name?: string; protocol?: string }) => boolean,
  ): Target[] {
    const found = new Map<string, Target>()
    for (const slice of this.#options.slices.by(INDEX.sliceByService, key)) {
      // A headless service may have no ports; its endpoints have names all the same.
      const open = slice.ports?.length ? slice.ports : [{ port: 0 }]
      const ports = open.filter(wanted)
      for (const endpoint of slice.endpoints ?? []) {
        const [address] = endpoint.addresses
        if (endpoint.conditions?.ready === false || address === undefined || !isIPv4(address)) continue
        const label = hostOf(endpoint)
        if (host !== undefined && host !== label) continue
        for (const { port = 0 } of ports) {
          found.set(`${address}:${port}`, { host: `${label}.${this.#serviceName(key)}`, address, port })
        }
      }
    }
    return [...found.values()]
  }

  #render(name: string, type: number, found: Found): ZoneAnswer {
    switch (found.kind) {
      case 'none':
        return this.#negative(RCODE.NXDOMAIN)
      case 'empty':
        return this.#noData()
      case 'alias': {
        const alias: DnsRecord = { name, ttl: TTL, type: 'CNAME', target: found.to }
        return type === TYPE.CNAME ? this.#records([alias]) : { ...this.#records([alias]), follow: found.to }
      }
      case 'targets':
        if (type === TYPE.A || type === TYPE.ANY) return this.#records(addressRecords(name, found.targets))
        if (type === TYPE.SRV) return this.#renderSrv(name, found.targets)
        return this.#noData()
    }
  }

  #renderSrv(name: string, targets: readonly Target[]): ZoneAnswer {
    const named = targets.filter(({ host, port }) => host !== '' && port > 0)
    if (named.length === 0) return this.#noData()
    const answers = named.map(
      ({ host, port }): DnsRecord => ({
        name,
        ttl: TTL,
        type: 'SRV',
        priority: 0,
        weight: Math.max(1, Math.floor(100 / named.length)),
        port,
        target: host,
      }),
    )
    const addresses = new Map(named.map((target) => [`${target.host} ${target.address}`, target]))
    const additionals = [...addresses.values()].flatMap((target) => addressRecords(target.host, [target]))
    return { ...this.#records(answers), additionals }
  }

  #answerReverse(name: string, type: number): ZoneAnswer | undefined {
    const address = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse().join('.')
    const names = new Set<string>()
    if (isIPv4(address)) {
      for (const { metadata } of this.#options.services.by(INDEX.serviceByIP, address)) {
        names.add(this.#serviceName(`${metadata.namespace}/${metadata.name}`))
      }
      if (names.size === 0) for (const host of this.#hostsAt(address)) names.add(host)
    }
    if (names.size > 0) {
      if (type !== TYPE.PTR && type !== TYPE.ANY) return this.#noData()
      return this.#records([...names].map((target) => ({ name, ttl: TTL, type: 'PTR', target })))
    }
    const ours = this.#reverse.some((zone) => name === zone || name.endsWith(`.${zone}`))
    return ours ? this.#negative(RCODE.NXDOMAIN) : undefined
  }

  #hostsAt(address: string): string[] {
    return this.#options.slices.by(INDEX.sliceByAddress, address).flatMap((slice) => {
      const [key] = serviceOfSlice(slice)
      if (key === undefined) return []
      return (slice.endpoints ?? [])
        .filter((e) => e.conditions?.ready !== false && e.addresses.includes(address))
        .map((endpoint) => `${hostOf(endpoint)}.${this.#serviceName(key)}`)
    })
  }

  #answerApex(name: string, type: number): ZoneAnswer {
    if (type === TYPE.SOA) return this.#records([this.#soa()])
    if (type !== TYPE.NS) return this.#noData()
    const target = `ns.dns.${this.#domain}`
    return { ...this.#records([{ name, ttl: TTL, type: 'NS', target }]), additionals: [this.#nameServer()] }
  }

  #nameServer(): DnsRecord {
    return { name: `ns.dns.${this.#domain}`, ttl: TTL, type: 'A', address: this.#options.serviceIP }
  }

  #serviceName(key: string): string {
    const slash = key.indexOf('/')
    return `${key.slice(slash + 1)}.${key.slice(0, slash)}.svc.${this.#domain}`
  }

  #records(answers: readonly DnsRecord[]): ZoneAnswer {
    return { rcode: RCODE.NOERROR, authoritative: true, answers, authorities: [], additionals: [] }
  }

  #noData(): ZoneAnswer {
    return this.#negative(RCODE.NOERROR)
  }

  #negative(rcode: number): ZoneAnswer {
    return { rcode, authoritative: true, answers: [], authorities: [this.#soa()], additionals: [] }
  }

  #soa(): DnsRecord {
    return {
      name: this.#domain,
      ttl: TTL,
      type: 'SOA',
      mname: `ns.dns.${this.#domain}`,
      rname: `hostmaster.${this.#domain}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: TTL,
    }
  }
}

/** The label under which an endpoint is found below its service. */
function hostOf(endpoint: DeepReadonly<Endpoint>): string {
  return endpoint.hostname || (endpoint.addresses[0] ?? '').replaceAll('.', '-')
}

function addressRecords(name: string, targets: readonly Target[]): DnsRecord[] {
  const addresses = new Set(targets.map((target) => target.address))
  return [...addresses].map((address) => ({ name, ttl: TTL, type: 'A', address }))
}

function isIPv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text)
}

/** The reverse zones that lie within a range, cut at whole octets: 10.96.0.0/12 has sixteen. */
function reverseZones(cidr: string): string[] {
  const [address = '', length = '32'] = cidr.split('/')
  const bits = Number(length)
  if (!isIPv4(address) || !(bits >= 1 && bits <= 32)) return []
  const octets = Math.ceil(bits / 8)
  const parts = address.split('.').slice(0, octets).map(Number)
  const last = parts.pop() ?? 0
  const count = 2 ** (octets * 8 - bits)
  const first = Math.floor(last / count) * count
  return Array.from({ length: count }, (_, i) => `${[...parts, first + i].reverse().join('.')}.in-addr.arpa`)
}
