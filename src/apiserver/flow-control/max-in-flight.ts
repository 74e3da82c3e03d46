// The simple limit on requests in service, for servers without priority and fairness.

import type { RequestInfo } from '../http/request-info.ts'
import { MASTERS_GROUP } from '../user.ts'
import type { FlowControl } from './flow-control.ts'
import { FlowRejection } from './level.ts'

const READING = new Set(['get', 'list', 'watch', 'head'])

/** At most so many requests at a time that read, and so many that change something; 0: any number. */
export function maxInFlight(limits: { readonly reading: number; readonly mutating: number }): FlowControl {
  const counts = { reading: 0, mutating: 0 }
  const control: FlowControl = {
    generation: 0,
    classified: (user, info) => (onGone) => control.admit(user, info, onGone),
    admit({ groups }, { verb }: RequestInfo) {
      const kind = READING.has(verb) ? 'reading' : 'mutating'
      const limit = limits[kind]
      // Administrators must be able to see what is wrong.
      if (limit > 0 && counts[kind] >= limit && !groups.includes(MASTERS_GROUP)) {
        throw new FlowRejection('concurrency-limit')
      }
      counts[kind] += 1
      return {
        flowSchemaUid: '',
        priorityLevelUid: '',
        release() {
          counts[kind] -= 1
        },
      }
    },
  }
  return control
}
