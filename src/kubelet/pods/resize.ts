// Changes cpu and memory of running containers in place, when the pod's resources were changed.

import type { ContainerResources, ContainerState } from '../runtime/runtime.ts'
import { containerResources } from './qos.ts'
import { type ApiContainer, type ApiPod, initContainersOf, isSidecar, newest, type PodRuntimeState } from './types.ts'

export interface ResizeStep {
  readonly instance: ContainerState
  readonly resources: ContainerResources
}

/** Remembers what each container was given. Pure but for that memory. */
export class ResizeTracker {
  readonly #applied = new Map<string, string>()

  /** What has to change. A container seen for the first time counts as having what its status says. */
  plan(pod: ApiPod, state: PodRuntimeState, nodeMemory: number): ResizeStep[] {
    const steps: ResizeStep[] = []
    const seen = new Set<string>()
    for (const container of [...initContainersOf(pod).filter(isSidecar), ...pod.spec.containers]) {
      const instance = newest(state, container.name)
      if (instance?.state !== 'running') continue
      seen.add(instance.id)
      const resources = containerResources(pod, container, nodeMemory)
      const known = this.#applied.get(instance.id) ?? this.#reported(pod, container, instance, nodeMemory)
      if (known === key(resources)) this.#applied.set(instance.id, known)
      else steps.push({ instance, resources })
    }
    for (const id of this.#applied.keys()) if (!seen.has(id)) this.#applied.delete(id)
    return steps
  }

  done({ instance, resources }: ResizeStep): void {
    this.#applied.set(instance.id, key(resources))
  }

  #reported(pod: ApiPod, container: ApiContainer, instance: ContainerState, nodeMemory: number): string {
    const before = [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])].find(
      (s) => s.name === container.name && s.containerID?.endsWith(instance.id),
    )
    const resources = before?.state?.running && before.resources ? before.resources : (container.resources ?? {})
    return key(containerResources(pod, { ...container, resources }, nodeMemory))
  }
}

/** What can be changed in place: the out-of-memory score cannot. */
function key({ cpuShares, cpuQuota, memoryLimit }: ContainerResources): string {
  return `${cpuShares}/${cpuQuota}/${memoryLimit}`
}
