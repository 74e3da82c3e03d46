// Reviews: questions about identity and permission that are answered and never stored.
// Spec: https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/

import type { TokenReview } from '../../api/generated/authentication-v1.ts'
import type {
  NonResourceAttributes,
  ResourceAttributes,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from '../../api/generated/authorization-v1.ts'
import { badRequest, field, invalid, StatusError, unauthorized } from '../../machinery/errors.ts'
import type { VirtualCreate } from '../api.ts'
import type { Authenticator } from '../authentication/authenticator.ts'
import type { TokenIssuer } from '../authentication/service-account-tokens.ts'
import type { AuthorizationAttributes, Authorizer } from '../authorization/authorizer.ts'
import type { RbacAuthorizer } from '../authorization/rbac.ts'
import type { RequestContext } from '../registry/registry.ts'
import type { UserInfo } from '../user.ts'

const GROUP = 'authorization.k8s.io'

/** The handlers of all reviews, by `group/resource`. */
export function reviews(options: {
  authorizer: Authorizer
  rbac: RbacAuthorizer
  issuer: TokenIssuer
  audiences: readonly string[]
  /** Knows the tokens that the issuer does not. */
  otherTokens: Authenticator
}): ReadonlyMap<string, VirtualCreate> {
  const { authorizer, rbac } = options

  async function answer(
    kind: string,
    body: unknown,
    user: UserInfo,
    context: RequestContext,
    namespace?: string,
  ): Promise<object> {
    const review = (body ?? {}) as Partial<SubjectAccessReview>
    const { resourceAttributes, nonResourceAttributes } = review.spec ?? {}
    if (!resourceAttributes === !nonResourceAttributes) {
      throw invalid({ group: GROUP, kind }, '', [
        field.invalid(
          'spec.resourceAttributes',
          resourceAttributes ?? null,
          resourceAttributes
            ? 'cannot be specified in combination with nonResourceAttributes'
            : 'exactly one of nonResourceAttributes or resourceAttributes must be specified',
        ),
      ])
    }
    if (namespace !== undefined && resourceAttributes?.namespace !== namespace) {
      throw badRequest(`spec.resourceAttributes.namespace: Invalid value: must match metadata.namespace`)
    }
    const decision = await authorizer.authorize(attributesOf(user, resourceAttributes, nonResourceAttributes))
    return {
      kind,
      apiVersion: context.version.apiVersion,
      metadata: { ...review.metadata, creationTimestamp: null },
      spec: review.spec,
      status: {
        allowed: decision.verdict === 'allow',
        ...(decision.verdict === 'deny' ? { denied: true } : {}),
        ...(decision.reason === '' ? {} : { reason: decision.reason }),
      },
    }
  }

  function namedUser(body: unknown, kind: string): UserInfo {
    const spec = (body as Partial<SubjectAccessReview>)?.spec
    if (!spec?.user && (spec?.groups ?? []).length === 0) {
      throw invalid({ group: GROUP, kind }, '', [
        field.invalid('spec.user', '', 'at least one of user or group must be specified'),
      ])
    }
    return { name: spec?.user ?? '', groups: spec?.groups ?? [], ...(spec?.uid ? { uid: spec.uid } : {}) }
  }

  return new Map<string, VirtualCreate>([
    [
      `${GROUP}/selfsubjectaccessreviews`,
      ({ body, context }) => answer('SelfSubjectAccessReview', body, context.user, context),
    ],
    [
      `${GROUP}/subjectaccessreviews`,
      async ({ body, context }) => answer('SubjectAccessReview', body, namedUser(body, 'SubjectAccessReview'), context),
    ],
    [
      `${GROUP}/localsubjectaccessreviews`,
      async ({ body, context }) =>
        answer(
          'LocalSubjectAccessReview',
          body,
          namedUser(body, 'LocalSubjectAccessReview'),
          context,
          context.namespace,
        ),
    ],
    [`${GROUP}/selfsubjectrulesreviews`, async ({ body, context }) => rulesReview(rbac, body, context)],
    ['authentication.k8s.io/selfsubjectreviews', async ({ context }) => selfReview(context)],
    ['authentication.k8s.io/tokenreviews', async ({ body }) => tokenReview(options, body)],
  ])
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
    version: resource?.version ?? '',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    namespace: resource?.namespace ?? '',
    name: resource?.name ?? '',
    path: other?.path ?? '',
    isResource: resource !== undefined,
  }
}

function rulesReview(rbac: RbacAuthorizer, body: unknown, context: RequestContext): object {
  const review = (body ?? {}) as Partial<SelfSubjectRulesReview>
  const namespace = review.spec?.namespace ?? ''
  if (namespace === '') throw badRequest('no namespace on request')
  const rules = rbac.rulesFor(context.user, namespace)
  return {
    kind: 'SelfSubjectRulesReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: { creationTimestamp: null },
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
      incomplete: false,
    },
  }
}

function userInfoOf(user: UserInfo): object {
  return {
    username: user.name,
    ...(user.uid ? { uid: user.uid } : {}),
    groups: user.groups,
    ...(user.extra ? { extra: user.extra } : {}),
  }
}

function selfReview({ user }: RequestContext): object {
  return {
    kind: 'SelfSubjectReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { creationTimestamp: null },
    status: { userInfo: userInfoOf(user) },
  }
}

async function tokenReview(
  { issuer, audiences, otherTokens }: { issuer: TokenIssuer; audiences: readonly string[]; otherTokens: Authenticator },
  body: unknown,
): Promise<object> {
  const review = (body ?? {}) as Partial<TokenReview>
  const { token = '' } = review.spec ?? {}
  if (token === '') throw badRequest('token is required for TokenReview in authentication')
  const wanted = review.spec?.audiences ?? []
  const base = {
    kind: 'TokenReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { creationTimestamp: null },
    spec: review.spec,
  }
  try {
    const other = await otherTokens({
      bearerToken: token,
      certificate: undefined,
      headers: {},
      proxyName: undefined,
    })
    if (other) {
      // Such tokens name no audience of ours: they are good for the server itself.
      const granted = wanted.length > 0 ? wanted.filter((audience) => audiences.includes(audience)) : audiences
      if (granted.length === 0) throw unauthorized()
      return { ...base, status: { authenticated: true, user: userInfoOf(other), audiences: granted } }
    }
    const verified = await issuer.verify(token, wanted.length > 0 ? wanted : audiences)
    return { ...base, status: { authenticated: true, user: userInfoOf(verified.user), audiences: verified.audiences } }
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return { ...base, status: { user: {}, error: 'token is not valid for this cluster' } }
  }
}
