// What a retired version adds to the copying of fields: its conversion, and what it allowed.

import type { FieldError } from '../errors.ts'
import { isRecord, type StoredVersion, type VersionedObject } from './versioned-object.ts'

/** Conversion between a retired version and the storage version. What is absent keeps the object as it is. */
export interface LegacyConversion {
  /** Fills in the old version's defaults and turns the object into one of the storage version. May change it. */
  toStorage?(object: VersionedObject): VersionedObject
  /** The opposite. Never changes its argument. */
  fromStorage?(object: StoredVersion): VersionedObject
  /** Problems of the storage version that the old version did not mind. */
  forgives?(error: FieldError): boolean
}

type Json = Record<string, unknown>

/** A part of an object that conversions may edit; empty when it is absent or of another shape. */
export function part(object: Json, name: string): Json {
  const value = object[name]
  return isRecord(value) ? value : {}
}

/** A list of records in an object. */
export function records(object: Json, name: string): Json[] {
  const value = object[name]
  return Array.isArray(value) ? value.filter(isRecord) : []
}

/** The object with an edited copy of `spec`. */
export function withSpec(object: VersionedObject, spec: Json): VersionedObject {
  return { ...object, spec }
}

/** Moves a value out of the annotations. Gives it with the metadata that is left. */
export function takeAnnotation(
  metadata: VersionedObject['metadata'],
  name: string,
): { value: string | undefined; metadata: VersionedObject['metadata'] } {
  const { [name]: value, ...rest } = metadata.annotations ?? {}
  if (value === undefined) return { value, metadata }
  const { annotations: _, ...others } = metadata
  return { value, metadata: Object.keys(rest).length === 0 ? others : { ...others, annotations: rest } }
}

/** The metadata with one more annotation. */
export function annotate(
  metadata: VersionedObject['metadata'],
  name: string,
  value: string,
): VersionedObject['metadata'] {
  return { ...metadata, annotations: { ...metadata.annotations, [name]: value } }
}
