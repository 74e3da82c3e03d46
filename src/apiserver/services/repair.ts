// Sees to it that every cluster address of a service has its IPAddress object, and every such object its service.
// Model: k8s.io/kubernetes/pkg/registry/core/service/ipallocator/controller/repairip.go.

import type { Service } from '../../api/generated/core-v1.ts'
import type { IPAddress, ServiceCIDR } from '../../api/generated/networking-v1.ts'
import { ipaddresses } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import { Workqueue } from '../../client/workqueue.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { isReason } from '../../machinery/errors.ts'
import { familyOf, formatAddress, parseAddress, parseNetwork } from '../../machinery/ip.ts'
import type { Logger } from '../../machinery/logger.ts'
import type { Registry } from '../registry/registry.ts'
import { isUsable } from './address-range.ts'
import { addressLabels, isManaged } from './cluster-addresses.ts'

type ServiceObject = DeepReadonly<Service>
type AddressObject = DeepReadonly<IPAddress>

const INTERVAL_MS = 3 * 60_000
/** So long a service may take to follow its address. */
const GRACE_MS = 60_000
const WORKERS = 5
const ADDRESS = 'IPAddressNotAllocated'

export interface RepairOptions {
  readonly registry: Registry
  readonly client: Client
  readonly events: EventRecorder
  readonly log: Logger
  /** Told of what is wrong. */
  readonly figures?: { found(type: string): void; failed(): void }
}

/** How metrics call it. */
const TYPES: Readonly<Record<string, string>> = {
  ClusterIPNotValid: 'invalid',
  ClusterIPOutOfRange: 'outOfRange',
  ClusterIPNotAllocated: 'repair',
  ClusterIPAlreadyAllocated: 'duplicate',
  IPAddressNotAllocated: 'leak',
}

/** What is wrong with a service's address and what is to be done about it; undefined when all is well. */
export interface Finding {
  readonly reason: string
  readonly message: string
  readonly act: 'create' | 'recreate' | 'nothing'
}

/** What there is to be looked at. */
export interface World {
  address(name: string): AddressObject | undefined
  service(namespace: string, name: string): ServiceObject | undefined
  inRange(address: string): boolean
}

/** Judges one cluster address of a service. */
export function judgeService(service: ServiceObject, clusterIP: string, world: World): Finding | undefined {
  const { namespace = '', name } = service.metadata
  const parsed = parseAddress(clusterIP)
  if (!parsed) {
    const message = `Cluster IP ${clusterIP} is not a valid IP; please recreate Service`
    return { reason: 'ClusterIPNotValid', message, act: 'nothing' }
  }
  const address = formatAddress(parsed)
  const family = familyOf(address)
  if (!world.inRange(address)) {
    const message = `Cluster IP [${family}]: ${address} is not within any configured Service CIDR; please recreate service`
    return { reason: 'ClusterIPOutOfRange', message, act: 'nothing' }
  }
  const object = world.address(address)
  if (!object) {
    const message = `Cluster IP [${family}]: ${address} is not allocated; repairing`
    return { reason: 'ClusterIPNotAllocated', message, act: 'create' }
  }
  const { parentRef } = object.spec
  const wrong = {
    reason: 'ClusterIPNotAllocated',
    message: `the ClusterIP [${family}]: ${address} for Service ${namespace}/${name} has a wrong reference; repairing`,
    act: 'recreate',
  } as const
  if (parentRef.group || parentRef.resource !== 'services') return wrong
  if (parentRef.namespace !== namespace || parentRef.name !== name) {
    const other = world.service(parentRef.namespace ?? '', parentRef.name)
    if (!other) return wrong
    if (other.spec.clusterIPs?.includes(address)) {
      const message = `Cluster IP [${family}]:${address} was assigned to multiple services; please recreate service`
      return { reason: 'ClusterIPAlreadyAllocated', message, act: 'nothing' }
    }
  }
  const labels = Object.entries(addressLabels(address))
  return labels.every(([label, value]) => object.metadata.labels?.[label] === value)
    ? undefined
    : { reason: '', message: '', act: 'recreate' }
}

/** Judges an address object that was made for a service. `wait`: ask again in so many milliseconds. */
export function judgeAddress(
  object: AddressObject,
  world: World,
  now: number,
): { readonly reason: string; readonly message: string } | { readonly wait: number } | undefined {
  if (!isManaged(object)) return undefined
  const { metadata, spec } = object
  const { parentRef } = spec
  if (parentRef.group || parentRef.resource !== 'services') {
    const shown = `&ParentReference{Group:${parentRef.group ?? ''},Resource:${parentRef.resource},Namespace:${parentRef.namespace ?? ''},Name:${parentRef.name},}`
    const message = `IPAddress ${metadata.name} appears to have been modified, not referencing a Service ${shown}: cleaning up`
    return { reason: ADDRESS, message }
  }
  const owner = `${parentRef.namespace ?? ''}/${parentRef.name}`
  const service = world.service(parentRef.namespace ?? '', parentRef.name)
  if (!service) {
    const left = GRACE_MS - (now - Date.parse(metadata.creationTimestamp))
    if (left >= 0) return { wait: left + 1 }
    return {
      reason: ADDRESS,
      message: `IPAddress: ${metadata.name} for Service ${owner} appears to have leaked: cleaning up`,
    }
  }
  if (service.spec.clusterIPs?.includes(metadata.name)) return undefined
  const message = `IPAddress: ${metadata.name} for Service ${owner} has a wrong reference; cleaning up`
  return { reason: 'IPAddressWrongReference', message }
}

/** Repairs what is wrong, and then whatever goes wrong. Resolves after the first look; the result ends it. */
export async function keepAddressesRepaired(options: RepairOptions): Promise<() => void> {
  const { registry, log } = options
  const { clock } = registry
  const services = registry.resource('', 'services')
  const addresses = registry.resource('networking.k8s.io', 'ipaddresses')
  const ranges = registry.resource('networking.k8s.io', 'servicecidrs')
  const [serviceCache, addressCache, rangeCache] = await Promise.all([
    registry.cache(services),
    registry.cache(addresses),
    registry.cache(ranges),
  ])
  const world: World = {
    address: (name) => addressCache.get(addresses.prefix + name)?.object as unknown as AddressObject | undefined,
    service: (namespace, name) =>
      serviceCache.get(`${services.prefix}${namespace}/${name}`)?.object as unknown as ServiceObject | undefined,
    inRange(text) {
      const address = parseAddress(text)
      return (
        address !== undefined &&
        rangeCache
          .entriesUnder(ranges.prefix)
          .flatMap(({ object }) => (object as unknown as ServiceCIDR).spec.cidrs ?? [])
          .some((cidr) => {
            const network = parseNetwork(cidr)
            return network !== undefined && isUsable(network, address)
          })
      )
    },
  }
  const queue = new Workqueue({ name: 'ipallocator-repair', clock, log })
  const handle = (key: string) =>
    key.startsWith(services.prefix)
      ? repairService(options, serviceCache.get(key)?.object as unknown as ServiceObject | undefined, world)
      : repairAddress(options, addressCache.get(key)?.object as unknown as AddressObject | undefined, world, (ms) =>
          queue.addAfter(key, ms),
        )
  const all = () => [...serviceCache.entriesUnder(services.prefix), ...addressCache.entriesUnder(addresses.prefix)]
  await Promise.all(all().map(({ key }) => handle(key)))
  const again = () => {
    for (const { key } of all()) queue.add(key)
    cancel = clock.after(INTERVAL_MS, again)
  }
  let cancel = clock.after(INTERVAL_MS, again)
  const unfollows = [
    serviceCache.follow(serviceCache.revision, ({ entry, type }) => {
      if (type !== 'DELETED') queue.add(entry.key)
    }),
    addressCache.follow(addressCache.revision, ({ entry, type }) => {
      if (type !== 'DELETED') return queue.add(entry.key)
      const { parentRef } = (entry.object as unknown as IPAddress).spec
      if (parentRef.resource === 'services') queue.add(`${services.prefix}${parentRef.namespace}/${parentRef.name}`)
    }),
  ]
  const stop = new AbortController()
  const counted = async (key: string) => {
    try {
      await handle(key)
    } catch (error) {
      options.figures?.failed()
      throw error
    }
  }
  queue.run(WORKERS, counted, stop.signal).catch((error) => log.error('service-addresses-not-repaired', { error }))
  return () => {
    stop.abort()
    cancel()
    for (const unfollow of unfollows) unfollow()
  }
}

async function repairService(
  { client, events, log, figures }: RepairOptions,
  service: ServiceObject | undefined,
  world: World,
): Promise<void> {
  if (!service || service.spec.type === 'ExternalName') return
  for (const clusterIP of service.spec.clusterIPs ?? []) {
    if (clusterIP === 'None' || clusterIP === '') continue
    const finding = judgeService(service, clusterIP, world)
    if (!finding) continue
    const { reason, message, act } = finding
    if (reason !== '') {
      log.warn('service-address-wrong', { reason, message })
      figures?.found(TYPES[reason] ?? 'unknown')
      events.event(service, 'Warning', reason, message)
    }
    if (act === 'recreate') await deleteAddress(client, clusterIP)
    if (act !== 'nothing') await createAddress(client, clusterIP, service)
  }
}

async function repairAddress(
  { registry, client, events, log, figures }: RepairOptions,
  object: AddressObject | undefined,
  world: World,
  later: (ms: number) => void,
): Promise<void> {
  const finding = object && judgeAddress(object, world, registry.clock.now())
  if (!finding) return
  if ('wait' in finding) return later(finding.wait)
  const { reason, message } = finding
  log.warn('address-object-wrong', { reason, message })
  figures?.found(TYPES[reason] ?? 'unknown')
  events.event(object, 'Warning', reason, message)
  await deleteAddress(client, object.metadata.name)
}

async function deleteAddress(client: Client, name: string): Promise<void> {
  try {
    await client.delete(ipaddresses, { name })
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error
  }
}

async function createAddress(client: Client, address: string, { metadata }: ServiceObject): Promise<void> {
  const { namespace = '', name } = metadata
  try {
    await client.create(ipaddresses, {
      metadata: { name: address, labels: addressLabels(address) },
      spec: { parentRef: { resource: 'services', namespace, name } },
    })
  } catch (error) {
    // Someone was faster: the next look judges what is there now.
    if (!isReason(error, 'AlreadyExists')) throw error
  }
}
