// Which pods must go so that a more important one fits: the decision only.

import {
  type ClusterView,
  type Diagnosis,
  describeFailure,
  prepareFilters,
  type Rejection,
  runFilters,
  type SchedulingPlugin,
} from './framework.ts'
import type { NodeInfo } from './node-info.ts'
import type { ReadPod } from './resources.ts'

/** A node that would do, and whom it would cost. */
export interface Candidate {
  readonly node: NodeInfo
  readonly victims: readonly ReadPod[]
  /** How many victims a PodDisruptionBudget would rather keep. */
  readonly violations: number
}

export type PreemptionPlan =
  | { readonly candidate: Candidate }
  | { readonly candidate: undefined; readonly message: string }

/** Tells which of the pods, if deleted one after the other, overdraw a disruption budget. */
export type ViolatesBudget = (pods: readonly ReadPod[]) => ReadonlySet<ReadPod>

const priorityOf = (pod: ReadPod) => pod.spec.priority ?? 0

/** More important first: higher priority, then longer running. */
function byImportance(a: ReadPod, b: ReadPod): number {
  const started = (pod: ReadPod) => pod.status.startTime ?? pod.metadata.creationTimestamp ?? ''
  return priorityOf(b) - priorityOf(a) || (started(a) < started(b) ? -1 : 1)
}

/** Plans a preemption after no node took the pod. */
export function planPreemption(options: {
  pod: ReadPod
  plugins: readonly SchedulingPlugin[]
  cluster: ClusterView
  diagnosis: Diagnosis
  violatesBudget: ViolatesBudget
  nominatedNode?: NodeInfo | undefined
}): PreemptionPlan {
  const { pod, cluster, diagnosis } = options
  if (pod.spec.preemptionPolicy === 'Never') {
    return { candidate: undefined, message: 'not eligible due to preemptionPolicy=Never.' }
  }
  const leaving = [...(options.nominatedNode?.pods.values() ?? [])].some(
    (p) => p.metadata.deletionTimestamp !== undefined && priorityOf(p) < priorityOf(pod),
  )
  if (leaving) return { candidate: undefined, message: 'not eligible due to terminating pod on the nominated node.' }
  const failures: Rejection[] = []
  const candidates: Candidate[] = []
  for (const [node, rejection] of diagnosis.rejections) {
    if (rejection.unresolvable) {
      failures.push({ reasons: ['Preemption is not helpful for scheduling'] })
      continue
    }
    const found = victimsOn(node, options)
    if (found) candidates.push(found)
    else failures.push({ reasons: ['No preemption victims found for incoming pod'] })
  }
  const candidate = candidates.sort(byCost)[0]
  return candidate ? { candidate } : { candidate: undefined, message: describeFailure(cluster.nodes.length, failures) }
}

function victimsOn(
  original: NodeInfo,
  options: {
    pod: ReadPod
    plugins: readonly SchedulingPlugin[]
    cluster: ClusterView
    violatesBudget: ViolatesBudget
  },
): Candidate | undefined {
  const { pod, plugins, cluster } = options
  const lower = [...original.pods.values()].filter((p) => priorityOf(p) < priorityOf(pod))
  if (lower.length === 0) return undefined
  const node = original.clone()
  const nodes = cluster.nodes.map((n) => (n === original ? node : n))
  const hypothetical = { ...clusterWith(cluster, nodes) }
  // Filters that count pods are prepared anew for each set of pods.
  const fits = () => runFilters(prepareFilters(plugins, pod, hypothetical), node) === undefined
  for (const p of lower) node.remove(p.metadata.uid)
  if (!fits()) return undefined
  const protectedPods = options.violatesBudget(lower)
  const ordered = [
    ...lower.filter((p) => protectedPods.has(p)).sort(byImportance),
    ...lower.filter((p) => !protectedPods.has(p)).sort(byImportance),
  ]
  const victims: ReadPod[] = []
  let violations = 0
  for (const p of ordered) {
    node.add(p)
    if (fits()) continue
    node.remove(p.metadata.uid)
    victims.push(p)
    if (protectedPods.has(p)) violations += 1
  }
  return victims.length === 0 ? undefined : { node: original, victims: victims.sort(byImportance), violations }
}

function clusterWith(cluster: ClusterView, nodes: readonly NodeInfo[]): ClusterView {
  return {
    nodes,
    namespaceLabels: (name) => cluster.namespaceLabels(name),
    defaultSelector: (pod) => cluster.defaultSelector(pod),
  }
}

/** Cheapest first: fewest broken budgets, least important victims, fewest of them, youngest. */
function byCost(a: Candidate, b: Candidate): number {
  const highest = (c: Candidate) => Math.max(...c.victims.map(priorityOf))
  // The offset makes many low-priority victims cost more than few, whatever sign priorities have.
  const sum = (c: Candidate) => c.victims.reduce((total, p) => total + priorityOf(p) + 2 ** 31, 0)
  const earliest = (c: Candidate) => c.victims.filter((p) => priorityOf(p) === highest(c))[0]?.status.startTime ?? ''
  return (
    a.violations - b.violations ||
    highest(a) - highest(b) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    (earliest(a) > earliest(b) ? -1 : 1)
  )
}
