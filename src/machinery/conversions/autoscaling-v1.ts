// autoscaling/v1 from and to v2: what v1 has no field for travels in annotations.
// Model: k8s.io/kubernetes/pkg/apis/autoscaling/v1/conversion.go.

import type { HorizontalPodAutoscaler as V1 } from '../../api/generated/autoscaling-v1.ts'
import type { MetricSpec, HorizontalPodAutoscaler as V2 } from '../../api/generated/autoscaling-v2.ts'
import type { StoredVersion, VersionedObject } from './versioned-object.ts'

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics'
const CURRENT = 'autoscaling.alpha.kubernetes.io/current-metrics'
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions'
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior'
const OURS = [METRICS, CURRENT, CONDITIONS, BEHAVIOR]

const isCpu = (metric: MetricSpec) =>
  metric.type === 'Resource' && metric.resource?.name === 'cpu' && metric.resource.target.type === 'Utilization'

/** The v1 form of a stored autoscaler. */
export function autoscalerFromStorage(object: StoredVersion): VersionedObject {
  const { metadata, spec, status } = structuredClone(object) as unknown as V2
  const cpu = (spec.metrics ?? []).find(isCpu)
  const others = (spec.metrics ?? []).filter((m) => m !== cpu)
  const currentCpu = (status.currentMetrics ?? []).find((m) => m.type === 'Resource' && m.resource?.name === 'cpu')
  const otherCurrent = (status.currentMetrics ?? []).filter((m) => m !== currentCpu)
  const annotations: Record<string, string> = { ...metadata.annotations }
  if (others.length > 0) annotations[METRICS] = JSON.stringify(others)
  if (otherCurrent.length > 0) annotations[CURRENT] = JSON.stringify(otherCurrent)
  if ((status.conditions ?? []).length > 0) annotations[CONDITIONS] = JSON.stringify(status.conditions)
  if (spec.behavior) annotations[BEHAVIOR] = JSON.stringify(spec.behavior)
  const percent = cpu?.resource?.target.averageUtilization
  const now = currentCpu?.resource?.current.averageUtilization
  const { conditions: _c, currentMetrics: _m, currentReplicas = 0, ...plainStatus } = status
  const { metrics: _s, behavior: _b, ...plainSpec } = spec
  const converted: V1 = {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata,
    spec: { ...plainSpec, ...(percent === undefined ? {} : { targetCPUUtilizationPercentage: percent }) },
    status: {
      ...plainStatus,
      currentReplicas,
      ...(now === undefined ? {} : { currentCPUUtilizationPercentage: now }),
    },
  }
  return converted as unknown as VersionedObject
}

/** The stored form of a v1 autoscaler. */
export function autoscalerToStorage(object: VersionedObject): VersionedObject {
  const { metadata, spec = {}, status } = structuredClone(object) as unknown as Partial<V1>
  const annotations = { ...metadata?.annotations }
  const { targetCPUUtilizationPercentage: percent, ...plainSpec } = spec as Partial<V1['spec']>
  const { currentCPUUtilizationPercentage: now, ...plainStatus } = (status ?? {}) as Partial<V1['status']>
  const cpu =
    percent === undefined
      ? []
      : [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } } }]
  const currentCpu =
    now === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: now } } }]
  const metrics = [...listIn(annotations[METRICS]), ...cpu]
  const current = [...listIn(annotations[CURRENT]), ...currentCpu]
  const conditions = listIn(annotations[CONDITIONS])
  const behavior = valueIn(annotations[BEHAVIOR])
  for (const name of OURS) delete annotations[name]
  const { annotations: _, ...plainMetadata } = metadata ?? {}
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: Object.keys(annotations).length > 0 ? { ...plainMetadata, annotations } : plainMetadata,
    spec: {
      ...plainSpec,
      ...(metrics.length > 0 ? { metrics } : {}),
      ...(behavior === undefined ? {} : { behavior }),
    },
    status: {
      ...plainStatus,
      ...(current.length > 0 ? { currentMetrics: current } : {}),
      ...(conditions.length > 0 ? { conditions } : {}),
    },
  }
}

function listIn(text: string | undefined): unknown[] {
  const value = valueIn(text)
  return Array.isArray(value) ? value : []
}

/** Annotations are the user's: text that is no JSON counts as absent, as upstream has it. */
function valueIn(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
