// matchConditions: expressions that decide last whether a webhook or policy is about a request.

import type { MatchCondition } from '../../../api/generated/admissionregistration-v1.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import type { AdmissionAttributes } from '../admission.ts'
import type { Seen } from './matching.ts'

/** Whether all conditions hold. With `failsClosed` a condition that cannot be evaluated is a Forbidden. */
export type ConditionsMet = (asked: {
  readonly attributes: AdmissionAttributes
  readonly seen: Seen
  readonly conditions: readonly DeepReadonly<MatchCondition>[]
  readonly failsClosed: boolean
}) => Promise<boolean> | boolean
