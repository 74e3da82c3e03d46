// Fills in what a schema gives for absent fields, and drops nulls where none may stand.
// Model: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting.

import { isRecord } from '../api-object.ts'
import { elementOf, own, put, type Schema } from './schema.ts'

/** Fills in defaults in place. */
export function applyDefaults(value: unknown, schema: Schema): void {
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) applyDefaults(item, schema.items)
    return
  }
  if (!isRecord(value)) return
  const element = elementOf(schema)
  for (const name of Object.keys(value)) {
    if (value[name] !== null) continue
    const known = own(schema.properties, name) ?? element
    // A null that must not be there is the same as no field.
    if (known && known.nullable !== true) {
      if (known === element && known.default !== undefined) value[name] = structuredClone(known.default)
      else delete value[name]
    }
  }
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    if (inner.default !== undefined && !Object.hasOwn(value, name)) put(value, name, structuredClone(inner.default))
    if (Object.hasOwn(value, name)) applyDefaults(value[name], inner)
  }
  if (!element) return
  for (const name of Object.keys(value)) if (!own(schema.properties, name)) applyDefaults(value[name], element)
}
