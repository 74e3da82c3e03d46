// RuntimeClass: gives pods the overhead of their runtime class and lets them go only where it is.
// Spec: https://kubernetes.io/docs/concepts/containers/runtime-class/

import type { Pod, Toleration } from '../../api/generated/core-v1.ts'
import type { RuntimeClass } from '../../api/generated/node-v1.ts'
import { forbidden, type StatusError } from '../../machinery/errors.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import { sameJson } from '../../machinery/same-json.ts'
import type { Registry } from '../registry/registry.ts'
import { type AdmissionAttributes, type AdmissionPlugin, onCreate } from './admission.ts'

export function runtimeClass(registry: Registry): AdmissionPlugin {
  /** The class that a new pod names; undefined when it names none. Throws Forbidden when that is not there. */
  async function classOf({ resource, name }: AdmissionAttributes, { spec }: Pod): Promise<RuntimeClass | undefined> {
    const { runtimeClassName } = spec
    if (runtimeClassName === undefined) return undefined
    const found = await registry.lookup<RuntimeClass>('node.k8s.io', 'runtimeclasses', '', runtimeClassName)
    if (!found) throw forbidden(resource, name, `pod rejected: RuntimeClass "${runtimeClassName}" not found`)
    return found
  }

  return {
    name: 'RuntimeClass',
    admit: onCreate('', 'pods', async (attributes) => {
      const pod = attributes.object as unknown as Pod
      const found = await classOf(attributes, pod)
      if (!found) return
      const refuse = (why: string) => forbidden(attributes.resource, attributes.name, why)
      setOverhead(pod, found, refuse)
      setScheduling(pod, found, refuse)
    }),
    validate: onCreate('', 'pods', async (attributes) => {
      const pod = attributes.object as unknown as Pod
      const found = await classOf(attributes, pod)
      const { resource, name } = attributes
      if (found?.overhead) {
        if (!sameAmounts(found.overhead.podFixed, pod.spec.overhead)) throw forbidden(resource, name, MISMATCH)
      } else if (Object.keys(pod.spec.overhead ?? {}).length > 0) {
        const why = 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'
        throw forbidden(resource, name, why)
      }
    }),
  }
}

const MISMATCH = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"

type Amounts = Readonly<Record<string, string>> | undefined

function sameAmounts(a: Amounts = {}, b: Amounts = {}): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].every((name) => {
    const [left, right] = [a[name], b[name]]
    return left !== undefined && right !== undefined && compareQuantities(left, right) === 0
  })
}

function setOverhead({ spec }: Pod, { overhead }: RuntimeClass, refuse: (why: string) => StatusError): void {
  if (!overhead) return
  if (spec.overhead !== undefined && !sameAmounts(overhead.podFixed, spec.overhead)) throw refuse(MISMATCH)
  spec.overhead = { ...overhead.podFixed }
}

function setScheduling({ spec }: Pod, { scheduling }: RuntimeClass, refuse: (why: string) => StatusError): void {
  if (!scheduling) return
  const selector = { ...spec.nodeSelector }
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
    const own = selector[key]
    if (own !== undefined && own !== value) {
      throw refuse(
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
      )
    }
    selector[key] = value
  }
  if (Object.keys(selector).length > 0) spec.nodeSelector = selector
  const tolerations = mergeTolerations([...(spec.tolerations ?? []), ...(scheduling.tolerations ?? [])])
  if (tolerations.length > 0) spec.tolerations = tolerations
}

/** All that no other one covers; of equal ones the first. Upstream: MergeTolerations. */
function mergeTolerations(all: readonly Toleration[]): Toleration[] {
  const merged: Toleration[] = []
  for (const [i, toleration] of all.entries()) {
    if (merged.some((kept) => covers(kept, toleration))) continue
    const later = all.slice(i + 1).filter((other) => !sameJson(other, toleration))
    if (!later.some((other) => covers(other, toleration))) merged.push({ ...toleration })
  }
  return merged
}

/** Whether what one tolerates the other does, too. Upstream: isSuperset. */
function covers(more: Toleration, less: Toleration): boolean {
  if (sameJson(more, less)) return true
  const all = !more.key && more.operator === 'Exists'
  if ((more.key ?? '') !== (less.key ?? '') && !all) return false
  if (more.effect && more.effect !== less.effect) return false
  if (more.effect === 'NoExecute' && more.tolerationSeconds !== undefined) {
    if (less.tolerationSeconds === undefined || less.tolerationSeconds > more.tolerationSeconds) return false
  }
  if (more.operator === 'Exists') return true
  const isEqual = !more.operator || more.operator === 'Equal'
  return isEqual && less.operator === 'Equal' && (less.value ?? '') === (more.value ?? '')
}
