// persistentvolumeclaims. Spec: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/persistent-volume-claim-v1/

import type { PersistentVolumeClaim, TypedLocalObjectReference } from '../../../api/generated/core-v1.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, OLD_STORAGE_CLASS, quantityText, text } from '../columns/common.ts'
import { defaultClaimSpec } from '../core/volume-defaults.ts'
import { accessModesText } from './access-modes.ts'
import { validateClaimSpec, validateClaimStatus, validateClaimUpdate } from './claim-validation.ts'

export const persistentVolumeClaims = defineResource<PersistentVolumeClaim>({
  group: '',
  resource: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  generation: false,
  defaults: (claim) => defaultClaimSpec(claim.spec),
  prepareCreate(claim) {
    claim.status = { phase: 'Pending' }
    // The older field is the newer one's copy wherever that refers to a claim or a snapshot.
    if (!claim.spec.dataSourceRef && !isOldSource(claim.spec.dataSource)) delete claim.spec.dataSource
    const { dataSource, dataSourceRef } = claim.spec
    if (dataSource && !dataSourceRef) claim.spec.dataSourceRef = { ...dataSource }
    if (!dataSource && dataSourceRef && !dataSourceRef.namespace) {
      const { apiGroup, kind, name } = dataSourceRef
      claim.spec.dataSource = { kind, name, ...(apiGroup === undefined ? {} : { apiGroup }) }
    }
  },
  validate: (claim, old) => validateClaimSpec(claim.spec, 'spec', old?.spec),
  validateUpdate: validateClaimUpdate,
  validateStatusUpdate: validateClaimStatus,
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

/** The older field was for claims and snapshots only. Upstream: EnforceDataSourceBackwardsCompatibility. */
function isOldSource(source: TypedLocalObjectReference | undefined): boolean {
  const group = source?.apiGroup ?? ''
  if (source?.kind === 'PersistentVolumeClaim') return group === ''
  return source?.kind === 'VolumeSnapshot' && group === 'snapshot.storage.k8s.io'
}
