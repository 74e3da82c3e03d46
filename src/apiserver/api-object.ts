// The untyped object that generic code of the API server handles.

import type { ObjectMeta } from '../api/generated/meta-v1.ts'
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

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
