// The scale subresource: autoscaling/v1 Scale over the replicas of a workload.

import type { Scale } from '../../api/generated/autoscaling-v1.ts'
import { typeRefOfKind } from '../../api/schema.ts'
import { readStored, writeEntries } from '../../machinery/apply/managers.ts'
import {
  badRequest,
  conflict,
  type FieldError,
  field,
  internalError,
  invalid,
  StatusError,
} from '../../machinery/errors.ts'
import { formatSelector, selectorOf, selectorOfMap } from '../../machinery/labels.ts'
import { type ApiObject, copyOf, isRecord, type StoredObject } from '../api-object.ts'
import type { ScalePaths } from '../resource-definition.ts'
import { decodeBody } from './decode-body.ts'
import { setEntries } from './field-owners.ts'
import { newMetadataProblems } from './metadata-checks.ts'
import type { RequestContext } from './registry.ts'
import type { Resource, ServedVersion } from './resource.ts'
import { ownersInScale } from './scale-owners.ts'

const SCALE_TYPE = 'io.k8s.api.autoscaling.v1.Scale'

/** What stands at a path of field names. */
function valueAt(object: unknown, path: readonly string[]): unknown {
  let value = object
  for (const name of path) {
    if (!isRecord(value) || !Object.hasOwn(value, name)) return undefined
    value = value[name]
  }
  return value
}

/** Puts a value at a path, making the objects on the way. */
function setAt(object: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = object
  for (const name of path.slice(0, -1)) {
    const inner = Object.hasOwn(at, name) ? at[name] : undefined
    const next = isRecord(inner) ? inner : {}
    define(at, name, next)
    at = next
  }
  const last = path.at(-1)
  if (last !== undefined) define(at, last, value)
}

/** Paths are a client's: a field may be called `__proto__`. */
function define(record: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(record, name, { value, enumerable: true, writable: true, configurable: true })
}

interface Scalable {
  spec: { replicas?: number; selector?: Record<string, unknown> }
  status: { replicas?: number }
}

/** A retired version's Scale: the selector both as a map and as text. */
interface OldScale extends Omit<Scale, 'status'> {
  status: { replicas: number; selector?: Record<string, string>; targetSelector?: string }
}

/** The Scale of a workload as a version answers it: autoscaling/v1, or the kind a retired version had of its own. */
export function scaleIn(version: ServedVersion, resource: Resource, object: StoredObject): Scale | OldScale {
  const scale = scaleOf(resource, object)
  const { apiVersion } = scaleKindOf(version)
  if (apiVersion === scale.apiVersion) return scale
  const { selector: targetSelector, ...status } = scale.status
  const labels = (object as unknown as Scalable).spec.selector?.matchLabels as Record<string, string> | undefined
  return {
    ...scale,
    apiVersion,
    status: { ...status, ...(labels ? { selector: labels } : {}), ...(targetSelector ? { targetSelector } : {}) },
  }
}

/** The kind of a version's scale subresource. */
export function scaleKindOf(version: ServedVersion): { apiVersion: string; version: string; typeRef: string } {
  const kind = version.subresources.get('scale')?.kind
  if (!kind || kind.group === 'autoscaling') return { apiVersion: 'autoscaling/v1', version: 'v1', typeRef: SCALE_TYPE }
  const typeRef = typeRefOfKind(kind.group, kind.version, kind.kind) ?? SCALE_TYPE
  return { apiVersion: `${kind.group}/${kind.version}`, version: kind.version, typeRef }
}

/** The Scale of a workload. */
function scaleOf(resource: Resource, object: StoredObject): Scale {
  const mapping = resource.definition.scale
  if (mapping?.selector === 'path') return scaleByPaths(mapping, resource, object)
  const { spec, status } = object as unknown as Scalable
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector =
    mapping?.selector === 'map'
      ? selectorOfMap(spec.selector as Record<string, string> | undefined)
      : selectorOf(spec.selector)
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace: namespace ?? '', uid, resourceVersion, creationTimestamp },
    spec: { ...(spec.replicas ? { replicas: spec.replicas } : {}) },
    status: { replicas: status.replicas ?? 0, selector: formatSelector(selector ?? []) },
  }
}

function scaleByPaths(paths: ScalePaths, resource: Resource, object: StoredObject): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const replicas = valueAt(object, paths.specReplicas)
  if (replicas === undefined) {
    throw internalError(`the spec replicas field ".${paths.specReplicas.join('.')}" does not exist`)
  }
  const current = valueAt(object, paths.statusReplicas)
  const selector = paths.labelSelector && valueAt(object, paths.labelSelector)
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name,
      ...(resource.namespaced ? { namespace: namespace ?? '' } : {}),
      uid,
      resourceVersion,
      creationTimestamp,
    } as Scale['metadata'],
    spec: { ...(replicas ? { replicas: Number(replicas) } : {}) },
    status: {
      replicas: typeof current === 'number' ? current : 0,
      ...(typeof selector === 'string' && selector !== '' ? { selector } : {}),
    },
  }
}

/** A Scale as a version of a kind of its own: its bodies and patches are read like those of others. */
export function scaleVersionOf(version: ServedVersion): ServedVersion {
  const { apiVersion, version: name, typeRef } = scaleKindOf(version)
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
  return { group, version: name, kind: 'Scale', apiVersion, typeRef, verbs: [], subresources: new Map() }
}

/** The Scale in a request's body. Throws BadRequest. */
export function readScale(resource: Resource, body: unknown, context: RequestContext): ApiObject {
  try {
    return decodeBody(body, scaleVersionOf(context.version), context)
  } catch (cause) {
    if (resource.definition.scale?.selector !== 'path' || !(cause instanceof StatusError)) throw cause
    // Upstream cannot say what it wanted where a custom kind's scale is meant.
    throw badRequest('no kind is registered for the type v1.Scale in scheme "pkg/runtime/scheme.go:111"', { cause })
  }
}

/** What stands for replicas of a custom object that has none, so that a patch may leave them out or not. */
const UNSET_REPLICAS = -(2 ** 31)

/** The Scale that a patch is applied to, with the owners of its fields. */
export function scaleToPatch(version: ServedVersion, resource: Resource, current: StoredObject): ApiObject {
  const mapping = resource.definition.scale
  const object = copyOf(current)
  const missing = mapping?.selector === 'path' && valueAt(object, mapping.specReplicas) === undefined
  if (missing) setAt(object, mapping.specReplicas, UNSET_REPLICAS)
  const scale = scaleIn(version, resource, object as StoredObject) as unknown as ApiObject
  const owners = ownersInScale(resource, readStored(current.metadata.managedFields), scale.apiVersion)
  setEntries(scale, writeEntries(owners))
  return scale
}

/** The workload with the replicas of a Scale; its resourceVersion, if any, must hold. Model: scaleUpdatedObjectInfo. */
export function applyScale(resource: Resource, object: ApiObject, scale: ApiObject, replaces: boolean): ApiObject {
  const replicas = (scale.spec as { replicas?: number | null } | null | undefined)?.replicas ?? 0
  const { uid, resourceVersion } = scale.metadata
  const { name = '', namespace } = object.metadata
  const mapping = resource.definition.scale
  const byPath = mapping?.selector === 'path'
  if (byPath && replicas === UNSET_REPLICAS) {
    throw badRequest(`the spec replicas field ".${mapping.specReplicas.join('.')}" cannot be empty`)
  }
  // Custom kinds are judged by where they have their replicas.
  if (namespace) scale.metadata.namespace ||= namespace
  const problems = byPath ? [] : scaleProblems(scale, replicas)
  if (problems.length > 0) throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, problems)
  if (replaces && uid) object.metadata.uid = uid
  else if (!byPath && uid && uid !== object.metadata.uid) {
    const problem = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${object.metadata.uid}`
    throw conflict({ group: resource.group, resource: `${resource.resource}/scale` }, name, problem)
  }
  setAt(object, byPath ? mapping.specReplicas : ['spec', 'replicas'], replicas)
  if (resourceVersion) object.metadata.resourceVersion = resourceVersion
  else delete object.metadata.resourceVersion
  return object
}

/** Model: ValidateScale. */
function scaleProblems(scale: ApiObject, replicas: number): FieldError[] {
  const kind = { group: 'autoscaling', resource: 'scales', namespaced: true, definition: {} }
  const problems = newMetadataProblems(kind, kind.group, scale)
  if (replicas >= 0) return problems
  return [...problems, field.invalid('spec.replicas', replicas, 'must be greater than or equal to 0')]
}
