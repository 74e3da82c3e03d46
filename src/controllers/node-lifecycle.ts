// Notices nodes that fall silent, and turns node conditions into taints.

import { leases as leasesRef, nodes as nodesRef, pods as podsRef } from '../api/generated/resources.ts'
import type { Controller, ControllerContext } from '../client/controller.ts'
import { keyOf } from '../client/informer.ts'
import type { Workqueue } from '../client/workqueue.ts'
import { formatTime } from '../machinery/clock.ts'
import { isReason } from '../machinery/errors.ts'
import {
  GRACE_MS,
  nodeCondition,
  type ReadNode,
  STARTUP_GRACE_MS,
  sameTaints,
  unknownConditions,
  wantedTaints,
} from './node-health.ts'
import { forEachBounded } from './support/batches.ts'
import { isPodReady, type ReadPod } from './support/pods.ts'

const LEASE_NAMESPACE = 'kube-node-lease'
const WRITES_AT_ONCE = 20

export const nodeLifecycleController: Controller = {
  name: 'node-lifecycle-controller',
  eventComponent: 'node-controller',
  setup(context, queue) {
    const lifecycle = new NodeLifecycle(context, queue)
    lifecycle.subscribe()
    return { reconcile: (name) => lifecycle.reconcile(name), workers: 5 }
  },
}

interface Heartbeat {
  uid: string
  /** When this process last saw a sign of life, by its own clock: clocks of nodes may be wrong. */
  seen: number
  registered: boolean
}

class NodeLifecycle {
  readonly #context: ControllerContext
  readonly #queue: Workqueue
  readonly #nodes
  readonly #leases
  readonly #pods
  readonly #heartbeats = new Map<string, Heartbeat>()

  constructor(context: ControllerContext, queue: Workqueue) {
    this.#context = context
    this.#queue = queue
    this.#nodes = context.informers.informer(nodesRef)
    this.#leases = context.informers.informer(leasesRef)
    this.#pods = context.informers.informer(podsRef)
    this.#pods.addIndex('node', (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []))
  }

  subscribe(): void {
    this.#nodes.subscribe({
      add: (node) => {
        this.#beat(node)
        this.#queue.add(node.metadata.name)
      },
      update: (previous, node) => {
        if (heartbeatOf(previous) !== heartbeatOf(node) || previous.metadata.uid !== node.metadata.uid) this.#beat(node)
        if (nodeMatters(previous, node)) this.#queue.add(node.metadata.name)
      },
      delete: (node) => {
        this.#heartbeats.delete(node.metadata.name)
        const { name } = node.metadata
        this.#event(node, 'Normal', 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`)
      },
    })
    this.#leases.subscribe({
      add: (lease) => this.#leaseRenewed(lease.metadata),
      update: (previous, lease) => {
        if (previous.spec.renewTime !== lease.spec.renewTime) this.#leaseRenewed(lease.metadata)
      },
    })
    this.#pods.subscribe({
      // A pod that lands on a node that is not ready is not ready either, whatever its kubelet said last.
      update: (previous, pod) => {
        if (!isPodReady(pod) || isPodReady(previous)) return
        const node = pod.spec.nodeName ? this.#nodes.get(pod.spec.nodeName) : undefined
        if (node && nodeCondition(node, 'Ready')?.status === 'Unknown') this.#queue.add(node.metadata.name)
      },
    })
  }

  #beat(node: ReadNode): void {
    const { name, uid } = node.metadata
    const known = this.#heartbeats.get(name)
    const registered = known?.uid === uid && known.registered
    this.#heartbeats.set(name, { uid, seen: this.#context.clock.now(), registered })
  }

  #leaseRenewed(lease: { readonly name: string; readonly namespace: string }): void {
    if (lease.namespace !== LEASE_NAMESPACE) return
    const heartbeat = this.#heartbeats.get(lease.name)
    if (heartbeat) heartbeat.seen = this.#context.clock.now()
  }

  async reconcile(name: string): Promise<void> {
    let node = this.#nodes.get(name)
    const heartbeat = this.#heartbeats.get(name)
    if (!node || !heartbeat) return
    if (!heartbeat.registered) {
      heartbeat.registered = true
      this.#event(node, 'Normal', 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`)
    }
    const grace = nodeCondition(node, 'Ready') ? GRACE_MS : STARTUP_GRACE_MS
    const left = heartbeat.seen + grace - this.#context.clock.now()
    if (left > 0) this.#queue.addAfter(name, left)
    try {
      if (left <= 0) node = await this.#markUnknown(node)
      if (nodeCondition(node, 'Ready')?.status === 'False' || nodeCondition(node, 'Ready')?.status === 'Unknown') {
        await this.#markPodsNotReady(node)
      }
      await this.#taint(node)
    } catch (error) {
      if (isReason(error, 'NotFound')) return
      if (!isReason(error, 'Conflict')) throw error
      this.#queue.addAfter(name, 20)
    }
  }

  async #markUnknown(node: ReadNode): Promise<ReadNode> {
    const conditions = unknownConditions(node, formatTime(this.#context.clock.now()))
    if (!conditions) return node
    const wasReady = nodeCondition(node, 'Ready')?.status === 'True'
    const updated = await this.#context.client.update(
      nodesRef,
      { ...node, status: { ...node.status, conditions } },
      { subresource: 'status' },
    )
    const { name } = node.metadata
    if (wasReady) this.#event(node, 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`)
    return updated
  }

  async #taint(node: ReadNode): Promise<void> {
    const taints = wantedTaints(node, formatTime(this.#context.clock.now()))
    if (sameTaints(taints, node.spec.taints ?? [])) return
    const { name, uid, resourceVersion } = node.metadata
    await this.#context.client.patch(
      nodesRef,
      { name },
      { type: 'merge', patch: { metadata: { uid, resourceVersion }, spec: { taints } } },
    )
  }

  async #markPodsNotReady(node: ReadNode): Promise<void> {
    const ready = this.#pods.by('node', node.metadata.name).filter(isPodReady)
    await forEachBounded(ready, WRITES_AT_ONCE, (pod) => this.#markNotReady(pod))
  }

  async #markNotReady(pod: ReadPod): Promise<void> {
    const { namespace, name, uid } = pod.metadata
    const conditions = (pod.status.conditions ?? []).map((c) =>
      c.type === 'Ready'
        ? { ...c, status: 'False', lastTransitionTime: formatTime(this.#context.clock.now()) }
        : { ...c },
    )
    try {
      await this.#context.client.patch(
        podsRef,
        { namespace, name },
        { type: 'merge', subresource: 'status', patch: { metadata: { uid }, status: { conditions } } },
      )
    } catch (error) {
      if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) return
      throw error
    }
    const target = { apiVersion: 'v1', kind: 'Pod', metadata: pod.metadata }
    this.#context.events.event(target, 'Warning', 'NodeNotReady', 'Node is not ready')
  }

  #event(node: ReadNode, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#context.events.event({ apiVersion: 'v1', kind: 'Node', metadata: node.metadata }, type, reason, message)
  }
}

function heartbeatOf(node: ReadNode): string {
  return (node.status.conditions ?? []).map((c) => c.lastHeartbeatTime ?? '').join()
}

/** Whether a change can call for other taints; most updates are heartbeats. */
function nodeMatters(previous: ReadNode, node: ReadNode): boolean {
  const statuses = (n: ReadNode) => (n.status.conditions ?? []).map((c) => `${c.type}=${c.status}`).join()
  return (
    keyOf(previous) !== keyOf(node) ||
    previous.metadata.uid !== node.metadata.uid ||
    statuses(previous) !== statuses(node) ||
    previous.spec.unschedulable !== node.spec.unschedulable ||
    !sameTaints(previous.spec.taints ?? [], node.spec.taints ?? [])
  )
}
