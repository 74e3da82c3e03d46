// The scale subresource: autoscaling/v1 Scale over the replicas of a workload.

import type { Scale } from '../../api/generated/autoscaling-v1.ts'
import { DecodeError, decode } from '../../machinery/decode.ts'
import { badRequest, field, invalid } from '../../machinery/errors.ts'
import { formatSelector, selectorOf, selectorOfMap } from '../../machinery/labels.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import type { Resource } from './resource.ts'

const SCALE_TYPE = 'io.k8s.api.autoscaling.v1.Scale'

interface Scalable {
  spec: { replicas?: number; selector?: Record<string, unknown> }
  status: { replicas?: number }
}

/** The Scale of a workload. */
export function scaleOf(resource: Resource, object: StoredObject): Scale {
  const { spec, status } = object as unknown as Scalable
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector =
    resource.definition.scale?.selector === 'map'
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

/** The workload with the replicas of a Scale body; its resourceVersion, if any, must hold. */
export function applyScale(object: ApiObject, body: unknown): ApiObject {
  const scale = decodeScale(body)
  const replicas = scale.spec?.replicas ?? 0
  if (replicas < 0) {
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, object.metadata.name ?? '', [
      field.invalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ])
  }
  const spec = object.spec as Scalable['spec']
  spec.replicas = replicas
  if (scale.metadata?.resourceVersion) object.metadata.resourceVersion = scale.metadata.resourceVersion
  else delete object.metadata.resourceVersion
  return object
}

function decodeScale(body: unknown): Scale {
  try {
    return decode(SCALE_TYPE, body).object as unknown as Scale
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw badRequest(`Scale in version "v1" cannot be handled as a Scale: ${error.message}`, { cause: error })
  }
}
