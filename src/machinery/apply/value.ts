// What a schema makes of a value: a map whose fields are owned one by one, a list whose items are, or a single value.

import { type ListSchema, type MapSchema, type TypeSchema, UNTYPED } from './schema.ts'

export type Json = Readonly<Record<string, unknown>>

/** The maps of values of which nothing is known. */
const ANY_MAP: MapSchema = { kind: 'map', relationship: 'granular', field: () => undefined, element: UNTYPED }

/** Whether it depends on a value of which nothing is known how it is owned. */
export const isGranular = (schema: TypeSchema) => schema.kind === 'untyped' && schema.relationship !== 'atomic'

export function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The schema of the map when the value (or, for null, the type) is one whose fields are owned one by one. */
export function granularMap(schema: TypeSchema, value: unknown): MapSchema | undefined {
  if (schema.kind === 'map') return schema.relationship === 'granular' ? schema : undefined
  return isGranular(schema) && isMap(value) ? ANY_MAP : undefined
}

/** The schema of the list when its items are owned one by one. */
export function mergingList(schema: TypeSchema): ListSchema | undefined {
  return schema.kind === 'list' && schema.relationship !== 'atomic' ? schema : undefined
}

/** The schema of a map's value under `name`; what nothing is said of is untyped. */
export function schemaUnder(schema: MapSchema, name: string): TypeSchema {
  return schema.field(name) ?? schema.element ?? UNTYPED
}

export function isEmptyMap(value: Json): boolean {
  for (const _ in value) return false
  return true
}

/** Sets a field whatever its name, `__proto__` too. */
export function setField(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') target[name] = value
  else Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true })
}
