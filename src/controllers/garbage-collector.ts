// Deletes objects whose owners are gone, and carries out foreground deletion and orphaning.

import type { OwnerReference } from '../api/generated/meta-v1.ts'
import { customresourcedefinitions as definitionsRef } from '../api/generated/resources.ts'
import { apiVersionOf, groupResourceOf } from '../api/resource-ref.ts'
import type { KubeObject, ObjectKey } from '../client/client.ts'
import type { Controller, ControllerContext } from '../client/controller.ts'
import { Informer } from '../client/informer.ts'
import type { Workqueue } from '../client/workqueue.ts'
import { sleep } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import {
  FOREGROUND,
  GarbageGraph,
  type GraphNode,
  type GraphWork,
  isDeletingDependents,
  judge,
  ORPHAN,
  type OwnerStates,
} from './garbage-graph.ts'
import { type AnyRef, customResource, findResource, servedResources } from './support/api-resources.ts'
import { forEachBounded } from './support/batches.ts'

const START = 'start'
const SYNC_TIMEOUT_MS = 30_000
const PATCHES_AT_ONCE = 20
const NOT_COLLECTED = new Set(['events'])

export const garbageCollector: Controller = {
  name: 'garbage-collector-controller',
  setup(context, queue, signal) {
    const collector = new Collector(context, queue, signal)
    collector.subscribe()
    queue.add(START)
    return { reconcile: (key) => collector.reconcile(key), workers: 10 }
  },
}

class Collector {
  readonly #context: ControllerContext
  readonly #queue: Workqueue
  readonly #signal: AbortSignal
  readonly #graph = new GarbageGraph((apiVersion, kind) => findResource(this.#refs(), apiVersion, kind))
  readonly #monitors = new Map<string, { ref: AnyRef; informer: Informer<KubeObject>; stop: AbortController }>()
  readonly #definitions
  #builtIn: readonly AnyRef[] = []
  #started: Promise<void> | undefined

  constructor(context: ControllerContext, queue: Workqueue, signal: AbortSignal) {
    this.#context = context
    this.#queue = queue
    this.#signal = signal
    this.#definitions = context.informers.informer(definitionsRef)
  }

  subscribe(): void {
    const refresh = () => this.#started && this.#monitorCustomResources()
    this.#definitions.subscribe({ add: refresh, update: refresh, delete: refresh })
  }

  *#refs(): Iterable<AnyRef> {
    for (const { ref } of this.#monitors.values()) yield ref
  }

  async reconcile(key: string): Promise<void> {
    this.#started ??= this.#start().catch((error: unknown) => {
      this.#started = undefined
      throw error
    })
    await this.#started
    if (key === START) return
    const [task, uid = ''] = key.split('/', 2)
    const node = this.#graph.get(uid)
    if (!node) return
    return task === 'orphan' ? this.#orphan(node) : this.#examine(node)
  }

  /** Watches everything, and waits (not for ever) until the graph is whole: judging by half of it would be wrong. */
  async #start(): Promise<void> {
    this.#builtIn = await servedResources(this.#context.client)
    for (const ref of this.#builtIn) this.#monitor(ref)
    this.#monitorCustomResources()
    const patience = new AbortController()
    const synced = Promise.all([...this.#monitors.values()].map((m) => m.informer.waitForSync()))
    const timeout = sleep(this.#context.clock, SYNC_TIMEOUT_MS, {
      signal: AbortSignal.any([patience.signal, this.#signal]),
    }).then(
      () => this.#context.log.warn('garbage-collector-not-synced', { unsynced: this.#unsynced() }),
      () => {},
    )
    await Promise.race([synced, timeout])
    patience.abort()
  }

  #unsynced(): string[] {
    return [...this.#monitors].filter(([, m]) => !m.informer.synced).map(([id]) => id)
  }

  #monitorCustomResources(): void {
    const wanted = new Map<string, AnyRef>()
    for (const definition of this.#definitions.list()) {
      const ref = customResource(definition)
      if (ref) wanted.set(groupResourceOf(ref), ref)
    }
    for (const ref of wanted.values()) this.#monitor(ref)
    const builtIn = new Set(this.#builtIn.map(groupResourceOf))
    for (const [id, monitor] of this.#monitors) {
      const now = wanted.get(id)
      if (builtIn.has(id) || (now && now.version === monitor.ref.version)) continue
      monitor.stop.abort()
      this.#monitors.delete(id)
      for (const object of monitor.informer.list()) this.#enqueue(this.#graph.forget(object.metadata.uid))
      if (now) this.#monitor(now)
    }
  }

  #monitor(ref: AnyRef): void {
    const id = groupResourceOf(ref)
    if (NOT_COLLECTED.has(id) || this.#monitors.has(id)) return
    const informer = new Informer<KubeObject>(this.#context.informers.env, ref)
    const stop = new AbortController()
    this.#monitors.set(id, { ref, informer, stop })
    const observe = (object: DeepReadonly<KubeObject>) => this.#enqueue(this.#graph.observe(ref, object))
    informer.subscribe({
      add: observe,
      update: (previous, object) => {
        if (previous.metadata.uid !== object.metadata.uid) this.#enqueue(this.#graph.forget(previous.metadata.uid))
        if (metadataDiffers(previous, object)) observe(object)
      },
      delete: (object) => this.#enqueue(this.#graph.forget(object.metadata.uid)),
    })
    informer.run(AbortSignal.any([stop.signal, this.#signal])).catch((error: unknown) => {
      this.#context.log.error('garbage-monitor-ended', { resource: id, error })
    })
  }

  #enqueue(work: GraphWork): void {
    for (const node of work.examine) this.#queue.add(`examine/${node.uid}`)
    for (const node of work.orphan) this.#queue.add(`orphan/${node.uid}`)
  }

  async #examine(node: GraphNode): Promise<void> {
    if (node.deleting && !isDeletingDependents(node)) return
    const latest = await this.#live(node.ref, keyOfNode(node))
    if (latest?.metadata.uid !== node.uid) {
      // A real node's end is told by its watch; a virtual one has none.
      if (node.virtual) this.#enqueue(this.#graph.forget(node.uid))
      return
    }
    if (node.virtual) {
      this.#enqueue(this.#graph.observe(node.ref, latest))
      return
    }
    if (isDeletingDependents(node)) return this.#deleteDependents(node)
    const owners = latest.metadata.ownerReferences ?? []
    if (owners.length === 0) return
    const verdict = judge(await this.#stateOf(node, owners), {
      finalizers: latest.metadata.finalizers ?? [],
      hasDependents: node.dependents.size > 0,
    })
    if (verdict.action === 'detach') return this.#detach(node, latest, new Set(verdict.uids))
    if (verdict.action === 'delete') {
      const { uid, resourceVersion } = latest.metadata
      await ignoreNotFound(
        this.#context.client.delete(node.ref, keyOfNode(node), {
          propagationPolicy: verdict.propagation,
          preconditions: { uid, resourceVersion },
        }),
      )
    }
  }

  async #deleteDependents(node: GraphNode): Promise<void> {
    const blocking = [...node.dependents].filter((d) =>
      d.owners.some((o) => o.uid === node.uid && o.blockOwnerDeletion === true),
    )
    if (blocking.length === 0) return this.#removeFinalizer(node, FOREGROUND)
    for (const d of blocking) if (!isDeletingDependents(d)) this.#queue.add(`examine/${d.uid}`)
  }

  async #stateOf(node: GraphNode, owners: readonly DeepReadonly<OwnerReference>[]): Promise<OwnerStates> {
    const states = {
      solid: [] as DeepReadonly<OwnerReference>[],
      dangling: [] as DeepReadonly<OwnerReference>[],
      waiting: [] as DeepReadonly<OwnerReference>[],
    }
    for (const owner of owners) states[await this.#ownerState(node, owner)].push(owner)
    return states
  }

  async #ownerState(node: GraphNode, owner: DeepReadonly<OwnerReference>): Promise<'solid' | 'dangling' | 'waiting'> {
    const ref = findResource(this.#refs(), owner.apiVersion, owner.kind)
    // A kind that is not served now may be later: not a reason to delete anything.
    if (!ref) return 'solid'
    if (ref.namespaced && node.namespace === undefined) {
      this.#reportNamespace(node, owner)
      return 'solid'
    }
    const key = { name: owner.name, ...(ref.namespaced && node.namespace ? { namespace: node.namespace } : {}) }
    const live = await this.#live(ref, key)
    if (live?.metadata.uid !== owner.uid) {
      const known = this.#graph.get(owner.uid)
      if (known && !known.virtual && known.namespace !== key.namespace) this.#reportNamespace(node, owner)
      return 'dangling'
    }
    const foreground = live.metadata.deletionTimestamp && live.metadata.finalizers?.includes(FOREGROUND)
    return foreground ? 'waiting' : 'solid'
  }

  #reportNamespace(node: GraphNode, owner: DeepReadonly<OwnerReference>): void {
    const namespace = node.namespace ?? ''
    const text = `[${owner.apiVersion}/${owner.kind}, namespace: ${namespace}, name: ${owner.name}, uid: ${owner.uid}]`
    this.#context.events.event(
      {
        apiVersion: apiVersionOf(node.ref),
        kind: node.ref.kind,
        metadata: { name: node.name, uid: node.uid, ...(node.namespace ? { namespace: node.namespace } : {}) },
      },
      'Warning',
      'OwnerRefInvalidNamespace',
      `ownerRef ${text} does not exist in namespace "${namespace}"`,
    )
  }

  async #orphan(node: GraphNode): Promise<void> {
    await forEachBounded([...node.dependents], PATCHES_AT_ONCE, async (dependent) => {
      const latest = await this.#live(dependent.ref, keyOfNode(dependent))
      if (latest?.metadata.uid === dependent.uid) await this.#detach(dependent, latest, new Set([node.uid]))
    })
    await this.#removeFinalizer(node, ORPHAN)
  }

  async #detach(node: GraphNode, latest: DeepReadonly<KubeObject>, uids: ReadonlySet<string>): Promise<void> {
    const before = latest.metadata.ownerReferences ?? []
    const ownerReferences = before.filter((o) => !uids.has(o.uid))
    if (ownerReferences.length === before.length) return
    await this.#patchMetadata(node, latest, { ownerReferences })
  }

  async #removeFinalizer(node: GraphNode, finalizer: string): Promise<void> {
    const latest = await this.#live(node.ref, keyOfNode(node))
    if (latest?.metadata.uid !== node.uid) return
    const before = latest.metadata.finalizers ?? []
    const finalizers = before.filter((f) => f !== finalizer)
    if (finalizers.length !== before.length) await this.#patchMetadata(node, latest, { finalizers })
  }

  async #patchMetadata(node: GraphNode, latest: DeepReadonly<KubeObject>, change: object): Promise<void> {
    const { uid, resourceVersion } = latest.metadata
    await ignoreNotFound(
      this.#context.client.patch(node.ref, keyOfNode(node), {
        type: 'merge',
        patch: { metadata: { uid, resourceVersion, ...change } },
      }),
    )
  }

  async #live(ref: AnyRef, key: ObjectKey): Promise<DeepReadonly<KubeObject> | undefined> {
    try {
      return await this.#context.client.get(ref, key)
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined
      throw error
    }
  }
}

function keyOfNode(node: GraphNode): ObjectKey {
  return { name: node.name, ...(node.namespace ? { namespace: node.namespace } : {}) }
}

function metadataDiffers(a: DeepReadonly<KubeObject>, b: DeepReadonly<KubeObject>): boolean {
  const [x, y] = [a.metadata, b.metadata]
  return (
    x.deletionTimestamp !== y.deletionTimestamp ||
    x.uid !== y.uid ||
    JSON.stringify([x.ownerReferences, x.finalizers]) !== JSON.stringify([y.ownerReferences, y.finalizers])
  )
}

async function ignoreNotFound(request: Promise<unknown>): Promise<void> {
  try {
    await request
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error
  }
}
