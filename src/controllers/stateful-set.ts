// Runs each StatefulSet's pods: with a name, an order and storage of their own.

import type { StatefulSetStatus } from '../api/generated/apps-v1.ts'
import type { PersistentVolumeClaim, Pod, PodTemplateSpec } from '../api/generated/core-v1.ts'
import {
  persistentvolumeclaims as claimsRef,
  pods as podsRef,
  controllerrevisions as revisionsRef,
  statefulsets as statefulSetsRef,
} from '../api/generated/resources.ts'
import type { New } from '../client/client.ts'
import type { Controller, ControllerContext } from '../client/controller.ts'
import { keyOf } from '../client/informer.ts'
import type { Workqueue } from '../client/workqueue.ts'
import { copy, type DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import { matchesLabelSelector } from '../machinery/label-selector.ts'
import { ordinalOf, planStateful, type ReadStatefulSet, type StatefulStep, statefulStatus } from './stateful-plan.ts'
import { forEachBounded } from './support/batches.ts'
import {
  BY_CONTROLLER,
  childrenOf,
  claimChildren,
  controllerIndex,
  controllerOf,
  controllerReference,
} from './support/owners.ts'
import { nextAvailability, podFromTemplate, type ReadPod } from './support/pods.ts'
import { pruneRevisions, REVISION_HASH, type ReadRevision, syncRevisions } from './support/revisions.ts'
import { isNamespaceTerminating, messageOf, sameValue } from './support/values.ts'

const WRITES_AT_ONCE = 20

export const statefulSetController: Controller = {
  name: 'statefulset-controller',
  setup(context, queue) {
    const sets = new StatefulSets(context, queue)
    sets.subscribe()
    return { reconcile: (key) => sets.reconcile(key), workers: 5 }
  },
}

class StatefulSets {
  readonly #context: ControllerContext
  readonly #queue: Workqueue
  readonly #sets
  readonly #pods
  readonly #revisions

  constructor(context: ControllerContext, queue: Workqueue) {
    this.#context = context
    this.#queue = queue
    this.#sets = context.informers.informer(statefulSetsRef)
    this.#pods = context.informers.informer(podsRef)
    this.#revisions = context.informers.informer(revisionsRef)
    this.#pods.addIndex(BY_CONTROLLER, controllerIndex)
    this.#revisions.addIndex(BY_CONTROLLER, controllerIndex)
  }

  subscribe(): void {
    const enqueue = (set: ReadStatefulSet) => this.#queue.add(keyOf(set))
    this.#sets.subscribe({ add: enqueue, update: (_old, set) => enqueue(set) })
    const wake = (pod: ReadPod) => {
      const controller = controllerOf(pod)
      if (controller?.kind === 'StatefulSet') this.#queue.add(`${pod.metadata.namespace}/${controller.name}`)
      if (controller) return
      for (const set of this.#sets.list(pod.metadata.namespace)) {
        if (matchesLabelSelector(set.spec.selector, pod.metadata.labels)) enqueue(set)
      }
    }
    this.#pods.subscribe({
      add: wake,
      update: (previous, pod) => {
        if (controllerOf(previous)?.uid !== controllerOf(pod)?.uid) wake(previous)
        wake(pod)
      },
      delete: wake,
    })
  }

  async reconcile(key: string): Promise<void> {
    const set = this.#sets.get(key)
    if (!set || set.metadata.deletionTimestamp !== undefined) return
    const { client, clock } = this.#context
    const matches = (o: { readonly metadata: { readonly labels?: Readonly<Record<string, string>> } }) =>
      matchesLabelSelector(set.spec.selector, o.metadata.labels)
    const claim = { client, ownerRef: statefulSetsRef, owner: set }
    const pods = await claimChildren({
      ...claim,
      childRef: podsRef,
      children: childrenOf(this.#pods, set),
      matches: (pod) => matches(pod) && ordinalOf(set.metadata.name, pod.metadata.name) !== undefined,
    })
    const revisions = await claimChildren({
      ...claim,
      childRef: revisionsRef,
      children: childrenOf(this.#revisions, set),
      matches,
    })
    const state = await syncRevisions({
      client,
      ownerRef: statefulSetsRef,
      owner: set,
      labels: set.spec.template.metadata?.labels ?? {},
      template: set.spec.template,
      revisions,
      collisionCount: set.status.collisionCount,
    })
    if (!('current' in state)) {
      return this.#writeStatus(set, { ...set.status, collisionCount: state.collisionCount })
    }
    const known = [...state.old, state.current]
    const current = known.find((r) => r.metadata.name === set.status.currentRevision) ?? state.current
    const now = clock.now()
    const view = {
      set,
      pods,
      currentRevision: current.metadata.name,
      updateRevision: state.current.metadata.name,
      now,
    }
    let failure: unknown
    try {
      await forEachBounded(planStateful(view), WRITES_AT_ONCE, (step) => this.#act(set, step, known))
    } catch (error) {
      failure = error
    }
    const { currentReplicas, updatedReplicas, readyReplicas, ...counts } = statefulStatus(view)
    await this.#writeStatus(set, {
      ...counts,
      ...(readyReplicas > 0 ? { readyReplicas } : {}),
      ...(currentReplicas > 0 ? { currentReplicas } : {}),
      ...(updatedReplicas > 0 ? { updatedReplicas } : {}),
      ...(set.status.conditions ? { conditions: set.status.conditions } : {}),
      collisionCount: set.status.collisionCount ?? 0,
      observedGeneration: set.metadata.generation ?? 0,
    })
    const inUse = new Set([counts.currentRevision, ...pods.map((p) => p.metadata.labels?.[REVISION_HASH] ?? '')])
    await pruneRevisions(client, state.old, inUse, set.spec.revisionHistoryLimit ?? 10)
    if (failure !== undefined && !isNamespaceTerminating(failure)) throw failure
    const wait = nextAvailability(pods, set.spec.minReadySeconds ?? 0, now)
    if (wait !== undefined) this.#queue.addAfter(key, wait)
  }

  async #act(set: ReadStatefulSet, step: StatefulStep, revisions: readonly ReadRevision[]): Promise<void> {
    const { client, events } = this.#context
    const { namespace, name: setName } = set.metadata
    if (step.type === 'delete') {
      const { name, uid } = step.pod.metadata
      try {
        await client.delete(podsRef, { namespace, name }, { preconditions: { uid } })
      } catch (error) {
        if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) return
        const message = `delete Pod ${name} in StatefulSet ${setName} failed error: ${messageOf(error)}`
        events.event(target(set), 'Warning', 'FailedDelete', message)
        throw error
      }
      const message = `delete Pod ${name} in StatefulSet ${setName} successful`
      events.event(target(set), 'Normal', 'SuccessfulDelete', message)
      return
    }
    const revision = revisions.find((r) => r.metadata.name === step.revision)
    const pod = statefulPod(set, step.ordinal, step.revision, templateOf(revision) ?? set.spec.template)
    await this.#ensureClaims(set, step.ordinal)
    try {
      await client.create(podsRef, pod)
    } catch (error) {
      // The cache has not shown the pod yet.
      if (isReason(error, 'AlreadyExists')) return
      const message = `create Pod ${pod.metadata.name} in StatefulSet ${setName} failed error: ${messageOf(error)}`
      if (!isNamespaceTerminating(error)) events.event(target(set), 'Warning', 'FailedCreate', message)
      throw error
    }
    const message = `create Pod ${pod.metadata.name} in StatefulSet ${setName} successful`
    events.event(target(set), 'Normal', 'SuccessfulCreate', message)
  }

  async #ensureClaims(set: ReadStatefulSet, ordinal: number): Promise<void> {
    const { client, events } = this.#context
    const podName = `${set.metadata.name}-${ordinal}`
    for (const template of set.spec.volumeClaimTemplates ?? []) {
      const name = claimName(set, template, ordinal)
      const labels = { ...template.metadata.labels, ...set.spec.selector.matchLabels }
      const { namespace } = set.metadata
      try {
        await client.create(claimsRef, {
          metadata: { name, namespace, labels, annotations: { ...template.metadata.annotations } },
          spec: copy<PersistentVolumeClaim['spec']>(template.spec),
        })
      } catch (error) {
        if (isReason(error, 'AlreadyExists')) continue
        const text = `create Claim ${name} for Pod ${podName} in StatefulSet ${set.metadata.name} failed error: ${messageOf(error)}`
        events.event(target(set), 'Warning', 'FailedCreate', text)
        throw error
      }
      const text = `create Claim ${name} Pod ${podName} in StatefulSet ${set.metadata.name} success`
      events.event(target(set), 'Normal', 'SuccessfulCreate', text)
    }
  }

  async #writeStatus(set: ReadStatefulSet, status: DeepReadonly<StatefulSetStatus>): Promise<void> {
    if (sameValue(set.status, status)) return
    try {
      await this.#context.client.update(statefulSetsRef, { ...set, status }, { subresource: 'status' })
    } catch (error) {
      if (isReason(error, 'NotFound')) return
      if (!isReason(error, 'Conflict')) throw error
      this.#queue.addAfter(keyOf(set), 20)
    }
  }
}

function claimName(
  set: ReadStatefulSet,
  template: { readonly metadata: { readonly name: string } },
  ordinal: number,
): string {
  return `${template.metadata.name}-${set.metadata.name}-${ordinal}`
}

/** The pod of one ordinal. */
function statefulPod(
  set: ReadStatefulSet,
  ordinal: number,
  revision: string,
  template: DeepReadonly<PodTemplateSpec>,
): New<Pod> {
  const name = `${set.metadata.name}-${ordinal}`
  const pod = podFromTemplate({
    template,
    namespace: set.metadata.namespace,
    owner: controllerReference(statefulSetsRef, set),
    name,
    labels: {
      'statefulset.kubernetes.io/pod-name': name,
      'apps.kubernetes.io/pod-index': String(ordinal),
      [REVISION_HASH]: revision,
    },
  })
  pod.spec.hostname = name
  if (set.spec.serviceName) pod.spec.subdomain = set.spec.serviceName
  const own = (set.spec.volumeClaimTemplates ?? []).map((t) => ({
    name: t.metadata.name,
    persistentVolumeClaim: { claimName: claimName(set, t, ordinal) },
  }))
  const names = new Set(own.map((v) => v.name))
  const volumes = [...(pod.spec.volumes ?? []).filter((v) => !names.has(v.name)), ...own]
  if (volumes.length > 0) pod.spec.volumes = volumes
  return pod
}

function templateOf(revision: ReadRevision | undefined): PodTemplateSpec | undefined {
  const data = revision?.data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } } | undefined
  if (!data?.spec?.template) return undefined
  const { $patch: _patch, ...template } = structuredClone(data.spec.template)
  return template
}

function target(set: ReadStatefulSet) {
  return { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: set.metadata }
}
