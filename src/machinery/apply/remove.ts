// Taking fields out of a value.

import { below, type FieldSet, hasPath } from './field-set.ts'
import { elementIfAny } from './list-items.ts'
import type { TypeSchema } from './schema.ts'
import { granularMap, isMap, mergingList, schemaUnder, setField } from './value.ts'

/**
 * The value without the given fields. A map or list that loses everything becomes null, which decoding takes for
 * absent.
 */
export function removeFields(schema: TypeSchema, value: unknown, fields: FieldSet): unknown {
  const map = granularMap(schema, value)
  if (map && isMap(value)) {
    const out: Record<string, unknown> = {}
    let kept = false
    for (const name in value) {
      const element = `f:${name}`
      if (hasPath(fields, [element])) continue
      const inner = below(fields, element)
      setField(out, name, inner ? removeFields(schemaUnder(map, name), value[name], inner) : value[name])
      kept = true
    }
    return kept ? out : null
  }
  const list = mergingList(schema)
  if (list && Array.isArray(value)) {
    const out: unknown[] = []
    for (const item of value) {
      const element = elementIfAny(list, item)
      if (element !== undefined && hasPath(fields, [element])) continue
      const inner = element === undefined ? undefined : below(fields, element)
      out.push(inner ? removeFields(list.element, item, inner) : item)
    }
    return out.length > 0 ? out : null
  }
  // A value that is owned as a whole goes as a whole.
  return schema.kind === 'map' || schema.kind === 'list' ? null : value
}
