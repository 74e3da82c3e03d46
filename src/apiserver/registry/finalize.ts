// When a deleted object is really gone: grace period over and no finalizer left.

import type { StoredObject } from '../api-object.ts'
import type { Resource } from './resource.ts'

/** Whether a write leaves an object that has nothing to wait for any more, so that it is removed instead. */
export function readyToVanish(resource: Resource, object: StoredObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata
  if (!deletionTimestamp) return false
  if ((finalizers?.length ?? 0) > 0) return false
  if ((deletionGracePeriodSeconds ?? 0) > 0) return false
  // Namespaces have finalizers of their own in spec.
  return !(resource.group === '' && resource.resource === 'namespaces' && specFinalizers(object).length > 0)
}

/** The finalizers of a namespace that wait for its content. */
export function specFinalizers(object: StoredObject): readonly unknown[] {
  const spec = object.spec as { finalizers?: readonly unknown[] } | undefined
  return spec?.finalizers ?? []
}
