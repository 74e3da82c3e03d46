// Configurations of dynamic admission: webhooks and policies with their bindings.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/

import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ParamRef,
  RuleWithOperations,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../../api/generated/admissionregistration-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource, type ResourceDefinition, STATUS_ALONE } from '../../resource-definition.ts'
import { webhookClientProblems } from '../../webhook-client-problems.ts'
import { ageColumn, goSelectorText, integer, nameColumn, text } from '../columns/common.ts'
import { validateConditions } from '../core/condition-validation.ts'
import { checkOptionalEnum } from '../core/field-checks.ts'
import { hasImpossibleValue } from '../core/label-selector-validation.ts'
import { conditionProblems, mutationProblems, validationProblems } from './admission-expressions.ts'
import { matchPolicyProblems, matchResourcesProblems, ruleProblems, selectorProblems } from './admission-match.ts'
import {
  acceptsReview,
  actionProblems,
  paramKindProblems,
  paramRefProblems,
  policyNameProblems,
  reviewVersionProblems,
  validationTextProblems,
  webhookNameProblems,
} from './admission-rules.ts'
import { checkedStatus } from './type-checking.ts'

const GROUP = 'admissionregistration.k8s.io'
const shared = {
  group: GROUP,
  categories: ['api-extensions'],
  generation: true,
  unconditionalUpdate: false,
} as const
const DEFAULT_TIMEOUT = 10
const FAILURE_POLICIES = ['Fail', 'Ignore']

function defaultWebhook(webhook: ValidatingWebhook | MutatingWebhook): void {
  webhook.failurePolicy ??= 'Fail'
  webhook.matchPolicy ??= 'Equivalent'
  webhook.namespaceSelector ??= {}
  webhook.objectSelector ??= {}
  webhook.timeoutSeconds ??= DEFAULT_TIMEOUT
  if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443
  defaultScopes(webhook.rules)
}

function defaultScopes(rules: readonly RuleWithOperations[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*'
}

function defaultMatch(match: MatchResources | undefined): void {
  if (!match) return
  match.matchPolicy ??= 'Equivalent'
  match.namespaceSelector ??= {}
  match.objectSelector ??= {}
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) rule.scope ??= '*'
}

type Webhooks = readonly (ValidatingWebhook | MutatingWebhook)[] | undefined

const NO_SIDE_EFFECTS = ['None', 'NoneOnDryRun']
const SIDE_EFFECTS = ['None', 'NoneOnDryRun', 'Some', 'Unknown']

/** Rules that webhooks break already need not be kept. Upstream: validationOptions of an update. */
function leniencyOf(webhooks: Webhooks, old: Webhooks) {
  const before = old ?? []
  const names = before.map(({ name }) => name)
  return {
    sideEffects: before.every(({ sideEffects }) => NO_SIDE_EFFECTS.includes(sideEffects ?? ''))
      ? NO_SIDE_EFFECTS
      : SIDE_EFFECTS,
    // Without any versions nothing is known to be accepted.
    anyReviewVersion: before.some(({ admissionReviewVersions: versions = [] }) => !acceptsReview(versions)),
    sameNames: new Set(names).size < names.length,
    anyValue: before.some(({ namespaceSelector, objectSelector }) =>
      [namespaceSelector, objectSelector].some((selector) => hasImpossibleValue(selector)),
    ),
    sameConditions:
      old !== undefined &&
      webhooks?.length === before.length &&
      before.every(({ matchConditions }, i) => sameJson(matchConditions, webhooks[i]?.matchConditions)),
  }
}

/** Of the configurations' webhooks, in upstream's order: validateMutatingWebhook, validateValidatingWebhook. */
function validateWebhooks(webhooks: Webhooks, old?: Webhooks): FieldError[] {
  const lenient = leniencyOf(webhooks, old)
  const names = new Set<string>()
  return (webhooks ?? []).flatMap((webhook, i) => {
    const at = `webhooks[${i}]`
    const { name = '' } = webhook
    const versions = webhook.admissionReviewVersions ?? []
    const { url, service } = webhook.clientConfig ?? {}
    const again = names.has(name) && name !== '' && !lenient.sameNames
    names.add(name)
    return [
      ...webhookNameProblems(name, `${at}.name`),
      ...ruleProblems(`${at}.rules`, webhook.rules),
      ...checkOptionalEnum(`${at}.failurePolicy`, webhook.failurePolicy, FAILURE_POLICIES),
      ...matchPolicyProblems(at, webhook),
      ...sideEffectProblems(at, webhook, lenient.sideEffects),
      ...timeoutProblems(at, webhook),
      ...selectorProblems(at, webhook, lenient.anyValue),
      ...('reinvocationPolicy' in webhook
        ? checkOptionalEnum(`${at}.reinvocationPolicy`, webhook.reinvocationPolicy, ['IfNeeded', 'Never'])
        : []),
      // The bundle of authorities is not looked at before a call needs it.
      ...webhookClientProblems(`${at}.clientConfig`, {
        ...(url === undefined ? {} : { url }),
        ...(service === undefined ? {} : { service }),
      }),
      ...(lenient.sameConditions
        ? []
        : conditionProblems(`${at}.matchConditions`, webhook.matchConditions, { params: false })),
      ...reviewVersionProblems(versions, `${at}.admissionReviewVersions`, lenient.anyReviewVersion),
      ...(again ? [field.duplicate(`${at}.name`, name)] : []),
    ]
  })
}

type Webhook = ValidatingWebhook | MutatingWebhook

function sideEffectProblems(at: string, { sideEffects }: Webhook, allowed: readonly string[]): FieldError[] {
  if (sideEffects !== undefined) return checkOptionalEnum(`${at}.sideEffects`, sideEffects, allowed)
  return [field.required(`${at}.sideEffects`, `must specify one of ${allowed.join(', ')}`)]
}

function timeoutProblems(at: string, { timeoutSeconds = DEFAULT_TIMEOUT }: Webhook): FieldError[] {
  if (timeoutSeconds >= 1 && timeoutSeconds <= 30) return []
  const why = 'the timeout value must be between 1 and 30 seconds'
  return [field.invalid(`${at}.timeoutSeconds`, timeoutSeconds, why)]
}

const validatingWebhooks = defineResource<ValidatingWebhookConfiguration>({
  ...shared,
  resource: 'validatingwebhookconfigurations',
  defaults: (object) => (object.webhooks ?? []).forEach(defaultWebhook),
  validate: (object, old) => validateWebhooks(object.webhooks, old && (old.webhooks ?? [])),
  columns: [nameColumn, integer('Webhooks', (o) => (o.webhooks ?? []).length), ageColumn],
})

const mutatingWebhooks = defineResource<MutatingWebhookConfiguration>({
  ...shared,
  resource: 'mutatingwebhookconfigurations',
  defaults(object) {
    for (const webhook of object.webhooks ?? []) {
      defaultWebhook(webhook)
      webhook.reinvocationPolicy ??= 'Never'
    }
  },
  validate: (object, old) => validateWebhooks(object.webhooks, old && (old.webhooks ?? [])),
  columns: [nameColumn, integer('Webhooks', (o) => (o.webhooks ?? []).length), ageColumn],
})

const paramKindText = ({ spec }: { spec: { paramKind?: { apiVersion?: string; kind?: string } } }) =>
  spec.paramKind ? `${spec.paramKind.apiVersion}/${spec.paramKind.kind}` : '<unset>'
const paramRefText = ({ spec }: { spec: { paramRef?: ParamRef } }) => {
  const { paramRef } = spec
  if (paramRef?.name) return `${paramRef.namespace || '*'}/${paramRef.name}`
  return paramRef?.selector ? goSelectorText(paramRef.selector) : '<unset>'
}

function validateConstraints(match: MatchResources | undefined): FieldError[] {
  if (!match) return [field.required('spec.matchConstraints')]
  const at = 'spec.matchConstraints.resourceRules'
  const rules = (match.resourceRules ?? []).length === 0 ? [field.required(at)] : []
  return [...matchResourcesProblems('spec.matchConstraints', match), ...rules]
}

interface Conditioned {
  readonly matchConditions?: readonly object[]
  readonly paramKind?: object
}

/** Conditions that stay as they are, about what they were about, are not looked at again. */
function keepsConditions(spec: Conditioned, old: Conditioned | undefined): boolean {
  return (
    old !== undefined && sameJson(spec.matchConditions, old.matchConditions) && sameJson(spec.paramKind, old.paramKind)
  )
}

const validatingPolicies = defineResource<ValidatingAdmissionPolicy>({
  ...shared,
  resource: 'validatingadmissionpolicies',
  resets: STATUS_ALONE,
  defaults({ spec }) {
    spec.failurePolicy ??= 'Fail'
    defaultMatch(spec.matchConstraints)
  },
  prepareCreate(object, { customTypes }) {
    object.status = checkedStatus(object, {}, customTypes)
  },
  prepareUpdate(object, old, { customTypes }) {
    if (sameJson(object.spec, old.spec)) return
    const generation = (old.metadata.generation ?? 0) + 1
    object.status = checkedStatus({ ...object, metadata: { ...object.metadata, generation } }, old.status, customTypes)
  },
  validate: (policy, old) => [
    ...checkOptionalEnum('spec.failurePolicy', policy.spec.failurePolicy, FAILURE_POLICIES),
    ...paramKindProblems(policy.spec.paramKind),
    ...validateConstraints(policy.spec.matchConstraints),
    ...validationTextProblems(policy),
    ...validationProblems(policy.spec, keepsConditions(policy.spec, old?.spec)),
  ],
  validateStatusUpdate: ({ status }) => validateConditions(status.conditions, 'status.conditions'),
  columns: [
    nameColumn,
    integer('Validations', (p) => (p.spec.validations ?? []).length),
    text('ParamKind', paramKindText),
    ageColumn,
  ],
})

const validatingBindings = defineResource<ValidatingAdmissionPolicyBinding>({
  ...shared,
  resource: 'validatingadmissionpolicybindings',
  defaults: ({ spec }) => defaultMatch(spec.matchResources),
  validate: ({ spec }) => [
    ...policyNameProblems(spec.policyName),
    ...paramRefProblems(spec.paramRef),
    ...(spec.matchResources ? matchResourcesProblems('spec.matchResources', spec.matchResources) : []),
    ...actionProblems(spec.validationActions ?? []),
  ],
  columns: [nameColumn, text('PolicyName', (b) => b.spec.policyName), text('ParamRef', paramRefText), ageColumn],
})

/** What is deleted is not changed any more. */
const MUTATED = ['*', 'CONNECT', 'CREATE', 'UPDATE']
const OPERATIONS_AT = 'spec.matchConstraints.resourceRules.operations'

const mutatingPolicies = defineResource<MutatingAdmissionPolicy>({
  ...shared,
  resource: 'mutatingadmissionpolicies',
  defaults({ spec }) {
    spec.failurePolicy ??= 'Fail'
    defaultMatch(spec.matchConstraints)
  },
  validate({ spec }, old) {
    const errors = [
      ...checkOptionalEnum('spec.failurePolicy', spec.failurePolicy, FAILURE_POLICIES),
      ...paramKindProblems(spec.paramKind),
      ...validateConstraints(spec.matchConstraints),
      ...(spec.matchConstraints?.resourceRules ?? []).flatMap(({ operations = [] }) =>
        operations.flatMap((operation) => checkOptionalEnum(OPERATIONS_AT, operation, MUTATED)),
      ),
    ]
    if ((spec.mutations ?? []).length === 0)
      errors.push(field.required('spec.mutations', 'mutations must contain at least one item'))
    errors.push(...mutationProblems(spec, keepsConditions(spec, old?.spec)))
    const { reinvocationPolicy: again } = spec
    const at = 'spec.reinvocationPolicy'
    if (!again) return [...errors, field.required(at)]
    return [...errors, ...checkOptionalEnum(at, again, ['IfNeeded', 'Never'])]
  },
  columns: [
    nameColumn,
    integer('Mutations', (p) => (p.spec.mutations ?? []).length),
    text('ParamKind', paramKindText),
    ageColumn,
  ],
})

const mutatingBindings = defineResource<MutatingAdmissionPolicyBinding>({
  ...shared,
  resource: 'mutatingadmissionpolicybindings',
  defaults: ({ spec }) => defaultMatch(spec.matchResources),
  validate: ({ spec }) => [
    ...policyNameProblems(spec.policyName),
    ...paramRefProblems(spec.paramRef),
    ...(spec.matchResources ? matchResourcesProblems('spec.matchResources', spec.matchResources) : []),
  ],
  columns: [nameColumn, text('PolicyName', (b) => b.spec.policyName ?? ''), text('ParamRef', paramRefText), ageColumn],
})

export const admissionDefinitions: readonly ResourceDefinition[] = [
  validatingWebhooks,
  mutatingWebhooks,
  validatingPolicies,
  validatingBindings,
  mutatingPolicies,
  mutatingBindings,
]
