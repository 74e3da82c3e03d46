// Quality-of-service class and the cgroup numbers that follow from requests and limits.

import { milliValue, quantityValue } from '../quantity.ts'
import type { ContainerResources } from '../runtime/runtime.ts'
import { type ApiContainer, type ApiPod, initContainersOf, isSidecar } from './types.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

const CPU_PERIOD = 100_000
const MIN_SHARES = 2
const MAX_SHARES = 262_144
const MIN_QUOTA = 1000

/** The pod's class from the cpu and memory of all its containers. */
export function qosClass(pod: ApiPod): QosClass {
  const podLevel = pod.spec.resources
  const sets = podLevel?.requests || podLevel?.limits ? [podLevel] : containersOf(pod).map((c) => c.resources ?? {})
  let any = false
  let guaranteed = true
  for (const { requests, limits } of sets) {
    for (const name of ['cpu', 'memory']) {
      const request = milliValue(requests?.[name])
      const limit = milliValue(limits?.[name])
      if (request > 0 || limit > 0) any = true
      if (limit === 0 || (requests?.[name] !== undefined && request !== limit)) guaranteed = false
    }
  }
  if (!any) return 'BestEffort'
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

function containersOf(pod: ApiPod): readonly ApiContainer[] {
  return [...initContainersOf(pod), ...pod.spec.containers]
}

/** What the pod asks of the node: containers and sidecars together, or the largest init step, plus overhead. */
export function podRequest(pod: ApiPod, resource: 'cpu' | 'memory', kind: 'requests' | 'limits' = 'requests'): number {
  const amountOf = (c: ApiContainer) =>
    milliValue(c.resources?.[kind]?.[resource] ?? (kind === 'requests' ? c.resources?.limits?.[resource] : undefined))
  const podLevel = pod.spec.resources?.[kind]?.[resource]
  if (podLevel !== undefined) return milliValue(podLevel) + milliValue(pod.spec.overhead?.[resource])
  let sidecars = 0
  let peak = 0
  for (const c of initContainersOf(pod)) {
    if (isSidecar(c)) sidecars += amountOf(c)
    peak = Math.max(peak, isSidecar(c) ? sidecars : sidecars + amountOf(c))
  }
  const steady = sidecars + pod.spec.containers.reduce((sum, c) => sum + amountOf(c), 0)
  return Math.max(peak, steady) + milliValue(pod.spec.overhead?.[resource])
}

function cpuShares(milliCpu: number): number {
  return Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((milliCpu * 1024) / 1000)))
}

function cpuQuota(milliCpu: number): number {
  return milliCpu === 0 ? 0 : Math.max(MIN_QUOTA, Math.floor((milliCpu * CPU_PERIOD) / 1000))
}

/** cgroup settings of one container. */
export function containerResources(pod: ApiPod, container: ApiContainer, nodeMemory: number): ContainerResources {
  const { requests, limits } = container.resources ?? {}
  const cpuRequest = milliValue(requests?.cpu ?? limits?.cpu)
  return {
    cpuShares: cpuShares(cpuRequest),
    cpuQuota: cpuQuota(milliValue(limits?.cpu)),
    cpuPeriod: CPU_PERIOD,
    memoryLimit: quantityValue(limits?.memory),
    oomScoreAdj: oomScoreAdj(pod, container, nodeMemory),
  }
}

/** cgroup settings of the pod as a whole; limits only when every container has one. */
export function podCgroupResources(pod: ApiPod): { cpuShares: number; cpuQuota: number; memoryLimit: number } {
  const all = containersOf(pod)
  const limited = (name: 'cpu' | 'memory') =>
    pod.spec.resources?.limits?.[name] !== undefined || all.every((c) => c.resources?.limits?.[name] !== undefined)
  return {
    cpuShares: cpuShares(podRequest(pod, 'cpu')),
    cpuQuota: limited('cpu') ? cpuQuota(podRequest(pod, 'cpu', 'limits')) : 0,
    memoryLimit: limited('memory') ? Math.ceil(podRequest(pod, 'memory', 'limits') / 1000) : 0,
  }
}

/** Who dies first when memory runs out: best-effort 1000, guaranteed -997, burstable by its request in between. */
function oomScoreAdj(pod: ApiPod, container: ApiContainer, nodeMemory: number): number {
  if ((pod.spec.priority ?? 0) >= 2_000_000_000) return -997
  const qos = qosClass(pod)
  if (qos === 'Guaranteed') return -997
  if (qos === 'BestEffort') return 1000
  const request = quantityValue(container.resources?.requests?.memory ?? container.resources?.limits?.memory)
  const adjusted = Math.floor(1000 - (1000 * request) / nodeMemory)
  return Math.min(999, Math.max(3, adjusted))
}
