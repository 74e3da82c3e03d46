// Which addresses and ports the pods behind a Service have: shared by the endpoints and endpoint slice controllers.

import type { Pod, Service, ServicePort } from '../api/generated/core-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { matchesLabels } from '../machinery/label-selector.ts'
import { isPodReady, isPodTerminal, podCondition, type ReadPod } from './support/pods.ts'
import { timeOf } from './support/values.ts'

export type ReadService = DeepReadonly<Service>

/** The annotation that tells since when an address change is due; proxies measure programming time by it. */
export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time'
/** Marks endpoints of services without a cluster IP. */
export const HEADLESS = 'service.kubernetes.io/headless'

/** One resolved port of a service, for one pod. */
export interface ResolvedPort {
  readonly name?: string
  readonly port: number
  readonly protocol: string
  readonly appProtocol?: string
}

export function isHeadless(service: ReadService): boolean {
  return service.spec.clusterIP === 'None'
}

/** Whether the service's endpoints are derived from pods. */
export function selectsPods(service: ReadService): boolean {
  return service.spec.type !== 'ExternalName' && Object.keys(service.spec.selector ?? {}).length > 0
}

/** The pods behind a service, as far as they have addresses and have not ended. */
export function servicePods(service: ReadService, pods: readonly ReadPod[]): ReadPod[] {
  const selector = service.spec.selector ?? {}
  return pods.filter(
    (pod) => matchesLabels(selector, pod.metadata.labels) && !isPodTerminal(pod) && (pod.status.podIP ?? '') !== '',
  )
}

/** `IPv4` or `IPv6`. */
export function addressFamily(address: string): 'IPv4' | 'IPv6' {
  return address.includes(':') ? 'IPv6' : 'IPv4'
}

/** The pod's addresses of one family. */
export function podAddresses(pod: ReadPod, family: string): string[] {
  const all = pod.status.podIPs?.map((p) => p.ip) ?? []
  const addresses = all.length > 0 ? all : [pod.status.podIP ?? '']
  return addresses.filter((a) => a !== '' && addressFamily(a) === family)
}

/** The number behind a target port; undefined when the pod has no port of that name. */
function resolvePort(pod: DeepReadonly<Pod>, port: DeepReadonly<ServicePort>): number | undefined {
  const targetPort = port.targetPort ?? port.port
  if (typeof targetPort === 'number') return targetPort === 0 ? port.port : targetPort
  const protocol = port.protocol ?? 'TCP'
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')
  for (const container of [...pod.spec.containers, ...sidecars]) {
    for (const p of container.ports ?? []) {
      if (p.name === targetPort && (p.protocol ?? 'TCP') === protocol) return p.containerPort
    }
  }
  return undefined
}

/** All ports of a service for one pod. */
export function resolvePorts(service: ReadService, pod: ReadPod): ResolvedPort[] {
  const out: ResolvedPort[] = []
  for (const p of service.spec.ports ?? []) {
    const port = resolvePort(pod, p)
    if (port === undefined) continue
    out.push({
      name: p.name ?? '',
      port,
      protocol: p.protocol ?? 'TCP',
      ...(p.appProtocol === undefined ? {} : { appProtocol: p.appProtocol }),
    })
  }
  return out
}

/** Whether traffic may be sent to the pod, whether it answers, and whether it is going away. */
export function endpointConditions(
  service: ReadService,
  pod: ReadPod,
): { ready: boolean; serving: boolean; terminating: boolean } {
  const serving = isPodReady(pod)
  const terminating = pod.metadata.deletionTimestamp !== undefined
  return { ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating), serving, terminating }
}

/** The pod's name in DNS under a headless service, if it has one. */
export function endpointHostname(service: ReadService, pod: ReadPod): string | undefined {
  const { hostname, subdomain } = pod.spec
  return hostname && subdomain === service.metadata.name ? hostname : undefined
}

/** When the newest of the changes that the endpoints reflect happened. */
export function triggerTime(service: ReadService, pods: readonly ReadPod[]): string | undefined {
  const times = [
    service.metadata.creationTimestamp,
    ...pods.map((p) => podCondition(p, 'Ready')?.lastTransitionTime),
    ...pods.map((p) => p.metadata.deletionTimestamp),
  ]
  return times
    .filter((t): t is string => timeOf(t) > 0)
    .sort((a, b) => timeOf(a) - timeOf(b))
    .at(-1)
}
