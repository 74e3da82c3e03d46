// Spreads pods over zones, nodes or any other label, as constraints demand or, for scoring, by default.

import type { TopologySpreadConstraint } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { matchesLabelSelector } from '../../machinery/label-selector.ts'
import { matchesRequiredAffinity, untoleratedTaint } from '../../machinery/node-match.ts'
import { type ClusterView, MAX_SCORE, type SchedulingPlugin } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import type { ReadPod } from '../resources.ts'

const HOSTNAME = 'kubernetes.io/hostname'
const ZONE = 'topology.kubernetes.io/zone'

type Labels = Readonly<Record<string, string>> | undefined

interface Constraint {
  readonly topologyKey: string
  readonly maxSkew: number
  readonly minDomains: number
  readonly matches: (labels: Labels) => boolean
  readonly counts: (node: NodeInfo, pod: ReadPod) => boolean
}

function constraintOf(source: DeepReadonly<TopologySpreadConstraint>, pod: ReadPod): Constraint {
  const own: Record<string, string> = {}
  for (const key of source.matchLabelKeys ?? []) {
    const value = pod.metadata.labels?.[key]
    if (value !== undefined) own[key] = value
  }
  const selector = { ...source.labelSelector, matchLabels: { ...source.labelSelector?.matchLabels, ...own } }
  const { nodeAffinityPolicy, nodeTaintsPolicy } = source
  return {
    topologyKey: source.topologyKey,
    maxSkew: source.maxSkew,
    minDomains: source.minDomains ?? 1,
    matches: (labels) => source.labelSelector !== undefined && matchesLabelSelector(selector, labels),
    counts: (node, p) =>
      (nodeAffinityPolicy === 'Ignore' || matchesRequiredAffinity(p.spec, node)) &&
      (nodeTaintsPolicy !== 'Honor' || !untoleratedTaint(node.node.spec.taints, p.spec.tolerations ?? [])),
  }
}

function constraintsOf(pod: ReadPod, whenUnsatisfiable: string): Constraint[] {
  return (pod.spec.topologySpreadConstraints ?? [])
    .filter((c) => c.whenUnsatisfiable === whenUnsatisfiable)
    .map((c) => constraintOf(c, pod))
}

/** What the system spreads by when a pod says nothing: loosely over nodes and zones, by its services and owners. */
function defaultConstraints(pod: ReadPod, cluster: ClusterView): Constraint[] {
  const matches = cluster.defaultSelector(pod)
  if (!matches) return []
  const make = (topologyKey: string, maxSkew: number): Constraint => ({
    topologyKey,
    maxSkew,
    minDomains: 1,
    matches,
    counts: (node, p) => matchesRequiredAffinity(p.spec, node),
  })
  return [make(HOSTNAME, 3), make(ZONE, 5)]
}

function countMatching(node: NodeInfo, pod: ReadPod, matches: (labels: Labels) => boolean): number {
  let count = 0
  for (const other of node.pods.values()) {
    if (other.metadata.namespace !== pod.metadata.namespace) continue
    if (other.metadata.deletionTimestamp === undefined && matches(other.metadata.labels)) count += 1
  }
  return count
}

function perDomain(
  constraint: Constraint,
  nodes: readonly NodeInfo[],
  pod: ReadPod,
  eligible: (node: NodeInfo) => boolean,
): Map<string, number> {
  const counts = new Map<string, number>()
  for (const node of nodes) {
    const domain = node.labels[constraint.topologyKey]
    if (domain === undefined || !eligible(node) || !constraint.counts(node, pod)) continue
    counts.set(domain, (counts.get(domain) ?? 0) + countMatching(node, pod, constraint.matches))
  }
  return counts
}

export const podTopologySpread: SchedulingPlugin = {
  name: 'PodTopologySpread',
  wakes: ['node-add', 'node-label', 'node-taint', 'pod-add', 'pod-delete', 'pod-label', 'pod-update'],
  weight: 2,
  filter(pod, cluster) {
    const constraints = constraintsOf(pod, 'DoNotSchedule')
    if (constraints.length === 0) return undefined
    const hasAllKeys = (node: NodeInfo) => constraints.every((c) => node.labels[c.topologyKey] !== undefined)
    const prepared = constraints.map((constraint) => {
      const counts = perDomain(constraint, cluster.nodes, pod, hasAllKeys)
      const fewest = counts.size < constraint.minDomains ? 0 : Math.min(...counts.values())
      return { constraint, counts, fewest: Number.isFinite(fewest) ? fewest : 0 }
    })
    return (node) => {
      for (const { constraint, counts, fewest } of prepared) {
        const domain = node.labels[constraint.topologyKey]
        if (domain === undefined) {
          return {
            reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"],
            unresolvable: true,
          }
        }
        const self = constraint.matches(pod.metadata.labels) ? 1 : 0
        if ((counts.get(domain) ?? 0) + self - fewest > constraint.maxSkew) {
          return { reasons: ["node(s) didn't match pod topology spread constraints"] }
        }
      }
      return undefined
    }
  },
  score(pod, feasible, cluster) {
    const own = constraintsOf(pod, 'ScheduleAnyway')
    const byDefault = (pod.spec.topologySpreadConstraints ?? []).length === 0
    const constraints = byDefault ? defaultConstraints(pod, cluster) : own
    if (constraints.length === 0) return undefined
    // The system's own constraints do not ask for zones where there are none.
    const usable = (node: NodeInfo) => byDefault || constraints.every((c) => node.labels[c.topologyKey] !== undefined)
    const prepared = constraints.map((constraint) => {
      const counts = constraint.topologyKey === HOSTNAME ? undefined : perDomain(constraint, cluster.nodes, pod, usable)
      const domains = new Set(feasible.map((n) => n.labels[constraint.topologyKey])).size
      return { constraint, counts, weight: Math.log(domains + 2) }
    })
    return {
      of(node) {
        if (!usable(node)) return -1
        let sum = 0
        for (const { constraint, counts, weight } of prepared) {
          const domain = node.labels[constraint.topologyKey]
          if (domain === undefined) continue
          const count = counts ? (counts.get(domain) ?? 0) : countMatching(node, pod, constraint.matches)
          sum += count * weight + (constraint.maxSkew - 1)
        }
        return Math.round(sum)
      },
      normalize: spreadPoints,
    }
  },
}

/** Fewer pods are better; nodes outside the topology (-1) get nothing. */
function spreadPoints(scores: readonly number[]): number[] {
  const valid = scores.filter((s) => s >= 0)
  const max = Math.max(0, ...valid)
  const min = Math.min(...valid)
  return scores.map((s) => {
    if (s < 0) return 0
    return max === 0 ? MAX_SCORE : Math.floor((MAX_SCORE * (max + min - s)) / max)
  })
}
