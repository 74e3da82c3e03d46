// The patch types over one object: what a PATCH request does to the current state.
// Spec: https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply

import { badRequest, invalid, StatusError } from '../../machinery/errors.ts'
import { JsonPatchError, jsonPatch } from '../../machinery/json-patch.ts'
import { mergePatch } from '../../machinery/merge-patch.ts'
import { StrategicMergeError, strategicMerge } from '../../machinery/strategic-merge.ts'
import { type ApiObject, copyOf, isRecord, type StoredObject } from '../api-object.ts'
import { decodeAs } from './decode-body.ts'
import type { RequestContext } from './registry.ts'
import { type Resource, type ServedVersion, toVersion } from './resource.ts'

export type PatchType = 'json' | 'merge' | 'strategic'

/**
 * The transform of a patch. The patch sees the object in the request's version. A patch that does not name a
 * resourceVersion may be tried again on a newer state.
 */
export function patchTransform(
  resource: Resource,
  version: ServedVersion,
  patch: { type: PatchType; body: unknown },
  context: RequestContext,
): (current: StoredObject | undefined) => ApiObject {
  return (current) => {
    const shown = toVersion(current as StoredObject, version)
    // A JSON patch changes its document in place: what is shared with the stored object must not be reached by it.
    const before = patch.type === 'json' ? (structuredClone(shown) as ApiObject) : copyOf(shown)
    const after = applyPatch(resource, version.typeRef, patch, before)
    if (!isRecord(after)) throw badRequest('the patch does not result in an object')
    if (after.kind !== version.kind || after.apiVersion !== version.apiVersion) {
      throw badRequest(`the patch may not change apiVersion or kind of ${version.apiVersion}, Kind=${version.kind}`)
    }
    const object = decodeAs(after, version, context)
    object.metadata = isRecord(object.metadata) ? object.metadata : {}
    checkIdentity(resource, object, before)
    if (!namesVersion(patch)) delete object.metadata.resourceVersion
    object.kind = version.kind
    object.apiVersion = version.apiVersion
    return version.convert ? version.convert.toStorage(object) : object
  }
}

/** The body of a patch that names the version it is meant for holds on to it. */
function namesVersion(patch: { type: PatchType; body: unknown }): boolean {
  if (patch.type === 'json') {
    return Array.isArray(patch.body) && patch.body.some((op) => op?.path === '/metadata/resourceVersion')
  }
  const metadata = isRecord(patch.body) ? patch.body.metadata : undefined
  return isRecord(metadata) && typeof metadata.resourceVersion === 'string' && metadata.resourceVersion !== ''
}

function checkIdentity(resource: Resource, object: ApiObject, before: ApiObject): void {
  if (object.metadata.name === before.metadata.name) return
  throw badRequest(
    `the name of the object (${object.metadata.name ?? ''}) does not match the name on the URL (${before.metadata.name}) for ${resource.resource}`,
  )
}

/** Applies a patch to plain JSON. Throws BadRequest or Invalid with upstream's wording. */
export function applyPatch(
  resource: Resource,
  typeRef: string,
  patch: { type: PatchType; body: unknown },
  before: ApiObject,
): unknown {
  switch (patch.type) {
    case 'merge':
      if (!isRecord(patch.body)) {
        throw badRequest(
          `error decoding patch: json: cannot unmarshal ${Array.isArray(patch.body) ? 'array' : typeof patch.body} into Go value of type map[string]interface {}`,
        )
      }
      return mergePatch(before, patch.body)
    case 'strategic':
      if (!isRecord(patch.body)) {
        throw badRequest(
          `error decoding patch: json: cannot unmarshal ${Array.isArray(patch.body) ? 'array' : typeof patch.body} into Go value of type map[string]interface {}`,
        )
      }
      return strategic(typeRef, before, patch.body)
    case 'json':
      return operations(resource, before, patch.body)
  }
}

function strategic(typeRef: string, before: ApiObject, patch: Record<string, unknown>): unknown {
  try {
    return strategicMerge(typeRef, before, patch)
  } catch (error) {
    if (!(error instanceof StrategicMergeError)) throw error
    throw badRequest(error.message, { cause: error })
  }
}

function operations(resource: Resource, before: ApiObject, patch: unknown): unknown {
  try {
    return jsonPatch(before, patch)
  } catch (error) {
    if (!(error instanceof JsonPatchError)) throw error
    if (error.kind === 'syntax') throw badRequest(`error decoding patch: ${error.message}`, { cause: error })
    const { status } = invalid({ group: resource.group, kind: resource.kind }, before.metadata.name ?? '', [])
    throw new StatusError(
      {
        ...status,
        message: `the server rejected our request due to an error in our request`,
        details: { ...status.details, causes: [{ message: error.message }] },
        code: 422,
      },
      { cause: error },
    )
  }
}
