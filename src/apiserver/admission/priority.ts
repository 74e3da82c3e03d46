// Priority: turns a pod's priorityClassName into its number.
// Spec: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/

import type { Pod } from '../../api/generated/core-v1.ts'
import type { PriorityClass } from '../../api/generated/scheduling-v1.ts'
import { forbidden } from '../../machinery/errors.ts'
import type { Registry } from '../registry/registry.ts'
import type { Resource } from '../registry/resource.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { writtenPod } from './optional/pods.ts'

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
    admit(attributes) {
      const pod = writtenPod(attributes)
      if (!pod) return undefined
      if (attributes.operation === 'CREATE') return fillIn(attributes, pod)
      // What was worked out when the pod was made need not be said again.
      const { priority, preemptionPolicy } = (attributes.old as unknown as Pod).spec
      for (const [field, value] of Object.entries({ priority, preemptionPolicy })) {
        if (value === undefined || field in pod.spec) continue
        Object.assign(pod.spec, { [field]: value })
        attributes.filledIn = true
      }
      return undefined
    },
    validate({ operation, resource, subresource, name, object }) {
      if (resource.group !== 'scheduling.k8s.io' || resource.resource !== 'priorityclasses') return undefined
      if ((operation !== 'CREATE' && operation !== 'UPDATE') || subresource !== '') return undefined
      if (!(object as unknown as PriorityClass).globalDefault) return undefined
      return requireNoOther(resource, name, operation)
    },
  }

  async function fillIn({ resource, name }: AdmissionAttributes, { spec }: Pod): Promise<void> {
    let chosen: PriorityClass | undefined
    if (spec.priorityClassName) {
      chosen = await registry.lookup<PriorityClass>('scheduling.k8s.io', 'priorityclasses', '', spec.priorityClassName)
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
  }

  async function requireNoOther(resource: Resource, name: string, operation: string): Promise<void> {
    const other = (await defaultClass())?.metadata.name
    if (other === undefined || (operation === 'UPDATE' && other === name)) return
    throw forbidden(resource, name, `PriorityClass ${other} is already marked as default. Only one default can exist`)
  }
}
