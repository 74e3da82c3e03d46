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
  let ready = 0
  let restarts = 0
  let lastRestart = 0
  let reason = pod.status.reason || pod.status.phase || ''
  if ((pod.status.conditions ?? []).some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated')) {
    reason = 'SchedulingGated'
  }
  const count = (status: ContainerStatus) => {
    restarts += status.restartCount
    const finished = status.lastState?.terminated?.finishedAt
    if (finished) lastRestart = Math.max(lastRestart, Date.parse(finished))
  }
  const init = initReason(pod, sidecars, (status) => {
    count(status)
    if (status.started && status.ready) ready += 1
  })
  if (init) reason = init
  const initializing = init !== undefined
  if (!initializing || (pod.status.conditions ?? []).some((c) => c.type === 'Initialized' && c.status === 'True')) {
    let hasRunning = false
    for (const status of [...(pod.status.containerStatuses ?? [])].reverse()) {
      count(status)
      const { waiting, terminated, running } = status.state ?? {}
      if (waiting?.reason) reason = waiting.reason
      else if (terminated) reason = terminatedReason(terminated)
      else if (status.ready && running) {
        hasRunning = true
        ready += 1
      }
    }
    if (reason === 'Completed' && hasRunning) {
      const isReady = (pod.status.conditions ?? []).some((c) => c.type === 'Ready' && c.status === 'True')
      reason = isReady ? 'Running' : 'NotReady'
    }
  }
  if (pod.metadata.deletionTimestamp) {
    reason = pod.status.reason === 'NodeLost' ? 'Unknown' : isTerminal(pod) ? reason : 'Terminating'
  }
  const when = restarts > 0 && lastRestart > 0 ? ` (${age(new Date(lastRestart).toISOString(), now)} ago)` : ''
  return { ready: `${ready}/${total}`, reason, restarts: `${restarts}${when}` }
}

function isTerminal(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
}

/** `Init:0/2` and the like; undefined when the init containers are done. */
function initReason(pod: Pod, sidecars: Set<string>, count: (status: ContainerStatus) => void): string | undefined {
  let found: string | undefined
  for (const [i, status] of (pod.status.initContainerStatuses ?? []).entries()) {
    count(status)
    if (found !== undefined) continue
    const { waiting, terminated } = status.state ?? {}
    if (terminated?.exitCode === 0) continue
    if (sidecars.has(status.name) && status.started) continue
    if (terminated) found = `Init:${terminatedReason(terminated)}`
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') found = `Init:${waiting.reason}`
    else found = `Init:${i}/${(pod.spec.initContainers ?? []).length}`
  }
  return found
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
