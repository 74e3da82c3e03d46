// The reviews that ask whether someone may do something.
// Model: k8s.io/kubernetes/pkg/apis/authorization/validation and pkg/registry/authorization.

import type {
  NonResourceAttributes,
  ResourceAttributes,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
} from '../../api/generated/authorization-v1.ts'
import { type FieldError, field } from '../../machinery/errors.ts'
import { labelValueProblem, qualifiedNameProblems } from '../../machinery/names.ts'
import type { ApiObject } from '../api-object.ts'
import type { AuthorizationAttributes, Authorizer } from '../authorization/authorizer.ts'
import { fieldSelectorOf, labelSelectorOf, type SelectorRequirement } from '../authorization/selector-attributes.ts'
import type { UserInfo } from '../user.ts'

export type AccessReviewKind = 'SelfSubjectAccessReview' | 'SubjectAccessReview' | 'LocalSubjectAccessReview'

/** What is wrong with a review. */
export function accessReviewProblems(kind: AccessReviewKind, review: ApiObject): FieldError[] {
  const spec = (review.spec ?? {}) as SubjectAccessReviewSpec
  const { resourceAttributes, nonResourceAttributes, user = '', groups = [] } = spec
  const errors: FieldError[] = []
  if (resourceAttributes && nonResourceAttributes) {
    errors.push(
      field.invalid(
        'spec.nonResourceAttributes',
        internalText(nonResourceAttributes),
        'cannot be specified in combination with resourceAttributes',
      ),
    )
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    errors.push(
      field.invalid(
        'spec.resourceAttributes',
        null,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    )
  }
  if (kind !== 'SelfSubjectAccessReview' && user === '' && groups.length === 0) {
    errors.push(field.invalid('spec.user', '', 'at least one of user or group must be specified'))
  }
  return [
    ...errors,
    ...selectorProblems(resourceAttributes),
    ...metadataProblems(kind, review),
    ...(kind === 'LocalSubjectAccessReview' ? localProblems(review) : []),
  ]
}

/** As upstream shows its internal type, which has no other names for its fields. */
const internalText = ({ path = '', verb = '' }: Partial<NonResourceAttributes>) => ({ Path: path, Verb: verb })

const SELECTORS = ['fieldSelector', 'labelSelector'] as const

/** Model: validateResourceAttributes. */
function selectorProblems(attributes: ResourceAttributes | undefined): FieldError[] {
  return SELECTORS.flatMap((name) => {
    const selector = attributes?.[name]
    if (!selector) return []
    const path = `spec.resourceAttributes.${name}`
    const { rawSelector = '', requirements = [] } = selector
    const both = rawSelector !== '' && requirements.length > 0
    const none = rawSelector === '' && requirements.length === 0
    return [
      ...(both
        ? [field.invalid(`${path}.rawSelector`, rawSelector, 'may not specified at the same time as requirements')]
        : []),
      ...(none
        ? [field.required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`)]
        : []),
      ...requirements.flatMap((requirement, i) => requirementProblems(name, requirement, `${path}.requirements[${i}]`)),
    ]
  })
}

/** Operators that nobody knows are let through: a newer server may know them. */
function requirementProblems(
  selector: (typeof SELECTORS)[number],
  { key = '', operator, values = [] }: SelectorRequirement,
  path: string,
): FieldError[] {
  const takes = ['In', 'NotIn'].includes(operator)
  const takesNone = ['Exists', 'DoesNotExist'].includes(operator)
  const errors: FieldError[] = []
  if (takes && values.length === 0) {
    errors.push(field.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
  }
  if (takesNone && values.length > 0) {
    errors.push(field.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
  }
  if (selector === 'fieldSelector') {
    return [...(key === '' ? [field.required(`${path}.key`, 'must be specified')] : []), ...errors]
  }
  for (const problem of qualifiedNameProblems(key)) errors.push(field.invalid(`${path}.key`, key, problem))
  for (const [i, value] of values.entries()) {
    const problem = labelValueProblem(value)
    if (problem !== undefined) errors.push(field.invalid(`${path}.values[${i}]`, value, problem))
  }
  return errors
}

function metadataProblems(kind: AccessReviewKind, { metadata }: ApiObject): FieldError[] {
  const { managedFields: _, namespace, ...rest } = metadata
  const local = kind === 'LocalSubjectAccessReview'
  const others = local || namespace === undefined ? rest : { ...rest, namespace }
  if (Object.keys(others).length === 0) return []
  return [field.invalid('metadata', metadata, local ? 'must be empty except for namespace' : 'must be empty')]
}

function localProblems({ metadata, spec }: ApiObject): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = (spec ?? {}) as SubjectAccessReviewSpec
  const asked = resourceAttributes?.namespace ?? ''
  return [
    ...(resourceAttributes && asked !== (metadata.namespace ?? '')
      ? [field.invalid('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace')]
      : []),
    ...(nonResourceAttributes
      ? [
          field.invalid(
            'spec.nonResourceAttributes',
            internalText(nonResourceAttributes),
            'disallowed on this kind of request',
          ),
        ]
      : []),
  ]
}

/** The user that a review names. */
export function reviewedUser({ user = '', groups = [], uid, extra }: SubjectAccessReviewSpec): UserInfo {
  return { name: user, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) }
}

/** Asks, and says what came of it. */
export async function accessStatus(
  authorizer: Authorizer,
  user: UserInfo,
  { resourceAttributes, nonResourceAttributes }: SubjectAccessReviewSpec,
): Promise<SubjectAccessReviewStatus> {
  const fields = fieldSelectorOf(resourceAttributes?.fieldSelector)
  const labels = labelSelectorOf(resourceAttributes?.labelSelector)
  const attributes = attributesOf(user, resourceAttributes, nonResourceAttributes)
  const { verdict, reason, error } = await authorizer.authorize({
    ...attributes,
    fieldSelector: fields.text,
    labelSelector: labels.text,
  })
  const problems = [
    ...(error === undefined ? [] : [error]),
    ...(fields.ignored ? [`spec.resourceAttributes.fieldSelector ${fields.ignored} due to parse error`] : []),
    ...(labels.ignored ? [`spec.resourceAttributes.labelSelector ${labels.ignored} due to parse error`] : []),
  ]
  return {
    allowed: verdict === 'allow',
    ...(verdict === 'deny' ? { denied: true } : {}),
    ...(reason === '' ? {} : { reason }),
    ...(problems.length > 0 ? { evaluationError: problems.join('; ') } : {}),
  }
}

function attributesOf(
  user: UserInfo,
  resource: ResourceAttributes | undefined,
  other: NonResourceAttributes | undefined,
): AuthorizationAttributes {
  return {
    user,
    verb: resource?.verb ?? other?.verb ?? '',
    group: resource?.group ?? '',
    // Whoever does not say a version asks about all.
    version: resource ? resource.version || '*' : '',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    namespace: resource?.namespace ?? '',
    name: resource?.name ?? '',
    path: other?.path ?? '',
    isResource: resource !== undefined,
  }
}
