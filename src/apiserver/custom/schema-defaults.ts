// Defaults must fit what they are a default of.
// Model: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting, validation.

import { type FieldError, field } from '../../machinery/errors.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { embeddedProblems } from './embedded.ts'
import { prune } from './prune.ts'
import { defaultRuleProblems } from './rule-evaluation.ts'
import type { Schema } from './schema.ts'
import { validateValue } from './validate.ts'

const META_FIELDS = new Set(['metadata', 'apiVersion', 'kind'])

/** Problems of the defaults of the schema of a resource. Those of additional properties are not looked at. */
export function defaultProblems(schema: Schema, path: string): FieldError[] {
  return visit(schema, path, { embedded: true, inMeta: false })
}

interface Place {
  /** Whether the schema is of an object with kind and metadata. */
  readonly embedded: boolean
  readonly inMeta: boolean
}

function visit(schema: Schema, path: string, { embedded, inMeta }: Place): FieldError[] {
  const errors: FieldError[] = []
  const within = (inner: Schema, at: string, isMeta: boolean) => {
    const isEmbedded = inner['x-kubernetes-embedded-resource'] === true
    errors.push(...visit(inner, at, { embedded: isEmbedded, inMeta: isMeta && !isEmbedded }))
  }
  const { default: value, items, properties = {} } = schema
  if (value !== undefined && value !== null) errors.push(...problemsOf(value, schema, `${path}.default`, inMeta))
  if (items) within(items, `${path}.items`, inMeta)
  for (const [name, inner] of Object.entries(properties)) {
    within(inner, `${path}.properties[${name}]`, inMeta || (embedded && META_FIELDS.has(name)))
  }
  return errors
}

/** One kind of problems at a time, after what is not in the schema. */
function problemsOf(value: unknown, schema: Schema, path: string, inMeta: boolean): FieldError[] {
  const unknown: FieldError[] = []
  if (!inMeta) {
    const pruned = structuredClone(value)
    prune(pruned, schema, { root: schema['x-kubernetes-embedded-resource'] === true })
    if (!sameJson(pruned, value)) unknown.push(field.invalid(path, value, 'must not have unknown fields'))
  }
  const checks = [
    () => (inMeta ? [] : embeddedProblems(value, schema, path)),
    () => validateValue(value, schema, { base: path }),
    () => defaultRuleProblems(value, schema, path),
  ]
  for (const check of checks) {
    const problems = check()
    if (problems.length > 0) return [...unknown, ...problems]
  }
  return unknown
}
