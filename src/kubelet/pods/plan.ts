// Decides what a pod needs next from its spec and what the runtime has of it. Pure; pod-executor.ts acts on it.
// Behaviour follows upstream's kuberuntime computePodActions, with init containers walked in order.

import type { ContainerState } from '../runtime/runtime.ts'
import { ANNOTATION_HASH, containerHash } from './identity.ts'
import { mustStart, restartsAfter } from './restart-policy.ts'
import {
  type ApiContainer,
  type ApiPod,
  ephemeralContainersOf,
  initContainersOf,
  isSidecar,
  newest,
  type PodRuntimeState,
  type ProbeView,
} from './types.ts'

/** One running container that has to stop. */
export interface ContainerKill {
  readonly id: string
  readonly name: string
  /** Text of the Killing event. */
  readonly message: string
  readonly cause: 'definition' | 'liveness' | 'startup' | 'unknown'
}

export interface PodPlan {
  /** Stop everything of this pod, the sandbox included. */
  readonly killPod: boolean
  /** Make a new sandbox (after `killPod`) with this attempt number. */
  readonly createSandbox: boolean
  readonly attempt: number
  /** The sandbox to use when none is created. */
  readonly sandboxId: string | undefined
  readonly kill: readonly ContainerKill[]
  /** To be started, in this order. */
  readonly start: readonly ApiContainer[]
}

interface Draft {
  killPod: boolean
  kill: ContainerKill[]
  start: ApiContainer[]
}

/** What the pod needs next. Idempotent: nothing to do gives empty lists. */
export function planPod(pod: ApiPod, state: PodRuntimeState, probes: ProbeView): PodPlan {
  const sandbox = sandboxNeed(pod, state)
  if (sandbox.create) return planFromNothing(pod, state, sandbox.attempt)
  const draft: Draft = { killPod: false, kill: [], start: [] }
  for (const container of ephemeralContainersOf(pod)) {
    if (!newest(state, container.name)) draft.start.push(container)
  }
  const initialized = planInitContainers(pod, state, sandbox.id, probes, draft)
  if (initialized && !draft.killPod) planContainers(pod, state, probes, draft)
  return { ...draft, createSandbox: false, attempt: sandbox.attempt, sandboxId: sandbox.id }
}

/** Whether the newest sandbox can be used. */
function sandboxNeed(
  pod: ApiPod,
  state: PodRuntimeState,
): { create: boolean; attempt: number; id: string | undefined } {
  const [latest] = state.sandboxes
  if (!latest) return { create: true, attempt: 0, id: undefined }
  const ready = state.sandboxes.filter((s) => s.ready).length
  const addressed = pod.spec.hostNetwork === true || state.ips.length > 0
  if (!latest.ready || ready > 1 || !addressed) {
    return { create: true, attempt: latest.pod.attempt + 1, id: undefined }
  }
  return { create: false, attempt: latest.pod.attempt, id: latest.id }
}

function planFromNothing(pod: ApiPod, state: PodRuntimeState, attempt: number): PodPlan {
  const base = { killPod: true, attempt, sandboxId: undefined, kill: [], start: [] }
  const ranBefore = attempt !== 0 && state.containers.length > 0
  const wanted = pod.spec.containers.filter((c) => {
    const last = newest(state, c.name)
    return last?.state !== 'exited' || restartsAfter(pod, c, last.exitCode)
  })
  if (ranBefore && pod.spec.restartPolicy === 'Never' && wanted.every((c) => !newest(state, c.name))) {
    const never = pod.spec.containers.every((c) => !c.restartPolicy || c.restartPolicy === 'Never')
    if (never) return { ...base, createSandbox: false }
  }
  if (ranBefore && wanted.length === 0) return { ...base, createSandbox: false }
  const [first] = initContainersOf(pod)
  return { ...base, createSandbox: true, start: first ? [first] : wanted }
}

/** Returns whether the regular containers may run. */
function planInitContainers(
  pod: ApiPod,
  state: PodRuntimeState,
  sandboxId: string | undefined,
  probes: ProbeView,
  draft: Draft,
): boolean {
  const current = { ...state, containers: state.containers.filter((c) => c.sandboxId === sandboxId) }
  const done = pod.spec.containers.some((c) => {
    const instance = newest(current, c.name)
    return instance !== undefined && instance.state !== 'created'
  })
  for (const container of initContainersOf(pod)) {
    const instance = newest(current, container.name)
    if (isSidecar(container)) {
      if (!planSidecar(container, instance, probes, draft) && !done) return false
      continue
    }
    if (done) continue
    if (instance?.state === 'exited' && instance.exitCode === 0) continue
    if (instance?.state === 'running') return false
    if (instance?.state === 'unknown') draft.kill.push(unknownState(instance))
    if (instance?.state === 'exited' && !restartsAfter(pod, container, instance.exitCode)) draft.killPod = true
    else draft.start.push(container)
    return false
  }
  return true
}

/** Returns whether the sidecar counts as started. */
function planSidecar(
  container: ApiContainer,
  instance: ContainerState | undefined,
  probes: ProbeView,
  draft: Draft,
): boolean {
  if (instance?.state !== 'running') {
    if (instance?.state === 'unknown') draft.kill.push(unknownState(instance))
    draft.start.push(container)
    return false
  }
  const kill = reasonToKill(container, instance, probes)
  if (kill) {
    draft.kill.push({ ...kill, message: `${kill.message}, will be restarted` })
    draft.start.push(container)
    return false
  }
  return !container.startupProbe || probes.startup(instance.id) === 'success'
}

function planContainers(pod: ApiPod, state: PodRuntimeState, probes: ProbeView, draft: Draft): void {
  let kept = 0
  const toStart: ApiContainer[] = []
  for (const container of pod.spec.containers) {
    const instance = newest(state, container.name)
    if (instance?.state !== 'running') {
      if (!mustStart(pod, container, instance)) continue
      if (instance?.state === 'unknown') draft.kill.push(unknownState(instance))
      toStart.push(container)
      continue
    }
    const kill = reasonToKill(container, instance, probes)
    if (!kill) {
      kept++
      continue
    }
    const restart = kill.cause === 'definition' || restartsAfter(pod, container, 137)
    if (restart) toStart.push(container)
    draft.kill.push(restart ? { ...kill, message: `${kill.message}, will be restarted` } : kill)
  }
  draft.start.push(...toStart)
  if (kept > 0 || toStart.length > 0 || draft.kill.length > 0) return
  draft.killPod = true
  draft.start = []
}

function reasonToKill(container: ApiContainer, instance: ContainerState, probes: ProbeView): ContainerKill | undefined {
  const { id, name } = instance
  const hash = instance.annotations[ANNOTATION_HASH]
  if (hash !== undefined && hash !== containerHash(container)) {
    return { id, name, cause: 'definition', message: `Container ${name} definition changed` }
  }
  if (probes.liveness(id) === 'failure') {
    return { id, name, cause: 'liveness', message: `Container ${name} failed liveness probe` }
  }
  if (probes.startup(id) === 'failure') {
    return { id, name, cause: 'startup', message: `Container ${name} failed startup probe` }
  }
  return undefined
}

function unknownState(instance: ContainerState): ContainerKill {
  const message = `Container is in "unknown" state, try killing it before restart`
  return { id: instance.id, name: instance.name, cause: 'unknown', message }
}
