// A question about permission as the spec of a SubjectAccessReview.

import type { SubjectAccessReviewSpec } from '../../api/generated/authorization-v1.ts'
import type { AuthorizationAttributes } from './authorizer.ts'
import { fieldRequirements, labelRequirements } from './selector-attributes.ts'

/** The spec; what is empty is left out, as Go's encoder does. */
export function reviewSpecOf(a: AuthorizationAttributes): SubjectAccessReviewSpec {
  const { name, uid, groups, extra } = a.user
  return {
    ...(a.isResource ? { resourceAttributes: resourceAttributesOf(a) } : {}),
    ...(a.isResource ? {} : { nonResourceAttributes: filled({ path: a.path, verb: a.verb }) }),
    ...filled({ user: name }),
    ...(groups.length > 0 ? { groups: [...groups] } : {}),
    ...(extra ? { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) } : {}),
    ...filled({ uid: uid ?? '' }),
  }
}

function resourceAttributesOf(a: AuthorizationAttributes) {
  const fields = fieldRequirements(a.fieldSelector)
  const labels = labelRequirements(a.labelSelector)
  const { namespace, verb, group, version, resource, subresource, name } = a
  return {
    ...filled({ namespace, verb, group, version, resource, subresource, name }),
    ...(fields ? { fieldSelector: { requirements: fields.map(mutable) } } : {}),
    ...(labels ? { labelSelector: { requirements: labels.map(mutable) } } : {}),
  }
}

function mutable({ key, operator, values }: { key: string; operator: string; values?: readonly string[] }) {
  return { key, operator, ...(values ? { values: [...values] } : {}) }
}

function filled<T extends Record<string, string>>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== '')) as Partial<T>
}
