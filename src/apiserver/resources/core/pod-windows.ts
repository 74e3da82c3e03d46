// What depends on the operating system of a pod. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type {
  Container,
  EphemeralContainer,
  PodSpec,
  WindowsSecurityContextOptions,
} from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsSubdomainProblem } from '../../../machinery/names.ts'
import { invalidFor } from './field-checks.ts'

const SYSTEMS = ['linux', 'windows']
const LONGEST_CREDENTIAL = 64 * 1024
const LONGEST_DOMAIN = 256
const LONGEST_USER = 104
const NET_BIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/
const DNS = /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/

/** Problems of the Windows side of a security context. */
export function validateWindowsOptions(options: WindowsSecurityContextOptions | undefined, path: string): FieldError[] {
  if (!options) return []
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options
  const errors: FieldError[] = []
  if (name !== undefined) {
    errors.push(...invalidFor(`${path}.gmsaCredentialSpecName`, name, [dnsSubdomainProblem(name)]))
  }
  const specAt = `${path}.gmsaCredentialSpec`
  if (spec === '') errors.push(field.invalid(specAt, spec, 'gmsaCredentialSpec cannot be an empty string'))
  if (spec !== undefined && spec.length > LONGEST_CREDENTIAL) {
    errors.push(field.invalid(specAt, spec, 'gmsaCredentialSpec size must be under 64 KiB'))
  }
  if (user !== undefined) errors.push(...invalidFor(`${path}.runAsUserName`, user, userProblems(user)))
  return errors
}

/** What is wrong with the name of a Windows user, as `DOMAIN\user`. */
function userProblems(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string']
  if (/\p{Cc}/u.test(name)) return ['runAsUserName cannot contain control characters']
  const parts = name.split('\\')
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash']
  const user = parts.at(-1) ?? ''
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined
  const problems: string[] = []
  if (domain !== undefined && domain.length >= LONGEST_DOMAIN) {
    problems.push(`runAsUserName's Domain length must be under ${LONGEST_DOMAIN} characters`)
  }
  if (domain !== undefined && !NET_BIOS.test(domain) && !DNS.test(domain)) {
    problems.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format")
  }
  if (user === '') problems.push("runAsUserName's User cannot be empty")
  if (user.length > LONGEST_USER) {
    problems.push(`runAsUserName's User length must not be longer than ${LONGEST_USER} characters`)
  }
  if (/^[. ]+$/.test(user)) problems.push("runAsUserName's User cannot contain only periods or spaces")
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) {
    problems.push('runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]')
  }
  return problems
}

/** A container of any sort, with where it is. */
interface PlacedContainer {
  readonly container: Container | EphemeralContainer
  readonly path: string
}

/** All containers of a pod in the order of problems: init, regular, ephemeral. */
function placedContainers(spec: PodSpec, path: string): PlacedContainer[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((name) =>
    (spec[name] ?? []).map((container, i) => ({ container, path: `${path}.${name}[${i}]` })),
  )
}

/** Containers that run as processes of a Windows node: all of a pod or none. */
export function validateHostProcess(spec: PodSpec, path: string): FieldError[] {
  const all = placedContainers(spec, path)
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess
  const errors: FieldError[] = []
  let count = 0
  for (const { container, path: at } of all) {
    const own = container.securityContext?.windowsOptions?.hostProcess
    if (ofPod !== undefined && own !== undefined && ofPod !== own) {
      const why = `pod hostProcess value must be identical if both are specified, was ${ofPod}`
      errors.push(field.invalid(`${at}.securityContext.windowsOptions.hostProcess`, own, why))
    }
    if (own ?? ofPod) count += 1
  }
  if (count === 0) return errors
  if (count !== all.length) {
    const why = 'If pod contains any hostProcess containers then all containers must be HostProcess containers'
    errors.push(field.invalid(path, '', why))
  }
  if (!spec.hostNetwork) {
    const why = 'hostNetwork must be true if pod contains any hostProcess containers'
    errors.push(field.invalid(`${path}.hostNetwork`, false, why))
  }
  return errors
}

const LINUX_POD = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
] as const
const LINUX_CONTAINER = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const

/** What only the other operating system has. */
export function validateOs(spec: PodSpec, path: string): FieldError[] {
  if (!spec.os) return []
  const { name } = spec.os
  if (!name) return [field.required(`${path}.os.name`, 'cannot be empty')]
  if (!SYSTEMS.includes(name)) return [field.notSupported(`${path}.os`, name, SYSTEMS)]
  const containers = placedContainers(spec, path)
  if (name === 'linux') {
    const holders = [{ at: path, context: spec.securityContext }].concat(
      containers.map(({ container, path: at }) => ({ at, context: container.securityContext })),
    )
    return holders
      .filter(({ context }) => context?.windowsOptions)
      .map(({ at }) =>
        field.forbidden(`${at}.securityContext.windowsOptions`, 'windows options cannot be set for a linux pod'),
      )
  }
  const why = 'cannot be set for a windows pod'
  return [
    ...LINUX_POD.filter((key) => spec.securityContext?.[key] !== undefined).map((key) =>
      field.forbidden(`${path}.securityContext.${key}`, why),
    ),
    ...(['hostUsers', 'shareProcessNamespace'] as const)
      .filter((key) => spec[key] !== undefined)
      .map((key) => field.forbidden(`${path}.${key}`, why)),
    ...(['hostPID', 'hostIPC'] as const)
      .filter((key) => spec[key])
      .map((key) => field.forbidden(`${path}.${key}`, why)),
    ...containers.flatMap(({ container, path: at }) =>
      LINUX_CONTAINER.filter((key) => container.securityContext?.[key] !== undefined).map((key) =>
        field.forbidden(`${at}.securityContext.${key}`, why),
      ),
    ),
  ]
}
