// Writes the Endpoints object of every Service that selects pods.

import type { EndpointAddress, EndpointSubset } from '../api/generated/core-v1.ts'
import { endpoints as endpointsRef, pods as podsRef, services as servicesRef } from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import { keyOf, splitKey } from '../client/informer.ts'
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
import type { ReadPod } from './support/pods.ts'
import { watchServices } from './support/service-watch.ts'
import { sameValue, stableJson } from './support/values.ts'

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by'
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity'
const MAX_ADDRESSES = 1000

export const endpointsController: Controller = {
  name: 'endpoints-controller',
  eventComponent: 'endpoint-controller',
  setup(context, queue) {
    const services = context.informers.informer(servicesRef)
    const pods = context.informers.informer(podsRef)
    const current = context.informers.informer(endpointsRef)
    watchServices(services, pods, queue)
    current.subscribe({ delete: (e) => queue.add(keyOf(e)) })

    const remove = async (key: string) => {
      // Endpoints written by hand, for a service without a selector, are the user's.
      const existing = current.get(key)
      if (existing?.metadata.labels?.[MANAGED_BY] !== 'endpoint-controller') return
      try {
        await context.client.delete(endpointsRef, {
          namespace: existing.metadata.namespace,
          name: existing.metadata.name,
        })
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error
      }
    }

    return {
      workers: 5,
      async reconcile(key) {
        const service = services.get(key)
        if (!service || service.metadata.deletionTimestamp !== undefined) return remove(key)
        if (!selectsPods(service)) return
        const { namespace, name } = splitKey(key)
        const selected = servicePods(service, pods.list(namespace))
        const { subsets, truncated } = planSubsets(service, selected)
        const existing = current.get(key)
        const labels: Record<string, string> = { ...service.metadata.labels, [MANAGED_BY]: 'endpoint-controller' }
        if (isHeadless(service)) labels[HEADLESS] = ''
        else delete labels[HEADLESS]
        if (existing && sameValue(existing.subsets ?? [], subsets) && sameValue(existing.metadata.labels, labels))
          return
        const annotations: Record<string, string> = { ...existing?.metadata.annotations }
        const trigger = triggerTime(service, selected)
        if (trigger) annotations[TRIGGER_TIME] = trigger
        if (truncated) annotations[OVER_CAPACITY] = 'truncated'
        else delete annotations[OVER_CAPACITY]
        if (existing) {
          await context.client.update(endpointsRef, {
            ...existing,
            metadata: { ...existing.metadata, labels, annotations },
            subsets,
          })
        } else {
          await context.client.create(endpointsRef, {
            metadata: { namespace: namespace ?? '', name, labels, annotations },
            subsets,
          })
        }
      },
    }
  },
}

/** Groups addresses by the ports they serve, ready and not ready apart. At most 1000 addresses. */
function planSubsets(
  service: ReadService,
  pods: readonly ReadPod[],
): { subsets: EndpointSubset[]; truncated: boolean } {
  const family = service.spec.ipFamilies?.[0] ?? addressFamily(service.spec.clusterIP ?? '')
  const groups = new Map<string, EndpointSubset>()
  let count = 0
  let truncated = false
  for (const pod of [...pods].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    const conditions = endpointConditions(service, pod)
    if (conditions.terminating && !service.spec.publishNotReadyAddresses) continue
    const ip = podAddresses(pod, family)[0]
    const ports = resolvePorts(service, pod)
    const wantsPorts = (service.spec.ports ?? []).length > 0
    if (ip === undefined || (ports.length === 0 && (wantsPorts || !isHeadless(service)))) continue
    if (count >= MAX_ADDRESSES) {
      truncated = true
      continue
    }
    count += 1
    const id = stableJson(ports)
    const group: EndpointSubset = groups.get(id) ?? {
      ...(ports.length === 0
        ? {}
        : { ports: ports.map(({ name, ...port }) => (name ? { name, ...port } : { ...port })) }),
    }
    groups.set(id, group)
    const list = conditions.ready ? 'addresses' : 'notReadyAddresses'
    group[list] = [...(group[list] ?? []), addressOf(service, pod, ip)]
  }
  return { subsets: [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, subset]) => subset), truncated }
}

function addressOf(service: ReadService, pod: ReadPod, ip: string): EndpointAddress {
  const hostname = endpointHostname(service, pod)
  return {
    ip,
    ...(hostname ? { hostname } : {}),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
  }
}
