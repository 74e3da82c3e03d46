// What is wrong with what webhooks and policies match: rules, selectors and policies of matching.

import type {
  MatchResources,
  NamedRuleWithOperations,
  RuleWithOperations,
} from '../../../api/generated/admissionregistration-v1.ts'
import type { LabelSelector } from '../../../api/generated/meta-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { pathSegmentProblem } from '../../../machinery/names.ts'
import { checkOptionalEnum, invalidFor } from '../core/field-checks.ts'
import { validateLabelSelector } from '../core/workload-validation.ts'

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']

interface Matching {
  readonly matchPolicy?: string
  readonly namespaceSelector?: LabelSelector
  readonly objectSelector?: LabelSelector
}

/** Of whether other versions of what is matched are matched, too. */
export function matchPolicyProblems(path: string, { matchPolicy }: Matching): FieldError[] {
  return checkOptionalEnum(`${path}.matchPolicy`, matchPolicy, ['Equivalent', 'Exact'])
}

/** Of the selectors of webhooks and policies. `anyValue`: they may name values that no label can have. */
export function selectorProblems(path: string, selectors: Matching, anyValue = false): FieldError[] {
  return (['namespaceSelector', 'objectSelector'] as const).flatMap((name) => {
    const selector = selectors[name]
    return selector ? validateLabelSelector(selector, `${path}.${name}`, anyValue) : []
  })
}

/** Of a policy's constraints or a binding's. */
export function matchResourcesProblems(path: string, match: MatchResources): FieldError[] {
  return [
    ...matchPolicyProblems(path, match),
    ...selectorProblems(path, match),
    ...namedRuleProblems(`${path}.resourceRules`, match.resourceRules),
    ...namedRuleProblems(`${path}.excludeResourceRules`, match.excludeResourceRules),
  ]
}

function namedRuleProblems(path: string, rules: readonly NamedRuleWithOperations[] = []): FieldError[] {
  return rules.flatMap((rule, r) => {
    const at = `${path}[${r}].resourceNames`
    const { resourceNames = [] } = rule
    const names = resourceNames.flatMap((name, i) => [
      ...invalidFor(`${at}[${i}]`, name, [pathSegmentProblem(name)]),
      ...(resourceNames.indexOf(name) < i ? [field.duplicate(`${at}[${i}]`, name)] : []),
    ])
    return [...names, ...ruleProblemsOf(rule, `${path}[${r}]`)]
  })
}

export function ruleProblems(path: string, rules: readonly RuleWithOperations[] = []): FieldError[] {
  return rules.flatMap((rule, i) => ruleProblemsOf(rule, `${path}[${i}]`))
}

function ruleProblemsOf(rule: RuleWithOperations, at: string): FieldError[] {
  const { operations = [], scope } = rule
  const errors = [
    ...listProblems(`${at}.operations`, operations, 'operations', true),
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
}

function listProblems(path: string, values: readonly string[] | undefined, what: string, mayBeEmpty = false) {
  if (!values || values.length === 0) return [field.required(path)]
  const wide = values.length > 1 && values.includes('*')
  const why = `if '*' is present, must not specify other ${what}`
  const several = wide ? [field.invalid(path, values, why)] : []
  if (mayBeEmpty) return several
  return [...several, ...values.flatMap((value, i) => (value === '' ? [field.required(`${path}[${i}]`)] : []))]
}

/** Upstream: validateResources. Only what comes after the wildcard that has it already is refused by its own. */
function resourceProblems(path: string, resources: readonly string[]): FieldError[] {
  if (resources.length === 0) return [field.required(path)]
  const errors: FieldError[] = []
  const wholes = new Set<string>()
  const everywheres = new Set<string>()
  let plain = false
  for (const [i, name] of resources.entries()) {
    const at = `${path}[${i}]`
    const slash = name.indexOf('/')
    if (name === '') errors.push(field.required(at))
    // Of several the last one counts.
    else if (slash < 0) plain = name !== '*'
    else {
      const [resource, subresource] = [name.slice(0, slash), name.slice(slash + 1)]
      const wider = [
        ...(wholes.has(resource) ? [`${resource}/*`] : []),
        ...(everywheres.has(subresource) ? [`*/${subresource}`] : []),
      ]
      for (const known of wider) {
        errors.push(field.invalid(at, name, `if '${known}' is present, must not specify ${name}`))
      }
      if (subresource === '*') wholes.add(resource)
      if (resource === '*') everywheres.add(subresource)
    }
  }
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.push(field.invalid(path, resources, "if '*/*' is present, must not specify other resources"))
  }
  if (plain && resources.includes('*')) {
    const why = "if '*' is present, must not specify other resources without subresources"
    errors.push(field.invalid(path, resources, why))
  }
  return errors
}
