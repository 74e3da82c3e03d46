// Conditions of the Gateway API, and how they are kept when nothing changes.

import type { Condition } from '../../api/generated/meta-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'

/** A condition without what depends on when and on what it was said. */
export interface Finding {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

export const yes = (type: string, reason: string, message = ''): Finding => ({ type, status: 'True', reason, message })
export const no = (type: string, reason: string, message: string): Finding => ({
  type,
  status: 'False',
  reason,
  message,
})

const MAX_MESSAGE = 32_768

/** Findings as conditions; the time of a transition stays unless the status changes. */
export function conditionsOf(
  findings: readonly Finding[],
  before: readonly DeepReadonly<Condition>[] | undefined,
  at: { readonly generation: number; readonly now: string },
): Condition[] {
  return findings.map(({ message, ...finding }) => {
    const old = before?.find((condition) => condition.type === finding.type)
    return {
      ...finding,
      message: message.slice(0, MAX_MESSAGE),
      observedGeneration: at.generation,
      lastTransitionTime: old?.status === finding.status ? old.lastTransitionTime : at.now,
    }
  })
}
