// Computes a pod's whole status: phase, conditions, container statuses, addresses. Pure.

import type { ContainerStatus, PodCondition, PodStatus } from '../../api/generated/core-v1.ts'
import { formatTime } from '../../machinery/clock.ts'
import { type ContainerStatusInput, containerStatuses } from './container-statuses.ts'
import { qosClass } from './qos.ts'
import { restartsAfter } from './restart-policy.ts'
import { type ApiPod, type ApiPodStatus, ephemeralContainersOf, initContainersOf, isSidecar } from './types.ts'

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

export interface PodStatusInput extends ContainerStatusInput {
  /** Addresses of the node, the primary one first. */
  readonly hostIPs: readonly string[]
  /** Set when the kubelet ends the pod: `DeadlineExceeded`, `Evicted`, … */
  readonly verdict?: { readonly reason: string; readonly message: string } | undefined
  /** All containers have stopped for good. */
  readonly stopped: boolean
}

const OWNED_CONDITIONS: readonly string[] = [
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
]

/** The status to report. Conditions that others own are kept. */
export function podStatus(input: PodStatusInput): PodStatus {
  const { pod } = input
  const init = containerStatuses(initContainersOf(pod), 'init', input)
  const regular = containerStatuses(pod.spec.containers, 'regular', input)
  const ephemeral = containerStatuses(ephemeralContainersOf(pod), 'ephemeral', input)
  const phase = keepTerminal(pod.status.phase, holdTerminal(input, phaseOf(input, init, regular)))
  const ips = pod.spec.hostNetwork ? input.hostIPs : addressesOf(input)
  const verdict = input.verdict ?? (pod.status.phase === 'Failed' ? pod.status : undefined)
  const status: PodStatus = {
    phase,
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    ...(verdict?.reason ? { reason: verdict.reason } : {}),
    ...(verdict?.message ? { message: verdict.message } : {}),
    hostIP: input.hostIPs[0] ?? '',
    hostIPs: input.hostIPs.map((ip) => ({ ip })),
    ...(ips[0] ? { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) } : {}),
    startTime: pod.status.startTime ?? formatTime(input.now),
    qosClass: pod.status.qosClass ?? qosClass(pod),
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: regular,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
  }
  status.conditions = conditions(input, status)
  return status
}

function addressesOf(input: PodStatusInput): readonly string[] {
  if (input.state.ips.length > 0) return input.state.ips
  return (input.pod.status.podIPs ?? []).map((p) => p.ip)
}

function keepTerminal(before: string | undefined, phase: PodPhase): PodPhase {
  return before === 'Failed' || before === 'Succeeded' ? before : phase
}

/** A pod is reported as finished only when nothing of it runs any more: others take that as leave to replace it. */
function holdTerminal(input: PodStatusInput, phase: PodPhase): PodPhase {
  const over = phase === 'Succeeded' || phase === 'Failed'
  if (!over || input.stopped || input.state.containers.every((c) => c.state !== 'running')) return phase
  return input.pod.status.phase === 'Pending' ? 'Pending' : 'Running'
}

/** Phase from container statuses, by upstream's getPhase. */
function phaseOf(input: PodStatusInput, init: ContainerStatus[], regular: ContainerStatus[]): PodPhase {
  const { pod } = input
  if (input.verdict) return 'Failed'
  if (input.stopped) {
    const failed = [...init.filter((_, i) => !isSidecar(initContainersOf(pod)[i] ?? { name: '' })), ...regular].some(
      (s) => (s.state?.terminated?.exitCode ?? 1) !== 0,
    )
    return failed ? 'Failed' : 'Succeeded'
  }
  for (const [i, container] of initContainersOf(pod).entries()) {
    const status = init[i]
    const ended = status?.state?.terminated ?? status?.lastState?.terminated
    if (isSidecar(container)) {
      if (!status?.started && !regular.some((s) => s.containerID)) return 'Pending'
      continue
    }
    if (status?.state?.terminated?.exitCode === 0) continue
    if (status?.state?.terminated && ended && !restartsAfter(pod, container, ended.exitCode)) return 'Failed'
    if (!regular.some((s) => s.containerID)) return 'Pending'
  }
  let running = 0
  let succeeded = 0
  let stopped = 0
  let waiting = 0
  for (const [i, status] of regular.entries()) {
    const container = pod.spec.containers[i]
    const ended = status.state?.terminated
    if (status.state?.running) running++
    else if (ended && container && !restartsAfter(pod, container, ended.exitCode)) {
      stopped++
      if (ended.exitCode === 0) succeeded++
    } else if (ended || status.lastState?.terminated) running++
    else waiting++
  }
  if (waiting > 0) return 'Pending'
  if (running > 0) return 'Running'
  if (stopped > 0 && stopped === succeeded) return 'Succeeded'
  return stopped > 0 ? 'Failed' : 'Pending'
}

function conditions(input: PodStatusInput, status: PodStatus): PodCondition[] {
  const { pod } = input
  const before = new Map((pod.status.conditions ?? []).map((c) => [c.type, c]))
  const make = (type: string, verdict: Verdict): PodCondition => {
    const old = before.get(type)
    const lastTransitionTime =
      old?.status === verdict.status && old.lastTransitionTime ? old.lastTransitionTime : formatTime(input.now)
    const { generation } = pod.metadata
    return {
      type,
      status: verdict.status,
      lastTransitionTime,
      ...(verdict.reason ? { reason: verdict.reason } : {}),
      ...(verdict.message ? { message: verdict.message } : {}),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    }
  }
  const ready = containersReady(pod, status)
  const others = (pod.status.conditions ?? []).filter((c) => !OWNED_CONDITIONS.includes(c.type)).map((c) => ({ ...c }))
  const sandboxed = input.state.sandboxes[0]?.ready === true && (pod.spec.hostNetwork || input.state.ips.length > 0)
  return [
    make('PodReadyToStartContainers', { status: sandboxed ? 'True' : 'False' }),
    make('Initialized', initializedCondition(pod, status)),
    make('Ready', podReady(pod, ready)),
    make('ContainersReady', ready),
    make('PodScheduled', { status: 'True' }),
    ...others,
  ]
}

interface Verdict {
  readonly status: 'True' | 'False'
  readonly reason?: string
  readonly message?: string
}

function initializedCondition(pod: ApiPod, status: PodStatus): Verdict {
  if (status.phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' }
  if (status.containerStatuses?.some((s) => s.containerID)) return { status: 'True' }
  const incomplete = (status.initContainerStatuses ?? [])
    .filter((s, i) => (isSidecar(initContainersOf(pod)[i] ?? { name: '' }) ? !s.started : !s.ready))
    .map((s) => s.name)
  if (incomplete.length === 0) return { status: 'True' }
  return {
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${incomplete.join(' ')}]`,
  }
}

function containersReady(pod: ApiPod, status: PodStatus): Verdict {
  if (status.phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' }
  if (status.phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  const sidecars = (status.initContainerStatuses ?? []).filter((_, i) =>
    isSidecar(initContainersOf(pod)[i] ?? { name: '' }),
  )
  const unready = [...sidecars, ...(status.containerStatuses ?? [])].filter((s) => !s.ready).map((s) => s.name)
  if (unready.length === 0) return { status: 'True' }
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.join(' ')}]`,
  }
}

function podReady(pod: ApiPod, containers: Verdict): Verdict {
  if (containers.status === 'False') return containers
  const messages: string[] = []
  for (const gate of pod.spec.readinessGates ?? []) {
    const condition = pod.status.conditions?.find((c) => c.type === gate.conditionType)
    if (!condition)
      messages.push(`corresponding condition of pod readiness gate "${gate.conditionType}" does not exist.`)
    else if (condition.status !== 'True') {
      messages.push(`the status of pod readiness gate "${gate.conditionType}" is not "True", but ${condition.status}`)
    }
  }
  if (messages.length === 0) return { status: 'True' }
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') }
}

/** Whether every container has stopped for good, so that the pod is finished. */
export function isTerminal(status: ApiPodStatus): boolean {
  return status.phase === 'Succeeded' || status.phase === 'Failed'
}

/** A strategic merge patch from one status to the next; undefined when nothing changed. */
export function statusPatch(before: ApiPodStatus, after: PodStatus): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {}
  const old = before as Readonly<Record<string, unknown>>
  const fresh = after as Readonly<Record<string, unknown>>
  for (const key of new Set([...Object.keys(fresh), ...KUBELET_FIELDS])) {
    const value = fresh[key]
    if (same(old[key], value)) continue
    if (value === undefined) {
      if (old[key] !== undefined) patch[key] = null
    } else if (key === 'conditions') patch[key] = changedConditions(before, after)
    else if ((key === 'podIPs' || key === 'hostIPs') && old[key] !== undefined) {
      patch[key] = [...(value as unknown[]), { $patch: 'replace' }]
    } else patch[key] = value
  }
  if (Array.isArray(patch.conditions) && patch.conditions.length === 0) delete patch.conditions
  return Object.keys(patch).length === 0 ? undefined : patch
}

const KUBELET_FIELDS = ['reason', 'message', 'podIP', 'podIPs', 'initContainerStatuses', 'ephemeralContainerStatuses']

function changedConditions(before: ApiPodStatus, after: PodStatus): unknown[] {
  const old = new Map((before.conditions ?? []).map((c) => [c.type, c]))
  return (after.conditions ?? [])
    .filter((c) => OWNED_CONDITIONS.includes(c.type) && !same(old.get(c.type), c))
    .map((c) => ({ reason: null, message: null, ...c }))
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)
}

/** Deep equality of JSON values; absent, null and empty are the same. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b || (isEmpty(a) && isEmpty(b))) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const left = a as Readonly<Record<string, unknown>>
  const right = b as Readonly<Record<string, unknown>>
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => same(left[key], right[key]))
}
