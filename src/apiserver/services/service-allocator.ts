// Gives services their cluster addresses and node ports around the write of the object.
// Model: k8s.io/kubernetes/pkg/registry/core/service/storage/alloc.go.

import type { Service } from '../../api/generated/core-v1.ts'
import { field, internalError, invalid, type StatusError } from '../../machinery/errors.ts'
import { type IPFamily, parseNetwork } from '../../machinery/ip.ts'
import type { Logger } from '../../machinery/logger.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import type { AllocatorFigures } from '../metrics/allocators.ts'
import type { Allocator, Registry, Reservation } from '../registry/registry.ts'
import { ClusterAddresses, type Taken } from './cluster-addresses.ts'
import { isHeadless, settleFamilies } from './families.ts'
import { NodePorts, type PortRange, PortRefused, portsOf } from './node-ports.ts'

export interface ServiceAllocatorOptions {
  /** The ranges that the cluster was set up with, one for each family; the first is of the default family. */
  readonly serviceCidrs: readonly string[]
  readonly nodePortRange: PortRange
  readonly log: Pick<Logger, 'warn'>
}

/** The allocator of services. Reads the ports in use from the store once, then follows every write. */
export async function createServiceAllocator(
  registry: Registry,
  options: ServiceAllocatorOptions,
): Promise<Allocator & { readonly figures: () => AllocatorFigures }> {
  const configured = options.serviceCidrs.map((cidr) => {
    const network = parseNetwork(cidr)
    if (!network) throw new Error(`cannot use service range ${JSON.stringify(cidr)}: expected ADDRESS/BITS`)
    return network.family
  })
  const addresses = await ClusterAddresses.open(registry)
  const ports = new NodePorts(options.nodePortRange, registry.random)
  const cache = await registry.cache(registry.resource('', 'services'))
  for (const entry of cache.snapshot().entries.values()) ports.note(entry.object as unknown as Service)

  /** Gives every family of the service that has none an address. */
  function assignAddresses(service: Service, old: Service | undefined, dryRun: boolean): Taken[] {
    const { spec, metadata } = service
    if (spec.type === 'ExternalName' || isHeadless(spec)) return []
    const owner = { namespace: metadata.namespace ?? '', name: metadata.name }
    const held = old && old.spec.type !== 'ExternalName' ? (old.spec.clusterIPs ?? []) : []
    const taken: Taken[] = []
    const assigned: string[] = []
    try {
      for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
        const wanted = spec.clusterIPs?.[i]
        if (wanted && held.includes(wanted)) {
          assigned.push(wanted)
          continue
        }
        if (wanted) checkWanted(service, wanted)
        const address = wanted || nextAddress(family as IPFamily, dryRun)
        if (!dryRun) addresses.note(wanted ? 'static' : 'dynamic', false, address)
        assigned.push(address)
        if (!dryRun) taken.push(addresses.take(address, owner))
      }
    } catch (error) {
      giveBack(taken)
      throw error
    }
    spec.clusterIPs = assigned
    spec.clusterIP = assigned[0] ?? ''
    return taken
  }

  function checkWanted(service: Service, wanted: string): void {
    const problem = addresses.problemOf(wanted)
    if (problem === undefined) return
    addresses.note('static', true, wanted)
    const shown = service.spec.clusterIPs
    throw refusal(service, [field.invalid('spec.clusterIPs', shown, `failed to allocate IP ${wanted}: ${problem}`)])
  }

  function nextAddress(family: IPFamily, dryRun: boolean): string {
    const address = dryRun ? addresses.dryRun(family) : addresses.next(family)
    if (address === undefined) addresses.note('dynamic', true, undefined, family)
    if (address === undefined) throw internalError('failed to allocate a serviceIP: range is full')
    return address
  }

  /** What was taken for a write that did not come to be. */
  function giveBack(taken: readonly Taken[]): void {
    for (const { address, undo } of taken) {
      // The repair finds what is left.
      undo().catch((error: unknown) => options.log.warn('address-not-released', { address, error }))
    }
  }

  function assignPorts(service: Service, old: Service | undefined): readonly number[] {
    try {
      return ports.assign(service, old)
    } catch (error) {
      throw error instanceof PortRefused ? refusal(service, [error.problem]) : error
    }
  }

  return {
    group: '',
    resource: 'services',
    figures: () => ({ addresses: addresses.figures, ports: ports.figures }),
    async reserve(object: ApiObject, old: StoredObject | undefined, dryRun: boolean): Promise<Reservation> {
      const service = object as unknown as Service
      const before = old as unknown as Service | undefined
      const problems = settleFamilies(service, before, configured)
      if (problems.length > 0) throw refusal(service, problems)
      const owner = { namespace: service.metadata.namespace ?? '', name: service.metadata.name }
      const takenPorts = assignPorts(service, before)
      let taken: readonly Taken[]
      try {
        taken = assignAddresses(service, before, dryRun)
      } catch (error) {
        ports.release(takenPorts)
        throw error
      }
      return {
        begin() {
          for (const { write } of taken) write()
        },
        rollback() {
          ports.release(takenPorts)
          giveBack(taken)
        },
        async commit() {
          const portsNow = new Set(portsOf(service.spec))
          ports.release(before ? portsOf(before.spec).filter((port) => !portsNow.has(port)) : [])
          await Promise.all(taken.map(({ written }) => written()))
          const now = new Set(service.spec.clusterIPs ?? [])
          const gone = (before?.spec.clusterIPs ?? []).filter((address) => address !== 'None' && !now.has(address))
          await Promise.all(gone.map((address) => addresses.release(address, owner)))
        },
      }
    },
    async release(old: StoredObject) {
      const service = old as unknown as Service
      const { namespace = '', name } = service.metadata
      ports.release(portsOf(service.spec))
      const held = (service.spec.clusterIPs ?? []).filter((address) => address !== 'None')
      await Promise.all(held.map((address) => addresses.release(address, { namespace, name })))
    },
  }
}

function refusal(service: Service, problems: Parameters<typeof invalid>[2]): StatusError {
  return invalid({ group: '', kind: 'Service' }, service.metadata.name, problems)
}
