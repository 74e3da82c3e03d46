// Validation of volumes that nodes and storage systems provide, as pods and persistent volumes name them.
// Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type { Volume } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem, dnsSubdomainProblem } from '../../../machinery/names.ts'
import { checkNoBacksteps, checkOptionalEnum, checkRange, checkRequired, invalidFor } from './field-checks.ts'

const PARTITION = 'must be a number between 0 and 255 (inclusive)'
const IQN = /^iqn\.\d{4}-\d{2}\.([a-z0-9-.]+)(:.+)?$/i
const EUI = /^eui.[0-9a-f]{16}$/i
const NAA = /^naa.[0-9a-f]{32}$/i
const HOST_PORTS = 'must be a host:port pair or multiple pairs separated by commas'
const MANAGED_DISK = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}'
const BLOB_DISK = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]

type Given<K extends keyof Volume> = NonNullable<Volume[K]>

function checkPartition(at: string, partition = 0): FieldError[] {
  if (partition >= 0 && partition <= 255) return []
  return [field.invalid(`${at}.partition`, partition, PARTITION)]
}

function checkSecret(at: string, secret: { name?: string } | undefined): FieldError[] {
  return secret ? checkRequired(`${at}.secretRef.name`, secret.name) : []
}

function checkIscsiName(path: string, name: string): FieldError[] {
  const format = name.startsWith('iqn') ? IQN : name.startsWith('eui') ? EUI : name.startsWith('naa') ? NAA : undefined
  if (!format) return [field.invalid(path, name, 'must be valid format starting with iqn, eui, or naa')]
  return format.test(name) ? [] : [field.invalid(path, name, 'must be valid format')]
}

function validateIscsi(source: Given<'iscsi'>, at: string, volumeName: string): FieldError[] {
  const errors = checkRequired(`${at}.targetPortal`, source.targetPortal)
  errors.push(...(source.iqn ? checkIscsiName(`${at}.iqn`, source.iqn) : [field.required(`${at}.iqn`)]))
  errors.push(...checkRange(`${at}.lun`, source.lun, 0, 255))
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef) {
    errors.push(field.required(`${at}.secretRef`))
  }
  const initiator = source.initiatorName
  if (initiator === undefined) return errors
  errors.push(...checkIscsiName(`${at}.initiatorname`, initiator))
  if (`${volumeName}:${source.targetPortal}`.length > 64) {
    const why =
      'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.'
    errors.push(field.invalid(`${at.slice(0, at.lastIndexOf('.'))}.name`, volumeName, why))
  }
  return errors
}

function validateFc({ targetWWNs = [], wwids = [], lun }: Given<'fc'>, at: string): FieldError[] {
  const errors: FieldError[] = []
  const path = `${at}.targetWWNs`
  if (targetWWNs.length === 0 && wwids.length === 0) {
    errors.push(field.required(path, 'must specify either targetWWNs or wwids, but not both'))
  }
  if (targetWWNs.length > 0 && wwids.length > 0) {
    errors.push(field.invalid(path, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'))
  }
  if (targetWWNs.length === 0) return errors
  if (lun === undefined) return [...errors, field.required(`${at}.lun`, 'lun is required if targetWWNs is specified')]
  return [...errors, ...checkRange(`${at}.lun`, lun, 0, 255)]
}

function validateFlocker({ datasetName = '', datasetUUID = '' }: Given<'flocker'>, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (!datasetName && !datasetUUID) errors.push(field.required(at, 'one of datasetName and datasetUUID is required'))
  if (datasetName && datasetUUID) {
    errors.push(field.invalid(at, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'))
  }
  if (datasetName.includes('/')) errors.push(field.invalid(`${at}.datasetName`, datasetName, "must not contain '/'"))
  return errors
}

function validateQuobyte({ registry, tenant = '', volume }: Given<'quobyte'>, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (!registry) errors.push(field.required(`${at}.registry`, HOST_PORTS))
  else if (tenant.length >= 65) {
    errors.push(field.required(`${at}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'))
  } else {
    const wrong = registry.split(',').filter((pair) => !/^(\[[^\]]*\]|[^:[\]]*):[^:]*$/.test(pair))
    errors.push(...wrong.map(() => field.invalid(`${at}.registry`, registry, HOST_PORTS)))
  }
  return [...errors, ...checkRequired(`${at}.volume`, volume)]
}

function validateFlex({ driver, options = {} }: Given<'flexVolume'>, at: string): FieldError[] {
  const reserved = Object.keys(options).filter((key) => /\.(kubernetes|k8s)\.io$/i.test(`.${key.split('/')[0]}`))
  return [
    ...checkRequired(`${at}.driver`, driver),
    ...reserved.map((key) =>
      field.invalid(`${at}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved'),
    ),
  ]
}

function validateAzureDisk({ diskName, diskURI, cachingMode, kind }: Given<'azureDisk'>, at: string): FieldError[] {
  const errors = [...checkRequired(`${at}.diskName`, diskName), ...checkRequired(`${at}.diskURI`, diskURI)]
  errors.push(...checkOptionalEnum(`${at}.cachingMode`, cachingMode, ['None', 'ReadOnly', 'ReadWrite']))
  errors.push(...checkOptionalEnum(`${at}.kind`, kind, ['Dedicated', 'Managed', 'Shared']))
  if (kind === undefined) return errors
  const [start, supported] = kind === 'Managed' ? ['/subscriptions/', MANAGED_DISK] : ['https://', BLOB_DISK]
  if (!(diskURI ?? '').startsWith(start)) errors.push(field.notSupported(`${at}.diskURI`, diskURI, [supported]))
  return errors
}

function validateStorageOS(source: Given<'storageos'>, at: string): FieldError[] {
  const { volumeName, volumeNamespace } = source
  return [
    ...checkRequired(`${at}.volumeName`, volumeName),
    ...(volumeName ? invalidFor(`${at}.volumeName`, volumeName, [dnsLabelProblem(volumeName)]) : []),
    ...(volumeNamespace
      ? invalidFor(`${at}.volumeNamespace`, volumeNamespace, [dnsLabelProblem(volumeNamespace)])
      : []),
    ...checkSecret(at, source.secretRef),
  ]
}

/** One check per kind of source. */
export const networkSources = {
  gcePersistentDisk: (source: Given<'gcePersistentDisk'>, at: string) => [
    ...checkRequired(`${at}.pdName`, source.pdName),
    ...checkPartition(at, source.partition),
  ],
  awsElasticBlockStore: (source: Given<'awsElasticBlockStore'>, at: string) => [
    ...checkRequired(`${at}.volumeID`, source.volumeID),
    ...checkPartition(at, source.partition),
  ],
  nfs: (source: Given<'nfs'>, at: string) => [
    ...checkRequired(`${at}.server`, source.server),
    ...checkRequired(`${at}.path`, source.path),
    ...(source.path?.startsWith('/')
      ? []
      : [field.invalid(`${at}.path`, source.path ?? '', 'must be an absolute path')]),
  ],
  iscsi: validateIscsi,
  glusterfs: (source: Given<'glusterfs'>, at: string) => [
    ...checkRequired(`${at}.endpoints`, source.endpoints),
    ...checkRequired(`${at}.path`, source.path),
  ],
  flocker: validateFlocker,
  rbd: (source: Given<'rbd'>, at: string) => [
    ...((source.monitors ?? []).length === 0 ? [field.required(`${at}.monitors`)] : []),
    ...checkRequired(`${at}.image`, source.image),
  ],
  cinder: (source: Given<'cinder'>, at: string) => [
    ...checkRequired(`${at}.volumeID`, source.volumeID),
    ...checkSecret(at, source.secretRef),
  ],
  cephfs: (source: Given<'cephfs'>, at: string) =>
    (source.monitors ?? []).length === 0 ? [field.required(`${at}.monitors`)] : [],
  quobyte: validateQuobyte,
  fc: validateFc,
  flexVolume: validateFlex,
  azureFile: (source: Given<'azureFile'>, at: string) => [
    ...checkRequired(`${at}.secretName`, source.secretName),
    ...checkRequired(`${at}.shareName`, source.shareName),
  ],
  vsphereVolume: (source: Given<'vsphereVolume'>, at: string) => checkRequired(`${at}.volumePath`, source.volumePath),
  photonPersistentDisk: (source: Given<'photonPersistentDisk'>, at: string) => checkRequired(`${at}.pdID`, source.pdID),
  portworxVolume: (source: Given<'portworxVolume'>, at: string) => checkRequired(`${at}.volumeID`, source.volumeID),
  azureDisk: validateAzureDisk,
  storageos: validateStorageOS,
  scaleIO: (source: Given<'scaleIO'>, at: string) => [
    ...checkRequired(`${at}.gateway`, source.gateway),
    ...checkRequired(`${at}.system`, source.system),
    ...checkRequired(`${at}.volumeName`, source.volumeName),
  ],
}

/** Problems of a directory or file of the node. */
export function validateHostPath(source: { path: string; type?: string }, at: string): FieldError[] {
  if (!source.path) return [field.required(`${at}.path`)]
  return [
    ...checkNoBacksteps(`${at}.path`, source.path),
    ...checkOptionalEnum(`${at}.type`, source.type, HOST_PATH_TYPES),
  ]
}

/** Problems of the name of a CSI driver. */
export function validateDriverName(path: string, name: string | undefined): FieldError[] {
  if (!name) return [field.required(path)]
  const long = name.length > 63 ? [field.tooLong(path, 63)] : []
  return [...long, ...invalidFor(path, name, [dnsSubdomainProblem(name.toLowerCase())])]
}
