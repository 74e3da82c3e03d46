// Validation of the volumes of pods. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type { KeyToPath, Volume } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem, dnsSubdomainProblem } from '../../../machinery/names.ts'
import { compareQuantities } from '../../../machinery/quantity.ts'
import { validateClaimSpec } from '../storage/claim-validation.ts'
import { checkDescendingPath, checkFileMode, checkOptionalEnum, checkRequired, invalidFor } from './field-checks.ts'
import { type PodLeniency, STRICT } from './leniency.ts'
import { validateDownwardItems, validateKeyToPath, validateProjected } from './pod-projections.ts'
import { networkSources, validateDriverName, validateHostPath } from './volume-sources.ts'

/** Problems of a pod's volumes, and those volumes that may be mounted by name. `podName` is known of pods only. */
export function validateVolumes(
  volumes: readonly Volume[],
  path: string,
  podName: string | undefined,
  lenient: PodLeniency = STRICT,
): { errors: FieldError[]; byName: ReadonlyMap<string, Volume> } {
  const byName = new Map<string, Volume>()
  const errors: FieldError[] = []
  const made = new Set(volumes.filter((v) => v.ephemeral && v.name && podName).map((v) => `${podName}-${v.name}`))
  for (const [i, volume] of volumes.entries()) {
    const at = `${path}[${i}]`
    const own = validateSource(volume, at, podName, lenient)
    if (!volume.name) own.push(field.required(`${at}.name`))
    else own.push(...invalidFor(`${at}.name`, volume.name, [dnsLabelProblem(volume.name)]))
    if (byName.has(volume.name)) own.push(field.duplicate(`${at}.name`, volume.name))
    if (own.length === 0) byName.set(volume.name, volume)
    errors.push(...own)
    const claim = volume.persistentVolumeClaim?.claimName ?? ''
    if (made.has(claim)) {
      const why = 'must not reference a PVC that gets created for an ephemeral volume'
      errors.push(field.invalid(`${at}.persistentVolumeClaim.claimName`, claim, why))
    }
  }
  return { errors, byName }
}

type Source = Exclude<keyof Volume, 'name'>
type Check<K extends Source> = (
  source: NonNullable<Volume[K]>,
  at: string,
  volumeName: string,
  lenient: PodLeniency,
) => FieldError[]

/** Every kind of volume, in the order in which more than one is blamed. */
const SOURCES: { readonly [K in Source]-?: Check<K> } = {
  emptyDir: (source, at) => {
    if (source.sizeLimit === undefined || compareQuantities(source.sizeLimit, '0') >= 0) return []
    return [field.forbidden(`${at}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
  },
  hostPath: validateHostPath,
  gitRepo: (source, at) => [
    ...checkRequired(`${at}.repository`, source.repository),
    ...checkDescendingPath(`${at}.directory`, source.directory ?? ''),
  ],
  gcePersistentDisk: networkSources.gcePersistentDisk,
  awsElasticBlockStore: networkSources.awsElasticBlockStore,
  secret: (source, at) => [
    ...checkRequired(`${at}.secretName`, source.secretName),
    ...checkFileMode(`${at}.defaultMode`, source.defaultMode),
    ...validateItems(source.items, at),
  ],
  nfs: networkSources.nfs,
  iscsi: networkSources.iscsi,
  glusterfs: networkSources.glusterfs,
  flocker: networkSources.flocker,
  persistentVolumeClaim: (source, at) => checkRequired(`${at}.claimName`, source.claimName),
  rbd: networkSources.rbd,
  cinder: networkSources.cinder,
  cephfs: networkSources.cephfs,
  quobyte: networkSources.quobyte,
  downwardAPI: (source, at) => [
    ...checkFileMode(`${at}.defaultMode`, source.defaultMode),
    ...validateDownwardItems(source.items ?? [], at),
  ],
  fc: networkSources.fc,
  flexVolume: networkSources.flexVolume,
  configMap: (source, at) => [
    ...checkRequired(`${at}.name`, source.name),
    ...checkFileMode(`${at}.defaultMode`, source.defaultMode),
    ...validateItems(source.items, at),
  ],
  azureFile: networkSources.azureFile,
  vsphereVolume: networkSources.vsphereVolume,
  photonPersistentDisk: networkSources.photonPersistentDisk,
  portworxVolume: networkSources.portworxVolume,
  azureDisk: networkSources.azureDisk,
  storageos: networkSources.storageos,
  projected: (source, at, _, lenient) => validateProjected(source, at, lenient),
  scaleIO: networkSources.scaleIO,
  csi: (source, at) => {
    const secret = source.nodePublishSecretRef
    const name = secret?.name ?? ''
    return [
      ...validateDriverName(`${at}.driver`, source.driver),
      ...(secret ? checkRequired(`${at}.nodePublishSecretRef.name`, name) : []),
      ...(name ? invalidFor(`${at}.name`, name, [dnsSubdomainProblem(name)]) : []),
    ]
  },
  ephemeral: (source, at) => {
    const template = source.volumeClaimTemplate
    if (!template) return [field.required(`${at}.volumeClaimTemplate`)]
    return validateClaimSpec(template.spec ?? {}, `${at}.volumeClaimTemplate.spec`)
  },
  image: (source, at) => [
    ...checkRequired(`${at}.reference`, source.reference),
    ...checkOptionalEnum(`${at}.pullPolicy`, source.pullPolicy, ['Always', 'IfNotPresent', 'Never']),
  ],
}

/** Names under which a second source is refused where they are not the fields' own. */
const BLAMED: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' }
const CHECKED: Readonly<Record<string, string>> = { gcePersistentDisk: 'persistentDisk' }

function validateSource(volume: Volume, path: string, podName: string | undefined, lenient: PodLeniency): FieldError[] {
  const [kind, ...more] = (Object.keys(SOURCES) as Source[]).filter((name) => volume[name] !== undefined)
  if (!kind) return [field.required(path, 'must specify a volume type')]
  const check = SOURCES[kind] as (source: unknown, at: string, volumeName: string, lenient: PodLeniency) => FieldError[]
  const errors = check(volume[kind], `${path}.${CHECKED[kind] ?? kind}`, volume.name, lenient)
  if (kind === 'ephemeral' && podName && volume.name) {
    const claim = `${podName}-${volume.name}`
    const problem = dnsSubdomainProblem(claim)
    if (problem)
      errors.push(field.invalid(`${path}.name`, volume.name, `PVC name ${JSON.stringify(claim)}: ${problem}`))
  }
  const why = 'may not specify more than 1 volume type'
  return [...errors, ...more.map((name) => field.forbidden(`${path}.${BLAMED[name] ?? name}`, why))]
}

function validateItems(items: readonly KeyToPath[] | undefined, at: string): FieldError[] {
  return (items ?? []).flatMap((item, i) => validateKeyToPath(item, `${at}.items[${i}]`))
}
