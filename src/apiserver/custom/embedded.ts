// Objects within objects: what a schema marks as embedded resource has a kind, a version and metadata of its own.
// Model: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta.

import { DecodeError, decode } from '../../machinery/decode.ts'
import { type FieldError, field } from '../../machinery/errors.ts'
import { isRecord } from '../api-object.ts'
import { elementOf, own, type Schema } from './schema.ts'

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/** The problems of all embedded resources in a value. */
export function embeddedProblems(value: unknown, schema: Schema, path = ''): FieldError[] {
  if (Array.isArray(value)) {
    const { items } = schema
    return items ? value.flatMap((item, i) => embeddedProblems(item, items, `${path}[${i}]`)) : []
  }
  if (!isRecord(value)) return []
  const errors = schema['x-kubernetes-embedded-resource'] ? problemsOf(value, path) : []
  const element = elementOf(schema)
  for (const [name, inner] of Object.entries(value)) {
    const known = own(schema.properties, name)
    if (known) errors.push(...embeddedProblems(inner, known, path === '' ? name : `${path}.${name}`))
    else if (element) errors.push(...embeddedProblems(inner, element, `${path}[${name}]`))
  }
  return errors
}

function problemsOf(value: Record<string, unknown>, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const name of ['apiVersion', 'kind']) {
    const text = value[name]
    if (text === undefined || text === '') errors.push(field.required(`${path}.${name}`, 'must not be empty'))
    else if (typeof text !== 'string') errors.push(field.invalid(`${path}.${name}`, text, 'must be a string'))
  }
  const { metadata } = value
  if (metadata === undefined || metadata === null) return errors
  const at = `${path}.metadata`
  if (!isRecord(metadata)) return [...errors, field.invalid(at, metadata, 'must be an object')]
  try {
    decode(OBJECT_META, metadata)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    errors.push(field.invalid(at, metadata, error.message))
  }
  return errors
}
