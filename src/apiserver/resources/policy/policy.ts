// poddisruptionbudgets, priorityclasses, runtimeclasses and leases.

import type { Lease } from '../../../api/generated/coordination-v1.ts'
import type { RuntimeClass } from '../../../api/generated/node-v1.ts'
import type { PodDisruptionBudget } from '../../../api/generated/policy-v1.ts'
import type { PriorityClass } from '../../../api/generated/scheduling-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem } from '../../../machinery/names.ts'
import { defineResource, type ResourceDefinition } from '../../resource-definition.ts'
import { ageColumn, bool, integer, nameColumn, text } from '../columns/common.ts'
import { immutable, nonNegative, validateLabelSelector } from '../core/workload-validation.ts'
import { limitRanges } from './limit-range.ts'
import { resourceQuotas } from './resource-quota.ts'

const HIGHEST_USER_PRIORITY = 1_000_000_000

const podDisruptionBudgets = defineResource<PodDisruptionBudget>({
  group: 'policy',
  resource: 'poddisruptionbudgets',
  shortNames: ['pdb'],
  unconditionalUpdate: false,
  prepareCreate(budget) {
    budget.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }
  },
  validate({ spec }) {
    const errors: FieldError[] = []
    if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
      errors.push(field.invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set'))
    }
    for (const name of ['minAvailable', 'maxUnavailable'] as const) {
      const value = spec[name]
      const path = `spec.${name}`
      if (typeof value === 'number') errors.push(...nonNegative(path, value))
      if (typeof value === 'string' && !/^\d+%$/.test(value)) {
        errors.push(
          field.invalid(
            path,
            value,
            "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
          ),
        )
      } else if (typeof value === 'string' && Number(value.slice(0, -1)) > 100) {
        errors.push(field.invalid(path, value, 'must not be greater than 100%'))
      }
    }
    const policies = ['AlwaysAllow', 'IfHealthyBudget']
    if (spec.unhealthyPodEvictionPolicy !== undefined && !policies.includes(spec.unhealthyPodEvictionPolicy)) {
      errors.push(field.notSupported('spec.unhealthyPodEvictionPolicy', spec.unhealthyPodEvictionPolicy, policies))
    }
    if (spec.selector) errors.push(...validateLabelSelector(spec.selector, 'spec.selector'))
    return errors
  },
  columns: [
    nameColumn,
    text('Min Available', (b) => String(b.spec.minAvailable ?? 'N/A')),
    text('Max Unavailable', (b) => String(b.spec.maxUnavailable ?? 'N/A')),
    integer('Allowed Disruptions', (b) => b.status.disruptionsAllowed),
    ageColumn,
  ],
})

const priorityClasses = defineResource<PriorityClass>({
  group: 'scheduling.k8s.io',
  resource: 'priorityclasses',
  shortNames: ['pc'],
  generation: 'first',
  defaults(object) {
    object.preemptionPolicy ??= 'PreemptLowerPriority'
    object.value ??= 0
  },
  validate(object) {
    const { name = '' } = object.metadata
    const { value = 0 } = object
    const errors: FieldError[] = []
    const builtIn = name === 'system-node-critical' || name === 'system-cluster-critical'
    if (name.startsWith('system-') && !builtIn) {
      errors.push(
        field.forbidden('metadata.name', "priority class names with 'system-' prefix are reserved for system use only"),
      )
    }
    if (value > HIGHEST_USER_PRIORITY && !builtIn) {
      errors.push(
        field.forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`),
      )
    }
    const policies = ['Never', 'PreemptLowerPriority']
    if (!policies.includes(object.preemptionPolicy ?? '')) {
      errors.push(field.notSupported('preemptionPolicy', object.preemptionPolicy, policies))
    }
    return errors
  },
  validateUpdate: (object, old) => [
    ...(object.value === old.value ? [] : [field.forbidden('value', 'may not be changed in an update.')]),
    ...immutable('preemptionPolicy', object.preemptionPolicy, old.preemptionPolicy),
  ],
  columns: [
    nameColumn,
    integer('Value', (c) => c.value),
    bool('Global-Default', (c) => c.globalDefault ?? false),
    ageColumn,
    text('PreemptionPolicy', (c) => c.preemptionPolicy ?? ''),
  ],
})

const runtimeClasses = defineResource<RuntimeClass>({
  group: 'node.k8s.io',
  resource: 'runtimeclasses',
  unconditionalUpdate: false,
  generation: false,
  validate(object) {
    if (!object.handler) return [field.required('handler')]
    const problem = dnsLabelProblem(object.handler)
    return problem ? [field.invalid('handler', object.handler, problem)] : []
  },
  validateUpdate: (object, old) => immutable('handler', object.handler, old.handler),
  columns: [nameColumn, text('Handler', (c) => c.handler), ageColumn],
})

const leases = defineResource<Lease>({
  group: 'coordination.k8s.io',
  resource: 'leases',
  generation: false,
  createOnUpdate: true,
  unconditionalUpdate: false,
  validate({ spec }) {
    const errors = nonNegative('spec.leaseTransitions', spec.leaseTransitions)
    if (spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0) {
      errors.push(field.invalid('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be greater than 0'))
    }
    return errors
  },
  columns: [nameColumn, text('Holder', (l) => l.spec.holderIdentity ?? ''), ageColumn],
})

export const policyDefinitions: readonly ResourceDefinition[] = [
  podDisruptionBudgets,
  limitRanges,
  resourceQuotas,
  priorityClasses,
  runtimeClasses,
  leases,
]
