// Which rules hold for a user in a namespace, as far as authorizers can tell.

import type { PolicyRule } from '../../api/generated/rbac-v1.ts'
import { aggregated } from '../../machinery/aggregated.ts'
import type { UserInfo } from '../user.ts'

export interface ResolvedRules {
  readonly rules: readonly PolicyRule[]
  /** Whether there may be more. */
  readonly incomplete: boolean
  readonly error?: string
}

export type RuleResolver = (user: UserInfo, namespace: string) => ResolvedRules

/** What all of them know together. */
export function allRules(resolvers: readonly RuleResolver[]): RuleResolver {
  return (user, namespace) => {
    const all = resolvers.map((resolve) => resolve(user, namespace))
    const errors = all.flatMap(({ error }) => error ?? [])
    return {
      rules: all.flatMap(({ rules }) => rules),
      incomplete: all.some(({ incomplete }) => incomplete),
      ...(errors.length > 0 ? { error: aggregated(errors) } : {}),
    }
  }
}
