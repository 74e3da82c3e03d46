// nodeSelector and node affinity.

import { matchesNodeTerm, matchesRequiredAffinity } from '../../machinery/node-match.ts'
import { normalizeByMax, type SchedulingPlugin } from '../framework.ts'

export const nodeAffinity: SchedulingPlugin = {
  name: 'NodeAffinity',
  wakes: ['node-add', 'node-label', 'pod-update'],
  weight: 2,
  filter(pod) {
    const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    if (!pod.spec.nodeSelector && !required) return undefined
    return (node) =>
      matchesRequiredAffinity(pod.spec, node)
        ? undefined
        : { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true }
  },
  score(pod) {
    const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    if (preferred.length === 0) return undefined
    return {
      of: (node) =>
        preferred.reduce((sum, { weight, preference }) => sum + (matchesNodeTerm(preference, node) ? weight : 0), 0),
      normalize: (scores) => normalizeByMax(scores),
    }
  },
}
