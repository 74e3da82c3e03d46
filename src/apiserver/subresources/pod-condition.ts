// Conditions of pods that the server sets itself.

import type { Pod, PodCondition } from '../../api/generated/core-v1.ts'

/** The status with the condition; a condition that stays as it was keeps its time. Model: UpdatePodCondition. */
export function withCondition(
  status: Pod['status'],
  condition: Omit<PodCondition, 'lastTransitionTime' | 'lastProbeTime'>,
  now: string,
): Pod['status'] {
  const conditions = [...(status.conditions ?? [])]
  const at = conditions.findIndex(({ type }) => type === condition.type)
  const old = conditions[at]
  const lastTransitionTime = old && old.status === condition.status ? old.lastTransitionTime : now
  const made = { ...condition, ...(lastTransitionTime ? { lastTransitionTime } : {}) }
  if (old) conditions[at] = made
  else conditions.push(made)
  return { ...status, conditions }
}
