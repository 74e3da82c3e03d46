// Gives services of type LoadBalancer an outside address: that of every ready node, where the service proxy takes what
// arrives at the service's own ports. What k3s does with ServiceLB; for services without a loadBalancerClass.

import type { Node, Service } from '../api/generated/core-v1.ts'
import { nodes as nodesRef, services as servicesRef } from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import { sameJson } from '../machinery/same-json.ts'

type Ingress = NonNullable<NonNullable<Service['status']['loadBalancer']>['ingress']>

/** What a service is to be given, or why it gets nothing. */
export interface Assignment {
  readonly service: DeepReadonly<Service>
  readonly ingress: Ingress
  readonly problem?: string
}

const ALL = 'all'

/** Decides about all services: of two that want the same port the older one gets it, reserved ports nobody. */
export function assignLoadBalancers(
  services: readonly DeepReadonly<Service>[],
  nodes: readonly DeepReadonly<Node>[],
  reserved: ReadonlySet<string>,
): Assignment[] {
  const ingress: Ingress = nodes
    .filter(isReady)
    .flatMap((node) => (node.status.addresses ?? []).filter((a) => a.type === 'InternalIP').map((a) => a.address))
    .sort()
    .map((ip) => ({ ip, ipMode: 'VIP' }))
  const taken = new Map<string, string>()
  const oldestFirst = [...services].sort(
    (a, b) =>
      a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp) ||
      a.metadata.uid.localeCompare(b.metadata.uid),
  )
  return oldestFirst.map((service) => {
    const { spec, metadata } = service
    if (spec.type !== 'LoadBalancer' || metadata.deletionTimestamp) return { service, ingress: [] }
    const ports = (spec.ports ?? []).map((p) => `${p.port}/${p.protocol ?? 'TCP'}`)
    const refused = ports.find((port) => reserved.has(port))
    if (refused) return { service, ingress: [], problem: `port ${refused} is in use on the nodes` }
    const conflict = ports.find((port) => taken.has(port))
    if (conflict) {
      return { service, ingress: [], problem: `port ${conflict} is taken by service ${taken.get(conflict)}` }
    }
    for (const port of ports) taken.set(port, `${metadata.namespace}/${metadata.name}`)
    return { service, ingress }
  })
}

function isReady(node: DeepReadonly<Node>): boolean {
  const ready = node.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')
  return (
    ready === true && node.metadata.labels?.['node.kubernetes.io/exclude-from-external-load-balancers'] === undefined
  )
}

/** `reserved` are ports of the nodes themselves, as `6443/TCP`. */
export function serviceLoadBalancerController(options: { reserved: ReadonlySet<string> }): Controller {
  return {
    name: 'service-lb-controller',
    eventComponent: 'service-controller',
    setup({ client, informers, events }, queue) {
      const services = informers.informer(servicesRef)
      const nodes = informers.informer(nodesRef)
      const told = new Map<string, string>()
      const wake = () => queue.add(ALL)
      services.subscribe({
        add: wake,
        update: wake,
        delete(service) {
          told.delete(service.metadata.uid)
          wake()
        },
      })
      nodes.subscribe({
        add: wake,
        update(before, after) {
          if (isReady(before) !== isReady(after) || !sameJson(before.status.addresses, after.status.addresses)) wake()
        },
        delete: wake,
      })

      function tell({ service, ingress, problem }: Assignment): void {
        const { uid } = service.metadata
        const text = problem ?? (ingress.length > 0 ? 'Ensured load balancer' : undefined)
        if (text === undefined || told.get(uid) === text) return
        told.set(uid, text)
        const target = { apiVersion: 'v1', kind: 'Service', metadata: service.metadata }
        if (problem)
          events.event(target, 'Warning', 'SyncLoadBalancerFailed', `Error syncing load balancer: ${problem}`)
        else events.event(target, 'Normal', 'EnsuredLoadBalancer', text)
      }

      return {
        async reconcile() {
          // Someone else's class is someone else's business.
          const ours = services.list().filter((s) => s.spec.loadBalancerClass === undefined)
          for (const assignment of assignLoadBalancers(ours, nodes.list(), options.reserved)) {
            const { service, ingress } = assignment
            tell(assignment)
            if (sameJson(service.status.loadBalancer?.ingress ?? [], ingress)) continue
            const { namespace, name } = service.metadata
            const patch = { status: { loadBalancer: { ingress: ingress.length > 0 ? ingress : null } } }
            try {
              await client.patch(servicesRef, { namespace, name }, { type: 'merge', subresource: 'status', patch })
            } catch (error) {
              if (!isReason(error, 'NotFound')) throw error
            }
          }
        },
      }
    },
  }
}
