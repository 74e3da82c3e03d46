// How a node's reported conditions and silence become conditions and taints: the pure part of node lifecycle.

import type { Node, NodeCondition, Taint } from '../api/generated/core-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'

export type ReadNode = DeepReadonly<Node>

/** Silence of this length makes a node's state unknown. */
export const GRACE_MS = 50_000
/** The same for a node that has never reported. */
export const STARTUP_GRACE_MS = 60_000

const NOT_READY = 'node.kubernetes.io/not-ready'
const UNREACHABLE = 'node.kubernetes.io/unreachable'
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'

const MONITORED = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const

const CONDITION_TAINTS: readonly { type: string; status: string; key: string }[] = [
  { type: 'Ready', status: 'False', key: NOT_READY },
  { type: 'Ready', status: 'Unknown', key: UNREACHABLE },
  { type: 'MemoryPressure', status: 'True', key: 'node.kubernetes.io/memory-pressure' },
  { type: 'DiskPressure', status: 'True', key: 'node.kubernetes.io/disk-pressure' },
  { type: 'PIDPressure', status: 'True', key: 'node.kubernetes.io/pid-pressure' },
  { type: 'NetworkUnavailable', status: 'True', key: 'node.kubernetes.io/network-unavailable' },
]

export function nodeCondition(node: ReadNode, type: string): DeepReadonly<NodeCondition> | undefined {
  return node.status.conditions?.find((c) => c.type === type)
}

/** The conditions of a node that has been silent for too long; `undefined` when they say so already. */
export function unknownConditions(node: ReadNode, now: string): NodeCondition[] | undefined {
  const before = node.status.conditions ?? []
  const out: NodeCondition[] = before.map((c) => {
    const monitored = (MONITORED as readonly string[]).includes(c.type)
    if (!monitored || c.status === 'Unknown') return { ...c }
    return {
      ...c,
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: now,
    }
  })
  for (const type of MONITORED) {
    if (before.some((c) => c.type === type)) continue
    out.push({
      type,
      status: 'Unknown',
      reason: 'NodeStatusNeverUpdated',
      message: 'Kubelet never posted node status.',
      lastHeartbeatTime: node.metadata.creationTimestamp,
      lastTransitionTime: now,
    })
  }
  const same = out.length === before.length && out.every((c, i) => c.status === before[i]?.status)
  return same ? undefined : out
}

/** The taints a node should have: those it was given by others, and those its conditions call for. */
export function wantedTaints(node: ReadNode, now: string): Taint[] {
  const managed = new Set([...CONDITION_TAINTS.map((t) => t.key), UNSCHEDULABLE])
  const before = node.spec.taints ?? []
  const wanted: { key: string; effect: string }[] = []
  for (const { type, status, key } of CONDITION_TAINTS) {
    if (nodeCondition(node, type)?.status === status) wanted.push({ key, effect: 'NoSchedule' })
  }
  if (node.spec.unschedulable) wanted.push({ key: UNSCHEDULABLE, effect: 'NoSchedule' })
  const ready = nodeCondition(node, 'Ready')?.status
  if (ready === 'False') wanted.push({ key: NOT_READY, effect: 'NoExecute' })
  if (ready === 'Unknown') wanted.push({ key: UNREACHABLE, effect: 'NoExecute' })
  // A node that has not said anything yet keeps the taint it was registered with.
  const fresh = ready === undefined
  const kept = before.filter((t) => {
    if (!managed.has(t.key) || t.effect === 'PreferNoSchedule') return true
    if (fresh && t.key === NOT_READY) return true
    return wanted.some((w) => w.key === t.key && w.effect === t.effect)
  })
  const added = wanted
    .filter((w) => !kept.some((t) => t.key === w.key && t.effect === w.effect))
    .map((w) => ({ ...w, timeAdded: now }))
  return [...kept.map((t) => ({ ...t })), ...added]
}

/** Whether two taint lists hold the same keys, values and effects. */
export function sameTaints(a: readonly DeepReadonly<Taint>[], b: readonly DeepReadonly<Taint>[]): boolean {
  const ids = (taints: readonly DeepReadonly<Taint>[]) =>
    taints.map((t) => `${t.key}=${t.value ?? ''}:${t.effect}`).sort()
  return ids(a).join() === ids(b).join()
}
