// Turns a pod into the configuration of its sandbox. Pure.

import type { LinuxNamespaces, SandboxConfig } from '../runtime/runtime.ts'
import { type DnsSettings, sandboxHostname } from './dns.ts'
import { podLabels } from './identity.ts'
import { supplementalGroups } from './security.ts'
import { type ApiPod, allContainersOf } from './types.ts'

export interface SandboxSettings {
  readonly attempt: number
  readonly logDirectory: string
  readonly dns: DnsSettings
  readonly clusterDomain: string
  readonly cgroupParent: string
  readonly runtimeHandler: string
}

export function namespacesOf(pod: ApiPod): LinuxNamespaces {
  return {
    hostNetwork: pod.spec.hostNetwork ?? false,
    hostPID: pod.spec.hostPID ?? false,
    hostIPC: pod.spec.hostIPC ?? false,
    shareProcessNamespace: pod.spec.shareProcessNamespace ?? false,
  }
}

export function sandboxConfig(pod: ApiPod, settings: SandboxSettings): SandboxConfig {
  const { name, namespace, uid } = pod.metadata
  const security = pod.spec.securityContext ?? {}
  return {
    pod: { name, namespace, uid, attempt: settings.attempt },
    hostname: sandboxHostname(pod, settings.clusterDomain),
    logDirectory: settings.logDirectory,
    dns: settings.dns,
    portMappings: portMappings(pod),
    labels: podLabels(pod),
    annotations: { ...pod.metadata.annotations },
    cgroupParent: settings.cgroupParent,
    namespaces: namespacesOf(pod),
    sysctls: Object.fromEntries((security.sysctls ?? []).map((s) => [s.name, s.value])),
    privileged: allContainersOf(pod).some((c) => c.securityContext?.privileged),
    ...(security.runAsUser === undefined ? {} : { runAsUser: security.runAsUser }),
    ...(security.runAsGroup === undefined ? {} : { runAsGroup: security.runAsGroup }),
    supplementalGroups: supplementalGroups(pod),
    runtimeHandler: settings.runtimeHandler,
  }
}

function portMappings(pod: ApiPod): SandboxConfig['portMappings'] {
  if (pod.spec.hostNetwork) return []
  return allContainersOf(pod)
    .flatMap((c) => c.ports ?? [])
    .filter((p) => (p.hostPort ?? 0) > 0)
    .map((p) => ({
      protocol: (p.protocol ?? 'TCP') as 'TCP' | 'UDP' | 'SCTP',
      containerPort: p.containerPort,
      hostPort: p.hostPort ?? 0,
      hostIP: p.hostIP ?? '',
    }))
}
