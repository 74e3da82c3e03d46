// Which container of a pod a request for logs or a stream means.

import type { Pod } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { badRequest } from '../../machinery/errors.ts'

/** The container that is named, of whatever kind; else the only regular one, whatever else the pod has. */
export function containerOf(pod: DeepReadonly<Pod>, wanted: string | null): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec
  const all = [...initContainers, ...containers, ...ephemeralContainers].map(({ name }) => name)
  if (wanted) {
    if (all.includes(wanted)) return wanted
    throw badRequest(`container ${wanted} is not valid for pod ${pod.metadata.name}`)
  }
  const [first] = containers
  if (first && containers.length === 1) return first.name
  throw badRequest(`a container name must be specified for pod ${pod.metadata.name}, choose one of: [${all.join(' ')}]`)
}
