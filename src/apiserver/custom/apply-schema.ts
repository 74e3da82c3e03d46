// How the fields of custom objects are owned, for server-side apply. Model: k8s.io/kube-openapi/pkg/schemaconv.

import { type ListSchema, mapSchema, schemaOfType, type TypeSchema, UNTYPED } from '../../machinery/apply/schema.ts'
import { elementOf, own, type Schema, takesAnyField } from './schema.ts'

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
const STRING: TypeSchema = { kind: 'scalar', scalar: 'string' }
const SCALARS: Readonly<Record<string, TypeSchema>> = {
  string: STRING,
  integer: { kind: 'scalar', scalar: 'numeric' },
  number: { kind: 'scalar', scalar: 'numeric' },
  boolean: { kind: 'scalar', scalar: 'boolean' },
}

/** The ownership schema of a whole object of a version. */
export function applySchemaOf(schema: Schema): TypeSchema {
  return objectSchema(schema, true)
}

function schemaOf(schema: Schema): TypeSchema {
  if (schema['x-kubernetes-int-or-string']) return UNTYPED
  if (schema.type === 'array') return listSchema(schema)
  if (schema.type === 'object' || schema.properties) {
    return objectSchema(schema, schema['x-kubernetes-embedded-resource'] === true)
  }
  return own(SCALARS, schema.type ?? '') ?? UNTYPED
}

function objectSchema(schema: Schema, resource: boolean): TypeSchema {
  const fields = new Map<string, () => TypeSchema>()
  for (const [name, inner] of Object.entries(schema.properties ?? {})) fields.set(name, () => schemaOf(inner))
  if (resource) {
    fields.set('apiVersion', () => STRING)
    fields.set('kind', () => STRING)
    fields.set('metadata', () => schemaOfType(OBJECT_META))
  }
  const element = elementOf(schema)
  const relationship = schema['x-kubernetes-map-type'] === 'atomic' ? 'atomic' : 'granular'
  const other = element ? schemaOf(element) : takesAnyField(schema) ? UNTYPED : undefined
  return mapSchema({ fields, relationship, ...(other ? { element: other } : {}) })
}

function listSchema(schema: Schema): ListSchema {
  const type = schema['x-kubernetes-list-type']
  const keys = type === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : []
  const defaults: Record<string, unknown> = {}
  for (const key of keys) {
    const value = own(schema.items?.properties, key)?.default
    if (value !== undefined) defaults[key] = value
  }
  return {
    kind: 'list',
    relationship: type === 'set' || type === 'map' ? type : 'atomic',
    keys,
    defaults,
    element: schema.items ? schemaOf(schema.items) : UNTYPED,
  }
}
