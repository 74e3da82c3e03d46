// resource.k8s.io kinds (dynamic resource allocation) and podtemplates.
// Spec: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/

import type { PodTemplate } from '../../../api/generated/core-v1.ts'
import type {
  DeviceClass,
  ResourceClaim,
  ResourceClaimTemplate,
  ResourceSlice,
} from '../../../api/generated/resource-v1.ts'
import { field } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { validateAnnotations, validateLabels } from '../../registry/metadata.ts'
import { defineResource, type ResourceDefinition, STATUS_ALONE } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text, workloadWideColumns } from '../columns/common.ts'
import { defaultTemplate } from '../core/pod-defaults.ts'
import { validateTemplate } from '../core/workload-validation.ts'
import { claimProblems, classProblems } from './device-rules.ts'
import { deviceValue } from './device-shapes.ts'
import { sliceProblems } from './device-slices.ts'
import { claimStatusProblems, dropReturnedDevices } from './device-status.ts'

const GROUP = 'resource.k8s.io'
const IMMUTABLE = 'field is immutable'

const deviceClasses = defineResource<DeviceClass>({
  group: GROUP,
  resource: 'deviceclasses',
  validate: ({ spec }, old) => classProblems(spec, 'spec', old?.spec),
  columns: [nameColumn, ageColumn],
})

interface ClaimSpec {
  devices?: { requests?: { exactly?: Amount; firstAvailable?: Amount[] }[] }
}

interface Amount {
  allocationMode?: string
  count?: number
}

function defaultClaim(spec: ClaimSpec | undefined): void {
  for (const { exactly, firstAvailable = [] } of spec?.devices?.requests ?? []) {
    for (const amount of exactly ? [exactly, ...firstAvailable] : firstAvailable) {
      amount.allocationMode ??= 'ExactCount'
      if (amount.allocationMode === 'ExactCount') amount.count ??= 1
    }
  }
}

const resourceClaims = defineResource<ResourceClaim>({
  group: GROUP,
  resource: 'resourceclaims',
  resets: STATUS_ALONE,
  generation: false,
  defaults: ({ spec }) => defaultClaim(spec as ClaimSpec),
  // It does not change, so it is not looked at again.
  validateCreate: ({ spec }) => claimProblems(spec.devices, 'spec.devices'),
  validateUpdate: ({ spec }, old) =>
    sameJson(spec, old.spec) ? [] : [field.invalid('spec', deviceValue('ResourceClaimSpec', spec), IMMUTABLE)],
  prepareStatusUpdate: dropReturnedDevices,
  validateStatusUpdate: claimStatusProblems,
  columns: [nameColumn, text('State', claimState), ageColumn],
})

function claimState({ metadata, status }: ResourceClaim): string {
  const parts: string[] = []
  if (metadata.deletionTimestamp) parts.push('deleted')
  if (status.allocation) {
    parts.push('allocated')
    parts.push(...((status.reservedFor ?? []).length > 0 ? ['reserved'] : []))
  } else if (!metadata.deletionTimestamp) parts.push('pending')
  return parts.join(',')
}

const resourceClaimTemplates = defineResource<ResourceClaimTemplate>({
  group: GROUP,
  resource: 'resourceclaimtemplates',
  generation: false,
  defaults: ({ spec }) => defaultClaim(spec.spec as ClaimSpec | undefined),
  validateCreate: ({ spec }) => [
    ...validateAnnotations(spec.metadata?.annotations ?? {}, 'spec.metadata.annotations'),
    ...validateLabels(spec.metadata?.labels ?? {}, 'spec.metadata.labels'),
    ...claimProblems(spec.spec?.devices, 'spec.spec.devices'),
  ],
  validateUpdate({ spec }, old) {
    const filled = (template: ResourceClaimTemplate['spec']) => ({
      metadata: template?.metadata ?? {},
      devices: template?.spec?.devices ?? {},
    })
    if (sameJson(filled(spec), filled(old.spec))) return []
    const shown = deviceValue('ResourceClaimTemplateSpec', { ...spec.metadata, spec: spec.spec })
    return [field.invalid('spec', shown, IMMUTABLE)]
  },
  columns: [nameColumn, ageColumn],
})

const resourceSlices = defineResource<ResourceSlice>({
  group: GROUP,
  resource: 'resourceslices',
  validate: sliceProblems,
  unknownField: (label, apiVersion) => `field label not supported for ${apiVersion}, Kind=ResourceSlice: ${label}`,
  selectableFields: { 'spec.nodeName': (s) => s.spec.nodeName ?? '', 'spec.driver': (s) => s.spec.driver },
  columns: [
    nameColumn,
    text('Node', (s) => s.spec.nodeName ?? ''),
    text('Driver', (s) => s.spec.driver),
    text('Pool', (s) => s.spec.pool?.name ?? ''),
    ageColumn,
  ],
})

const podTemplates = defineResource<PodTemplate>({
  group: '',
  resource: 'podtemplates',
  generation: true,
  defaults: defaultTemplate,
  validate: ({ template }, old) =>
    validateTemplate(template, 'template', ['Always', 'OnFailure', 'Never'], old?.template),
  columns: [
    nameColumn,
    ...workloadWideColumns<PodTemplate>(
      (t) => t.template?.spec?.containers,
      () => '',
    )
      .slice(0, 2)
      .map(({ priority: _, ...column }) => column),
    text(
      'Pod Labels',
      (t) =>
        Object.entries(t.template?.metadata?.labels ?? {})
          .map(([key, value]) => `${key}=${value}`)
          .sort()
          .join(',') || '<none>',
    ),
  ],
})

export const deviceDefinitions: readonly ResourceDefinition[] = [
  deviceClasses,
  resourceClaims,
  resourceClaimTemplates,
  resourceSlices,
  podTemplates,
]
