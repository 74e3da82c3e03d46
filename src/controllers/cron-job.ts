// Starts Jobs on the schedules of CronJobs.

import type { CronJob, Job } from '../api/generated/batch-v1.ts'
import { cronjobs as cronJobsRef, jobs as jobsRef } from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import { keyOf } from '../client/informer.ts'
import { formatTime } from '../machinery/clock.ts'
import { copy, type DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import { isJobFinished } from './job-plan.ts'
import { nextCronTime, parseCron } from './support/cron.ts'
import { BY_CONTROLLER, controllerIndex, controllerOf, controllerReference } from './support/owners.ts'
import { isNamespaceTerminating, messageOf, sameValue, timeOf } from './support/values.ts'

type ReadCronJob = DeepReadonly<CronJob>
type ReadJob = DeepReadonly<Job>

const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp'
const MAX_MISSED = 100

/** The newest start that is due (ms) and the next one to wait for. */
function dueTimes(
  cron: ReadCronJob,
  now: number,
): { due: number | undefined; next: number | undefined; tooMany: boolean } {
  const schedule = parseCron(cron.spec.schedule)
  const zone = cron.spec.timeZone
  let from = timeOf(cron.status.lastScheduleTime ?? cron.metadata.creationTimestamp)
  const { startingDeadlineSeconds } = cron.spec
  if (startingDeadlineSeconds !== undefined) from = Math.max(from, now - startingDeadlineSeconds * 1000)
  let due: number | undefined
  let missed = 0
  let time = nextCronTime(schedule, from, zone)
  while (time !== undefined && time <= now) {
    due = time
    missed += 1
    // Far behind: what lies long ago will not be started, so only the last hours are looked at closely.
    if (missed === MAX_MISSED) time = nextCronTime(schedule, Math.max(time, now - 3_600_000), zone)
    else time = nextCronTime(schedule, time, zone)
  }
  return { due, next: time, tooMany: missed > MAX_MISSED }
}

export const cronJobController: Controller = {
  name: 'cronjob-controller',
  setup({ client, informers, clock, events }, queue) {
    const crons = informers.informer(cronJobsRef)
    const jobs = informers.informer(jobsRef)
    jobs.addIndex(BY_CONTROLLER, controllerIndex)
    const enqueue = (cron: ReadCronJob) => queue.add(keyOf(cron))
    crons.subscribe({ add: enqueue, update: (_old, cron) => enqueue(cron) })
    const wake = (job: ReadJob) => {
      const controller = controllerOf(job)
      if (controller?.kind === 'CronJob') queue.add(`${job.metadata.namespace}/${controller.name}`)
    }
    jobs.subscribe({ add: wake, update: (_old, job) => wake(job), delete: wake })
    const target = (cron: ReadCronJob) => ({ apiVersion: 'batch/v1', kind: 'CronJob', metadata: cron.metadata })

    async function remove(cron: ReadCronJob, job: ReadJob): Promise<void> {
      const { namespace, name, uid } = job.metadata
      try {
        await client.delete(jobsRef, { namespace, name }, { propagationPolicy: 'Background', preconditions: { uid } })
        events.event(target(cron), 'Normal', 'SuccessfulDelete', `Deleted job ${name}`)
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error
      }
    }

    async function prune(cron: ReadCronJob, own: readonly ReadJob[]): Promise<void> {
      const ended = (type: string) =>
        own
          .filter((j) => j.status.conditions?.some((c) => c.type === type && c.status === 'True'))
          .sort((a, b) => timeOf(a.metadata.creationTimestamp) - timeOf(b.metadata.creationTimestamp))
      const limits = [
        { list: ended('Complete'), limit: cron.spec.successfulJobsHistoryLimit ?? 3 },
        { list: ended('Failed'), limit: cron.spec.failedJobsHistoryLimit ?? 1 },
      ]
      for (const { list, limit } of limits) {
        for (const job of list.slice(0, Math.max(0, list.length - limit))) await remove(cron, job)
      }
    }

    /** Starts the job of one scheduled time; `undefined` when it must not start. */
    async function start(cron: ReadCronJob, due: number): Promise<ReadJob | undefined> {
      const name = `${cron.metadata.name}-${Math.floor(due / 60_000)}`
      const { namespace } = cron.metadata
      const template = copy<CronJob['spec']['jobTemplate']>(cron.spec.jobTemplate)
      try {
        const job = await client.create(jobsRef, {
          metadata: {
            ...(template.metadata?.labels ? { labels: template.metadata.labels } : {}),
            annotations: { ...template.metadata?.annotations, [SCHEDULED_AT]: formatTime(due) },
            name,
            namespace,
            ownerReferences: [controllerReference(cronJobsRef, cron)],
          },
          spec: template.spec ?? { template: {} },
        })
        events.event(target(cron), 'Normal', 'SuccessfulCreate', `Created job ${name}`)
        return job
      } catch (error) {
        if (isReason(error, 'AlreadyExists')) return client.get(jobsRef, { namespace, name })
        if (isNamespaceTerminating(error)) return undefined
        events.event(target(cron), 'Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`)
        throw error
      }
    }

    return {
      workers: 3,
      async reconcile(key) {
        const cron = crons.get(key)
        if (!cron || cron.metadata.deletionTimestamp !== undefined) return
        const now = clock.now()
        const own = jobs.by(BY_CONTROLLER, cron.metadata.uid)
        const running = own.filter((j) => !isJobFinished(j))
        let { lastScheduleTime, lastSuccessfulTime } = cron.status
        for (const ref of cron.status.active ?? []) {
          const ended = own.find((j) => j.metadata.uid === ref.uid && isJobFinished(j))
          if (!ended) continue
          const condition =
            ended.status.conditions?.find((c) => c.type === 'Complete' || c.type === 'Failed')?.type ?? ''
          const message = `Saw completed job: ${ended.metadata.name}, condition: ${condition}`
          events.event(target(cron), 'Normal', 'SawCompletedJob', message)
          const { completionTime } = ended.status
          if (completionTime && timeOf(completionTime) > timeOf(lastSuccessfulTime)) lastSuccessfulTime = completionTime
        }
        await prune(cron, own)
        let times: ReturnType<typeof dueTimes>
        try {
          times = dueTimes(cron, now)
        } catch (error) {
          const message = `unparseable schedule: ${cron.spec.schedule} : ${messageOf(error)}`
          events.event(target(cron), 'Warning', 'UnparseableSchedule', message)
          return
        }
        const { due, next, tooMany } = times
        if (tooMany) {
          const message =
            'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew'
          events.event(target(cron), 'Warning', 'TooManyMissedTimes', message)
        }
        let active = running
        if (due !== undefined && !cron.spec.suspend) {
          const forbidden = cron.spec.concurrencyPolicy === 'Forbid' && running.length > 0
          if (forbidden) {
            const message = 'Not starting job because prior execution is running and concurrency policy is Forbid'
            events.event(target(cron), 'Normal', 'JobAlreadyActive', message)
          } else {
            if (cron.spec.concurrencyPolicy === 'Replace') {
              for (const job of running) await remove(cron, job)
              active = []
            }
            const job = await start(cron, due)
            if (job && !active.some((j) => j.metadata.uid === job.metadata.uid)) active = [...active, job]
            lastScheduleTime = formatTime(due)
          }
        }
        const status = {
          ...(active.length > 0
            ? {
                active: active.map(({ metadata }) => ({
                  apiVersion: 'batch/v1',
                  kind: 'Job',
                  namespace: metadata.namespace,
                  name: metadata.name,
                  uid: metadata.uid,
                  resourceVersion: metadata.resourceVersion,
                })),
              }
            : {}),
          ...(lastScheduleTime ? { lastScheduleTime } : {}),
          ...(lastSuccessfulTime ? { lastSuccessfulTime } : {}),
        }
        const identity = (s: ReadCronJob['status']) => ({ ...s, active: s.active?.map((a) => a.uid) })
        if (!sameValue(identity(cron.status), identity(status))) {
          await client.update(cronJobsRef, { ...cron, status }, { subresource: 'status' })
        }
        if (next !== undefined && !cron.spec.suspend) queue.addAfter(key, next - now + 100)
      },
    }
  },
}
