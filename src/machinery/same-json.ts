// Equality of JSON values.

/** Structural equality of JSON values, whatever the order of keys. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => sameJson(item, b[i]))
  }
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  const defined = (o: Record<string, unknown>) => Object.keys(o).filter((key) => o[key] !== undefined)
  const keys = defined(left)
  return keys.length === defined(right).length && keys.every((key) => sameJson(left[key], right[key]))
}
