// StorageObjectInUseProtection: claims and volumes stay until nothing uses them any more; controllers end that.
// Spec: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection

import type { AdmissionPlugin } from './admission.ts'

const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
}

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  admit({ operation, resource, subresource, object }) {
    if (operation !== 'CREATE' || subresource !== '' || resource.group !== '' || !object) return
    const finalizer = FINALIZERS[resource.resource]
    if (finalizer === undefined) return
    const finalizers = object.metadata.finalizers ?? []
    if (!finalizers.includes(finalizer)) object.metadata.finalizers = [...finalizers, finalizer]
  },
}
