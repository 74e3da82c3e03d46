// autoscaling/v1 from and to v2: what v1 has no field for travels in annotations.
// Model: k8s.io/kubernetes/pkg/apis/autoscaling/v1/conversion.go.

import type { HorizontalPodAutoscaler as V1 } from '../../api/generated/autoscaling-v1.ts'
import type { MetricSpec, HorizontalPodAutoscaler as V2 } from '../../api/generated/autoscaling-v2.ts'
import { metricsFromStorage, metricsToStorage } from './autoscaling-v2beta1.ts'
import { isRecord, type StoredVersion, type VersionedObject } from './versioned-object.ts'

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics'
const CURRENT = 'autoscaling.alpha.kubernetes.io/current-metrics'
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions'
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior'
const OURS = [METRICS, CURRENT, CONDITIONS, BEHAVIOR]

const isCpu = (metric: MetricSpec) =>
  metric.type === 'Resource' &&
  metric.resource?.name === 'cpu' &&
  metric.resource.target.averageUtilization !== undefined

/** The v1 form of a stored autoscaler. */
export function autoscalerFromStorage(object: StoredVersion): VersionedObject {
  const { metadata, spec, status } = structuredClone(object) as unknown as V2
  const cpu = (spec.metrics ?? []).find(isCpu)
  const others = (spec.metrics ?? []).filter((m) => m !== cpu)
  const current = status.currentMetrics ?? []
  const currentCpu = current.find((m) => m.type === 'Resource' && m.resource?.name === 'cpu')
  const annotations = withoutOurs(metadata.annotations)
  if (others.length > 0) annotations[METRICS] = JSON.stringify(asBefore(others, 'target'))
  // The percentage alone would lose the value that it was worked out from.
  if (current.length > 0) annotations[CURRENT] = JSON.stringify(asBefore(current, 'current'))
  if ((status.conditions ?? []).length > 0) annotations[CONDITIONS] = JSON.stringify(status.conditions)
  if (spec.behavior) annotations[BEHAVIOR] = JSON.stringify(namesAs(upperCased, spec.behavior))
  const percent = cpu?.resource?.target.averageUtilization
  const now = currentCpu?.resource?.current.averageUtilization
  const { conditions: _c, currentMetrics: _m, currentReplicas = 0, ...plainStatus } = status
  const { metrics: _s, behavior: _b, ...plainSpec } = spec
  const converted: V1 = {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(metadata, annotations) as V1['metadata'],
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
  const annotations: Readonly<Record<string, string>> = metadata?.annotations ?? {}
  const { targetCPUUtilizationPercentage: percent, ...plainSpec } = spec as Partial<V1['spec']>
  const { currentCPUUtilizationPercentage: now, ...plainStatus } = (status ?? {}) as Partial<V1['status']>
  const cpu =
    percent === undefined
      ? []
      : [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } } }]
  const currentCpu =
    now === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: now } } }]
  const metrics = [...asToday(annotations[METRICS], 'target'), ...cpu]
  const told = asToday(annotations[CURRENT], 'current')
  const current = told.length > 0 ? told : currentCpu
  const conditions = listIn(annotations[CONDITIONS])
  const behavior = namesAs(lowerCased, valueIn(annotations[BEHAVIOR]))
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(metadata ?? {}, withoutOurs(annotations)),
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

/** What was left over from another conversion says nothing about this object. */
function withoutOurs(annotations: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => !OURS.includes(name)))
}

function withAnnotations(
  metadata: VersionedObject['metadata'],
  annotations: Record<string, string>,
): VersionedObject['metadata'] {
  const { annotations: _, ...plain } = metadata
  return Object.keys(annotations).length > 0 ? { ...plain, annotations } : plain
}

/** Metrics stand in the annotations in the form that they had before v2. */
function asBefore(metrics: readonly unknown[], place: 'target' | 'current'): unknown {
  return metricsFromStorage({ metrics }, 'metrics', place).metrics
}

function asToday(text: string | undefined, place: 'target' | 'current'): unknown[] {
  const { metrics } = metricsToStorage({ metrics: listIn(text) }, 'metrics', place)
  return Array.isArray(metrics) ? metrics : []
}

const upperCased = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)
const lowerCased = (name: string) => name.charAt(0).toLowerCase() + name.slice(1)

/** Scaling behavior stands in its annotation with upstream's internal names, which begin with capitals. */
function namesAs(cased: (name: string) => string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => namesAs(cased, item))
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [cased(name), namesAs(cased, inner)]))
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
