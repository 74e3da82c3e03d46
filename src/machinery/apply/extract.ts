// The set of all fields of a value.

import { EMPTY, type FieldSet, nodeOf } from './field-set.ts'
import { itemsByElement } from './list-items.ts'
import type { ListSchema, MapSchema, TypeSchema } from './schema.ts'
import { granularMap, isEmptyMap, isMap, type Json, mergingList, schemaUnder } from './value.ts'

/** The fields that a value holds: what its writer owns by applying it. */
export function fieldsOf(schema: TypeSchema, value: unknown): FieldSet {
  const map = granularMap(schema, value)
  if (map && isMap(value)) return mapFields(map, value) ?? EMPTY
  const list = mergingList(schema)
  return (list && Array.isArray(value) && listFields(list, value)) || EMPTY
}

/** The node of a value that stands below others. Undefined: nothing of it is owned. */
function nodeOfValue(schema: TypeSchema, value: unknown, named: boolean): FieldSet | undefined {
  const map = granularMap(schema, value)
  if (map) {
    const fields = isMap(value) ? mapFields(map, value) : undefined
    return nodeOf(fields, named || value === null || (isMap(value) && isEmptyMap(value)))
  }
  const list = mergingList(schema)
  if (list) return nodeOf(Array.isArray(value) ? listFields(list, value) : undefined, named || value === null)
  return nodeOf(undefined, true)
}

function mapFields(schema: MapSchema, value: Json): FieldSet | undefined {
  const out: { [element: string]: FieldSet } = {}
  for (const name in value) {
    // Entries of a map are owned themselves; fields of a struct only through what they hold.
    const node = nodeOfValue(schemaUnder(schema, name), value[name], schema.field(name) === undefined)
    if (node) out[`f:${name}`] = node
  }
  return out
}

function listFields(schema: ListSchema, list: readonly unknown[]): FieldSet | undefined {
  const out: { [element: string]: FieldSet } = {}
  for (const [element, items] of itemsByElement(schema, list)) {
    const node = items.length > 1 ? nodeOf(undefined, true) : nodeOfValue(schema.element, items[0], true)
    if (node) out[element] = node
  }
  return out
}
