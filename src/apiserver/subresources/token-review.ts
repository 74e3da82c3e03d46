// TokenReview: whose token something is, for servers that are shown one. Model: k8s.io/kubernetes/pkg/registry/authentication.

import type { TokenReviewSpec, TokenReviewStatus } from '../../api/generated/authentication-v1.ts'
import { aggregated } from '../../machinery/aggregated.ts'
import { badRequest, StatusError } from '../../machinery/errors.ts'
import type { TokenReviewer } from '../authentication/token-reviewer.ts'
import type { UserInfo } from '../user.ts'

/** What is known about the token. Throws BadRequest without one. */
export async function tokenStatus(
  reviewer: TokenReviewer,
  { token = '', audiences = [] }: TokenReviewSpec,
): Promise<TokenReviewStatus> {
  if (token === '') throw badRequest('token is required for TokenReview in authentication')
  try {
    const { user, audiences: granted } = await reviewer(token, audiences)
    return { authenticated: true, user: userInfoOf(user), audiences: [...granted] }
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    // Whoever knows nothing of a token and whoever says what is wrong with it are both heard.
    const why = error.cause instanceof Error ? [error.cause.message] : []
    return { user: {}, error: aggregated(['invalid bearer token', ...why]) }
  }
}

/** A user as reviews show it. */
export function userInfoOf({ name, uid, groups, extra }: UserInfo) {
  return {
    username: name,
    ...(uid ? { uid } : {}),
    ...(groups.length > 0 ? { groups: [...groups] } : {}),
    ...(extra ? { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) } : {}),
  }
}
