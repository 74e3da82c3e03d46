// PersistentVolumeClaimResize: a claim grows only if it is bound and its class allows that.
// Spec: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims

import type { PersistentVolumeClaim } from '../../api/generated/core-v1.ts'
import type { StorageClass } from '../../api/generated/storage-v1.ts'
import { forbidden } from '../../machinery/errors.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import type { Registry } from '../registry/registry.ts'
import { OLD_STORAGE_CLASS } from '../resources/columns/common.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'

const size = ({ spec }: PersistentVolumeClaim): string => spec.resources?.requests?.storage ?? '0'
const classOf = ({ metadata, spec }: PersistentVolumeClaim): string =>
  metadata.annotations?.[OLD_STORAGE_CLASS] ?? spec.storageClassName ?? ''

export function persistentVolumeClaimResize(registry: Registry): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    validate({ operation, resource, subresource, name, object, old }) {
      if (operation !== 'UPDATE' || subresource !== '') return
      if (resource.group !== '' || resource.resource !== 'persistentvolumeclaims') return
      const claim = object as unknown as PersistentVolumeClaim
      const before = old as unknown as PersistentVolumeClaim
      if (compareQuantities(size(claim), size(before)) <= 0) return
      if (before.status.phase !== 'Bound') {
        throw forbidden(resource, name, 'Only bound persistent volume claims can be expanded')
      }
      return mayGrow(claim, before, resource, name)
    },
  }

  async function mayGrow(
    claim: PersistentVolumeClaim,
    before: PersistentVolumeClaim,
    resource: AdmissionAttributes['resource'],
    name: string,
  ): Promise<void> {
    const className = classOf(before)
    const found =
      className === '' || className !== classOf(claim)
        ? undefined
        : await registry.lookup<StorageClass>('storage.k8s.io', 'storageclasses', '', className)
    if (found?.allowVolumeExpansion) return
    throw forbidden(
      resource,
      name,
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    )
  }
}
