// replicationcontrollers. Spec: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller/

import type { ReplicationController } from '../../../api/generated/core-v1.ts'
import { field } from '../../../machinery/errors.ts'
import { selectorOfMap } from '../../../machinery/labels.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, integer, mapSelectorText, nameColumn, workloadWideColumns } from '../columns/common.ts'
import { defaultTemplate } from './pod-defaults.ts'
import { validateReplicaStatus } from './status-counts.ts'
import { nonNegative, validateRunningTemplate, validateSelectorFit } from './workload-validation.ts'

export const replicationControllers = defineResource<ReplicationController>({
  group: '',
  resource: 'replicationcontrollers',
  shortNames: ['rc'],
  categories: ['all'],
  storagePrefix: 'controllers',
  scale: { selector: 'map' },
  defaults(rc) {
    const labels = rc.spec.template?.metadata?.labels
    if (labels && Object.keys(labels).length > 0) {
      if (Object.keys(rc.spec.selector ?? {}).length === 0) rc.spec.selector = { ...labels }
      if (Object.keys(rc.metadata.labels ?? {}).length === 0) rc.metadata.labels = { ...labels }
    }
    rc.spec.replicas ??= 1
    if (rc.spec.template) defaultTemplate(rc.spec)
  },
  prepareCreate(rc) {
    rc.status = { replicas: 0 }
  },
  validate(rc, old) {
    const selector = rc.spec.selector ?? {}
    return [
      ...nonNegative('spec.minReadySeconds', rc.spec.minReadySeconds),
      ...(Object.keys(selector).length === 0 ? [field.required('spec.selector')] : []),
      ...nonNegative('spec.replicas', rc.spec.replicas),
      ...(rc.spec.template && Object.keys(selector).length > 0
        ? validateSelectorFit(selectorOfMap(selector) ?? [], rc.spec.template)
        : []),
      ...validateRunningTemplate(rc.spec.template, 'ReplicationController', old?.spec.template),
    ]
  },
  validateStatusUpdate: ({ status }) => validateReplicaStatus(status),
  selectableFields: { 'status.replicas': (rc) => String(rc.status.replicas ?? 0) },
  columns: [
    nameColumn,
    integer('Desired', (rc) => rc.spec.replicas),
    integer('Current', (rc) => rc.status.replicas),
    integer('Ready', (rc) => rc.status.readyReplicas),
    ageColumn,
    ...workloadWideColumns<ReplicationController>(
      (rc) => rc.spec.template?.spec?.containers,
      (rc) => mapSelectorText(rc.spec.selector),
    ),
  ],
})
