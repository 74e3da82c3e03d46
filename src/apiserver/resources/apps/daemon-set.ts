// daemonsets. Spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/daemon-set-v1/

import type { DaemonSet } from '../../../api/generated/apps-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, integer, labelSelectorText, nameColumn, text, workloadWideColumns } from '../columns/common.ts'
import { defaultPodSpec } from '../core/pod-defaults.ts'
import { immutable, nonNegative, validateTemplate, validateWorkloadSelector } from '../core/workload-validation.ts'

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation'

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
    if (spec.template?.spec) defaultPodSpec(spec.template.spec)
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
  validate: (set) => [
    ...validateWorkloadSelector(set.spec.selector, set.spec.template),
    ...validateTemplate(set.spec.template, 'spec.template', ['Always']),
    ...nonNegative('spec.minReadySeconds', set.spec.minReadySeconds),
    ...nonNegative('spec.revisionHistoryLimit', set.spec.revisionHistoryLimit),
    ...validateStrategy(set),
  ],
  validateUpdate: (set, old) => immutable('spec.selector', set.spec.selector, old.spec.selector),
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

function validateStrategy(set: DaemonSet): FieldError[] {
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {}
  const types = ['OnDelete', 'RollingUpdate']
  if (!types.includes(type ?? '')) return [field.notSupported('spec.updateStrategy', type, types)]
  if (type === 'OnDelete') return []
  const zero = (value: number | string | undefined) => value === 0 || value === '0%' || value === undefined
  const path = 'spec.updateStrategy.rollingUpdate'
  if (zero(rollingUpdate?.maxUnavailable) && zero(rollingUpdate?.maxSurge)) {
    return [field.required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0')]
  }
  if (!zero(rollingUpdate?.maxUnavailable) && !zero(rollingUpdate?.maxSurge)) {
    return [
      field.invalid(`${path}.maxSurge`, rollingUpdate?.maxSurge, 'may not be set when maxUnavailable is non-zero'),
    ]
  }
  return []
}
