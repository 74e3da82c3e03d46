// What the schema of a definition may say. Model: ValidateCustomResourceDefinitionOpenAPISchema of
// k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation.

import { type FieldError, field } from '../../machinery/errors.ts'
import { isRecord } from '../api-object.ts'
import { ruleFormProblems } from './rule-form.ts'
import { own, type Schema } from './schema.ts'

const NOT_SUPPORTED = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'] as const
const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const META_FIELDS = new Set(['metadata', 'kind', 'apiVersion'])
const KEYS = 'x-kubernetes-list-map-keys'
const LIST = 'x-kubernetes-list-type'
const MAP = 'x-kubernetes-map-type'
const RULES = 'x-kubernetes-validations'

/** What stands around a schema. */
interface Around {
  readonly root: boolean
  /** Whether this is the schema of metadata, a kind or a version, of the resource or of one within it. */
  readonly inMeta: boolean
  /** Why there must be no default. */
  readonly noDefault: string | undefined
}

/** Problems of one schema and all below it, apart from its structure, and which schemas have some in or below them. */
export function schemaProblems(
  schema: Schema,
  path: string,
): { problems: readonly FieldError[]; faulty: ReadonlySet<Schema> } {
  const faulty = new Set<Schema>()
  const visit = (at: Schema, where: string, around: Around): FieldError[] => {
    const errors = standardProblems(at, where, around)
    const inside = (inner: unknown, place: string, more: Partial<Around> = {}) => {
      if (isRecord(inner))
        errors.push(...visit(inner as Schema, `${where}.${place}`, { ...around, root: false, ...more }))
    }
    if (at.uniqueItems) {
      const detail = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'
      errors.push(field.forbidden(`${where}.uniqueItems`, detail))
    }
    const { additionalProperties, properties = {} } = at
    const isBound = additionalProperties === false || isRecord(additionalProperties)
    if (isBound && Object.keys(properties).length > 0) {
      const detail = 'additionalProperties and properties are mutual exclusive'
      errors.push(field.forbidden(`${where}.additionalProperties`, detail))
    }
    const why = around.inMeta ? { noDefault: 'inside additionalProperties applying to object metadata' } : {}
    inside(additionalProperties, 'additionalProperties', why)
    for (const [name, inner] of Object.entries(properties)) {
      const isMeta = (around.root || at['x-kubernetes-embedded-resource'] === true) && META_FIELDS.has(name)
      inside(inner, `properties[${name}]`, {
        ...(isMeta ? { inMeta: true } : {}),
        ...(isMeta && around.root ? { noDefault: `in top-level ${name}` } : {}),
      })
    }
    inside(at.not, 'not')
    for (const key of ['allOf', 'oneOf', 'anyOf'] as const) {
      for (const [i, inner] of (at[key] ?? []).entries()) inside(inner, `${key}[${i}]`)
    }
    if (isRecord(at.definitions)) {
      for (const [name, inner] of Object.entries(at.definitions)) inside(inner, `definitions[${name}]`)
    }
    if (Array.isArray(at.items)) for (const [i, inner] of at.items.entries()) inside(inner, `items[${i}]`)
    else inside(at.items, 'items')
    errors.push(...ownProblems(at, where))
    if (errors.length > 0) faulty.add(at)
    return errors
  }
  return { problems: visit(schema, path, { root: true, inMeta: false, noDefault: undefined }), faulty }
}

/** Model: specStandardValidatorV3. */
function standardProblems(schema: Schema, path: string, { inMeta, noDefault }: Around): FieldError[] {
  const errors: FieldError[] = []
  const { type } = schema
  if (type && !TYPES.includes(type)) errors.push(field.notSupported(`${path}.type`, type, TYPES))
  if (schema.default !== undefined && noDefault !== undefined) {
    errors.push(field.forbidden(`${path}.default`, `must not be set ${noDefault}`))
  }
  for (const name of NOT_SUPPORTED) {
    const value = schema[name]
    const isEmpty = name === 'id' ? value === '' : name !== '$ref' && isRecord(value) && Object.keys(value).length === 0
    const counts = value !== undefined && !(isEmpty && name !== 'additionalItems' && name !== 'dependencies')
    if (counts) errors.push(field.forbidden(`${path}.${name}`, `${name} is not supported`))
  }
  if (type === 'null') {
    errors.push(field.forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'))
  }
  if (Array.isArray(schema.items) && schema.items.length > 0) {
    errors.push(field.forbidden(`${path}.items`, 'items must be a schema object and not an array'))
  }
  if (inMeta && schema['x-kubernetes-embedded-resource']) {
    const detail = 'must not be used inside of resource meta'
    errors.push(field.forbidden(`${path}.x-kubernetes-embedded-resource`, detail))
  }
  return errors
}

function ownProblems(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    errors.push(field.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'))
  }
  errors.push(
    ...typeProblems(schema, MAP, 'object', path),
    ...valueProblems(schema, MAP, ['atomic', 'granular'], path),
    ...typeProblems(schema, LIST, 'array', path),
    ...(schema.type === 'array' ? itemProblems(schema, path) : []),
    ...valueProblems(schema, LIST, ['atomic', 'set', 'map'], path),
    ...keyProblems(schema, path),
    ...entryProblems(schema, path),
  )
  for (const [i, rule] of (schema[RULES] ?? []).entries()) {
    errors.push(...ruleFormProblems(rule, schema, `${path}.${RULES}[${i}]`))
  }
  return errors
}

function typeProblems(schema: Schema, name: typeof MAP | typeof LIST, type: string, path: string): FieldError[] {
  if (schema[name] === undefined || schema.type === type) return []
  const detail = `must be ${type} if ${name} is specified`
  return [schema.type ? field.invalid(`${path}.type`, schema.type, detail) : field.required(`${path}.type`, detail)]
}

function valueProblems(
  schema: Schema,
  name: typeof MAP | typeof LIST,
  allowed: readonly string[],
  path: string,
): FieldError[] {
  const value = schema[name]
  return value === undefined || allowed.includes(value) ? [] : [field.notSupported(`${path}.${name}`, value, allowed)]
}

/** The items of a set are atomic: lists are that unless they say otherwise, objects are not. */
function itemProblems(schema: Schema, path: string): FieldError[] {
  const { items } = schema
  if (schema[LIST] !== 'set' || !items) return []
  const name = items.type === 'object' ? MAP : items.type === 'array' ? LIST : undefined
  const value = name && items[name]
  if (!name || value === 'atomic' || (value === undefined && name === LIST)) return []
  // Upstream shows how the items are a list, which objects are not.
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set'
  return [field.invalid(`${path}.items.${name}`, items[LIST] ?? null, detail)]
}

function keyProblems(schema: Schema, path: string): FieldError[] {
  const keys = schema[KEYS] ?? []
  const type = schema[LIST]
  const errors: FieldError[] = []
  if (keys.length > 0 && type !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty'
    errors.push(
      type === undefined ? field.required(`${path}.${LIST}`, detail) : field.invalid(`${path}.${LIST}`, type, detail),
    )
  }
  if (type !== 'map') return errors
  if (keys.length === 0) {
    errors.push(field.required(`${path}.${KEYS}`, 'must not be empty if x-kubernetes-list-type is map'))
  }
  const { items } = schema
  if (!items) return [...errors, field.required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map')]
  if (items.type !== 'object') {
    const detail = "must be object if parent array's x-kubernetes-list-type is map"
    return [...errors, field.invalid(`${path}.items.type`, items.type ?? '', detail)]
  }
  for (const [i, key] of keys.entries()) {
    const known = own(items.properties, key)
    if (!known) errors.push(field.invalid(`${path}.${KEYS}`, keys, 'entries must all be names of item properties'))
    else if (known.type === 'array' || known.type === 'object') {
      // Upstream shows the type of the items, not of the key.
      const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
      errors.push(field.invalid(`${path}.items.properties[${key}].type`, items.type, detail))
    }
    if (keys.indexOf(key) < i) errors.push(field.invalid(`${path}.${KEYS}`, keys, 'must not contain duplicate entries'))
  }
  return errors
}

/** Model: validateMapListKeysMapSet. */
function entryProblems(schema: Schema, path: string): FieldError[] {
  const { items } = schema
  const type = schema[LIST]
  if (!items || (type !== 'set' && type !== 'map')) return []
  const errors: FieldError[] = []
  if (items.nullable) {
    errors.push(field.forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${type}`))
  }
  if (type === 'set') return errors
  const inKeys = 'this property is in x-kubernetes-list-map-keys, so it'
  for (const key of schema[KEYS] ?? []) {
    const known = own(items.properties, key)
    if (!known) continue
    const at = `${path}.items.properties[${key}]`
    if (known.default === undefined && !items.required?.includes(key)) {
      errors.push(field.required(`${at}.default`, `${inKeys} must have a default or be a required property`))
    }
    if (known.nullable) errors.push(field.forbidden(`${at}.nullable`, `${inKeys} cannot be nullable`))
  }
  return errors
}
