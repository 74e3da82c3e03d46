// Objects within objects: what a schema marks as embedded resource has a kind, a version and metadata of its own.
// Model: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta.

import { DecodeError, decode } from '../../machinery/decode.ts'
import { type FieldError, field } from '../../machinery/errors.ts'
import { dns1035LabelProblem, dnsLabelProblem, pathSegmentProblem } from '../../machinery/names.ts'
import { type ApiObject, isRecord } from '../api-object.ts'
import { validateCommon, validateFinalizers } from '../registry/metadata.ts'
import { elementOf, own, type Schema } from './schema.ts'

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/** The problems of all embedded resources in a value. */
export function embeddedProblems(value: unknown, schema: Schema, path = ''): FieldError[] {
  return eachEmbedded(value, schema, path).flatMap(({ resource, path: at }) => problemsOf(resource, at))
}

interface Embedded {
  readonly resource: Record<string, unknown>
  readonly path: string
}

function eachEmbedded(value: unknown, schema: Schema, path: string): Embedded[] {
  if (Array.isArray(value)) {
    const { items } = schema
    return items ? value.flatMap((item, i) => eachEmbedded(item, items, `${path}[${i}]`)) : []
  }
  if (!isRecord(value)) return []
  const found = schema['x-kubernetes-embedded-resource'] ? [{ resource: value, path }] : []
  const element = elementOf(schema)
  for (const [name, inner] of Object.entries(value)) {
    const known = own(schema.properties, name)
    if (known) found.push(...eachEmbedded(inner, known, path === '' ? name : `${path}.${name}`))
    else if (element) found.push(...eachEmbedded(inner, element, `${path}[${name}]`))
  }
  return found
}

/**
 * Gives the metadata of all embedded resources the form that metadata has, in place. What is unknown is dropped and
 * its paths are given. The first problem is given in place of them. Model: CoerceWithOptions.
 */
export function coerceEmbedded(value: unknown, schema: Schema): { unknown: string[]; problem?: FieldError } {
  const unknown: string[] = []
  for (const { resource, path } of eachEmbedded(value, schema, '')) {
    for (const name of ['apiVersion', 'kind']) {
      const text = resource[name]
      if (text === undefined || typeof text === 'string') continue
      return { unknown, problem: field.invalid(`${path}.${name}`, text, 'must be a string') }
    }
    const { metadata } = resource
    if (metadata === undefined) continue
    const at = `${path}.metadata`
    try {
      const { object, unknownFields } = decodeMeta(metadata)
      resource.metadata = object
      unknown.push(...unknownFields.map((name) => `${at}.${name}`))
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return { unknown, problem: field.invalid(at, metadata, error.message) }
    }
  }
  return { unknown: unknown.sort() }
}

function decodeMeta(metadata: unknown): { object: Record<string, unknown>; unknownFields: readonly string[] } {
  if (metadata === null) return { object: {}, unknownFields: [] }
  if (isRecord(metadata)) return decode(OBJECT_META, metadata)
  const kind = Array.isArray(metadata) ? 'array' : typeof metadata === 'boolean' ? 'bool' : typeof metadata
  throw new DecodeError(`json: cannot unmarshal ${kind} into Go value of type v1.ObjectMeta`)
}

/** Model: validateEmbeddedResource. */
function problemsOf(value: Record<string, unknown>, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const name of ['apiVersion', 'kind']) {
    if (value[name] === undefined) errors.push(field.required(`${path}.${name}`))
  }
  for (const name of ['apiVersion', 'kind'] as const) {
    const text = value[name]
    if (text === undefined) continue
    const problem = typeof text === 'string' ? typeMetaProblem(name, text) : 'must be a string'
    if (problem !== undefined) errors.push(field.invalid(`${path}.${name}`, text, problem))
  }
  const { metadata } = value
  if (metadata === undefined) return errors
  const at = `${path}.metadata`
  try {
    const object = { metadata: decodeMeta(metadata).object } as unknown as ApiObject
    return [...errors, ...metadataProblems(object, at)]
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return [...errors, field.invalid(at, metadata, error.message)]
  }
}

function typeMetaProblem(name: 'apiVersion' | 'kind', text: string): string | undefined {
  if (text === '') return 'must not be empty'
  if (name === 'apiVersion') {
    return text.split('/').length > 2 ? `unexpected GroupVersion string: ${text}` : undefined
  }
  const problem = dns1035LabelProblem(text.toLowerCase())
  return problem && `may have mixed case, but should otherwise match: ${problem}`
}

/** Model: ValidateObjectMeta, with a name of its own where there is none. */
function metadataProblems(object: ApiObject, path: string): FieldError[] {
  const { name, generateName, namespace } = object.metadata
  const errors: FieldError[] = []
  const refuse = (key: string, value: string, problem: string | undefined) => {
    if (problem !== undefined) errors.push(field.invalid(`${path}.${key}`, value, problem))
  }
  if (generateName) refuse('generateName', generateName, pathSegmentProblem(`${generateName}a`))
  if (name) refuse('name', name, pathSegmentProblem(name))
  if (namespace) refuse('namespace', namespace, dnsLabelProblem(namespace))
  return [...errors, ...validateCommon(object, path), ...validateFinalizers(object, path)]
}
