// What the schema of a definition may say. Model: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation.

import { type FieldError, field } from '../../machinery/errors.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { isRecord } from '../api-object.ts'
import { duplicateItems } from './list-types.ts'
import { prune } from './prune.ts'
import { elementOf, own, type Schema } from './schema.ts'
import { validateValue } from './validate.ts'

const NOT_SUPPORTED = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'] as const
const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const SCALARS = new Set(['string', 'integer', 'number', 'boolean'])
const KEYS = 'x-kubernetes-list-map-keys'
const LIST = 'x-kubernetes-list-type'
const MAP = 'x-kubernetes-map-type'

/** Problems of one schema and all below it, apart from its structure. */
export function schemaProblems(schema: Schema, path: string): FieldError[] {
  const errors = ownProblems(schema, path)
  const inside = (inner: Schema | undefined, at: string) => {
    if (isRecord(inner)) errors.push(...schemaProblems(inner as Schema, `${path}.${at}`))
  }
  inside(elementOf(schema), 'additionalProperties')
  for (const [name, inner] of Object.entries(schema.properties ?? {})) inside(inner, `properties[${name}]`)
  inside(schema.not, 'not')
  for (const key of ['allOf', 'oneOf', 'anyOf'] as const) {
    for (const [i, inner] of (schema[key] ?? []).entries()) inside(inner, `${key}[${i}]`)
  }
  if (!Array.isArray(schema.items)) inside(schema.items, 'items')
  return errors
}

function ownProblems(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { type } = schema
  for (const name of NOT_SUPPORTED) {
    if (schema[name] !== undefined) errors.push(field.forbidden(`${path}.${name}`, `${name} is not supported`))
  }
  if (type === 'null') {
    errors.push(field.forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'))
  } else if (type && !TYPES.includes(type)) errors.push(field.notSupported(`${path}.type`, type, TYPES))
  if (Array.isArray(schema.items)) {
    errors.push(field.forbidden(`${path}.items`, 'items must be a schema object and not an array'))
  }
  if (schema.uniqueItems) {
    errors.push(
      field.forbidden(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    )
  }
  if (schema.additionalProperties === false) {
    errors.push(field.forbidden(`${path}.additionalProperties`, 'additionalProperties cannot be set to false'))
  }
  if (elementOf(schema) && Object.keys(schema.properties ?? {}).length > 0) {
    const detail = 'additionalProperties and properties are mutual exclusive'
    errors.push(field.forbidden(`${path}.additionalProperties`, detail))
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    errors.push(field.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'))
  }
  errors.push(...kindProblems(schema, MAP, 'object', ['atomic', 'granular'], path))
  errors.push(...kindProblems(schema, LIST, 'array', ['atomic', 'set', 'map'], path))
  errors.push(...keyProblems(schema, path))
  if (schema[LIST] === 'set') errors.push(...setProblems(schema, path))
  return errors
}

function kindProblems(
  schema: Schema,
  name: typeof MAP | typeof LIST,
  type: string,
  allowed: readonly string[],
  path: string,
): FieldError[] {
  const value = schema[name]
  if (value === undefined) return []
  const errors: FieldError[] = []
  const detail = `must be ${type} if ${name} is specified`
  if (!schema.type) errors.push(field.required(`${path}.type`, detail))
  else if (schema.type !== type) errors.push(field.invalid(`${path}.type`, schema.type, detail))
  if (!allowed.includes(value)) errors.push(field.notSupported(`${path}.${name}`, value, allowed))
  return errors
}

function keyProblems(schema: Schema, path: string): FieldError[] {
  const keys = schema[KEYS] ?? []
  const type = schema[LIST]
  if (keys.length > 0 && type !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty'
    return [
      type === undefined ? field.required(`${path}.${LIST}`, detail) : field.invalid(`${path}.${LIST}`, type, detail),
    ]
  }
  if (type !== 'map') return []
  if (keys.length === 0)
    return [field.required(`${path}.${KEYS}`, 'must not be empty if x-kubernetes-list-type is map')]
  const { items } = schema
  if (!items) return [field.required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map')]
  const errors: FieldError[] = []
  if (items.type !== 'object') {
    const detail = "must be object if parent array's x-kubernetes-list-type is map"
    errors.push(field.invalid(`${path}.items.type`, items.type ?? '', detail))
  }
  if (new Set(keys).size < keys.length)
    errors.push(field.invalid(`${path}.${KEYS}`, keys, 'must not contain duplicate entries'))
  for (const key of keys) {
    const known = own(items.properties, key)
    if (!known) {
      errors.push(field.invalid(`${path}.${KEYS}`, keys, 'entries must all be names of item properties'))
      continue
    }
    const at = `${path}.items.properties[${key}]`
    if (!SCALARS.has(known.type ?? '') && !known['x-kubernetes-int-or-string']) {
      const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
      errors.push(field.invalid(`${at}.type`, known.type ?? '', detail))
    }
    const inKeys = 'this property is in x-kubernetes-list-map-keys, so it'
    if (known.nullable) errors.push(field.forbidden(`${at}.nullable`, `${inKeys} cannot be nullable`))
    if (known.default === undefined && !items.required?.includes(key)) {
      errors.push(field.required(`${at}.default`, `${inKeys} must have a default or be a required property`))
    }
  }
  return errors
}

function setProblems({ items }: Schema, path: string): FieldError[] {
  if (!items) return [field.required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is set')]
  const errors: FieldError[] = []
  if (items.nullable) {
    errors.push(field.forbidden(`${path}.items.nullable`, 'cannot be nullable when x-kubernetes-list-type is set'))
  }
  const name = items.type === 'object' ? MAP : items.type === 'array' ? LIST : undefined
  if (!name) return errors
  const value = items[name]
  // Lists are atomic unless they say otherwise; objects are not.
  if (value === 'atomic' || (value === undefined && name === LIST)) return errors
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set'
  const at = `${path}.items.${name}`
  // Upstream shows how the items are a list, which objects are not.
  return [...errors, field.invalid(at, name === MAP ? 'null' : value, detail)]
}

/** Defaults must fit what they are a default of. */
export function defaultProblems(schema: Schema, path: string, insideMetadata = false): FieldError[] {
  const errors: FieldError[] = []
  const embedded = schema['x-kubernetes-embedded-resource'] === true
  const { default: value } = schema
  if (value !== undefined && value !== null) {
    const at = `${path}.default`
    const pruned = structuredClone(value)
    prune(pruned, schema, { root: embedded })
    if (!insideMetadata && !sameJson(pruned, value)) {
      errors.push(field.invalid(at, value, 'must not have unknown fields'))
    }
    errors.push(...validateValue(value, schema, { base: at }))
    errors.push(...duplicateItems(value, schema).map((error) => ({ ...error, path: joined(at, error.path) })))
  }
  if (schema.items) errors.push(...defaultProblems(schema.items, `${path}.items`, insideMetadata))
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    const meta = insideMetadata || (embedded && name === 'metadata')
    errors.push(...defaultProblems(inner, `${path}.properties[${name}]`, meta))
  }
  const element = elementOf(schema)
  if (element) errors.push(...defaultProblems(element, `${path}.additionalProperties`, insideMetadata))
  return errors
}

function joined(base: string, path: string): string {
  return path === '' || path.startsWith('[') ? `${base}${path}` : `${base}.${path}`
}
