// pods/resize: changes cpu and memory of a pod's containers in place.
// Spec: https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/

import type { Container, Pod, PodSpec } from '../../api/generated/core-v1.ts'
import { type FieldError, field, invalid } from '../../machinery/errors.ts'
import { sameJson } from '../../machinery/same-json.ts'
import type { ApiObject } from '../api-object.ts'
import { qosClass } from '../resources/core/pod.ts'

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
  for (const [i, container] of pod.spec.containers.entries()) {
    const old = before.spec.containers[i]?.resources
    for (const kind of ['limits', 'requests'] as const) {
      const names = new Set([...Object.keys(container.resources?.[kind] ?? {}), ...Object.keys(old?.[kind] ?? {})])
      for (const name of names) {
        if (container.resources?.[kind]?.[name] === old?.[kind]?.[name] || RESIZABLE.has(name)) continue
        errors.push(
          field.forbidden(`spec.containers[${i}].resources.${kind}`, 'only cpu and memory resources are mutable'),
        )
      }
      const removed = Object.keys(old?.[kind] ?? {}).some((name) => container.resources?.[kind]?.[name] === undefined)
      if (removed)
        errors.push(field.forbidden(`spec.containers[${i}].resources.${kind}`, `resource ${kind} cannot be removed`))
    }
  }
  if (errors.length > 0) throw invalid({ group: '', kind: 'Pod' }, pod.metadata.name ?? '', errors)
  pod.metadata.generation = (before.metadata.generation ?? 0) + 1
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
