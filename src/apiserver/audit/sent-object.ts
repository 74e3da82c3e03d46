// What was sent as it is written down: read, with its defaults, in the version of the request.
// Model: LogRequestObject of k8s.io/apiserver/pkg/audit.

import { setUnset } from '../../machinery/go/unset.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import { completeObject, type Resource, type ServedVersion, toVersion } from '../registry/resource.ts'

/** A copy of what was read as `version`; `resource` is what the request is about. */
export function shownSent(
  object: ApiObject,
  version: ServedVersion,
  resource: Resource | undefined,
  now: number,
): object {
  const copy = structuredClone(object)
  if (resource?.storage.kind !== object.kind) {
    if (!version.decode) setUnset(version.typeRef, copy)
    return copy
  }
  if (resource.hasSpec) copy.spec ??= {}
  if (resource.hasStatus) copy.status ??= {}
  resource.definition.defaults?.(copy, now)
  resource.definition.settle?.(copy)
  completeObject(resource, copy)
  return toVersion(copy as StoredObject, version)
}

/** Options of a deletion in the form in which upstream has them in memory. */
export const shownOptions = (options: object): object => ({
  ...options,
  kind: 'DeleteOptions',
  apiVersion: 'meta.k8s.io/__internal',
})
