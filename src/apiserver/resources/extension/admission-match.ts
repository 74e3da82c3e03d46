// What is wrong with what webhooks and policies match: rules, selectors and policies of matching.

import type {
  MatchResources,
  NamedRuleWithOperations,
  WebhookClientConfig,
} from '../../../api/generated/admissionregistration-v1.ts'
import type { LabelSelector } from '../../../api/generated/meta-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { validateLabelSelector } from '../core/workload-validation.ts'

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
const MAX_PORT = 65_535

interface Matching {
  readonly matchPolicy?: string
  readonly namespaceSelector?: LabelSelector
  readonly objectSelector?: LabelSelector
}

/** Of what webhooks and policies have in common. */
export function matchingProblems(path: string, { matchPolicy, ...selectors }: Matching): FieldError[] {
  const errors: FieldError[] = []
  if (matchPolicy !== undefined && matchPolicy !== 'Exact' && matchPolicy !== 'Equivalent') {
    errors.push(field.notSupported(`${path}.matchPolicy`, matchPolicy, ['Equivalent', 'Exact']))
  }
  for (const name of ['namespaceSelector', 'objectSelector'] as const) {
    const selector = selectors[name]
    if (selector) errors.push(...validateLabelSelector(selector, `${path}.${name}`))
  }
  return errors
}

/** Of a policy's constraints or a binding's. */
export function matchResourcesProblems(path: string, match: MatchResources): FieldError[] {
  return [
    ...matchingProblems(path, match),
    ...ruleProblems(`${path}.resourceRules`, match.resourceRules),
    ...ruleProblems(`${path}.excludeResourceRules`, match.excludeResourceRules),
  ]
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

/** Of how a webhook is reached. */
export function clientProblems(path: string, { url, service }: Partial<WebhookClientConfig>): FieldError[] {
  if ((url === undefined) === (service === undefined)) {
    return [field.required(path, 'exactly one of url or service is required')]
  }
  if (url !== undefined) return urlProblems(`${path}.url`, url)
  const { name, namespace, port = 443, path: at } = service ?? {}
  const errors: FieldError[] = []
  if (!name) errors.push(field.required(`${path}.service.name`, 'service name is required'))
  if (!namespace) errors.push(field.required(`${path}.service.namespace`, 'service namespace is required'))
  if (port < 1 || port > MAX_PORT) {
    errors.push(
      field.invalid(`${path}.service.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'),
    )
  }
  if (at !== undefined && at !== '/' && !at.startsWith('/')) {
    errors.push(field.invalid(`${path}.service.path`, at, "must start with a '/'"))
  }
  return errors
}

function urlProblems(path: string, url: string): FieldError[] {
  const form = 'desired format: https://host[/path]'
  if (!URL.canParse(url)) return [field.required(path, `url must be a valid URL: ${JSON.stringify(url)}; ${form}`)]
  const { protocol, username, password, search, hash } = new URL(url)
  const errors: FieldError[] = []
  if (protocol !== 'https:') {
    errors.push(field.invalid(path, protocol.slice(0, -1), `'https' is the only allowed URL scheme; ${form}`))
  }
  if (username || password) {
    errors.push(field.invalid(path, username, `user information is not permitted in the URL; ${form}`))
  }
  if (hash) errors.push(field.invalid(path, hash.slice(1), `fragments are not permitted in the URL; ${form}`))
  if (search)
    errors.push(field.invalid(path, search.slice(1), `query parameters are not permitted in the URL; ${form}`))
  return errors
}
