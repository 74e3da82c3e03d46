// What to tell someone who tightens a namespace about the pods that run there already.

import type { Pod } from '../../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import { reasonsText, violationsOf } from './evaluate.ts'
import { type LevelVersion, levelText } from './policy.ts'

const MAX_PODS = 3000

/** The warnings, none when every pod is fine. `isLate` ends the search early. */
export function existingPodWarnings(
  pods: readonly DeepReadonly<Pod>[],
  options: { readonly namespace: string; readonly enforce: LevelVersion; readonly isLate: () => boolean },
): string[] {
  const { namespace, enforce, isLate } = options
  const ordered = oneOfEachFirst(pods).slice(0, MAX_PODS)
  const byReason = new Map<string, string[]>()
  let checked = 0
  for (const pod of ordered) {
    const violations = violationsOf(enforce, pod)
    checked += 1
    if (violations.length > 0) {
      const reason = reasonsText(violations)
      const alike = byReason.get(reason)
      if (alike) alike.push(pod.metadata.name)
      else byReason.set(reason, [pod.metadata.name])
    }
    if (isLate()) break
  }
  const warnings: string[] = []
  if (checked < pods.length) {
    warnings.push(
      `new PodSecurity enforce level only checked against the first ${checked} of ${pods.length} existing pods`,
    )
  }
  if (byReason.size > 0) {
    const text = levelText(enforce)
    warnings.push(
      `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level ${JSON.stringify(text)}`,
    )
  }
  const perReason = [...byReason].map(([reason, names]) => `${shownNames(names)}: ${reason}`)
  return [...warnings, ...perReason.sort()]
}

function shownNames(names: readonly string[]): string {
  const [first = ''] = [...names].sort()
  const others = names.length - 1
  if (others === 0) return first
  return `${first} (and ${others} other ${others === 1 ? 'pod' : 'pods'})`
}

/** Pods of one controller are alike: one of each comes before the rest. */
function oneOfEachFirst(pods: readonly DeepReadonly<Pod>[]): DeepReadonly<Pod>[] {
  const seen = new Set<string>()
  const first: DeepReadonly<Pod>[] = []
  const rest: DeepReadonly<Pod>[] = []
  for (const pod of pods) {
    const owner = (pod.metadata.ownerReferences ?? []).find((reference) => reference.controller)?.uid
    const isRepeated = owner !== undefined && seen.has(owner)
    if (owner !== undefined) seen.add(owner)
    if (isRepeated) rest.push(pod)
    else first.push(pod)
  }
  return [...first, ...rest]
}
