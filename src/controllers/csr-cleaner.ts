// Deletes certificate requests that nobody needs any more. Ages as upstream's cleaner.

import type { CertificateSigningRequest } from '../api/generated/certificates-v1.ts'
import { certificatesigningrequests } from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'

const HOUR = 3_600_000
const DECIDED_AGE = HOUR
const PENDING_AGE = 24 * HOUR

export const csrCleanerController: Controller = {
  name: 'certificatesigningrequest-cleaner-controller',
  setup({ client, informers, clock }, queue) {
    const requests = informers.informer(certificatesigningrequests)
    requests.subscribe({ add: (r) => queue.add(r.metadata.name), update: (_, r) => queue.add(r.metadata.name) })
    return {
      async reconcile(name) {
        const request = requests.get(name)
        if (!request) return
        const left = dueAt(request) - clock.now()
        if (left > 0) return queue.addAfter(name, left)
        try {
          await client.delete(
            certificatesigningrequests,
            { name },
            { preconditions: { uid: request.metadata.uid, resourceVersion: request.metadata.resourceVersion } },
          )
        } catch (error) {
          if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error
        }
      },
    }
  },
}

/** When the request is to go: an hour after it was decided, a day after it was made and nobody decided. */
function dueAt({ metadata, status }: DeepReadonly<CertificateSigningRequest>): number {
  const decided = (status.conditions ?? [])
    .filter((c) => c.type === 'Approved' || c.type === 'Denied' || c.type === 'Failed')
    .map((c) => Date.parse(c.lastUpdateTime ?? '') || Date.parse(metadata.creationTimestamp))
  return decided.length > 0 ? Math.max(...decided) + DECIDED_AGE : Date.parse(metadata.creationTimestamp) + PENDING_AGE
}
