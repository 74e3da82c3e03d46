// What may be written to the status of a pod. Rules and wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type {
  Container,
  ContainerStatus,
  Pod,
  PodCondition,
  PodSpec,
  PodStatus,
} from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { unifiedDiff } from '../../../machinery/go/unified-diff.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import {
  checkAddress,
  checkId,
  checkQualifiedName,
  checkSubdomain,
  immutable,
  isReadableAddress,
} from './field-checks.ts'
import { internalJson } from './internal-shapes.ts'
import { leniently } from './old-pod.ts'
import { validatePodAnnotations } from './pod-annotations.ts'

const SYSTEM_CONDITIONS: ReadonlySet<string> = new Set(['PodScheduled', 'Ready', 'Initialized'])
const MIRROR = 'kubernetes.io/config.mirror'
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'
const LISTS = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const
const ONE_PER_FAMILY = 'may specify no more than one IP for each IP family'

/** The one address and the first of the list say the same. Upstream: Convert_v1_PodStatus_To_core_PodStatus. */
export function alignAddresses(status: PodStatus | undefined): void {
  if (!status) return
  const { podIP, podIPs = [] } = status
  if (podIP && podIPs[0]?.ip !== podIP) status.podIPs = [{ ip: podIP }]
  else if (!podIP && podIPs[0]?.ip) status.podIP = podIPs[0].ip
}

/** What a client leaves out stays: old kubelets do not know of it. Upstream: preserveOldObservedGeneration. */
export function keepGenerations({ status }: Pod, old: Pod): void {
  if (!status.observedGeneration && old.status.observedGeneration) {
    status.observedGeneration = old.status.observedGeneration
  }
  const known = new Map<string, (number | undefined)[]>()
  for (const { type, observedGeneration } of old.status.conditions ?? []) {
    known.set(type, [...(known.get(type) ?? []), observedGeneration])
  }
  for (const condition of status.conditions ?? []) {
    const before = known.get(condition.type)?.shift()
    if (!condition.observedGeneration && before) condition.observedGeneration = before
  }
}

/** Problems of a write to the status. Upstream: ValidatePodStatusUpdate. */
export function validatePodStatus(pod: Pod, old: Pod): FieldError[] {
  const { status, spec } = pod
  const nominated = status.nominatedNodeName
  return [
    ...validateAnnotationUpdate(pod, old),
    ...leniently(old, (lenient) =>
      validatePodAnnotations(pod.metadata.annotations ?? {}, spec, 'metadata.annotations', lenient),
    ),
    ...validateConditions(status.conditions ?? []),
    ...(nominated && nominated !== old.status.nominatedNodeName
      ? checkSubdomain('status.nominatedNodeName', nominated)
      : []),
    ...immutable('status.qosClass', status.qosClass, old.status.qosClass),
    ...LISTS.flatMap((list) => validateTransitions(status[list], old.status[list], spec, list)),
    ...validateClaimStatuses(pod),
    ...validatePodIPs(status.podIPs ?? [], old.status.podIPs ?? []),
    ...validateHostIPs(status.hostIP, status.hostIPs ?? [], old.status.hostIPs ?? []),
    ...LISTS.flatMap((list) => validateUsers(status[list] ?? [], spec.os?.name === 'windows', `status.${list}`)),
  ]
}

/** Problems of a change of annotations that belong to others. Upstream: ValidatePodSpecificAnnotationUpdates. */
export function validateAnnotationUpdate({ metadata }: Pod, old: Pod): FieldError[] {
  const [now, before] = [metadata.annotations ?? {}, old.metadata.annotations ?? {}]
  if (now === before) return []
  const errors: FieldError[] = []
  for (const key in before) {
    const what = guarded(key)
    if (!what || now[key] === before[key]) continue
    errors.push(field.forbidden(`metadata.annotations[${key}]`, `may not remove or update ${what}`))
  }
  for (const key in now) {
    const what = key in before ? undefined : guarded(key)
    if (what) errors.push(field.forbidden(`metadata.annotations[${key}]`, `may not add ${what}`))
  }
  return errors
}

function guarded(key: string): string | undefined {
  if (key === MIRROR) return 'mirror pod annotation'
  return key.startsWith(APP_ARMOR) ? 'AppArmor annotations' : undefined
}

function validateConditions(conditions: readonly PodCondition[]): FieldError[] {
  return conditions.flatMap(({ type, observedGeneration = 0 }, i) => {
    const at = `status.conditions[${i}]`
    const why = 'must be a non-negative integer'
    return [
      ...(observedGeneration < 0 ? [field.invalid(`${at}.observedGeneration`, observedGeneration, why)] : []),
      ...(SYSTEM_CONDITIONS.has(type) ? [] : checkQualifiedName(`${at}.Type`, type)),
    ]
  })
}

/** A container that has ended for good does not run again. */
function validateTransitions(
  statuses: readonly ContainerStatus[] = [],
  old: readonly ContainerStatus[] = [],
  spec: PodSpec,
  list: (typeof LISTS)[number],
): FieldError[] {
  return old.flatMap((before, i) => {
    const ended = before.state?.terminated
    if (!ended || mayRestart(before.name, ended.exitCode, spec, list)) return []
    return statuses
      .filter(({ name, state }) => name === before.name && !state?.terminated)
      .map(() => field.forbidden(`status.${list}[${i}].state`, 'may not be transitioned to non-terminated state'))
  })
}

function mayRestart(name: string, exitCode: number, spec: PodSpec, list: (typeof LISTS)[number]): boolean {
  if (list === 'ephemeralContainerStatuses') return false
  if (spec.restartPolicy === 'Always') return true
  const containers: readonly Container[] = [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
  // A rule of any container may restart all of them.
  if (containers.some((container) => (container.restartPolicyRules ?? []).length > 0)) return true
  const policy = containers.find((container) => container.name === name)?.restartPolicy ?? spec.restartPolicy
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
}

function validateClaimStatuses({ spec, status }: Pod): FieldError[] {
  if (!status.resourceClaimStatuses) return []
  const claims = new Set((spec.resourceClaims ?? []).map(({ name }) => name))
  const seen = new Set<string>()
  return status.resourceClaimStatuses.flatMap(({ name, resourceClaimName }, i) => {
    const path = `status.resourceClaimStatuses[${i}]`
    const at = `${path}.name`
    const errors = claims.has(name)
      ? []
      : [field.invalid(at, name, 'must match the name of an entry in `spec.resourceClaims`')]
    if (seen.has(name)) errors.push(field.duplicate(at, name))
    seen.add(name)
    return resourceClaimName === undefined
      ? errors
      : [...errors, ...checkSubdomain(`${path}.resourceClaimName`, resourceClaimName)]
  })
}

interface Address {
  readonly ip?: string
}

function validatePodIPs(addresses: readonly Address[], old: readonly Address[]): FieldError[] {
  const known = old.map(({ ip = '' }) => ip)
  return [
    ...addresses.flatMap(({ ip = '' }, i) => checkAddress(`status.podIPs[${i}]`, ip, known)),
    ...validateFamilies(addresses, 'status.podIPs'),
  ]
}

function validateHostIPs(hostIP = '', addresses: readonly Address[], old: readonly Address[]): FieldError[] {
  const [first] = addresses
  if (!first) return []
  const at = 'status.hostIPs'
  const known = old.map(({ ip = '' }) => ip)
  return [
    ...(first.ip === hostIP ? [] : [field.invalid(`${at}[0].ip`, first.ip ?? '', 'must be equal to `hostIP`')]),
    ...addresses.flatMap(({ ip = '' }, i) => checkAddress(`${at}[${i}]`, ip, known)),
    ...validateFamilies(addresses, at),
  ]
}

function validateFamilies(addresses: readonly Address[], path: string): FieldError[] {
  if (addresses.length < 2) return []
  const shown = addresses.map(({ ip = '' }) => ({ IP: ip }))
  const families = new Set(shown.map(({ IP }) => IP.includes(':')))
  const errors: FieldError[] = []
  const bad = shown.findIndex(({ IP }) => !isReadableAddress(IP))
  if (bad >= 0) {
    const why = `failed to check for dual stack with error:invalid IP[${bad}]: ${shown[bad]?.IP}`
    errors.push({ type: 'InternalError', path, message: `Internal error: ${why}` })
  }
  if (bad >= 0 || families.size < 2 || addresses.length > 2) errors.push(field.invalid(path, shown, ONE_PER_FAMILY))
  return errors
}

function validateUsers(statuses: readonly ContainerStatus[], ofWindows: boolean, path: string): FieldError[] {
  return statuses.flatMap(({ user }, i) => {
    const linux = user?.linux
    if (!linux) return []
    const at = `${path}[${i}].user.linux`
    if (ofWindows) return [field.forbidden(at, 'cannot be set for a windows pod')]
    return [
      ...checkId(`${at}.uid`, linux.uid),
      ...checkId(`${at}.gid`, linux.gid),
      ...(linux.supplementalGroups ?? []).flatMap((gid, g) => checkId(`${at}.supplementalGroups[${g}]`, gid)),
    ]
  })
}

/** Problems of ephemeral containers: they are added, and stay. Upstream: ValidatePodEphemeralContainersUpdate. */
export function validateEphemeralContainers({ spec }: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[MIRROR] !== undefined) {
    return [field.forbidden('', 'static pods do not support ephemeral containers')]
  }
  const at = 'spec.ephemeralContainers'
  return (old.spec.ephemeralContainers ?? []).flatMap((before) => {
    const now = (spec.ephemeralContainers ?? []).find(({ name }) => name === before.name)
    if (!now) return [field.forbidden(at, `existing ephemeral containers "${before.name}" may not be removed\n`)]
    if (sameJson(now, before)) return []
    const [was, is] = [before, now].map((container) => internalJson('EphemeralContainer', container))
    const diff = unifiedDiff(was ?? '', is ?? '')
    return [field.forbidden(at, `existing ephemeral containers "${before.name}" may not be changed\n${diff}`)]
  })
}
