// storageclasses, volumeattributesclasses, CSI drivers, nodes and capacities, and volumeattachments.
// Spec: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/

import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from '../../../api/generated/storage-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { qualifiedNameProblem } from '../../../machinery/names.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource, type ResourceDefinition } from '../../resource-definition.ts'
import { ageColumn, bool, integer, nameColumn, quantityText, text } from '../columns/common.ts'
import { immutable } from '../core/workload-validation.ts'

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class'
const OLD_DEFAULT_CLASS = 'storageclass.beta.kubernetes.io/is-default-class'
const DEFAULT_ATTRIBUTES_CLASS = 'storage.alpha.kubernetes.io/is-default-class'
const UPDATE_FORBIDDEN = 'updates to parameters are forbidden.'

const storageClasses = defineResource<StorageClass>({
  group: 'storage.k8s.io',
  resource: 'storageclasses',
  shortNames: ['sc'],
  generation: false,
  defaults(object) {
    object.reclaimPolicy ??= 'Delete'
    object.volumeBindingMode ??= 'Immediate'
  },
  validate(object) {
    const errors = validateDriver('provisioner', object.provisioner)
    const policies = ['Delete', 'Retain']
    if (!policies.includes(object.reclaimPolicy ?? '')) {
      errors.push(field.notSupported('reclaimPolicy', object.reclaimPolicy, policies))
    }
    const modes = ['Immediate', 'WaitForFirstConsumer']
    if (!modes.includes(object.volumeBindingMode ?? '')) {
      errors.push(field.notSupported('volumeBindingMode', object.volumeBindingMode, modes))
    }
    return errors
  },
  validateUpdate: (object, old) => [
    ...forbidChange('parameters', object.parameters, old.parameters, UPDATE_FORBIDDEN),
    ...forbidChange('provisioner', object.provisioner, old.provisioner, 'updates to provisioner are forbidden.'),
    ...forbidChange(
      'reclaimPolicy',
      object.reclaimPolicy,
      old.reclaimPolicy,
      'updates to reclaimPolicy are forbidden.',
    ),
    ...immutable('volumeBindingMode', object.volumeBindingMode, old.volumeBindingMode),
  ],
  columns: [
    { ...nameColumn, value: className },
    text('Provisioner', (c) => c.provisioner),
    text('ReclaimPolicy', (c) => c.reclaimPolicy ?? 'Delete'),
    text('VolumeBindingMode', (c) => c.volumeBindingMode ?? 'Immediate'),
    text('AllowVolumeExpansion', (c) => c.allowVolumeExpansion ?? false),
    ageColumn,
  ],
})

function className(object: { metadata: { name?: string; annotations?: Record<string, string> } }): string {
  const { name = '', annotations } = object.metadata
  const isDefault = annotations?.[DEFAULT_CLASS] === 'true' || annotations?.[OLD_DEFAULT_CLASS] === 'true'
  return isDefault ? `${name} (default)` : name
}

function forbidChange(path: string, value: unknown, old: unknown, message: string): FieldError[] {
  return immutable(path, value, old).length > 0 ? [field.forbidden(path, message)] : []
}

function validateDriver(path: string, name: string | undefined): FieldError[] {
  if (!name) return [field.required(path)]
  const problem = qualifiedNameProblem(name.toLowerCase())
  return problem ? [field.invalid(path, name, problem)] : []
}

function attributesClassName({ metadata }: VolumeAttributesClass): string {
  const isDefault = metadata.annotations?.[DEFAULT_ATTRIBUTES_CLASS] === 'true'
  return isDefault ? `${metadata.name} (default)` : metadata.name
}

const volumeAttributesClasses = defineResource<VolumeAttributesClass>({
  group: 'storage.k8s.io',
  resource: 'volumeattributesclasses',
  shortNames: ['vac'],
  generation: false,
  validate: (object) => validateDriver('driverName', object.driverName),
  validateUpdate: (object, old) => [
    ...forbidChange('driverName', object.driverName, old.driverName, 'updates to driverName are forbidden.'),
    ...forbidChange('parameters', object.parameters, old.parameters, UPDATE_FORBIDDEN),
  ],
  columns: [{ ...nameColumn, value: attributesClassName }, text('DriverName', (c) => c.driverName), ageColumn],
})

const csiDrivers = defineResource<CSIDriver>({
  group: 'storage.k8s.io',
  resource: 'csidrivers',
  unconditionalUpdate: false,
  generation: false,
  defaults({ spec }) {
    spec.attachRequired ??= true
    spec.podInfoOnMount ??= false
    spec.storageCapacity ??= false
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType'
    if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ['Persistent']
    spec.requiresRepublish ??= false
    spec.seLinuxMount ??= false
  },
  prepareUpdate(driver, old) {
    // Drivers have no generation until they change.
    if (!sameJson(driver.spec, old.spec)) driver.metadata.generation = (old.metadata.generation ?? 0) + 1
  },
  columns: [
    nameColumn,
    bool('AttachRequired', (d) => d.spec.attachRequired ?? true),
    bool('PodInfoOnMount', (d) => d.spec.podInfoOnMount ?? false),
    bool('StorageCapacity', (d) => d.spec.storageCapacity ?? false),
    text('TokenRequests', (d) => d.spec.tokenRequests?.map((t) => t.audience).join(',') ?? '<unset>'),
    bool('RequiresRepublish', (d) => d.spec.requiresRepublish ?? false),
    text('Modes', (d) => (d.spec.volumeLifecycleModes ?? []).join(',') || '<none>'),
    ageColumn,
  ],
})

const csiNodes = defineResource<CSINode>({
  group: 'storage.k8s.io',
  resource: 'csinodes',
  unconditionalUpdate: false,
  generation: false,
  defaults(node) {
    node.spec.drivers ??= []
  },
  columns: [nameColumn, integer('Drivers', (n) => (n.spec.drivers ?? []).length), ageColumn],
})

const csiStorageCapacities = defineResource<CSIStorageCapacity>({
  group: 'storage.k8s.io',
  resource: 'csistoragecapacities',
  unconditionalUpdate: false,
  generation: false,
  validate: (c) => (c.storageClassName ? [] : [field.required('storageClassName')]),
  validateUpdate: (c, old) => [
    ...immutable('nodeTopology', c.nodeTopology, old.nodeTopology),
    ...immutable('storageClassName', c.storageClassName, old.storageClassName),
  ],
  columns: [
    nameColumn,
    text('StorageClassName', (c) => c.storageClassName),
    text('Capacity', (c) => quantityText(c.capacity, '<unset>')),
  ],
})

const volumeAttachments = defineResource<VolumeAttachment>({
  group: 'storage.k8s.io',
  resource: 'volumeattachments',
  unconditionalUpdate: false,
  generation: false,
  prepareCreate(object) {
    object.status = { attached: false }
  },
  validate: ({ spec }) => [
    ...validateDriver('spec.attacher', spec.attacher),
    ...(spec.nodeName ? [] : [field.required('spec.nodeName')]),
    ...(spec.source?.persistentVolumeName || spec.source?.inlineVolumeSpec
      ? []
      : [field.required('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName')]),
  ],
  validateUpdate: (object, old) => immutable('spec', object.spec, old.spec),
  columns: [
    nameColumn,
    { ...text('Attacher', (a) => a.spec.attacher), format: 'name' },
    text('PV', (a) => a.spec.source.persistentVolumeName ?? ''),
    text('Node', (a) => a.spec.nodeName),
    bool('Attached', (a) => a.status.attached ?? false),
    ageColumn,
  ],
})

export const storageDefinitions: readonly ResourceDefinition[] = [
  storageClasses,
  volumeAttributesClasses,
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  volumeAttachments,
]
