// Which nodes a pod may be on, by its own wishes and by the nodes' taints: for the scheduler and for daemon sets.

import type {
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodSpec,
  Taint,
  Toleration,
} from '../api/generated/core-v1.ts'
import type { DeepReadonly } from './deep-readonly.ts'
import { matchesLabels } from './label-selector.ts'

/** What selectors look at. */
export interface NodeIdentity {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** Whether a toleration covers a taint. */
export function tolerates(toleration: DeepReadonly<Toleration>, taint: DeepReadonly<Taint>): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  switch (toleration.operator ?? 'Equal') {
    case 'Exists':
      return true
    case 'Equal':
    case '':
      return (toleration.key ?? '') !== '' && (toleration.value ?? '') === (taint.value ?? '')
    default:
      return false
  }
}

/** The first taint of these effects that nothing tolerates. */
export function untoleratedTaint(
  taints: readonly DeepReadonly<Taint>[] | undefined,
  tolerations: readonly DeepReadonly<Toleration>[],
  effects: readonly string[] = ['NoSchedule', 'NoExecute'],
): DeepReadonly<Taint> | undefined {
  return taints?.find((taint) => effects.includes(taint.effect) && !tolerations.some((t) => tolerates(t, taint)))
}

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
export function matchesNodeTerm(term: DeepReadonly<NodeSelectorTerm>, node: NodeIdentity): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length + fields.length === 0) return false
  return (
    expressions.every((r) => matchesRequirement(r, node.labels[r.key])) &&
    fields.every((r) => matchesRequirement(r, r.key === 'metadata.name' ? node.name : undefined))
  )
}

/** Whether any term holds. */
function matchesNodeSelector(selector: DeepReadonly<NodeSelector>, node: NodeIdentity): boolean {
  return selector.nodeSelectorTerms.some((term) => matchesNodeTerm(term, node))
}

/** Whether the node is one that the pod's nodeSelector and required affinity allow. */
export function matchesRequiredAffinity(
  spec: Pick<DeepReadonly<PodSpec>, 'nodeSelector' | 'affinity'>,
  node: NodeIdentity,
): boolean {
  if (spec.nodeSelector && !matchesLabels(spec.nodeSelector, node.labels)) return false
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required === undefined || matchesNodeSelector(required, node)
}
