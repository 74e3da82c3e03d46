// Whether a schema is structural: its shape stands outside of the logical parts, which only judge values.
// Model: k8s.io/apiextensions-apiserver/pkg/apiserver/schema.
// Spec: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema

import { type FieldError, field } from '../../machinery/errors.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { patternProblem } from './patterns.ts'
import { elementOf, own, type Schema } from './schema.ts'

type Level = 'root' | 'item' | 'field'

const UNTYPED: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}
const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }]
const UNSUPPORTED = ['id', '$schema', '$ref', 'patternProperties', 'dependencies', 'additionalItems', 'definitions']
const NOTHING_ELSE = 'must not specify anything other than name and generateName, but metadata is implicitly specified'

/** The problems that keep a schema from being structural, in upstream's order and words. */
export function structuralProblems(schema: Schema, path: string): FieldError[] {
  const problems = [...invariants(schema, 'root', path), ...completeness(schema, path)]
  const text = (e: FieldError) => `${e.path}: ${e.message}`
  return problems.sort((a, b) => (text(a) < text(b) ? -1 : 1))
}

/**
 * Why a schema cannot be told apart into shape and judgement; undefined when it can. What is said here is mostly said
 * elsewhere, too. Model: NewStructural.
 */
export function unconvertible(schema: Schema): string | undefined {
  for (const name of UNSUPPORTED) {
    const value = schema[name as keyof Schema]
    const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0
    if (value === undefined || value === '' || (isEmpty && name !== 'additionalItems')) continue
    return `OpenAPIV3Schema '${name === '$schema' ? 'schema' : name}' is not supported`
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
  }
  if (Array.isArray(schema.items)) return "OpenAPIV3Schema 'items' must be a schema, but is an array"
  const { not, allOf = [], anyOf = [], oneOf = [], items, properties = {} } = schema
  const inner = [not, ...allOf, ...anyOf, ...oneOf, items, ...Object.values(properties), elementOf(schema)]
  for (const one of inner) {
    const problem = one && unconvertible(one)
    if (problem !== undefined) return problem
  }
  return undefined
}

function invariants(schema: Schema, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { type = '', items, properties = {}, additionalProperties } = schema
  if (type === 'array' && !items) errors.push(field.required(`${path}.items`, 'must be specified'))
  if (items) errors.push(...invariants(items, 'item', `${path}.items`))
  for (const [name, inner] of Object.entries(properties)) {
    errors.push(...invariants(inner, 'field', `${path}.properties[${name}]`))
  }
  const embedded = schema['x-kubernetes-embedded-resource'] === true
  if (additionalProperties !== undefined) {
    const at = `${path}.additionalProperties`
    if (level === 'root') errors.push(field.forbidden(at, 'must not be used at the root'))
    const element = elementOf(schema)
    if (element) errors.push(...invariants(element, 'field', at))
    if (embedded) errors.push(field.forbidden(at, 'must not be used if x-kubernetes-embedded-resource is set'))
  }
  errors.push(...extensionProblems(schema, path))
  const skip = {
    anyOf: sameJson(schema.anyOf, INT_OR_STRING),
    first: sameJson(schema.allOf?.[0]?.anyOf, INT_OR_STRING),
  }
  errors.push(...junctorProblems(schema, skip, path))
  errors.push(...typeProblems(schema, level, path))
  if (level === 'root' || embedded) {
    for (const name of ['kind', 'apiVersion']) {
      const found = own(properties, name)
      if (found && found.type !== 'string') {
        errors.push(field.invalid(`${path}.properties[${name}].type`, found.type ?? '', 'must be string'))
      }
    }
  }
  const metadata = own(properties, 'metadata')
  if (metadata && (level === 'root' || embedded))
    errors.push(...metadataProblems(metadata, level, `${path}.properties[metadata]`))
  if (embedded && !schema['x-kubernetes-preserve-unknown-fields'] && Object.keys(properties).length === 0) {
    errors.push(
      field.required(
        `${path}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    )
  }
  return errors
}

function typeProblems(schema: Schema, level: Level, path: string): FieldError[] {
  const { type = '' } = schema
  if (schema['x-kubernetes-embedded-resource'] && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true'
    return [type === '' ? field.required(`${path}.type`, detail) : field.invalid(`${path}.type`, type, detail)]
  }
  const open = schema['x-kubernetes-int-or-string'] || schema['x-kubernetes-preserve-unknown-fields']
  if (type === '' && !open) return [field.required(`${path}.type`, UNTYPED[level])]
  if (level === 'root' && type !== '' && type !== 'object') {
    return [field.invalid(`${path}.type`, type, 'must be object at the root')]
  }
  return []
}

function metadataProblems(metadata: Schema, level: Level, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (metadata.type !== 'object') errors.push(field.invalid(`${path}.type`, metadata.type ?? '', 'must be object'))
  if (level !== 'root') return errors
  const { type: _, default: __, description: ___, properties = {}, ...rest } = metadata
  const other = Object.keys(properties).some((name) => name !== 'name' && name !== 'generateName')
  const described = metadata.description !== undefined && metadata.description !== ''
  if (other || described || Object.keys(rest).length > 0) errors.push(field.forbidden(path, NOTHING_ELSE))
  return errors
}

function extensionProblems(schema: Schema, path: string): FieldError[] {
  if (!schema['x-kubernetes-int-or-string']) return []
  return (['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    .filter((name) => schema[name])
    .map((name) => field.invalid(`${path}.${name}`, true, 'must be false if x-kubernetes-int-or-string is true'))
}

function junctorProblems(schema: Schema, skip: { anyOf: boolean; first: boolean }, path: string): FieldError[] {
  const errors: FieldError[] = []
  const no = { anyOf: false, first: false }
  if (!skip.anyOf) {
    for (const [i, inner] of (schema.anyOf ?? []).entries()) errors.push(...nested(inner, no, `${path}.anyOf[${i}]`))
  }
  for (const [i, inner] of (schema.allOf ?? []).entries()) {
    errors.push(...nested(inner, { anyOf: skip.first && i === 0, first: false }, `${path}.allOf[${i}]`))
  }
  for (const [i, inner] of (schema.oneOf ?? []).entries()) errors.push(...nested(inner, no, `${path}.oneOf[${i}]`))
  if (schema.not) errors.push(...nested(schema.not, no, `${path}.not`))
  const problem = schema.pattern ? patternProblem(schema.pattern) : undefined
  if (problem !== undefined) {
    const detail = `must be a valid regular expression, but isn't: ${problem}`
    errors.push(field.invalid(`${path}.pattern`, schema.pattern, detail))
  }
  return errors
}

const FORBIDDEN: readonly (readonly [keyof Schema, string])[] = [
  ['type', 'empty'],
  ['additionalProperties', 'undefined'],
  ['default', 'undefined'],
  ['title', 'empty'],
  ['description', 'empty'],
  ['nullable', 'false'],
  ['externalDocs', 'undefined'],
  ['x-kubernetes-preserve-unknown-fields', 'false'],
  ['x-kubernetes-embedded-resource', 'false'],
  ['x-kubernetes-int-or-string', 'false'],
  ['x-kubernetes-list-map-keys', 'empty'],
  ['x-kubernetes-list-type', 'undefined'],
  ['x-kubernetes-map-type', 'undefined'],
  ['x-kubernetes-validations', 'empty'],
]

function nested(schema: Schema, skip: { anyOf: boolean; first: boolean }, path: string): FieldError[] {
  const errors = junctorProblems(schema, skip, path)
  const no = { anyOf: false, first: false }
  if (schema.items) errors.push(...nested(schema.items, no, `${path}.items`))
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    errors.push(...nested(inner, no, `${path}.properties[${name}]`))
  }
  for (const [name, wanted] of FORBIDDEN) {
    const value = schema[name]
    // Upstream holds additional properties that are not allowed as if nothing was said of them.
    if (name === 'additionalProperties' && value === false) continue
    const absent = wanted === 'undefined' ? value === undefined : !value || (Array.isArray(value) && value.length === 0)
    if (!absent) errors.push(field.forbidden(`${path}.${name}`, `must be ${wanted} to be structural`))
  }
  if (own(schema.properties, 'metadata')) {
    errors.push(field.forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context'))
  }
  return errors
}

/** Fields and items that the root judges must be there in the shape, too; of schemas within upstream asks no such thing. */
function completeness(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = []
  const each = (judged: Schema, from: string) => errors.push(...covered(judged, schema, from, path))
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const) {
    for (const [i, inner] of (schema[key] ?? []).entries()) each(inner, `${path}.${key}[${i}]`)
  }
  if (schema.not) each(schema.not, `${path}.not`)
  return errors
}

function covered(judged: Schema, shape: Schema, from: string, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const) {
    for (const [i, inner] of (judged[key] ?? []).entries())
      errors.push(...covered(inner, shape, `${from}.${key}[${i}]`, path))
  }
  if (judged.not) errors.push(...covered(judged.not, shape, `${from}.not`, path))
  const missing = (at: string, source: string) => field.required(at, `because it is defined in ${source}`)
  if (judged.items) {
    if (shape.items) errors.push(...covered(judged.items, shape.items, `${from}.items`, `${path}.items`))
    else errors.push(missing(`${path}.items`, `${from}.items`))
  }
  for (const [name, inner] of Object.entries(judged.properties ?? {})) {
    const [at, source] = [`${path}.properties[${name}]`, `${from}.properties[${name}]`]
    const found = own(shape.properties, name)
    if (found) errors.push(...covered(inner, found, source, at))
    else errors.push(missing(at, source))
  }
  return errors
}
