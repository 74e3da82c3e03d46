// Duplicates in lists that are sets or have keys. Model: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype.

import { type FieldError, field } from '../../machinery/errors.ts'
import { isRecord } from '../api-object.ts'
import { elementOf, own, type Schema } from './schema.ts'

/** The duplicates anywhere in a value. */
export function duplicateItems(value: unknown, schema: Schema, path = ''): FieldError[] {
  if (Array.isArray(value)) {
    const errors = duplicatesIn(value, schema, path)
    const { items } = schema
    if (items) for (const [i, item] of value.entries()) errors.push(...duplicateItems(item, items, `${path}[${i}]`))
    return errors
  }
  if (!isRecord(value)) return []
  const element = elementOf(schema)
  return Object.entries(value).flatMap(([name, inner]) => {
    const known = own(schema.properties, name)
    if (known) return duplicateItems(inner, known, path === '' ? name : `${path}.${name}`)
    return element ? duplicateItems(inner, element, `${path}[${name}]`) : []
  })
}

function duplicatesIn(items: readonly unknown[], schema: Schema, path: string): FieldError[] {
  const type = schema['x-kubernetes-list-type']
  if (type !== 'set' && type !== 'map') return []
  const strange = type === 'map' ? items.findIndex((item) => item !== null && !isRecord(item)) : -1
  if (strange >= 0) {
    const why = 'must be an object for an array of list-type map'
    return [field.invalid(`${path}[${strange}]`, items[strange], why)]
  }
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const seen = new Map<string, number>()
  const errors: FieldError[] = []
  for (const [i, item] of items.entries()) {
    const identity = type === 'set' ? item : keysOf(item, keys)
    const text = canonical(identity)
    const count = (seen.get(text) ?? 0) + 1
    seen.set(text, count)
    // Once is enough to say it.
    if (count === 2) errors.push(field.duplicate(`${path}[${i}]`, identity))
  }
  return errors
}

function keysOf(item: unknown, keys: readonly string[]): Record<string, unknown> {
  if (!isRecord(item)) return {}
  return Object.fromEntries(keys.filter((key) => Object.hasOwn(item, key)).map((key) => [key, item[key]]))
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isRecord(value)) return JSON.stringify(value) ?? 'null'
  const fields = Object.keys(value).sort()
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`
}
