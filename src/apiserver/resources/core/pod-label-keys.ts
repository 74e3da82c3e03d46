// Keys of labels whose values a pod gives itself: where it is created, they become part of the selectors.
// Model: mutatePodAffinity and mutateTopologySpreadConstraints of k8s.io/kubernetes/pkg/registry/core/pod.

import type { Pod } from '../../../api/generated/core-v1.ts'
import type { LabelSelector } from '../../../api/generated/meta-v1.ts'

type Labels = Readonly<Record<string, string>>

/** Takes the values of a new pod's labels over into the selectors that name their keys. */
export function applyLabelKeys({ spec, metadata }: Pod): void {
  const labels = metadata.labels ?? {}
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {}
  for (const affinity of [podAffinity, podAntiAffinity]) {
    const terms = [
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
        ({ podAffinityTerm }) => podAffinityTerm,
      ),
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ]
    for (const term of terms) {
      merge(term?.labelSelector, term?.matchLabelKeys, 'In', labels)
      merge(term?.labelSelector, term?.mismatchLabelKeys, 'NotIn', labels)
    }
  }
  for (const { labelSelector, matchLabelKeys } of spec.topologySpreadConstraints ?? []) {
    merge(labelSelector, matchLabelKeys, 'In', labels)
  }
}

/** What selects nothing goes on selecting nothing. */
function merge(
  selector: LabelSelector | undefined,
  keys: readonly string[] | undefined,
  operator: 'In' | 'NotIn',
  labels: Labels,
): void {
  if (!selector) return
  for (const key of keys ?? []) {
    const value = labels[key]
    if (value === undefined) continue
    selector.matchExpressions = [...(selector.matchExpressions ?? []), { key, operator, values: [value] }]
  }
}
