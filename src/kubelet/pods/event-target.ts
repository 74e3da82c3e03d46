// What events about a pod and its containers point at.

import type { EventTarget } from '../../client/event-recorder.ts'
import { type ApiContainer, type ApiPod, ephemeralContainersOf, initContainersOf } from './types.ts'

export function podTarget(pod: ApiPod): EventTarget {
  const { name, namespace, uid, resourceVersion } = pod.metadata
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, uid, resourceVersion } }
}

/** As `podTarget`, with the field path that names the container: `spec.containers{web}`. */
export function containerTarget(pod: ApiPod, container: ApiContainer): EventTarget {
  let list = 'containers'
  if (initContainersOf(pod).some((c) => c.name === container.name)) list = 'initContainers'
  else if (ephemeralContainersOf(pod).some((c) => c.name === container.name)) list = 'ephemeralContainers'
  return { ...podTarget(pod), fieldPath: `spec.${list}{${container.name}}` }
}
