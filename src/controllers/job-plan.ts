// The decisions of the job controller: how many pods to run, and when a job has succeeded or failed.

import type { Job, JobCondition } from '../api/generated/batch-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import type { ReadPod } from './support/pods.ts'
import { timeOf } from './support/values.ts'

export type ReadJob = DeepReadonly<Job>

export const INDEX_ANNOTATION = 'batch.kubernetes.io/job-completion-index'
export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking'

const FIRST_BACKOFF_MS = 10_000
const MAX_BACKOFF_MS = 600_000

export function isJobFinished(job: ReadJob): boolean {
  return (job.status.conditions ?? []).some(
    (c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True',
  )
}

/** How a job ends: the type is Complete or Failed. */
export type Ending = Pick<JobCondition, 'type' | 'reason' | 'message'>

/** How a job will end that waits for its last pods; undefined while nothing is decided. */
export function decidedCondition(job: ReadJob): Ending | undefined {
  for (const { type, status, reason, message } of job.status.conditions ?? []) {
    if (status !== 'True' || (type !== 'FailureTarget' && type !== 'SuccessCriteriaMet')) continue
    return {
      type: type === 'FailureTarget' ? 'Failed' : 'Complete',
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
    }
  }
  return undefined
}

export function isIndexed(job: ReadJob): boolean {
  return job.spec.completionMode === 'Indexed'
}

/** The pod's index; undefined when it has none. */
export function indexOf(pod: ReadPod): number | undefined {
  const text = pod.metadata.annotations?.[INDEX_ANNOTATION]
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

/** Reads `1,3-5`. */
export function parseIndexes(text: string | undefined): Set<number> {
  const out = new Set<number>()
  for (const part of (text ?? '').split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim())
    if (!match) continue
    for (let i = Number(match[1]); i <= Number(match[2] ?? match[1]); i++) out.add(i)
  }
  return out
}

/** Writes `1,3-5`. */
export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...new Set(indexes)].sort((a, b) => a - b)
  const parts: string[] = []
  for (let i = 0; i < sorted.length; ) {
    let end = i
    while ((sorted[end + 1] ?? Number.NaN) === (sorted[end] ?? 0) + 1) end += 1
    const [first, last] = [sorted[i] ?? 0, sorted[end] ?? 0]
    parts.push(last === first ? `${first}` : last === first + 1 ? `${first},${last}` : `${first}-${last}`)
    i = end + 1
  }
  return parts.join(',')
}

/** What a pod of a job counts as. */
export type PodOutcome = 'active' | 'terminating' | 'succeeded' | 'failed'

/** A pod that is deleted before it ended counts as failed once it has ended (or at once, by replacement policy). */
export function outcomeOf(pod: ReadPod, job: ReadJob): PodOutcome {
  if (pod.status.phase === 'Succeeded') return 'succeeded'
  if (pod.status.phase === 'Failed') return 'failed'
  if (pod.metadata.deletionTimestamp === undefined) return 'active'
  return job.spec.podReplacementPolicy === 'Failed' || job.spec.podFailurePolicy ? 'terminating' : 'failed'
}

/** What a failure policy says about a failed pod. */
export interface FailureVerdict {
  readonly action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count'
  readonly message?: string
}

/** Applies the first matching rule of the job's podFailurePolicy. */
export function judgeFailure(job: ReadJob, pod: ReadPod): FailureVerdict {
  const statuses = [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])]
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`
  for (const [i, rule] of (job.spec.podFailurePolicy?.rules ?? []).entries()) {
    const action = rule.action as FailureVerdict['action']
    const { onExitCodes } = rule
    const exited = onExitCodes
      ? statuses.find((s) => {
          const code = s.state?.terminated?.exitCode
          if (code === undefined || code === 0) return false
          if (onExitCodes.containerName && onExitCodes.containerName !== s.name) return false
          return onExitCodes.values.includes(code) === (onExitCodes.operator === 'In')
        })
      : undefined
    if (exited) {
      const message = `Container ${exited.name} for pod ${name} failed with exit code ${exited.state?.terminated?.exitCode} matching ${action} rule at index ${i}`
      return { action, message }
    }
    const pattern = rule.onPodConditions?.find((p) =>
      pod.status.conditions?.some((c) => c.type === p.type && c.status === (p.status ?? 'True')),
    )
    if (pattern)
      return { action, message: `Pod ${name} has condition ${pattern.type} matching ${action} rule at index ${i}` }
  }
  return { action: 'Count' }
}

/** How far a job is, counted over pods that exist and those counted before. */
export interface JobProgress {
  readonly active: readonly ReadPod[]
  readonly terminating: number
  readonly succeeded: number
  readonly failed: number
  readonly completedIndexes: ReadonlySet<number>
  readonly failedIndexes: ReadonlySet<number>
}

/** The condition that ends the job now, if any. */
export function finishingCondition(
  job: ReadJob,
  progress: JobProgress,
  failJob: string | undefined,
  now: number,
): Ending | undefined {
  const { completions, backoffLimit, activeDeadlineSeconds, maxFailedIndexes } = job.spec
  if (failJob !== undefined) return { type: 'Failed', reason: 'PodFailurePolicy', message: failJob }
  const perIndex = job.spec.backoffLimitPerIndex !== undefined
  if (progress.failed > (backoffLimit ?? (perIndex ? 2 ** 31 - 1 : 6))) {
    return { type: 'Failed', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' }
  }
  if (maxFailedIndexes !== undefined && progress.failedIndexes.size > maxFailedIndexes) {
    const message = 'Job has exceeded the specified maximal number of failed indexes'
    return { type: 'Failed', reason: 'MaxFailedIndexesExceeded', message }
  }
  if (deadlineOf(job) !== undefined && now >= (deadlineOf(job) ?? 0) && activeDeadlineSeconds !== undefined) {
    return { type: 'Failed', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' }
  }
  const met = successRule(job, progress)
  if (met !== undefined) return { type: 'Complete', reason: 'SuccessPolicy', message: met }
  if (isIndexed(job)) {
    const wanted = completions ?? 1
    if (progress.completedIndexes.size + progress.failedIndexes.size < wanted) return undefined
    if (progress.failedIndexes.size > 0) {
      return { type: 'Failed', reason: 'FailedIndexes', message: 'Job has failed indexes' }
    }
    return { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
  }
  const complete =
    completions === undefined
      ? progress.succeeded > 0 && progress.active.length === 0
      : progress.succeeded >= completions && (progress.active.length === 0 || progress.succeeded >= completions)
  if (!complete) return undefined
  return { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
}

function successRule(job: ReadJob, progress: JobProgress): string | undefined {
  for (const [i, rule] of (job.spec.successPolicy?.rules ?? []).entries()) {
    const among = rule.succeededIndexes === undefined ? undefined : parseIndexes(rule.succeededIndexes)
    const done = [...progress.completedIndexes].filter((index) => among?.has(index) ?? true).length
    if (done >= (rule.succeededCount ?? among?.size ?? Number.POSITIVE_INFINITY)) {
      return `Matched rules at index ${i}`
    }
  }
  return undefined
}

/** When the job must have ended (ms). */
export function deadlineOf(job: ReadJob): number | undefined {
  const { activeDeadlineSeconds } = job.spec
  if (activeDeadlineSeconds === undefined || job.status.startTime === undefined || job.spec.suspend) return undefined
  return timeOf(job.status.startTime) + activeDeadlineSeconds * 1000
}

/** How many pods should run now. */
export function wantedActive(job: ReadJob, progress: JobProgress): number {
  if (job.spec.suspend) return 0
  const parallelism = job.spec.parallelism ?? 1
  const { completions } = job.spec
  if (completions === undefined) {
    // A work queue: once one pod has succeeded, no new ones are started.
    return progress.succeeded > 0 ? progress.active.length : parallelism
  }
  const done = isIndexed(job) ? progress.completedIndexes.size + progress.failedIndexes.size : progress.succeeded
  return Math.max(0, Math.min(parallelism, completions - done))
}

/** The lowest indexes that nobody works on. */
export function freeIndexes(job: ReadJob, progress: JobProgress, count: number): number[] {
  const taken = new Set(progress.active.map(indexOf))
  const out: number[] = []
  for (let i = 0; i < (job.spec.completions ?? 1) && out.length < count; i++) {
    if (!taken.has(i) && !progress.completedIndexes.has(i) && !progress.failedIndexes.has(i)) out.push(i)
  }
  return out
}

/** When the next pod may be started after failures (ms); 0 for at once. */
export function retryAt(failures: readonly ReadPod[]): number {
  if (failures.length === 0) return 0
  const ends = failures.map((pod) => {
    const finished = (pod.status.containerStatuses ?? []).map((s) => timeOf(s.state?.terminated?.finishedAt))
    return Math.max(0, ...finished) || timeOf(pod.metadata.deletionTimestamp) || timeOf(pod.metadata.creationTimestamp)
  })
  return Math.max(...ends) + Math.min(FIRST_BACKOFF_MS * 2 ** (failures.length - 1), MAX_BACKOFF_MS)
}
