// What is wrong with what webhooks and policies match: rules, selectors and policies of matching.

import type { MatchResources, NamedRuleWithOperations } from '../../../api/generated/admissionregistration-v1.ts'
import type { LabelSelector } from '../../../api/generated/meta-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { pathSegmentProblem } from '../../../machinery/names.ts'
import { invalidFor } from '../core/field-checks.ts'
import { validateLabelSelector } from '../core/workload-validation.ts'

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']

interface Matching {
  readonly matchPolicy?: string
  readonly namespaceSelector?: LabelSelector
  readonly objectSelector?: LabelSelector
}

/** Of what webhooks and policies have in common. `anyValue`: selectors may name values that no label can have. */
export function matchingProblems(
  path: string,
  { matchPolicy, ...selectors }: Matching,
  anyValue = false,
): FieldError[] {
  const errors: FieldError[] = []
  if (matchPolicy !== undefined && matchPolicy !== 'Exact' && matchPolicy !== 'Equivalent') {
    errors.push(field.notSupported(`${path}.matchPolicy`, matchPolicy, ['Equivalent', 'Exact']))
  }
  for (const name of ['namespaceSelector', 'objectSelector'] as const) {
    const selector = selectors[name]
    if (selector) errors.push(...validateLabelSelector(selector, `${path}.${name}`, anyValue))
  }
  return errors
}

/** Of a policy's constraints or a binding's. */
export function matchResourcesProblems(path: string, match: MatchResources): FieldError[] {
  return [
    ...matchingProblems(path, match),
    ...namedRuleProblems(`${path}.resourceRules`, match.resourceRules),
    ...namedRuleProblems(`${path}.excludeResourceRules`, match.excludeResourceRules),
  ]
}

function namedRuleProblems(path: string, rules: readonly NamedRuleWithOperations[] = []): FieldError[] {
  const names = rules.flatMap(({ resourceNames = [] }, r) =>
    resourceNames.flatMap((name, i) => [
      ...invalidFor(`${path}[${r}].resourceNames[${i}]`, name, [pathSegmentProblem(name)]),
      ...(resourceNames.indexOf(name) < i ? [field.duplicate(`${path}[${r}].resourceNames[${i}]`, name)] : []),
    ]),
  )
  return [...names, ...ruleProblems(path, rules)]
}

export function ruleProblems(path: string, rules: readonly NamedRuleWithOperations[] | undefined): FieldError[] {
  return (rules ?? []).flatMap((rule, i) => {
    const at = `${path}[${i}]`
    const { operations = [], scope } = rule
    const errors = [
      ...listProblems(`${at}.operations`, operations, 'operations'),
      ...operations.flatMap((operation, n) =>
        OPERATIONS.includes(operation) ? [] : [field.notSupported(`${at}.operations[${n}]`, operation, OPERATIONS)],
      ),
      ...listProblems(`${at}.apiGroups`, rule.apiGroups, 'API groups', true),
      ...listProblems(`${at}.apiVersions`, rule.apiVersions, 'API versions'),
      ...resourceProblems(`${at}.resources`, rule.resources ?? []),
    ]
    if (scope !== undefined && !['*', 'Cluster', 'Namespaced'].includes(scope)) {
      errors.push(field.notSupported(`${at}.scope`, scope, ['*', 'Cluster', 'Namespaced']))
    }
    return errors
  })
}

function listProblems(path: string, values: readonly string[] | undefined, what: string, mayBeEmpty = false) {
  if (!values || values.length === 0) return [field.required(path)]
  if (values.length > 1 && values.includes('*')) {
    return [field.invalid(path, values, `if '*' is present, must not specify other ${what}`)]
  }
  return values.flatMap((value, i) => (value === '' && !mayBeEmpty ? [field.required(`${path}[${i}]`)] : []))
}

function resourceProblems(path: string, resources: readonly string[]): FieldError[] {
  if (resources.length === 0) return [field.required(path)]
  const given = new Set(resources)
  const errors: FieldError[] = []
  for (const [i, name] of resources.entries()) {
    const [resource = '', subresource] = name.split('/', 2)
    const at = `${path}[${i}]`
    if (name === '') errors.push(field.required(at))
    else if (
      subresource === '*' &&
      resource !== '*' &&
      resources.some((o) => o.startsWith(`${resource}/`) && o !== name)
    ) {
      errors.push(field.invalid(at, name, `if '${name}' is present, must not specify ${resource}/subresource`))
    } else if (resource === '*' && subresource !== undefined && subresource !== '*') {
      if (resources.some((other) => other.endsWith(`/${subresource}`) && other !== name)) {
        errors.push(field.invalid(at, name, `if '${name}' is present, must not specify resource/${subresource}`))
      }
    }
  }
  if (given.has('*/*') && resources.length > 1) {
    errors.push(field.invalid(path, resources, "if '*/*' is present, must not specify other resources"))
  } else if (given.has('*') && resources.some((name) => name !== '*' && !name.includes('/'))) {
    errors.push(
      field.invalid(path, resources, "if '*' is present, must not specify other resources without subresources"),
    )
  }
  return errors
}
