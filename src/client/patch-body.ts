// What patches look like in a request.

import { apiVersionOf, type ResourceRef } from '../api/resource-ref.ts'
import type { ObjectKey, PatchOptions } from './client.ts'

/** Their content types. */
export const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

/** Their bodies: a configuration to apply says of which object it is. */
export function patchBody(
  ref: ResourceRef<unknown>,
  { namespace, name }: ObjectKey,
  { type, patch }: PatchOptions,
): unknown {
  if (type !== 'apply') return patch
  const apiVersion = apiVersionOf(ref)
  return { apiVersion, kind: ref.kind, ...(patch as object), metadata: { name, ...(namespace ? { namespace } : {}) } }
}

/** What they ask for beside what all writes do: what is applied takes over what others own. */
export function patchQuery({ type }: PatchOptions): { force: string | undefined } {
  return { force: type === 'apply' ? 'true' : undefined }
}
