// Parameters of the v2 document that stand once, for all operations that take them.
// Model: deduplicateParameters of k8s.io/kube-openapi/pkg/builder/parameters.go.

import { createHash } from 'node:crypto'
import type { Json } from './schemas.ts'

const GENERIC_BODY = '#/definitions/io.k8s.apimachinery'

/** `name` is about the kind, and kubectl looks for two of them where they are used. */
function isShared(parameter: Json): boolean {
  if (parameter.in !== 'body') return !['name', 'fieldValidation', 'dryRun'].includes(String(parameter.name))
  return String((parameter.schema as Json).$ref).startsWith(GENERIC_BODY)
}

/** Puts references in the place of what is shared. */
export function shareParameters(paths: Json): { paths: Json; parameters: Json } {
  const shared = new Map<string, { name: string; parameter: Json }>()
  const refer = (parameter: Json): Json => {
    if (!isShared(parameter)) return parameter
    const text = JSON.stringify(parameter)
    const known = shared.get(text) ?? { name: `${parameter.name}-${hashOf(text)}`, parameter }
    shared.set(text, known)
    return { $ref: `#/parameters/${known.name}` }
  }
  const referAll = (item: Json): Json =>
    Array.isArray(item.parameters) ? { ...item, parameters: item.parameters.map(refer) } : item
  const replaced = Object.entries(paths).map(([path, item]) => {
    const operations = Object.entries(item as Json).map(([key, value]) => [
      key,
      key === 'parameters' ? value : referAll(value as Json),
    ])
    return [path, referAll(Object.fromEntries(operations))]
  })
  const parameters = [...shared.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  return {
    paths: Object.fromEntries(replaced),
    parameters: Object.fromEntries(parameters.map(({ name, parameter }) => [name, parameter])),
  }
}

/** Eight characters of a hash. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 6).toString('base64url')
}
