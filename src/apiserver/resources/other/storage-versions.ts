// storageversions: which server of the API reads and writes which versions.
// Rules and wording: k8s.io/kubernetes/pkg/apis/apiserverinternal/validation.

import type { StorageVersion } from '../../../api/generated/apiserverinternal-v1alpha1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dns1035LabelProblem, dnsSubdomainProblem } from '../../../machinery/names.ts'
import { defineResource, STATUS_ALONE } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { checkQualifiedName, invalidFor } from '../core/field-checks.ts'

type Status = StorageVersion['status']
type Server = NonNullable<Status['storageVersions']>[number]

const EMPTY = 'must be non-empty'
const NO_VERSION =
  "an apiVersion is a DNS-1035 label, which must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyVersion')"

export const storageVersions = defineResource<StorageVersion>({
  group: 'internal.apiserver.k8s.io',
  resource: 'storageversions',
  unconditionalUpdate: false,
  generation: false,
  resets: STATUS_ALONE,
  nameProblem: storageVersionNameProblem,
  validateStatusUpdate: ({ status }) => [
    ...serverProblems(status.storageVersions ?? []),
    ...commonVersionProblems(status),
    ...conditionProblems(status.conditions ?? []),
  ],
  columns: [
    nameColumn,
    text('CommonEncodingVersion', ({ status }) => status.commonEncodingVersion ?? '<unset>'),
    text('StorageVersions', storageVersionsText),
    ageColumn,
  ],
})

/** Upstream: ValidateStorageVersionName. */
function storageVersionNameProblem(name: string): string | undefined {
  const at = name.lastIndexOf('.')
  if (at < 0) return 'name must be in the form of <group>.<resource>'
  const [group, resource] = [dnsSubdomainProblem(name.slice(0, at)), dns1035LabelProblem(name.slice(at + 1))]
  if (group) return `the group segment ${group}`
  return resource && `the resource segment ${resource}`
}

const MAX_SHOWN = 3

function storageVersionsText({ status }: StorageVersion): string {
  const all = (status.storageVersions ?? []).map(
    ({ apiServerID, encodingVersion }) => `${apiServerID}=${encodingVersion}`,
  )
  if (all.length === 0) return '<unset>'
  const shown = all.slice(0, MAX_SHOWN).join(',')
  return all.length > MAX_SHOWN ? `${shown} + ${all.length - MAX_SHOWN} more...` : shown
}

/** Upstream: validateServerStorageVersion. */
function serverProblems(servers: readonly Server[]): FieldError[] {
  const known = new Set<string>()
  return servers.flatMap((server, i) => {
    const at = `status.storageVersions[${i}]`
    const { apiServerID: id = '', encodingVersion = '', decodableVersions = [], servedVersions = [] } = server
    const twice = known.has(id) ? [field.duplicate(`${at}.apiServerID`, id)] : []
    known.add(id)
    return [
      ...twice,
      ...invalidFor(`${at}.apiServerID`, id, [dnsSubdomainProblem(id)]),
      ...checkVersion(`${at}.encodingVersion`, encodingVersion),
      ...decodableVersions.flatMap((version, j) => checkVersion(`${at}.decodableVersions[${j}]`, version)),
      ...(decodableVersions.includes(encodingVersion)
        ? []
        : [
            field.invalid(
              `${at}.decodableVersions`,
              server.decodableVersions ?? null,
              `decodableVersions must include encodingVersion ${encodingVersion}`,
            ),
          ]),
      ...servedVersions.flatMap((version, j) => {
        const path = `${at}.servedVersions[${j}]`
        const why = `individual served version : ${version} must be included in decodableVersions : [${decodableVersions.join(' ')}]`
        return [
          ...checkVersion(path, version),
          ...(decodableVersions.includes(version) ? [] : [field.invalid(path, version, why)]),
        ]
      }),
    ]
  })
}

/** Upstream: isValidAPIVersion. */
function checkVersion(path: string, text: string): FieldError[] {
  const parts = text.split('/')
  if (parts.length > 2) return [field.invalid(path, text, NO_VERSION)]
  const version = parts.at(-1) ?? ''
  const group = parts.length === 2 ? (parts[0] ?? '') : undefined
  const problems = [
    group === undefined ? undefined : group === '' ? EMPTY : dnsSubdomainProblem(group),
    version === '' ? EMPTY : dns1035LabelProblem(version),
  ]
  const told = problems.flatMap((problem, i) => (problem ? [`${i === 0 ? 'group' : 'version'} part: ${problem}`] : []))
  return told.length > 0 ? [field.invalid(path, text, told.join(','))] : []
}

/** Upstream: validateCommonVersion. */
function commonVersionProblems({ storageVersions: servers = [], commonEncodingVersion: told }: Status): FieldError[] {
  const [first, ...others] = servers.map(({ encodingVersion }) => encodingVersion ?? '')
  const common = others.every((version) => version === first) ? first : undefined
  if (common === told) return []
  const why =
    common === undefined
      ? 'should be nil if servers do not agree on the same encoding version, or if there is no server reporting the supported versions yet'
      : `the ${told === undefined ? '' : 'actual '}common encoding version is ${common}`
  return [field.invalid('status.commonEncodingVersion', told ?? null, why)]
}

/** The paths are upstream's. */
function conditionProblems(conditions: NonNullable<Status['conditions']>): FieldError[] {
  return conditions.flatMap(({ type = '', status = '', reason, message }, i) => {
    const at = `status[${i}]`
    const before = conditions.slice(0, i).findLastIndex((condition) => condition.type === type)
    const why = `the type of the condition is not unique, it also appears in conditions[${before}]`
    return [
      ...(before >= 0 ? [field.invalid(`${at}.type`, type, why)] : []),
      ...checkQualifiedName(`${at}.type`, type),
      ...checkQualifiedName(`${at}.status`, status),
      ...(reason ? [] : [field.required(`${at}.reason`)]),
      ...(message ? [] : [field.required(`${at}.message`)]),
    ]
  })
}
