// What the kubelet needs of a container runtime. Implementations: cri/ (containerd and any CRI v1 runtime) and
// simulated/ (no containers, for tests and scale). Both pass runtime.suite.ts. Terms follow CRI v1.

import type { Duplex, Readable, Writable } from 'node:stream'

/** Labels and annotations that tie a sandbox or container to its pod; names as upstream's kubelet writes them. */
export interface PodIdentity {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  /** How often the sandbox has been made anew. */
  readonly attempt: number
}

export interface LinuxNamespaces {
  readonly hostNetwork: boolean
  readonly hostPID: boolean
  readonly hostIPC: boolean
  /** One process namespace for all containers of the pod. */
  readonly shareProcessNamespace: boolean
}

export interface SandboxConfig {
  readonly pod: PodIdentity
  readonly hostname: string
  readonly logDirectory: string
  readonly dns: {
    readonly servers: readonly string[]
    readonly searches: readonly string[]
    readonly options: readonly string[]
  }
  readonly portMappings: readonly {
    readonly protocol: 'TCP' | 'UDP' | 'SCTP'
    readonly containerPort: number
    readonly hostPort: number
    readonly hostIP: string
  }[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** cgroup path of the pod, e.g. `/kubepods/burstable/pod<uid>`; the kubelet has made it. */
  readonly cgroupParent: string
  readonly namespaces: LinuxNamespaces
  readonly sysctls: Readonly<Record<string, string>>
  readonly privileged: boolean
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly supplementalGroups: readonly number[]
  /** RuntimeClass handler; empty for the default. */
  readonly runtimeHandler: string
}

export interface Mount {
  readonly hostPath: string
  readonly containerPath: string
  readonly readOnly: boolean
  readonly propagation: 'None' | 'HostToContainer' | 'Bidirectional'
}

/** cgroup settings of a container, as CRI LinuxContainerResources. */
export interface ContainerResources {
  readonly cpuShares: number
  /** Microseconds per period; 0 means no limit. */
  readonly cpuQuota: number
  readonly cpuPeriod: number
  /** Bytes; 0 means no limit. */
  readonly memoryLimit: number
  readonly oomScoreAdj: number
}

export interface ContainerSecurity {
  readonly privileged: boolean
  readonly readOnlyRootFilesystem: boolean
  readonly allowPrivilegeEscalation: boolean
  readonly addCapabilities: readonly string[]
  readonly dropCapabilities: readonly string[]
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly runAsUserName?: string
  readonly supplementalGroups: readonly number[]
  readonly seccomp: 'RuntimeDefault' | 'Unconfined' | { readonly localhost: string }
  readonly procMount: 'Default' | 'Unmasked'
}

export interface ContainerConfig {
  readonly name: string
  /** How often the container has been made anew (the restart count). */
  readonly attempt: number
  /** Image reference or id that `imageStatus` knows. */
  readonly image: string
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly workingDir: string
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly mounts: readonly Mount[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Relative to the sandbox's logDirectory, e.g. `web/0.log`. */
  readonly logPath: string
  readonly stdin: boolean
  readonly stdinOnce: boolean
  readonly tty: boolean
  readonly resources: ContainerResources
  readonly security: ContainerSecurity
  readonly namespaces: LinuxNamespaces
  /** The container whose process namespace this one joins, for debugging it. */
  readonly targetId?: string
}

export interface SandboxState {
  readonly id: string
  readonly pod: PodIdentity
  readonly ready: boolean
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** What a listing says of a container. */
export interface ListedContainer {
  readonly id: string
  readonly sandboxId: string
  readonly name: string
  readonly attempt: number
  readonly state: 'created' | 'running' | 'exited' | 'unknown'
  readonly createdAt: number
  readonly labels: Readonly<Record<string, string>>
}

export interface ContainerState extends ListedContainer {
  /** Image reference as asked for, and the resolved reference (`name@sha256:…`) or id. */
  readonly image: string
  readonly imageRef: string
  readonly startedAt: number
  readonly finishedAt: number
  readonly exitCode: number
  /** `Completed`, `Error`, `OOMKilled`, … */
  readonly reason: string
  readonly message: string
  readonly annotations: Readonly<Record<string, string>>
  /** Absolute path of the log file; empty when unknown. */
  readonly logPath: string
}

export interface ImageInfo {
  readonly id: string
  readonly repoTags: readonly string[]
  readonly repoDigests: readonly string[]
  readonly sizeBytes: number
  /** User of the image's configuration: numeric id or name; both absent means root. */
  readonly uid?: number
  readonly username?: string
}

export interface ContainerStats {
  readonly id: string
  readonly timestamp: number
  /** Cumulative CPU time in nanoseconds. */
  readonly cpuUsageNanoseconds: number
  readonly memoryWorkingSetBytes: number
  readonly filesystemUsedBytes: number
}

/**
 * Something changed without the kubelet's doing; it then reads the state of that pod. `podUid` is empty when unknown:
 * read all, as after `connected`, before which anything may have happened.
 */
export interface RuntimeEvent {
  readonly type: 'connected' | 'exited' | 'removed' | 'oom'
  readonly containerId: string
  readonly podUid: string
}

/** Terminal size in characters. */
export interface TerminalSize {
  readonly width: number
  readonly height: number
}

/** The caller's ends of a streaming command. Absent streams are not connected. */
export interface StreamOptions {
  readonly tty: boolean
  readonly stdin?: Readable
  readonly stdout?: Writable
  readonly stderr?: Writable
  readonly resize?: AsyncIterable<TerminalSize>
  readonly signal: AbortSignal
}

/** Errors of a runtime carry a code: the gRPC status name (`NOT_FOUND`, `UNAVAILABLE`, …). */
export class RuntimeError extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'RuntimeError'
    this.code = code
  }
}

/** See the file comment. All methods reject with RuntimeError. Stop and remove of what is gone succeed. */
export interface Runtime {
  version(): Promise<{ readonly runtimeName: string; readonly runtimeVersion: string; readonly apiVersion: string }>
  /** `message` explains what is not ready. */
  status(): Promise<{ readonly ready: boolean; readonly networkReady: boolean; readonly message: string }>
  /** Tells the runtime this node's pod range (CIDR); the pod network needs it. */
  updatePodCidr(podCidr: string): Promise<void>

  runSandbox(config: SandboxConfig): Promise<string>
  stopSandbox(id: string): Promise<void>
  removeSandbox(id: string): Promise<void>
  /** The sandboxes of a pod, or of all. */
  listSandboxes(podUid?: string): Promise<readonly SandboxState[]>
  /** Pod addresses; empty for host-network pods and stopped sandboxes. */
  sandboxIPs(id: string): Promise<readonly string[]>

  createContainer(sandboxId: string, container: ContainerConfig, sandbox: SandboxConfig): Promise<string>
  startContainer(id: string): Promise<void>
  /** SIGTERM (or the image's stop signal), then SIGKILL after `timeoutSeconds`. Resolves when it has stopped. */
  stopContainer(id: string, timeoutSeconds: number): Promise<void>
  removeContainer(id: string): Promise<void>
  /** The containers of a pod, or of all. */
  listContainers(podUid?: string): Promise<readonly ListedContainer[]>
  containerStatus(id: string): Promise<ContainerState>
  updateContainerResources(id: string, resources: ContainerResources): Promise<void>
  reopenContainerLog(id: string): Promise<void>
  containerStats(): Promise<readonly ContainerStats[]>

  /** Runs a command to its end. `timeoutSeconds` 0 means none; on time-out rejects with code DEADLINE_EXCEEDED. */
  execSync(
    id: string,
    command: readonly string[],
    timeoutSeconds: number,
  ): Promise<{ readonly stdout: Buffer; readonly stderr: Buffer; readonly exitCode: number }>
  /** Runs a command with live streams; ending `stdin` half-closes the command's standard input. */
  exec(id: string, command: readonly string[], options: StreamOptions): Promise<{ readonly exitCode: number }>
  attach(id: string, options: StreamOptions): Promise<void>
  /** Opens a connection to `port` on the pod's loopback. */
  portForward(sandboxId: string, port: number, options: { readonly signal: AbortSignal }): Promise<Duplex>

  imageStatus(image: string): Promise<ImageInfo | undefined>
  listImages(): Promise<readonly ImageInfo[]>
  /** Gives the image's id or digest reference. */
  pullImage(
    image: string,
    auth?: { readonly username: string; readonly password: string; readonly serverAddress?: string },
  ): Promise<string>
  removeImage(image: string): Promise<void>
  imageFilesystem(): Promise<{ readonly usedBytes: number; readonly mountpoint: string }>

  /** Follows the runtime; ends when the signal aborts. Reconnects by itself and then yields `connected`, with empty ids. */
  events(options: { readonly signal: AbortSignal }): AsyncIterable<RuntimeEvent>
  close(): Promise<void>
}
