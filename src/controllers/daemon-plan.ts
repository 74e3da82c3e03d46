// The decisions of the daemon set controller: where daemons belong, and which pods to make and delete.

import type { DaemonSet } from '../api/generated/apps-v1.ts'
import type { Node, PodSpec, Toleration } from '../api/generated/core-v1.ts'
import { copy, type DeepReadonly } from '../machinery/deep-readonly.ts'
import { matchesRequiredAffinity, untoleratedTaint } from '../machinery/node-match.ts'
import { isPodAvailable, isPodTerminal, type ReadPod } from './support/pods.ts'
import { scaledValue } from './support/values.ts'

export type ReadDaemonSet = DeepReadonly<DaemonSet>
type ReadNode = DeepReadonly<Node>

const DAEMON_TOLERATIONS: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
]
const HOST_NETWORK_TOLERATION: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
}

/** The tolerations of a daemon: its own, and those for troubles that daemons are there to mend. */
function daemonTolerations(spec: DeepReadonly<PodSpec> | undefined): Toleration[] {
  const extra = spec?.hostNetwork ? [...DAEMON_TOLERATIONS, HOST_NETWORK_TOLERATION] : DAEMON_TOLERATIONS
  const own = (spec?.tolerations ?? []).map((t) => ({ ...t }))
  const same = (a: Toleration, b: Toleration) => a.key === b.key && a.operator === b.operator && a.effect === b.effect
  return [...own, ...extra.filter((t) => !own.some((o) => same(o, t))).map((t) => ({ ...t }))]
}

/** The pod spec of a daemon that is meant for one node. */
export function daemonPodSpec(template: DeepReadonly<PodSpec> | undefined, nodeName: string): PodSpec {
  const spec = copy<PodSpec>(template ?? { containers: [] })
  const field = { key: 'metadata.name', operator: 'In', values: [nodeName] }
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const nodeSelectorTerms =
    terms.length === 0 ? [{ matchFields: [field] }] : terms.map((term) => ({ ...term, matchFields: [field] }))
  return {
    ...spec,
    tolerations: daemonTolerations(template),
    affinity: {
      ...spec.affinity,
      nodeAffinity: {
        ...spec.affinity?.nodeAffinity,
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
      },
    },
  }
}

/** Whether a daemon should be started on the node, and whether one that is there may stay. */
function daemonFits(set: ReadDaemonSet, node: ReadNode): { run: boolean; stay: boolean } {
  const spec = set.spec.template.spec ?? { containers: [] }
  const identity = { name: node.metadata.name, labels: node.metadata.labels ?? {} }
  if (spec.nodeName && spec.nodeName !== identity.name) return { run: false, stay: false }
  if (!matchesRequiredAffinity(spec, identity)) return { run: false, stay: false }
  const tolerations = daemonTolerations(spec)
  const run = !untoleratedTaint(node.spec.taints, tolerations)
  const stay = !untoleratedTaint(node.spec.taints, tolerations, ['NoExecute'])
  return { run, stay }
}

/** The node a daemon is on or meant for. */
function daemonNode(pod: ReadPod): string {
  if (pod.spec.nodeName) return pod.spec.nodeName
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  for (const term of terms ?? []) {
    for (const f of term.matchFields ?? []) if (f.key === 'metadata.name') return f.values?.[0] ?? ''
  }
  return ''
}

/** What to do next. */
export interface DaemonPlan {
  readonly create: string[]
  readonly remove: ReadPod[]
  /** Removed because they failed; they are reported. */
  readonly failed: ReadPod[]
}

/** Plans one pass over all nodes. `isCurrent` tells pods of the present template. */
export function planDaemons(options: {
  set: ReadDaemonSet
  nodes: readonly ReadNode[]
  pods: readonly ReadPod[]
  isCurrent: (pod: ReadPod) => boolean
  now: number
}): DaemonPlan {
  const { set, nodes, isCurrent, now } = options
  const byNode = new Map<string, ReadPod[]>()
  for (const pod of options.pods) {
    const name = daemonNode(pod)
    byNode.set(name, [...(byNode.get(name) ?? []), pod])
  }
  const plan: DaemonPlan = { create: [], remove: [], failed: [] }
  const minReady = set.spec.minReadySeconds ?? 0
  const isAvailable = (pod: ReadPod) =>
    pod.metadata.deletionTimestamp === undefined && isPodAvailable(pod, minReady, now)
  const targets: { name: string; alive: ReadPod[] }[] = []
  for (const node of nodes) {
    const { name } = node.metadata
    const pods = byNode.get(name) ?? []
    byNode.delete(name)
    const { run, stay } = daemonFits(set, node)
    const alive = pods.filter((p) => p.metadata.deletionTimestamp === undefined)
    if (!stay) {
      plan.remove.push(...alive)
      continue
    }
    const ended = alive.filter(isPodTerminal)
    plan.failed.push(...ended)
    const running = alive.filter((p) => !isPodTerminal(p))
    if (running.length === 0 && ended.length === 0 && pods.length === 0 && run) plan.create.push(name)
    if (running.length > 0) targets.push({ name, alive: running })
  }
  // Pods of nodes that are gone are removed by whoever looks after nodes; pods for no node at all are ours.
  for (const pod of byNode.get('') ?? []) if (pod.metadata.deletionTimestamp === undefined) plan.remove.push(pod)
  const rolling = (set.spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate'
  const { maxSurge, maxUnavailable } = set.spec.updateStrategy?.rollingUpdate ?? {}
  const desired = nodes.filter((n) => daemonFits(set, n).run).length
  const surge = scaledValue(maxSurge ?? 0, desired, 'up')
  let unavailable = desired - targets.filter((t) => t.alive.some(isAvailable)).length
  const mayMiss = surge > 0 ? 0 : Math.max(1, scaledValue(maxUnavailable ?? 1, desired, 'up'))
  let surging = targets.filter((t) => t.alive.length > 1).length
  for (const { name, alive } of targets) {
    const [current, old] = [alive.filter(isCurrent), alive.filter((p) => !isCurrent(p))]
    // Of several current ones the oldest stays.
    const extra = [...current]
      .sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1))
      .slice(1)
    plan.remove.push(...extra)
    if (old.length === 0) continue
    if (!rolling) {
      plan.remove.push(...old.slice(1))
    } else if (current.some(isAvailable) || (current.length > 0 && !old.some(isAvailable))) {
      plan.remove.push(...old)
    } else if (current.length === 0 && surge > 0) {
      if (!old.some(isAvailable)) plan.remove.push(...old)
      else if (surging++ < surge) plan.create.push(name)
    } else if (current.length === 0) {
      const costs = old.some(isAvailable)
      if (!costs) plan.remove.push(...old)
      else if (unavailable < mayMiss) {
        unavailable += 1
        plan.remove.push(...old)
      }
    }
  }
  return plan
}

/** The counts of a daemon set's status. */
export function daemonStatus(options: {
  set: ReadDaemonSet
  nodes: readonly ReadNode[]
  pods: readonly ReadPod[]
  isCurrent: (pod: ReadPod) => boolean
  now: number
}) {
  const { set, nodes, now } = options
  const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, updated: 0, available: 0 }
  for (const node of nodes) {
    const here = options.pods.filter((p) => daemonNode(p) === node.metadata.name)
    const live = here.filter((p) => !isPodTerminal(p))
    if (!daemonFits(set, node).run) {
      if (live.length > 0) counts.misscheduled += 1
      continue
    }
    counts.desired += 1
    if (here.length === 0) continue
    counts.current += 1
    const ready = live.filter((p) => isPodAvailable(p, 0, now))
    if (ready.length > 0) counts.ready += 1
    if (live.some((p) => isPodAvailable(p, set.spec.minReadySeconds ?? 0, now))) counts.available += 1
    if (live.some(options.isCurrent)) counts.updated += 1
  }
  return counts
}
