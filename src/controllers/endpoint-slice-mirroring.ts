// Mirrors Endpoints that were written by hand, for Services without a selector, into EndpointSlices.

import type { EndpointSubset, Endpoints } from '../api/generated/core-v1.ts'
import type { Endpoint } from '../api/generated/discovery-v1.ts'
import {
  endpoints as endpointsRef,
  services as servicesRef,
  endpointslices as slicesRef,
} from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import { keyOf } from '../client/informer.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { addressFamily } from './endpoint-plan.ts'
import { removeSlices, SERVICE_NAME, SLICE_MANAGED_BY, serviceKeyOf, writeSlices } from './endpoint-slice.ts'
import type { EndpointGroup } from './endpoint-slice-plan.ts'
import { controllerReference } from './support/owners.ts'

const CONTROLLER = 'endpointslicemirroring-controller.k8s.io'
const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror'
const LEADER = 'control-plane.alpha.kubernetes.io/leader'
const MAX_PER_SUBSET = 1000

export const endpointSliceMirroringController: Controller = {
  name: 'endpointslicemirroring-controller',
  eventComponent: 'endpoint-slice-mirroring-controller',
  setup(context, queue) {
    const services = context.informers.informer(servicesRef)
    const endpoints = context.informers.informer(endpointsRef)
    const slices = context.informers.informer(slicesRef)
    slices.addIndex('service', (s) => [serviceKeyOf(s)])
    const enqueue = (object: { metadata: { name: string; namespace: string } }) => queue.add(keyOf(object))
    services.subscribe({ add: enqueue, update: (_old, s) => enqueue(s), delete: enqueue })
    endpoints.subscribe({ add: enqueue, update: (_old, e) => enqueue(e), delete: enqueue })
    slices.subscribe({
      delete(slice) {
        if (slice.metadata.labels?.[SLICE_MANAGED_BY] === CONTROLLER) queue.add(serviceKeyOf(slice))
      },
    })
    return {
      async reconcile(key) {
        const source = endpoints.get(key)
        const service = services.get(key)
        const existing = slices.by('service', key).filter((s) => s.metadata.labels?.[SLICE_MANAGED_BY] === CONTROLLER)
        const mirrored =
          source && service && Object.keys(service.spec.selector ?? {}).length === 0 && wantsMirror(source)
        if (!mirrored) return removeSlices(context.client, existing)
        const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...annotations } =
          source.metadata.annotations ?? {}
        await writeSlices({
          client: context.client,
          existing,
          groups: (source.subsets ?? []).flatMap(mirrorSubset),
          max: 100,
          metadata: {
            namespace: source.metadata.namespace,
            generateName: `${source.metadata.name}-`,
            labels: {
              ...source.metadata.labels,
              [SERVICE_NAME]: source.metadata.name,
              [SLICE_MANAGED_BY]: CONTROLLER,
            },
            annotations,
            ownerReferences: [controllerReference(endpointsRef, source)],
          },
        })
      },
    }
  },
}

function wantsMirror(endpoints: DeepReadonly<Endpoints>): boolean {
  return endpoints.metadata.labels?.[SKIP_MIRROR] !== 'true' && endpoints.metadata.annotations?.[LEADER] === undefined
}

/** The endpoints of one subset, by address family. */
function mirrorSubset(subset: DeepReadonly<EndpointSubset>): EndpointGroup[] {
  const families = new Map<string, Endpoint[]>()
  const add = (address: NonNullable<DeepReadonly<EndpointSubset>['addresses']>[number], ready: boolean) => {
    const family = addressFamily(address.ip)
    const list = families.get(family) ?? []
    families.set(family, list)
    if (list.length >= MAX_PER_SUBSET) return
    list.push({
      addresses: [address.ip],
      conditions: { ready },
      ...(address.hostname ? { hostname: address.hostname } : {}),
      ...(address.nodeName ? { nodeName: address.nodeName } : {}),
      ...(address.targetRef ? { targetRef: { ...address.targetRef } } : {}),
    })
  }
  for (const address of subset.addresses ?? []) add(address, true)
  for (const address of subset.notReadyAddresses ?? []) add(address, false)
  const ports = (subset.ports ?? []).map((p) => ({ ...p, name: p.name ?? '', protocol: p.protocol ?? 'TCP' }))
  return [...families].map(([addressType, endpoints]) => ({ addressType, ports, endpoints }))
}
