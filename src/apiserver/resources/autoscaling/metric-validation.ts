// Validation of what autoscalers measure and how fast they act. Wording: k8s.io/kubernetes/pkg/apis/autoscaling/validation.

import type {
  HorizontalPodAutoscalerBehavior,
  HPAScalingRules,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from '../../../api/generated/autoscaling-v2.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { pathSegmentProblem } from '../../../machinery/names.ts'
import { compareQuantities } from '../../../machinery/quantity.ts'
import { checkOptionalEnum, checkPositive, invalidFor } from '../core/field-checks.ts'

const TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource']
const SOURCES = ['object', 'external', 'pods', 'resource', 'containerResource'] as const
const TARGETS = ['Utilization', 'Value', 'AverageValue']
const LONGEST_WINDOW_SECONDS = 3600
const LONGEST_PERIOD_SECONDS = 1800

/** Problems of one metric: exactly the source that its type names. `anyVersion`: of the object it is about. */
export function validateMetric(metric: MetricSpec, at: string, anyVersion: boolean): FieldError[] {
  const errors: FieldError[] = []
  if (!metric.type) errors.push(field.required(`${at}.type`, 'must specify a metric source type'))
  errors.push(...checkOptionalEnum(`${at}.type`, metric.type ?? '', TYPES))
  const present = SOURCES.filter((name) => metric[name])
  const [first] = present
  if (first) errors.push(...validateSource(metric, first, `${at}.${first}`, anyVersion))
  const expected = SOURCES.find((name) => name.toLowerCase() === (metric.type ?? '').toLowerCase()) ?? ''
  if (!present.some((name) => name === expected)) {
    errors.push(field.required(`${at}.${expected}`, 'must populate information for the given metric source'))
  }
  if (present.length === 1) return errors
  const others = present.filter((name) => name !== expected)
  return [
    ...errors,
    ...others.map((name) => field.forbidden(`${at}.${name}`, 'must populate the given metric source only')),
  ]
}

function validateSource(
  metric: MetricSpec,
  kind: (typeof SOURCES)[number],
  at: string,
  anyVersion: boolean,
): FieldError[] {
  const { object, external, pods, resource, containerResource } = metric
  const targetAt = `${at}.target`
  if (kind === 'object' && object) {
    const { describedObject: ref, metric: what, target } = object
    const group = anyVersion ? 'anything' : 'optional'
    const errors = [...validateReference(ref, `${at}.describedObject`, group), ...validateMeasured(what, target, at)]
    if (target?.value !== undefined || target?.averageValue !== undefined) return errors
    return [...errors, field.required(`${targetAt}.averageValue`, 'must set either a target value or averageValue')]
  }
  if (kind === 'external' && external) {
    const { metric: what, target } = external
    const errors = validateMeasured(what, target, at)
    const both = 'a target value for metric and a per-pod target'
    if (target?.value === undefined && target?.averageValue === undefined) {
      const why = 'must set either a target value for metric or a per-pod target'
      errors.push(field.required(`${targetAt}.averageValue`, why))
    }
    if (target?.value !== undefined && target.averageValue !== undefined) {
      errors.push(field.forbidden(`${targetAt}.value`, `may not set both ${both}`))
    }
    return errors
  }
  if (kind === 'pods' && pods) {
    const errors = validateMeasured(pods.metric, pods.target, at)
    if (pods.target?.averageValue !== undefined) return errors
    return [...errors, field.required(`${targetAt}.averageValue`, 'must specify a positive target averageValue')]
  }
  const source = kind === 'resource' ? resource : containerResource
  const errors: FieldError[] = []
  if (!source?.name) errors.push(field.required(`${at}.name`, 'must specify a resource name'))
  if (kind === 'containerResource' && !containerResource?.container) {
    errors.push(field.required(`${at}.container`, 'must specify a container'))
  }
  const target = source?.target
  errors.push(...validateTarget(target, targetAt))
  if (target?.averageUtilization === undefined && target?.averageValue === undefined) {
    const why = 'must set either a target raw value or a target utilization'
    errors.push(field.required(`${targetAt}.averageUtilization`, why))
  }
  if (target?.averageUtilization !== undefined && target.averageValue !== undefined) {
    const why = 'may not set both a target raw value and a target utilization'
    errors.push(field.forbidden(`${targetAt}.averageValue`, why))
  }
  return errors
}

/** What the version of a referenced object has to name besides itself. */
type GroupRule = 'required' | 'optional' | 'anything'

/** What is wrong with the version of a referenced object. Upstream: ValidateAPIVersion. */
export function apiVersionProblem(
  ref: { readonly apiVersion?: string } | undefined,
  group: GroupRule,
): string | undefined {
  const { apiVersion = '' } = ref ?? {}
  if (group === 'anything') return undefined
  const slashes = apiVersion.split('/').length - 1
  if (slashes > 1) return `unexpected GroupVersion string: ${apiVersion}`
  const named = slashes === 1 && !apiVersion.startsWith('/')
  return named || group === 'optional' ? undefined : 'apiVersion must specify API group'
}

/** Problems of a reference to an object. */
export function validateReference(
  ref: { kind?: string; name?: string; apiVersion?: string } | undefined,
  at: string,
  group: GroupRule,
): FieldError[] {
  const errors = (['kind', 'name'] as const).flatMap((name) => {
    const value = ref?.[name]
    if (!value) return [field.required(`${at}.${name}`)]
    return invalidFor(`${at}.${name}`, value, [pathSegmentProblem(value)])
  })
  return [...errors, ...invalidFor(`${at}.apiVersion`, ref?.apiVersion ?? '', [apiVersionProblem(ref, group)])]
}

function validateMeasured(
  metric: MetricIdentifier | undefined,
  target: MetricTarget | undefined,
  at: string,
): FieldError[] {
  const name = metric?.name
  return [
    ...(name
      ? invalidFor(`${at}.metric.name`, name, [pathSegmentProblem(name)])
      : [field.required(`${at}.metric.name`, 'must specify a metric name')]),
    ...validateTarget(target, `${at}.target`),
  ]
}

function validateTarget(target: MetricTarget | undefined, at: string): FieldError[] {
  const errors: FieldError[] = []
  const type = target?.type ?? ''
  if (type === '') errors.push(field.required(`${at}.type`, 'must specify a metric target type'))
  if (!TARGETS.includes(type)) {
    errors.push(field.invalid(`${at}.type`, type, 'must be either Utilization, Value, or AverageValue'))
  }
  for (const name of ['value', 'averageValue'] as const) {
    const value = target?.[name]
    if (value !== undefined && compareQuantities(value, '0') <= 0) {
      errors.push(field.invalid(`${at}.${name}`, value, 'must be positive'))
    }
  }
  if (target?.averageUtilization === undefined) return errors
  return [...errors, ...checkPositive(`${at}.averageUtilization`, target.averageUtilization)]
}

/** Problems of how an autoscaler scales up and down. */
export function validateBehavior({ scaleUp, scaleDown }: HorizontalPodAutoscalerBehavior, at: string): FieldError[] {
  return [
    ...(scaleUp ? validateRules(scaleUp, `${at}.scaleUp`) : []),
    ...(scaleDown ? validateRules(scaleDown, `${at}.scaleDown`) : []),
  ]
}

function validateRules(rules: HPAScalingRules, at: string): FieldError[] {
  const { stabilizationWindowSeconds: window = 0, selectPolicy, policies = [] } = rules
  const errors: FieldError[] = []
  const windowAt = `${at}.stabilizationWindowSeconds`
  if (window < 0) errors.push(field.invalid(windowAt, window, 'must be greater than or equal to zero'))
  if (window > LONGEST_WINDOW_SECONDS) {
    errors.push(field.invalid(windowAt, window, `must be less than or equal to ${LONGEST_WINDOW_SECONDS}`))
  }
  errors.push(...checkOptionalEnum(`${at}.selectPolicy`, selectPolicy, ['Disabled', 'Max', 'Min']))
  if (policies.length === 0) errors.push(field.required(`${at}.policies`, 'must specify at least one Policy'))
  for (const [i, { type, value, periodSeconds }] of policies.entries()) {
    const path = `${at}.policies[${i}]`
    errors.push(...checkOptionalEnum(`${path}.type`, type ?? '', ['Percent', 'Pods']))
    for (const [name, number] of Object.entries({ value, periodSeconds })) {
      if ((number ?? 0) <= 0) errors.push(field.invalid(`${path}.${name}`, number ?? 0, 'must be greater than zero'))
    }
    if (periodSeconds > LONGEST_PERIOD_SECONDS) {
      const why = `must be less than or equal to ${LONGEST_PERIOD_SECONDS}`
      errors.push(field.invalid(`${path}.periodSeconds`, periodSeconds, why))
    }
  }
  return errors
}
