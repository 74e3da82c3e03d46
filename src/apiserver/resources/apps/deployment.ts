// deployments. Spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/

import type { Deployment } from '../../../api/generated/apps-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, labelSelectorText, nameColumn, number, text, workloadWideColumns } from '../columns/common.ts'
import { defaultPodSpec } from '../core/pod-defaults.ts'
import { immutable, nonNegative, validateTemplate, validateWorkloadSelector } from '../core/workload-validation.ts'

export const deployments = defineResource<Deployment>({
  group: 'apps',
  resource: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  scale: { selector: 'selector' },
  defaults(deployment) {
    const { spec } = deployment
    spec.replicas ??= 1
    spec.strategy ??= {}
    spec.strategy.type ??= 'RollingUpdate'
    if (spec.strategy.type === 'RollingUpdate') {
      spec.strategy.rollingUpdate ??= {}
      spec.strategy.rollingUpdate.maxUnavailable ??= '25%'
      spec.strategy.rollingUpdate.maxSurge ??= '25%'
    }
    spec.revisionHistoryLimit ??= 10
    spec.progressDeadlineSeconds ??= 600
    if (spec.template?.spec) defaultPodSpec(spec.template.spec)
  },
  validate(deployment) {
    const { spec } = deployment
    return [
      ...nonNegative('spec.replicas', spec.replicas),
      ...validateWorkloadSelector(spec.selector, spec.template),
      ...validateTemplate(spec.template, 'spec.template', ['Always']),
      ...validateStrategy(deployment),
      ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
      ...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
      ...((spec.progressDeadlineSeconds ?? 600) <= (spec.minReadySeconds ?? 0)
        ? [
            field.invalid(
              'spec.progressDeadlineSeconds',
              spec.progressDeadlineSeconds,
              'must be greater than minReadySeconds',
            ),
          ]
        : []),
    ]
  },
  validateUpdate: (deployment, old) => immutable('spec.selector', deployment.spec.selector, old.spec.selector),
  columns: [
    nameColumn,
    text('Ready', (d) => `${d.status.readyReplicas ?? 0}/${d.spec.replicas ?? 0}`),
    number('Up-to-date', (d) => d.status.updatedReplicas),
    number('Available', (d) => d.status.availableReplicas),
    ageColumn,
    ...workloadWideColumns<Deployment>(
      (d) => d.spec.template?.spec?.containers,
      (d) => labelSelectorText(d.spec.selector),
    ),
  ],
})

function validateStrategy(deployment: Deployment): FieldError[] {
  const { strategy } = deployment.spec
  const types = ['Recreate', 'RollingUpdate']
  if (!types.includes(strategy?.type ?? '')) return [field.notSupported('spec.strategy.type', strategy?.type, types)]
  if (strategy?.type === 'Recreate') {
    return strategy.rollingUpdate
      ? [field.forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'")]
      : []
  }
  const { maxSurge = 0, maxUnavailable = 0 } = strategy?.rollingUpdate ?? {}
  const errors: FieldError[] = []
  for (const [name, value] of Object.entries({ maxUnavailable, maxSurge })) {
    const path = `spec.strategy.rollingUpdate.${name}`
    if (typeof value === 'string' && !/^\d+%$/.test(value)) {
      errors.push(
        field.invalid(
          path,
          value,
          "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        ),
      )
    } else if (typeof value === 'number' && value < 0) {
      errors.push(...nonNegative(path, value))
    }
  }
  const zero = (value: number | string) => value === 0 || value === '0%'
  if (zero(maxSurge) && zero(maxUnavailable)) {
    errors.push(
      field.invalid('spec.strategy.rollingUpdate.maxUnavailable', maxUnavailable, 'may not be 0 when `maxSurge` is 0'),
    )
  }
  return errors
}
