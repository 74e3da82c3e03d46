// JSON of objects that kubectl prints from Go structs: fields in the order in which the structs declare them, which is
// that of their protobuf numbers.

import { type FieldSchema, typeRefOfKind, types } from '../../api/schema.ts'
import { groupOf, isObject, type KubeObject } from '../object.ts'
import { toJson } from './json.ts'

type Json = Record<string, unknown>

/** The object as text. */
export function toTypedJson(object: KubeObject): string {
  const { kind = '', apiVersion = '' } = object
  const ref = typeRefOfKind(groupOf(apiVersion), apiVersion.split('/').at(-1) ?? '', kind)
  if (ref === undefined) return toJson(object)
  const { kind: _, apiVersion: __, ...rest } = object
  return toJson({ kind, apiVersion, ...ordered(rest, ref) }, { keepOrder: true })
}

function ordered(object: Json, ref: string | undefined): Json {
  const fields = ref === undefined ? undefined : types[ref]?.fields
  const keys = Object.keys(object).sort((a, b) => place(fields?.[a]) - place(fields?.[b]) || (a < b ? -1 : 1))
  return Object.fromEntries(keys.map((key) => [key, orderedValue(object[key], fields?.[key])]))
}

function place(field: FieldSchema | undefined): number {
  const { pb } = field ?? {}
  if (pb === undefined) return Number.MAX_SAFE_INTEGER
  // Of an inlined struct's fields the first number is where the struct stands.
  return typeof pb === 'number' ? pb * 1000 : (pb[0] ?? 0) * 1000 + (pb.at(-1) ?? 0)
}

function orderedValue(value: unknown, field: FieldSchema | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => orderedValue(item, field?.items))
  if (!isObject(value)) return value
  if (field?.map) {
    const { map } = field
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .map((key) => [key, orderedValue(value[key], map)]),
    )
  }
  return ordered(value, field?.ref)
}
