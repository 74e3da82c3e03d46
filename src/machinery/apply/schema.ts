// How values of a type are owned field by field: which maps and lists merge, by which keys, and which are replaced whole.
// Model: the schema of sigs.k8s.io/structured-merge-diff as k8s.io/kube-openapi derives it.

import { type FieldSchema, typeOf } from '../../api/schema.ts'

/** A single value. `untyped` takes any kind of scalar (quantities, times, int-or-string). */
export interface ScalarSchema {
  readonly kind: 'scalar'
  readonly scalar: 'string' | 'numeric' | 'boolean' | 'untyped'
}

/** Nothing is known: maps are granular with untyped elements unless said otherwise, lists and scalars are replaced whole. */
export interface UntypedSchema {
  readonly kind: 'untyped'
  readonly relationship?: 'atomic'
}

/** A struct, a map, or both: named fields first, `element` for all other names. */
export interface MapSchema {
  readonly kind: 'map'
  readonly relationship: 'granular' | 'atomic'
  /** The schema of a named field; undefined when there is no such field. */
  field(name: string): TypeSchema | undefined
  /** The schema of values under other names; absent: there may be none. */
  readonly element?: TypeSchema
}

export interface ListSchema {
  readonly kind: 'list'
  readonly relationship: 'set' | 'map' | 'atomic'
  /** What identifies an element of a `map` list. */
  readonly keys: readonly string[]
  /** Values of keys that an element may leave out. */
  readonly defaults: Readonly<Record<string, unknown>>
  readonly element: TypeSchema
}

export type TypeSchema = ScalarSchema | UntypedSchema | MapSchema | ListSchema

export const UNTYPED: UntypedSchema = { kind: 'untyped' }
const STRING: ScalarSchema = { kind: 'scalar', scalar: 'string' }
const NUMERIC: ScalarSchema = { kind: 'scalar', scalar: 'numeric' }
const BOOLEAN: ScalarSchema = { kind: 'scalar', scalar: 'boolean' }
const ANY_SCALAR: ScalarSchema = { kind: 'scalar', scalar: 'untyped' }

/** A struct or map whose schema of fields is made when first asked for, so that types may contain themselves. */
export function mapSchema(options: {
  relationship?: 'granular' | 'atomic'
  /** Names of the fields, each with what makes its schema. */
  fields?: ReadonlyMap<string, () => TypeSchema>
  element?: TypeSchema
}): MapSchema {
  const { fields, element, relationship = 'granular' } = options
  const made = new Map<string, TypeSchema>()
  return {
    kind: 'map',
    relationship,
    ...(element ? { element } : {}),
    field(name) {
      const known = made.get(name)
      if (known) return known
      const schema = fields?.get(name)?.()
      if (schema) made.set(name, schema)
      return schema
    },
  }
}

const SINGLE: Readonly<Record<string, TypeSchema>> = {
  // Whatever it holds is replaced whole.
  'io.k8s.apimachinery.pkg.runtime.RawExtension': { kind: 'untyped', relationship: 'atomic' },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': ANY_SCALAR,
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': ANY_SCALAR,
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': ANY_SCALAR,
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': ANY_SCALAR,
}

/** Keys that upstream's types give a default besides the zero of required ones: the facts do not carry them. */
const KEY_DEFAULTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'io.k8s.api.core.v1.ContainerPort': { protocol: 'TCP' },
  'io.k8s.api.core.v1.ServicePort': { protocol: 'TCP' },
  'io.k8s.api.core.v1.LocalObjectReference': { name: '' },
}

const cache = new Map<string, TypeSchema>()

/** The schema of a type of the facts, e.g. `io.k8s.api.apps.v1.Deployment`. Throws when there is no such type. */
export function schemaOfType(typeRef: string): TypeSchema {
  const known = cache.get(typeRef)
  if (known) return known
  const made = makeSchema(typeRef)
  cache.set(typeRef, made)
  return made
}

function makeSchema(typeRef: string): TypeSchema {
  const single = SINGLE[typeRef]
  if (single) return single
  const type = typeOf(typeRef)
  if (!type.fields) return UNTYPED
  const fields = new Map(Object.entries(type.fields).map(([name, field]) => [name, () => schemaOfField(field)]))
  return mapSchema({ fields, relationship: type.mapType ?? 'granular' })
}

function schemaOfField(field: FieldSchema): TypeSchema {
  if (field.ref) return related(schemaOfType(field.ref), field.mapType)
  if (field.map) {
    return mapSchema({ element: schemaOfField(field.map), relationship: field.mapType ?? 'granular' })
  }
  if (field.items) return listOf(field, field.items)
  switch (field.type) {
    case 'string':
      return STRING
    case 'integer':
    case 'number':
      return NUMERIC
    case 'boolean':
      return BOOLEAN
    default:
      return UNTYPED
  }
}

/** A field may say of its struct otherwise than the struct's type does. */
function related(schema: TypeSchema, relationship: 'granular' | 'atomic' | undefined): TypeSchema {
  if (schema.kind !== 'map' || relationship === undefined || relationship === schema.relationship) return schema
  return { ...schema, relationship }
}

function listOf(field: FieldSchema, items: FieldSchema): ListSchema {
  const element = schemaOfField(items)
  const merges = field.patchStrategy?.split(',').includes('merge') === true
  const fallback = !merges ? 'atomic' : field.mergeKey ? 'map' : 'set'
  const relationship = field.listType ?? fallback
  const keys = relationship === 'map' ? (field.listMapKeys ?? (field.mergeKey ? [field.mergeKey] : [])) : []
  return { kind: 'list', relationship, keys, defaults: keyDefaults(items.ref, keys), element }
}

function keyDefaults(typeRef: string | undefined, keys: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeRef === undefined || keys.length === 0) return {}
  const type = typeOf(typeRef)
  const defaults: Record<string, unknown> = {}
  for (const key of keys) {
    const known = KEY_DEFAULTS[typeRef]?.[key]
    if (known !== undefined) defaults[key] = known
    else if (type.required?.includes(key)) defaults[key] = type.fields?.[key]?.type === 'integer' ? 0 : ''
  }
  return defaults
}
