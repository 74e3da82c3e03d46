// Equality of JSON values.

/** Structural equality of JSON values, whatever the order of keys. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false
    for (let i = 0; i < a.length; i++) if (!sameJson(a[i], b[i])) return false
    return true
  }
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  // Loops in place of lists of keys: every write compares what is there with what is to be.
  let more = 0
  for (const key in left) {
    const value = left[key]
    if (value === undefined) continue
    if (key === '__proto__' && !Object.hasOwn(right, key)) return false
    if (!sameJson(value, right[key])) return false
    more += 1
  }
  for (const key in right) if (right[key] !== undefined) more -= 1
  return more === 0
}
