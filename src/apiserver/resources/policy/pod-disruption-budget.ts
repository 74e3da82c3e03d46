// poddisruptionbudgets. Rules and wording: k8s.io/kubernetes/pkg/apis/policy/validation.

import type { LabelSelector } from '../../../api/generated/meta-v1.ts'
import type { PodDisruptionBudget, PodDisruptionBudgetSpec } from '../../../api/generated/policy-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, integer, nameColumn, text } from '../columns/common.ts'
import { validateConditions } from '../core/condition-validation.ts'
import { checkAtMostWhole, checkIntOrPercent, checkNonNegative, checkOptionalEnum } from '../core/field-checks.ts'
import { validateLabelSelector } from '../core/label-selector-validation.ts'

const EVICTION_POLICIES = ['AlwaysAllow', 'IfHealthyBudget']
const COUNTS = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const

export const podDisruptionBudgets = defineResource<PodDisruptionBudget>({
  group: 'policy',
  resource: 'poddisruptionbudgets',
  shortNames: ['pdb'],
  unconditionalUpdate: false,
  prepareCreate(budget) {
    budget.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }
  },
  validate: ({ spec }, old) => validateSpec(spec, old?.spec.selector),
  validateStatusUpdate: ({ status }) => [
    ...validateConditions(status.conditions, 'status.conditions'),
    ...COUNTS.flatMap((name) => checkNonNegative(`status.${name}`, status[name])),
  ],
  columns: [
    nameColumn,
    text('Min Available', (b) => String(b.spec.minAvailable ?? 'N/A')),
    text('Max Unavailable', (b) => String(b.spec.maxUnavailable ?? 'N/A')),
    integer('Allowed Disruptions', (b) => b.status.disruptionsAllowed),
    ageColumn,
  ],
})

function validateSpec(spec: PodDisruptionBudgetSpec, before: LabelSelector | undefined): FieldError[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec
  const errors: FieldError[] = []
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const shown = {
      MinAvailable: minAvailable,
      Selector: selector ?? null,
      MaxUnavailable: maxUnavailable,
      UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy ?? null,
    }
    errors.push(field.invalid('spec', shown, 'minAvailable and maxUnavailable cannot be both set'))
  }
  for (const [name, value] of Object.entries({ minAvailable, maxUnavailable })) {
    if (value === undefined) continue
    errors.push(...checkIntOrPercent(`spec.${name}`, value), ...checkAtMostWhole(`spec.${name}`, value))
  }
  const anyValue = before !== undefined && validateLabelSelector(before, '').length > 0
  if (selector) errors.push(...validateLabelSelector(selector, 'spec.selector', anyValue))
  const path = 'spec.unhealthyPodEvictionPolicy'
  return [...errors, ...checkOptionalEnum(path, unhealthyPodEvictionPolicy, EVICTION_POLICIES)]
}
