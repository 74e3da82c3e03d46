// Objects as conversions between API versions see them.

import type { ObjectMeta } from '../../api/generated/meta-v1.ts'
import type { DeepReadonly } from '../deep-readonly.ts'

/** An object of any kind and version. */
export interface VersionedObject {
  apiVersion: string
  kind: string
  metadata: Partial<ObjectMeta>
  [field: string]: unknown
}

/** An object of the version in which its kind is stored; never changed. */
export type StoredVersion = DeepReadonly<VersionedObject> & { readonly metadata: DeepReadonly<ObjectMeta> }

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
