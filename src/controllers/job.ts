// Runs each Job's pods to completion.

import type { JobCondition, JobStatus } from '../api/generated/batch-v1.ts'
import { jobs as jobsRef, pods as podsRef } from '../api/generated/resources.ts'
import type { Controller, ControllerContext } from '../client/controller.ts'
import { keyOf } from '../client/informer.ts'
import type { Workqueue } from '../client/workqueue.ts'
import { formatTime } from '../machinery/clock.ts'
import { isReason } from '../machinery/errors.ts'
import { matchesLabelSelector } from '../machinery/label-selector.ts'
import { randomSuffix } from '../machinery/random.ts'
import {
  deadlineOf,
  decidedCondition,
  type Ending,
  finishingCondition,
  formatIndexes,
  freeIndexes,
  INDEX_ANNOTATION,
  indexOf,
  isIndexed,
  isJobFinished,
  type JobProgress,
  judgeFailure,
  outcomeOf,
  parseIndexes,
  type ReadJob,
  retryAt,
  TRACKING_FINALIZER,
  wantedActive,
} from './job-plan.ts'
import { forEachBounded, slowStart } from './support/batches.ts'
import { Expectations } from './support/expectations.ts'
import {
  BY_CONTROLLER,
  childrenOf,
  claimChildren,
  controllerIndex,
  controllerOf,
  controllerReference,
} from './support/owners.ts'
import { isPodReady, podFromTemplate, type ReadPod } from './support/pods.ts'
import { messageOf, sameValue } from './support/values.ts'

const MAX_BURST = 500
const WRITES_AT_ONCE = 50

export const jobController: Controller = {
  name: 'job-controller',
  setup(context, queue) {
    const jobs = new Jobs(context, queue)
    jobs.subscribe()
    return { reconcile: (key) => jobs.reconcile(key), workers: 5 }
  },
}

class Jobs {
  readonly #context: ControllerContext
  readonly #queue: Workqueue
  readonly #expectations: Expectations
  readonly #jobs
  readonly #pods

  constructor(context: ControllerContext, queue: Workqueue) {
    this.#context = context
    this.#queue = queue
    this.#expectations = new Expectations(context.clock)
    this.#jobs = context.informers.informer(jobsRef)
    this.#pods = context.informers.informer(podsRef)
    this.#pods.addIndex(BY_CONTROLLER, controllerIndex)
  }

  subscribe(): void {
    const enqueue = (job: ReadJob) => this.#queue.add(keyOf(job))
    this.#jobs.subscribe({
      add: enqueue,
      update: (_old, job) => enqueue(job),
      delete: (job) => {
        this.#expectations.forget(keyOf(job))
        enqueue(job)
      },
    })
    const wake = (pod: ReadPod) => {
      const controller = controllerOf(pod)
      if (controller?.kind === 'Job') this.#queue.add(`${pod.metadata.namespace}/${controller.name}`)
      // A job that is gone cannot take its finalizer off its pods; whoever sees the pod must.
      else if (!controller && pod.metadata.finalizers?.includes(TRACKING_FINALIZER))
        this.#queue.add(`orphan/${keyOf(pod)}`)
    }
    this.#pods.subscribe({
      add: (pod) => {
        const controller = controllerOf(pod)
        if (controller?.kind === 'Job')
          this.#expectations.creationObserved(`${pod.metadata.namespace}/${controller.name}`)
        wake(pod)
      },
      update: (previous, pod) => {
        if (controllerOf(previous)?.uid !== controllerOf(pod)?.uid) wake(previous)
        wake(pod)
      },
      delete: wake,
    })
  }

  async reconcile(key: string): Promise<void> {
    if (key.startsWith('orphan/')) return this.#release(this.#pods.get(key.slice('orphan/'.length)))
    const job = this.#jobs.get(key)
    if (!job) {
      for (const pod of this.#pods.list(key.split('/')[0])) {
        if (controllerOf(pod)?.kind === 'Job' && controllerOf(pod)?.name === key.split('/')[1]) await this.#release(pod)
      }
      return
    }
    // Someone else looks after jobs with another manager.
    if (job.spec.managedBy !== undefined && job.spec.managedBy !== 'kubernetes.io/job-controller') return
    const pods = await claimChildren({
      client: this.#context.client,
      ownerRef: jobsRef,
      owner: job,
      childRef: podsRef,
      children: childrenOf(this.#pods, job),
      // Without a selector the job has the pods that it made and no others.
      matches: (pod) =>
        job.spec.selector === undefined
          ? controllerOf(pod)?.uid === job.metadata.uid
          : matchesLabelSelector(job.spec.selector, pod.metadata.labels),
    })
    if (isJobFinished(job) || job.metadata.deletionTimestamp !== undefined) {
      await forEachBounded(pods, WRITES_AT_ONCE, (pod) => this.#release(pod))
      return
    }
    await this.#sync(key, job, pods)
  }

  async #sync(key: string, job: ReadJob, pods: readonly ReadPod[]): Promise<void> {
    const now = this.#context.clock.now()
    if (job.status.startTime === undefined && !job.spec.suspend) {
      await this.#writeStatus(job, { ...job.status, startTime: formatTime(now) })
      return
    }
    const { progress, newlyEnded, counted, failJob } = this.#count(job, pods)
    const decided = decidedCondition(job) ?? finishingCondition(job, progress, failJob, now)
    // A job has ended when its last pod has, and all are counted.
    const left = newlyEnded.length + progress.active.length + progress.terminating
    const finished = left === 0 ? decided : undefined
    let active = progress.active.length
    if (decided) {
      await this.#delete(job, progress.active)
      active = 0
    } else if (this.#expectations.satisfied(key)) {
      active = await this.#manage(key, job, progress, pods)
    }
    const conditions = this.#conditions(job, decided, finished !== undefined, now)
    const ready = Math.min(active, progress.active.filter(isPodReady).length)
    const status: JobStatus = {
      ...(job.status.startTime === undefined || job.spec.suspend ? {} : { startTime: job.status.startTime }),
      ...(active > 0 ? { active } : {}),
      ready,
      terminating: progress.terminating,
      ...(progress.succeeded > 0 ? { succeeded: progress.succeeded } : {}),
      ...(progress.failed > 0 ? { failed: progress.failed } : {}),
      uncountedTerminatedPods: {},
      ...(isIndexed(job) && progress.completedIndexes.size > 0
        ? { completedIndexes: formatIndexes(progress.completedIndexes) }
        : {}),
      ...(job.spec.backoffLimitPerIndex === undefined ? {} : { failedIndexes: formatIndexes(progress.failedIndexes) }),
      ...(conditions.length > 0 ? { conditions } : {}),
      ...(finished?.type === 'Complete' ? { completionTime: formatTime(now) } : {}),
    }
    // Counted first, released then: a pod is never lost from the count, and the counted set keeps it from counting twice.
    status.uncountedTerminatedPods = counted
    if (!sameValue(job.status, status)) await this.#writeStatus(job, status)
    await forEachBounded(newlyEnded, WRITES_AT_ONCE, (pod) => this.#release(pod))
    if (finished) this.#announce(job, finished)
    const deadline = deadlineOf(job)
    if (deadline !== undefined && !decided) this.#queue.addAfter(key, deadline - now)
  }

  /** Progress from the status and from the pods that still carry the tracking finalizer, i.e. are not counted yet. */
  #count(job: ReadJob, pods: readonly ReadPod[]) {
    const already = job.status.uncountedTerminatedPods ?? {}
    const known = new Set([...(already.succeeded ?? []), ...(already.failed ?? [])])
    let { succeeded = 0, failed = 0 } = job.status
    const completedIndexes = parseIndexes(job.status.completedIndexes)
    const failedIndexes = parseIndexes(job.status.failedIndexes)
    const active: ReadPod[] = []
    const newlyEnded: ReadPod[] = []
    const counted = { succeeded: [] as string[], failed: [] as string[] }
    let terminating = 0
    let failJob: string | undefined
    for (const pod of pods) {
      const { uid } = pod.metadata
      const outcome = outcomeOf(pod, job)
      if (outcome === 'active') active.push(pod)
      if (pod.metadata.deletionTimestamp !== undefined && !['Succeeded', 'Failed'].includes(pod.status.phase ?? ''))
        terminating += 1
      if (outcome !== 'succeeded' && outcome !== 'failed') continue
      if (!pod.metadata.finalizers?.includes(TRACKING_FINALIZER)) continue
      newlyEnded.push(pod)
      counted[outcome].push(uid)
      if (known.has(uid)) continue
      const index = indexOf(pod)
      if (outcome === 'succeeded') {
        if (isIndexed(job)) {
          if (index !== undefined && index < (job.spec.completions ?? 1)) completedIndexes.add(index)
        } else succeeded += 1
        continue
      }
      const verdict = judgeFailure(job, pod)
      if (verdict.action === 'FailJob') failJob = verdict.message ?? ''
      if (verdict.action === 'Ignore') continue
      failed += 1
      const limit = job.spec.backoffLimitPerIndex
      if (limit !== undefined && index !== undefined) {
        const failures = Number(pod.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count'] ?? '0') + 1
        if (verdict.action === 'FailIndex' || failures > limit) failedIndexes.add(index)
      }
    }
    if (isIndexed(job)) succeeded = completedIndexes.size
    const progress: JobProgress = { active, terminating, succeeded, failed, completedIndexes, failedIndexes }
    const uncounted = {
      ...(counted.succeeded.length > 0 ? { succeeded: counted.succeeded } : {}),
      ...(counted.failed.length > 0 ? { failed: counted.failed } : {}),
    }
    return { progress, newlyEnded, counted: uncounted, failJob }
  }

  /** Starts or stops pods; returns how many are active then. */
  async #manage(key: string, job: ReadJob, progress: JobProgress, pods: readonly ReadPod[]): Promise<number> {
    const { active } = progress
    const wanted = wantedActive(job, progress)
    if (active.length > wanted) {
      const victims = [...active]
        .sort((a, b) => Number(isPodReady(a)) - Number(isPodReady(b)))
        .slice(0, active.length - wanted)
      await this.#delete(job, victims)
      return wanted
    }
    const waiting = job.spec.podReplacementPolicy === 'Failed' || job.spec.podFailurePolicy ? progress.terminating : 0
    const missing = Math.min(wanted - active.length - waiting, MAX_BURST)
    if (missing <= 0) return active.length
    const now = this.#context.clock.now()
    const lastSuccess = Math.max(
      0,
      ...pods.filter((p) => p.status.phase === 'Succeeded').map((p) => Date.parse(p.metadata.creationTimestamp)),
    )
    const failures = pods.filter(
      (p) => outcomeOf(p, job) === 'failed' && Date.parse(p.metadata.creationTimestamp) >= lastSuccess,
    )
    const due = retryAt(failures)
    if (due > now) {
      this.#queue.addAfter(key, due - now)
      return active.length
    }
    return active.length + (await this.#create(key, job, progress, missing, pods))
  }

  async #create(
    key: string,
    job: ReadJob,
    progress: JobProgress,
    missing: number,
    pods: readonly ReadPod[],
  ): Promise<number> {
    const { client, events, random } = this.#context
    const indexes = isIndexed(job) ? freeIndexes(job, progress, missing) : undefined
    const count = indexes?.length ?? missing
    this.#expectations.expectCreations(key, count)
    const result = await slowStart(count, async (i) => {
      const index = indexes?.[i]
      const failures = pods.filter(
        (p) => index !== undefined && indexOf(p) === index && outcomeOf(p, job) === 'failed',
      ).length
      const identity =
        index === undefined
          ? {}
          : {
              name: `${job.metadata.name.slice(0, 50)}-${index}-${randomSuffix(random)}`,
              labels: { [INDEX_ANNOTATION]: String(index) },
              annotations: {
                [INDEX_ANNOTATION]: String(index),
                ...(job.spec.backoffLimitPerIndex === undefined
                  ? {}
                  : { 'batch.kubernetes.io/job-index-failure-count': String(failures) }),
              },
            }
      const pod = podFromTemplate({
        template: job.spec.template,
        namespace: job.metadata.namespace,
        owner: controllerReference(jobsRef, job),
        finalizers: [TRACKING_FINALIZER],
        ...identity,
      })
      if (index !== undefined) {
        for (const container of pod.spec.containers) {
          if (container.env?.some((e) => e.name === 'JOB_COMPLETION_INDEX')) continue
          const fieldPath = `metadata.annotations['${INDEX_ANNOTATION}']`
          container.env = [
            ...(container.env ?? []),
            { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath } } },
          ]
        }
        pod.spec.hostname ??= `${job.metadata.name}-${index}`
      }
      try {
        const created = await client.create(podsRef, pod)
        events.event(target(job), 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`)
      } catch (error) {
        this.#expectations.creationObserved(key)
        events.event(target(job), 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
        throw error
      }
    })
    for (let i = 0; i < result.skipped; i++) this.#expectations.creationObserved(key)
    if (result.error !== undefined) throw result.error
    return result.succeeded
  }

  async #delete(job: ReadJob, victims: readonly ReadPod[]): Promise<void> {
    await forEachBounded(victims, WRITES_AT_ONCE, async (pod) => {
      const { namespace, name, uid } = pod.metadata
      await this.#release(pod)
      try {
        await this.#context.client.delete(podsRef, { namespace, name }, { preconditions: { uid } })
        this.#context.events.event(target(job), 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
      } catch (error) {
        if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error
      }
    })
  }

  /** Takes the tracking finalizer off a pod. */
  async #release(pod: ReadPod | undefined): Promise<void> {
    if (!pod?.metadata.finalizers?.includes(TRACKING_FINALIZER)) return
    const { namespace, name, uid } = pod.metadata
    try {
      await this.#context.client.patch(
        podsRef,
        { namespace, name },
        {
          type: 'strategic',
          patch: { metadata: { uid, '$deleteFromPrimitiveList/finalizers': [TRACKING_FINALIZER] } },
        },
      )
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error
    }
  }

  #conditions(job: ReadJob, decided: Ending | undefined, finished: boolean, now: number): JobCondition[] {
    const time = { lastProbeTime: formatTime(now), lastTransitionTime: formatTime(now) }
    const conditions: JobCondition[] = (job.status.conditions ?? []).map((c) => ({ ...c }))
    if (decided) {
      const criterion = decided.type === 'Failed' ? 'FailureTarget' : 'SuccessCriteriaMet'
      if (!conditions.some((c) => c.type === criterion)) {
        conditions.push({ ...decided, type: criterion, status: 'True', ...time })
      }
      if (finished) conditions.push({ ...decided, status: 'True', ...time })
      return conditions
    }
    const suspended = conditions.find((c) => c.type === 'Suspended')
    if (job.spec.suspend === true && suspended?.status !== 'True') {
      this.#context.events.event(target(job), 'Normal', 'Suspended', 'Job suspended')
      return [
        ...conditions.filter((c) => c !== suspended),
        { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended', ...time },
      ]
    }
    if (job.spec.suspend !== true && suspended?.status === 'True') {
      this.#context.events.event(target(job), 'Normal', 'Resumed', 'Job resumed')
      return [
        ...conditions.filter((c) => c !== suspended),
        { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed', ...time },
      ]
    }
    return conditions
  }

  #announce(job: ReadJob, finished: Ending): void {
    const { events } = this.#context
    if (finished.type === 'Complete') events.event(target(job), 'Normal', 'Completed', 'Job completed')
    else events.event(target(job), 'Warning', finished.reason ?? '', finished.message ?? '')
  }

  async #writeStatus(job: ReadJob, status: ReadJob['status']): Promise<void> {
    try {
      await this.#context.client.update(jobsRef, { ...job, status }, { subresource: 'status' })
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error
    }
  }
}

function target(job: ReadJob) {
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: job.metadata }
}
