// The checks of level baseline: no known privilege escalations.
// Spec: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline

import type { LifecycleHandler, Probe, SELinuxOptions } from '../../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import {
  type Check,
  type CheckPod,
  containersOf,
  containersText,
  exceptUserNamespaces,
  namesOf,
  plural,
  quoted,
  settersText,
  sortedSet,
} from './check.ts'

const APPARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/'
const SECCOMP_POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod'
const SECCOMP_CONTAINER_ANNOTATION = 'container.seccomp.security.alpha.kubernetes.io/'

const appArmorProfile: CheckPod = (pod) => {
  const isBad = (type: string | undefined) => type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost'
  const ofPod = pod.spec.securityContext?.appArmorProfile?.type
  const containers = namesOf(pod, (c) => isBad(c.securityContext?.appArmorProfile?.type))
  const types = [ofPod, ...containersOf(pod).map((c) => c.securityContext?.appArmorProfile?.type)].filter(isBad)
  const annotations = Object.entries(pod.metadata?.annotations ?? {})
    .filter(([key, value]) => key.startsWith(APPARMOR_ANNOTATION) && !isAllowedAppArmorAnnotation(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort()
  const values = [...sortedSet(types.map(String)), ...annotations]
  if (values.length === 0) return undefined
  const others = annotations.length > 0 ? [plural('annotation', annotations.length)] : []
  return {
    reason: plural('forbidden AppArmor profile', values.length),
    detail: `${settersText(isBad(ofPod), containers, others)} must not set AppArmor profile type to ${quoted(values)}`,
  }
}

function isAllowedAppArmorAnnotation(value: string): boolean {
  return value === '' || value === 'runtime/default' || value.startsWith('localhost/')
}

const CAPABILITIES = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
)

const capabilities: CheckPod = (pod) => {
  const added = (c: { securityContext?: { capabilities?: { add?: readonly string[] } } }) =>
    (c.securityContext?.capabilities?.add ?? []).filter((name) => !CAPABILITIES.has(name))
  const containers = namesOf(pod, (c) => added(c).length > 0)
  if (containers.length === 0) return undefined
  const names = sortedSet(containersOf(pod).flatMap(added))
  return {
    reason: 'non-default capabilities',
    detail: `${containersText(containers)} must not include ${quoted(names)} in securityContext.capabilities.add`,
  }
}

const hostNamespaces: CheckPod = ({ spec }) => {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name])
  if (used.length === 0) return undefined
  return { reason: 'host namespaces', detail: used.map((name) => `${name}=true`).join(', ') }
}

const hostPathVolumes: CheckPod = ({ spec }) => {
  const volumes = (spec.volumes ?? []).filter((volume) => volume.hostPath).map(({ name }) => name)
  if (volumes.length === 0) return undefined
  return { reason: 'hostPath volumes', detail: `${plural('volume', volumes.length)} ${quoted(volumes)}` }
}

const hostPorts: CheckPod = (pod) => {
  const containers = namesOf(pod, (c) => (c.ports ?? []).some(({ hostPort }) => hostPort))
  if (containers.length === 0) return undefined
  const all = containersOf(pod).flatMap((c) => (c.ports ?? []).flatMap(({ hostPort }) => (hostPort ? [hostPort] : [])))
  const ports = sortedSet(all.map(String))
  const use = containers.length === 1 ? 'uses' : 'use'
  return {
    reason: 'hostPort',
    detail: `${containersText(containers)} ${use} ${plural('hostPort', ports.length)} ${ports.join(', ')}`,
  }
}

type Action = DeepReadonly<Probe | LifecycleHandler> | undefined
const hostsOf = (action: Action) => [action?.httpGet?.host, action?.tcpSocket?.host].filter((host) => host)

const hostProbesAndLifecycle: CheckPod = (pod) => {
  const hosts = (c: ReturnType<typeof containersOf>[number]) =>
    [c.livenessProbe, c.readinessProbe, c.startupProbe, c.lifecycle?.postStart, c.lifecycle?.preStop].flatMap(hostsOf)
  const containers = sortedSet(namesOf(pod, (c) => hosts(c).length > 0))
  if (containers.length === 0) return undefined
  const all = sortedSet(containersOf(pod).flatMap(hosts).map(String))
  const use = containers.length === 1 ? 'uses' : 'use'
  return {
    reason: 'probe or lifecycle host',
    detail: `${containersText(containers)} ${use} ${plural('probe or lifecycle host', all.length)} ${quoted(all)}`,
  }
}

const privileged: CheckPod = (pod) => {
  const containers = namesOf(pod, (c) => c.securityContext?.privileged === true)
  if (containers.length === 0) return undefined
  return {
    reason: 'privileged',
    detail: `${containersText(containers)} must not set securityContext.privileged=true`,
  }
}

export const procMount: CheckPod = (pod) => {
  const isBad = (type: string | undefined) => type !== undefined && type !== 'Default'
  const containers = namesOf(pod, (c) => isBad(c.securityContext?.procMount))
  if (containers.length === 0) return undefined
  const types = sortedSet(
    containersOf(pod)
      .map((c) => c.securityContext?.procMount)
      .filter(isBad)
      .map(String),
  )
  return {
    reason: 'procMount',
    detail: `${containersText(containers)} must not set securityContext.procMount to ${quoted(types)}`,
  }
}

const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t']

function seLinuxOptions(allowed: readonly string[]): CheckPod {
  const isBadType = ({ type = '' }: DeepReadonly<SELinuxOptions>) => !allowed.includes(type)
  const isBad = (options: DeepReadonly<SELinuxOptions> | undefined): options is DeepReadonly<SELinuxOptions> =>
    options !== undefined && (isBadType(options) || Boolean(options.user) || Boolean(options.role))
  return (pod) => {
    const ofPod = pod.spec.securityContext?.seLinuxOptions
    const containers = namesOf(pod, (c) => isBad(c.securityContext?.seLinuxOptions))
    const bad = [ofPod, ...containersOf(pod).map((c) => c.securityContext?.seLinuxOptions)].filter(isBad)
    if (bad.length === 0) return undefined
    const types = sortedSet(bad.filter(isBadType).map(({ type = '' }) => type))
    const faults = [
      ...(types.length > 0 ? [`${plural('type', types.length)} ${quoted(types)}`] : []),
      ...(bad.some(({ user }) => user) ? ['user may not be set'] : []),
      ...(bad.some(({ role }) => role) ? ['role may not be set'] : []),
    ]
    return {
      reason: 'seLinuxOptions',
      detail: `${settersText(isBad(ofPod), containers)} set forbidden securityContext.seLinuxOptions: ${faults.join('; ')}`,
    }
  }
}

/** Before there was a field for it. */
const seccompAnnotations: CheckPod = (pod) => {
  const keys = [SECCOMP_POD_ANNOTATION, ...containersOf(pod).map(({ name }) => SECCOMP_CONTAINER_ANNOTATION + name)]
  const forbidden = sortedSet(
    keys.flatMap((key) => {
      const value = pod.metadata?.annotations?.[key]
      const allowed =
        value === undefined ||
        value === 'runtime/default' ||
        value === 'docker/default' ||
        value.startsWith('localhost/')
      return allowed ? [] : [`${key}=${JSON.stringify(value)}`]
    }),
  )
  if (forbidden.length === 0) return undefined
  return {
    reason: 'seccompProfile',
    detail: `forbidden ${plural('annotation', forbidden.length)} ${forbidden.join(', ')}`,
  }
}

export const isGoodSeccomp = (type: string | undefined) => type === 'RuntimeDefault' || type === 'Localhost'

export const seccompProfile: CheckPod = (pod) => {
  const isBad = (profile: { readonly type?: string } | undefined) =>
    profile !== undefined && !isGoodSeccomp(profile.type)
  const ofPod = pod.spec.securityContext?.seccompProfile
  const containers = namesOf(pod, (c) => isBad(c.securityContext?.seccompProfile))
  const bad = [ofPod, ...containersOf(pod).map((c) => c.securityContext?.seccompProfile)].filter(isBad)
  if (bad.length === 0) return undefined
  const types = sortedSet(bad.map((profile) => profile?.type ?? ''))
  return {
    reason: 'seccompProfile',
    detail: `${settersText(isBad(ofPod), containers)} must not set securityContext.seccompProfile.type to ${quoted(types)}`,
  }
}

const SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
]
const SYSCTLS_27 = [...SYSCTLS, 'net.ipv4.ip_local_reserved_ports']
const SYSCTLS_29 = [
  ...SYSCTLS_27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
]
const SYSCTLS_32 = [...SYSCTLS_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']

function sysctls(allowed: readonly string[]): CheckPod {
  return ({ spec }) => {
    const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((n) => !allowed.includes(n))
    return names.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: names.join(', ') }
  }
}

const windowsHostProcess: CheckPod = (pod) => {
  const byPod = pod.spec.securityContext?.windowsOptions?.hostProcess === true
  const containers = namesOf(pod, (c) => c.securityContext?.windowsOptions?.hostProcess === true)
  if (!byPod && containers.length === 0) return undefined
  return {
    reason: 'hostProcess',
    detail: `${settersText(byPod, containers)} must not set securityContext.windowsOptions.hostProcess=true`,
  }
}

/** In the order in which violations are told. */
export const baselineChecks: readonly Check[] = [
  { id: 'appArmorProfile', versions: [{ since: 0, check: appArmorProfile }] },
  { id: 'capabilities_baseline', versions: [{ since: 0, check: capabilities }] },
  { id: 'hostNamespaces', versions: [{ since: 0, check: hostNamespaces }] },
  { id: 'hostPathVolumes', versions: [{ since: 0, check: hostPathVolumes }] },
  { id: 'hostPorts', versions: [{ since: 0, check: hostPorts }] },
  { id: 'hostProbesAndHostLifecycle', versions: [{ since: 34, check: hostProbesAndLifecycle }] },
  { id: 'privileged', versions: [{ since: 0, check: privileged }] },
  {
    id: 'procMount',
    versions: [
      { since: 0, check: procMount },
      { since: 35, check: exceptUserNamespaces(procMount) },
    ],
  },
  {
    id: 'seLinuxOptions',
    versions: [
      { since: 0, check: seLinuxOptions(SELINUX_TYPES) },
      { since: 31, check: seLinuxOptions([...SELINUX_TYPES, 'container_engine_t']) },
    ],
  },
  {
    id: 'seccompProfile_baseline',
    versions: [
      { since: 0, check: seccompAnnotations },
      { since: 19, check: seccompProfile },
    ],
  },
  {
    id: 'sysctls',
    versions: [
      { since: 0, check: sysctls(SYSCTLS) },
      { since: 27, check: sysctls(SYSCTLS_27) },
      { since: 29, check: sysctls(SYSCTLS_29) },
      { since: 32, check: sysctls(SYSCTLS_32) },
    ],
  },
  { id: 'windowsHostProcess', versions: [{ since: 0, check: windowsHostProcess }] },
]
