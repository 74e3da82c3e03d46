// Keeps the number of pods at what a ReplicaSet or ReplicationController asks for: one implementation for both.

import type { Pod, PodTemplateSpec } from '../api/generated/core-v1.ts'
import { pods as podsRef } from '../api/generated/resources.ts'
import { apiVersionOf, type ResourceRef } from '../api/resource-ref.ts'
import type { KubeObject } from '../client/client.ts'
import type { Controller, ControllerContext } from '../client/controller.ts'
import { keyOf, type Lister } from '../client/informer.ts'
import type { Workqueue } from '../client/workqueue.ts'
import { formatTime } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import { countReplicas, failureConditions, podsToDelete, type ReplicaCondition } from './replica-plan.ts'
import { forEachBounded, slowStart } from './support/batches.ts'
import { Expectations } from './support/expectations.ts'
import {
  BY_CONTROLLER,
  childrenOf,
  claimChildren,
  controllerIndex,
  controllerOf,
  controllerReference,
} from './support/owners.ts'
import { isPodActive, isPodTerminal, nextAvailability, podFromTemplate, type ReadPod } from './support/pods.ts'
import { isNamespaceTerminating, messageOf, sameValue } from './support/values.ts'

const BURST = 500
const DELETES_AT_ONCE = 50

/** What both kinds have in common. */
export interface ReplicaOwner extends KubeObject {
  spec: { replicas?: number; minReadySeconds?: number; template?: PodTemplateSpec }
  status: {
    replicas: number
    fullyLabeledReplicas?: number
    readyReplicas?: number
    availableReplicas?: number
    terminatingReplicas?: number
    observedGeneration?: number
    conditions?: ReplicaCondition[]
  }
}

/** How one of the two kinds differs from the other. */
export interface ReplicaKind<T extends ReplicaOwner> {
  readonly name: string
  readonly ref: ResourceRef<T>
  readonly matches: (owner: DeepReadonly<T>, pod: ReadPod) => boolean
  /** Whether the status has `terminatingReplicas`. */
  readonly countsTerminating: boolean
  /** Owners whose pods count as crowding a node, e.g. the ReplicaSets of one Deployment. */
  readonly siblings: (owner: DeepReadonly<T>, lister: Lister<T>) => readonly DeepReadonly<T>[]
}

type Failure = { reason: 'FailedCreate' | 'FailedDelete'; error: unknown }

/** Makes the controller of one kind. */
export function replicaController<T extends ReplicaOwner>(kind: ReplicaKind<T>): Controller {
  return {
    name: kind.name,
    setup(context, queue) {
      const manager = new ReplicaManager(kind, context, queue)
      manager.subscribe()
      return { reconcile: (key) => manager.reconcile(key), workers: 5 }
    },
  }
}

class ReplicaManager<T extends ReplicaOwner> {
  readonly #kind: ReplicaKind<T>
  readonly #context: ControllerContext
  readonly #queue: Workqueue
  readonly #expectations: Expectations
  readonly #owners
  readonly #pods

  constructor(kind: ReplicaKind<T>, context: ControllerContext, queue: Workqueue) {
    this.#kind = kind
    this.#context = context
    this.#queue = queue
    this.#expectations = new Expectations(context.clock)
    this.#owners = context.informers.informer<T>(kind.ref)
    this.#pods = context.informers.informer(podsRef)
    this.#pods.addIndex(BY_CONTROLLER, controllerIndex)
  }

  subscribe(): void {
    const enqueue = (owner: DeepReadonly<T>) => this.#queue.add(keyOf(owner as DeepReadonly<KubeObject>))
    this.#owners.subscribe({
      add: enqueue,
      update: (_old, owner) => enqueue(owner),
      delete: (owner) => {
        this.#expectations.forget(keyOf(owner as DeepReadonly<KubeObject>))
        enqueue(owner)
      },
    })
    this.#pods.subscribe({
      add: (pod) => {
        if (pod.metadata.deletionTimestamp !== undefined) return this.#podGoing(pod)
        const key = this.#ownerKey(pod)
        if (key) this.#expectations.creationObserved(key)
        this.#wake(pod)
      },
      update: (previous, pod) => {
        if (pod.metadata.deletionTimestamp !== undefined) this.#podGoing(pod)
        if (controllerOf(previous)?.uid !== controllerOf(pod)?.uid) this.#wake(previous)
        this.#wake(pod)
      },
      delete: (pod) => this.#podGoing(pod),
    })
  }

  #podGoing(pod: ReadPod): void {
    const key = this.#ownerKey(pod)
    if (!key) return
    this.#expectations.deletionObserved(key, podId(pod))
    this.#queue.add(key)
  }

  /** The key of the pod's controller, when it is of this kind. */
  #ownerKey(pod: ReadPod): string | undefined {
    const controller = controllerOf(pod)
    const { ref } = this.#kind
    if (!controller || controller.kind !== ref.kind || controller.apiVersion !== apiVersionOf(ref)) return undefined
    return `${pod.metadata.namespace}/${controller.name}`
  }

  #wake(pod: ReadPod): void {
    const key = this.#ownerKey(pod)
    if (key) this.#queue.add(key)
    if (controllerOf(pod)) return
    for (const owner of this.#owners.list(pod.metadata.namespace)) {
      if (this.#kind.matches(owner, pod)) this.#queue.add(keyOf(owner as DeepReadonly<KubeObject>))
    }
  }

  async reconcile(key: string): Promise<void> {
    const owner = this.#owners.get(key)
    if (!owner) return
    const object = owner as DeepReadonly<ReplicaOwner>
    const settled = this.#expectations.satisfied(key)
    const claimed = await claimChildren<T, Pod>({
      client: this.#context.client,
      ownerRef: this.#kind.ref,
      owner,
      childRef: podsRef,
      children: childrenOf(this.#pods, object),
      matches: (pod) => this.#kind.matches(owner, pod),
      adoptable: (pod) => !isPodTerminal(pod),
    })
    let failure: Failure | undefined
    if (settled && object.metadata.deletionTimestamp === undefined) {
      failure = await this.#manage(key, owner, claimed.filter(isPodActive))
    }
    await this.#writeStatus(owner, claimed, failure)
    if (failure && !isNamespaceTerminating(failure.error)) throw failure.error
    const wait = nextAvailability(
      claimed.filter(isPodActive),
      object.spec.minReadySeconds ?? 0,
      this.#context.clock.now(),
    )
    if (wait !== undefined) this.#queue.addAfter(key, wait)
  }

  async #manage(key: string, owner: DeepReadonly<T>, active: readonly ReadPod[]): Promise<Failure | undefined> {
    const { spec } = owner as DeepReadonly<ReplicaOwner>
    const surplus = active.length - (spec.replicas ?? 1)
    if (surplus < 0) return this.#create(key, owner, Math.min(-surplus, BURST))
    if (surplus > 0) return this.#delete(key, owner, active, Math.min(surplus, BURST))
    return undefined
  }

  async #create(key: string, owner: DeepReadonly<T>, count: number): Promise<Failure | undefined> {
    const { client, events } = this.#context
    const object = owner as DeepReadonly<ReplicaOwner>
    const target = this.#target(owner)
    const pod = podFromTemplate({
      template: object.spec.template,
      namespace: object.metadata.namespace ?? '',
      owner: controllerReference(this.#kind.ref, object),
    })
    this.#expectations.expectCreations(key, count)
    const result = await slowStart(count, async () => {
      try {
        const created = await client.create(podsRef, pod)
        events.event(target, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`)
      } catch (error) {
        this.#expectations.creationObserved(key)
        if (!isNamespaceTerminating(error)) {
          events.event(target, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
        }
        throw error
      }
    })
    for (let i = 0; i < result.skipped; i++) this.#expectations.creationObserved(key)
    return result.error === undefined ? undefined : { reason: 'FailedCreate', error: result.error }
  }

  async #delete(
    key: string,
    owner: DeepReadonly<T>,
    active: readonly ReadPod[],
    count: number,
  ): Promise<Failure | undefined> {
    const { client, events, clock } = this.#context
    const related = this.#kind
      .siblings(owner, this.#owners)
      .flatMap((o) => this.#pods.by(BY_CONTROLLER, (o as DeepReadonly<KubeObject>).metadata.uid))
    const victims = podsToDelete({ pods: active, related, count, now: clock.now() })
    this.#expectations.expectDeletions(key, victims.map(podId))
    const target = this.#target(owner)
    try {
      await forEachBounded(victims, DELETES_AT_ONCE, async (pod) => {
        const { namespace, name, uid } = pod.metadata
        try {
          await client.delete(podsRef, { namespace, name }, { preconditions: { uid } })
          events.event(target, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
        } catch (error) {
          this.#expectations.deletionObserved(key, podId(pod))
          if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) return
          events.event(target, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`)
          throw error
        }
      })
    } catch (error) {
      return { reason: 'FailedDelete', error }
    }
    return undefined
  }

  async #writeStatus(owner: DeepReadonly<T>, claimed: readonly ReadPod[], failure: Failure | undefined): Promise<void> {
    const object = owner as DeepReadonly<ReplicaOwner>
    const now = this.#context.clock.now()
    const { terminatingReplicas, ...counts } = countReplicas({
      pods: claimed,
      template: object.spec.template,
      minReadySeconds: object.spec.minReadySeconds ?? 0,
      now,
    })
    const conditions = failureConditions({
      conditions: object.status.conditions ?? [],
      failure: failure && { reason: failure.reason, message: messageOf(failure.error) },
      now: formatTime(now),
    })
    const status = {
      replicas: counts.replicas,
      ...nonZero(counts),
      ...(this.#kind.countsTerminating ? { terminatingReplicas } : {}),
      observedGeneration: object.metadata.generation ?? 0,
      ...(conditions.length > 0 ? { conditions } : {}),
    }
    if (sameValue(object.status, status)) return
    const updated = { ...object, status } as unknown as DeepReadonly<T>
    try {
      await this.#context.client.update(this.#kind.ref, updated, { subresource: 'status' })
    } catch (error) {
      if (isReason(error, 'NotFound')) return
      if (!isReason(error, 'Conflict')) throw error
      // The cache is behind: the newer object wakes this key again.
      this.#queue.addAfter(`${object.metadata.namespace}/${object.metadata.name}`, 10)
    }
  }

  #target(owner: DeepReadonly<T>) {
    const { metadata } = owner as DeepReadonly<KubeObject>
    return { apiVersion: apiVersionOf(this.#kind.ref), kind: this.#kind.ref.kind, metadata }
  }
}

/** Optional counts of zero are absent on the wire. */
function nonZero(counts: object): object {
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== 0))
}

function podId(pod: ReadPod): string {
  return pod.metadata.uid
}
