// deployments. Spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/

import type { Deployment } from '../../../api/generated/apps-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, labelSelectorText, nameColumn, number, text, workloadWideColumns } from '../columns/common.ts'
import { checkAtMostWhole, checkIntOrPercent, isZero } from '../core/field-checks.ts'
import { defaultTemplate } from '../core/pod-defaults.ts'
import { checkCollisions, checkCounts, checkPartsOf } from '../core/status-counts.ts'
import {
  immutable,
  nonNegative,
  validateRunningTemplate,
  validateWorkloadSelector,
} from '../core/workload-validation.ts'

const STATUS_COUNTS = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'unavailableReplicas',
  'terminatingReplicas',
  'collisionCount',
] as const

export const deployments = defineResource<Deployment>({
  group: 'apps',
  resource: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  scale: { selector: 'selector' },
  resets: { status: ['spec', 'metadata.labels'] },
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
    defaultTemplate(spec)
  },
  prepareUpdate(deployment, old) {
    // A revision's change cause is an annotation.
    if (sameJson(deployment.metadata.annotations ?? {}, old.metadata.annotations ?? {})) return
    deployment.metadata.generation = (old.metadata.generation ?? 0) + 1
  },
  validate(deployment, old) {
    const { spec } = deployment
    return [
      ...nonNegative('spec.replicas', spec.replicas),
      ...validateWorkloadSelector(spec.selector, spec.template),
      ...validateRunningTemplate(spec.template, 'ReplicaSet', old?.spec.template),
      ...validateStrategy(deployment),
      ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
      ...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
      ...nonNegative('spec.progressDeadlineSeconds', spec.progressDeadlineSeconds),
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
  validateStatusUpdate: ({ status }, old) => [
    ...checkCounts(status, STATUS_COUNTS),
    ...checkPartsOf(status, 'replicas', ['updatedReplicas', 'readyReplicas', 'availableReplicas'], 'status.replicas'),
    ...checkPartsOf(status, 'readyReplicas', ['availableReplicas']),
    ...checkCollisions(status, old.status),
  ],
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
  if (!types.includes(strategy?.type ?? '')) {
    const shown = { Type: strategy?.type ?? '', RollingUpdate: null }
    return [field.notSupported('spec.strategy', shown, types)]
  }
  if (strategy?.type === 'Recreate') {
    return strategy.rollingUpdate
      ? [field.forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'")]
      : []
  }
  const path = 'spec.strategy.rollingUpdate'
  const { maxSurge, maxUnavailable } = strategy?.rollingUpdate ?? {}
  const errors = [
    ...checkIntOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...checkIntOrPercent(`${path}.maxSurge`, maxSurge),
  ]
  if (isZero(maxSurge) && isZero(maxUnavailable)) {
    const why = 'may not be 0 when `maxSurge` is 0'
    errors.push(field.invalid(`${path}.maxUnavailable`, maxUnavailable ?? 0, why))
  }
  return [...errors, ...checkAtMostWhole(`${path}.maxUnavailable`, maxUnavailable)]
}
