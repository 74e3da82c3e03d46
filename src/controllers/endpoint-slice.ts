// Writes the EndpointSlices of every Service that selects pods.

import type { Node } from '../api/generated/core-v1.ts'
import type { Endpoint, EndpointPort } from '../api/generated/discovery-v1.ts'
import {
  nodes as nodesRef,
  pods as podsRef,
  services as servicesRef,
  endpointslices as slicesRef,
} from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import type { Controller } from '../client/controller.ts'
import { keyOf, type Lister } from '../client/informer.ts'
import { isReason } from '../machinery/errors.ts'
import {
  addressFamily,
  endpointConditions,
  endpointHostname,
  HEADLESS,
  isHeadless,
  podAddresses,
  type ReadService,
  resolvePorts,
  selectsPods,
  servicePods,
  TRIGGER_TIME,
  triggerTime,
} from './endpoint-plan.ts'
import { type EndpointGroup, planSlices, type ReadSlice } from './endpoint-slice-plan.ts'
import { controllerReference } from './support/owners.ts'
import type { ReadPod } from './support/pods.ts'
import { watchServices } from './support/service-watch.ts'
import { sameValue, stableJson } from './support/values.ts'

export const SERVICE_NAME = 'kubernetes.io/service-name'
export const SLICE_MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const CONTROLLER = 'endpointslice-controller.k8s.io'
const ZONE = 'topology.kubernetes.io/zone'

export const endpointSliceController: Controller = {
  name: 'endpointslice-controller',
  eventComponent: 'endpoint-slice-controller',
  setup(context, queue) {
    const services = context.informers.informer(servicesRef)
    const pods = context.informers.informer(podsRef)
    const nodes = context.informers.informer(nodesRef)
    const slices = context.informers.informer(slicesRef)
    slices.addIndex('service', (s) => [serviceKeyOf(s)])
    watchServices(services, pods, queue)
    slices.subscribe({
      // A slice made twice, because the cache was behind, is found and removed then.
      add: (s) => wakeOwner(s),
      update: (_old, s) => wakeOwner(s),
      delete: (s) => wakeOwner(s),
    })
    nodes.subscribe({
      update(previous, node) {
        if (previous.metadata.labels?.[ZONE] === node.metadata.labels?.[ZONE]) return
        for (const service of services.list()) if (selectsPods(service)) queue.add(keyOf(service))
      },
    })
    function wakeOwner(slice: ReadSlice): void {
      if (slice.metadata.labels?.[SLICE_MANAGED_BY] === CONTROLLER) queue.add(serviceKeyOf(slice))
    }
    return {
      workers: 5,
      async reconcile(key) {
        const service = services.get(key)
        // The slices of a service that is gone go with it, through their owner reference.
        if (!service || service.metadata.deletionTimestamp !== undefined) return
        const existing = slices
          .by('service', key)
          .filter((s) => s.metadata.labels?.[SLICE_MANAGED_BY] === CONTROLLER && !s.metadata.deletionTimestamp)
        if (!selectsPods(service)) {
          if (service.spec.type === 'ExternalName') await removeSlices(context.client, existing)
          return
        }
        const selected = servicePods(service, pods.list(service.metadata.namespace))
        const trigger = triggerTime(service, selected)
        await writeSlices({
          client: context.client,
          existing,
          groups: endpointGroups(service, selected, nodes),
          max: 100,
          metadata: {
            namespace: service.metadata.namespace,
            generateName: `${service.metadata.name}-`,
            labels: sliceLabels(service),
            annotations: trigger ? { [TRIGGER_TIME]: trigger } : {},
            ownerReferences: [controllerReference(servicesRef, service)],
          },
        })
      },
    }
  },
}

/** `namespace/name` of the service that a slice belongs to. */
export function serviceKeyOf(slice: ReadSlice): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME] ?? ''}`
}

function sliceLabels(service: ReadService): Record<string, string> {
  const { [HEADLESS]: _old, ...labels } = service.metadata.labels ?? {}
  return {
    ...labels,
    ...(isHeadless(service) ? { [HEADLESS]: '' } : {}),
    [SERVICE_NAME]: service.metadata.name,
    [SLICE_MANAGED_BY]: CONTROLLER,
  }
}

/** The service's endpoints, grouped by family and ports; one empty group per family when there are none. */
function endpointGroups(
  service: ReadService,
  pods: readonly ReadPod[],
  nodes: Pick<Lister<Node>, 'get'>,
): EndpointGroup[] {
  const families = service.spec.ipFamilies?.length
    ? service.spec.ipFamilies
    : [addressFamily(isHeadless(service) ? '' : (service.spec.clusterIP ?? ''))]
  return families.flatMap((addressType) => {
    const groups = new Map<string, { ports: EndpointPort[]; endpoints: Endpoint[] }>()
    for (const pod of pods) {
      const addresses = podAddresses(pod, addressType)
      if (addresses.length === 0) continue
      const ports = resolvePorts(service, pod)
      if (ports.length === 0 && (service.spec.ports ?? []).length > 0) continue
      const id = stableJson(ports)
      const group = groups.get(id) ?? { ports: ports.map((p) => ({ ...p })), endpoints: [] }
      groups.set(id, group)
      group.endpoints.push(endpointOf(service, pod, addresses, nodes))
    }
    if (groups.size === 0) return [{ addressType, ports: [], endpoints: [] }]
    return [...groups.values()].map((g) => ({ addressType, ...g }))
  })
}

function endpointOf(
  service: ReadService,
  pod: ReadPod,
  addresses: string[],
  nodes: Pick<Lister<Node>, 'get'>,
): Endpoint {
  const { nodeName } = pod.spec
  const zone = nodeName ? nodes.get(nodeName)?.metadata.labels?.[ZONE] : undefined
  const hostname = endpointHostname(service, pod)
  return {
    addresses,
    conditions: endpointConditions(service, pod),
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
    ...(zone ? { zone } : {}),
  }
}

/** Applies a slice plan and keeps the labels of the slices that stay. */
export async function writeSlices(options: {
  client: Client
  existing: readonly ReadSlice[]
  groups: readonly EndpointGroup[]
  max: number
  metadata: {
    namespace: string
    generateName: string
    labels: Record<string, string>
    annotations: Record<string, string>
    ownerReferences: ReturnType<typeof controllerReference>[]
  }
}): Promise<void> {
  const { client, metadata } = options
  const plan = planSlices(options.existing, options.groups, options.max)
  for (const group of plan.create) {
    await client.create(slicesRef, {
      metadata,
      addressType: group.addressType,
      ports: [...group.ports],
      endpoints: [...group.endpoints],
    })
  }
  const updates = new Map(plan.update.map((u) => [u.slice, u.endpoints]))
  for (const slice of options.existing) {
    if (plan.remove.includes(slice)) continue
    const endpoints = updates.get(slice)
    if (!endpoints && sameValue(slice.metadata.labels, metadata.labels)) continue
    await client.update(slicesRef, {
      ...slice,
      metadata: {
        ...slice.metadata,
        labels: metadata.labels,
        annotations: { ...slice.metadata.annotations, ...metadata.annotations },
      },
      endpoints: endpoints ?? slice.endpoints ?? [],
    })
  }
  await removeSlices(client, plan.remove)
}

/** Deletes slices; those already gone are fine. */
export async function removeSlices(client: Client, slices: readonly ReadSlice[]): Promise<void> {
  for (const { metadata } of slices) {
    try {
      await client.delete(slicesRef, { namespace: metadata.namespace, name: metadata.name })
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error
    }
  }
}
