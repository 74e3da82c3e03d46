// Affinity and anti-affinity between pods.

import type { PodAffinityTerm } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { isEmptySelector, matchesLabelSelector } from '../../machinery/label-selector.ts'
import { type ClusterView, MAX_SCORE, type SchedulingPlugin } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import type { ReadPod } from '../resources.ts'

type Term = DeepReadonly<PodAffinityTerm>
/** Number (or weight) of matching pods by `key=value` of the topology. */
type Topology = Map<string, number>

/** A hard affinity of a pod that runs counts a little for those it likes. */
const HARD_AFFINITY_WEIGHT = 1

const requiredAffinity = (pod: ReadPod): readonly Term[] =>
  pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
const requiredAntiAffinity = (pod: ReadPod): readonly Term[] =>
  pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []

/** Whether `other` is one of the pods that a term of `owner` is about. */
function termMatches(term: Term, owner: ReadPod, other: ReadPod, cluster: ClusterView): boolean {
  return inNamespaces(term, owner, other, cluster) && matchesWithKeys(term, owner, other)
}

function inNamespaces(term: Term, owner: ReadPod, other: ReadPod, cluster: ClusterView): boolean {
  const { namespace } = other.metadata
  const named = term.namespaces ?? []
  if (named.includes(namespace)) return true
  if (term.namespaceSelector === undefined) return named.length === 0 && namespace === owner.metadata.namespace
  return (
    isEmptySelector(term.namespaceSelector) ||
    matchesLabelSelector(term.namespaceSelector, cluster.namespaceLabels(namespace))
  )
}

function matchesWithKeys(term: Term, owner: ReadPod, other: ReadPod): boolean {
  if (!matchesLabelSelector(term.labelSelector, other.metadata.labels)) return false
  const value = (pod: ReadPod, key: string) => pod.metadata.labels?.[key]
  const same = (key: string) => value(owner, key) === undefined || value(owner, key) === value(other, key)
  const different = (key: string) => value(owner, key) === undefined || value(owner, key) !== value(other, key)
  return (term.matchLabelKeys ?? []).every(same) && (term.mismatchLabelKeys ?? []).every(different)
}

function domainOf(term: Term, node: NodeInfo): string | undefined {
  const value = node.labels[term.topologyKey]
  return value === undefined ? undefined : `${term.topologyKey}=${value}`
}

function addTo(topology: Topology, term: Term, node: NodeInfo, amount: number): void {
  const domain = domainOf(term, node)
  if (domain !== undefined) topology.set(domain, (topology.get(domain) ?? 0) + amount)
}

export const interPodAffinity: SchedulingPlugin = {
  name: 'InterPodAffinity',
  wakes: ['node-add', 'node-label', 'pod-add', 'pod-delete', 'pod-label', 'pod-update', 'namespace'],
  weight: 2,
  filter(pod, cluster) {
    const affinity = requiredAffinity(pod)
    const antiAffinity = requiredAntiAffinity(pod)
    const refused: Topology = new Map()
    for (const node of cluster.nodes) {
      for (const other of node.withAntiAffinity.values()) {
        for (const term of requiredAntiAffinity(other)) {
          if (termMatches(term, other, pod, cluster)) addTo(refused, term, node, 1)
        }
      }
    }
    if (affinity.length === 0 && antiAffinity.length === 0 && refused.size === 0) return undefined
    const liked: Topology = new Map()
    const avoided: Topology = new Map()
    if (affinity.length > 0 || antiAffinity.length > 0) {
      for (const node of cluster.nodes) {
        for (const other of node.pods.values()) {
          // A pod is liked only when it satisfies all terms at once.
          if (affinity.length > 0 && affinity.every((t) => termMatches(t, pod, other, cluster))) {
            for (const term of affinity) addTo(liked, term, node, 1)
          }
          for (const term of antiAffinity) if (termMatches(term, pod, other, cluster)) addTo(avoided, term, node, 1)
        }
      }
    }
    // The first of a group that wants to be together may go anywhere the topology exists.
    const first = liked.size === 0 && affinity.every((t) => termMatches(t, pod, pod, cluster))
    return (node) => {
      const satisfied = affinity.every((term) => {
        const domain = domainOf(term, node)
        return domain !== undefined && (first || (liked.get(domain) ?? 0) > 0)
      })
      if (!satisfied) return { reasons: ["node(s) didn't match pod affinity rules"], unresolvable: true }
      if (antiAffinity.some((term) => (avoided.get(domainOf(term, node) ?? '') ?? 0) > 0)) {
        return { reasons: ["node(s) didn't match pod anti-affinity rules"] }
      }
      for (const [key, value] of Object.entries(node.labels)) {
        if ((refused.get(`${key}=${value}`) ?? 0) > 0) {
          return { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"] }
        }
      }
      return undefined
    }
  },
  score(pod, _feasible, cluster) {
    const points: Topology = new Map()
    const preferred = pod.spec.affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    const disliked = pod.spec.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    const asks = preferred.length + disliked.length > 0
    for (const node of cluster.nodes) {
      for (const other of (asks ? node.pods : node.withAffinity).values()) {
        for (const { weight, podAffinityTerm: term } of preferred) {
          if (termMatches(term, pod, other, cluster)) addTo(points, term, node, weight)
        }
        for (const { weight, podAffinityTerm: term } of disliked) {
          if (termMatches(term, pod, other, cluster)) addTo(points, term, node, -weight)
        }
        addReverse(points, pod, other, node, cluster)
      }
    }
    if (points.size === 0) return undefined
    return {
      of(node) {
        let sum = 0
        for (const key in node.labels) sum += points.get(`${key}=${node.labels[key]}`) ?? 0
        return sum
      },
      normalize(scores) {
        const min = Math.min(...scores)
        const range = Math.max(...scores) - min
        return scores.map((s) => (range === 0 ? 0 : Math.floor((MAX_SCORE * (s - min)) / range)))
      },
    }
  },
}

/** What a running pod thinks of the incoming one. */
function addReverse(points: Topology, pod: ReadPod, other: ReadPod, node: NodeInfo, cluster: ClusterView): void {
  for (const term of requiredAffinity(other)) {
    if (termMatches(term, other, pod, cluster)) addTo(points, term, node, HARD_AFFINITY_WEIGHT)
  }
  const { podAffinity, podAntiAffinity } = other.spec.affinity ?? {}
  for (const { weight, podAffinityTerm: term } of podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
    if (termMatches(term, other, pod, cluster)) addTo(points, term, node, weight)
  }
  for (const w of podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
    if (termMatches(w.podAffinityTerm, other, pod, cluster)) addTo(points, w.podAffinityTerm, node, -w.weight)
  }
}
