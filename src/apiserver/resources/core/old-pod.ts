// What the spec of a pod breaks already, and an update may therefore go on breaking.
// Model: GetValidationOptionsFromPodSpecAndMeta of k8s.io/kubernetes/pkg/api/pod.

import type { PodAffinity, PodSpec } from '../../../api/generated/core-v1.ts'
import type { FieldError } from '../../../machinery/errors.ts'
import { checkNonReservedPath } from './field-checks.ts'
import { validateLabelSelector } from './label-selector-validation.ts'
import { type PodLeniency, STRICT } from './leniency.ts'
import { isDeletionCost } from './pod-annotations.ts'
import { restartsInVain } from './pod-containers.ts'
import { validateLabelKeys, validateNodeSelector, validateTermSelectors } from './pod-scheduling.ts'
import { checkHostSysctl, devicePaths } from './pod-security.ts'
import { validateHugePages } from './resource-requirements.ts'

/** A pod or a template. */
export interface OldPod {
  readonly spec?: PodSpec
  readonly metadata?: { readonly annotations?: Record<string, string> }
}

const broken = (errors: readonly FieldError[]) => errors.length > 0

/** Checks by all rules and, only when that finds something, by those that the old pod kept. */
export function leniently(
  old: OldPod | undefined,
  check: (lenient: PodLeniency) => readonly FieldError[],
): readonly FieldError[] {
  const errors = check(STRICT)
  return errors.length === 0 || !old?.spec ? errors : check(leniencyOf(old.spec, old.metadata?.annotations ?? {}))
}

function leniencyOf(spec: PodSpec, annotations: Readonly<Record<string, string>>): PodLeniency {
  const { topologySpreadConstraints: constraints = [], affinity, securityContext } = spec
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const tokens = (spec.volumes ?? []).flatMap((volume) =>
    (volume.projected?.sources ?? []).flatMap(({ serviceAccountToken: token }) => (token ? [token] : [])),
  )
  return {
    selectorValues: [affinity?.podAffinity, affinity?.podAntiAffinity].some(
      (one) => one !== undefined && hasBrokenSelector(one),
    ),
    nodeAffinityValues: required !== undefined && broken(validateNodeSelector(required, '')),
    spreadSelectors: constraints.some(
      ({ labelSelector }) => labelSelector !== undefined && broken(validateLabelSelector(labelSelector, '')),
    ),
    spreadKeys: constraints.some((constraint) => broken(validateLabelKeys(constraint, ''))),
    tokenPaths: tokens.some(({ path }) => broken(checkNonReservedPath('', path ?? ''))),
    hostSysctls: (securityContext?.sysctls ?? []).some(({ name }) => broken(checkHostSysctl('', name ?? '', spec))),
    hugePages: amountsOf(spec).some(([name, value]) => broken(validateHugePages('', name, value))),
    userDevices: spec.hostUsers === false && devicePaths(spec, '').length > 0,
    initRestarts: (spec.initContainers ?? []).some(restartsInVain),
    deletionCost: !isDeletionCost(annotations['controller.kubernetes.io/pod-deletion-cost']),
  }
}

function hasBrokenSelector(affinity: PodAffinity): boolean {
  const terms = [
    ...(affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]
  return terms.some((term) => term !== undefined && broken(validateTermSelectors(term, '', false)))
}

function amountsOf(spec: PodSpec): [string, string][] {
  const { initContainers = [], overhead = {} } = spec
  const containers = spec.containers ?? []
  const inContainers = [...initContainers, ...containers].flatMap(({ resources }) => [
    ...Object.entries(resources?.limits ?? {}),
    ...Object.entries(resources?.requests ?? {}),
  ])
  return [...inContainers, ...Object.entries(overhead)]
}
