// Deletes finished Jobs when their ttlSecondsAfterFinished has passed.

import type { Job } from '../api/generated/batch-v1.ts'
import { jobs as jobsRef } from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import { keyOf, splitKey } from '../client/informer.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import { timeOf } from './support/values.ts'

/** When the job expires (ms); undefined while it runs or when it may stay. */
function expiryOf(job: DeepReadonly<Job>): number | undefined {
  const ttl = job.spec.ttlSecondsAfterFinished
  if (ttl === undefined || job.metadata.deletionTimestamp !== undefined) return undefined
  const finished = job.status.conditions?.find(
    (c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True',
  )
  return finished ? timeOf(finished.lastTransitionTime) + ttl * 1000 : undefined
}

export const ttlAfterFinishedController: Controller = {
  name: 'ttl-after-finished-controller',
  setup({ client, informers, clock }, queue) {
    const jobs = informers.informer(jobsRef)
    const enqueue = (job: DeepReadonly<Job>) => {
      const expiry = expiryOf(job)
      if (expiry !== undefined) queue.addAfter(keyOf(job), expiry - clock.now())
    }
    jobs.subscribe({ add: enqueue, update: (_old, job) => enqueue(job) })
    return {
      async reconcile(key) {
        if (!jobs.get(key)) return
        try {
          const job = await client.get(jobsRef, splitKey(key))
          const expiry = expiryOf(job)
          if (expiry === undefined) return
          if (expiry > clock.now()) return queue.addAfter(key, expiry - clock.now())
          const { uid } = job.metadata
          await client.delete(jobsRef, splitKey(key), { propagationPolicy: 'Foreground', preconditions: { uid } })
        } catch (error) {
          if (!isReason(error, 'NotFound')) throw error
        }
      },
    }
  },
}
