// Translates between the kubelet's runtime terms and CRI v1 messages.

import type { MessageInitShape } from '@bufbuild/protobuf'
import type {
  ContainerConfig,
  ContainerResources,
  ContainerSecurity,
  ContainerState,
  ContainerStats,
  ImageInfo,
  LinuxNamespaces,
  ListedContainer,
  PodIdentity,
  SandboxConfig,
  SandboxState,
} from '../runtime.ts'
import * as cri from './generated/runtime_pb.ts'

// The names under which every CRI tool finds a pod's sandboxes and containers.
const POD_NAME = 'io.kubernetes.pod.name'
const POD_NAMESPACE = 'io.kubernetes.pod.namespace'
export const POD_UID = 'io.kubernetes.pod.uid'
const CONTAINER_NAME = 'io.kubernetes.container.name'

// What a container must not see of /proc and /sys, and what it may only read (the OCI default, as upstream's kubelet sends it).
const MASKED_PATHS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

const PROPAGATION = {
  None: cri.MountPropagation.PROPAGATION_PRIVATE,
  HostToContainer: cri.MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  Bidirectional: cri.MountPropagation.PROPAGATION_BIDIRECTIONAL,
} as const

/** The sandbox as CRI describes it. */
export function toSandboxConfig(
  config: SandboxConfig,
  seccompProfile?: string,
): MessageInitShape<typeof cri.PodSandboxConfigSchema> {
  const { pod } = config
  return {
    metadata: { name: pod.name, namespace: pod.namespace, uid: pod.uid, attempt: pod.attempt },
    // Host-network pods share the host's name, and runc refuses to set another.
    hostname: config.namespaces.hostNetwork ? '' : config.hostname,
    logDirectory: config.logDirectory,
    dnsConfig: {
      servers: [...config.dns.servers],
      searches: [...config.dns.searches],
      options: [...config.dns.options],
    },
    portMappings: config.portMappings.map((mapping) => ({
      protocol: cri.Protocol[mapping.protocol],
      containerPort: mapping.containerPort,
      hostPort: mapping.hostPort,
      hostIp: mapping.hostIP,
    })),
    labels: { ...config.labels, ...podLabels(pod) },
    annotations: { ...config.annotations },
    linux: {
      cgroupParent: config.cgroupParent,
      sysctls: { ...config.sysctls },
      securityContext: {
        namespaceOptions: toNamespaces(config.namespaces),
        privileged: config.privileged,
        ...toIds(config),
        seccomp: toSeccomp(seccompProfile === undefined ? 'RuntimeDefault' : { localhost: seccompProfile }),
      },
    },
  }
}

/** The container as CRI describes it. */
export function toContainerConfig(
  container: ContainerConfig,
  pod: PodIdentity,
): MessageInitShape<typeof cri.ContainerConfigSchema> {
  return {
    metadata: { name: container.name, attempt: container.attempt },
    image: { image: container.image, userSpecifiedImage: container.image },
    command: [...container.command],
    args: [...container.args],
    workingDir: container.workingDir,
    envs: container.env.map(({ name, value }) => ({ key: name, value: Buffer.from(value) })),
    mounts: container.mounts.map((mount) => ({
      containerPath: mount.containerPath,
      hostPath: mount.hostPath,
      readonly: mount.readOnly,
      propagation: PROPAGATION[mount.propagation],
    })),
    labels: { ...container.labels, ...podLabels(pod), [CONTAINER_NAME]: container.name },
    annotations: { ...container.annotations },
    logPath: container.logPath,
    stdin: container.stdin,
    stdinOnce: container.stdinOnce,
    tty: container.tty,
    linux: {
      resources: toResources(container.resources),
      securityContext: toSecurityContext(container.security, container.namespaces, container.targetId),
    },
  }
}

/** cgroup settings as CRI describes them. */
export function toResources(
  resources: ContainerResources,
): MessageInitShape<typeof cri.LinuxContainerResourcesSchema> & object {
  return {
    cpuPeriod: BigInt(resources.cpuPeriod),
    cpuQuota: BigInt(resources.cpuQuota),
    cpuShares: BigInt(resources.cpuShares),
    memoryLimitInBytes: BigInt(resources.memoryLimit),
    oomScoreAdj: BigInt(resources.oomScoreAdj),
  }
}

function toSecurityContext(
  security: ContainerSecurity,
  namespaces: LinuxNamespaces,
  targetId: string | undefined,
): MessageInitShape<typeof cri.LinuxContainerSecurityContextSchema> {
  const masked = security.procMount === 'Default' && !security.privileged
  return {
    capabilities: {
      addCapabilities: [...security.addCapabilities],
      dropCapabilities: [...security.dropCapabilities],
    },
    privileged: security.privileged,
    namespaceOptions: toNamespaces(namespaces, targetId),
    ...toIds(security),
    ...(security.runAsUserName === undefined ? {} : { runAsUsername: security.runAsUserName }),
    readonlyRootfs: security.readOnlyRootFilesystem,
    noNewPrivs: !security.allowPrivilegeEscalation,
    maskedPaths: masked ? MASKED_PATHS : [],
    readonlyPaths: masked ? READONLY_PATHS : [],
    seccomp: toSeccomp(security.seccomp),
  }
}

function toSeccomp(seccomp: ContainerSecurity['seccomp']): MessageInitShape<typeof cri.SecurityProfileSchema> {
  if (typeof seccomp === 'object') {
    return { profileType: cri.SecurityProfile_ProfileType.Localhost, localhostRef: seccomp.localhost }
  }
  return { profileType: cri.SecurityProfile_ProfileType[seccomp] }
}

function toIds(from: {
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly supplementalGroups: readonly number[]
}) {
  return {
    supplementalGroups: from.supplementalGroups.map(BigInt),
    ...(from.runAsUser === undefined ? {} : { runAsUser: { value: BigInt(from.runAsUser) } }),
    ...(from.runAsGroup === undefined ? {} : { runAsGroup: { value: BigInt(from.runAsGroup) } }),
  }
}

function toNamespaces(
  namespaces: LinuxNamespaces,
  targetId?: string,
): MessageInitShape<typeof cri.NamespaceOptionSchema> {
  const { NODE, POD, CONTAINER, TARGET } = cri.NamespaceMode
  const own = namespaces.hostPID ? NODE : namespaces.shareProcessNamespace ? POD : CONTAINER
  return {
    network: namespaces.hostNetwork ? NODE : POD,
    ipc: namespaces.hostIPC ? NODE : POD,
    // In a namespace that all share there is no other to join.
    ...(targetId !== undefined && own === CONTAINER ? { pid: TARGET, targetId } : { pid: own }),
  }
}

function podLabels(pod: PodIdentity): Record<string, string> {
  return { [POD_NAME]: pod.name, [POD_NAMESPACE]: pod.namespace, [POD_UID]: pod.uid }
}

/** A listed sandbox in the kubelet's terms. */
export function fromSandbox(sandbox: cri.PodSandbox): SandboxState {
  const { metadata } = sandbox
  return {
    id: sandbox.id,
    pod: {
      name: metadata?.name ?? '',
      namespace: metadata?.namespace ?? '',
      uid: metadata?.uid ?? '',
      attempt: metadata?.attempt ?? 0,
    },
    ready: sandbox.state === cri.PodSandboxState.SANDBOX_READY,
    createdAt: milliseconds(sandbox.createdAt),
    labels: sandbox.labels,
    annotations: sandbox.annotations,
  }
}

// In the order of CRI's numbers.
const STATES = ['created', 'running', 'exited', 'unknown'] as const satisfies readonly ContainerState['state'][]

/** The state word for a CRI state. */
function fromContainerState(state: cri.ContainerState): ContainerState['state'] {
  return STATES[state] ?? 'unknown'
}

/** One entry of a listing. */
export function fromContainer(container: cri.Container): ListedContainer {
  return {
    id: container.id,
    sandboxId: container.podSandboxId,
    name: container.metadata?.name ?? '',
    attempt: container.metadata?.attempt ?? 0,
    state: fromContainerState(container.state),
    createdAt: milliseconds(container.createdAt),
    labels: container.labels,
  }
}

/** A container's status in the kubelet's terms; CRI's status does not name the sandbox. */
export function fromContainerStatus(status: cri.ContainerStatus, sandboxId: string): ContainerState {
  return {
    id: status.id,
    sandboxId,
    name: status.metadata?.name ?? '',
    attempt: status.metadata?.attempt ?? 0,
    state: fromContainerState(status.state),
    image: status.image?.image ?? '',
    imageRef: status.imageRef,
    createdAt: milliseconds(status.createdAt),
    startedAt: milliseconds(status.startedAt),
    finishedAt: milliseconds(status.finishedAt),
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    labels: status.labels,
    annotations: status.annotations,
    logPath: status.logPath,
  }
}

/** An image in the kubelet's terms. */
export function fromImage(image: cri.Image): ImageInfo {
  return {
    id: image.id,
    repoTags: image.repoTags,
    repoDigests: image.repoDigests,
    sizeBytes: Number(image.size),
    ...(image.uid === undefined ? {} : { uid: Number(image.uid.value) }),
    ...(image.username === '' ? {} : { username: image.username }),
  }
}

/** Usage figures of one container; nothing when the runtime has none yet. */
export function fromStats(stats: cri.ContainerStats): ContainerStats | undefined {
  const { attributes, cpu, memory, writableLayer } = stats
  if (attributes === undefined || cpu === undefined) return undefined
  return {
    id: attributes.id,
    timestamp: milliseconds(cpu.timestamp),
    cpuUsageNanoseconds: Number(cpu.usageCoreNanoSeconds?.value ?? 0n),
    memoryWorkingSetBytes: Number(memory?.workingSetBytes?.value ?? 0n),
    filesystemUsedBytes: Number(writableLayer?.usedBytes?.value ?? 0n),
  }
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000n)
}
