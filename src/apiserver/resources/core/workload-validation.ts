// What all workloads with a selector and a template have in common.
// Wording: k8s.io/kubernetes/pkg/apis/apps/validation.

import type { PodTemplateSpec } from '../../../api/generated/core-v1.ts'
import type { LabelSelector } from '../../../api/generated/meta-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { matches, type Selector, selectorOf } from '../../../machinery/labels.ts'
import { labelValueProblem, qualifiedNameProblem } from '../../../machinery/names.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { validateLabels } from '../../registry/metadata.ts'
import { validatePodSpec } from './pod-validation.ts'

/** Problems of a template at `path`; `restartPolicies` lists what the workload can run. */
export function validateTemplate(
  template: PodTemplateSpec | undefined,
  path: string,
  restartPolicies: readonly string[],
): FieldError[] {
  if (!template?.spec) return [field.required(path)]
  const errors = [
    ...validateLabels(template.metadata?.labels ?? {}, `${path}.labels`),
    ...validatePodSpec(template.spec, `${path}.spec`),
  ]
  const policy = template.spec.restartPolicy
  if (policy && !restartPolicies.includes(policy)) {
    errors.push(field.notSupported(`${path}.spec.restartPolicy`, policy, restartPolicies))
  }
  return errors
}

/** Problems of a workload's LabelSelector and its fit with the template. */
export function validateWorkloadSelector(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
): FieldError[] {
  if (!selector) return [field.required('spec.selector')]
  const errors = validateLabelSelector(selector, 'spec.selector')
  const count = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length
  if (count === 0) {
    errors.push(field.invalid('spec.selector', selector, 'empty selector is invalid for deployment'))
  }
  if (errors.length > 0) return errors
  return validateSelectorFit(selectorOf(selector) ?? [], template)
}

/** The template's labels must match the selector, else the workload would make pods without end. */
export function validateSelectorFit(selector: Selector, template: PodTemplateSpec | undefined): FieldError[] {
  const labels = template?.metadata?.labels
  if (matches(selector, labels)) return []
  return [field.invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`')]
}

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist']

export function validateLabelSelector(selector: LabelSelector, path: string): FieldError[] {
  const errors = validateLabels(selector.matchLabels ?? {}, `${path}.matchLabels`)
  for (const [i, expression] of (selector.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${i}]`
    const values = expression.values ?? []
    if (!OPERATORS.includes(expression.operator)) {
      errors.push(field.invalid(`${at}.operator`, expression.operator, 'not a valid selector operator'))
    } else if (expression.operator.endsWith('In') && values.length === 0) {
      errors.push(field.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
    } else if (!expression.operator.endsWith('In') && values.length > 0) {
      errors.push(field.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
    }
    const problem = qualifiedNameProblem(expression.key)
    if (problem) errors.push(field.invalid(`${at}.key`, expression.key, problem))
    for (const [v, value] of values.entries()) {
      const valueProblem = labelValueProblem(value)
      if (valueProblem) errors.push(field.invalid(`${at}.values[${v}]`, value, valueProblem))
    }
  }
  return errors
}

export function nonNegative(path: string, value: number | undefined): FieldError[] {
  return (value ?? 0) < 0 ? [field.invalid(path, value, 'must be greater than or equal to 0')] : []
}

export function immutable(path: string, value: unknown, old: unknown): FieldError[] {
  return sameJson(value, old) ? [] : [field.invalid(path, value ?? null, 'field is immutable')]
}
