// What may change in a pod that exists. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type { Container, NodeSelectorTerm, Pod, PodSpec } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { unifiedDiff } from '../../../machinery/go/unified-diff.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { internalJson, internalPodSpec, internalValue } from './internal-shapes.ts'

const FORBIDDEN =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'
const MAX_INT32 = 2_147_483_647

/** What a pod's spec became, in upstream's words. */
function podSpecDiff(before: PodSpec, after: PodSpec): string {
  const [old, now] = [before, after].map((spec) => internalJson('PodSpec', internalPodSpec(spec)))
  return unifiedDiff(old ?? '', now ?? '')
}

/** Problems of a change of a pod's spec: only images, deadlines and added tolerations; placement while it is gated. */
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const { spec } = pod
  const before = old.spec
  for (const name of ['containers', 'initContainers'] as const) {
    if ((spec[name] ?? []).length !== (before[name] ?? []).length) {
      return [field.forbidden(`spec.${name}`, 'pod updates may not add or remove containers')]
    }
  }
  const deadline = validateDeadline(spec.activeDeadlineSeconds, before.activeDeadlineSeconds)
  if (deadline.length > 0 && spec.activeDeadlineSeconds !== undefined) return deadline
  const errors = [...deadline, ...validateTolerations(spec, before), ...validateGates(spec, before)]
  if (sameJson(spec, before)) return errors
  const rest = structuredClone(spec)
  keepImages(rest.containers, before.containers)
  keepImages(rest.initContainers, before.initContainers)
  for (const name of ['activeDeadlineSeconds', 'tolerations', 'schedulingGates'] as const) keep(rest, before, name)
  if ((before.terminationGracePeriodSeconds ?? 0) < 0 && rest.terminationGracePeriodSeconds === 1) {
    keep(rest, before, 'terminationGracePeriodSeconds')
  }
  if ((before.schedulingGates ?? []).length > 0) errors.push(...takePlacement(rest, before))
  if (!sameJson(rest, before)) errors.push(field.forbidden('spec', `${FORBIDDEN}\n${podSpecDiff(before, rest)}`))
  return errors
}

function keepImages(mine: Container[] | undefined, theirs: Container[] | undefined): void {
  for (const [i, container] of (mine ?? []).entries()) {
    const image = theirs?.[i]?.image
    if (image === undefined) delete container.image
    else container.image = image
  }
}

function keep<T extends object>(target: T, source: T, name: keyof T): void {
  if (source[name] === undefined) delete target[name]
  else target[name] = source[name]
}

function validateDeadline(now: number | undefined, before: number | undefined): FieldError[] {
  const path = 'spec.activeDeadlineSeconds'
  if (now === undefined) {
    if (before === undefined) return []
    return [field.invalid(path, null, 'must not update from a positive integer to nil value')]
  }
  if (now < 0 || now > MAX_INT32) return [field.invalid(path, now, `must be between 0 and ${MAX_INT32}, inclusive`)]
  if (before === undefined || before >= now) return []
  return [field.invalid(path, now, 'must be less than or equal to previous value')]
}

function validateTolerations({ tolerations: now = [] }: PodSpec, { tolerations: before = [] }: PodSpec): FieldError[] {
  const timeless = ({ tolerationSeconds: _, ...rest }: (typeof now)[number]) => rest
  if (before.every((t) => now.some((n) => sameJson(timeless(n), timeless(t))))) return []
  return [field.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')]
}

function validateGates(
  { schedulingGates: now = [] }: PodSpec,
  { schedulingGates: before = [] }: PodSpec,
): FieldError[] {
  const known = new Set(before.map((gate) => gate.name))
  return now.flatMap(({ name }, i) => {
    if (known.has(name)) return []
    const why = `only deletion is allowed, but found new scheduling gate '${name}'`
    return [field.forbidden(`spec.schedulingGates[${i}].name`, why)]
  })
}

/** Takes the node selector and the affinity to nodes out of the comparison: they may narrow while a pod is gated. */
function takePlacement(rest: PodSpec, before: PodSpec): FieldError[] {
  const errors: FieldError[] = []
  const kept = Object.entries(before.nodeSelector ?? {}).every(([key, value]) => rest.nodeSelector?.[key] === value)
  if (!kept) {
    const why = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'
    errors.push(field.invalid('spec.nodeSelector', rest.nodeSelector ?? null, why))
  }
  keep(rest, before, 'nodeSelector')
  errors.push(...validateNodeAffinity(rest, before))
  const nodeAffinity = before.affinity?.nodeAffinity
  const { nodeAffinity: _, ...others } = rest.affinity ?? {}
  if (nodeAffinity) rest.affinity = { ...others, nodeAffinity }
  else if (before.affinity || Object.keys(others).length > 0) rest.affinity = others
  else delete rest.affinity
  return errors
}

const termsOf = (spec: PodSpec) =>
  spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []

function validateNodeAffinity(spec: PodSpec, before: PodSpec): FieldError[] {
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms'
  const [now, old] = [termsOf(spec), termsOf(before)]
  if (old.length > 0 && old.length !== now.length) {
    const why = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed'
    return [field.invalid(path, now.length === 0 ? null : now, why)]
  }
  return old.flatMap((term, i) => {
    const next = now[i] ?? {}
    if (onlyAdds(next, term)) return []
    const shown = internalValue('NodeSelectorTerm', next)
    return [field.invalid(`${path}[${i}]`, shown, 'only additions are allowed (no mutations or deletions)')]
  })
}

function onlyAdds(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const lists = (['matchExpressions', 'matchFields'] as const).map((name) => ({
    now: term[name] ?? [],
    before: old[name] ?? [],
  }))
  // A term that matches nothing stays so.
  if (lists.every(({ before }) => before.length === 0)) return lists.every(({ now }) => now.length === 0)
  return lists.every(({ now, before }) => sameJson(now.slice(0, before.length), before))
}
