// Drops the fields that a schema does not have. Model: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning.

import { isRecord } from '../api-object.ts'
import { elementOf, own, type Schema, takesAnyField } from './schema.ts'

const TYPE_META = new Set(['apiVersion', 'kind', 'metadata'])
const MAX_UNKNOWN = 100

/** Drops unknown fields in place and gives their paths, at most a hundred. `root`: an object with kind and metadata. */
export function prune(value: unknown, schema: Schema, options: { root: boolean }): string[] {
  const unknown: string[] = []
  pruneValue(value, schema, { resource: options.root, path: '', unknown })
  return unknown
}

interface Place {
  readonly resource: boolean
  readonly path: string
  readonly unknown: string[]
}

function pruneValue(value: unknown, schema: Schema, place: Place): void {
  if (Array.isArray(value)) {
    const { items } = schema
    for (const [i, item] of value.entries()) {
      if (items) pruneValue(item, items, inside(place, items, `${place.path}[${i}]`))
      else if (!schema['x-kubernetes-preserve-unknown-fields'])
        pruneValue(item, {}, { ...place, resource: false, path: `${place.path}[${i}]` })
    }
    return
  }
  if (!isRecord(value)) return
  const element = elementOf(schema)
  const open = takesAnyField(schema)
  for (const name of Object.keys(value)) {
    if (place.resource && TYPE_META.has(name)) continue
    const at = place.path === '' ? name : `${place.path}.${name}`
    const known = own(schema.properties, name) ?? element
    if (known) pruneValue(value[name], known, inside(place, known, at))
    else if (!open) {
      if (place.unknown.length < MAX_UNKNOWN) place.unknown.push(at)
      delete value[name]
    }
  }
}

function inside(place: Place, schema: Schema, path: string): Place {
  return { ...place, resource: schema['x-kubernetes-embedded-resource'] === true, path }
}
