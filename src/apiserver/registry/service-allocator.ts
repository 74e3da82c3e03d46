// Cluster addresses and node ports of services: what is in use follows the stored services, so that nothing is given
// out twice and nothing leaks. Spec: https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/

import type { Service } from '../../api/generated/core-v1.ts'
import { field, invalid, StatusError } from '../../machinery/errors.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import type { Allocator, Registry } from './registry.ts'

interface Range {
  readonly from: number
  readonly to: number
}

/** The allocator of services. Reads what is in use from the store once, then follows every write. */
export async function createServiceAllocator(
  registry: Registry,
  options: { serviceCidr: string; nodePortRange: Range },
): Promise<Allocator> {
  const cidr = parseCidr(options.serviceCidr)
  const addresses = new Set<number>()
  const ports = new Set<string>()

  const cache = await registry.cache(registry.resource('', 'services'))
  for (const entry of cache.snapshot().entries.values()) take(entry.object as unknown as Service)

  function take(service: Service): void {
    for (const address of addressesOf(service)) addresses.add(address)
    for (const port of nodePortsOf(service)) ports.add(port)
  }

  function reject(service: Service, path: string, value: unknown, message: string): StatusError {
    return invalid({ group: '', kind: 'Service' }, service.metadata.name, [field.invalid(path, value, message)])
  }

  function nextAddress(): number {
    const size = cidr.last - cidr.first - 1
    // The lower band is left for addresses that people pick by hand (KEP-3070).
    const band = Math.min(Math.max(16, Math.floor(size / 16)), 256)
    const start = cidr.first + 1
    const offset = band + Math.floor(registry.random.next() * (size - band))
    for (let i = 0; i < size; i++) {
      const candidate = start + ((offset + i) % size)
      if (!addresses.has(candidate)) return candidate
    }
    throw new StatusError({
      message: 'Internal error occurred: failed to allocate a serviceIP: range is full',
      reason: 'InternalError',
      code: 500,
    })
  }

  function nextNodePort(protocol: string): number {
    const { from, to } = options.nodePortRange
    const size = to - from + 1
    const band = Math.min(Math.max(16, Math.floor(size / 32)), 128)
    const offset = size > band * 2 ? band + Math.floor(registry.random.next() * (size - band)) : 0
    for (let i = 0; i < size; i++) {
      const candidate = from + ((offset + i) % size)
      if (!ports.has(`${protocol}/${candidate}`)) return candidate
    }
    throw new StatusError({
      message: 'Internal error occurred: failed to allocate a nodePort: range is full',
      reason: 'InternalError',
      code: 500,
    })
  }

  function assignAddress(service: Service, held: Set<number>, taken: number[]): void {
    const { spec } = service
    if (spec.type === 'ExternalName') return
    if (spec.clusterIPs?.[0] && !spec.clusterIP) spec.clusterIP = spec.clusterIPs[0]
    if (spec.clusterIP !== 'None') {
      if (!spec.clusterIP) spec.clusterIP = formatAddress(claim(nextAddress()))
      else claim(wanted(spec.clusterIP))
    }
    spec.clusterIPs = [spec.clusterIP]
    spec.ipFamilies ??= ['IPv4']
    spec.ipFamilyPolicy ??= 'SingleStack'

    function claim(address: number): number {
      if (!held.has(address)) {
        addresses.add(address)
        taken.push(address)
      }
      return address
    }

    function wanted(text: string): number {
      const address = parseAddress(text)
      if (address === undefined) {
        throw reject(
          service,
          'spec.clusterIPs[0]',
          text,
          'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        )
      }
      if (address <= cidr.first || address >= cidr.last) {
        throw reject(
          service,
          'spec.clusterIPs',
          [text],
          `failed to allocate IP ${text}: the provided IP (${text}) is not in the valid range. The range of valid IPs is ${options.serviceCidr}`,
        )
      }
      if (addresses.has(address) && !held.has(address)) {
        throw reject(
          service,
          'spec.clusterIPs',
          [text],
          `failed to allocate IP ${text}: provided IP is already allocated`,
        )
      }
      return address
    }
  }

  function assignNodePorts(service: Service, held: Set<string>, taken: string[]): void {
    const { spec } = service
    const wants =
      spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
    const own = new Map<number, string>()
    for (const [i, port] of (spec.ports ?? []).entries()) {
      const protocol = port.protocol ?? 'TCP'
      if (port.nodePort) {
        const id = `${protocol}/${port.nodePort}`
        const { from, to } = options.nodePortRange
        const path = `spec.ports[${i}].nodePort`
        if (held.has(id)) continue
        if (port.nodePort < from || port.nodePort > to) {
          throw reject(
            service,
            path,
            port.nodePort,
            `provided port is not in the valid range. The range of valid ports is ${from}-${to}`,
          )
        }
        if (ports.has(id)) throw reject(service, path, port.nodePort, 'provided port is already allocated')
        ports.add(id)
        taken.push(id)
      } else if (wants) {
        // The same port number under two protocols shares its node port.
        const shared = [...own].find(
          ([number, used]) => used === `${port.port}` && !ports.has(`${protocol}/${number}`),
        )?.[0]
        port.nodePort = shared ?? nextNodePort(protocol)
        const id = `${protocol}/${port.nodePort}`
        ports.add(id)
        taken.push(id)
      }
      if (port.nodePort) own.set(port.nodePort, `${port.port}`)
    }
  }

  return {
    group: '',
    resource: 'services',
    async reserve(object: ApiObject, old: StoredObject | undefined) {
      const service = object as unknown as Service
      const before = old as unknown as Service | undefined
      const heldAddresses = new Set(before ? addressesOf(before) : [])
      const heldPorts = new Set(before ? nodePortsOf(before) : [])
      const takenAddresses: number[] = []
      const takenPorts: string[] = []
      const rollback = () => {
        for (const address of takenAddresses) addresses.delete(address)
        for (const port of takenPorts) ports.delete(port)
      }
      try {
        assignAddress(service, heldAddresses, takenAddresses)
        assignNodePorts(service, heldPorts, takenPorts)
      } catch (error) {
        rollback()
        throw error
      }
      return {
        rollback,
        commit() {
          const addressesNow = new Set(addressesOf(service))
          const portsNow = new Set(nodePortsOf(service))
          for (const address of heldAddresses) if (!addressesNow.has(address)) addresses.delete(address)
          for (const port of heldPorts) if (!portsNow.has(port)) ports.delete(port)
        },
      }
    },
    release(old: StoredObject) {
      const service = old as unknown as Service
      for (const address of addressesOf(service)) addresses.delete(address)
      for (const port of nodePortsOf(service)) ports.delete(port)
    },
  }
}

function addressesOf(service: Service): number[] {
  return (service.spec.clusterIPs ?? []).map(parseAddress).filter((a) => a !== undefined)
}

function nodePortsOf(service: Service): string[] {
  return (service.spec.ports ?? []).filter((p) => p.nodePort).map((p) => `${p.protocol ?? 'TCP'}/${p.nodePort}`)
}

function parseAddress(text: string): number | undefined {
  const parts = text.split('.').map(Number)
  if (parts.length !== 4 || parts.some((n) => !Number.isInteger(n) || n < 0 || n > 255)) return undefined
  return parts.reduce((sum, n) => sum * 256 + n, 0)
}

function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

/** First is the network address, last the broadcast address. */
function parseCidr(text: string): { first: number; last: number } {
  const [base = '', bits = ''] = text.split('/')
  const address = parseAddress(base)
  const length = Number(bits)
  if (address === undefined || !(length >= 8 && length <= 30)) {
    throw new Error(
      `cannot use service range ${JSON.stringify(text)}: expected an IPv4 range with a prefix of 8 to 30 bits`,
    )
  }
  const size = 2 ** (32 - length)
  const first = Math.floor(address / size) * size
  return { first, last: first + size - 1 }
}
