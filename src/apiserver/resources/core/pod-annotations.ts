// Annotations that say what a pod's fields did not say once, and do today.
// Wording: k8s.io/kubernetes/pkg/apis/core/validation, ValidatePodSpecificAnnotations.

import type { PodSpec, Toleration } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { APP_ARMOR } from './app-armor.ts'
import { checkDescendingPath } from './field-checks.ts'
import type { PodLeniency } from './leniency.ts'
import { validateTolerations } from './pod-scheduling.ts'

const MIRROR = 'kubernetes.io/config.mirror'
const TOLERATIONS = 'scheduler.alpha.kubernetes.io/tolerations'
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod'
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/'
const MAX_INT32 = 2_147_483_647

/** Problems of annotations at `path` of a pod or a template with this spec. */
export function validatePodAnnotations(
  annotations: Readonly<Record<string, string>>,
  spec: PodSpec,
  path: string,
  lenient: PodLeniency,
): FieldError[] {
  const errors: FieldError[] = []
  const { [MIRROR]: mirror, [TOLERATIONS]: tolerations, [DELETION_COST]: cost } = annotations
  if (mirror !== undefined && !spec.nodeName) {
    const why = 'must set spec.nodeName if mirror pod annotation is set'
    errors.push(field.invalid(`${path}[${MIRROR}]`, mirror, why))
  }
  if (tolerations) errors.push(...validateTolerationsText(tolerations, path))
  if (!lenient.deletionCost && !isDeletionCost(cost)) {
    errors.push(field.invalid(`${path}[${DELETION_COST}]`, cost, 'must be a 32bit integer'))
  }
  for (const [key, value] of Object.entries(annotations)) {
    if (key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER)) {
      errors.push(...validateSeccomp(value, `${path}[${key}]`))
    }
    if (key.startsWith(APP_ARMOR)) errors.push(...validateAppArmor(key, value, spec, `${path}[${key}]`))
  }
  return errors
}

/** Whether a cost can be read: nothing costs nothing. Upstream: GetDeletionCostFromPodAnnotations. */
export function isDeletionCost(text: string | undefined): boolean {
  if (text === undefined) return true
  // A sign in front, or zeros, would be read in more than one way.
  return /^(0|-?[1-9]\d*)$/.test(text) && Number(text) <= MAX_INT32 && Number(text) >= -MAX_INT32 - 1
}

function validateTolerationsText(text: string, path: string): FieldError[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return [field.invalid(path, TOLERATIONS, 'invalid JSON')]
  }
  if (parsed === null) return []
  if (!Array.isArray(parsed)) {
    const kind = typeof parsed === 'boolean' ? 'bool' : typeof parsed
    const why = `json: cannot unmarshal ${kind} into Go value of type []core.Toleration`
    return [field.invalid(path, TOLERATIONS, why)]
  }
  return validateTolerations(parsed as Toleration[], `${path}.${TOLERATIONS}`)
}

const SECCOMP_PROFILES = ['runtime/default', 'docker/default', 'unconfined']

function validateSeccomp(profile: string, at: string): FieldError[] {
  if (SECCOMP_PROFILES.includes(profile)) return []
  if (profile.startsWith('localhost/')) return checkDescendingPath(at, profile.slice('localhost/'.length))
  return [field.invalid(at, profile, 'must be a valid seccomp profile')]
}

function validateAppArmor(key: string, profile: string, spec: PodSpec, at: string): FieldError[] {
  const name = key.slice(APP_ARMOR.length)
  const { initContainers = [], ephemeralContainers = [] } = spec
  const containers = spec.containers ?? []
  const known = [...initContainers, ...containers, ...ephemeralContainers].some((container) => container.name === name)
  const errors = known ? [] : [field.invalid(at, name, 'container not found')]
  const fits = profile === '' || ['runtime/default', 'unconfined'].includes(profile) || /^localhost\//.test(profile)
  if (!fits) errors.push(field.invalid(at, profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`))
  return errors
}
