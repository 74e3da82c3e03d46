// --sort-by: orders objects or table rows by the value at a path.
// Model: k8s.io/kubectl/pkg/cmd/get/sorter.go.

import { compareQuantities, parseQuantity } from '../../machinery/quantity.ts'
import { KubectlError } from '../errors.ts'
import { findJsonPath } from '../template/jsonpath.ts'
import { relaxedPath } from './relaxed-path.ts'

/** No item has the field. */
export class SortFieldError extends KubectlError {
  override name = 'SortFieldError'
}

/** `items` by the value that `path` finds in what `objectOf` gives; those without one come first. */
export function sortByPath<T>(items: readonly T[], path: string, objectOf: (item: T) => unknown): T[] {
  const field = relaxedPath(path)
  const keyed = items.map((item) => ({ item, found: findJsonPath(field, objectOf(item), { allowMissingKeys: true }) }))
  const valued = keyed.map(({ item, found }) => ({ item, has: (found[0]?.length ?? 0) > 0, value: found[0]?.[0] }))
  if (items.length > 0 && !valued.some((v) => v.has)) {
    throw new SortFieldError(`couldn't find any field with path ${JSON.stringify(field)} in the list of objects`)
  }
  return valued
    .sort((a, b) => {
      if (!a.has || !b.has) return Number(a.has) - Number(b.has)
      return compareValues(a.value, b.value)
    })
    .map((v) => v.item)
}

/** Numbers by size, texts by size when both are quantities, else by their bytes. */
function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') {
    if (parseQuantity(a) && parseQuantity(b)) return compareQuantities(a, b)
    return a < b ? -1 : a > b ? 1 : 0
  }
  if (a === null || a === undefined) return b === null || b === undefined ? 0 : -1
  if (b === null || b === undefined) return 1
  if (Array.isArray(a) && Array.isArray(b)) {
    for (const [i, item] of a.entries()) {
      if (i >= b.length) break
      const order = compareValues(item, b[i])
      if (order !== 0) return order
    }
    return 0
  }
  throw new KubectlError(`unsortable type: ${typeof a}`)
}
