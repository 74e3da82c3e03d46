// Objects with their fields in the order in which Go writes them: those of structs as they are declared, of which
// protobuf's numbers tell, and those of maps by name.

import { type FieldSchema, typeOf } from '../../api/schema.ts'
import { sortedEntries } from './value.ts'

/** A copy of an object of type `typeRef` in Go's order. */
export function inFieldOrder(typeRef: string, object: unknown): unknown {
  return inOrder({ ref: typeRef }, object)
}

/** A copy of a value in which all fields are sorted by name, as those of maps are. */
export function inNameOrder(value: unknown): unknown {
  return inOrder(undefined, value)
}

function inOrder(field: FieldSchema | undefined, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => inOrder(field?.items, item))
  if (typeof value !== 'object' || value === null) return value
  const fields = field?.ref === undefined ? undefined : typeOf(field.ref).fields
  const entries = sortedEntries(value)
  if (fields) entries.sort(([a], [b]) => compareNumbers(numbersOf(a, fields), numbersOf(b, fields)))
  return Object.fromEntries(entries.map(([name, inner]) => [name, inOrder(fields?.[name] ?? field?.map, inner)]))
}

/** What an object says of its own type comes first, and what its type does not know last. */
function numbersOf(name: string, fields: Readonly<Record<string, FieldSchema>>): readonly number[] {
  const { pb = UNNUMBERED[name] ?? Number.POSITIVE_INFINITY } = fields[name] ?? {}
  return typeof pb === 'number' ? [pb] : pb
}

const UNNUMBERED: Readonly<Record<string, number>> = { kind: -2, apiVersion: -1 }

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (const [i, number] of a.entries()) {
    const other = b[i] ?? -1
    if (number !== other) return number - other
  }
  return a.length - b.length
}
