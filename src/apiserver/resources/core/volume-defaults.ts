// Defaults of volumes, whoever has them. Values: k8s.io/kubernetes/pkg/apis/core/v1/zz_generated.defaults.go.

import type { PersistentVolumeClaimSpec, PersistentVolumeSpec, Volume } from '../../../api/generated/core-v1.ts'

/** Kinds of volumes that pods and volumes of the cluster have in common. */
type Source = Pick<Volume & PersistentVolumeSpec, 'hostPath' | 'iscsi' | 'rbd' | 'azureDisk' | 'scaleIO'>

/** Fills in the source of a volume in place. */
export function defaultVolumeSource({ hostPath, iscsi, rbd, azureDisk, scaleIO }: Source): void {
  if (hostPath) hostPath.type ??= ''
  if (iscsi) iscsi.iscsiInterface ||= 'default'
  if (rbd) {
    rbd.pool ||= 'rbd'
    rbd.user ||= 'admin'
    rbd.keyring ||= '/etc/ceph/keyring'
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite'
    azureDisk.fsType ??= 'ext4'
    azureDisk.readOnly ??= false
    azureDisk.kind ??= 'Shared'
  }
  if (scaleIO) {
    scaleIO.storageMode ||= 'ThinProvisioned'
    scaleIO.fsType ||= 'xfs'
  }
}

/** Fills in the spec of a claim, as claims and templates of claims share it. */
export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= 'Filesystem'
}
