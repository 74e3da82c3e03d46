// resourcequotas. Rules and wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type {
  ResourceQuota,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
} from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { canonicalQuantity } from '../../../machinery/quota/resource-list.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { immutable } from '../core/field-checks.ts'
import { validateResourceName, validateResourceQuantity } from '../core/resource-requirements.ts'
import { COMPUTE, QUOTA_NAMES } from './quota-names.ts'

const SCOPES = new Set([
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
])
/** Scopes that divide the pods in two: nothing is in both halves. */
const OPPOSITES = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const
const POD_COMPUTE = new Set(['pods', ...COMPUTE.flatMap((name) => [name, `requests.${name}`, `limits.${name}`])])
const CLAIM_NAMES = new Set(['persistentvolumeclaims', 'requests.storage'])

export const resourceQuotas = defineResource<ResourceQuota>({
  group: '',
  resource: 'resourcequotas',
  shortNames: ['quota'],
  generation: false,
  validate: ({ spec }) => [
    ...validateAmounts(spec.hard, 'spec.hard'),
    ...validateScopes(spec),
    ...validateSelector(spec),
  ],
  validateStatusUpdate: ({ status }) => [
    ...validateAmounts(status.hard, 'status.hard'),
    ...validateAmounts(status.used, 'status.used'),
  ],
  validateUpdate: ({ spec }, old) =>
    sameJson(sorted(spec.scopes), sorted(old.spec.scopes)) ? [] : immutable('spec.scopes', spec.scopes, undefined),
  columns: [
    nameColumn,
    text('Request', (q) => usageText(q, (name) => !name.startsWith('limits.'))),
    text('Limit', (q) => usageText(q, (name) => name.startsWith('limits.'))),
    ageColumn,
  ],
})

function sorted(scopes: readonly string[] | undefined): readonly string[] {
  return [...new Set(scopes)].sort()
}

function usageText(quota: ResourceQuota, wanted: (name: string) => boolean): string {
  return Object.keys(quota.status.hard ?? {})
    .filter(wanted)
    .sort()
    .map((name) => {
      const [used = '0', hard = '0'] = [quota.status.used?.[name], quota.status.hard?.[name]]
      return `${name}: ${canonicalQuantity(used)}/${canonicalQuantity(hard)}`
    })
    .join(', ')
}

function validateAmounts(amounts: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const name in amounts) {
    const at = `${path}[${name}]`
    errors.push(...validateResourceName(at, name))
    const hugePages = name.startsWith('hugepages-') || name.startsWith('requests.hugepages-')
    if (!name.includes('/') && !hugePages && !QUOTA_NAMES.has(name)) {
      errors.push(field.invalid(at, name, 'must be a standard resource for quota'))
    }
    errors.push(...validateResourceQuantity(at, name, amounts[name] ?? '0'))
  }
  return errors
}

function validateScopes({ scopes = [], hard = {} }: ResourceQuotaSpec): FieldError[] {
  const errors: FieldError[] = []
  const wrong = (why: string) => errors.push(field.invalid('spec.scopes', scopes, why))
  for (const scope of scopes) {
    if (!SCOPES.has(scope)) wrong('unsupported scope')
    for (const name of Object.keys(hard).sort()) {
      if (QUOTA_NAMES.has(name) && !applies(scope, name)) wrong('unsupported scope applied to resource')
    }
  }
  if (OPPOSITES.some((pair) => pair.every((scope) => scopes.includes(scope)))) wrong('conflicting scopes')
  return errors
}

function validateSelector(spec: ResourceQuotaSpec): FieldError[] {
  const errors: FieldError[] = []
  const path = 'spec.scopeSelector.matchExpressions'
  for (const requirement of spec.scopeSelector?.matchExpressions ?? []) {
    const { scopeName } = requirement
    if (!SCOPES.has(scopeName)) errors.push(field.invalid(`${path}.scopeName`, scopeName, 'unsupported scope'))
    for (const name of Object.keys(spec.hard ?? {}).sort()) {
      if (QUOTA_NAMES.has(name) && !applies(scopeName, name)) {
        errors.push(field.invalid(path, shownSelector(spec), 'unsupported scope applied to resource'))
      }
    }
    errors.push(...validateRequirement(requirement, path))
  }
  const names = new Set(spec.scopeSelector?.matchExpressions?.map((requirement) => requirement.scopeName))
  if (OPPOSITES.some((pair) => pair.every((scope) => names.has(scope)))) {
    errors.push(field.invalid(path, spec.scopes ?? null, 'conflicting scopes'))
  }
  return errors
}

const shownSelector = ({ scopeSelector }: ResourceQuotaSpec) => ({
  MatchExpressions: (scopeSelector?.matchExpressions ?? []).map(({ scopeName, operator, values }) => ({
    ScopeName: scopeName,
    Operator: operator,
    Values: values ?? null,
  })),
})

function validateRequirement(requirement: ScopedResourceSelectorRequirement, path: string): FieldError[] {
  const { scopeName, operator, values = [] } = requirement
  const errors: FieldError[] = []
  if (!['PriorityClass', 'VolumeAttributesClass'].includes(scopeName) && operator !== 'Exists') {
    errors.push(
      field.invalid(
        `${path}.operator`,
        operator,
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
      ),
    )
  }
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) {
      errors.push(
        field.required(
          `${path}.values`,
          "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        ),
      )
    }
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) {
      errors.push(
        field.invalid(
          `${path}.values`,
          values,
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        ),
      )
    }
  } else errors.push(field.invalid(`${path}.operator`, operator, 'not a valid selector operator'))
  return errors
}

/** Whether a standard resource can be limited within a scope. */
function applies(scope: string, name: string): boolean {
  if (scope === 'BestEffort') return name === 'pods'
  if (scope === 'VolumeAttributesClass') return CLAIM_NAMES.has(name)
  return !SCOPES.has(scope) || POD_COMPUTE.has(name)
}
