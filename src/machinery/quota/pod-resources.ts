// What a whole pod requests and may use, from its containers.
// Spec: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers

import type { Container, PodSpec } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../deep-readonly.ts'
import { addLists, maskList, maxLists, type ResourceList } from './resource-list.ts'

type ReadPodSpec = DeepReadonly<PodSpec>

/** What the pod takes from its node: containers and sidecars together, or more when an init container needs more. */
export function podRequests(spec: ReadPodSpec): Record<string, string> {
  const requests = { ...aggregate(spec, (c) => c.resources?.requests ?? {}), ...podLevel(spec, 'requests') }
  return spec.overhead ? addLists(requests, spec.overhead) : requests
}

/** The most the pod may use. Overhead counts only where there is a limit at all. */
export function podLimits(spec: ReadPodSpec): Record<string, string> {
  const limits = { ...aggregate(spec, (c) => c.resources?.limits ?? {}), ...podLevel(spec, 'limits') }
  return addLists(limits, maskList(spec.overhead ?? {}, Object.keys(limits)))
}

function podLevel(spec: ReadPodSpec, kind: 'requests' | 'limits'): ResourceList {
  const { limits = {}, requests = {} } = spec.resources ?? {}
  // What is limited for the pod as a whole is requested as much unless said otherwise.
  return kind === 'limits' ? limits : { ...limits, ...requests }
}

function aggregate(
  spec: ReadPodSpec,
  of: (container: DeepReadonly<Container>) => ResourceList,
): Record<string, string> {
  let running: Record<string, string> = {}
  let sidecars: Record<string, string> = {}
  let starting: Record<string, string> = {}
  for (const container of spec.containers ?? []) running = addLists(running, of(container))
  for (const container of spec.initContainers ?? []) {
    // A sidecar starts in its turn and stays; an ordinary init container runs beside the sidecars before it.
    const own = of(container)
    if (container.restartPolicy === 'Always') {
      running = addLists(running, own)
      sidecars = addLists(sidecars, own)
      starting = maxLists(starting, sidecars)
    } else starting = maxLists(starting, addLists(sidecars, own))
  }
  return maxLists(running, starting)
}
