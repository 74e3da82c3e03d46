// volumeattachments. Rules and wording: k8s.io/kubernetes/pkg/apis/storage/validation.

import type { VolumeAttachment, VolumeAttachmentSource, VolumeError } from '../../../api/generated/storage-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource, STATUS_ALONE } from '../../resource-definition.ts'
import { ageColumn, bool, nameColumn, text } from '../columns/common.ts'
import { checkRequired, checkSubdomain } from '../core/field-checks.ts'
import { internalValue } from '../core/internal-shapes.ts'
import { validateDriverName } from '../core/volume-sources.ts'
import { validateVolumeSpec } from './volume-validation.ts'

const MAX_METADATA = 256 * 1024
const MAX_MESSAGE = 1024
const ONE_OF = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'

export const volumeAttachments = defineResource<VolumeAttachment>({
  group: 'storage.k8s.io',
  resource: 'volumeattachments',
  resets: STATUS_ALONE,
  unconditionalUpdate: false,
  generation: false,
  prepareCreate(object) {
    object.status = { attached: false }
  },
  // Attachments of earlier versions may have other names.
  validate: ({ spec }, old) => [
    ...(old ? checkRequired('spec.attacher', spec.attacher) : validateDriverName('spec.attacher', spec.attacher)),
    ...validateSource(spec.source ?? {}, 'spec.source'),
    ...checkSubdomain('spec.nodeName', spec.nodeName ?? ''),
  ],
  validateCreate: ({ spec }) => [
    ...(spec.source?.persistentVolumeName === undefined
      ? []
      : checkSubdomain('spec.source.persistentVolumeName', spec.source.persistentVolumeName)),
  ],
  validateStatusUpdate: validateStatus,
  validateUpdate: (object, old) =>
    sameJson(object.spec, old.spec)
      ? []
      : [field.invalid('spec', internalValue('VolumeAttachmentSpec', object.spec), 'field is immutable')],
  columns: [
    nameColumn,
    { ...text('Attacher', (a) => a.spec.attacher), format: 'name' },
    text('PV', (a) => a.spec.source.persistentVolumeName ?? ''),
    text('Node', (a) => a.spec.nodeName),
    bool('Attached', (a) => a.status.attached ?? false),
    ageColumn,
  ],
})

function validateSource(source: VolumeAttachmentSource, path: string): FieldError[] {
  const { inlineVolumeSpec, persistentVolumeName } = source
  if (!inlineVolumeSpec && persistentVolumeName === undefined) return [field.required(path, ONE_OF)]
  if (inlineVolumeSpec && persistentVolumeName !== undefined) return [field.forbidden(path, ONE_OF)]
  if (inlineVolumeSpec) return validateVolumeSpec(inlineVolumeSpec, `${path}.inlineVolumeSpec`, { inline: true })
  if (persistentVolumeName) return []
  return [field.required(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName')]
}

function validateStatus({ status }: VolumeAttachment): FieldError[] {
  let size = 0
  for (const [key, value] of Object.entries(status.attachmentMetadata ?? {})) {
    size += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  return [
    ...(size > MAX_METADATA ? [field.tooLong('status.attachmentMetadata', MAX_METADATA)] : []),
    ...validateError(status.attachError, 'status.attachError'),
    ...validateError(status.detachError, 'status.detachError'),
  ]
}

function validateError({ message = '', errorCode = 0 }: VolumeError = {}, path: string): FieldError[] {
  return [
    // The limit that upstream tells is another than the one it keeps.
    ...(Buffer.byteLength(message) > MAX_MESSAGE ? [field.tooLong(`${path}.message`, MAX_METADATA)] : []),
    ...(errorCode < 0
      ? [field.invalid(`${path}.errorCode`, errorCode, 'must be between 0 and 2147483647, inclusive')]
      : []),
  ]
}
