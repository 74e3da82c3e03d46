// Keeps one pod of each DaemonSet on every node that it is meant for.

import type { DaemonSetStatus } from '../api/generated/apps-v1.ts'
import {
  daemonsets as daemonSetsRef,
  nodes as nodesRef,
  pods as podsRef,
  controllerrevisions as revisionsRef,
} from '../api/generated/resources.ts'
import type { Controller, ControllerContext } from '../client/controller.ts'
import { keyOf } from '../client/informer.ts'
import type { Workqueue } from '../client/workqueue.ts'
import { isReason } from '../machinery/errors.ts'
import { matchesLabelSelector } from '../machinery/label-selector.ts'
import { daemonPodSpec, daemonStatus, planDaemons, type ReadDaemonSet } from './daemon-plan.ts'
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
import { nextAvailability, podFromTemplate, type ReadPod } from './support/pods.ts'
import { hashOf, pruneRevisions, REVISION_HASH, syncRevisions } from './support/revisions.ts'
import { isNamespaceTerminating, messageOf, sameValue } from './support/values.ts'

const BURST = 250
const WRITES_AT_ONCE = 50
const GENERATION = 'deprecated.daemonset.template.generation'

export const daemonSetController: Controller = {
  name: 'daemonset-controller',
  setup(context, queue) {
    const daemons = new Daemons(context, queue)
    daemons.subscribe()
    return { reconcile: (key) => daemons.reconcile(key), workers: 2 }
  },
}

class Daemons {
  readonly #context: ControllerContext
  readonly #queue: Workqueue
  readonly #expectations: Expectations
  readonly #sets
  readonly #pods
  readonly #nodes
  readonly #revisions

  constructor(context: ControllerContext, queue: Workqueue) {
    this.#context = context
    this.#queue = queue
    this.#expectations = new Expectations(context.clock)
    this.#sets = context.informers.informer(daemonSetsRef)
    this.#pods = context.informers.informer(podsRef)
    this.#nodes = context.informers.informer(nodesRef)
    this.#revisions = context.informers.informer(revisionsRef)
    this.#pods.addIndex(BY_CONTROLLER, controllerIndex)
    this.#revisions.addIndex(BY_CONTROLLER, controllerIndex)
  }

  subscribe(): void {
    const enqueue = (set: ReadDaemonSet) => this.#queue.add(keyOf(set))
    this.#sets.subscribe({
      add: enqueue,
      update: (_old, set) => enqueue(set),
      delete: (set) => this.#expectations.forget(keyOf(set)),
    })
    const all = () => {
      for (const set of this.#sets.list()) enqueue(set)
    }
    this.#nodes.subscribe({
      add: all,
      update: (previous, node) => {
        const relevant = (n: typeof node) => [n.metadata.labels, n.spec.taints, n.spec.unschedulable]
        if (!sameValue(relevant(previous), relevant(node))) all()
      },
      delete: all,
    })
    this.#pods.subscribe({
      add: (pod) => {
        const key = ownerKey(pod)
        if (key) this.#expectations.creationObserved(key)
        this.#wake(pod)
      },
      update: (previous, pod) => {
        if (pod.metadata.deletionTimestamp !== undefined) this.#gone(pod)
        if (controllerOf(previous)?.uid !== controllerOf(pod)?.uid) this.#wake(previous)
        this.#wake(pod)
      },
      delete: (pod) => {
        this.#gone(pod)
        this.#wake(pod)
      },
    })
  }

  #gone(pod: ReadPod): void {
    const key = ownerKey(pod)
    if (key) this.#expectations.deletionObserved(key, pod.metadata.uid)
  }

  #wake(pod: ReadPod): void {
    const key = ownerKey(pod)
    if (key) this.#queue.add(key)
    if (controllerOf(pod)) return
    for (const set of this.#sets.list(pod.metadata.namespace)) {
      if (matchesLabelSelector(set.spec.selector, pod.metadata.labels)) this.#queue.add(keyOf(set))
    }
  }

  async reconcile(key: string): Promise<void> {
    const set = this.#sets.get(key)
    if (!set || set.metadata.deletionTimestamp !== undefined) return
    const { client, clock } = this.#context
    const matches = (o: { readonly metadata: { readonly labels?: Readonly<Record<string, string>> } }) =>
      matchesLabelSelector(set.spec.selector, o.metadata.labels)
    const claim = { client, ownerRef: daemonSetsRef, owner: set, matches }
    const pods = await claimChildren({ ...claim, childRef: podsRef, children: childrenOf(this.#pods, set) })
    const revisions = await claimChildren({
      ...claim,
      childRef: revisionsRef,
      children: childrenOf(this.#revisions, set),
    })
    const state = await syncRevisions({
      client,
      ownerRef: daemonSetsRef,
      owner: set,
      labels: set.spec.template.metadata?.labels ?? {},
      template: set.spec.template,
      revisions,
      collisionCount: set.status.collisionCount,
    })
    if (!('current' in state)) return this.#writeStatus(set, { ...set.status, collisionCount: state.collisionCount })
    const hash = hashOf(state.current)
    const generation = set.metadata.annotations?.[GENERATION]
    const isCurrent = (pod: ReadPod) => pod.metadata.labels?.[REVISION_HASH] === hash
    const view = { set, nodes: this.#nodes.list(), pods, isCurrent, now: clock.now() }
    if (this.#expectations.satisfied(key)) await this.#manage(key, set, planDaemons(view), { hash, generation })
    const inUse = new Set(pods.map((p) => p.metadata.labels?.[REVISION_HASH] ?? ''))
    await pruneRevisions(client, state.old, inUse, set.spec.revisionHistoryLimit ?? 10)
    const counts = daemonStatus(view)
    await this.#writeStatus(set, {
      ...(set.status.collisionCount === undefined ? {} : { collisionCount: set.status.collisionCount }),
      ...(set.status.conditions ? { conditions: set.status.conditions } : {}),
      observedGeneration: set.metadata.generation ?? 0,
      desiredNumberScheduled: counts.desired,
      currentNumberScheduled: counts.current,
      numberMisscheduled: counts.misscheduled,
      numberReady: counts.ready,
      ...(counts.updated > 0 ? { updatedNumberScheduled: counts.updated } : {}),
      ...(counts.available > 0 ? { numberAvailable: counts.available } : {}),
      ...(counts.desired > counts.available ? { numberUnavailable: counts.desired - counts.available } : {}),
    })
    const wait = nextAvailability(pods, set.spec.minReadySeconds ?? 0, clock.now())
    if (wait !== undefined) this.#queue.addAfter(key, wait)
  }

  async #manage(
    key: string,
    set: ReadDaemonSet,
    plan: ReturnType<typeof planDaemons>,
    revision: { hash: string; generation: string | undefined },
  ): Promise<void> {
    const { client, events } = this.#context
    for (const pod of plan.failed) {
      const { namespace, name } = pod.metadata
      const what = pod.status.phase === 'Failed' ? 'failed' : 'succeeded'
      events.event(
        target(set),
        pod.status.phase === 'Failed' ? 'Warning' : 'Normal',
        pod.status.phase === 'Failed' ? 'FailedDaemonPod' : 'SucceededDaemonPod',
        `Found ${what} daemon pod ${namespace}/${name} on node ${pod.spec.nodeName ?? ''}, will try to ${what === 'failed' ? 'kill' : 'delete'} it`,
      )
    }
    const create = plan.create.slice(0, BURST)
    const remove = [...plan.remove, ...plan.failed].slice(0, BURST)
    if (create.length + remove.length === 0) return
    this.#expectations.expect(
      key,
      create.length,
      remove.map((p) => p.metadata.uid),
    )
    await forEachBounded(remove, WRITES_AT_ONCE, async (pod) => {
      const { namespace, name, uid } = pod.metadata
      try {
        await client.delete(podsRef, { namespace, name }, { preconditions: { uid } })
        events.event(target(set), 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
      } catch (error) {
        this.#expectations.deletionObserved(key, uid)
        if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error
      }
    })
    const result = await slowStart(create.length, async (i) => {
      const pod = podFromTemplate({
        template: set.spec.template,
        namespace: set.metadata.namespace,
        owner: controllerReference(daemonSetsRef, set),
        labels: {
          [REVISION_HASH]: revision.hash,
          ...(revision.generation === undefined ? {} : { 'pod-template-generation': revision.generation }),
        },
      })
      pod.spec = daemonPodSpec(set.spec.template.spec, create[i] ?? '')
      try {
        const created = await client.create(podsRef, pod)
        events.event(target(set), 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`)
      } catch (error) {
        this.#expectations.creationObserved(key)
        if (!isNamespaceTerminating(error)) {
          events.event(target(set), 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
        }
        throw error
      }
    })
    for (let i = 0; i < result.skipped; i++) this.#expectations.creationObserved(key)
    if (result.error !== undefined && !isNamespaceTerminating(result.error)) throw result.error
  }

  async #writeStatus(set: ReadDaemonSet, status: DaemonSetStatus | ReadDaemonSet['status']): Promise<void> {
    if (sameValue(set.status, status)) return
    try {
      await this.#context.client.update(
        daemonSetsRef,
        { ...set, status: status as ReadDaemonSet['status'] },
        { subresource: 'status' },
      )
    } catch (error) {
      if (isReason(error, 'NotFound')) return
      if (!isReason(error, 'Conflict')) throw error
      this.#queue.addAfter(keyOf(set), 20)
    }
  }
}

function ownerKey(pod: ReadPod): string | undefined {
  const controller = controllerOf(pod)
  return controller?.kind === 'DaemonSet' ? `${pod.metadata.namespace}/${controller.name}` : undefined
}

function target(set: ReadDaemonSet) {
  return { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: set.metadata }
}
