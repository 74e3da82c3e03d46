// DefaultStorageClass: gives new claims that name no class the default one.
// Spec: https://kubernetes.io/docs/concepts/storage/storage-classes/#default-storageclass

import type { PersistentVolumeClaim } from '../../api/generated/core-v1.ts'
import type { StorageClass } from '../../api/generated/storage-v1.ts'
import type { Registry } from '../registry/registry.ts'
import { OLD_STORAGE_CLASS } from '../resources/columns/common.ts'
import { isDefaultStorageClass } from '../resources/storage/classes.ts'
import { type AdmissionPlugin, onCreate } from './admission.ts'
import { newestFirst } from './newest-first.ts'

export function defaultStorageClass(registry: Registry): AdmissionPlugin {
  const classes = registry.resource('storage.k8s.io', 'storageclasses')
  return {
    name: 'DefaultStorageClass',
    admit: onCreate('', 'persistentvolumeclaims', async ({ object }) => {
      const { spec, metadata } = object as unknown as PersistentVolumeClaim
      if (spec.storageClassName !== undefined || metadata.annotations?.[OLD_STORAGE_CLASS] !== undefined) return
      const cache = await registry.cache(classes)
      const known = [...cache.entriesUnder(classes.prefix)].map((entry) => entry.object as unknown as StorageClass)
      const [chosen] = known.filter(isDefaultStorageClass).sort(newestFirst)
      if (chosen) spec.storageClassName = chosen.metadata.name
    }),
  }
}
