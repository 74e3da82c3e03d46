// Reviews: questions about identity and permission that are answered and never stored.
// Spec: https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/

import type { TokenReviewSpec } from '../../api/generated/authentication-v1.ts'
import type { SubjectAccessReviewSpec } from '../../api/generated/authorization-v1.ts'
import { formatTime } from '../../machinery/clock.ts'
import { badRequest, invalid } from '../../machinery/errors.ts'
import type { VirtualCreate } from '../api.ts'
import type { ApiObject } from '../api-object.ts'
import type { TokenReviewer } from '../authentication/token-reviewer.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { RuleResolver } from '../authorization/rule-resolver.ts'
import type { Registry, RequestContext } from '../registry/registry.ts'
import { type AccessReviewKind, accessReviewProblems, accessStatus, reviewedUser } from './access-review.ts'
import { admitReview, reviewKinds } from './review-request.ts'
import { tokenStatus, userInfoOf } from './token-review.ts'

const AUTHORIZATION = 'authorization.k8s.io'
const AUTHENTICATION = 'authentication.k8s.io'

export interface ReviewEnv {
  readonly registry: Registry
  readonly authorizer: Authorizer
  readonly rules: RuleResolver
  readonly reviewToken: TokenReviewer
}

/** Fills in the answer; `check` has run by then. */
type Answer = (review: ApiObject, context: RequestContext) => Promise<object> | object

/** The handlers of all reviews, by `group/resource`. */
export function reviews(env: ReviewEnv): ReadonlyMap<string, VirtualCreate> {
  const { registry, authorizer } = env
  const handler = (group: string, resource: string, check: (review: ApiObject) => void, answer: Answer) => {
    const kindIn = reviewKinds(group, resource)
    const handle: VirtualCreate = async ({ body, context }) => {
      const kind = kindIn(context.version.version)
      const review = await admitReview(registry, kind, { body, context, check })
      const { apiVersion } = kind.storage
      return { kind: kind.kind, apiVersion, metadata: {}, ...(await answer(review, context)) }
    }
    return [`${group}/${resource}`, handle] as const
  }
  const access = (kind: AccessReviewKind) =>
    handler(
      AUTHORIZATION,
      `${kind.toLowerCase()}s`,
      (review) => {
        const errors = accessReviewProblems(kind, withGroups(review))
        // Upstream's error names no kind: the object has none in its internal version.
        if (errors.length > 0) throw invalid({ group: AUTHORIZATION, kind: '' }, '', errors)
      },
      async ({ metadata, spec: given }, context) => {
        const spec = (given ?? {}) as SubjectAccessReviewSpec
        const user = kind === 'SelfSubjectAccessReview' ? context.user : reviewedUser(spec)
        return { metadata, spec, status: await accessStatus(authorizer, user, spec) }
      },
    )
  return new Map<string, VirtualCreate>([
    access('SelfSubjectAccessReview'),
    access('SubjectAccessReview'),
    access('LocalSubjectAccessReview'),
    handler(
      AUTHORIZATION,
      'selfsubjectrulesreviews',
      ({ spec }) => {
        if (!(spec as { namespace?: string } | undefined)?.namespace) throw badRequest('no namespace on request')
      },
      ({ spec }, { user }) => rulesStatus(env.rules, user, (spec as { namespace: string }).namespace),
    ),
    handler(
      AUTHENTICATION,
      'selfsubjectreviews',
      () => {},
      (_review, { user }) => ({
        metadata: { creationTimestamp: formatTime(registry.clock.now()) },
        status: { userInfo: userInfoOf(user) },
      }),
    ),
    handler(
      AUTHENTICATION,
      'tokenreviews',
      ({ spec }) => {
        if (!(spec as TokenReviewSpec | undefined)?.token) {
          throw badRequest('token is required for TokenReview in authentication')
        }
      },
      async ({ metadata, spec }) => ({
        metadata,
        spec,
        status: await tokenStatus(env.reviewToken, spec as TokenReviewSpec),
      }),
    ),
  ])
}

/** The beta version names groups otherwise; from here on they have today's name. */
function withGroups(review: ApiObject): ApiObject {
  const spec = review.spec as { group?: string[]; groups?: string[] } | undefined
  if (spec?.group) {
    spec.groups = spec.group
    delete spec.group
  }
  return review
}

function rulesStatus(resolve: RuleResolver, user: RequestContext['user'], namespace: string): object {
  const { rules, incomplete, error } = resolve(user, namespace)
  return {
    spec: {},
    status: {
      resourceRules: rules
        .filter((r) => (r.resources ?? []).length > 0)
        .map(({ verbs, apiGroups, resources, resourceNames }) => ({
          verbs,
          apiGroups,
          resources,
          ...(resourceNames ? { resourceNames } : {}),
        })),
      nonResourceRules: rules
        .filter((r) => (r.nonResourceURLs ?? []).length > 0)
        .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
      incomplete,
      ...(error === undefined ? {} : { evaluationError: error }),
    },
  }
}
