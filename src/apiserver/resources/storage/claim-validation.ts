// Validation of claims' specs, wherever they are. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  TypedLocalObjectReference,
  TypedObjectReference,
} from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { unifiedDiff } from '../../../machinery/go/unified-diff.ts'
import { dnsLabelProblem, dnsSubdomainProblem } from '../../../machinery/names.ts'
import { compareQuantities, quantityMilli } from '../../../machinery/quantity.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { OLD_STORAGE_CLASS } from '../columns/common.ts'
import { checkOptionalEnum, checkQualifiedName, checkRequired, immutable, invalidFor } from '../core/field-checks.ts'
import { internalJson } from '../core/internal-shapes.ts'
import { validateLabelSelector } from '../core/label-selector-validation.ts'

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
export const VOLUME_MODES = ['Block', 'Filesystem']
const SPEC_IMMUTABLE =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'

/** Problems of access modes that are there. */
export function validateAccessModes(modes: readonly string[], path: string): FieldError[] {
  const errors = modes.flatMap((mode) => checkOptionalEnum(path, mode, ACCESS_MODES))
  const others = modes.some((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode))
  if (modes.includes('ReadWriteOncePod') && others) {
    errors.push(field.forbidden(path, 'may not use ReadWriteOncePod with other access modes'))
  }
  return errors
}

/** Problems of the name of a class. */
export function checkClassName(path: string, name: string | undefined): FieldError[] {
  return name ? invalidFor(path, name, [dnsSubdomainProblem(name)]) : []
}

/** Problems of a claim's spec at `path`. `old`: what it had already is let be. */
export function validateClaimSpec(
  spec: PersistentVolumeClaimSpec,
  path: string,
  old?: PersistentVolumeClaimSpec,
): FieldError[] {
  const anyValue = old?.selector !== undefined && validateLabelSelector(old.selector, '').length > 0
  const anyGroup = (old?.dataSource?.apiGroup ?? old?.dataSourceRef?.apiGroup) != null
  const { accessModes = [], selector, dataSource, dataSourceRef } = spec
  const errors: FieldError[] = []
  if (accessModes.length === 0) errors.push(field.required(`${path}.accessModes`, 'at least 1 access mode is required'))
  if (selector) errors.push(...validateLabelSelector(selector, `${path}.selector`, anyValue))
  errors.push(...validateAccessModes(accessModes, `${path}.accessModes`))
  const size = spec.resources?.requests?.storage
  const sizeAt = `${path}.resources[storage]`
  if (size === undefined) errors.push(field.required(sizeAt))
  else if (compareQuantities(size, '0') <= 0) errors.push(field.invalid(sizeAt, size, 'must be greater than zero'))
  errors.push(...checkClassName(`${path}.storageClassName`, spec.storageClassName))
  errors.push(...checkOptionalEnum(`${path}.volumeMode`, spec.volumeMode, VOLUME_MODES))
  if (dataSource) errors.push(...validateDataSource(dataSource, `${path}.dataSource`, anyGroup))
  if (dataSourceRef) errors.push(...validateDataSource(dataSourceRef, `${path}.dataSourceRef`, anyGroup))
  if (dataSource && dataSourceRef) {
    const { namespace = '', ...ref } = dataSourceRef
    if (namespace !== '') {
      const why = 'may not be specified when dataSourceRef.namespace is specified'
      errors.push(field.invalid(path, {}, why))
    } else if (!sameJson(dataSource, ref)) errors.push(field.invalid(path, {}, 'must match dataSourceRef'))
  }
  return [...errors, ...checkClassName(`${path}.volumeAttributesClassName`, spec.volumeAttributesClassName)]
}

function validateDataSource(
  source: TypedObjectReference | TypedLocalObjectReference,
  path: string,
  anyGroup: boolean,
): FieldError[] {
  const { name, kind } = source
  const apiGroup = source.apiGroup ?? ''
  const namespace = ('namespace' in source && source.namespace) || ''
  const errors = [...checkRequired(`${path}.name`, name), ...checkRequired(`${path}.kind`, kind)]
  if (apiGroup === '' && kind !== 'PersistentVolumeClaim') {
    const why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
    errors.push(field.invalid(path, kind ?? '', why))
  }
  if (apiGroup !== '' && !anyGroup)
    errors.push(...invalidFor(`${path}.apiGroup`, apiGroup, [dnsSubdomainProblem(apiGroup)]))
  if (namespace !== '') errors.push(...invalidFor(`${path}.namespace`, namespace, [dnsLabelProblem(namespace)]))
  return errors
}

/** Problems of a change of a claim: it may be bound once, and grow. */
export function validateClaimUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = []
  const before = old.spec.resources?.requests?.storage
  const after = claim.spec.resources?.requests?.storage
  const kept = structuredClone(claim.spec)
  if (old.status.phase === 'Bound') {
    if (before !== undefined && kept.resources?.requests) kept.resources.requests.storage = before
    if (old.spec.volumeAttributesClassName === undefined) delete kept.volumeAttributesClassName
    else kept.volumeAttributesClassName = old.spec.volumeAttributesClassName
  }
  // Binding fills in the volume. A class may be given to a claim that has none, and move from its annotation.
  if (!old.spec.volumeName) delete kept.volumeName
  const annotated = old.metadata.annotations?.[OLD_STORAGE_CLASS]
  const annotation = claim.metadata.annotations?.[OLD_STORAGE_CLASS]
  const moves =
    annotated !== undefined &&
    old.spec.storageClassName === undefined &&
    kept.storageClassName === annotated &&
    (annotation === undefined || annotation === annotated)
  if (!moves && annotation !== annotated) {
    errors.push(field.invalid(`metadata.annotations.${OLD_STORAGE_CLASS}`, annotation ?? '', 'field is immutable'))
  }
  const given = annotated === undefined || kept.storageClassName === annotated
  if (old.spec.storageClassName === undefined && given) delete kept.storageClassName
  const { volumeName, ...rest } = old.spec
  if (!sameJson(kept, volumeName ? old.spec : rest)) {
    // What may change is shown as it was, or as it is to be.
    const shown = { ...kept, ...(claim.spec.volumeName ? { volumeName: claim.spec.volumeName } : {}) }
    const before = { ...old.spec, volumeName: volumeName || shown.volumeName }
    const [was, is] = [before, shown].map((spec) => internalJson('PersistentVolumeClaimSpec', spec))
    errors.push(field.forbidden('spec', `${SPEC_IMMUTABLE}\n${unifiedDiff(was ?? '', is ?? '')}`))
  }
  const granted = old.status.capacity?.storage ?? '0'
  if (compareQuantities(after ?? '0', before ?? '0') < 0 && compareQuantities(after ?? '0', granted) <= 0) {
    const why = 'field can not be less than status.capacity'
    errors.push(field.forbidden('spec.resources.requests.storage', why))
  }
  errors.push(...immutable('volumeMode', claim.spec.volumeMode, old.spec.volumeMode))
  const [newClass, oldClass] = [claim.spec.volumeAttributesClassName, old.spec.volumeAttributesClassName]
  if (newClass !== oldClass && !newClass && old.status.currentVolumeAttributesClassName !== undefined) {
    const what = newClass === undefined ? 'nil' : 'empty string'
    const why = `update to ${what} is forbidden when status.currentVolumeAttributesClassName is not nil`
    errors.push(field.forbidden('spec.volumeAttributesClassName', why))
  }
  return errors
}

const RESIZE_STATES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
]
const BAD_QUANTITY = 'must be a valid resource quantity'

/** Problems of a write to a claim's status. Upstream: ValidatePersistentVolumeClaimStatusUpdate. */
export function validateClaimStatus({ status }: PersistentVolumeClaim): FieldError[] {
  const errors = Object.entries(status.capacity ?? {}).flatMap(([name, value]) =>
    checkAmount(`status.capacity[${name}]`, value),
  )
  const at = 'status.allocatedResourceStatuses'
  for (const [name, state] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    errors.push(...checkResourceKey(at, name))
    if (!RESIZE_STATES.includes(state)) errors.push(field.notSupported(at, name, RESIZE_STATES))
  }
  for (const [name, value] of Object.entries(status.allocatedResources ?? {})) {
    const wrong = checkResourceKey('status.allocatedResources', name)
    errors.push(...(wrong.length > 0 ? wrong : checkAmount(`status.allocatedResources[${name}]`, value)))
  }
  return errors
}

function checkAmount(path: string, value: string): FieldError[] {
  return compareQuantities(value, '0') < 0 ? [field.invalid(path, quantityMilli(value) / 1000, BAD_QUANTITY)] : []
}

/** Of the resources of Kubernetes, only storage is known of claims. */
function checkResourceKey(path: string, name: string): FieldError[] {
  const errors = checkQualifiedName(path, name)
  const native = !name.includes('/') || name.includes('kubernetes.io/')
  return errors.length > 0 || !native || name === 'storage' ? errors : [field.notSupported(path, name, ['storage'])]
}
