// The object of a request in the version that a webhook or policy sees, and back.

import { DecodeError } from '../../../machinery/decode.ts'
import { internalError, StatusError } from '../../../machinery/errors.ts'
import { type ApiObject, copyOf, isRecord, type StoredObject } from '../../api-object.ts'
import { decodeAs } from '../../registry/decode-body.ts'
import { encodeForStore, makeEntry } from '../../registry/entry.ts'
import type { RequestContext } from '../../registry/registry.ts'
import { type Resource, toVersion } from '../../registry/resource.ts'
import { applyScale, scaleIn, scaleVersionOf } from '../../registry/scale.ts'
import { shown } from '../../registry/view.ts'
import type { AdmissionAttributes } from '../admission.ts'
import type { Seen } from './matching.ts'

/** What the body of the request is: the object, the scale of it, or something of the subresource's own. */
function bodyOf({ context, subresource, operation }: AdmissionAttributes): 'object' | 'scale' | 'own' {
  if (subresource === '') return 'object'
  if (operation === 'CONNECT') return 'own'
  const kind = context.version.subresources.get(subresource)?.kind.kind
  if (kind === 'Scale') return 'scale'
  return kind === undefined || kind === context.version.kind ? 'object' : 'own'
}

/** Group, version and kind of what is shown. */
export function kindSeen(attributes: AdmissionAttributes, { version }: Seen) {
  const { kind } = version.subresources.get(attributes.subresource) ?? {}
  return attributes.subresource !== '' && kind
    ? kind
    : { group: version.group, version: version.version, kind: version.kind }
}

/** One of the request's objects as `seen` shows it. */
export async function showObject(
  attributes: AdmissionAttributes,
  seen: Seen,
  object: StoredObject,
): Promise<StoredObject> {
  const body = bodyOf(attributes)
  if (body === 'own') return object
  const other = await converted(attributes.resource, seen.resource, object)
  if (body === 'scale') return scaleIn(seen.version, seen.resource, other) as unknown as StoredObject
  // Conversions count on what every stored object has.
  const { hasStatus, view } = seen.resource
  return toVersion(hasStatus && !view && !other.status ? { ...other, status: {} } : other, seen.version)
}

/**
 * Puts what was made of the shown object in the place of the request's object. Who owns its fields, and the version
 * that the client insists on, stay as they are.
 */
export async function takeObject(
  attributes: AdmissionAttributes,
  seen: Seen,
  changed: unknown,
  now: number,
): Promise<void> {
  const { object, context, resource } = attributes
  if (!object) throw new Error('there is no object to change')
  if (!isRecord(changed)) throw new Error('the changed object is no object')
  const body = bodyOf(attributes)
  if (body === 'own') return replaceObject(object, changed as ApiObject)
  if (body === 'scale') {
    const version = scaleVersionOf(seen.version)
    const scale = decodeChanged(changed, { ...context, version, fieldValidation: 'Ignore' })
    scale.metadata ??= {}
    return replaceObject(object, applyScale(resource, copyOf(object as StoredObject), scale, false))
  }
  const { version } = seen
  const decoded = decodeChanged(changed, { ...context, version, fieldValidation: 'Ignore' })
  decoded.kind = version.kind
  decoded.apiVersion = version.apiVersion
  decoded.metadata = isRecord(decoded.metadata) ? decoded.metadata : {}
  const stored = version.convert ? version.convert.toStorage(decoded) : decoded
  const own = copyOf(await converted(seen.resource, resource, stored as StoredObject))
  if (resource.hasSpec) own.spec ??= {}
  resource.definition.defaults?.(own, now)
  replaceObject(object, own)
}

/** The client is not to blame for what others made of its object. */
function decodeChanged(changed: Record<string, unknown>, context: RequestContext): ApiObject {
  try {
    return decodeAs({ ...changed }, context.version, context)
  } catch (error) {
    if (!(error instanceof StatusError) || !(error.cause instanceof DecodeError)) throw error
    throw internalError(error.cause.message, { cause: error })
  }
}

/** Makes `target` what `next` is, in place. */
function replaceObject(target: ApiObject, next: ApiObject): void {
  const { managedFields, resourceVersion } = target.metadata ?? {}
  for (const field of Object.keys(target)) if (!(field in next)) delete target[field]
  Object.assign(target, next)
  target.metadata = { ...next.metadata }
  delete target.metadata.managedFields
  delete target.metadata.resourceVersion
  if (managedFields) target.metadata.managedFields = managedFields
  if (resourceVersion !== undefined) target.metadata.resourceVersion = resourceVersion
}

/** Versions of a custom resource are resources of their own, with what is stored between them. */
async function converted(from: Resource, to: Resource, object: StoredObject): Promise<StoredObject> {
  if (from === to || !from.view) return object
  const stored = await from.view.stored(object)
  const made = await shown(to, makeEntry('', encodeForStore(stored), 0, stored))
  if (!made) return object
  const { resourceVersion: _, ...metadata } = made.object.metadata
  const { resourceVersion } = object.metadata
  return {
    ...made.object,
    metadata: { ...metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
  } as StoredObject
}
