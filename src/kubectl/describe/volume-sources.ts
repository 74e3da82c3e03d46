// What a description says of each kind of volume source.

import type { PersistentVolumeSpec, Volume } from '../../api/generated/core-v1.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import { quantityText } from './format.ts'

/** A volume's source in a pod or in a persistent volume: the same names, with more fields in the latter. */
export type Source = Omit<Volume, 'name'> & Omit<PersistentVolumeSpec, keyof Volume>
type Row = readonly [label: string, value: unknown]

/** A source in words and its settings. */
export interface SourceText {
  readonly title: string
  readonly rows: readonly Row[]
}

/** How Go prints a pointer to a reference. */
function reference(type: string, ref: { name?: string; namespace?: string } | undefined): string {
  if (!ref) return 'nil'
  const namespace = type === 'SecretReference' ? `Namespace:${ref.namespace ?? ''},` : ''
  return `&${type}{Name:${ref.name ?? ''},${namespace}}`
}

/** The words for a source whose settings are all plain values; undefined for any other. */
export function sourceText(s: Source, persistent: boolean): SourceText | undefined {
  return commonSource(s) ?? networkSource(s, persistent) ?? cloudSource(s, persistent)
}

function commonSource(s: Source): SourceText | undefined {
  if (s.hostPath) {
    return {
      title: 'HostPath (bare host directory volume)',
      rows: [
        ['Path:', s.hostPath.path],
        ['HostPathType:', s.hostPath.type ?? '<none>'],
      ],
    }
  }
  if (s.emptyDir) {
    const limit = s.emptyDir.sizeLimit
    return {
      title: "EmptyDir (a temporary directory that shares a pod's lifetime)",
      rows: [
        ['Medium:', s.emptyDir.medium],
        ['SizeLimit:', limit !== undefined && compareQuantities(limit, '0') > 0 ? quantityText(limit) : '<unset>'],
      ],
    }
  }
  if (s.secret) {
    return {
      title: 'Secret (a volume populated by a Secret)',
      rows: [
        ['SecretName:', s.secret.secretName],
        ['Optional:', s.secret.optional ?? false],
      ],
    }
  }
  if (s.configMap) {
    return {
      title: 'ConfigMap (a volume populated by a ConfigMap)',
      rows: [
        ['Name:', s.configMap.name],
        ['Optional:', s.configMap.optional ?? false],
      ],
    }
  }
  if (s.persistentVolumeClaim) {
    return {
      title: 'PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)',
      rows: [
        ['ClaimName:', s.persistentVolumeClaim.claimName],
        ['ReadOnly:', s.persistentVolumeClaim.readOnly ?? false],
      ],
    }
  }
  if (s.csi) {
    const handle = (s.csi as { volumeHandle?: string }).volumeHandle
    return {
      title: 'CSI (a Container Storage Interface (CSI) volume source)',
      rows: [
        ['Driver:', s.csi.driver],
        ['FSType:', s.csi.fsType],
        ...(handle === undefined ? [] : [['VolumeHandle:', handle] as const]),
        ['ReadOnly:', s.csi.readOnly ?? false],
      ],
    }
  }
  if (s.image) {
    return {
      title: 'Image (a container image or OCI artifact)',
      rows: [
        ['Reference:', s.image.reference],
        ['PullPolicy:', s.image.pullPolicy],
      ],
    }
  }
  if (s.local) {
    return {
      title: 'LocalVolume (a persistent volume backed by local storage on a node)',
      rows: [['Path:', s.local.path]],
    }
  }
  if (s.gitRepo) {
    return {
      title: 'GitRepo (a volume that is pulled from git when the pod is created)',
      rows: [
        ['Repository:', s.gitRepo.repository],
        ['Revision:', s.gitRepo.revision],
      ],
    }
  }
  return undefined
}

function networkSource(s: Source, persistent: boolean): SourceText | undefined {
  const secretType = persistent ? 'SecretReference' : 'LocalObjectReference'
  if (s.nfs) {
    return {
      title: 'NFS (an NFS mount that lasts the lifetime of a pod)',
      rows: [
        ['Server:', s.nfs.server],
        ['Path:', s.nfs.path],
        ['ReadOnly:', s.nfs.readOnly ?? false],
      ],
    }
  }
  if (s.iscsi) {
    return {
      title: "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
      rows: [
        ['TargetPortal:', s.iscsi.targetPortal],
        ['IQN:', s.iscsi.iqn],
        ['Lun:', s.iscsi.lun],
        ['ISCSIInterface', s.iscsi.iscsiInterface],
        ['FSType:', s.iscsi.fsType],
        ['ReadOnly:', s.iscsi.readOnly ?? false],
        ['Portals:', s.iscsi.portals ?? []],
        ['DiscoveryCHAPAuth:', s.iscsi.chapAuthDiscovery ?? false],
        ['SessionCHAPAuth:', s.iscsi.chapAuthSession ?? false],
        ['SecretRef:', reference(secretType, s.iscsi.secretRef)],
        ['InitiatorName:', s.iscsi.initiatorName ?? '<none>'],
      ],
    }
  }
  if (s.fc) {
    return {
      title: 'FC (a Fibre Channel disk)',
      rows: [
        ['TargetWWNs:', (s.fc.targetWWNs ?? []).join(', ')],
        ['LUN:', s.fc.lun ?? '<none>'],
        ['FSType:', s.fc.fsType],
        ['ReadOnly:', s.fc.readOnly ?? false],
      ],
    }
  }
  if (s.glusterfs) {
    const { endpointsNamespace = '<unset>' } = s.glusterfs as { endpointsNamespace?: string }
    return {
      title: "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
      rows: [
        ['EndpointsName:', s.glusterfs.endpoints],
        ...(persistent ? [['EndpointsNamespace:', endpointsNamespace] as const] : []),
        ['Path:', s.glusterfs.path],
        ['ReadOnly:', s.glusterfs.readOnly ?? false],
      ],
    }
  }
  if (s.rbd) {
    return {
      title: "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)",
      rows: [
        ['CephMonitors:', s.rbd.monitors ?? []],
        ['RBDImage:', s.rbd.image],
        ['FSType:', s.rbd.fsType],
        ['RBDPool:', s.rbd.pool],
        ['RadosUser:', s.rbd.user],
        ['Keyring:', s.rbd.keyring],
        ['SecretRef:', reference(secretType, s.rbd.secretRef)],
        ['ReadOnly:', s.rbd.readOnly ?? false],
      ],
    }
  }
  if (s.cephfs) {
    return {
      title: "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
      rows: [
        ['Monitors:', s.cephfs.monitors ?? []],
        ['Path:', s.cephfs.path],
        ['User:', s.cephfs.user],
        ['SecretFile:', s.cephfs.secretFile],
        ['SecretRef:', reference(secretType, s.cephfs.secretRef)],
        ['ReadOnly:', s.cephfs.readOnly ?? false],
      ],
    }
  }
  if (s.quobyte) {
    return {
      title: "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)",
      rows: [
        ['Registry:', s.quobyte.registry],
        ['Volume:', s.quobyte.volume],
        ['ReadOnly:', s.quobyte.readOnly ?? false],
      ],
    }
  }
  return undefined
}

function cloudSource(s: Source, persistent: boolean): SourceText | undefined {
  const secretType = persistent ? 'SecretReference' : 'LocalObjectReference'
  if (s.gcePersistentDisk) {
    return {
      title: 'GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)',
      rows: [
        ['PDName:', s.gcePersistentDisk.pdName],
        ['FSType:', s.gcePersistentDisk.fsType],
        ['Partition:', s.gcePersistentDisk.partition ?? 0],
        ['ReadOnly:', s.gcePersistentDisk.readOnly ?? false],
      ],
    }
  }
  if (s.awsElasticBlockStore) {
    return {
      title: 'AWSElasticBlockStore (a Persistent Disk resource in AWS)',
      rows: [
        ['VolumeID:', s.awsElasticBlockStore.volumeID],
        ['FSType:', s.awsElasticBlockStore.fsType],
        ['Partition:', s.awsElasticBlockStore.partition ?? 0],
        ['ReadOnly:', s.awsElasticBlockStore.readOnly ?? false],
      ],
    }
  }
  if (s.azureDisk) {
    return {
      title: 'AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)',
      rows: [
        ['DiskName:', s.azureDisk.diskName],
        ['DiskURI:', s.azureDisk.diskURI],
        ['Kind: ', s.azureDisk.kind],
        ['FSType:', s.azureDisk.fsType],
        ['CachingMode:', s.azureDisk.cachingMode],
        ['ReadOnly:', s.azureDisk.readOnly ?? false],
      ],
    }
  }
  if (s.azureFile) {
    const { secretNamespace = '' } = s.azureFile as { secretNamespace?: string }
    return {
      title: 'AzureFile (an Azure File Service mount on the host and bind mount to the pod)',
      rows: [
        ['SecretName:', s.azureFile.secretName],
        ...(persistent ? [['SecretNamespace:', secretNamespace] as const] : []),
        ['ShareName:', s.azureFile.shareName],
        ['ReadOnly:', s.azureFile.readOnly ?? false],
      ],
    }
  }
  if (s.vsphereVolume) {
    return {
      title: 'vSphereVolume (a Persistent Disk resource in vSphere)',
      rows: [
        ['VolumePath:', s.vsphereVolume.volumePath],
        ['FSType:', s.vsphereVolume.fsType],
        ['StoragePolicyName:', s.vsphereVolume.storagePolicyName],
      ],
    }
  }
  if (s.photonPersistentDisk) {
    return {
      title: 'PhotonPersistentDisk (a Persistent Disk resource in photon platform)',
      rows: [
        ['PdID:', s.photonPersistentDisk.pdID],
        ['FSType:', s.photonPersistentDisk.fsType],
      ],
    }
  }
  if (s.cinder) {
    return {
      title: 'Cinder (a Persistent Disk resource in OpenStack)',
      rows: [
        ['VolumeID:', s.cinder.volumeID],
        ['FSType:', s.cinder.fsType],
        ['ReadOnly:', s.cinder.readOnly ?? false],
        ['SecretRef:', reference(secretType, s.cinder.secretRef)],
      ],
    }
  }
  if (s.scaleIO) {
    const secret = s.scaleIO.secretRef as { name?: string; namespace?: string } | undefined
    return {
      title: 'ScaleIO (a persistent volume backed by a block device in ScaleIO)',
      rows: [
        ['Gateway:', s.scaleIO.gateway],
        ['System:', s.scaleIO.system],
        ['Protection Domain:', s.scaleIO.protectionDomain],
        ['Storage Pool:', s.scaleIO.storagePool],
        ['Storage Mode:', s.scaleIO.storageMode],
        ['VolumeName:', s.scaleIO.volumeName],
        ...(persistent
          ? [['SecretName:', secret?.name] as const, ['SecretNamespace:', secret?.namespace] as const]
          : []),
        ['FSType:', s.scaleIO.fsType],
        ['ReadOnly:', s.scaleIO.readOnly ?? false],
      ],
    }
  }
  return pluginSource(s, secretType)
}

function pluginSource(s: Source, secretType: string): SourceText | undefined {
  if (s.portworxVolume) {
    return { title: 'PortworxVolume (a Portworx Volume resource)', rows: [['VolumeID:', s.portworxVolume.volumeID]] }
  }
  if (s.storageos) {
    return {
      title: 'StorageOS (a StorageOS Persistent Disk resource)',
      rows: [
        ['VolumeName:', s.storageos.volumeName],
        ['VolumeNamespace:', s.storageos.volumeNamespace],
        ['FSType:', s.storageos.fsType],
        ['ReadOnly:', s.storageos.readOnly ?? false],
      ],
    }
  }
  if (s.flocker) {
    return {
      title: 'Flocker (a Flocker volume mounted by the Flocker agent)',
      rows: [
        ['DatasetName:', s.flocker.datasetName],
        ['DatasetUUID:', s.flocker.datasetUUID],
      ],
    }
  }
  if (s.flexVolume) {
    return {
      title: 'FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)',
      rows: [
        ['Driver:', s.flexVolume.driver],
        ['FSType:', s.flexVolume.fsType],
        ['SecretRef:', reference(secretType, s.flexVolume.secretRef)],
        ['ReadOnly:', s.flexVolume.readOnly ?? false],
        ['Options:', s.flexVolume.options ?? {}],
      ],
    }
  }
  return undefined
}
