// Matching of LabelSelector objects and plain label maps, parsed once per selector object.

import type { LabelSelector } from '../api/generated/meta-v1.ts'
import type { DeepReadonly } from './deep-readonly.ts'
import { type Labels, matches, type Selector, selectorOf } from './labels.ts'

// Cached objects are immutable, so a selector object always means the same.
const parsed = new WeakMap<object, Selector>()

/** An absent selector matches nothing, an empty one everything. Throws SelectorError on an unknown operator. */
export function matchesLabelSelector(
  selector: DeepReadonly<LabelSelector> | undefined,
  labels: Labels | undefined,
): boolean {
  if (selector === undefined) return false
  let requirements = parsed.get(selector)
  if (!requirements) {
    requirements = selectorOf(selector) ?? []
    parsed.set(selector, requirements)
  }
  return matches(requirements, labels)
}

/** Whether all pairs are among the labels. An empty map matches everything. */
export function matchesLabels(wanted: Labels, labels: Labels | undefined): boolean {
  for (const key in wanted) if (labels?.[key] !== wanted[key]) return false
  return true
}

/** Whether the selector is there and has no requirement at all. */
export function isEmptySelector(selector: DeepReadonly<LabelSelector> | undefined): boolean {
  return (
    selector !== undefined &&
    Object.keys(selector.matchLabels ?? {}).length === 0 &&
    (selector.matchExpressions ?? []).length === 0
  )
}
