// The scale subresource: autoscaling/v1 Scale over the replicas of a workload.

import type { Scale } from '../../api/generated/autoscaling-v1.ts'
import { typeRefOfKind } from '../../api/schema.ts'
import { DecodeError, decode } from '../../machinery/decode.ts'
import { badRequest, field, internalError, invalid } from '../../machinery/errors.ts'
import { formatSelector, selectorOf, selectorOfMap } from '../../machinery/labels.ts'
import { type ApiObject, isRecord, type StoredObject } from '../api-object.ts'
import type { ScalePaths } from '../resource-definition.ts'
import type { Resource, ServedVersion } from './resource.ts'

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
    spec: { ...(spec.replicas === undefined ? {} : { replicas: spec.replicas }) },
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
    spec: { replicas: Number(replicas) },
    status: {
      replicas: typeof current === 'number' ? current : 0,
      ...(typeof selector === 'string' && selector !== '' ? { selector } : {}),
    },
  }
}

/** The workload with the replicas of a Scale body; its resourceVersion, if any, must hold. */
export function applyScale(resource: Resource, object: ApiObject, body: unknown, version: ServedVersion): ApiObject {
  const scale = decodeScale(body, version)
  const replicas = scale.spec?.replicas ?? 0
  const mapping = resource.definition.scale
  const byPath = mapping?.selector === 'path'
  if (byPath) checkScaleType(body)
  const { name } = scale.metadata ?? {}
  if (name && name !== object.metadata.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${object.metadata.name})`)
  }
  // Custom kinds are judged by where they have their replicas.
  if (replicas < 0 && !byPath) {
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, object.metadata.name ?? '', [
      field.invalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ])
  }
  setAt(object, byPath ? mapping.specReplicas : ['spec', 'replicas'], replicas)
  if (scale.metadata?.resourceVersion) object.metadata.resourceVersion = scale.metadata.resourceVersion
  else delete object.metadata.resourceVersion
  return object
}

/** Upstream knows of no other kind where a custom kind's scale is meant. */
function checkScaleType(body: unknown): void {
  const { apiVersion, kind } = isRecord(body) ? body : {}
  if (apiVersion === 'autoscaling/v1' && kind === 'Scale') return
  throw badRequest('no kind is registered for the type v1.Scale in scheme "pkg/runtime/scheme.go:111"')
}

function decodeScale(body: unknown, served: ServedVersion): Scale {
  const { typeRef, version } = scaleKindOf(served)
  try {
    return decode(typeRef, body).object as unknown as Scale
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw badRequest(`Scale in version ${JSON.stringify(version)} cannot be handled as a Scale: ${error.message}`, {
      cause: error,
    })
  }
}
