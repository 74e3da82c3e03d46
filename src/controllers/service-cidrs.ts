// Ranges of cluster addresses: ready as soon as they are there, and kept until none of their addresses is in use.
// Model: k8s.io/kubernetes/pkg/controller/servicecidrs.

import type { IPAddress, ServiceCIDR } from '../api/generated/networking-v1.ts'
import { ipaddresses, servicecidrs } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import type { Controller } from '../client/controller.ts'
import { formatTime } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import { containsAddress, containsNetwork, type Network, parseAddress, parseNetwork } from '../machinery/ip.ts'

type Range = DeepReadonly<ServiceCIDR>

const FINALIZER = 'networking.k8s.io/service-cidr-finalizer'
const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by'
const MANAGER = 'ipallocator.k8s.io'
const NAME = 'service-cidr-controller'
/** Whoever gives out addresses has this long to hear that the range is going. */
const GRACE_MS = 10_000
const IN_USE = 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR'

const networksOf = ({ spec }: Range): Network[] => (spec.cidrs ?? []).flatMap((cidr) => parseNetwork(cidr) ?? [])
const isOurs = ({ metadata }: DeepReadonly<IPAddress>) => metadata.labels?.[MANAGED_BY] === MANAGER

/** Whether no address would be left without a range when this one goes. */
export function canGo(range: Range, ranges: readonly Range[], addresses: readonly DeepReadonly<IPAddress>[]): boolean {
  const others = ranges.filter(({ metadata }) => metadata.name !== range.metadata.name).flatMap(networksOf)
  const own = networksOf(range)
  if (own.every((network) => others.some((other) => containsNetwork(other, network)))) return true
  return addresses.filter(isOurs).every(({ metadata }) => {
    const address = parseAddress(metadata.name)
    if (!address || !own.some((network) => containsAddress(network, address))) return true
    return others.some((other) => containsAddress(other, address))
  })
}

export const serviceCidrController: Controller = {
  name: NAME,
  setup({ client, informers, events, clock }, queue) {
    const ranges = informers.informer(servicecidrs)
    const addresses = informers.informer(ipaddresses)
    // Any range that comes or goes may decide about others.
    const wakeAll = () => {
      for (const { metadata } of ranges.list()) queue.add(metadata.name)
    }
    ranges.subscribe({ add: wakeAll, update: (_, range) => queue.add(range.metadata.name), delete: wakeAll })
    const wakeContaining = (object: DeepReadonly<IPAddress>) => {
      const address = parseAddress(object.metadata.name)
      if (!address || !isOurs(object)) return
      for (const range of ranges.list()) {
        // Only those that are going wait for addresses.
        if (!range.metadata.deletionTimestamp) continue
        if (networksOf(range).some((network) => containsAddress(network, address))) queue.add(range.metadata.name)
      }
    }
    addresses.subscribe({ add: wakeContaining, delete: wakeContaining })
    return {
      async reconcile(name) {
        const range = ranges.get(name)
        if (!range) return
        const now = clock.now()
        const { deletionTimestamp } = range.metadata
        if (!deletionTimestamp) {
          await addFinalizer(client, range)
          try {
            await setReady(client, range, now, READY)
          } catch (error) {
            events.event(
              range,
              'Warning',
              'KubernetesServiceCIDRError',
              'The ServiceCIDR Status can not be set to Ready=True',
            )
            throw error
          }
          return
        }
        if (!canGo(range, ranges.list(), addresses.list())) return setReady(client, range, now, TERMINATING)
        const left = GRACE_MS - (now - Date.parse(deletionTimestamp))
        if (left > 0) return queue.addAfter(name, left)
        await removeFinalizer(client, range)
      },
    }
  },
}

interface Ready {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

const READY: Ready = { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' }
const TERMINATING: Ready = { status: 'False', reason: 'Terminating', message: IN_USE }

async function setReady(client: Client, range: Range, now: number, ready: Ready): Promise<void> {
  const before = range.status.conditions?.find(({ type }) => type === 'Ready')
  // What is ready already stays so, whoever said it.
  if (before?.status === ready.status && (ready.status === 'True' || before.message === ready.message)) return
  const condition = { type: 'Ready', ...ready, lastTransitionTime: formatTime(now) }
  await patch(client, range, { status: { conditions: [condition] } }, 'status')
}

async function addFinalizer(client: Client, range: Range): Promise<void> {
  if (range.metadata.finalizers?.includes(FINALIZER)) return
  await patch(client, range, { metadata: { finalizers: [FINALIZER] } })
}

async function removeFinalizer(client: Client, range: Range): Promise<void> {
  if (!range.metadata.finalizers?.includes(FINALIZER)) return
  await patch(client, range, { metadata: { '$deleteFromPrimitiveList/finalizers': [FINALIZER] } })
}

async function patch(client: Client, { metadata }: Range, change: object, subresource = ''): Promise<void> {
  try {
    await client.patch(
      servicecidrs,
      { name: metadata.name },
      { type: 'strategic', patch: change, fieldManager: NAME, ...(subresource ? { subresource } : {}) },
    )
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error
  }
}
