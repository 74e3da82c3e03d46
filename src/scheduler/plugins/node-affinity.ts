// nodeSelector and node affinity.

import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { matchesLabels } from '../../machinery/label-selector.ts'
import { normalizeByMax, type SchedulingPlugin } from '../framework.ts'
import type { NodeInfo } from '../node-info.ts'
import type { ReadPod } from '../resources.ts'

function matchesRequirement(requirement: DeepReadonly<NodeSelectorRequirement>, value: string | undefined): boolean {
  const values = requirement.values ?? []
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return isInteger(value) && Number(value) > Number(values[0])
    case 'Lt':
      return isInteger(value) && Number(value) < Number(values[0])
    default:
      return false
  }
}

function isInteger(value: string | undefined): boolean {
  return value !== undefined && /^[+-]?\d+$/.test(value)
}

/** Whether all of a term's requirements hold. A term without any matches nothing. */
export function matchesTerm(term: DeepReadonly<NodeSelectorTerm>, node: NodeInfo): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length + fields.length === 0) return false
  return (
    expressions.every((r) => matchesRequirement(r, node.labels[r.key])) &&
    fields.every((r) => matchesRequirement(r, r.key === 'metadata.name' ? node.name : undefined))
  )
}

/** Whether any term holds. */
export function matchesNodeSelector(selector: DeepReadonly<NodeSelector>, node: NodeInfo): boolean {
  return selector.nodeSelectorTerms.some((term) => matchesTerm(term, node))
}

/** Whether the node is one that the pod's nodeSelector and required affinity allow. */
export function matchesRequiredAffinity(pod: ReadPod, node: NodeInfo): boolean {
  if (pod.spec.nodeSelector && !matchesLabels(pod.spec.nodeSelector, node.labels)) return false
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required === undefined || matchesNodeSelector(required, node)
}

export const nodeAffinity: SchedulingPlugin = {
  name: 'NodeAffinity',
  wakes: ['node-add', 'node-label', 'pod-update'],
  weight: 2,
  filter(pod) {
    const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    if (!pod.spec.nodeSelector && !required) return undefined
    return (node) =>
      matchesRequiredAffinity(pod, node)
        ? undefined
        : { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true }
  },
  score(pod) {
    const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    if (preferred.length === 0) return undefined
    return {
      of: (node) =>
        preferred.reduce((sum, { weight, preference }) => sum + (matchesTerm(preference, node) ? weight : 0), 0),
      normalize: (scores) => normalizeByMax(scores),
    }
  },
}
