// persistentvolumes. Spec: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/persistent-volume-v1/

import type { PersistentVolume } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { compareQuantities } from '../../../machinery/quantity.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, OLD_STORAGE_CLASS, quantityText, text } from '../columns/common.ts'
import { checkOptionalEnum, immutable } from '../core/field-checks.ts'
import { accessModesText } from './access-modes.ts'
import { checkClassName, VOLUME_MODES, validateAccessModes } from './claim-validation.ts'

const SOURCES = [
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'csi',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'glusterfs',
  'hostPath',
  'iscsi',
  'local',
  'nfs',
  'photonPersistentDisk',
  'portworxVolume',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
] as const
const POLICIES = ['Delete', 'Recycle', 'Retain']

const sourcesOf = (volume: PersistentVolume) => SOURCES.filter((name) => volume.spec[name] !== undefined)

export const persistentVolumes = defineResource<PersistentVolume>({
  group: '',
  resource: 'persistentvolumes',
  shortNames: ['pv'],
  generation: false,
  defaults({ spec }) {
    spec.persistentVolumeReclaimPolicy ??= 'Retain'
    spec.volumeMode ??= 'Filesystem'
    if (spec.hostPath) spec.hostPath.type ??= ''
    if (spec.iscsi) spec.iscsi.iscsiInterface ??= 'default'
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
  validate(volume) {
    const { spec } = volume
    const errors: FieldError[] = []
    const modes = spec.accessModes ?? []
    if (modes.length === 0) errors.push(field.required('spec.accessModes'))
    errors.push(...validateAccessModes(modes, 'spec.accessModes'))
    if (Object.keys(spec.capacity ?? {}).length === 0) errors.push(field.required('spec.capacity'))
    else if (!spec.capacity?.storage || Object.keys(spec.capacity).length > 1) {
      errors.push(field.notSupported('spec.capacity', spec.capacity, ['storage']))
    }
    for (const [name, value] of Object.entries(spec.capacity ?? {})) {
      if (compareQuantities(value, '0') > 0) continue
      errors.push(field.invalid(`spec.capacity[${name}]`, value, 'must be greater than zero'))
    }
    if (!POLICIES.includes(spec.persistentVolumeReclaimPolicy ?? '')) {
      errors.push(
        field.notSupported('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, POLICIES),
      )
    }
    const sources = sourcesOf(volume)
    if (sources.length === 0) errors.push(field.required('spec', 'must specify a volume type'))
    for (const extra of sources.slice(1)) {
      errors.push(field.forbidden(`spec.${extra}`, 'may not specify more than 1 volume type'))
    }
    if (spec.hostPath && !spec.hostPath.path) errors.push(field.required('spec.hostPath.path'))
    if (spec.hostPath?.path?.split('/').includes('..')) {
      errors.push(field.invalid('spec.hostPath.path', spec.hostPath.path, "must not contain '..'"))
    }
    if (spec.hostPath?.path === '/' && spec.persistentVolumeReclaimPolicy === 'Recycle') {
      errors.push(
        field.forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"),
      )
    }
    if (spec.local) {
      if (!spec.local.path) errors.push(field.required('spec.local.path'))
      if (!spec.nodeAffinity) errors.push(field.required('spec.nodeAffinity', 'Local volume requires node affinity'))
    }
    errors.push(...checkClassName('spec.storageClassName', spec.storageClassName))
    return [...errors, ...checkOptionalEnum('spec.volumeMode', spec.volumeMode, VOLUME_MODES)]
  },
  validateUpdate(volume, old) {
    const errors: FieldError[] = []
    const sources = (v: PersistentVolume) => Object.fromEntries(SOURCES.map((name) => [name, v.spec[name]]))
    if (!sameJson(sources(volume), sources(old))) {
      errors.push(
        field.forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation'),
      )
    }
    errors.push(...immutable('spec.volumeMode', volume.spec.volumeMode, old.spec.volumeMode))
    if (old.spec.nodeAffinity) {
      errors.push(...immutable('spec.nodeAffinity', volume.spec.nodeAffinity, old.spec.nodeAffinity))
    }
    return errors
  },
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
