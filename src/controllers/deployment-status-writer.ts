// Writes a Deployment's status: counts, conditions, how far a rollout is.

import { deployments as deploymentsRef } from '../api/generated/resources.ts'
import type { ControllerContext } from '../client/controller.ts'
import { keyOf } from '../client/informer.ts'
import type { Workqueue } from '../client/workqueue.ts'
import { isReason } from '../machinery/errors.ts'
import type { ReadDeployment, ReadReplicaSet } from './deployment-plan.ts'
import {
  deploymentCounts,
  findCondition,
  hasProgressDeadline,
  isComplete,
  progressDeadline,
  rolloutStatus,
  setCondition,
} from './deployment-status.ts'
import { sameValue } from './support/values.ts'

/** The ReplicaSets of a Deployment: that of its template as it is, and those of earlier ones. */
export interface ReplicaSets {
  current: ReadReplicaSet | undefined
  old: ReadReplicaSet[]
}

export class DeploymentStatusWriter {
  readonly #context: ControllerContext
  readonly #queue: Workqueue

  constructor(context: ControllerContext, queue: Workqueue) {
    this.#context = context
    this.#queue = queue
  }

  /** Reflects pausing and resuming in the Progressing condition, so that a pause does not run into the deadline. */
  async notePause(deployment: ReadDeployment): Promise<boolean> {
    if (!hasProgressDeadline(deployment)) return false
    const progressing = findCondition(deployment.status.conditions, 'Progressing')
    if (progressing?.reason === 'ProgressDeadlineExceeded') return false
    const noted = progressing?.reason === 'DeploymentPaused'
    const paused = deployment.spec.paused === true
    if (paused === noted) return false
    const conditions = setCondition(
      deployment.status.conditions ?? [],
      {
        type: 'Progressing',
        status: 'Unknown',
        reason: paused ? 'DeploymentPaused' : 'DeploymentResumed',
        message: paused ? 'Deployment is paused' : 'Deployment is resumed',
      },
      this.#context.clock.now(),
    )
    await this.write(deployment, { ...deployment.status, conditions })
    return true
  }

  /** Writes the Progressing condition. */
  async note(deployment: ReadDeployment, status: string, reason: string, message: string): Promise<void> {
    const conditions = setCondition(
      deployment.status.conditions ?? [],
      { type: 'Progressing', status, reason, message },
      this.#context.clock.now(),
    )
    await this.write(deployment, { ...deployment.status, conditions })
  }

  /** Writes counts alone: nothing is being rolled out. */
  async writeCounts(deployment: ReadDeployment, sets: ReplicaSets): Promise<void> {
    const all = sets.current ? [...sets.old, sets.current] : sets.old
    const now = this.#context.clock.now()
    await this.write(deployment, deploymentCounts({ deployment, all, current: sets.current, now }))
  }

  /** Writes counts and conditions, and comes back when the deadline of the rollout is due. */
  async writeRollout(deployment: ReadDeployment, sets: ReplicaSets): Promise<void> {
    const all = sets.current ? [...sets.old, sets.current] : sets.old
    const now = this.#context.clock.now()
    const status = rolloutStatus({ deployment, all, current: sets.current, now })
    await this.write(deployment, status)
    const due = progressDeadline(deployment, status.conditions ?? [])
    const overdue = findCondition(status.conditions, 'Progressing')?.reason === 'ProgressDeadlineExceeded'
    if (due !== undefined && !overdue && !isComplete(deployment, status)) {
      this.#queue.addAfter(keyOf(deployment), Math.max(due - now, 0) + 1000)
    }
  }

  /** Writes a status unless it is what is there. */
  async write(deployment: ReadDeployment, status: ReadDeployment['status']): Promise<void> {
    if (sameValue(withoutZeros(deployment.status), withoutZeros(status))) return
    const { namespace, name, uid } = deployment.metadata
    try {
      // The revision annotation may have been written meanwhile, so only the status is sent.
      await this.#context.client.patch(
        deploymentsRef,
        { namespace, name },
        {
          type: 'merge',
          subresource: 'status',
          patch: { metadata: { uid }, status: { ...cleared(deployment.status), ...withoutZeros(status) } },
        },
      )
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error
    }
  }
}

/** Nulls for every field there was, so that a merge patch removes what the new status no longer has. */
function cleared(status: ReadDeployment['status']): Record<string, null> {
  return Object.fromEntries(Object.keys(status).map((key) => [key, null]))
}

/** Counts of zero are absent on the wire, but for terminatingReplicas, which is a pointer upstream. */
function withoutZeros(status: ReadDeployment['status']): object {
  return Object.fromEntries(
    Object.entries(status).filter(([key, value]) => value !== 0 || key === 'terminatingReplicas'),
  )
}
