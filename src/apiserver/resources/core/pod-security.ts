// Validation of security contexts. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type { AppArmorProfile, PodSpec, SeccompProfile, SecurityContext } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { checkDescendingPath, checkEnum, checkId, checkOptionalEnum, checkRequired } from './field-checks.ts'
import { type PodLeniency, STRICT } from './leniency.ts'
import { validateWindowsOptions } from './pod-windows.ts'

const PROFILES = ['Localhost', 'RuntimeDefault', 'Unconfined']
const SYSCTL = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/
const SYSCTL_LENGTH = 253
const LONGEST_PATH = 4095

/** Problems of a pod's security context; `path` is that of the spec. */
export function validatePodSecurity(spec: PodSpec, path: string, lenient: PodLeniency = STRICT): FieldError[] {
  const { securityContext: context } = spec
  if (!context) return []
  const at = `${path}.securityContext`
  const errors = [
    ...checkId(`${at}.fsGroup`, context.fsGroup),
    ...checkId(`${at}.runAsUser`, context.runAsUser),
    ...checkId(`${at}.runAsGroup`, context.runAsGroup),
    ...(context.supplementalGroups ?? []).flatMap((id, i) => checkId(`${at}.supplementalGroups[${i}]`, id)),
  ]
  if (spec.shareProcessNamespace && spec.hostPID) {
    const why = 'ShareProcessNamespace and HostPID cannot both be enabled'
    errors.push(field.invalid(`${at}.shareProcessNamespace`, true, why))
  }
  return [
    ...errors,
    ...validateSysctls(spec, `${at}.sysctls`, lenient),
    ...checkOptionalEnum(`${at}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch']),
    ...validateSeccomp(context.seccompProfile, `${at}.seccompProfile`),
    ...validateWindowsOptions(context.windowsOptions, `${at}.windowsOptions`),
    ...validateAppArmor(context.appArmorProfile, `${at}.appArmorProfile`),
    ...checkOptionalEnum(`${at}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict']),
    ...checkOptionalEnum(`${at}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ['MountOption', 'Recursive']),
  ]
}

function validateSysctls(spec: PodSpec, path: string, lenient: PodLeniency): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [i, { name }] of (spec.securityContext?.sysctls ?? []).entries()) {
    const at = `${path}[${i}].name`
    if (!name) errors.push(...checkRequired(at, name))
    else if (name.length > SYSCTL_LENGTH || !SYSCTL.test(name)) {
      const why = `must have at most ${SYSCTL_LENGTH} characters and match regex ${SYSCTL.source.replace('[./]', '[\\./]')}`
      errors.push(field.invalid(at, name, why))
    } else if (names.has(name)) errors.push(field.duplicate(at, name))
    names.add(name)
    if (!lenient.hostSysctls) errors.push(...checkHostSysctl(at, name ?? '', spec))
  }
  return errors
}

/** Refuses sysctls of what the pod shares with its node. Upstream: ValidateHostSysctl. */
export function checkHostSysctl(at: string, name: string, { hostNetwork, hostIPC }: PodSpec): FieldError[] {
  const space = namespaceOf(name)
  if (hostNetwork && space === 'net')
    return [field.invalid(at, name, "may not be specified when 'hostNetwork' is true")]
  if (hostIPC && space === 'ipc') return [field.invalid(at, name, "may not be specified when 'hostIPC' is true")]
  return []
}

/** The Linux namespace that a sysctl belongs to. */
function namespaceOf(sysctl: string): 'net' | 'ipc' | undefined {
  const name = sysctl.replaceAll('/', '.')
  if (name.startsWith('net.')) return 'net'
  return /^(kernel\.(sem|shm.*|msg.*)|fs\.mqueue\..*)$/.test(name) ? 'ipc' : undefined
}

function validateSeccomp(profile: SeccompProfile | undefined, path: string): FieldError[] {
  if (!profile) return []
  const { type, localhostProfile: file } = profile
  const at = `${path}.localhostProfile`
  const errors = type
    ? checkEnum(`${path}.type`, type, PROFILES)
    : [field.required(`${path}.type`, 'type is required when seccompProfile is set')]
  if (type !== 'Localhost') {
    if (file === undefined) return errors
    const shown = { Type: type ?? '', LocalhostProfile: file }
    return [...errors, field.invalid(at, shown, 'can only be set when seccomp type is Localhost')]
  }
  if (file === undefined) return [...errors, field.required(at, 'must be set when seccomp type is Localhost')]
  return [...errors, ...checkDescendingPath(at, file)]
}

function validateAppArmor(profile: AppArmorProfile | undefined, path: string): FieldError[] {
  if (!profile) return []
  const { type, localhostProfile: name } = profile
  const at = `${path}.localhostProfile`
  if (!type) return [field.required(`${path}.type`, 'type is required when appArmorProfile is set')]
  if (!PROFILES.includes(type)) return [field.notSupported(`${path}.type`, type, PROFILES)]
  if (type !== 'Localhost') {
    return name === undefined ? [] : [field.invalid(at, name, 'can only be set when AppArmor type is Localhost')]
  }
  const errors: FieldError[] = []
  if (name !== undefined && name !== name.trim()) {
    errors.push(field.invalid(at, name, 'must not be padded with whitespace'))
  } else if (!name) errors.push(field.required(at, 'must be set when AppArmor type is Localhost'))
  if ((name ?? '').length > LONGEST_PATH) errors.push(field.tooLong(at, LONGEST_PATH))
  return errors
}

/** Problems of a container's security context. `hostUsers`: the pod shares the users of its node. */
export function validateSecurity(context: SecurityContext | undefined, path: string, hostUsers: boolean): FieldError[] {
  if (!context) return []
  const errors = [
    ...checkId(`${path}.runAsUser`, context.runAsUser),
    ...checkId(`${path}.runAsGroup`, context.runAsGroup),
    ...checkOptionalEnum(`${path}.procMount`, context.procMount, ['Default', 'Unmasked']),
  ]
  if (hostUsers && context.procMount === 'Unmasked') {
    errors.push(field.invalid(`${path}.procMount`, 'Unmasked', '`hostUsers` must be false to use `Unmasked`'))
  }
  errors.push(...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`))
  if (context.allowPrivilegeEscalation === false) {
    const contradict = (what: string) =>
      errors.push(field.invalid(path, shown(context), `cannot set \`allowPrivilegeEscalation\` to false and ${what}`))
    if (context.privileged) contradict('`privileged` to true')
    const sysAdmin = (context.capabilities?.add ?? []).filter((name) => name === 'CAP_SYS_ADMIN')
    for (const name of sysAdmin) contradict(`\`capabilities.Add\` ${name}`)
  }
  return [
    ...errors,
    ...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`),
    ...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`),
  ]
}

/** A security context as messages show it: every field, by its internal name. */
function shown(c: SecurityContext): object {
  const { capabilities } = c
  return {
    Capabilities: capabilities ? { Add: capabilities.add ?? null, Drop: capabilities.drop ?? null } : null,
    Privileged: c.privileged ?? null,
    SELinuxOptions: c.seLinuxOptions ?? null,
    WindowsOptions: c.windowsOptions ?? null,
    RunAsUser: c.runAsUser ?? null,
    RunAsGroup: c.runAsGroup ?? null,
    RunAsNonRoot: c.runAsNonRoot ?? null,
    ReadOnlyRootFilesystem: c.readOnlyRootFilesystem ?? null,
    AllowPrivilegeEscalation: c.allowPrivilegeEscalation ?? null,
    ProcMount: c.procMount ?? null,
    SeccompProfile: c.seccompProfile ?? null,
    AppArmorProfile: c.appArmorProfile ?? null,
  }
}

/** Where block devices are given to containers. */
export function devicePaths(spec: PodSpec, path: string): string[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).flatMap(({ volumeDevices = [] }, i) =>
      volumeDevices.length > 0 ? [`${path}.${list}[${i}].volumeDevices`] : [],
    ),
  )
}

/** A pod with users of its own shares nothing else with its node, and its block devices would not work. */
export function validateHostUsers(spec: PodSpec, path: string, lenient: PodLeniency): FieldError[] {
  if (spec.hostUsers !== false) return []
  const why = 'when `hostUsers` is false'
  return [
    ...(spec.hostNetwork ? [field.forbidden(`${path}.hostNetwork`, why)] : []),
    ...(spec.hostPID ? [field.forbidden(`${path}.HostPID`, why)] : []),
    ...(spec.hostIPC ? [field.forbidden(`${path}.HostIPC`, why)] : []),
    ...(lenient.userDevices ? [] : devicePaths(spec, path).map((at) => field.forbidden(at, why))),
  ]
}
