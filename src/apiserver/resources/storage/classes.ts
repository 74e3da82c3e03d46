// storageclasses and volumeattributesclasses. Rules and wording: k8s.io/kubernetes/pkg/apis/storage/validation.

import type { TopologySelectorTerm } from '../../../api/generated/core-v1.ts'
import type { StorageClass, VolumeAttributesClass } from '../../../api/generated/storage-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource, type ResourceDefinition } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { checkOptionalEnum, checkQualifiedName, immutable } from '../core/field-checks.ts'
import { csiDefinitions } from './csi.ts'
import { volumeAttachments } from './volume-attachment.ts'

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class'
const OLD_DEFAULT_CLASS = 'storageclass.beta.kubernetes.io/is-default-class'
const DEFAULT_ATTRIBUTES_CLASS = 'storage.alpha.kubernetes.io/is-default-class'
const POLICIES = ['Delete', 'Retain']
const MODES = ['Immediate', 'WaitForFirstConsumer']
const MAX_PARAMETERS = 512
const MAX_PARAMETERS_SIZE = 256 * 1024
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
  validate: (object) => [
    ...validateDriver('provisioner', object.provisioner),
    ...validateParameters('parameters', object.parameters ?? {}),
    ...(object.reclaimPolicy ? checkOptionalEnum('reclaimPolicy', object.reclaimPolicy, POLICIES) : []),
    ...checkOptionalEnum('volumeBindingMode', object.volumeBindingMode, MODES),
    ...validateTopologies('allowedTopologies', object.allowedTopologies ?? []),
  ],
  validateUpdate: (object, old) => [
    ...immutable('parameters', object.parameters, old.parameters),
    ...immutable('provisioner', object.provisioner, old.provisioner),
    ...immutable('reclaimPolicy', object.reclaimPolicy, old.reclaimPolicy),
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

interface Annotated {
  readonly metadata: { readonly name?: string; readonly annotations?: Readonly<Record<string, string>> }
}

/** Whether claims without a class are meant to get this one. */
export function isDefaultStorageClass({ metadata: { annotations } }: Annotated): boolean {
  return annotations?.[DEFAULT_CLASS] === 'true' || annotations?.[OLD_DEFAULT_CLASS] === 'true'
}

function className(object: Annotated): string {
  const { name = '' } = object.metadata
  return isDefaultStorageClass(object) ? `${name} (default)` : name
}

function forbidChange(path: string, value: unknown, old: unknown, message: string): FieldError[] {
  return immutable(path, value, old).length > 0 ? [field.forbidden(path, message)] : []
}

function validateDriver(path: string, name: string | undefined): FieldError[] {
  return name ? checkQualifiedName(path, name.toLowerCase()) : [field.required(path)]
}

function validateParameters(path: string, parameters: Readonly<Record<string, string>>): FieldError[] {
  const entries = Object.entries(parameters)
  if (entries.length > MAX_PARAMETERS) return [field.tooLong(path, MAX_PARAMETERS)]
  let size = 0
  for (const [key, value] of entries) size += Buffer.byteLength(key) + Buffer.byteLength(value)
  return [
    ...('' in parameters ? [field.invalid(path, '', 'field can not be empty.')] : []),
    ...(size > MAX_PARAMETERS_SIZE ? [field.tooLong(path, MAX_PARAMETERS_SIZE)] : []),
  ]
}

function validateTopologies(path: string, terms: readonly TopologySelectorTerm[]): FieldError[] {
  const errors: FieldError[] = []
  const seen: Record<string, readonly string[]>[] = []
  for (const [i, { matchLabelExpressions = [] }] of terms.entries()) {
    const at = `${path}[${i}].matchLabelExpressions`
    const byKey: Record<string, readonly string[]> = {}
    for (const [e, { key, ...expression }] of matchLabelExpressions.entries()) {
      const values = expression.values ?? []
      const valuesAt = `${at}[${e}].values`
      if (values.length === 0) errors.push(field.required(valuesAt))
      const again = values.flatMap((v, n) => (values.indexOf(v) < n ? [field.duplicate(`${valuesAt}[${n}]`, v)] : []))
      errors.push(...again, ...checkQualifiedName(`${at}[${e}].key`, key))
      if (key in byKey) errors.push(field.duplicate(`${at}[${e}].key`, key))
      byKey[key] = [...new Set(values)].sort()
    }
    if (seen.some((other) => sameJson(other, byKey))) errors.push(field.duplicate(at, ''))
    seen.push(byKey)
  }
  return errors
}

function attributesClassName({ metadata }: VolumeAttributesClass): string {
  const isDefault = metadata.annotations?.[DEFAULT_ATTRIBUTES_CLASS] === 'true'
  return isDefault ? `${metadata.name} (default)` : (metadata.name ?? '')
}

const volumeAttributesClasses = defineResource<VolumeAttributesClass>({
  group: 'storage.k8s.io',
  resource: 'volumeattributesclasses',
  shortNames: ['vac'],
  generation: false,
  validate: (object) => [
    ...validateDriver('driverName', object.driverName),
    ...validateParameters('parameters', object.parameters ?? {}),
    ...(Object.keys(object.parameters ?? {}).length === 0
      ? [field.required('parameters', 'must contain at least one key/value pair')]
      : []),
  ],
  validateUpdate: (object, old) => [
    ...forbidChange('driverName', object.driverName, old.driverName, 'updates to driverName are forbidden.'),
    ...forbidChange('parameters', object.parameters, old.parameters, UPDATE_FORBIDDEN),
  ],
  columns: [{ ...nameColumn, value: attributesClassName }, text('DriverName', (c) => c.driverName), ageColumn],
})

export const storageDefinitions: readonly ResourceDefinition[] = [
  storageClasses,
  volumeAttributesClasses,
  ...csiDefinitions,
  volumeAttachments,
]
