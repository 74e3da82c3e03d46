// pods/resize: changes cpu and memory of a pod's containers in place.
// Spec: https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/

import type { Container, Pod, PodSpec } from '../../api/generated/core-v1.ts'
import { type FieldError, field, invalid } from '../../machinery/errors.ts'
import { sameJson } from '../../machinery/same-json.ts'
import type { ApiObject } from '../api-object.ts'
import { qosClass } from '../resources/core/pod.ts'

const ONLY_COMPUTE = 'only cpu and memory resources are mutable'
const RESIZABLE = new Set(['cpu', 'memory'])

/** Takes over from `wanted` what a resize may change; everything else stays. Throws Invalid. */
export function resizePod(object: ApiObject, wanted: Partial<PodSpec>): void {
  const pod = object as unknown as Pod
  const before = structuredClone(pod)
  takeResources(pod.spec.containers, wanted.containers ?? [])
  takeResources(
    (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always'),
    wanted.initContainers ?? [],
  )
  if (sameJson(pod.spec, before.spec)) return
  const errors: FieldError[] = []
  if (qosClass(pod) !== qosClass(before)) {
    errors.push(
      field.invalid('spec', before.status.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'),
    )
  }
  for (const [list, containers] of [
    ['containers', pod.spec.containers],
    ['initContainers', pod.spec.initContainers ?? []],
  ] as const) {
    for (const [i, { resources }] of containers.entries()) {
      const old = before.spec[list]?.[i]?.resources
      for (const kind of ['limits', 'requests'] as const) {
        if (Object.keys(old?.[kind] ?? {}).every((name) => resources?.[kind]?.[name] !== undefined)) continue
        errors.push(field.forbidden(`spec.${list}[${i}].resources.${kind}`, `resource ${kind} cannot be removed`))
      }
    }
  }
  const rest = withoutResizes(pod.spec, before.spec)
  for (const [i, container] of (rest.containers ?? []).entries()) {
    if (!sameJson(container, before.spec.containers[i])) errors.push(field.forbidden('spec', ONLY_COMPUTE))
  }
  for (const [i, container] of (rest.initContainers ?? []).entries()) {
    if (sameJson(container, before.spec.initContainers?.[i])) continue
    const why = 'only cpu and memory resources for init or sidecar containers are mutable'
    errors.push(field.forbidden(`spec.initContainers[${i}]`, why))
  }
  if (errors.length > 0) throw invalid({ group: '', kind: 'Pod' }, pod.metadata.name ?? '', errors)
  pod.metadata.generation = (before.metadata.generation ?? 0) + 1
}

/** The spec with what a resize may change as it was. */
function withoutResizes(spec: PodSpec, before: PodSpec): PodSpec {
  const rest = structuredClone(spec)
  for (const list of ['containers', 'initContainers'] as const) {
    for (const [i, container] of (rest[list] ?? []).entries()) {
      const old = before[list]?.[i]
      if (old?.resizePolicy) container.resizePolicy = old.resizePolicy
      else delete container.resizePolicy
      const resources = container.resources ?? {}
      for (const kind of ['limits', 'requests'] as const) {
        const amounts = { ...resources[kind] }
        for (const name of RESIZABLE) {
          const value = old?.resources?.[kind]?.[name]
          if (value === undefined) delete amounts[name]
          else amounts[name] = value
        }
        if (Object.keys(amounts).length > 0 || old?.resources?.[kind]) resources[kind] = amounts
        else delete resources[kind]
      }
    }
  }
  return rest
}

function takeResources(containers: readonly Container[], wanted: readonly Container[]): void {
  const byName = new Map(wanted.map((c) => [c.name, c]))
  for (const container of containers) {
    const source = byName.get(container.name)
    if (!source) continue
    if (source.resources) container.resources = source.resources
    if (source.resizePolicy) container.resizePolicy = source.resizePolicy
  }
}
