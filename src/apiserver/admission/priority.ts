// Priority: turns a pod's priorityClassName into its number.
// Spec: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/

import type { Pod } from '../../api/generated/core-v1.ts'
import type { PriorityClass } from '../../api/generated/scheduling-v1.ts'
import { forbidden } from '../../machinery/errors.ts'
import type { Registry } from '../registry/registry.ts'
import { type AdmissionPlugin, onCreate } from './admission.ts'

export function priority(registry: Registry): AdmissionPlugin {
  const classes = registry.resource('scheduling.k8s.io', 'priorityclasses')

  async function defaultClass(): Promise<PriorityClass | undefined> {
    const cache = await registry.cache(classes)
    let found: PriorityClass | undefined
    for (const entry of cache.entriesUnder(classes.prefix)) {
      const candidate = entry.object as unknown as PriorityClass
      if (candidate.globalDefault && (!found || (candidate.value ?? 0) < (found.value ?? 0))) found = candidate
    }
    return found
  }

  return {
    name: 'Priority',
    admit: onCreate('', 'pods', async ({ resource, name, object }) => {
      const { spec } = object as unknown as Pod
      let chosen: PriorityClass | undefined
      if (spec.priorityClassName) {
        chosen = await registry.lookup<PriorityClass>(
          'scheduling.k8s.io',
          'priorityclasses',
          '',
          spec.priorityClassName,
        )
        if (!chosen) throw forbidden(resource, name, `no PriorityClass with name ${spec.priorityClassName} was found`)
      } else {
        chosen = await defaultClass()
        if (chosen) spec.priorityClassName = chosen.metadata.name
      }
      const value = chosen?.value ?? 0
      if (spec.priority !== undefined && spec.priority !== value) {
        throw forbidden(
          resource,
          name,
          `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
        )
      }
      spec.priority = value
      const policy = chosen?.preemptionPolicy ?? 'PreemptLowerPriority'
      if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
        throw forbidden(
          resource,
          name,
          `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
        )
      }
      spec.preemptionPolicy = policy
    }),
  }
}
