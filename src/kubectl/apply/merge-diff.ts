// JSON merge patches out of two or three versions of an object.
// Model: CreateMergePatch of evanphx/json-patch and k8s.io/apimachinery/pkg/util/jsonmergepatch.

import { mergePatch } from '../../machinery/merge-patch.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { isObject } from '../object.ts'

type Json = Record<string, unknown>

/** The patch that turns `before` into `after`. */
export function mergeDiff(before: Json, after: Json): Json {
  return diff(before, after, () => true)
}

/** What `modified` adds to or changes in `current`, and what it has dropped since `original`. */
export function threeWayMerge(original: Json, modified: Json, current: Json): Json {
  const changes = diff(current, modified, (value) => value !== null)
  const deletions = diff(original, modified, (value) => value === null)
  return joined(deletions, changes)
}

function diff(before: Json, after: Json, keep: (value: unknown) => boolean): Json {
  const out: Json = {}
  for (const [key, value] of Object.entries(after)) {
    const old = before[key]
    if (sameJson(old, value) && key in before) continue
    if (isObject(old) && isObject(value)) {
      const inner = diff(old, value, keep)
      if (Object.keys(inner).length > 0) out[key] = inner
    } else if (keep(value) && !(value === null && !(key in before))) out[key] = value
  }
  for (const key of Object.keys(before)) if (!(key in after) && keep(null)) out[key] = null
  return out
}

/** One patch that does what both do; unlike applying one to the other, nulls stay. */
function joined(first: Json, second: Json): Json {
  const out: Json = { ...first }
  for (const [key, value] of Object.entries(second)) {
    const old = out[key]
    out[key] = isObject(old) && isObject(value) ? joined(old, value) : value
  }
  return out
}

/** The object after the patch. */
export function mergePatched<T extends object>(object: T, patch: unknown): T {
  return mergePatch(object, patch) as T
}
