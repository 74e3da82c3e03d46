// Kinds that have no stable version yet. They are served only when --runtime-config (and for most a feature gate) asks.

import type { LeaseCandidate } from '../../../api/generated/coordination-v1beta1.ts'
import type { DeviceTaintRule, DeviceTaintSelector } from '../../../api/generated/resource-v1beta2.ts'
import type { StorageVersionMigration } from '../../../api/generated/storagemigration-v1beta1.ts'
import { formatTime } from '../../../machinery/clock.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { type Shapes, structValue } from '../../../machinery/go/struct-json.ts'
import { configMapKeyProblem, dns1035LabelProblem, dnsSubdomainProblem } from '../../../machinery/names.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource, type ResourceDefinition, STATUS_ALONE } from '../../resource-definition.ts'
import { age, ageColumn, nameColumn, text } from '../columns/common.ts'
import { CONDITION_SHAPE, validateConditions } from '../core/condition-validation.ts'
import { checkRequired, immutable, invalidFor } from '../core/field-checks.ts'
import { validateDriverName } from '../core/volume-sources.ts'
import { validateStrategy } from '../policy/lease.ts'
import { certificatePreviews } from './certificate-previews.ts'
import { checkLabel, checkPoolName, checkTaint } from './device-common.ts'
import { podGroupDefinitions } from './pod-groups.ts'
import { resourcePoolStatusRequests } from './pool-status.ts'
import { storageVersions } from './storage-versions.ts'

const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-.]+)?(\+[0-9A-Za-z-.]+)?$/

function partsOf(version: string): number[] {
  return (version.split(/[-+]/)[0] ?? '').split('.').map(Number)
}

/** Whether a version is before another one. Versions before a release are taken for the release. */
function isBefore(version: string, other: string): boolean {
  const [mine, theirs] = [partsOf(version), partsOf(other)]
  const i = mine.findIndex((part, at) => part !== theirs[at])
  return i >= 0 && (mine[i] ?? 0) < (theirs[i] ?? 0)
}

function versionProblems(path: string, version: string): FieldError[] {
  return SEMVER.test(version) ? [] : [field.invalid(path, version, 'must be a valid semantic version')]
}

/** Upstream: ValidateLeaseCandidateSpec. */
function validateCandidate({ spec }: LeaseCandidate): FieldError[] {
  const { leaseName, emulationVersion: emulated = '', binaryVersion: binary = '', strategy = '' } = spec
  const errors = [
    ...checkRequired('spec.leaseName', leaseName),
    ...(emulated === '' ? [] : versionProblems('spec.emulationVersion', emulated)),
    ...(binary === '' ? [field.required('spec.binaryVersion')] : versionProblems('spec.binaryVersion', binary)),
  ]
  if (SEMVER.test(binary) && SEMVER.test(emulated) && isBefore(binary, emulated)) {
    const why = 'must be greater than or equal to `emulationVersion`'
    errors.push(field.invalid('spec.binaryVersion', binary, why))
  }
  if (strategy === '') return [...errors, field.required('spec.strategy')]
  if (strategy === 'OldestEmulationVersion' && !SEMVER.test(emulated)) {
    const why = "must be specified when `strategy` is 'OldestEmulationVersion'"
    errors.push(field.required('spec.emulationVersion', why))
  }
  return [...errors, ...validateStrategy('spec.strategy.strategy', strategy)]
}

const leaseCandidates = defineResource<LeaseCandidate>({
  group: 'coordination.k8s.io',
  resource: 'leasecandidates',
  nameProblem: configMapKeyProblem,
  generation: false,
  createOnUpdate: true,
  unconditionalUpdate: false,
  validate: validateCandidate,
  validateUpdate: ({ spec }, old) => immutable('spec.leaseName', spec.leaseName ?? '', old.spec.leaseName ?? ''),
  columns: [
    nameColumn,
    text('LeaseName', ({ spec }) => spec.leaseName),
    text('BinaryVersion', ({ spec }) => spec.binaryVersion),
    text('EmulationVersion', ({ spec }) => spec.emulationVersion ?? ''),
    ageColumn,
  ],
})

const MAX_RULE_CONDITIONS = 8

function selectedDeviceProblems({ driver, pool, device }: DeviceTaintSelector, path: string): FieldError[] {
  return [
    ...(driver === undefined ? [] : validateDriverName(`${path}.driver`, driver)),
    ...(pool === undefined ? [] : checkPoolName(`${path}.pool`, pool)),
    ...(device === undefined ? [] : checkLabel(`${path}.device`, device)),
  ]
}

const deviceTaintRules = defineResource<DeviceTaintRule>({
  group: 'resource.k8s.io',
  resource: 'devicetaintrules',
  resets: STATUS_ALONE,
  defaults({ spec }, now) {
    if (spec.taint) spec.taint.timeAdded ??= formatTime(now)
  },
  prepareUpdate({ spec: { taint } }, { spec: { taint: old } }, { now }) {
    if (!taint) return
    // How long a taint is tolerated counts from its last effect.
    if (taint.effect !== old?.effect && taint.timeAdded === old?.timeAdded) taint.timeAdded = formatTime(now)
  },
  validate: ({ spec }, old) => [
    ...selectedDeviceProblems(spec.deviceSelector ?? {}, 'spec.deviceSelector'),
    ...checkTaint('spec.taint', spec.taint ?? {}, old?.spec.taint?.effect),
  ],
  validateStatusUpdate({ status }) {
    const { conditions = [] } = status
    const at = 'status.conditions'
    const many = conditions.length > MAX_RULE_CONDITIONS
    return [
      ...validateConditions(conditions, at),
      ...(many ? [field.tooMany(at, conditions.length, MAX_RULE_CONDITIONS)] : []),
    ]
  },
  columns: [
    nameColumn,
    text('Key', ({ spec }) => spec.taint.key),
    text('Value', ({ spec }) => spec.taint.value ?? ''),
    text('Effect', ({ spec }) => spec.taint.effect),
    text('TimeAdded', ({ spec }, now) => (spec.taint.timeAdded ? age(spec.taint.timeAdded, now) : '')),
    ageColumn,
  ],
})

const SHAPES: Shapes = {
  StorageVersionMigrationSpec: 'Resource:GroupResource',
  GroupResource: 'group=group resource=resource',
  ...CONDITION_SHAPE,
}

function migratedProblems(
  { group = '', resource = '' }: { readonly group?: string; readonly resource?: string },
  path: string,
): FieldError[] {
  return [
    ...(resource === ''
      ? [field.required(`${path}.resource`, 'resource is required to be set')]
      : invalidFor(`${path}.resource`, resource, [dns1035LabelProblem(resource)])),
    ...(group === '' ? [] : invalidFor(`${path}.group`, group, [dnsSubdomainProblem(group)])),
  ]
}

/** A migration that came to an end stays there. Upstream: ValidateStorageVersionMigrationStatusUpdate. */
function migrationStatusProblems({ status }: StorageVersionMigration, old: StorageVersionMigration): FieldError[] {
  const { conditions = [], resourceVersion = '' } = status
  const at = 'status.conditions'
  const versionAt = 'status.resourceVersion'
  const errors: FieldError[] = []
  if (resourceVersion !== '' && !/^[1-9]\d*$/.test(resourceVersion)) {
    const why = `resource version is not well formed: ${resourceVersion}`
    errors.push(field.invalid(versionAt, resourceVersion, why))
  }
  errors.push(...validateConditions(conditions, at))
  const shownConditions = conditions.map((condition) => structValue(SHAPES, 'Condition', condition))
  const before = old.status.resourceVersion ?? ''
  if (before !== '' && resourceVersion !== before) {
    errors.push(field.invalid(versionAt, resourceVersion, 'field is immutable'))
  }
  const is = (migration: Pick<StorageVersionMigration, 'status'>, type: string) =>
    (migration.status.conditions ?? []).some((c) => c.type === type && c.status === 'True')
  if (is({ status }, 'Succeeded') && is({ status }, 'Failed')) {
    const why = 'Both success and failed conditions cannot be true at the same time'
    errors.push(field.invalid(at, shownConditions, why))
  }
  for (const [type, shown] of [
    ['Succeeded', 'Success'],
    ['Failed', 'Failed'],
  ] as const) {
    if (!is(old, type) || is({ status }, type)) continue
    errors.push(field.invalid(at, shownConditions, `${shown} condition cannot be set to false once it is true`))
  }
  return errors
}

const storageVersionMigrations = defineResource<StorageVersionMigration>({
  group: 'storagemigration.k8s.io',
  resource: 'storageversionmigrations',
  unconditionalUpdate: false,
  generation: false,
  resets: STATUS_ALONE,
  validate: ({ spec }) => migratedProblems(spec.resource ?? {}, 'spec.resource'),
  validateStatusUpdate: migrationStatusProblems,
  validateUpdate({ spec }, old) {
    if (sameJson(spec, old.spec)) return []
    return [field.invalid('spec', structValue(SHAPES, 'StorageVersionMigrationSpec', spec), 'field is immutable')]
  },
  columns: [
    text('Name', ({ metadata }) => metadata.name),
    text('Resource', ({ spec: { resource } }) =>
      resource.group ? `${resource.resource}.${resource.group}` : resource.resource,
    ),
    text('Status', migrationState),
  ],
})

/** What is so of a migration; of more than one the last that is told. Upstream: printStorageVersionMigration. */
function migrationState({ status }: StorageVersionMigration): string {
  const told = (status.conditions ?? []).filter(
    (c) => c.status === 'True' && ['Running', 'Failed', 'Succeeded'].includes(c.type),
  )
  return told.at(-1)?.type ?? 'Unknown'
}

export const previewDefinitions: readonly ResourceDefinition[] = [
  ...certificatePreviews,
  leaseCandidates,
  deviceTaintRules,
  resourcePoolStatusRequests,
  ...podGroupDefinitions,
  storageVersionMigrations,
  storageVersions,
]
