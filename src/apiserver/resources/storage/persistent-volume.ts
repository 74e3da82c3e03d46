// persistentvolumes. Spec: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/persistent-volume-v1/

import type { PersistentVolume } from '../../../api/generated/core-v1.ts'
import type { FieldError } from '../../../machinery/errors.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, OLD_STORAGE_CLASS, quantityText, text } from '../columns/common.ts'
import { defaultVolumeSource } from '../core/volume-defaults.ts'
import { accessModesText } from './access-modes.ts'
import { validateVolumeSpec, validateVolumeUpdate } from './volume-validation.ts'

export const persistentVolumes = defineResource<PersistentVolume>({
  group: '',
  resource: 'persistentvolumes',
  shortNames: ['pv'],
  generation: false,
  defaults({ spec }) {
    spec.persistentVolumeReclaimPolicy ??= 'Retain'
    spec.volumeMode ??= 'Filesystem'
    defaultVolumeSource(spec)
  },
  prepareCreate(volume, { now }) {
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: new Date(now).toISOString().replace(/\.\d+Z$/, 'Z') }
  },
  prepareStatusUpdate(volume, old, { now }) {
    if (
      volume.status.phase !== old.status.phase &&
      volume.status.lastPhaseTransitionTime === old.status.lastPhaseTransitionTime
    ) {
      volume.status.lastPhaseTransitionTime = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z')
    }
  },
  validate: volumeProblems,
  // Upstream's ValidateUpdate asks ValidatePersistentVolume, and its ValidatePersistentVolumeUpdate asks again.
  validateUpdate: (volume, old) => [...volumeProblems(volume, old), ...validateVolumeUpdate(volume, old)],
  columns: [
    nameColumn,
    text('Capacity', (v) => quantityText(v.spec.capacity?.storage, '0')),
    text('Access Modes', (v) => accessModesText(v.spec.accessModes)),
    text('Reclaim Policy', (v) => v.spec.persistentVolumeReclaimPolicy ?? ''),
    text('Status', (v) => (v.metadata.deletionTimestamp ? 'Terminating' : (v.status.phase ?? ''))),
    text('Claim', (v) => (v.spec.claimRef ? `${v.spec.claimRef.namespace}/${v.spec.claimRef.name}` : '')),
    text('StorageClass', (v) => v.metadata.annotations?.[OLD_STORAGE_CLASS] ?? v.spec.storageClassName ?? ''),
    text('VolumeAttributesClass', (v) => v.spec.volumeAttributesClassName ?? '<unset>'),
    text('Reason', (v) => v.status.reason ?? ''),
    ageColumn,
    text('VolumeMode', (v) => v.spec.volumeMode ?? '<unset>', 1),
  ],
})

function volumeProblems({ spec, metadata }: PersistentVolume, old?: PersistentVolume): FieldError[] {
  return validateVolumeSpec(spec, 'spec', { name: metadata.name, ...(old ? { old: old.spec } : {}) })
}
