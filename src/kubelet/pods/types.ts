// The words the pod code shares: the API's view of a pod and the runtime's view of the same pod.

import type { Container, Pod, PodStatus } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { ContainerState, SandboxState } from '../runtime/runtime.ts'

export type ApiPod = DeepReadonly<Pod>
export type ApiContainer = DeepReadonly<Container>
export type ApiPodStatus = DeepReadonly<PodStatus>

/** What the runtime has of one pod, newest first. */
export interface PodRuntimeState {
  readonly sandboxes: readonly SandboxState[]
  readonly containers: readonly ContainerState[]
  /** Addresses of the newest ready sandbox. */
  readonly ips: readonly string[]
}

export const emptyRuntimeState: PodRuntimeState = { sandboxes: [], containers: [], ips: [] }

export type ProbeResult = 'success' | 'failure' | 'unknown'

/** The latest verdicts of the probes, by container id. */
export interface ProbeView {
  liveness(containerId: string): ProbeResult
  readiness(containerId: string): ProbeResult
  startup(containerId: string): ProbeResult
}

/** Why a container does not run, as its `waiting` state shows it. */
export interface WaitingReason {
  readonly reason: string
  readonly message: string
}

export function initContainersOf(pod: ApiPod): readonly ApiContainer[] {
  return pod.spec.initContainers ?? []
}

export function ephemeralContainersOf(pod: ApiPod): readonly ApiContainer[] {
  return (pod.spec.ephemeralContainers ?? []) as readonly ApiContainer[]
}

/** Every container of the pod: init, regular, ephemeral. */
export function allContainersOf(pod: ApiPod): readonly ApiContainer[] {
  return [...initContainersOf(pod), ...pod.spec.containers, ...ephemeralContainersOf(pod)]
}

/** An init container that keeps running beside the regular ones. */
export function isSidecar(container: ApiContainer): boolean {
  return container.restartPolicy === 'Always'
}

/** `web_default(uid)`, as upstream's messages name a pod. */
export function podName(pod: ApiPod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`
}

/** The newest instance of a container, if there is one. */
export function newest(state: PodRuntimeState, name: string): ContainerState | undefined {
  return state.containers.find((c) => c.name === name)
}

/** The value of an int-or-string port: a number, or the name of one of the container's ports. */
export function resolvePort(port: number | string, container: ApiContainer): number {
  const value =
    typeof port === 'number' ? port : (container.ports?.find((p) => p.name === port)?.containerPort ?? Number(port))
  if (Number.isInteger(value) && value > 0 && value < 65536) return value
  throw new Error(`couldn't find port: ${JSON.stringify(port)} in container ${container.name}`)
}
