// Gives every pod a node: feeds the queue and the cache from watches, decides one pod at a time, binds many at once.

import type { Namespace, Node, Pod } from '../api/generated/core-v1.ts'
import {
  poddisruptionbudgets as budgetsRef,
  namespaces as namespacesRef,
  nodes as nodesRef,
  pods as podsRef,
  replicasets as replicaSetsRef,
  replicationcontrollers as replicationControllersRef,
  services as servicesRef,
  statefulsets as statefulSetsRef,
} from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import type { Informer, InformerFactory } from '../client/informer.ts'
import { type Clock, formatTime } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import { matchesLabelSelector, matchesLabels } from '../machinery/label-selector.ts'
import type { Logger } from '../machinery/logger.ts'
import type { Random } from '../machinery/random.ts'
import { SchedulerCache } from './cache.ts'
import { type ClusterChange, type ClusterView, chooseNode, type Diagnosis, describeFailure } from './framework.ts'
import type { NodeInfo } from './node-info.ts'
import { plugins } from './plugins/index.ts'
import { type Candidate, planPreemption } from './preemption.ts'
import { type QueuedPod, SchedulingQueue } from './queue.ts'
import type { ReadPod } from './resources.ts'

/** Everything the scheduler may use. */
export interface SchedulerOptions {
  readonly client: Client
  readonly informers: InformerFactory
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Made with component `default-scheduler`. */
  readonly events: EventRecorder
  readonly signal: AbortSignal
  /** Pods with this `schedulerName` are ours; `default-scheduler` when absent. */
  readonly name?: string
}

const BINDS_AT_ONCE = 64
const PODS_PER_TURN = 32

/** Runs until the signal aborts. */
export async function runScheduler(options: SchedulerOptions): Promise<void> {
  const scheduler = new Scheduler(options)
  scheduler.subscribe()
  options.informers.start(options.signal)
  await scheduler.waitForSync()
  await scheduler.run()
}

class Scheduler {
  readonly #o: SchedulerOptions
  readonly #name: string
  readonly #cache = new SchedulerCache()
  readonly #queue: SchedulingQueue
  readonly #pods: Informer<Pod>
  readonly #nodes: Informer<Node>
  readonly #namespaces: Informer<Namespace>
  readonly #services
  readonly #controllers
  readonly #replicaSets
  readonly #statefulSets
  readonly #budgets
  readonly #view: ClusterView
  readonly #binding = new Set<Promise<void>>()
  #start = 0

  constructor(options: SchedulerOptions) {
    this.#o = options
    this.#name = options.name ?? 'default-scheduler'
    this.#queue = new SchedulingQueue(options.clock)
    const { informers } = options
    this.#pods = informers.informer(podsRef)
    this.#nodes = informers.informer(nodesRef)
    this.#namespaces = informers.informer(namespacesRef)
    this.#services = informers.informer(servicesRef)
    this.#controllers = informers.informer(replicationControllersRef)
    this.#replicaSets = informers.informer(replicaSetsRef)
    this.#statefulSets = informers.informer(statefulSetsRef)
    this.#budgets = informers.informer(budgetsRef)
    const cache = this.#cache
    this.#view = {
      get nodes() {
        return cache.nodes
      },
      namespaceLabels: (name) => this.#namespaces.get(name)?.metadata.labels,
      defaultSelector: (pod) => this.#defaultSelector(pod),
    }
  }

  async waitForSync(): Promise<void> {
    const needed = [
      this.#pods,
      this.#nodes,
      this.#namespaces,
      this.#services,
      this.#controllers,
      this.#replicaSets,
      this.#statefulSets,
      this.#budgets,
    ]
    await Promise.all(needed.map((i) => i.waitForSync()))
  }

  subscribe(): void {
    this.#nodes.subscribe({
      add: (node) => {
        this.#cache.setNode(node)
        this.#changed(['node-add'])
      },
      update: (previous, node) => {
        const changes = nodeChanges(previous, node)
        if (changes.length === 0) return
        this.#cache.setNode(node)
        this.#changed(changes)
      },
      delete: (node) => this.#cache.removeNode(node.metadata.name),
    })
    this.#pods.subscribe({
      add: (pod) => this.#seePod(undefined, pod),
      update: (previous, pod) => {
        if (previous.metadata.uid !== pod.metadata.uid) this.#dropPod(previous)
        this.#seePod(previous, pod)
      },
      delete: (pod) => this.#dropPod(pod),
    })
    this.#namespaces.subscribe({
      update: (previous, ns) => {
        if (JSON.stringify(previous.metadata.labels) !== JSON.stringify(ns.metadata.labels))
          this.#changed(['namespace'])
      },
    })
  }

  #seePod(previous: ReadPod | undefined, pod: ReadPod): void {
    const { uid } = pod.metadata
    if (pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') {
      if (this.#cache.isPlaced(uid) || !pod.spec.nodeName) this.#dropPod(pod)
      return
    }
    if (pod.spec.nodeName) {
      const known = this.#cache.isPlaced(uid)
      this.#cache.setPod(pod)
      this.#queue.remove(uid)
      if (!known) this.#changed(['pod-add'])
      else if (JSON.stringify(previous?.metadata.labels) !== JSON.stringify(pod.metadata.labels)) {
        this.#changed(['pod-label'])
      }
      if (previous?.metadata.deletionTimestamp !== pod.metadata.deletionTimestamp) this.#changed(['pod-delete'])
      return
    }
    if ((pod.spec.schedulerName ?? 'default-scheduler') !== this.#name) return
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#dropPod(pod)
      return
    }
    if (this.#cache.isPlaced(uid)) return
    const gated = plugins.some((p) => p.gate?.(pod) !== undefined)
    this.#queue.add(pod, gated)
    if (!gated || pod.status.conditions?.some((c) => c.type === 'PodScheduled')) return
    const message = 'Scheduling is blocked due to non-empty scheduling gates'
    this.#supervise(this.#writeCondition(pod, 'SchedulingGated', message))
  }

  #dropPod(pod: ReadPod): void {
    const { uid } = pod.metadata
    const wasPlaced = this.#cache.isPlaced(uid)
    this.#cache.removePod(uid)
    this.#cache.removeNomination(uid)
    this.#queue.remove(uid)
    if (wasPlaced) this.#changed(['pod-delete'])
  }

  /** Tries again the pods whose rejecting plugins care about one of the changes. */
  #changed(changes: readonly ClusterChange[]): void {
    const caring = new Set(plugins.filter((p) => changes.some((c) => p.wakes.includes(c))).map((p) => p.name))
    this.#queue.changed(
      (entry) => entry.rejectedBy.size === 0 || [...entry.rejectedBy].some((name) => caring.has(name)),
    )
  }

  async run(): Promise<void> {
    const { signal } = this.#o
    let turn = 0
    while (!signal.aborted) {
      await this.#queue.waitForPod(signal)
      const entry = signal.aborted ? undefined : this.#queue.pop()
      if (!entry) continue
      this.#scheduleOne(entry)
      if (this.#binding.size >= BINDS_AT_ONCE) await Promise.race(this.#binding)
      // Watches and bindings get their turn between pods.
      turn += 1
      if (turn % PODS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(this.#binding)
  }

  #scheduleOne(entry: QueuedPod): void {
    const { pod } = entry
    const nominated = pod.status.nominatedNodeName ?? this.#cache.nominationOf(pod.metadata.uid)
    const options = {
      plugins,
      pod,
      random: this.#o.random,
      seenAs: (node: NodeInfo) => this.#cache.seenBy(pod, node),
    }
    const reserved = nominated === undefined ? undefined : this.#cache.node(nominated)
    const first = reserved && chooseNode({ ...options, cluster: this.#only(reserved) })
    const choice = first?.node ? first : chooseNode({ ...options, cluster: this.#view, start: this.#start })
    if (choice !== first) this.#start = (this.#start + choice.tried) % Math.max(1, this.#view.nodes.length)
    if (choice.node) {
      this.#cache.assume(pod, choice.node.name)
      this.#supervise(this.#bind(entry, choice.node.name))
      return
    }
    this.#reject(entry, choice.diagnosis)
  }

  /** The cluster as it is, but with only one node to choose. */
  #only(node: NodeInfo): ClusterView {
    return {
      nodes: [node],
      namespaceLabels: (name) => this.#view.namespaceLabels(name),
      defaultSelector: (pod) => this.#view.defaultSelector(pod),
    }
  }

  #supervise(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) => this.#o.log.error('scheduling-failed', { error }))
      .finally(() => this.#binding.delete(tracked))
    this.#binding.add(tracked)
  }

  async #bind(entry: QueuedPod, node: string): Promise<void> {
    const { namespace, name, uid } = entry.pod.metadata
    try {
      await this.#o.client.createSubresource(podsRef, { namespace, name }, 'binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace, uid },
        target: { kind: 'Node', name: node },
      })
    } catch (error) {
      this.#cache.forget(uid)
      this.#changed(['pod-delete'])
      if (isReason(error, 'NotFound')) {
        this.#queue.done(uid)
        return
      }
      this.#o.log.warn('binding-failed', { pod: `${namespace}/${name}`, node, error })
      const message = `binding rejected: ${error instanceof Error ? error.message : String(error)}`
      this.#queue.failed(entry)
      this.#o.events.event(target(entry.pod), 'Warning', 'FailedScheduling', message)
      await this.#writeCondition(entry.pod, 'SchedulerError', message)
      return
    }
    this.#queue.done(uid)
    const message = `Successfully assigned ${namespace}/${name} to ${node}`
    this.#o.events.event(target(entry.pod), 'Normal', 'Scheduled', message)
  }

  #reject(entry: QueuedPod, diagnosis: Diagnosis): void {
    const { pod } = entry
    const total = this.#view.nodes.length
    let preemption = ''
    let candidate: Candidate | undefined
    if (total > 0) {
      const nominated = this.#cache.nominationOf(pod.metadata.uid)
      const plan = planPreemption({
        pod,
        plugins,
        cluster: this.#view,
        diagnosis,
        violatesBudget: (victims) => this.#overdrawn(victims),
        nominatedNode: nominated === undefined ? undefined : this.#cache.node(nominated),
      })
      candidate = plan.candidate
      if (plan.candidate === undefined) preemption = `preemption: ${plan.message}`
    }
    const message = describeFailure(total, diagnosis.rejections.values(), preemption)
    // A cluster without nodes rejects by no plugin: any change is worth a look.
    this.#queue.unschedulable(entry, diagnosis.plugins)
    this.#o.events.event(target(pod), 'Warning', 'FailedScheduling', message)
    if (candidate) this.#cache.nominate(pod, candidate.node.name)
    this.#supervise(this.#report(pod, message, candidate))
  }

  async #report(pod: ReadPod, message: string, candidate: Candidate | undefined): Promise<void> {
    await this.#writeCondition(pod, 'Unschedulable', message, candidate?.node.name)
    for (const victim of candidate?.victims ?? []) await this.#evict(victim, pod, candidate?.node.name ?? '')
  }

  async #evict(victim: ReadPod, pod: ReadPod, node: string): Promise<void> {
    const { namespace, name, uid } = victim.metadata
    if (victim.metadata.deletionTimestamp !== undefined) return
    try {
      await this.#patchConditions(victim, {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'PreemptionByScheduler',
        message: `${this.#name}: preempting to accommodate a higher priority pod`,
      })
      await this.#o.client.delete(podsRef, { namespace, name }, { preconditions: { uid } })
    } catch (error) {
      if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) return
      throw error
    }
    this.#o.events.event(target(victim), 'Normal', 'Preempted', `Preempted by pod ${pod.metadata.uid} on node ${node}`)
  }

  async #writeCondition(pod: ReadPod, reason: string, message: string, nominatedNodeName?: string): Promise<void> {
    const before = pod.status.conditions?.find((c) => c.type === 'PodScheduled')
    const same = before?.status === 'False' && before.reason === reason && before.message === message
    if (same && nominatedNodeName === undefined) return
    try {
      await this.#patchConditions(pod, { type: 'PodScheduled', status: 'False', reason, message }, nominatedNodeName)
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error
    }
  }

  async #patchConditions(
    pod: ReadPod,
    condition: { type: string; status: string; reason: string; message: string },
    nominatedNodeName?: string,
  ): Promise<void> {
    const { namespace, name, uid } = pod.metadata
    const before = pod.status.conditions?.find((c) => c.type === condition.type)
    const now = formatTime(this.#o.clock.now())
    const lastTransitionTime = before?.status === condition.status ? (before.lastTransitionTime ?? now) : now
    await this.#o.client.patch(
      podsRef,
      { namespace, name },
      {
        type: 'strategic',
        subresource: 'status',
        patch: {
          metadata: { uid },
          status: {
            conditions: [{ ...condition, lastTransitionTime }],
            ...(nominatedNodeName === undefined ? {} : { nominatedNodeName }),
          },
        },
      },
    )
  }

  /** The pods that overdraw their disruption budgets when all of these go, one after the other. */
  #overdrawn(victims: readonly ReadPod[]): Set<ReadPod> {
    const allowed = new Map<string, number>()
    const out = new Set<ReadPod>()
    for (const victim of victims) {
      for (const budget of this.#budgets.list(victim.metadata.namespace)) {
        if (!matchesLabelSelector(budget.spec.selector, victim.metadata.labels)) continue
        if (budget.status.disruptedPods?.[victim.metadata.name] !== undefined) continue
        const left = allowed.get(budget.metadata.uid) ?? budget.status.disruptionsAllowed ?? 0
        allowed.set(budget.metadata.uid, left - 1)
        if (left <= 0) out.add(victim)
      }
    }
    return out
  }

  #defaultSelector(pod: ReadPod): ReturnType<ClusterView['defaultSelector']> {
    const { namespace, labels } = pod.metadata
    type Test = (labels: Readonly<Record<string, string>> | undefined) => boolean
    const tests: Test[] = []
    for (const service of this.#services.list(namespace)) {
      const { selector } = service.spec
      if (selector && Object.keys(selector).length > 0 && matchesLabels(selector, labels)) {
        tests.push((other) => matchesLabels(selector, other))
      }
    }
    const owner = pod.metadata.ownerReferences?.find((r) => r.controller)
    const key = `${namespace}/${owner?.name ?? ''}`
    const selector =
      owner?.kind === 'ReplicaSet'
        ? this.#replicaSets.get(key)?.spec.selector
        : owner?.kind === 'StatefulSet'
          ? this.#statefulSets.get(key)?.spec.selector
          : undefined
    if (selector) tests.push((other) => matchesLabelSelector(selector, other))
    const map = owner?.kind === 'ReplicationController' ? this.#controllers.get(key)?.spec.selector : undefined
    if (map) tests.push((other) => matchesLabels(map, other))
    return tests.length === 0 ? undefined : (other) => tests.every((test) => test(other))
  }
}

function target(pod: ReadPod) {
  return { apiVersion: 'v1', kind: 'Pod', metadata: pod.metadata }
}

function nodeChanges(a: DeepReadonly<Node>, b: DeepReadonly<Node>): ClusterChange[] {
  const differ = (x: unknown, y: unknown) => JSON.stringify(x) !== JSON.stringify(y)
  const changes: ClusterChange[] = []
  if (a.metadata.uid !== b.metadata.uid) changes.push('node-add')
  if (differ(a.status.allocatable, b.status.allocatable)) changes.push('node-allocatable')
  if (differ(a.metadata.labels, b.metadata.labels)) changes.push('node-label')
  if (differ([a.spec.taints, a.spec.unschedulable], [b.spec.taints, b.spec.unschedulable])) changes.push('node-taint')
  // Images matter for scores only, but must be known.
  if (changes.length === 0 && differ(a.status.images, b.status.images)) changes.push('node-label')
  return changes
}
