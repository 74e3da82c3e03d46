// replicasets. Spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/replica-set-v1/

import type { ReplicaSet } from '../../../api/generated/apps-v1.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, integer, labelSelectorText, nameColumn, workloadWideColumns } from '../columns/common.ts'
import { defaultTemplate } from '../core/pod-defaults.ts'
import { validateReplicaStatus } from '../core/status-counts.ts'
import {
  immutable,
  nonNegative,
  validateRunningTemplate,
  validateWorkloadSelector,
} from '../core/workload-validation.ts'

export const replicaSets = defineResource<ReplicaSet>({
  group: 'apps',
  resource: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  scale: { selector: 'selector' },
  defaults(set) {
    set.spec.replicas ??= 1
    defaultTemplate(set.spec)
  },
  prepareCreate(set) {
    set.status = { replicas: 0 }
  },
  validate: (set, old) => [
    ...nonNegative('spec.replicas', set.spec.replicas),
    ...nonNegative('spec.minReadySeconds', set.spec.minReadySeconds),
    ...validateWorkloadSelector(set.spec.selector, set.spec.template),
    ...validateRunningTemplate(set.spec.template, 'ReplicaSet', old?.spec.template),
  ],
  validateUpdate: (set, old) => immutable('spec.selector', set.spec.selector, old.spec.selector),
  validateStatusUpdate: ({ status }) => validateReplicaStatus(status),
  columns: [
    nameColumn,
    integer('Desired', (set) => set.spec.replicas),
    integer('Current', (set) => set.status.replicas),
    integer('Ready', (set) => set.status.readyReplicas),
    ageColumn,
    ...workloadWideColumns<ReplicaSet>(
      (set) => set.spec.template?.spec?.containers,
      (set) => labelSelectorText(set.spec.selector),
    ),
  ],
})
