// The kinds that say what may be disrupted, used and preferred, in order.

import type { ResourceDefinition } from '../../resource-definition.ts'
import { leases } from './lease.ts'
import { limitRanges } from './limit-range.ts'
import { podDisruptionBudgets } from './pod-disruption-budget.ts'
import { priorityClasses } from './priority-class.ts'
import { resourceQuotas } from './resource-quota.ts'
import { runtimeClasses } from './runtime-class.ts'

export const policyDefinitions: readonly ResourceDefinition[] = [
  podDisruptionBudgets,
  limitRanges,
  resourceQuotas,
  priorityClasses,
  runtimeClasses,
  leases,
]
