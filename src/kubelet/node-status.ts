// Computes the Node object: labels, capacity, addresses, conditions, images. Pure.

import type { ContainerImage, Node, NodeCondition, NodeStatus, Taint } from '../api/generated/core-v1.ts'
import type { New } from '../client/client.ts'
import { formatTime } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import type { FilesystemUse, MachineInfo } from './machine.ts'
import { formatMilli, milliValue, quantityValue } from './quantity.ts'
import type { ImageInfo } from './runtime/runtime.ts'

const MAX_IMAGES = 50
const MAX_IMAGE_NAMES = 5
const EVICTION = { memoryBytes: 100 * 2 ** 20, filesystemShare: 0.1, inodeShare: 0.05, pidShare: 0.05 }

export interface NodeFacts {
  readonly nodeName: string
  readonly hostname: string
  readonly nodeIPs: readonly string[]
  readonly machine: MachineInfo
  readonly filesystem: FilesystemUse
  readonly pressure: { readonly availableMemoryBytes: number; readonly pids: number; readonly maxPids: number }
  readonly runtime: { readonly ready: boolean; readonly networkReady: boolean; readonly message: string }
  readonly runtimeVersion: string
  readonly kubeletVersion: string
  readonly port: number
  readonly maxPods: number
  /** Amounts kept back from pods. */
  readonly reserved: Readonly<Record<string, string>>
  readonly images: readonly ImageInfo[]
  readonly now: number
}

/** Labels every node carries. */
export function nodeLabels(facts: { hostname: string; architecture: string }): Record<string, string> {
  const { hostname, architecture } = facts
  return {
    'beta.kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': architecture,
    'kubernetes.io/hostname': hostname,
    'kubernetes.io/os': 'linux',
  }
}

/** The object a node registers itself with. */
export function newNode(
  facts: NodeFacts,
  own: { labels: Readonly<Record<string, string>>; taints: readonly Taint[] },
): New<Node> {
  const { architecture } = facts.machine
  return {
    metadata: {
      name: facts.nodeName,
      labels: { ...nodeLabels({ hostname: facts.hostname, architecture }), ...own.labels },
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: own.taints.length > 0 ? { taints: [...own.taints] } : {},
    status: nodeStatus(facts, undefined),
  }
}

/** The status to report; `before` keeps the transition times. */
export function nodeStatus(facts: NodeFacts, before: DeepReadonly<NodeStatus> | undefined): NodeStatus {
  const capacity = capacityOf(facts)
  const { machine } = facts
  return {
    addresses: [
      ...facts.nodeIPs.map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: facts.hostname },
    ],
    capacity,
    allocatable: allocatableOf(capacity, facts.reserved),
    conditions: conditionsOf(facts, before),
    daemonEndpoints: { kubeletEndpoint: { Port: facts.port } },
    nodeInfo: {
      machineID: machine.machineID,
      systemUUID: machine.systemUUID,
      bootID: machine.bootID,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      containerRuntimeVersion: facts.runtimeVersion,
      kubeletVersion: facts.kubeletVersion,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: machine.architecture,
      ...(machine.swapBytes > 0 ? { swap: { capacity: machine.swapBytes } } : {}),
    },
    images: imagesOf(facts.images),
  }
}

function capacityOf(facts: NodeFacts): Record<string, string> {
  return {
    cpu: String(facts.machine.cpus),
    'ephemeral-storage': `${Math.floor(facts.filesystem.capacityBytes / 1024)}Ki`,
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: `${Math.floor(facts.machine.memoryBytes / 1024)}Ki`,
    pods: String(facts.maxPods),
  }
}

function allocatableOf(
  capacity: Record<string, string>,
  reserved: Readonly<Record<string, string>>,
): Record<string, string> {
  const left = { ...capacity }
  left.cpu = formatMilli(Math.max(0, milliValue(capacity.cpu) - milliValue(reserved.cpu)))
  const memory = quantityValue(capacity.memory) - quantityValue(reserved.memory) - EVICTION.memoryBytes
  left.memory = `${Math.max(0, Math.floor(memory / 1024))}Ki`
  const storage = quantityValue(capacity['ephemeral-storage'])
  left['ephemeral-storage'] = String(
    Math.max(0, Math.floor(storage * (1 - EVICTION.filesystemShare)) - quantityValue(reserved['ephemeral-storage'])),
  )
  return left
}

interface Verdict {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

function pressure(under: boolean, kind: string, subject: string): Verdict {
  return under
    ? { status: 'True', reason: `KubeletHas${kind}`, message: `kubelet has ${subject}` }
    : { status: 'False', reason: `KubeletHas${kind}`, message: `kubelet has ${subject}` }
}

function conditionsOf(facts: NodeFacts, before: DeepReadonly<NodeStatus> | undefined): NodeCondition[] {
  const { filesystem, pressure: load } = facts
  const memory = load.availableMemoryBytes < EVICTION.memoryBytes
  const disk =
    filesystem.availableBytes < filesystem.capacityBytes * EVICTION.filesystemShare ||
    (filesystem.inodes > 0 && filesystem.inodesFree < filesystem.inodes * EVICTION.inodeShare)
  const pids = load.maxPids - load.pids < load.maxPids * EVICTION.pidShare
  const verdicts: [string, Verdict][] = [
    [
      'MemoryPressure',
      memory
        ? pressure(true, 'InsufficientMemory', 'insufficient memory available')
        : pressure(false, 'SufficientMemory', 'sufficient memory available'),
    ],
    [
      'DiskPressure',
      disk ? pressure(true, 'DiskPressure', 'disk pressure') : pressure(false, 'NoDiskPressure', 'no disk pressure'),
    ],
    [
      'PIDPressure',
      pids
        ? pressure(true, 'InsufficientPID', 'insufficient PID available')
        : pressure(false, 'SufficientPID', 'sufficient PID available'),
    ],
    ['Ready', readiness(facts)],
  ]
  const now = formatTime(facts.now)
  const old = new Map((before?.conditions ?? []).map((c) => [c.type, c]))
  return verdicts.map(([type, verdict]) => {
    const previous = old.get(type)
    const lastTransitionTime = previous?.status === verdict.status ? (previous.lastTransitionTime ?? now) : now
    return { type, ...verdict, lastHeartbeatTime: now, lastTransitionTime }
  })
}

function readiness({ runtime }: NodeFacts): Verdict {
  const problems: string[] = []
  if (!runtime.ready) problems.push(`container runtime is down${runtime.message ? `: ${runtime.message}` : ''}`)
  else if (!runtime.networkReady) {
    problems.push(
      `container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:${runtime.message}`,
    )
  }
  if (problems.length > 0)
    return {
      status: 'False',
      reason: 'KubeletNotReady',
      message: `[${problems.join(', ')}]`.replace(/^\[([^,]*)\]$/, '$1'),
    }
  return { status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
}

function imagesOf(images: readonly ImageInfo[]): ContainerImage[] {
  return [...images]
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, MAX_IMAGES)
    .map((i) => ({ names: [...i.repoDigests, ...i.repoTags].slice(0, MAX_IMAGE_NAMES), sizeBytes: i.sizeBytes }))
}

/** The status without heartbeat times: equal text means there is nothing new to report. */
export function significant(status: DeepReadonly<NodeStatus>): string {
  return JSON.stringify(status, (key, value: unknown) => (key === 'lastHeartbeatTime' ? undefined : value))
}
