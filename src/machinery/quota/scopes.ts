// The scopes of a quota: which objects of a kind it speaks of.

import type { ResourceQuotaSpec } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../deep-readonly.ts'

export interface ScopeRequirement {
  readonly scopeName: string
  readonly operator: string
  readonly values?: readonly string[]
}

/** Both ways of naming scopes as one list; all of them must hold. */
export function scopesOf(spec: DeepReadonly<ResourceQuotaSpec>): readonly ScopeRequirement[] {
  return [
    ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec.scopeSelector?.matchExpressions ?? []),
  ]
}
