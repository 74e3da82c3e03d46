// Kinds that have no stable version yet. They are served only when --runtime-config (and for most a feature gate) asks.

import type { StorageVersion } from '../../../api/generated/apiserverinternal-v1alpha1.ts'
import type { ClusterTrustBundle, PodCertificateRequest } from '../../../api/generated/certificates-v1beta1.ts'
import type { LeaseCandidate } from '../../../api/generated/coordination-v1beta1.ts'
import type { ResourcePoolStatusRequest } from '../../../api/generated/resource-v1alpha3.ts'
import type { DeviceTaintRule, DeviceTaintSelector } from '../../../api/generated/resource-v1beta2.ts'
import type { PodGroup, PodGroupTemplate, Workload } from '../../../api/generated/scheduling-v1alpha2.ts'
import type { StorageVersionMigration } from '../../../api/generated/storagemigration-v1beta1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dns1035LabelProblem, dnsSubdomainProblem } from '../../../machinery/names.ts'
import { defineResource, type ResourceDefinition, STATUS_ALONE } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { validateConditions } from '../core/condition-validation.ts'
import { checkRequired, immutable, invalidFor } from '../core/field-checks.ts'
import { validateDriverName } from '../core/volume-sources.ts'
import { validateStrategy } from '../policy/lease.ts'
import { checkLabel, checkPoolName, checkTaint } from './device-common.ts'

const bundlePrefix = (signer: string) => `${signer.replace('/', ':')}:`

const clusterTrustBundles = defineResource<ClusterTrustBundle>({
  group: 'certificates.k8s.io',
  resource: 'clustertrustbundles',
  generation: false,
  // A bundle of a signer is named after it.
  nameProblem: (name) => dnsSubdomainProblem(name.split(':').at(-1) ?? ''),
  validate({ metadata, spec }) {
    const errors: FieldError[] = []
    const { signerName = '' } = spec
    if (signerName !== '' && !metadata.name.startsWith(bundlePrefix(signerName))) {
      errors.push(
        field.invalid(
          'metadata.name',
          metadata.name,
          `ClusterTrustBundle for signerName ${signerName} must be named with prefix ${bundlePrefix(signerName)}`,
        ),
      )
    }
    if (signerName === '' && metadata.name.includes(':')) {
      errors.push(
        field.invalid(
          'metadata.name',
          metadata.name,
          'ClusterTrustBundle without signer name must not have ":" in its name',
        ),
      )
    }
    if (!/-----BEGIN CERTIFICATE-----/.test(spec.trustBundle ?? '')) {
      errors.push(field.invalid('spec.trustBundle', '<value omitted>', 'at least one trust anchor must be provided'))
    }
    return errors
  },
  validateUpdate: (bundle, old) => immutable('spec.signerName', bundle.spec.signerName, old.spec.signerName),
  selectableFields: { 'spec.signerName': ({ spec }) => spec.signerName ?? '' },
  columns: [nameColumn, text('SignerName', ({ spec }) => spec.signerName || '<none>')],
})

const MIN_EXPIRATION = 3600
const MAX_EXPIRATION = 7_862_400

const podCertificateRequests = defineResource<PodCertificateRequest>({
  group: 'certificates.k8s.io',
  resource: 'podcertificaterequests',
  resets: STATUS_ALONE,
  generation: false,
  defaults({ spec }) {
    spec.maxExpirationSeconds ??= 86_400
  },
  validate({ spec }) {
    const required = (
      [
        ...['signerName', 'podName', 'podUID', 'serviceAccountName', 'serviceAccountUID'],
        ...['nodeName', 'nodeUID', 'stubPKCS10Request'],
      ] as (keyof typeof spec)[]
    ).flatMap((name) => checkRequired(`spec.${name}`, String(spec[name] ?? '')))
    const seconds = spec.maxExpirationSeconds ?? 0
    if (seconds >= MIN_EXPIRATION && seconds <= MAX_EXPIRATION) return required
    const why = `must be in the range [${MIN_EXPIRATION}, ${MAX_EXPIRATION}]`
    return [...required, field.invalid('spec.maxExpirationSeconds', seconds, why)]
  },
  validateUpdate: (request, old) => immutable('spec', request.spec, old.spec),
  selectableFields: {
    'spec.signerName': ({ spec }) => spec.signerName,
    'spec.podName': ({ spec }) => spec.podName,
    'spec.nodeName': ({ spec }) => spec.nodeName,
  },
  columns: [
    nameColumn,
    text('PodName', ({ spec }) => spec.podName),
    text('ServiceAccountName', ({ spec }) => spec.serviceAccountName),
    text('NodeName', ({ spec }) => spec.nodeName),
    text('SignerName', ({ spec }) => spec.signerName),
    text('State', ({ status }) => status.conditions?.find(({ status: on }) => on === 'True')?.type ?? 'Pending'),
  ],
})

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
  generation: false,
  createOnUpdate: true,
  unconditionalUpdate: false,
  validate: validateCandidate,
  validateUpdate: ({ spec }, old) => immutable('spec.leaseName', spec.leaseName ?? '', old.spec.leaseName ?? ''),
  columns: [
    nameColumn,
    text('LeaseName', ({ spec }) => spec.leaseName),
    text('Strategy', ({ spec }) => spec.strategy),
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
  columns: [nameColumn, ageColumn],
})

const resourcePoolStatusRequests = defineResource<ResourcePoolStatusRequest>({
  group: 'resource.k8s.io',
  resource: 'resourcepoolstatusrequests',
  generation: false,
  resets: STATUS_ALONE,
  defaults({ spec }) {
    spec.limit ??= 100
  },
  validate: ({ spec }) => checkRequired('spec.driver', spec.driver),
  validateUpdate: (request, old) => immutable('spec', request.spec, old.spec),
  columns: [
    nameColumn,
    text('Driver', ({ spec }) => spec.driver),
    text('Pool', ({ spec }) => spec.poolName ?? ''),
    ageColumn,
  ],
})

function checkPolicy(template: Pick<PodGroupTemplate, 'schedulingPolicy'>, at: string): FieldError[] {
  const path = `${at}.schedulingPolicy`
  const { basic, gang } = template.schedulingPolicy ?? {}
  if (basic && gang) return [field.invalid(path, '{`basic`, `gang`}', 'must specify exactly one of: `basic`, `gang`')]
  if (!basic && !gang) return [field.required(path, 'must specify one of: `basic`, `gang`')]
  if (gang && !((gang.minCount ?? 0) > 0)) {
    return [field.invalid(`${path}.gang.minCount`, gang.minCount ?? 0, 'must be greater than or equal to 1')]
  }
  return []
}

const podGroups = defineResource<PodGroup>({
  group: 'scheduling.k8s.io',
  resource: 'podgroups',
  generation: false,
  resets: STATUS_ALONE,
  validate: ({ spec }) => checkPolicy(spec, 'spec'),
  validateUpdate: (group, old) => immutable('spec', group.spec, old.spec),
  columns: [nameColumn, ageColumn],
})

const MAX_TEMPLATES = 8

const workloads = defineResource<Workload>({
  group: 'scheduling.k8s.io',
  resource: 'workloads',
  generation: false,
  validate({ spec }) {
    const templates = spec.podGroupTemplates ?? []
    if (templates.length === 0) return [field.required('spec.podGroupTemplates', 'must have at least one item')]
    if (templates.length > MAX_TEMPLATES) {
      return [field.tooMany('spec.podGroupTemplates', templates.length, MAX_TEMPLATES)]
    }
    const names = new Set<string>()
    return templates.flatMap((template, i) => {
      const at = `spec.podGroupTemplates[${i}]`
      const twice = names.has(template.name) ? [field.duplicate(`${at}.name`, template.name)] : []
      names.add(template.name)
      const name = template.name
        ? invalidFor(`${at}.name`, template.name, [dnsSubdomainProblem(template.name)])
        : [field.required(`${at}.name`)]
      return [...name, ...twice, ...checkPolicy(template, at)]
    })
  },
  validateUpdate: (workload, old) => immutable('spec', workload.spec, old.spec),
  columns: [nameColumn, ageColumn],
})

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
  const errors = validateConditions(conditions, at)
  const before = old.status.resourceVersion ?? ''
  if (before !== '' && resourceVersion !== before) {
    errors.push(field.invalid('status.resourceVersion', resourceVersion, 'field is immutable'))
  }
  const is = (migration: Pick<StorageVersionMigration, 'status'>, type: string) =>
    (migration.status.conditions ?? []).some((c) => c.type === type && c.status === 'True')
  if (is({ status }, 'Succeeded') && is({ status }, 'Failed')) {
    const why = 'Both success and failed conditions cannot be true at the same time'
    errors.push(field.invalid(at, conditions, why))
  }
  for (const [type, shown] of [
    ['Succeeded', 'Success'],
    ['Failed', 'Failed'],
  ] as const) {
    if (!is(old, type) || is({ status }, type)) continue
    errors.push(field.invalid(at, conditions, `${shown} condition cannot be set to false once it is true`))
  }
  return errors
}

const storageVersionMigrations = defineResource<StorageVersionMigration>({
  group: 'storagemigration.k8s.io',
  resource: 'storageversionmigrations',
  generation: false,
  resets: STATUS_ALONE,
  validate: ({ spec }) => migratedProblems(spec.resource ?? {}, 'spec.resource'),
  validateStatusUpdate: migrationStatusProblems,
  validateUpdate: (migration, old) => immutable('spec', migration.spec, old.spec),
  columns: [
    nameColumn,
    text('Resource', ({ spec: { resource } }) =>
      resource.group ? `${resource.resource}.${resource.group}` : resource.resource,
    ),
    ageColumn,
  ],
})

const storageVersions = defineResource<StorageVersion>({
  group: 'internal.apiserver.k8s.io',
  resource: 'storageversions',
  generation: false,
  resets: STATUS_ALONE,
})

export const previewDefinitions: readonly ResourceDefinition[] = [
  clusterTrustBundles,
  podCertificateRequests,
  leaseCandidates,
  deviceTaintRules,
  resourcePoolStatusRequests,
  podGroups,
  workloads,
  storageVersionMigrations,
  storageVersions,
]
