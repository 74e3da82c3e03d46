// Keeps pods off nodes whose taints they do not tolerate, and prefers nodes with fewer soft taints.

import type { Taint } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { tolerates, untoleratedTaint } from '../../machinery/node-match.ts'
import { normalizeByMax, type SchedulingPlugin } from '../framework.ts'

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
