// What may be used up only where a quota covers it: the configuration of the plugin ResourceQuota.
// Spec: https://kubernetes.io/docs/concepts/policy/resource-quotas/#limit-priority-class-consumption-by-default

import { type FieldError, field, forbidden, serverProblem } from '../../machinery/errors.ts'
import type { QuotaEvaluator } from '../../machinery/quota/evaluators.ts'
import { namesBySign, type ResourceList } from '../../machinery/quota/resource-list.ts'
import type { ScopeRequirement } from '../../machinery/quota/scopes.ts'
import { isRecord } from '../api-object.ts'
import type { Resource } from '../registry/resource.ts'

/** One resource that is limited by default: what of its usage, and in which scopes. */
export interface LimitedResource {
  readonly group: string
  readonly resource: string
  readonly matchContains: readonly string[]
  readonly matchScopes: readonly ScopeRequirement[]
}

const GROUP = 'apiserver.config.k8s.io'
const KINDS: Readonly<Record<string, string>> = {
  [`${GROUP}/v1`]: 'ResourceQuotaConfiguration',
  'resourcequota.admission.k8s.io/v1': 'Configuration',
  'resourcequota.admission.k8s.io/v1beta1': 'Configuration',
  'resourcequota.admission.k8s.io/v1alpha1': 'Configuration',
}

/** Reads a configuration. Throws an Error that names every problem. */
export function readQuotaConfiguration(document: unknown): readonly LimitedResource[] {
  if (!isRecord(document) || KINDS[String(document.apiVersion)] !== document.kind) {
    throw new Error(`expected kind ${KINDS[`${GROUP}/v1`]} of ${GROUP}/v1`)
  }
  const given = Array.isArray(document.limitedResources) ? document.limitedResources.filter(isRecord) : []
  const errors: FieldError[] = given.flatMap(({ resource }, i) =>
    resource ? [] : [field.required(`limitedResources[${i}].resource`)],
  )
  if (errors.length > 0) throw new Error(errors.map(({ path, message }) => `${path}: ${message}`).join(', '))
  return given.map(({ apiGroup = '', resource, matchContains, matchScopes }) => ({
    group: String(apiGroup),
    resource: String(resource),
    matchContains: Array.isArray(matchContains) ? matchContains.map(String) : [],
    matchScopes: Array.isArray(matchScopes) ? (matchScopes as ScopeRequirement[]) : [],
  }))
}

/** Refuses what uses up something that is limited by default and that no quota covers. Model: CheckRequest. */
export function requireCover(
  { limited, evaluator }: { readonly limited: readonly LimitedResource[]; readonly evaluator: QuotaEvaluator },
  request: {
    readonly resource: Resource
    readonly name: string
    readonly object: unknown
    readonly usage: ResourceList
  },
  covered: { readonly names: ReadonlySet<string>; readonly scopes: ReadonlySet<string> },
): void {
  const { resource, name, object, usage } = request
  const own = limited.filter((l) => l.group === resource.group && l.resource === resource.resource)
  const consumed = namesBySign(usage, (sign) => sign > 0)
  const bare = consumed
    .filter((used) => own.some(({ matchContains }) => matchContains.some((part) => used.includes(part))))
    .filter((used) => !covered.names.has(used))
  if (bare.length > 0) {
    throw forbidden(resource, name, `insufficient quota to consume: ${bare.sort().join(',')}`)
  }
  const open = limited
    .flatMap(({ matchScopes }) => matchScopes)
    .filter((scope) => evaluator.inScope(object, scope) && !covered.scopes.has(scope.scopeName))
  if (open.length === 0) return
  const shown = open.map(({ scopeName, operator, values = [] }) => `{${scopeName} ${operator} [${values.join(' ')}]}`)
  throw serverProblem(`insufficient quota to match these scopes: [${shown.join(' ')}]`)
}
