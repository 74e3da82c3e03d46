// daemonsets. Spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/daemon-set-v1/

import type { DaemonSet } from '../../../api/generated/apps-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, integer, labelSelectorText, nameColumn, text, workloadWideColumns } from '../columns/common.ts'
import { checkAtMostWhole, checkIntOrPercent, isZero } from '../core/field-checks.ts'
import { defaultTemplate } from '../core/pod-defaults.ts'
import { checkCollisions, checkCounts } from '../core/status-counts.ts'
import {
  immutable,
  nonNegative,
  validateRunningTemplate,
  validateWorkloadSelector,
} from '../core/workload-validation.ts'

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation'

const STATUS_COUNTS = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
] as const

export const daemonSets = defineResource<DaemonSet>({
  group: 'apps',
  resource: 'daemonsets',
  shortNames: ['ds'],
  categories: ['all'],
  defaults({ spec }) {
    spec.updateStrategy ??= {}
    spec.updateStrategy.type ??= 'RollingUpdate'
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {}
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0
    }
    spec.revisionHistoryLimit ??= 10
    defaultTemplate(spec)
  },
  settle({ metadata }) {
    metadata.annotations = { [TEMPLATE_GENERATION]: '0', ...metadata.annotations }
  },
  prepareCreate(set) {
    set.metadata.annotations = { ...set.metadata.annotations, [TEMPLATE_GENERATION]: '1' }
    set.status = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 }
  },
  prepareUpdate(set, old) {
    const before = Number(old.metadata.annotations?.[TEMPLATE_GENERATION] ?? 1)
    const generation = sameJson(set.spec.template, old.spec.template) ? before : before + 1
    set.metadata.annotations = { ...set.metadata.annotations, [TEMPLATE_GENERATION]: String(generation) }
  },
  validate: (set, old) => [
    ...(old ? immutable('spec.selector', set.spec.selector, old.spec.selector) : []),
    ...validateWorkloadSelector(set.spec.selector, set.spec.template, 'daemonset'),
    ...validateRunningTemplate(set.spec.template, 'DaemonSet', old?.spec.template),
    ...nonNegative('spec.minReadySeconds', set.spec.minReadySeconds),
    ...validateStrategy(set),
    ...nonNegative('spec.revisionHistoryLimit', set.spec.revisionHistoryLimit),
  ],
  prepareStatusUpdate({ metadata }, old) {
    const generation = old.metadata.annotations?.[TEMPLATE_GENERATION] ?? '1'
    metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: generation }
  },
  validateStatusUpdate: ({ status }, old) => [
    ...checkCounts(status, STATUS_COUNTS),
    ...checkCollisions(status, old.status),
  ],
  columns: [
    nameColumn,
    integer('Desired', (d) => d.status.desiredNumberScheduled),
    integer('Current', (d) => d.status.currentNumberScheduled),
    integer('Ready', (d) => d.status.numberReady),
    integer('Up-to-date', (d) => d.status.updatedNumberScheduled),
    integer('Available', (d) => d.status.numberAvailable),
    text('Node Selector', nodeSelectorText),
    ageColumn,
    ...workloadWideColumns<DaemonSet>(
      (d) => d.spec.template?.spec?.containers,
      (d) => labelSelectorText(d.spec.selector),
    ),
  ],
})

function nodeSelectorText(set: DaemonSet): string {
  const pairs = Object.entries(set.spec.template?.spec?.nodeSelector ?? {})
  return (
    pairs
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(',') || '<none>'
  )
}

function validateStrategy({ spec }: DaemonSet): FieldError[] {
  const { type, rollingUpdate } = spec.updateStrategy ?? {}
  const types = ['RollingUpdate', 'OnDelete']
  if (!types.includes(type ?? '')) {
    const shown = { Type: type ?? '', RollingUpdate: null }
    return [field.notSupported('spec.updateStrategy', shown, types)]
  }
  if (type === 'OnDelete') return []
  const path = 'spec.updateStrategy.rollingUpdate'
  const { maxUnavailable, maxSurge } = rollingUpdate ?? {}
  const errors = [
    ...checkIntOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...checkIntOrPercent(`${path}.maxSurge`, maxSurge),
    ...checkAtMostWhole(`${path}.maxUnavailable`, maxUnavailable),
    ...checkAtMostWhole(`${path}.maxSurge`, maxSurge),
  ]
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(field.required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'))
  } else if (!isZero(maxUnavailable) && !isZero(maxSurge)) {
    errors.push(field.invalid(`${path}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'))
  }
  return errors
}
