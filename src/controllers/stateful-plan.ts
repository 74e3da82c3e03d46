// The decisions of the stateful set controller: which ordinal to make, repair, update or remove next.

import type { StatefulSet } from '../api/generated/apps-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isPodAvailable, isPodReady, isPodTerminal, type ReadPod } from './support/pods.ts'
import { REVISION_HASH } from './support/revisions.ts'

export type ReadStatefulSet = DeepReadonly<StatefulSet>

/** The pod's ordinal in its set; undefined when the name is not one of the set's. */
export function ordinalOf(setName: string, podName: string): number | undefined {
  if (!podName.startsWith(`${setName}-`)) return undefined
  const text = podName.slice(setName.length + 1)
  return /^(0|[1-9]\d*)$/.test(text) ? Number(text) : undefined
}

/** One thing to do. Steps of one plan may be done together. */
export type StatefulStep =
  | { readonly type: 'create'; readonly ordinal: number; readonly revision: string }
  | { readonly type: 'delete'; readonly pod: ReadPod }

/** The pod's revision: the name of its ControllerRevision. */
function podRevision(pod: ReadPod): string | undefined {
  return pod.metadata.labels?.[REVISION_HASH]
}

/** Plans the next steps: one at a time in order, or all at once when pods are managed in parallel. */
export function planStateful(options: {
  set: ReadStatefulSet
  pods: readonly ReadPod[]
  currentRevision: string
  updateRevision: string
  now: number
}): StatefulStep[] {
  const { set, currentRevision, updateRevision, now } = options
  const replicas = set.spec.replicas ?? 1
  const start = set.spec.ordinals?.start ?? 0
  const parallel = set.spec.podManagementPolicy === 'Parallel'
  const minReady = set.spec.minReadySeconds ?? 0
  const rolling = (set.spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate'
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0
  const byOrdinal = new Map<number, ReadPod>()
  for (const pod of options.pods) {
    const ordinal = ordinalOf(set.metadata.name, pod.metadata.name)
    if (ordinal !== undefined) byOrdinal.set(ordinal, pod)
  }
  const steps: StatefulStep[] = []
  const isGoing = (pod: ReadPod) => pod.metadata.deletionTimestamp !== undefined
  const isHealthy = (pod: ReadPod | undefined) =>
    pod !== undefined && !isGoing(pod) && isPodAvailable(pod, minReady, now)
  // What a pod below the partition is made from, so that a broken update does not spread to it.
  const revisionFor = (ordinal: number) => {
    const updated = (set.status.currentReplicas ?? 0) === 0 && currentRevision === updateRevision
    if (updated || !rolling)
      return rolling || set.status.currentRevision === undefined ? updateRevision : currentRevision
    return ordinal >= start + partition ? updateRevision : currentRevision
  }
  for (let ordinal = start; ordinal < start + replicas; ordinal++) {
    const pod = byOrdinal.get(ordinal)
    if (!pod) steps.push({ type: 'create', ordinal, revision: revisionFor(ordinal) })
    else if (isPodTerminal(pod) && !isGoing(pod)) steps.push({ type: 'delete', pod })
    else if (isHealthy(pod)) continue
    if (!parallel) return steps
  }
  const surplus = [...byOrdinal].filter(([o]) => o < start || o >= start + replicas).sort(([a], [b]) => b - a)
  for (const [, pod] of surplus) {
    if (!isGoing(pod)) steps.push({ type: 'delete', pod })
    if (!parallel) return steps
  }
  if (steps.length > 0 || !rolling) return steps
  for (let ordinal = start + replicas - 1; ordinal >= start + partition; ordinal--) {
    const pod = byOrdinal.get(ordinal)
    if (!pod) return steps
    if (podRevision(pod) !== updateRevision && !isGoing(pod)) return [{ type: 'delete', pod }]
    if (!isHealthy(pod)) return steps
  }
  return steps
}

/** The counts of the status, and the revision that counts as current from now on. */
export function statefulStatus(options: {
  set: ReadStatefulSet
  pods: readonly ReadPod[]
  currentRevision: string
  updateRevision: string
  now: number
}) {
  const { set, pods, updateRevision, now } = options
  const live = pods.filter((p) => p.metadata.deletionTimestamp === undefined && !isPodTerminal(p))
  const updated = live.filter((p) => podRevision(p) === updateRevision)
  const ready = live.filter(isPodReady)
  const replicas = set.spec.replicas ?? 1
  const complete = updated.length === replicas && live.length === replicas && ready.length === replicas
  const currentRevision = complete ? updateRevision : options.currentRevision
  return {
    replicas: live.length,
    readyReplicas: ready.length,
    availableReplicas: live.filter((p) => isPodAvailable(p, set.spec.minReadySeconds ?? 0, now)).length,
    currentReplicas: live.filter((p) => podRevision(p) === currentRevision).length,
    updatedReplicas: updated.length,
    currentRevision,
    updateRevision,
  }
}
