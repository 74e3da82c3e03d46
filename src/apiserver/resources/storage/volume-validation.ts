// Validation of persistent volumes' specs, wherever they are. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type {
  CSIPersistentVolumeSource,
  PersistentVolume,
  PersistentVolumeSpec,
  SecretReference,
  VolumeNodeAffinity,
} from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { unifiedDiff } from '../../../machinery/go/unified-diff.ts'
import { dnsLabelProblem, dnsSubdomainProblem } from '../../../machinery/names.ts'
import { compareQuantities } from '../../../machinery/quantity.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { checkNoBacksteps, checkOptionalEnum, checkRequired, immutable, invalidFor } from '../core/field-checks.ts'
import { internalJson } from '../core/internal-shapes.ts'
import { validateNodeSelector } from '../core/pod-scheduling.ts'
import { networkSources, validateDriverName, validateHostPath } from '../core/volume-sources.ts'
import { checkClassName, VOLUME_MODES, validateAccessModes } from './claim-validation.ts'

const POLICIES = ['Delete', 'Recycle', 'Retain']
const INLINE = 'in the context of inline volumes'
const SOURCE_IMMUTABLE = 'spec.persistentvolumesource is immutable after creation'
const SECRETS = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const

type Source = keyof typeof networkSources | 'hostPath' | 'local' | 'csi'
type Check<K extends Source> = (
  source: NonNullable<PersistentVolumeSpec[K]>,
  at: string,
  volumeName: string,
) => FieldError[]

/** Every kind of volume, in the order in which more than one is blamed. */
const SOURCES: { readonly [K in Source]-?: Check<K> } = {
  hostPath: validateHostPath,
  gcePersistentDisk: networkSources.gcePersistentDisk,
  awsElasticBlockStore: networkSources.awsElasticBlockStore,
  glusterfs: networkSources.glusterfs,
  flocker: networkSources.flocker,
  nfs: networkSources.nfs,
  rbd: networkSources.rbd,
  quobyte: networkSources.quobyte,
  cephfs: networkSources.cephfs,
  iscsi: networkSources.iscsi,
  cinder: networkSources.cinder,
  fc: networkSources.fc,
  flexVolume: networkSources.flexVolume,
  azureFile: (source, at) => [
    ...networkSources.azureFile(source, at),
    ...(source.secretNamespace === '' ? [field.required(`${at}.secretNamespace`)] : []),
  ],
  vsphereVolume: networkSources.vsphereVolume,
  photonPersistentDisk: networkSources.photonPersistentDisk,
  portworxVolume: networkSources.portworxVolume,
  azureDisk: networkSources.azureDisk,
  scaleIO: networkSources.scaleIO,
  local: ({ path }, at) => (path ? checkNoBacksteps(`${at}.path`, path) : [field.required(`${at}.path`)]),
  storageos: networkSources.storageos,
  csi: validateCsi,
}

/** Names under which sources are blamed where they are not the fields' own. */
const BLAMED: Readonly<Record<string, string>> = { cephfs: 'cephFS' }
const CHECKED: Readonly<Record<string, string>> = { gcePersistentDisk: 'persistentDisk' }

const sourcesOf = (spec: PersistentVolumeSpec) =>
  (Object.keys(SOURCES) as Source[]).filter((name) => spec[name] !== undefined)

interface VolumeContext {
  readonly name?: string
  readonly inline?: boolean
  /** What it was; label values that no label can have are let be where there were some. */
  readonly old?: PersistentVolumeSpec
}

/** Problems of a volume's spec at `path`; an inline one is part of a pod and has no life of its own. */
export function validateVolumeSpec(
  spec: PersistentVolumeSpec,
  path: string,
  { name = '', inline = false, old }: VolumeContext,
): FieldError[] {
  const modes = spec.accessModes ?? []
  return [
    ...(inline ? validateInline(spec, path) : []),
    ...(modes.length === 0 ? [field.required(`${path}.accessModes`)] : []),
    ...validateAccessModes(modes, `${path}.accessModes`),
    ...(inline ? [] : validateCapacity(spec, `${path}.capacity`)),
    ...validatePolicy(spec, inline, `${path}.persistentVolumeReclaimPolicy`),
    ...validateAffinity(spec.nodeAffinity, inline, `${path}.nodeAffinity`, old?.nodeAffinity),
    ...validateSources(spec, path, name),
    ...validateClasses(spec, inline, path),
  ]
}

function validateInline({ claimRef, capacity, csi }: PersistentVolumeSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (claimRef) errors.push(field.forbidden(`${path}.claimRef`, `may not be specified ${INLINE}`))
  if (Object.keys(capacity ?? {}).length > 0) {
    errors.push(field.forbidden(`${path}.capacity`, `may not be specified ${INLINE}`))
  }
  if (!csi) errors.push(field.required(`${path}.csi`, `has to be specified ${INLINE}`))
  return errors
}

function validateCapacity({ capacity }: PersistentVolumeSpec, path: string): FieldError[] {
  const entries = Object.entries(capacity ?? {})
  return [
    ...(entries.length === 0 ? [field.required(path)] : []),
    ...(capacity?.storage === undefined || entries.length > 1
      ? [field.notSupported(path, capacity ?? null, ['storage'])]
      : []),
    ...entries
      .filter(([, value]) => compareQuantities(value, '0') <= 0)
      .map(([name, value]) => field.invalid(`${path}[${name}]`, value, 'must be greater than zero')),
  ]
}

function validatePolicy(
  { persistentVolumeReclaimPolicy: policy }: PersistentVolumeSpec,
  inline: boolean,
  path: string,
): FieldError[] {
  if (!policy) return []
  if (!inline) return checkOptionalEnum(path, policy, POLICIES)
  return policy === 'Retain' ? [] : [field.forbidden(path, `may only be Retain ${INLINE}`)]
}

function validateAffinity(
  affinity: VolumeNodeAffinity | undefined,
  inline: boolean,
  path: string,
  old: VolumeNodeAffinity | undefined,
): FieldError[] {
  if (!affinity) return []
  if (inline) return [field.forbidden(path, `may not be specified ${INLINE}`)]
  if (!affinity.required) return [field.required(`${path}.required`, 'must specify required node constraints')]
  const anyValue = old?.required !== undefined && validateNodeSelector(old.required, '').length > 0
  return validateNodeSelector(affinity.required, `${path}.required`, anyValue)
}

function validateSources(spec: PersistentVolumeSpec, path: string, name: string): FieldError[] {
  const [kind, ...more] = sourcesOf(spec)
  if (!kind) return [field.required(path, 'must specify a volume type')]
  const check = SOURCES[kind] as (source: unknown, at: string, volumeName: string) => FieldError[]
  const errors = check(spec[kind], `${path}.${CHECKED[kind] ?? kind}`, name)
  if (kind === 'local' && !spec.nodeAffinity?.required) {
    errors.push(field.required(`${path}.nodeAffinity`, 'Local volume requires node affinity'))
  }
  for (const other of more) {
    errors.push(field.forbidden(`${path}.${BLAMED[other] ?? other}`, 'may not specify more than 1 volume type'))
  }
  const isRoot = spec.hostPath !== undefined && /^\/[/.]*$/.test(spec.hostPath.path ?? '')
  if (isRoot && spec.persistentVolumeReclaimPolicy === 'Recycle') {
    const why = "may not be 'recycle' for a hostPath mount of '/'"
    errors.push(field.forbidden(`${path}.persistentVolumeReclaimPolicy`, why))
  }
  return errors
}

function validateClasses(spec: PersistentVolumeSpec, inline: boolean, path: string): FieldError[] {
  const { storageClassName, volumeMode, volumeAttributesClassName: attributesClass, csi } = spec
  const errors: FieldError[] = []
  if (inline) {
    if (storageClassName) errors.push(field.forbidden(`${path}.storageClassName`, `may not be specified ${INLINE}`))
    if (volumeMode !== undefined && volumeMode !== 'Filesystem') {
      errors.push(field.forbidden(`${path}.volumeMode`, `may not specify volumeMode other than Filesystem ${INLINE}`))
    }
  } else {
    errors.push(...checkClassName(`${path}.storageClassName`, storageClassName))
    errors.push(...checkOptionalEnum(`${path}.volumeMode`, volumeMode, VOLUME_MODES))
  }
  if (attributesClass === undefined) return errors
  const at = `${path}.volumeAttributesClassName`
  if (attributesClass === '') errors.push(field.required(at, 'an empty string is disallowed'))
  errors.push(...checkClassName(at, attributesClass))
  if (!csi) errors.push(field.required(`${path}.csi`, 'has to be specified when using volumeAttributesClassName'))
  return errors
}

function validateCsi(source: CSIPersistentVolumeSource, at: string): FieldError[] {
  return [
    ...validateDriverName(`${at}.driver`, source.driver),
    ...checkRequired(`${at}.volumeHandle`, source.volumeHandle),
    ...SECRETS.flatMap((name) => validateSecretRef(source[name], `${at}.${name}`)),
  ]
}

function validateSecretRef(secret: SecretReference | undefined, at: string): FieldError[] {
  if (!secret) return []
  const { name = '', namespace = '' } = secret
  return [
    ...(name === '' ? [field.required(`${at}.name`)] : invalidFor(`${at}.name`, name, [dnsSubdomainProblem(name)])),
    ...(namespace === ''
      ? [field.required(`${at}.namespace`)]
      : invalidFor(`${at}.namespace`, namespace, [dnsLabelProblem(namespace)])),
  ]
}

/** Problems of a change of a volume: what it is made of stays. Paths are upstream's. */
export function validateVolumeUpdate(volume: PersistentVolume, old: PersistentVolume): FieldError[] {
  const errors: FieldError[] = []
  if (!sameJson(madeOf(volume, old), madeOf(old, old))) {
    const [was, is] = [madeOf(old, old), madeOf(volume, old)].map((source) =>
      internalJson('PersistentVolumeSource', source),
    )
    const diff = unifiedDiff(was ?? '', is ?? '')
    errors.push(field.forbidden('spec.persistentvolumesource', `${SOURCE_IMMUTABLE}\n${diff}`))
  }
  errors.push(...immutable('volumeMode', volume.spec.volumeMode, old.spec.volumeMode))
  if (old.spec.nodeAffinity) {
    errors.push(...immutable('nodeAffinity', volume.spec.nodeAffinity, old.spec.nodeAffinity))
  }
  if (old.spec.volumeAttributesClassName !== undefined && volume.spec.volumeAttributesClassName === undefined) {
    const why = 'update from non-nil value to nil is forbidden'
    errors.push(field.forbidden('spec.volumeAttributesClassName', why))
  }
  return errors
}

/** The sources of a volume. A secret for its expansion may be given to one that has none. */
function madeOf({ spec }: PersistentVolume, old: PersistentVolume): Record<string, unknown> {
  const sources = Object.fromEntries(sourcesOf(spec).map((name) => [name, spec[name]]))
  if (!spec.csi || old.spec.csi?.controllerExpandSecretRef) return sources
  const { controllerExpandSecretRef: _, ...csi } = spec.csi
  return { ...sources, csi }
}
