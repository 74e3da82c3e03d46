// Lists taken apart for printers.

import { itemsOf, type KubeObject } from '../object.ts'

/** The items of a list, each with the apiVersion and kind that the list implies. */
export function flattenList(object: KubeObject): KubeObject[] {
  const items = itemsOf(object)
  if (!items) return [object]
  const kind = object.kind?.replace(/List$/, '') ?? ''
  return items.map((item) => ({
    ...item,
    apiVersion: item.apiVersion ?? object.apiVersion ?? '',
    kind: item.kind ?? kind,
  }))
}
