// Decides whether a container that has ended is to run again.

import type { ContainerState } from '../runtime/runtime.ts'
import type { ApiContainer, ApiPod } from './types.ts'

/** Whether a container that ended with `exitCode` runs again, by its rules, its own policy, then the pod's. */
export function restartsAfter(pod: ApiPod, container: ApiContainer, exitCode: number): boolean {
  for (const rule of container.restartPolicyRules ?? []) {
    const values = rule.exitCodes?.values ?? []
    const listed = values.includes(exitCode)
    if (rule.exitCodes?.operator === 'NotIn' ? !listed : listed) return rule.action !== 'Terminate'
  }
  switch (container.restartPolicy ?? pod.spec.restartPolicy ?? 'Always') {
    case 'Never':
      return false
    case 'OnFailure':
      return exitCode !== 0
    default:
      return true
  }
}

/** Whether a container whose newest instance is `state` must be started. */
export function mustStart(pod: ApiPod, container: ApiContainer, state: ContainerState | undefined): boolean {
  if (pod.metadata.deletionTimestamp) return false
  if (!state) return true
  switch (state.state) {
    case 'running':
      return false
    case 'created':
    case 'unknown':
      return true
    case 'exited':
      return restartsAfter(pod, container, state.exitCode)
  }
}
