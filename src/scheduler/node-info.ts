// A node with the pods on it and what they use: what every filter and score looks at.

import type { Node } from '../api/generated/core-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { type Amounts, addAmounts, podRequests, podRequestsNonZero, type ReadPod, readAmounts } from './resources.ts'

export type ReadNode = DeepReadonly<Node>

/** One host port in use. */
interface HostPort {
  readonly ip: string
  readonly protocol: string
  readonly port: number
}

const ANY_IP = '0.0.0.0'

/** See the file comment. Pods are keyed by uid. */
export class NodeInfo {
  readonly node: ReadNode
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly allocatable: Amounts
  readonly pods = new Map<string, ReadPod>()
  /** Pods that have required anti-affinity: all that others must be checked against. */
  readonly withAntiAffinity = new Map<string, ReadPod>()
  readonly withAffinity = new Map<string, ReadPod>()
  readonly requested: Amounts = {}
  readonly requestedNonZero: Amounts = {}
  readonly imageSizes = new Map<string, number>()

  constructor(node: ReadNode, pods: Iterable<ReadPod> = []) {
    this.node = node
    this.name = node.metadata.name
    this.labels = node.metadata.labels ?? {}
    this.allocatable = readAmounts(node.status.allocatable ?? node.status.capacity)
    for (const image of node.status.images ?? []) {
      for (const name of image.names ?? []) this.imageSizes.set(name, image.sizeBytes ?? 0)
    }
    for (const pod of pods) this.add(pod)
  }

  add(pod: ReadPod): void {
    this.remove(pod.metadata.uid)
    this.pods.set(pod.metadata.uid, pod)
    addAmounts(this.requested, podRequests(pod))
    addAmounts(this.requestedNonZero, podRequestsNonZero(pod))
    const { affinity } = pod.spec
    if (affinity?.podAffinity || affinity?.podAntiAffinity) this.withAffinity.set(pod.metadata.uid, pod)
    if (affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length) {
      this.withAntiAffinity.set(pod.metadata.uid, pod)
    }
  }

  remove(uid: string): void {
    const pod = this.pods.get(uid)
    if (!pod) return
    this.pods.delete(uid)
    this.withAffinity.delete(uid)
    this.withAntiAffinity.delete(uid)
    addAmounts(this.requested, podRequests(pod), -1)
    addAmounts(this.requestedNonZero, podRequestsNonZero(pod), -1)
  }

  /** A copy to try things on. */
  clone(): NodeInfo {
    return new NodeInfo(this.node, this.pods.values())
  }

  /** The same pods on a changed node. */
  withNode(node: ReadNode): NodeInfo {
    return new NodeInfo(node, this.pods.values())
  }

  /** Whether any of the pod's host ports is taken by a pod that is here. */
  hasPortConflict(pod: ReadPod): boolean {
    const wanted = hostPorts(pod)
    if (wanted.length === 0) return false
    for (const other of this.pods.values()) {
      for (const used of hostPorts(other)) if (wanted.some((w) => conflict(w, used))) return true
    }
    return false
  }
}

function conflict(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === ANY_IP || b.ip === ANY_IP)
}

/** The host ports of a pod's containers and sidecars. */
export function hostPorts(pod: ReadPod): HostPort[] {
  const out: HostPort[] = []
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')
  for (const container of [...pod.spec.containers, ...sidecars]) {
    for (const p of container.ports ?? []) {
      if (p.hostPort) out.push({ ip: p.hostIP || ANY_IP, protocol: p.protocol ?? 'TCP', port: p.hostPort })
    }
  }
  return out
}
