// What a scheduling plugin is, and the choice of a node by all of them: pure over the nodes it is given.

import type { Random } from '../machinery/random.ts'
import type { NodeInfo } from './node-info.ts'
import type { ReadPod } from './resources.ts'

/** Changes in the cluster that may let a rejected pod fit. */
export type ClusterChange =
  | 'node-add'
  | 'node-allocatable'
  | 'node-label'
  | 'node-taint'
  | 'pod-add'
  | 'pod-delete'
  | 'pod-label'
  | 'pod-update'
  | 'namespace'

/** Why a pod cannot be on a node. `unresolvable`: removing other pods would not help. */
export interface Rejection {
  readonly reasons: readonly string[]
  readonly unresolvable?: boolean
}

/** What plugins may know about the cluster besides the node at hand. */
export interface ClusterView {
  readonly nodes: readonly NodeInfo[]
  namespaceLabels(name: string): Readonly<Record<string, string>> | undefined
  /** Selectors of the services and workload owners that a pod belongs to: for spreading by default. */
  defaultSelector(pod: ReadPod): ((labels: Readonly<Record<string, string>> | undefined) => boolean) | undefined
}

/** A filter made for one pod. */
export type Filter = (node: NodeInfo) => Rejection | undefined

/** A score made for one pod: raw points per node, then (optionally) brought to 0…100 together. */
export interface Score {
  readonly of: (node: NodeInfo) => number
  readonly normalize?: (scores: number[]) => number[]
}

/** One plugin: a name and only the extension points it has. */
export interface SchedulingPlugin {
  readonly name: string
  /** Changes after which a pod that this plugin rejected is worth another look. */
  readonly wakes: readonly ClusterChange[]
  /** Keeps a pod out of the queue. */
  readonly gate?: (pod: ReadPod) => string | undefined
  /** Prepares the filter for one pod; `undefined` when every node passes. */
  readonly filter?: (pod: ReadPod, cluster: ClusterView) => Filter | undefined
  /** Prepares the score for one pod over the feasible nodes; `undefined` when all are equal. */
  readonly score?: (pod: ReadPod, feasible: readonly NodeInfo[], cluster: ClusterView) => Score | undefined
  readonly weight?: number
}

export const MAX_SCORE = 100

/** Nodes that were tried and why each was rejected. */
export interface Diagnosis {
  readonly rejections: ReadonlyMap<NodeInfo, Rejection>
  /** Names of the plugins that rejected any node. */
  readonly plugins: ReadonlySet<string>
}

/** The filters of all plugins for one pod, to be run on any node. */
export function prepareFilters(
  plugins: readonly SchedulingPlugin[],
  pod: ReadPod,
  cluster: ClusterView,
): { name: string; filter: Filter }[] {
  const out: { name: string; filter: Filter }[] = []
  for (const plugin of plugins) {
    const filter = plugin.filter?.(pod, cluster)
    if (filter) out.push({ name: plugin.name, filter })
  }
  return out
}

/** The first rejection of a node, with the plugin's name. */
export function runFilters(
  filters: readonly { name: string; filter: Filter }[],
  node: NodeInfo,
): (Rejection & { plugin: string }) | undefined {
  for (const { name, filter } of filters) {
    const rejection = filter(node)
    if (rejection) return { ...rejection, plugin: name }
  }
  return undefined
}

/** How many feasible nodes are enough to choose from, as upstream's adaptive percentage. */
function enoughNodes(total: number): number {
  if (total < 100) return total
  const percent = Math.max(5, 50 - Math.floor(total / 125))
  return Math.max(100, Math.floor((total * percent) / 100))
}

export type Choice =
  | { readonly node: NodeInfo; readonly tried: number }
  | { readonly node: undefined; readonly diagnosis: Diagnosis; readonly tried: number }

/** Chooses the node for a pod. `start` rotates through large clusters, so that no node is always asked first. */
export function chooseNode(options: {
  plugins: readonly SchedulingPlugin[]
  pod: ReadPod
  cluster: ClusterView
  random: Random
  start?: number
  /** Gives the node with what must be counted on top, e.g. pods nominated to it. */
  seenAs?: (node: NodeInfo) => NodeInfo
}): Choice {
  const { plugins, pod, cluster } = options
  const filters = prepareFilters(plugins, pod, cluster)
  const total = cluster.nodes.length
  const enough = enoughNodes(total)
  const feasible: NodeInfo[] = []
  const rejections = new Map<NodeInfo, Rejection>()
  const rejecting = new Set<string>()
  let tried = 0
  for (; tried < total && feasible.length < enough; tried++) {
    const node = cluster.nodes[((options.start ?? 0) + tried) % total]
    if (!node) continue
    const rejection = runFilters(filters, options.seenAs?.(node) ?? node)
    if (rejection) {
      rejections.set(node, rejection)
      rejecting.add(rejection.plugin)
    } else {
      feasible.push(node)
    }
  }
  const [first] = feasible
  if (!first) return { node: undefined, diagnosis: { rejections, plugins: rejecting }, tried }
  if (feasible.length === 1) return { node: first, tried }
  return { node: best(scoreNodes(plugins, pod, feasible, cluster), feasible, options.random), tried }
}

/** The weighted sum of all scores, by position in `feasible`. */
function scoreNodes(
  plugins: readonly SchedulingPlugin[],
  pod: ReadPod,
  feasible: readonly NodeInfo[],
  cluster: ClusterView,
): number[] {
  const totals = feasible.map(() => 0)
  for (const plugin of plugins) {
    const score = plugin.score?.(pod, feasible, cluster)
    if (!score) continue
    const raw = feasible.map(score.of)
    const points = score.normalize?.(raw) ?? raw
    points.forEach((p, i) => {
      totals[i] = (totals[i] ?? 0) + p * (plugin.weight ?? 1)
    })
  }
  return totals
}

function best(totals: readonly number[], feasible: readonly NodeInfo[], random: Random): NodeInfo {
  const top = Math.max(...totals)
  const candidates = feasible.filter((_, i) => totals[i] === top)
  return candidates[Math.floor(random.next() * candidates.length)] ?? (feasible[0] as NodeInfo)
}

/** Brings scores to 0…100 by the largest; reversed when a smaller raw score is better. */
export function normalizeByMax(scores: readonly number[], reverse = false): number[] {
  const max = Math.max(0, ...scores)
  if (max === 0) return scores.map(() => (reverse ? MAX_SCORE : 0))
  return scores.map((s) => {
    const scaled = Math.floor((MAX_SCORE * s) / max)
    return reverse ? MAX_SCORE - scaled : scaled
  })
}

/** Upstream's sentence about why no node fits. */
export function describeFailure(total: number, rejections: Iterable<Rejection>, preemption = ''): string {
  if (total === 0) return 'no nodes available to schedule pods'
  const counts = new Map<string, number>()
  for (const { reasons } of rejections) for (const r of reasons) counts.set(r, (counts.get(r) ?? 0) + 1)
  const lines = [...counts].map(([reason, n]) => `${n} ${reason}`).sort()
  const text = `0/${total} nodes are available: ${lines.join(', ')}.`
  return preemption === '' ? text : `${text} ${preemption}`
}
