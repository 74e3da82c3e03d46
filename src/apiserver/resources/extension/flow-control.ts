// flowschemas and prioritylevelconfigurations. Rules and wording: k8s.io/kubernetes/pkg/apis/flowcontrol/validation.

import type {
  ExemptPriorityLevelConfiguration,
  FlowSchema,
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  QueuingConfiguration,
  ResourcePolicyRule,
  Subject,
} from '../../../api/generated/flowcontrol-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { structValue } from '../../../machinery/go/struct-json.ts'
import { dnsLabelProblem } from '../../../machinery/names.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { priorityLevels as firstLevels, flowSchemas as firstSchemas } from '../../flow-control/bootstrap-objects.ts'
import { defineResource, STATUS_ALONE } from '../../resource-definition.ts'
import { ageColumn, nameColumn, number, text } from '../columns/common.ts'
import { checkOptionalEnum, checkRequired, checkSubdomain, invalidFor } from '../core/field-checks.ts'
import { FLOW_SHAPES } from './flow-shapes.ts'

const MAX_PRECEDENCE = 10_000
const MAX_QUEUES = 10_000_000
/** How many bits of a hash tell which hand of queues a flow has. */
const HASH_BITS = 60
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']
const DISTINGUISHERS = ['ByNamespace', 'ByUser']
const SUBJECTS = { Group: 'group', ServiceAccount: 'serviceAccount', User: 'user' } as const
const NAMESPACE_RULE = "each member of this list must be '*' or a DNS-1123 label; "
const POSITIVE = 'must be positive'
const NOT_NEGATIVE = 'must be a non-negative integer'

export const flowSchemas = defineResource<FlowSchema>({
  group: 'flowcontrol.apiserver.k8s.io',
  resource: 'flowschemas',
  resets: STATUS_ALONE,
  defaults({ spec }) {
    spec.matchingPrecedence ??= 1000
  },
  validate: validateSchema,
  validateStatusUpdate: ({ status }) => validateConditions(status.conditions ?? []),
  columns: [
    nameColumn,
    text('PriorityLevel', ({ spec }) => spec.priorityLevelConfiguration.name),
    number('MatchingPrecedence', ({ spec }) => spec.matchingPrecedence),
    text('DistinguisherMethod', ({ spec }) => spec.distinguisherMethod?.type ?? '<none>'),
    ageColumn,
    text('MissingPL', ({ status }) => (status.conditions ?? []).find((c) => c.type === 'Dangling')?.status ?? '?'),
  ],
})

export const priorityLevelConfigurations = defineResource<PriorityLevelConfiguration>({
  group: 'flowcontrol.apiserver.k8s.io',
  resource: 'prioritylevelconfigurations',
  resets: STATUS_ALONE,
  defaults({ spec }) {
    const { limited, exempt } = spec
    if (exempt) {
      exempt.nominalConcurrencyShares ??= 0
      exempt.lendablePercent ??= 0
    }
    if (!limited) return
    limited.nominalConcurrencyShares ??= 30
    limited.lendablePercent ??= 0
    const queuing = limited.limitResponse?.queuing
    if (!queuing) return
    queuing.queues ??= 64
    queuing.handSize ??= 8
    queuing.queueLengthLimit ??= 50
  },
  validate: validateLevel,
  validateStatusUpdate: ({ status }) => validateConditions(status.conditions ?? []),
  columns: [
    nameColumn,
    text('Type', ({ spec }) => spec.type),
    text('NominalConcurrencyShares', ({ spec }) => spec.limited?.nominalConcurrencyShares ?? '<none>'),
    text('Queues', ({ spec }) => spec.limited?.limitResponse?.queuing?.queues ?? '<none>'),
    text('HandSize', ({ spec }) => spec.limited?.limitResponse?.queuing?.handSize ?? '<none>'),
    text('QueueLengthLimit', ({ spec }) => spec.limited?.limitResponse?.queuing?.queueLengthLimit ?? '<none>'),
    ageColumn,
  ],
})

function validateSchema({ metadata: { name }, spec }: FlowSchema): FieldError[] {
  const { matchingPrecedence: precedence = 0, distinguisherMethod, priorityLevelConfiguration, rules = [] } = spec
  const at = 'spec.matchingPrecedence'
  const errors: FieldError[] = []
  if (precedence <= 0) errors.push(field.invalid(at, precedence, 'must be a positive value'))
  if (precedence > MAX_PRECEDENCE) {
    errors.push(field.invalid(at, precedence, `must not be greater than ${MAX_PRECEDENCE}`))
  }
  if (precedence === 1 && name !== 'exempt') {
    const why = "only the schema named 'exempt' may have matchingPrecedence 1"
    errors.push(field.invalid(at, precedence, why))
  }
  if (distinguisherMethod && !DISTINGUISHERS.includes(distinguisherMethod.type)) {
    const shown = { Type: distinguisherMethod.type }
    errors.push(field.notSupported('spec.distinguisherMethod.type', shown, DISTINGUISHERS))
  }
  const level = priorityLevelConfiguration?.name
  const levelAt = 'spec.priorityLevelConfiguration.name'
  errors.push(
    ...(level ? checkSubdomain(levelAt, level) : [field.required(levelAt, 'must reference a priority level')]),
    ...rules.flatMap((rule, i) => validateRule(rule, `spec.rules[${i}]`)),
  )
  const fixed = firstSchemas.find((first) => first.mandatory && first.name === name)
  if (!fixed || sameJson(spec, fixed.spec)) return errors
  const shown = structValue(FLOW_SHAPES, 'FlowSchemaSpec', spec)
  return [...errors, field.invalid('spec', shown, `spec of '${name}' must equal the fixed value`)]
}

function validateRule(rule: PolicyRulesWithSubjects, path: string): FieldError[] {
  const { resourceRules = [], nonResourceRules = [] } = rule
  const subjects = rule.subjects ?? []
  const errors = subjects.flatMap((subject, i) => validateSubject(subject, `${path}.subjects[${i}]`))
  if (subjects.length === 0) {
    errors.push(field.required(`${path}.subjects`, 'subjects must contain at least one value'))
  }
  if (resourceRules.length === 0 && nonResourceRules.length === 0) {
    errors.push(field.required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'))
  }
  return [
    ...errors,
    ...resourceRules.flatMap((r, i) => validateResourceRule(r, `${path}.resourceRules[${i}]`)),
    ...nonResourceRules.flatMap((r, i) => validateUrlRule(r, `${path}.nonResourceRules[${i}]`)),
  ]
}

function validateSubject(subject: Subject, path: string): FieldError[] {
  const kinds = Object.keys(SUBJECTS) as (keyof typeof SUBJECTS)[]
  const kind = kinds.find((name) => name === subject.kind)
  if (!kind) return [field.notSupported(`${path}.kind`, subject.kind ?? '', kinds)]
  const at = `${path}.${SUBJECTS[kind]}`
  const errors = subject[SUBJECTS[kind]]
    ? validateNamed(subject, at)
    : [field.required(at, `${SUBJECTS[kind]} is required when subject kind is '${kind}'`)]
  for (const other of ['ServiceAccount', 'User', 'Group'] as const) {
    const name = SUBJECTS[other]
    if (other === kind || !subject[name]) continue
    errors.push(field.forbidden(`${path}.${name}`, `${name} is forbidden when subject kind is not '${other}'`))
  }
  return errors
}

function validateNamed({ kind, user, group, serviceAccount }: Subject, at: string): FieldError[] {
  if (kind !== 'ServiceAccount') return checkRequired(`${at}.name`, kind === 'User' ? user?.name : group?.name)
  const { name = '', namespace = '' } = serviceAccount ?? {}
  return [
    ...checkRequired(`${at}.name`, name),
    ...(name === '' || name === '*' ? [] : checkSubdomain(`${at}.name`, name)),
    ...(namespace === ''
      ? [field.required(`${at}.namespace`, 'must specify namespace for service account')]
      : invalidFor(`${at}.namespace`, namespace, [dnsLabelProblem(namespace)])),
  ]
}

/** A wildcard stands alone. */
function checkAlone(path: string, values: readonly string[], what: string): FieldError[] {
  if (values.length < 2 || !values.includes('*')) return []
  return [field.invalid(path, values, `if '*' is present, must not specify other ${what}`)]
}

function validateVerbs(verbs: readonly string[], path: string): FieldError[] {
  if (verbs.length === 0) return [field.required(path, 'verbs must contain at least one value')]
  if (verbs.includes('*')) return checkAlone(path, verbs, 'verbs')
  return verbs.every((verb) => VERBS.includes(verb)) ? [] : [field.notSupported(path, verbs, VERBS)]
}

function validateUrlRule(rule: NonResourcePolicyRule, path: string): FieldError[] {
  const at = `${path}.nonResourceURLs`
  const urls = rule.nonResourceURLs ?? []
  const errors = validateVerbs(rule.verbs ?? [], `${path}.verbs`)
  if (urls.length === 0) {
    return [...errors, field.required(at, 'nonResourceURLs must contain at least one value')]
  }
  if (urls.includes('*')) return [...errors, ...checkAlone(at, urls, 'non-resource URLs')]
  return [...errors, ...urls.flatMap((url, i) => invalidFor(`${at}[${i}]`, url, [urlProblem(url)]))]
}

function urlProblem(url: string): string | undefined {
  if (url === '') return 'must not be empty'
  if (!url.startsWith('/')) return 'must start with slash'
  if (url.includes(' ')) return 'must not contain white-space'
  if (url.includes('//')) return 'must not contain double slash'
  const first = url.indexOf('*')
  return first < 0 || (first === url.length - 1 && url.endsWith('/*'))
    ? undefined
    : 'wildcard can only do suffix matching'
}

function validateResourceRule(rule: ResourcePolicyRule, path: string): FieldError[] {
  const { clusterScope } = rule
  const [apiGroups, resources, namespaces] = [rule.apiGroups ?? [], rule.resources ?? [], rule.namespaces ?? []]
  const errors = validateVerbs(rule.verbs ?? [], `${path}.verbs`)
  if (apiGroups.length === 0) {
    errors.push(field.required(`${path}.apiGroups`, 'resource rules must supply at least one api group'))
  }
  errors.push(...checkAlone(`${path}.apiGroups`, apiGroups, 'api groups'))
  if (resources.length === 0) {
    errors.push(field.required(`${path}.resources`, 'resource rules must supply at least one resource'))
  }
  errors.push(...checkAlone(`${path}.resources`, resources, 'resources'))
  const at = `${path}.namespaces`
  if (namespaces.length === 0 && !clusterScope) {
    const why = 'resource rules that are not cluster scoped must supply at least one namespace'
    return [...errors, field.required(at, why)]
  }
  if (namespaces.includes('*')) return [...errors, ...checkAlone(at, namespaces, 'namespaces')]
  for (const [i, namespace] of namespaces.entries()) {
    const problem = dnsLabelProblem(namespace)
    if (problem) errors.push(field.invalid(`${at}[${i}]`, namespace, `${NAMESPACE_RULE}${problem}`))
  }
  return errors
}

function validateLevel({ metadata: { name }, spec }: PriorityLevelConfiguration): FieldError[] {
  const { type = '', limited, exempt } = spec
  const errors: FieldError[] = []
  if ((name === 'exempt') !== (type === 'Exempt')) {
    errors.push(field.invalid('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'"))
  }
  if (type === 'Exempt') {
    if (limited) errors.push(field.forbidden('spec.limited', 'must be nil if the type is not Limited'))
    if (exempt) errors.push(...validateExempt(exempt, 'spec.exempt'))
  } else if (type === 'Limited') {
    if (exempt) errors.push(field.forbidden('spec.exempt', 'must be nil if the type is Limited'))
    errors.push(
      ...(limited
        ? validateLimited(limited, 'spec.limited')
        : [field.required('spec.limited', 'must not be empty when type is Limited')]),
    )
  } else errors.push(field.notSupported('spec.type', type, ['Exempt', 'Limited']))
  const fixed = firstLevels.find((first) => first.mandatory && first.name === name)?.spec
  // How much of it others may borrow is the administrator's to say.
  const { exempt: _, ...rest } = spec
  const same = fixed?.type === 'Exempt' ? sameJson(rest, { type: 'Exempt' }) : sameJson(spec, fixed)
  if (!fixed || same) return errors
  const shown = structValue(FLOW_SHAPES, 'PriorityLevelConfigurationSpec', spec)
  return [...errors, field.invalid('spec', shown, `spec of '${name}' must equal the fixed value`)]
}

function validateExempt(exempt: ExemptPriorityLevelConfiguration, path: string): FieldError[] {
  return [
    ...checkShares(exempt.nominalConcurrencyShares, `${path}.nominalConcurrencyShares`),
    ...checkPercent(exempt.lendablePercent, `${path}.lendablePercent`),
  ]
}

function checkShares(shares: number | null | undefined, path: string): FieldError[] {
  return (shares ?? 0) < 0 ? [field.invalid(path, shares, NOT_NEGATIVE)] : []
}

function checkPercent(percent: number | undefined, path: string): FieldError[] {
  if (percent === undefined || (percent >= 0 && percent <= 100)) return []
  return [field.invalid(path, percent, 'must be between 0 and 100, inclusive')]
}

function validateLimited(limited: LimitedPriorityLevelConfiguration, path: string): FieldError[] {
  const { nominalConcurrencyShares, limitResponse, lendablePercent, borrowingLimitPercent: borrowed } = limited
  return [
    ...checkShares(nominalConcurrencyShares, `${path}.nominalConcurrencyShares`),
    ...validateResponse(limitResponse, `${path}.limitResponse`),
    ...checkPercent(lendablePercent, `${path}.lendablePercent`),
    ...((borrowed ?? 0) < 0
      ? [field.invalid(`${path}.borrowingLimitPercent`, borrowed, `if specified, ${NOT_NEGATIVE}`)]
      : []),
  ]
}

function validateResponse(response: LimitResponse | undefined, path: string): FieldError[] {
  const { type = '', queuing } = response ?? {}
  const at = `${path}.queuing`
  switch (type) {
    case 'Reject':
      return queuing ? [field.forbidden(at, 'must be nil if limited.limitResponse.type is not Limited')] : []
    case 'Queue':
      return queuing
        ? validateQueuing(queuing, at)
        : [field.required(at, 'must not be empty if limited.limitResponse.type is Limited')]
    default:
      return checkOptionalEnum(`${path}.type`, type, ['Queue', 'Reject'])
  }
}

function validateQueuing(queuing: QueuingConfiguration, path: string): FieldError[] {
  const { queueLengthLimit = 0, queues = 0, handSize = 0 } = queuing
  const errors: FieldError[] = []
  if (queueLengthLimit <= 0) errors.push(field.invalid(`${path}.queueLengthLimit`, queueLengthLimit, POSITIVE))
  if (queues <= 0) errors.push(field.invalid(`${path}.queues`, queues, POSITIVE))
  else if (queues > MAX_QUEUES) {
    errors.push(field.invalid(`${path}.queues`, queues, `must not be greater than ${MAX_QUEUES}`))
  }
  const at = `${path}.handSize`
  if (handSize <= 0) return [...errors, field.invalid(at, handSize, POSITIVE)]
  if (handSize > queues) {
    return [...errors, field.invalid(at, handSize, `should not be greater than queues (${queues})`)]
  }
  if (entropyBits(queues, handSize) <= HASH_BITS) return errors
  const why = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS}`
  return [...errors, field.invalid(at, handSize, why)]
}

/** How many bits it takes to deal a hand. Upstream: RequiredEntropyBits of k8s.io/apiserver/pkg/util/shufflesharding. */
function entropyBits(deckSize: number, handSize: number): number {
  let bits = 0
  for (let dealt = 0; dealt < handSize && bits <= HASH_BITS; dealt++) bits += Math.log2(deckSize - dealt)
  return Math.ceil(bits)
}

function validateConditions(conditions: readonly { readonly type?: string }[]): FieldError[] {
  const seen = new Set<string>()
  return conditions.flatMap(({ type = '' }, i) => {
    const at = `status.conditions[${i}].type`
    const again = seen.has(type) ? [field.duplicate(at, type)] : []
    seen.add(type)
    return [...again, ...(type === '' ? [field.required(at)] : [])]
  })
}
