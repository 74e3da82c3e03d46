// The node's last word on a pod that was bound to it: does it fit beside the pods that are here? Pure.

import { milliValue, quantityValue } from '../quantity.ts'
import { isTerminal } from './pod-status.ts'
import { podRequest } from './qos.ts'
import type { ApiPod } from './types.ts'

export interface NodeRoom {
  readonly allocatable: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
}

export interface Rejection {
  readonly reason: string
  readonly message: string
}

/** Why the pod cannot run here; undefined when it can. `others` are the pods of this node, without this one. */
export function admitPod(pod: ApiPod, others: readonly ApiPod[], node: NodeRoom): Rejection | undefined {
  const unmatched = Object.entries(pod.spec.nodeSelector ?? {}).some(([key, value]) => node.labels[key] !== value)
  if (unmatched) {
    const message = "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
    return { reason: 'NodeAffinity', message }
  }
  const active = others.filter((p) => !isTerminal(p.status))
  const sum = (of: (p: ApiPod) => number) => active.reduce((total, p) => total + of(p), 0)
  const bytes = (p: ApiPod) => podRequest(p, 'memory') / 1000
  return (
    outOf('pods', 1, active.length, quantityValue(node.allocatable.pods)) ??
    outOf(
      'cpu',
      podRequest(pod, 'cpu'),
      sum((p) => podRequest(p, 'cpu')),
      milliValue(node.allocatable.cpu),
    ) ??
    outOf('memory', bytes(pod), sum(bytes), quantityValue(node.allocatable.memory))
  )
}

function outOf(resource: string, requested: number, used: number, capacity: number): Rejection | undefined {
  if (requested === 0 || requested + used <= capacity) return undefined
  const numbers = `requested: ${requested}, used: ${used}, capacity: ${capacity}`
  return {
    reason: `OutOf${resource}`,
    message: `Pod was rejected: Node didn't have enough resource: ${resource}, ${numbers}`,
  }
}
