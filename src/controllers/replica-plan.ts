// The decisions of the replica set and replication controllers: which pods to delete, what the status is.

import type { PodTemplateSpec } from '../api/generated/core-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { matchesLabels } from '../machinery/label-selector.ts'
import {
  isPodActive,
  isPodAvailable,
  isPodReady,
  isPodTerminating,
  podCondition,
  type ReadPod,
} from './support/pods.ts'
import { timeOf } from './support/values.ts'

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'
const PHASE_RANK: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 }

/**
 * The `count` pods to delete first, as upstream's ActivePodsWithRanks: unassigned, pending, unready, cheap to
 * delete, crowded on their node, ready for a short time, often restarted, young.
 * `related` are the active pods of the same owner's siblings and decide what is crowded.
 */
export function podsToDelete(options: {
  pods: readonly ReadPod[]
  related: readonly ReadPod[]
  count: number
  now: number
}): ReadPod[] {
  const { pods, count, now } = options
  if (count >= pods.length) return [...pods]
  const perNode = new Map<string, number>()
  for (const pod of options.related) {
    if (!isPodActive(pod)) continue
    const node = pod.spec.nodeName ?? ''
    perNode.set(node, (perNode.get(node) ?? 0) + 1)
  }
  const rank = (pod: ReadPod) => perNode.get(pod.spec.nodeName ?? '') ?? 0
  return [...pods].sort((a, b) => compareForDeletion(a, b, { rank, now })).slice(0, count)
}

function compareForDeletion(a: ReadPod, b: ReadPod, context: { rank: (pod: ReadPod) => number; now: number }): number {
  const { rank, now } = context
  return (
    Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName)) ||
    phaseRank(a) - phaseRank(b) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    rank(b) - rank(a) ||
    (isPodReady(a) && isPodReady(b) ? compareAges(readySince(a), readySince(b), now) : 0) ||
    maxRestarts(b) - maxRestarts(a) ||
    compareAges(timeOf(a.metadata.creationTimestamp), timeOf(b.metadata.creationTimestamp), now) ||
    (a.metadata.uid < b.metadata.uid ? -1 : 1)
  )
}

function phaseRank(pod: ReadPod): number {
  return PHASE_RANK[pod.status.phase ?? ''] ?? 0
}

function deletionCost(pod: ReadPod): number {
  const text = pod.metadata.annotations?.[DELETION_COST] ?? ''
  return /^-?(0|[1-9]\d*)$/.test(text) ? Number(text) : 0
}

function readySince(pod: ReadPod): number {
  return timeOf(podCondition(pod, 'Ready')?.lastTransitionTime)
}

function maxRestarts(pod: ReadPod): number {
  return Math.max(0, ...(pod.status.containerStatuses ?? []).map((s) => s.restartCount))
}

/** Younger first, by orders of magnitude: a second's difference says nothing among pods that are hours old. */
function compareAges(a: number, b: number, now: number): number {
  if (a === b) return 0
  if (a === 0 || b === 0) return a === 0 ? -1 : 1
  const magnitude = (time: number) => (now - time > 0 ? Math.floor(Math.log2((now - time) * 1e6)) : -1)
  return magnitude(a) - magnitude(b)
}

/** Counts shared by the statuses of both kinds. */
export interface ReplicaCounts {
  readonly replicas: number
  readonly fullyLabeledReplicas: number
  readonly readyReplicas: number
  readonly availableReplicas: number
  readonly terminatingReplicas: number
}

/** Counts the claimed pods. */
export function countReplicas(options: {
  pods: readonly ReadPod[]
  template: DeepReadonly<PodTemplateSpec> | undefined
  minReadySeconds: number
  now: number
}): ReplicaCounts {
  const active = options.pods.filter(isPodActive)
  const labels = options.template?.metadata?.labels ?? {}
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((p) => matchesLabels(labels, p.metadata.labels)).length,
    readyReplicas: active.filter(isPodReady).length,
    availableReplicas: active.filter((p) => isPodAvailable(p, options.minReadySeconds, options.now)).length,
    terminatingReplicas: options.pods.filter(isPodTerminating).length,
  }
}

/** A condition as both kinds have it. */
export interface ReplicaCondition {
  lastTransitionTime?: string | null
  message?: string
  reason?: string
  status: string
  type: string
}

/** The conditions after an attempt: ReplicaFailure appears with the first failure and goes with the next success. */
export function failureConditions(options: {
  conditions: readonly DeepReadonly<ReplicaCondition>[]
  failure: { reason: 'FailedCreate' | 'FailedDelete'; message: string } | undefined
  now: string
}): readonly DeepReadonly<ReplicaCondition>[] {
  const { conditions, failure } = options
  const existing = conditions.find((c) => c.type === 'ReplicaFailure')
  if (!failure) return existing ? conditions.filter((c) => c !== existing) : conditions
  if (existing) return conditions
  return [...conditions, { type: 'ReplicaFailure', status: 'True', lastTransitionTime: options.now, ...failure }]
}
