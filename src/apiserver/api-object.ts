// The untyped object that generic code of the API server handles.

import type { ManagedFieldsEntry, ObjectMeta } from '../api/generated/meta-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'

/** An object of any kind, while it is being made. Metadata may still lack what the server fills in. */
export interface ApiObject {
  apiVersion: string
  kind: string
  metadata: Partial<ObjectMeta>
  [field: string]: unknown
}

/** A stored object: complete metadata, never changed again. */
export type StoredObject = DeepReadonly<ApiObject> & { readonly metadata: DeepReadonly<ObjectMeta> }

/** A copy that may be changed. Only the entries of managedFields are shared: nobody changes those in place. */
export function copyOf(object: StoredObject): ApiObject {
  const { managedFields, ...metadata } = object.metadata
  const copy = structuredClone({ ...object, metadata }) as ApiObject
  if (managedFields) copy.metadata.managedFields = managedFields as ManagedFieldsEntry[]
  return copy
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
