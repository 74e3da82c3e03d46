// Keeps pods off nodes whose taints they do not tolerate, and prefers nodes with fewer soft taints.

import type { Taint, Toleration } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { normalizeByMax, type SchedulingPlugin } from '../framework.ts'

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
): DeepReadonly<Taint> | undefined {
  return taints?.find(
    (taint) =>
      (taint.effect === 'NoSchedule' || taint.effect === 'NoExecute') && !tolerations.some((t) => tolerates(t, taint)),
  )
}

export const taintToleration: SchedulingPlugin = {
  name: 'TaintToleration',
  wakes: ['node-add', 'node-taint', 'pod-update'],
  weight: 3,
  filter(pod) {
    const tolerations = pod.spec.tolerations ?? []
    return ({ node }) => {
      const taint = untoleratedTaint(node.spec.taints, tolerations)
      if (!taint) return undefined
      return { reasons: [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`], unresolvable: true }
    }
  },
  score(pod, feasible) {
    const soft = (taints: readonly DeepReadonly<Taint>[] | undefined) =>
      (taints ?? []).filter((t) => t.effect === 'PreferNoSchedule')
    if (feasible.every((n) => soft(n.node.spec.taints).length === 0)) return undefined
    const tolerations = (pod.spec.tolerations ?? []).filter((t) => !t.effect || t.effect === 'PreferNoSchedule')
    return {
      of: ({ node }) => soft(node.spec.taints).filter((taint) => !tolerations.some((t) => tolerates(t, taint))).length,
      normalize: (scores) => normalizeByMax(scores, true),
    }
  },
}
