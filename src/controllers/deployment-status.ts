// What a Deployment's status says: counts and the conditions Available, Progressing and ReplicaFailure.

import type { DeploymentCondition, DeploymentStatus } from '../api/generated/apps-v1.ts'
import { formatTime } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { type ReadDeployment, type ReadReplicaSet, rollingLimits, specReplicas } from './deployment-plan.ts'
import { timeOf } from './support/values.ts'

type Condition = DeepReadonly<DeploymentCondition>
type Conditions = readonly Condition[]
type ReadStatus = DeepReadonly<DeploymentStatus>

/** A deadline of this many seconds means none. */
const NO_DEADLINE = 2 ** 31 - 1

export function findCondition(conditions: Conditions | undefined, type: string): Condition | undefined {
  return conditions?.find((c) => c.type === type)
}

/** Sets a condition unless it says the same already; the transition time changes with the status only. */
export function setCondition(
  conditions: Conditions,
  next: { type: string; status: string; reason: string; message: string },
  now: number,
): Conditions {
  const before = findCondition(conditions, next.type)
  if (before && before.status === next.status && before.reason === next.reason) return conditions
  const time = formatTime(now)
  const lastTransitionTime = before?.status === next.status ? (before.lastTransitionTime ?? time) : time
  return [...conditions.filter((c) => c !== before), { ...next, lastUpdateTime: time, lastTransitionTime }]
}

function sum(sets: readonly ReadReplicaSet[], value: (rs: ReadReplicaSet) => number | undefined): number {
  return sets.reduce((total, rs) => total + (value(rs) ?? 0), 0)
}

/** Counts and the Available condition, from the ReplicaSets' statuses. */
export function deploymentCounts(options: {
  deployment: ReadDeployment
  all: readonly ReadReplicaSet[]
  current: ReadReplicaSet | undefined
  now: number
}): ReadStatus {
  const { deployment, all, current, now } = options
  const availableReplicas = sum(all, (rs) => rs.status.availableReplicas)
  const unavailableReplicas = Math.max(0, sum(all, specReplicas) - availableReplicas)
  const enough = availableReplicas >= specReplicas(deployment) - rollingLimits(deployment).maxUnavailable
  const conditions = setCondition(
    deployment.status.conditions ?? [],
    enough
      ? {
          type: 'Available',
          status: 'True',
          reason: 'MinimumReplicasAvailable',
          message: 'Deployment has minimum availability.',
        }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        },
    now,
  )
  const { collisionCount } = deployment.status
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sum(all, (rs) => rs.status.replicas),
    updatedReplicas: current?.status.replicas ?? 0,
    readyReplicas: sum(all, (rs) => rs.status.readyReplicas),
    availableReplicas,
    unavailableReplicas,
    terminatingReplicas: sum(all, (rs) => rs.status.terminatingReplicas),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions,
  }
}

export function hasProgressDeadline(deployment: ReadDeployment): boolean {
  const seconds = deployment.spec.progressDeadlineSeconds
  return seconds !== undefined && seconds !== NO_DEADLINE
}

/** Whether everything runs the current template and is available. */
export function isComplete(deployment: ReadDeployment, status: ReadStatus): boolean {
  const wanted = specReplicas(deployment)
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  )
}

function isProgressing(deployment: ReadDeployment, next: ReadStatus): boolean {
  const before = deployment.status
  const old = (s: ReadStatus) => (s.replicas ?? 0) - (s.updatedReplicas ?? 0)
  return (
    (next.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(next) < old(before) ||
    (next.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (next.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  )
}

/** When the rollout counts as stuck (ms); undefined when it cannot. */
export function progressDeadline(deployment: ReadDeployment, conditions: Conditions): number | undefined {
  const progressing = findCondition(conditions, 'Progressing')
  if (!hasProgressDeadline(deployment) || !progressing) return undefined
  if (progressing.reason === 'NewReplicaSetAvailable') return undefined
  return timeOf(progressing.lastUpdateTime) + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000
}

/** The whole status during a rollout: counts, then what has become of its progress. */
export function rolloutStatus(options: {
  deployment: ReadDeployment
  all: readonly ReadReplicaSet[]
  current: ReadReplicaSet | undefined
  now: number
}): ReadStatus {
  const { deployment, all, current, now } = options
  const counts = deploymentCounts(options)
  let conditions: Conditions = counts.conditions ?? []
  const deadline = hasProgressDeadline(deployment)
  if (!deadline) conditions = conditions.filter((c) => c.type !== 'Progressing')
  const before = findCondition(deployment.status.conditions, 'Progressing')
  const settled = counts.replicas === counts.updatedReplicas && before?.reason === 'NewReplicaSetAvailable'
  if (deadline && !settled) conditions = progressConditions({ deployment, counts, conditions, current, now })
  const failure = replicaFailure(all, current)
  conditions = conditions.filter((c) => c.type !== 'ReplicaFailure')
  if (failure) conditions = [...conditions, failure]
  return { ...counts, conditions }
}

function progressConditions(options: {
  deployment: ReadDeployment
  counts: ReadStatus
  conditions: Conditions
  current: ReadReplicaSet | undefined
  now: number
}): Conditions {
  const { deployment, counts, conditions, current, now } = options
  const what = current ? `ReplicaSet "${current.metadata.name}"` : `Deployment "${deployment.metadata.name}"`
  const set = (status: string, reason: string, message: string, from = conditions) =>
    setCondition(from, { type: 'Progressing', status, reason, message }, now)
  if (isComplete(deployment, counts)) {
    return set('True', 'NewReplicaSetAvailable', `${what} has successfully progressed.`)
  }
  if (isProgressing(deployment, counts)) {
    const before = findCondition(deployment.status.conditions, 'Progressing')
    // Every step forward renews the deadline, so the condition is written anew, keeping its transition time.
    const others = conditions.filter((c) => c.type !== 'Progressing')
    const lastTransitionTime =
      before?.status === 'True' ? (before.lastTransitionTime ?? formatTime(now)) : formatTime(now)
    return [
      ...others,
      {
        type: 'Progressing',
        status: 'True',
        reason: 'ReplicaSetUpdated',
        message: `${what} is progressing.`,
        lastUpdateTime: formatTime(now),
        lastTransitionTime,
      },
    ]
  }
  const due = progressDeadline(deployment, deployment.status.conditions ?? [])
  const late = due !== undefined && now > due
  if (late) return set('False', 'ProgressDeadlineExceeded', `${what} has timed out progressing.`)
  return conditions
}

function replicaFailure(all: readonly ReadReplicaSet[], current: ReadReplicaSet | undefined): Condition | undefined {
  const failed = (rs: ReadReplicaSet | undefined) => rs?.status.conditions?.find((c) => c.type === 'ReplicaFailure')
  const found = failed(current) ?? all.map(failed).find((c) => c !== undefined)
  if (!found) return undefined
  const time = found.lastTransitionTime === undefined ? {} : { lastTransitionTime: found.lastTransitionTime }
  return {
    type: 'ReplicaFailure',
    status: found.status,
    reason: found.reason ?? '',
    message: found.message ?? '',
    ...time,
    ...(found.lastTransitionTime === undefined ? {} : { lastUpdateTime: found.lastTransitionTime }),
  }
}
