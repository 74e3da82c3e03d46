// Renders what the runtime has of a pod's containers as containerStatuses. Pure.

import type { ContainerState as ApiState, ContainerStatus } from '../../api/generated/core-v1.ts'
import { formatTime } from '../../machinery/clock.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { ContainerState } from '../runtime/runtime.ts'
import { mustStart } from './restart-policy.ts'
import {
  type ApiContainer,
  type ApiPod,
  isSidecar,
  type PodRuntimeState,
  type ProbeView,
  type WaitingReason,
} from './types.ts'

type PreviousStatus = DeepReadonly<ContainerStatus>

export interface ContainerStatusInput {
  readonly pod: ApiPod
  readonly state: PodRuntimeState
  readonly probes: ProbeView
  /** Why the last attempt to start a container failed. */
  readonly waiting: ReadonlyMap<string, WaitingReason>
  readonly runtimeName: string
  /** Message of an ended container, read from its termination log. */
  readonly messages: ReadonlyMap<string, string>
  /** The pod is being stopped or has ended: containers that are gone count as ended. */
  readonly ending: boolean
  readonly now: number
}

/** Statuses of `containers`, in the order of the spec. */
export function containerStatuses(
  containers: readonly ApiContainer[],
  kind: 'init' | 'regular' | 'ephemeral',
  input: ContainerStatusInput,
): ContainerStatus[] {
  const field = {
    init: 'initContainerStatuses',
    regular: 'containerStatuses',
    ephemeral: 'ephemeralContainerStatuses',
  } as const
  const before = new Map((input.pod.status[field[kind]] ?? []).map((s) => [s.name, s]))
  return containers.map((c) => containerStatus(c, kind, before.get(c.name), input))
}

function containerStatus(
  container: ApiContainer,
  kind: 'init' | 'regular' | 'ephemeral',
  before: PreviousStatus | undefined,
  input: ContainerStatusInput,
): ContainerStatus {
  const instances = input.state.containers.filter((c) => c.name === container.name)
  const [current, previous] = instances
  const status: ContainerStatus = {
    name: container.name,
    state: {},
    lastState: {},
    ready: false,
    restartCount: current?.attempt ?? before?.restartCount ?? 0,
    image: current ? imageName(current, container) : (container.image ?? ''),
    imageID: current?.imageRef ?? '',
    started: false,
    ...volumeMounts(container),
  }
  if (!current) return withoutInstance(status, kind, before, input)
  status.containerID = containerId(input.runtimeName, current)
  status.state = stateOf(current, input)
  if (previous?.state === 'exited') status.lastState = stateOf(previous, input)
  else if (before?.lastState?.terminated && before.restartCount === current.attempt) {
    status.lastState = structuredClone(before.lastState) as ApiState
  }
  if (current.state === 'exited') showWaiting(status, container, kind, current, input)
  if (current.state === 'created') {
    const failed = input.waiting.get(container.name)
    if (failed) status.state = { waiting: { ...failed } }
  }
  readiness(status, container, kind, current, input.probes)
  return withResources(status, container)
}

/** A container that ended and will run again waits: for its back-off, or for what failed at the last attempt. */
function showWaiting(
  status: ContainerStatus,
  container: ApiContainer,
  kind: 'init' | 'regular' | 'ephemeral',
  current: ContainerState,
  input: ContainerStatusInput,
): void {
  const failed = input.waiting.get(container.name)
  if (!failed || input.ending || kind === 'ephemeral') return
  const again = kind === 'init' && !isSidecar(container) && current.exitCode === 0
  if (again || !mustStart(input.pod, container, current)) return
  if (status.state) status.lastState = status.state
  status.state = { waiting: { ...failed } }
}

function withoutInstance(
  status: ContainerStatus,
  kind: 'init' | 'regular' | 'ephemeral',
  before: PreviousStatus | undefined,
  input: ContainerStatusInput,
): ContainerStatus {
  if (before?.state?.terminated) return structuredClone(before) as ContainerStatus
  if (before?.state?.running) return lost(before, input)
  const failed = input.waiting.get(status.name)
  const initializing = kind === 'regular' && !initialized(input)
  status.state = {
    waiting: failed ? { ...failed } : { reason: initializing ? 'PodInitializing' : 'ContainerCreating' },
  }
  if (before?.lastState?.terminated) status.lastState = structuredClone(before.lastState) as ApiState
  return status
}

/** It ran when last seen, and the runtime knows nothing of it any more. */
function lost(before: PreviousStatus, input: ContainerStatusInput): ContainerStatus {
  const status = structuredClone(before) as ContainerStatus
  const gone = {
    reason: 'ContainerStatusUnknown',
    message: input.ending
      ? 'The container could not be located when the pod was terminated'
      : 'The container could not be located when the pod was deleted.  The container used to be Running',
    exitCode: 137,
  }
  status.ready = false
  status.started = false
  if (input.ending) {
    status.state = { terminated: gone }
    return status
  }
  status.state = { waiting: { reason: 'ContainerCreating' } }
  status.lastState = { terminated: gone }
  status.restartCount += 1
  return status
}

function initialized(input: ContainerStatusInput): boolean {
  return (input.pod.spec.initContainers ?? []).every((c) => {
    const instance = input.state.containers.find((s) => s.name === c.name)
    if (isSidecar(c)) return instance?.state === 'running' && isStarted(c, instance, input.probes)
    return instance?.state === 'exited' && instance.exitCode === 0
  })
}

function stateOf(instance: ContainerState, input: ContainerStatusInput): ApiState {
  switch (instance.state) {
    case 'running':
      return { running: { startedAt: formatTime(instance.startedAt) } }
    case 'created':
      return { waiting: { reason: 'ContainerCreating' } }
    case 'unknown':
      return {
        terminated: {
          exitCode: 137,
          reason: 'ContainerStatusUnknown',
          message: 'The container could not be located when the pod was terminated',
        },
      }
    case 'exited': {
      const message = input.messages.get(instance.id) || instance.message
      return {
        terminated: {
          exitCode: instance.exitCode,
          reason: instance.reason || (instance.exitCode === 0 ? 'Completed' : 'Error'),
          ...(message ? { message } : {}),
          startedAt: instance.startedAt > 0 ? formatTime(instance.startedAt) : formatTime(instance.createdAt),
          finishedAt: formatTime(instance.finishedAt || input.now),
          containerID: containerId(input.runtimeName, instance),
        },
      }
    }
  }
}

function isStarted(container: ApiContainer, instance: ContainerState, probes: ProbeView): boolean {
  return instance.state === 'running' && (!container.startupProbe || probes.startup(instance.id) === 'success')
}

function readiness(
  status: ContainerStatus,
  container: ApiContainer,
  kind: 'init' | 'regular' | 'ephemeral',
  current: ContainerState,
  probes: ProbeView,
): void {
  if (kind === 'init' && !isSidecar(container)) {
    status.ready = current.state === 'exited' && current.exitCode === 0
    status.started = current.state === 'running'
    return
  }
  status.started = isStarted(container, current, probes)
  if (kind === 'ephemeral') return
  status.ready = status.started && (!container.readinessProbe || probes.readiness(current.id) === 'success')
}

function containerId(runtimeName: string, instance: { id: string }): string {
  return `${runtimeName}://${instance.id}`
}

function imageName(current: ContainerState, container: ApiContainer): string {
  return current.image !== '' && !current.image.startsWith('sha256:') ? current.image : (container.image ?? '')
}

function withResources(status: ContainerStatus, container: ApiContainer): ContainerStatus {
  const { requests, limits } = container.resources ?? {}
  if (!status.state?.running || (!requests && !limits)) return status
  if (requests) status.allocatedResources = { ...requests }
  status.resources = {
    ...(limits ? { limits: { ...limits } } : {}),
    ...(requests ? { requests: { ...requests } } : {}),
  }
  return status
}

function volumeMounts(container: ApiContainer): Pick<ContainerStatus, 'volumeMounts'> {
  const mounts = container.volumeMounts ?? []
  if (mounts.length === 0) return {}
  return {
    volumeMounts: mounts.map((m) => ({
      name: m.name,
      mountPath: m.mountPath,
      ...(m.readOnly ? { readOnly: true, recursiveReadOnly: 'Disabled' } : {}),
    })),
  }
}
