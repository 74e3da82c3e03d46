// Columns of pods. Values: k8s.io/kubernetes/pkg/printers/internalversion/printers.go.

import type { ContainerStatus, Pod } from '../../../api/generated/core-v1.ts'
import type { Column } from '../../resource-definition.ts'
import { age, ageColumn, nameColumn, text } from './common.ts'

interface Summary {
  ready: string
  reason: string
  restarts: string
}

/** READY, STATUS and RESTARTS of a pod, as `kubectl get pods` shows them. */
function summarizePod(pod: Pod, now: number): Summary {
  const sidecars = new Set(
    (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name),
  )
  const total = (pod.spec.containers ?? []).length + sidecars.size
  const conditions = pod.status.conditions ?? []
  const isTrue = (type: string) => conditions.find((c) => c.type === type)?.status === 'True'
  const gated = conditions.some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated')
  const init = walkInit(pod, sidecars)
  let reason = init.reason ?? (gated ? 'SchedulingGated' : pod.status.reason || pod.status.phase || '')
  let { ready } = init
  let restarted = init.seen
  if (init.reason === undefined || isTrue('Initialized')) {
    // What ran once before the containers started no longer counts.
    const statuses = pod.status.containerStatuses ?? []
    restarted = [...init.seen.filter(({ name }) => sidecars.has(name)), ...statuses]
    let hasRunning = false
    for (const { state, ready: isReady } of [...statuses].reverse()) {
      const { waiting, terminated, running } = state ?? {}
      if (waiting?.reason) reason = waiting.reason
      else if (terminated) reason = terminatedReason(terminated)
      else if (isReady && running) {
        hasRunning = true
        ready += 1
      }
    }
    if (reason === 'Completed' && hasRunning) reason = isTrue('Ready') ? 'Running' : 'NotReady'
  }
  if (pod.metadata.deletionTimestamp) {
    reason = pod.status.reason === 'NodeLost' ? 'Unknown' : isTerminal(pod) ? reason : 'Terminating'
  }
  return { ready: `${ready}/${total}`, reason, restarts: restartsText(restarted, now) }
}

/** `3 (5m ago)` */
function restartsText(statuses: readonly ContainerStatus[], now: number): string {
  const restarts = statuses.reduce((sum, status) => sum + status.restartCount, 0)
  const last = Math.max(0, ...statuses.map((s) => Date.parse(s.lastState?.terminated?.finishedAt ?? '') || 0))
  return restarts > 0 && last > 0 ? `${restarts} (${age(new Date(last).toISOString(), now)} ago)` : String(restarts)
}

function isTerminal(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
}

interface InitWalk {
  /** `Init:0/2` and the like; undefined when the init containers are done. */
  reason: string | undefined
  /** Sidecars that are ready. */
  ready: number
  /** The containers up to the one that is not done. */
  seen: ContainerStatus[]
}

function walkInit(pod: Pod, sidecars: ReadonlySet<string>): InitWalk {
  const walk: InitWalk = { reason: undefined, ready: 0, seen: [] }
  for (const [i, status] of (pod.status.initContainerStatuses ?? []).entries()) {
    walk.seen.push(status)
    const { waiting, terminated } = status.state ?? {}
    if (terminated?.exitCode === 0) continue
    if (sidecars.has(status.name) && status.started) {
      if (status.ready) walk.ready += 1
      continue
    }
    if (terminated) walk.reason = `Init:${terminatedReason(terminated)}`
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') walk.reason = `Init:${waiting.reason}`
    else walk.reason = `Init:${i}/${(pod.spec.initContainers ?? []).length}`
    break
  }
  return walk
}

function terminatedReason(terminated: { reason?: string; signal?: number; exitCode: number }): string {
  if (terminated.reason) return terminated.reason
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`
}

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  text('Ready', (pod, now) => summarizePod(pod, now).ready),
  text('Status', (pod, now) => summarizePod(pod, now).reason),
  text('Restarts', (pod, now) => summarizePod(pod, now).restarts),
  ageColumn,
  text('IP', (pod) => pod.status.podIPs?.[0]?.ip ?? pod.status.podIP ?? '<none>', 1),
  text('Node', (pod) => pod.spec.nodeName || '<none>', 1),
  text('Nominated Node', (pod) => pod.status.nominatedNodeName || '<none>', 1),
  text('Readiness Gates', readinessGates, 1),
]

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  const met = gates.filter((g) =>
    (pod.status.conditions ?? []).some((c) => c.type === g.conditionType && c.status === 'True'),
  )
  return `${met.length}/${gates.length}`
}
