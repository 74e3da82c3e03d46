// persistentvolumeclaims. Spec: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/persistent-volume-claim-v1/

import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { compareQuantities } from '../../../machinery/quantity.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, OLD_STORAGE_CLASS, quantityText, text } from '../columns/common.ts'
import { accessModesText } from './access-modes.ts'

const MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
const IMMUTABLE =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'

/** Fills in the defaults of a claim's spec, as claims and claim templates share them. */
export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= 'Filesystem'
}

export const persistentVolumeClaims = defineResource<PersistentVolumeClaim>({
  group: '',
  resource: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  generation: false,
  defaults: (claim) => defaultClaimSpec(claim.spec),
  prepareCreate(claim) {
    claim.status = { phase: 'Pending' }
    // The older field is the newer one's copy wherever that refers to a claim or a snapshot.
    const { dataSource, dataSourceRef } = claim.spec
    if (dataSource && !dataSourceRef) claim.spec.dataSourceRef = { ...dataSource }
    if (!dataSource && dataSourceRef && !dataSourceRef.namespace) {
      const { apiGroup, kind, name } = dataSourceRef
      claim.spec.dataSource = { kind, name, ...(apiGroup === undefined ? {} : { apiGroup }) }
    }
  },
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    text('Status', (c) => (c.metadata.deletionTimestamp ? 'Terminating' : (c.status.phase ?? ''))),
    text('Volume', (c) => c.spec.volumeName ?? ''),
    text('Capacity', (c) => (c.spec.volumeName ? quantityText(c.status.capacity?.storage, '0') : '')),
    text('Access Modes', (c) => (c.spec.volumeName ? accessModesText(c.status.accessModes) : '')),
    text('StorageClass', (c) => c.metadata.annotations?.[OLD_STORAGE_CLASS] ?? c.spec.storageClassName ?? ''),
    text('VolumeAttributesClass', (c) => c.spec.volumeAttributesClassName ?? '<unset>'),
    ageColumn,
    text('VolumeMode', (c) => c.spec.volumeMode ?? '<unset>', 1),
  ],
})

function validate({ spec }: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = []
  const modes = spec.accessModes ?? []
  if (modes.length === 0) errors.push(field.required('spec.accessModes', 'at least 1 access mode is required'))
  for (const mode of modes) if (!MODES.includes(mode)) errors.push(field.notSupported('spec.accessModes', mode, MODES))
  if (modes.includes('ReadWriteOncePod') && modes.length > 1) {
    errors.push(field.forbidden('spec.accessModes', 'may not use ReadWriteOncePod with other access modes'))
  }
  const size = spec.resources?.requests?.storage
  if (size === undefined) errors.push(field.required('spec.resources[storage]'))
  else if (compareQuantities(size, '0') <= 0) {
    errors.push(field.invalid('spec.resources[storage]', size, 'must be greater than zero'))
  }
  const volumeModes = ['Block', 'Filesystem']
  if (!volumeModes.includes(spec.volumeMode ?? '')) {
    errors.push(field.notSupported('spec.volumeMode', spec.volumeMode, volumeModes))
  }
  return errors
}

function validateUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const before = old.spec.resources?.requests?.storage
  const after = claim.spec.resources?.requests?.storage
  const kept = structuredClone(claim.spec)
  if (old.status.phase === 'Bound') {
    if (before !== undefined)
      kept.resources = { ...kept.resources, requests: { ...kept.resources?.requests, storage: before } }
    if (old.spec.volumeAttributesClassName === undefined) delete kept.volumeAttributesClassName
    else kept.volumeAttributesClassName = old.spec.volumeAttributesClassName
  }
  // Binding fills in the volume, and a class may be given to a claim that has none.
  if (!old.spec.volumeName) delete kept.volumeName
  if (old.spec.storageClassName === undefined) delete kept.storageClassName
  if (!sameJson(kept, old.spec)) return [field.forbidden('spec', IMMUTABLE)]
  const granted = old.status.capacity?.storage ?? '0'
  if (compareQuantities(after ?? '0', before ?? '0') < 0 && compareQuantities(after ?? '0', granted) <= 0) {
    return [field.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity')]
  }
  return []
}
