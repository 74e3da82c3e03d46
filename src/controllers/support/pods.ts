// Questions that many controllers ask about a pod.

import type { Pod, PodCondition, PodSpec, PodTemplateSpec } from '../../api/generated/core-v1.ts'
import type { OwnerReference } from '../../api/generated/meta-v1.ts'
import type { New } from '../../client/client.ts'
import { copy, type DeepReadonly } from '../../machinery/deep-readonly.ts'

/** A pod as caches hand it out. */
export type ReadPod = DeepReadonly<Pod>

/** The pod's condition of this type, if it has one. */
export function podCondition(pod: ReadPod, type: string): DeepReadonly<PodCondition> | undefined {
  return pod.status.conditions?.find((c) => c.type === type)
}

export function isPodReady(pod: ReadPod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True'
}

/** Whether the pod has ended for good: Succeeded or Failed. */
export function isPodTerminal(pod: ReadPod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
}

/** Neither ended nor being deleted. */
export function isPodActive(pod: ReadPod): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined
}

/** Being deleted, but not yet ended. */
export function isPodTerminating(pod: ReadPod): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp !== undefined
}

/** When the pod counts as available: the time (ms), `undefined` while it is not ready. */
function availableAt(pod: ReadPod, minReadySeconds: number): number | undefined {
  const ready = podCondition(pod, 'Ready')
  if (ready?.status !== 'True') return undefined
  if (minReadySeconds === 0) return 0
  return Date.parse(ready.lastTransitionTime ?? '') + minReadySeconds * 1000
}

/** Ready for at least `minReadySeconds`. */
export function isPodAvailable(pod: ReadPod, minReadySeconds: number, now: number): boolean {
  const at = availableAt(pod, minReadySeconds)
  return at !== undefined && at <= now
}

/** Milliseconds until the next ready pod becomes available; `undefined` when none is on its way. */
export function nextAvailability(pods: readonly ReadPod[], minReadySeconds: number, now: number): number | undefined {
  const waits = pods
    .map((pod) => availableAt(pod, minReadySeconds))
    .filter((at): at is number => at !== undefined && at > now)
    .map((at) => at - now)
  return waits.length === 0 ? undefined : Math.min(...waits)
}

/** The pod that a template asks for. Give `name` for pods with an identity; otherwise the server makes a name. */
export function podFromTemplate(options: {
  template: DeepReadonly<PodTemplateSpec> | undefined
  namespace: string
  owner: OwnerReference
  name?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: readonly string[]
}): New<Pod> {
  const { template, owner } = options
  const finalizers = [...(template?.metadata?.finalizers ?? []), ...(options.finalizers ?? [])]
  return {
    metadata: {
      namespace: options.namespace,
      ...(options.name === undefined ? { generateName: generateNamePrefix(owner.name) } : { name: options.name }),
      labels: { ...template?.metadata?.labels, ...options.labels },
      annotations: { ...template?.metadata?.annotations, ...options.annotations },
      ...(finalizers.length > 0 ? { finalizers } : {}),
      ownerReferences: [owner],
    },
    spec: copy<PodSpec>(template?.spec ?? { containers: [] }),
  }
}

const MAX_PREFIX = 58

/** `name-`, cut so that the generated name stays a valid one. */
function generateNamePrefix(name: string): string {
  return `${name.slice(0, MAX_PREFIX - 1)}-`
}
