// What is refused in the volumes of pods and in their mounts. Rules: k8s.io/kubernetes/pkg/apis/core/validation.

import { pods } from '../../../src/api/generated/resources.ts'
import { type Case, type Change, runTables } from './support.ts'

const volume = (...volumes: Change[]): Change => ({ spec: { volumes } })
const at = 'spec.volumes[0]'
const MODE = 'must be a number between 0 and 0777 (octal), both inclusive'
const DEEP = "must not contain '..'"
const one = (source: Change) => volume({ name: 'v', ...source })
const projected = (...sources: Change[]) => one({ projected: { sources } })

const sources: readonly Case[] = [
  ['ValidateVolumes', volume({ name: '', emptyDir: {} }), [`${at}.name: Required value`]],
  [
    'ValidateVolumes',
    volume({ name: 'v', emptyDir: {} }, { name: 'v', emptyDir: {} }),
    ['spec.volumes[1].name: Duplicate value: "v"'],
  ],
  ['SetDefaults_Volume', volume({ name: 'v' }), []],
  [
    'validateVolumeSource',
    one({ emptyDir: {}, hostPath: { path: '/a' } }),
    [`${at}.hostPath: Forbidden: may not specify more than 1 volume type`],
  ],
  [
    'validateVolumeSource',
    one({ emptyDir: { sizeLimit: '-1' } }),
    [`${at}.emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity`],
  ],
  ['validateHostPathVolumeSource', one({ hostPath: { path: '' } }), [`${at}.hostPath.path: Required value`]],
  [
    'validatePathNoBacksteps',
    one({ hostPath: { path: '/a/../b' } }),
    [`${at}.hostPath.path: Invalid value: "/a/../b": ${DEEP}`],
  ],
  [
    'validateHostPathType',
    one({ hostPath: { path: '/a', type: 'x' } }),
    [
      `${at}.hostPath.type: Unsupported value: "x": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"`,
    ],
  ],
  ['validateSecretVolumeSource', one({ secret: { secretName: '' } }), [`${at}.secret.secretName: Required value`]],
  [
    'validateSecretVolumeSource',
    one({ secret: { secretName: 'a', defaultMode: 512 } }),
    [`${at}.secret.defaultMode: Invalid value: 512: ${MODE}`],
  ],
  [
    'validateKeyToPath',
    one({ configMap: { name: 'a', items: [{ key: '', path: '/a' }] } }),
    [
      `${at}.configMap.items[0].key: Required value`,
      `${at}.configMap.items[0].path: Invalid value: "/a": must be a relative path`,
    ],
  ],
  [
    'ValidateLocalNonReservedPath',
    one({ configMap: { name: 'a', items: [{ key: 'a', path: '..a', mode: -1 }] } }),
    [
      `${at}.configMap.items[0].path: Invalid value: "..a": must not start with '..'`,
      `${at}.configMap.items[0].mode: Invalid value: -1: ${MODE}`,
    ],
  ],
  [
    'validatePersistentClaimVolumeSource',
    one({ persistentVolumeClaim: { claimName: '' } }),
    [`${at}.persistentVolumeClaim.claimName: Required value`],
  ],
  [
    'validateNFSVolumeSource',
    one({ nfs: { server: '', path: 'a' } }),
    [`${at}.nfs.server: Required value`, `${at}.nfs.path: Invalid value: "a": must be an absolute path`],
  ],
  [
    'validateISCSIVolumeSource',
    one({ iscsi: { targetPortal: '', iqn: 'x', lun: 256 } }),
    [
      `${at}.iscsi.targetPortal: Required value`,
      `${at}.iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa`,
      `${at}.iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive`,
    ],
  ],
  [
    'validateFCVolumeSource',
    one({ fc: {} }),
    [`${at}.fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both`],
  ],
  [
    'validateFlexVolumeSource',
    one({ flexVolume: { driver: 'a', options: { 'kubernetes.io/x': 'y' } } }),
    [
      `${at}.flexVolume.options[kubernetes.io/x]: Invalid value: "kubernetes.io/x": kubernetes.io and k8s.io namespaces are reserved`,
    ],
  ],
  ['validateCephFSVolumeSource', one({ cephfs: { monitors: [] } }), [`${at}.cephfs.monitors: Required value`]],
  [
    'validateDownwardAPIVolumeFile',
    one({ downwardAPI: { items: [{ path: 'a' }] } }),
    [`${at}.downwardAPI: Required value: one of fieldRef and resourceFieldRef is required`],
  ],
  [
    'validateContainerResourceFieldSelector',
    one({ downwardAPI: { items: [{ path: 'a', resourceFieldRef: { resource: 'limits.cpu' } }] } }),
    [`${at}.downwardAPI.resourceFieldRef.containerName: Required value`],
  ],
  ['validateCSIVolumeSource', one({ csi: { driver: '' } }), [`${at}.csi.driver: Required value`]],
  ['validateEphemeralVolumeSource', one({ ephemeral: {} }), [`${at}.ephemeral.volumeClaimTemplate: Required value`]],
  [
    'ValidatePersistentVolumeClaimSpec',
    one({ ephemeral: { volumeClaimTemplate: { spec: {} } } }),
    [
      `${at}.ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required`,
      `${at}.ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value`,
    ],
  ],
  ['validateImageVolumeSource', one({ image: {} }), [`${at}.image.reference: Required value`]],
  [
    'validateProjectionSources',
    projected(
      { secret: { name: 'a', items: [{ key: 'k', path: 'p' }] } },
      { configMap: { name: 'b', items: [{ key: 'k', path: 'p' }] } },
    ),
    [`${at}.projected: Invalid value: "b": conflicting duplicate paths`],
  ],
  [
    'validateProjectionSources',
    projected({ secret: { name: 'a' }, configMap: { name: 'b' } }),
    [`${at}.projected.sources[0]: Forbidden: may not specify more than 1 volume type per source`],
  ],
  [
    'validateProjectionSources',
    projected({ serviceAccountToken: { path: '', expirationSeconds: 5 } }),
    [
      `${at}.projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes`,
      `${at}.projected.path: Required value`,
    ],
  ],
]

const mounted = (source: Change, ...volumeMounts: Change[]): Change => ({
  spec: { volumes: [{ name: 'v', ...source }], containers: [{ name: 'c', image: 'i', volumeMounts }] },
})
const mounts = 'spec.containers[0].volumeMounts'
const empty = { emptyDir: {} }

const mountCases: readonly Case[] = [
  ['ValidateVolumeMounts', mounted(empty, { name: 'x', mountPath: '/a' }), [`${mounts}[0].name: Not found: "x"`]],
  ['ValidateVolumeMounts', mounted(empty, { name: 'v', mountPath: '' }), [`${mounts}[0].mountPath: Required value`]],
  [
    'ValidateVolumeMounts',
    mounted(empty, { name: 'v', mountPath: '/a' }, { name: 'v', mountPath: '/a' }),
    [`${mounts}[1].mountPath: Invalid value: "/a": must be unique`],
  ],
  [
    'validateLocalDescendingPath',
    mounted(empty, { name: 'v', mountPath: '/a', subPath: '/b/..' }),
    [
      `${mounts}.subPath: Invalid value: "/b/..": must be a relative path`,
      `${mounts}.subPath: Invalid value: "/b/..": ${DEEP}`,
    ],
  ],
  [
    'ValidateVolumeMounts',
    mounted(empty, { name: 'v', mountPath: '/a', subPath: 'b', subPathExpr: 'c' }),
    [`${mounts}[0].subPathExpr: Invalid value: "c": subPathExpr and subPath are mutually exclusive`],
  ],
  [
    'validateMountPropagation',
    mounted(empty, { name: 'v', mountPath: '/a', mountPropagation: 'Bidirectional' }),
    [
      `${mounts}.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers`,
    ],
  ],
  [
    'validateMountRecursiveReadOnly',
    mounted(empty, { name: 'v', mountPath: '/a', recursiveReadOnly: 'Enabled' }),
    [`${mounts}.recursiveReadOnly: Forbidden: may only be specified when readOnly is true`],
  ],
  ['ValidateVolumeMounts', mounted({ image: { reference: 'a' } }, { name: 'v', mountPath: '/a', subPath: 'b' }), []],
  [
    'ValidateVolumeDevices',
    {
      spec: {
        volumes: [{ name: 'v', emptyDir: {} }],
        containers: [{ name: 'c', image: 'i', volumeDevices: [{ name: 'v', devicePath: '/dev/../a' }] }],
      },
    },
    [
      'spec.containers[0].volumeDevices[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
      'spec.containers[0].volumeDevices[0].devicePath: Invalid value: "/dev/../a": can not contain backsteps (\'..\')',
    ],
  ],
]

runTables({
  resource: pods,
  base: { spec: { containers: [{ name: 'c', image: 'i' }] } },
  create: [...sources, ...mountCases],
})
