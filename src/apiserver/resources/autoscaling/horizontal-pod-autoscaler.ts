// horizontalpodautoscalers, stored as autoscaling/v2 and served as autoscaling/v1 too.
// Spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/

import type {
  HorizontalPodAutoscaler,
  HPAScalingRules,
  MetricSpec,
  MetricStatus,
} from '../../../api/generated/autoscaling-v2.ts'
import { autoscalerFromStorage, autoscalerToStorage } from '../../../machinery/conversions/autoscaling-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, number, quantityText, text } from '../columns/common.ts'
import { checkCounts } from '../core/status-counts.ts'
import { apiVersionProblem, validateBehavior, validateMetric, validateReference } from './metric-validation.ts'

const DEFAULT_CPU_PERCENT = 80

export const horizontalPodAutoscalers = defineResource<HorizontalPodAutoscaler>({
  group: 'autoscaling',
  resource: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  storageVersion: 'v2',
  otherVersions: [{ version: 'v1', toStorage: autoscalerToStorage, fromStorage: autoscalerFromStorage }],
  generation: false,
  defaults({ spec }) {
    spec.minReplicas ??= 1
    if ((spec.metrics ?? []).length === 0) {
      const target = { type: 'Utilization', averageUtilization: DEFAULT_CPU_PERCENT }
      spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }]
    }
    if (spec.behavior) {
      spec.behavior.scaleUp = defaultRules(spec.behavior.scaleUp, {
        stabilizationWindowSeconds: 0,
        policies: [
          { type: 'Pods', value: 4, periodSeconds: 15 },
          { type: 'Percent', value: 100, periodSeconds: 15 },
        ],
      })
      spec.behavior.scaleDown = defaultRules(spec.behavior.scaleDown, {
        policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
      })
    }
  },
  prepareCreate(object) {
    object.status = { desiredReplicas: 0 }
  },
  validate,
  validateStatusUpdate: ({ status }) => checkCounts(status, ['currentReplicas', 'desiredReplicas']),
  columns: [
    nameColumn,
    text('Reference', ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`),
    text('Targets', targetsText),
    text('MinPods', ({ spec }) => String(spec.minReplicas ?? '<unset>')),
    number('MaxPods', ({ spec }) => spec.maxReplicas),
    number('Replicas', ({ status }) => status.currentReplicas ?? 0),
    ageColumn,
  ],
})

function defaultRules(given: HPAScalingRules | undefined, defaults: HPAScalingRules): HPAScalingRules {
  const { selectPolicy = 'Max', ...rest } = given ?? {}
  return { ...defaults, ...rest, selectPolicy }
}

/** Of an older autoscaler may stay that it goes down to none, and what its references say of versions. */
function validate({ spec }: HorizontalPodAutoscaler, old?: HorizontalPodAutoscaler): FieldError[] {
  const errors: FieldError[] = []
  const { minReplicas = 1, maxReplicas = 0, scaleTargetRef: target } = spec
  const least = old?.spec.minReplicas === 0 ? 0 : 1
  if (minReplicas < least) {
    errors.push(field.invalid('spec.minReplicas', minReplicas, `must be greater than or equal to ${least}`))
  }
  if (maxReplicas === 0) errors.push(field.required('spec.maxReplicas', 'must be set and greater than 0'))
  else if (maxReplicas < 0) {
    errors.push(field.invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to 1'))
  }
  if (maxReplicas < minReplicas) {
    errors.push(field.invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'))
  }
  const before = old?.spec.scaleTargetRef
  const sameKind = before && before.apiVersion === target?.apiVersion && before.kind === target?.kind
  const group = sameKind ? 'anything' : target?.kind === 'ReplicationController' ? 'optional' : 'required'
  errors.push(...validateReference(target, 'spec.scaleTargetRef', group))
  const metrics = spec.metrics ?? []
  const anyVersion = (old?.spec.metrics ?? []).some(
    ({ type, object }) => type === 'Object' && object && apiVersionProblem(object.describedObject, 'optional'),
  )
  for (const [i, metric] of metrics.entries()) errors.push(...validateMetric(metric, `spec.metrics[${i}]`, anyVersion))
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')) {
    const why = 'must specify at least one Object or External metric to support scaling to zero replicas'
    errors.push(field.forbidden('spec.metrics', why))
  }
  return spec.behavior ? [...errors, ...validateBehavior(spec.behavior, 'spec.behavior')] : errors
}

function sourceOf(metric: MetricSpec) {
  return metric.resource ?? metric.containerResource ?? metric.pods ?? metric.object ?? metric.external
}

const MAX_SHOWN = 2

function targetsText({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec.metrics ?? []
  if (metrics.length === 0) return '<none>'
  const shown = metrics.slice(0, MAX_SHOWN).map((metric, i) => targetText(metric, status.currentMetrics?.[i]))
  const more = metrics.length > MAX_SHOWN ? ` + ${metrics.length - MAX_SHOWN} more...` : ''
  return `${shown.join(', ')}${more}`
}

/** One metric: what is now and what is wanted, as `cpu: 12%/80%`. */
function targetText(metric: MetricSpec, current: MetricStatus | undefined): string {
  const target = sourceOf(metric)?.target
  const now =
    current?.resource?.current ??
    current?.containerResource?.current ??
    current?.pods?.current ??
    current?.object?.current ??
    current?.external?.current
  const prefix = metric.resource?.name ?? metric.containerResource?.name
  const label = prefix === undefined ? '' : `${prefix}: `
  if (target?.averageUtilization !== undefined) {
    const value = now?.averageUtilization === undefined ? '<unknown>' : `${now.averageUtilization}%`
    return `${label}${value}/${target.averageUtilization}%`
  }
  if (target?.averageValue !== undefined) {
    const suffix = metric.pods || prefix !== undefined ? '' : ' (avg)'
    return `${label}${quantityText(now?.averageValue, '<unknown>')}/${quantityText(target.averageValue)}${suffix}`
  }
  return `${label}${quantityText(now?.value, '<unknown>')}/${quantityText(target?.value, '<auto>')}`
}
