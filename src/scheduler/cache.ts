// The scheduler's view of nodes and of the pods on them, including pods it has assigned but the API has not shown yet.

import { NodeInfo, type ReadNode } from './node-info.ts'
import type { ReadPod } from './resources.ts'

/** See the file comment. Scheduling is synchronous, so what a cycle sees does not change under it. */
export class SchedulerCache {
  readonly #nodes = new Map<string, NodeInfo>()
  /** Where each pod is counted; also for pods whose node is not known (yet). */
  readonly #placed = new Map<string, { node: string; pod: ReadPod; assumed: boolean }>()
  readonly #nominated = new Map<string, { node: string; pod: ReadPod }>()
  #list: NodeInfo[] | undefined

  /** All nodes, in a stable order. */
  get nodes(): readonly NodeInfo[] {
    this.#list ??= [...this.#nodes.values()]
    return this.#list
  }

  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name)
  }

  setNode(node: ReadNode): void {
    const { name } = node.metadata
    const known = this.#nodes.get(name)
    const pods = known?.pods.values() ?? [...this.#placed.values()].filter((p) => p.node === name).map((p) => p.pod)
    this.#nodes.set(name, new NodeInfo(node, pods))
    this.#list = undefined
  }

  removeNode(name: string): void {
    this.#nodes.delete(name)
    this.#list = undefined
  }

  /** Counts a pod on its node; an assumed one is confirmed. */
  setPod(pod: ReadPod): void {
    this.#place(pod, pod.spec.nodeName ?? '', false)
  }

  removePod(uid: string): void {
    const placed = this.#placed.get(uid)
    if (!placed) return
    this.#placed.delete(uid)
    this.#nodes.get(placed.node)?.remove(uid)
  }

  /** Counts a pod on a node before the API shows it there. */
  assume(pod: ReadPod, node: string): void {
    this.#place({ ...pod, spec: { ...pod.spec, nodeName: node } }, node, true)
  }

  /** Takes an assumption back, unless the API has confirmed it meanwhile. */
  forget(uid: string): void {
    if (this.#placed.get(uid)?.assumed) this.removePod(uid)
  }

  isPlaced(uid: string): boolean {
    return this.#placed.has(uid)
  }

  #place(pod: ReadPod, node: string, assumed: boolean): void {
    const { uid } = pod.metadata
    const before = this.#placed.get(uid)
    if (before && before.node !== node) this.#nodes.get(before.node)?.remove(uid)
    this.#placed.set(uid, { node, pod, assumed })
    this.#nodes.get(node)?.add(pod)
    this.#nominated.delete(uid)
  }

  /** Remembers that room was made for a pod on a node. */
  nominate(pod: ReadPod, node: string): void {
    this.#nominated.set(pod.metadata.uid, { node, pod })
  }

  nominationOf(uid: string): string | undefined {
    return this.#nominated.get(uid)?.node
  }

  removeNomination(uid: string): void {
    this.#nominated.delete(uid)
  }

  /** The node with the pods on top for which room was made there and which go before `pod`. */
  seenBy(pod: ReadPod, node: NodeInfo): NodeInfo {
    let out = node
    for (const nominated of this.#nominated.values()) {
      if (nominated.node !== node.name || nominated.pod.metadata.uid === pod.metadata.uid) continue
      if ((nominated.pod.spec.priority ?? 0) < (pod.spec.priority ?? 0)) continue
      if (out === node) out = node.clone()
      out.add(nominated.pod)
    }
    return out
  }
}
