// StorageObjectInUseProtection: claims, volumes and classes stay until nothing uses them any more; controllers end that.
// Spec: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection

import type { AdmissionPlugin } from './admission.ts'

const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
  'podgroups.scheduling.k8s.io': 'scheduling.k8s.io/podgroup-protection',
  'volumeattributesclasses.storage.k8s.io': 'kubernetes.io/vac-protection',
}

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  admit({ operation, resource, subresource, object }) {
    if (operation !== 'CREATE' || subresource !== '' || !object) return
    const { group, resource: plural } = resource
    const finalizer = FINALIZERS[group === '' ? plural : `${plural}.${group}`]
    if (finalizer === undefined) return
    const finalizers = object.metadata.finalizers ?? []
    if (!finalizers.includes(finalizer)) object.metadata.finalizers = [...finalizers, finalizer]
  },
}
