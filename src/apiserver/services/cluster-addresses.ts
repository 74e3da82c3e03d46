// Which cluster addresses are free and whose the others are, as ServiceCIDR and IPAddress objects say.
// Spec: https://kubernetes.io/docs/reference/networking/service-ip-ranges/ (KEP-1880)

import type { IPAddress, ServiceCIDR } from '../../api/generated/networking-v1.ts'
import { formatTime } from '../../machinery/clock.ts'
import {
  type Address,
  formatAddress,
  formatNetwork,
  type IPFamily,
  type Network,
  parseAddress,
  parseNetwork,
} from '../../machinery/ip.ts'
import type { StoredObject } from '../api-object.ts'
import { type AllocationCounts, type AllocatorFigures, newCounts } from '../metrics/allocators.ts'
import { encodeForStore } from '../registry/entry.ts'
import type { Registry } from '../registry/registry.ts'
import { keyOf } from '../registry/resource.ts'
import type { WatchCache } from '../registry/watch-cache.ts'
import { findFree, isUsable, rangeOf } from './address-range.ts'

const FAMILY_LABEL = 'ipaddress.kubernetes.io/ip-family'
const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by'
const MANAGER = 'ipallocator.k8s.io'

interface ServiceName {
  readonly namespace: string
  readonly name: string
}

/** An address that is kept for a service. */
export interface Taken {
  readonly address: string
  /** Makes its object; called once. */
  write(): void
  /** Resolves when the object is lasting. */
  written(): Promise<void>
  /** Gives it back. */
  undo(): Promise<void>
}

export class ClusterAddresses {
  readonly #registry: Registry
  readonly #addresses: WatchCache
  readonly #ranges: WatchCache
  /** Taken, but not to be seen among the objects yet. */
  readonly #coming = new Set<string>()
  /** Free again, but still to be seen among the objects. */
  readonly #going = new Set<string>()
  #networks: readonly Network[] | undefined
  /** By range. */
  readonly #counts = new Map<string, AllocationCounts>()

  private constructor(registry: Registry, caches: { addresses: WatchCache; ranges: WatchCache }) {
    this.#registry = registry
    this.#addresses = caches.addresses
    this.#ranges = caches.ranges
    caches.ranges.follow(caches.ranges.revision, () => {
      this.#networks = undefined
    })
  }

  static async open(registry: Registry): Promise<ClusterAddresses> {
    const [addresses, ranges] = await Promise.all([
      registry.cache(registry.resource('networking.k8s.io', 'ipaddresses')),
      registry.cache(registry.resource('networking.k8s.io', 'servicecidrs')),
    ])
    return new ClusterAddresses(registry, { addresses, ranges })
  }

  /** Networks that addresses are given out from, of all ranges that are ready. */
  #ready(): readonly Network[] {
    if (this.#networks) return this.#networks
    const cidrs = this.#ranges
      .entriesUnder(this.#registry.resource('networking.k8s.io', 'servicecidrs').prefix)
      .map(({ object }) => object as unknown as ServiceCIDR)
      .filter(isReady)
      .flatMap(({ spec }) => spec.cidrs ?? [])
    this.#networks = [...new Set(cidrs)].flatMap((cidr) => parseNetwork(cidr) ?? [])
    return this.#networks
  }

  #key(address: string): string {
    return keyOf(this.#registry.resource('networking.k8s.io', 'ipaddresses'), '', address)
  }

  #isTaken(address: string): boolean {
    if (this.#coming.has(address)) return true
    return !this.#going.has(address) && this.#addresses.get(this.#key(address)) !== undefined
  }

  /** How much of every range is given out. */
  get figures(): AllocatorFigures['addresses'] {
    const { prefix } = this.#registry.resource('networking.k8s.io', 'ipaddresses')
    const taken = this.#addresses
      .entriesUnder(prefix)
      .flatMap(({ key }) => parseAddress(key.slice(prefix.length)) ?? [])
    return this.#ready().map((network) => {
      const cidr = formatNetwork(network)
      const { first, last } = rangeOf(network)
      const allocated = taken.filter((address) => isUsable(network, address)).length
      return { cidr, allocated, available: Number(last - first + 1n) - allocated, counts: this.#countsOf(network) }
    })
  }

  #countsOf(network: Network): AllocationCounts {
    const cidr = formatNetwork(network)
    const counts = this.#counts.get(cidr) ?? newCounts()
    this.#counts.set(cidr, counts)
    return counts
  }

  /** Notes that somebody asked for an address, by number or for any. */
  note(scope: 'static' | 'dynamic', failed: boolean, text: string | undefined, family?: IPFamily): void {
    const address = text === undefined ? undefined : parseAddress(text)
    const network = this.#ready().find((candidate) =>
      address ? isUsable(candidate, address) : candidate.family === family,
    )
    if (!network) return
    const counts = this.#countsOf(network)
    counts[failed ? (`${scope}Errors` as const) : scope] += 1
  }

  /** What stands against a service having this very address. */
  problemOf(text: string): string | undefined {
    const address = parseAddress(text)
    if (!address || !this.#ready().some((network) => isUsable(network, address))) {
      return 'the provided network does not match the current range'
    }
    return this.#isTaken(formatAddress(address)) ? 'provided IP is already allocated' : undefined
  }

  /** Any free address of the family; undefined when there is none. */
  next(family: IPFamily): string | undefined {
    for (const network of this.#ready()) {
      if (network.family !== family) continue
      const isTaken = (address: Address) => this.#isTaken(formatAddress(address))
      const free = findFree(rangeOf(network), isTaken, this.#registry.random)
      if (free) return formatAddress(free)
    }
    return undefined
  }

  /** What a dry run shows in place of an address: that of the network, as upstream does. */
  dryRun(family: IPFamily): string | undefined {
    const network = this.#ready().find((candidate) => candidate.family === family)
    return network && formatNetwork(network).split('/')[0]
  }

  /** Takes a free address for a service. */
  take(text: string, service: ServiceName): Taken {
    const parsed = parseAddress(text)
    const address = parsed ? formatAddress(parsed) : text
    this.#coming.add(address)
    /** Ends with what went wrong, which `written` throws: nobody may be waiting for it when it happens. */
    let writing: Promise<{ readonly failure?: unknown }> | undefined
    return {
      address,
      write: () => {
        writing = this.#write(address, service).then(
          () => ({}),
          (failure: unknown) => ({ failure }),
        )
      },
      written: async () => {
        const outcome = await writing
        if (outcome && 'failure' in outcome) throw outcome.failure
      },
      undo: async () => {
        if (!writing) return void this.#coming.delete(address)
        // What was not written need not be given back.
        if (!('failure' in (await writing))) await this.release(address, service)
      },
    }
  }

  async #write(address: string, service: ServiceName): Promise<void> {
    const object = this.#object(address, service)
    try {
      const options = { expected: 0, attachment: object }
      const result = await this.#registry.store.put(this.#key(address), encodeForStore(object), options)
      if (!result.ok) throw new Error(`address ${address} was taken by someone else at the same time`)
    } finally {
      this.#coming.delete(address)
    }
  }

  /** Gives an address back, unless it is another's by now. */
  async release(text: string, { namespace, name }: ServiceName): Promise<void> {
    const parsed = parseAddress(text)
    const address = parsed ? formatAddress(parsed) : text
    const entry = this.#addresses.get(this.#key(address))
    const owner = (entry?.object as unknown as IPAddress | undefined)?.spec.parentRef
    if (!entry || owner?.namespace !== namespace || owner.name !== name) return
    this.#going.add(address)
    try {
      await this.#registry.store.delete(this.#key(address), { expected: entry.revision })
    } finally {
      this.#going.delete(address)
    }
  }

  #object(address: string, { namespace, name }: ServiceName): StoredObject {
    const { clock, random } = this.#registry
    const time = formatTime(clock.now())
    const labels = addressLabels(address)
    const object = {
      kind: 'IPAddress',
      apiVersion: 'networking.k8s.io/v1',
      metadata: {
        name: address,
        uid: random.uuid(),
        creationTimestamp: time,
        labels,
        managedFields: [
          {
            manager: 'kube-apiserver',
            operation: 'Update',
            apiVersion: 'networking.k8s.io/v1',
            time,
            fieldsType: 'FieldsV1',
            fieldsV1: OWNED,
          },
        ],
      },
      spec: { parentRef: { resource: 'services', namespace, name } },
    }
    return object as unknown as StoredObject
  }
}

const OWNED = {
  'f:metadata': { 'f:labels': { '.': {}, [`f:${FAMILY_LABEL}`]: {}, [`f:${MANAGED_BY}`]: {} } },
  'f:spec': { 'f:parentRef': { 'f:name': {}, 'f:namespace': {}, 'f:resource': {} } },
}

/** The labels of an address that was given to a service. */
export function addressLabels(address: string): Record<string, string> {
  return { [FAMILY_LABEL]: address.includes(':') ? 'IPv6' : 'IPv4', [MANAGED_BY]: MANAGER }
}

/** Whether an address object was made for a service, and says so rightly. */
export function isManaged({ metadata }: { readonly metadata: { readonly labels?: Readonly<Record<string, string>> } }) {
  return metadata.labels?.[MANAGED_BY] === MANAGER
}

function isReady({ metadata, status }: ServiceCIDR): boolean {
  if (metadata.deletionTimestamp) return false
  return (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True')
}
