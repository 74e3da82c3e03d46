// Rolls a Deployment's template out through ReplicaSets, one per revision.

import {
  deployments as deploymentsRef,
  pods as podsRef,
  replicasets as replicaSetsRef,
} from '../api/generated/resources.ts'
import { apiVersionOf } from '../api/resource-ref.ts'
import type { Controller, ControllerContext } from '../client/controller.ts'
import { keyOf } from '../client/informer.ts'
import type { Workqueue } from '../client/workqueue.ts'
import { isReason } from '../machinery/errors.ts'
import { isEmptySelector, matchesLabelSelector } from '../machinery/label-selector.ts'
import {
  isRollingUpdate,
  isScalingEvent,
  nextRevision,
  planCleanup,
  planCurrent,
  planOld,
  planScale,
  REVISION,
  type ReadDeployment,
  type ReadReplicaSet,
  replicaSetAnnotations,
  type ScaleStep,
  sameTemplate,
  sizeAnnotations,
  specReplicas,
  splitReplicaSets,
} from './deployment-plan.ts'
import { newReplicaSet } from './deployment-replica-set.ts'
import { planRollback } from './deployment-rollback.ts'
import { findCondition, hasProgressDeadline, isComplete } from './deployment-status.ts'
import { DeploymentStatusWriter } from './deployment-status-writer.ts'
import { BY_CONTROLLER, childrenOf, claimChildren, controllerIndex, controllerOf } from './support/owners.ts'
import { isPodTerminal } from './support/pods.ts'
import { isNamespaceTerminating, messageOf, sameValue } from './support/values.ts'

export const deploymentController: Controller = {
  name: 'deployment-controller',
  setup(context, queue) {
    const rollouts = new Rollouts(context, queue)
    rollouts.subscribe()
    return { reconcile: (key) => rollouts.reconcile(key), workers: 5 }
  },
}

class Rollouts {
  readonly #context: ControllerContext
  readonly #queue: Workqueue
  readonly #deployments
  readonly #replicaSets
  readonly #pods
  readonly #status: DeploymentStatusWriter

  constructor(context: ControllerContext, queue: Workqueue) {
    this.#context = context
    this.#queue = queue
    this.#status = new DeploymentStatusWriter(context, queue)
    this.#deployments = context.informers.informer(deploymentsRef)
    this.#replicaSets = context.informers.informer(replicaSetsRef)
    this.#pods = context.informers.informer(podsRef)
    this.#replicaSets.addIndex(BY_CONTROLLER, controllerIndex)
    this.#pods.addIndex(BY_CONTROLLER, controllerIndex)
  }

  subscribe(): void {
    const enqueue = (d: ReadDeployment) => this.#queue.add(keyOf(d))
    this.#deployments.subscribe({ add: enqueue, update: (_old, d) => enqueue(d), delete: enqueue })
    this.#replicaSets.subscribe({
      add: (rs) => this.#wake(rs),
      update: (previous, rs) => {
        if (controllerOf(previous)?.uid !== controllerOf(rs)?.uid) this.#wake(previous)
        this.#wake(rs)
      },
      delete: (rs) => this.#wake(rs),
    })
    this.#pods.subscribe({
      // Recreate waits until the last old pod is gone.
      update: (previous, pod) => {
        if (!isPodTerminal(previous) && isPodTerminal(pod))
          this.#wakeRecreate(controllerOf(pod)?.name, pod.metadata.namespace)
      },
      delete: (pod) => this.#wakeRecreate(controllerOf(pod)?.name, pod.metadata.namespace),
    })
  }

  #wake(rs: ReadReplicaSet): void {
    const controller = controllerOf(rs)
    if (controller) {
      if (controller.kind === 'Deployment') this.#queue.add(`${rs.metadata.namespace}/${controller.name}`)
      return
    }
    for (const d of this.#deployments.list(rs.metadata.namespace)) {
      if (matchesLabelSelector(d.spec.selector, rs.metadata.labels)) this.#queue.add(keyOf(d))
    }
  }

  #wakeRecreate(replicaSet: string | undefined, namespace: string): void {
    const rs = replicaSet === undefined ? undefined : this.#replicaSets.get(`${namespace}/${replicaSet}`)
    const owner = rs && controllerOf(rs)
    const d = owner && this.#deployments.get(`${namespace}/${owner.name}`)
    if (d?.spec.strategy?.type === 'Recreate') this.#queue.add(keyOf(d))
  }

  async reconcile(key: string): Promise<void> {
    const deployment = this.#deployments.get(key)
    if (!deployment) return
    if (isEmptySelector(deployment.spec.selector)) return this.#selectsAll(deployment)
    const all = await claimChildren({
      client: this.#context.client,
      ownerRef: deploymentsRef,
      owner: deployment,
      childRef: replicaSetsRef,
      children: childrenOf(this.#replicaSets, deployment),
      matches: (rs) => matchesLabelSelector(deployment.spec.selector, rs.metadata.labels),
    })
    if (deployment.metadata.deletionTimestamp !== undefined) {
      return this.#status.writeCounts(deployment, splitReplicaSets(deployment, all))
    }
    if (await this.#status.notePause(deployment)) return
    if (!deployment.spec.paused && (await this.#rollBack(deployment, all))) return
    if (deployment.spec.paused || isScalingEvent(deployment, all)) return this.#resize(deployment, all)
    return isRollingUpdate(deployment) ? this.#roll(deployment, all) : this.#recreate(deployment, all)
  }

  async #selectsAll(deployment: ReadDeployment): Promise<void> {
    const message = 'This deployment is selecting all pods. A non-empty selector is required.'
    this.#context.events.event(target(deployment), 'Warning', 'SelectingAll', message)
    const observedGeneration = deployment.metadata.generation ?? 0
    if ((deployment.status.observedGeneration ?? 0) >= observedGeneration) return
    await this.#status.write(deployment, { ...deployment.status, observedGeneration })
  }

  /** Carries out a rollback that is asked for; tells whether one was. */
  async #rollBack(deployment: ReadDeployment, all: readonly ReadReplicaSet[]): Promise<boolean> {
    const rollback = planRollback(deployment, all)
    if (!rollback) return false
    await this.#context.client.update(deploymentsRef, rollback.deployment)
    const { type, reason, message } = rollback.event
    this.#context.events.event(target(deployment), type, reason, message)
    return true
  }

  async #resize(deployment: ReadDeployment, all: readonly ReadReplicaSet[]): Promise<void> {
    const sets = splitReplicaSets(deployment, all)
    if (sets.current) sets.current = await this.#annotateCurrent(deployment, sets.current, sets.old)
    await this.#scaleAll(deployment, planScale(deployment, sets.current, sets.old))
    if (deployment.spec.paused) await this.#cleanUp(deployment, sets.old)
    await this.#status.writeCounts(deployment, sets)
  }

  async #roll(deployment: ReadDeployment, all: readonly ReadReplicaSet[]): Promise<void> {
    const ensured = await this.#ensureCurrent(deployment, all)
    if (!ensured) return
    const { current, old } = ensured
    const scaled =
      (await this.#scaleAll(deployment, planCurrent(deployment, current, old))) ||
      (await this.#scaleAll(deployment, planOld(deployment, current, old)))
    if (!scaled && isComplete(deployment, deployment.status)) await this.#cleanUp(deployment, old)
    await this.#status.writeRollout(deployment, ensured)
  }

  async #recreate(deployment: ReadDeployment, all: readonly ReadReplicaSet[]): Promise<void> {
    const sets = splitReplicaSets(deployment, all)
    const stops = sets.old.filter((rs) => specReplicas(rs) > 0).map((replicaSet) => ({ replicaSet, replicas: 0 }))
    if (await this.#scaleAll(deployment, stops)) return this.#status.writeRollout(deployment, sets)
    if (this.#oldPodsRemain(sets.old)) return this.#status.writeRollout(deployment, sets)
    const ensured = await this.#ensureCurrent(deployment, all)
    if (!ensured) return
    const replicas = specReplicas(deployment)
    const step = specReplicas(ensured.current) === replicas ? [] : [{ replicaSet: ensured.current, replicas }]
    await this.#scaleAll(deployment, step)
    if (isComplete(deployment, deployment.status)) await this.#cleanUp(deployment, ensured.old)
    await this.#status.writeRollout(deployment, ensured)
  }

  #oldPodsRemain(old: readonly ReadReplicaSet[]): boolean {
    return old.some(
      (rs) =>
        rs.status.replicas > 0 || this.#pods.by(BY_CONTROLLER, rs.metadata.uid).some((pod) => !isPodTerminal(pod)),
    )
  }

  /** The ReplicaSet of the current template, made when there is none. Undefined: the status was written, come back later. */
  async #ensureCurrent(
    deployment: ReadDeployment,
    all: readonly ReadReplicaSet[],
  ): Promise<{ current: ReadReplicaSet; old: ReadReplicaSet[] } | undefined> {
    const { current, old } = splitReplicaSets(deployment, all)
    if (current) {
      const annotated = await this.#annotateCurrent(deployment, current, old)
      if (!findCondition(deployment.status.conditions, 'Progressing') && hasProgressDeadline(deployment)) {
        await this.#status.note(
          deployment,
          'True',
          'FoundNewReplicaSet',
          `Found new replica set "${current.metadata.name}"`,
        )
        return undefined
      }
      return { current: annotated, old }
    }
    return this.#createCurrent(deployment, old)
  }

  async #annotateCurrent(
    deployment: ReadDeployment,
    current: ReadReplicaSet,
    old: readonly ReadReplicaSet[],
  ): Promise<ReadReplicaSet> {
    const annotations = replicaSetAnnotations({
      deployment,
      existing: current.metadata.annotations ?? {},
      revision: nextRevision(old),
    })
    const minReadySeconds = deployment.spec.minReadySeconds ?? 0
    let changed = current
    if (
      !sameValue(annotations, current.metadata.annotations ?? {}) ||
      (current.spec.minReadySeconds ?? 0) !== minReadySeconds
    ) {
      changed = await this.#context.client.update(replicaSetsRef, {
        ...current,
        metadata: { ...current.metadata, annotations },
        spec: { ...current.spec, minReadySeconds },
      })
    }
    await this.#setRevision(deployment, annotations[REVISION] ?? '')
    return changed
  }

  async #setRevision(deployment: ReadDeployment, revision: string): Promise<void> {
    if (deployment.metadata.annotations?.[REVISION] === revision) return
    const { namespace, name } = deployment.metadata
    await this.#context.client.patch(
      deploymentsRef,
      { namespace, name },
      { type: 'merge', patch: { metadata: { annotations: { [REVISION]: revision } } } },
    )
  }

  async #createCurrent(
    deployment: ReadDeployment,
    old: ReadReplicaSet[],
  ): Promise<{ current: ReadReplicaSet; old: ReadReplicaSet[] } | undefined> {
    const { client, events } = this.#context
    const wanted = newReplicaSet(deployment, old)
    const name = wanted.metadata.name ?? ''
    let current: ReadReplicaSet
    try {
      current = await client.create(replicaSetsRef, wanted)
    } catch (error) {
      if (isReason(error, 'AlreadyExists')) {
        await this.#onNameTaken(deployment, name)
        return undefined
      }
      if (isNamespaceTerminating(error)) return undefined
      const message = `Failed to create new replica set "${name}": ${messageOf(error)}`
      events.event(target(deployment), 'Warning', 'ReplicaSetCreateError', message)
      if (hasProgressDeadline(deployment))
        await this.#status.note(deployment, 'False', 'ReplicaSetCreateError', message)
      throw error
    }
    const replicas = specReplicas(current)
    if (replicas > 0) {
      events.event(
        target(deployment),
        'Normal',
        'ScalingReplicaSet',
        `Scaled up replica set ${name} from 0 to ${replicas}`,
      )
    }
    await this.#setRevision(deployment, current.metadata.annotations?.[REVISION] ?? '')
    if (hasProgressDeadline(deployment)) {
      await this.#status.note(deployment, 'True', 'NewReplicaSetCreated', `Created new replica set "${name}"`)
    }
    return undefined
  }

  /** The hash names another template's ReplicaSet: count the collision, so that the next name differs. */
  async #onNameTaken(deployment: ReadDeployment, name: string): Promise<void> {
    const { namespace } = deployment.metadata
    const existing = await this.#context.client.get(replicaSetsRef, { namespace, name })
    const ours = controllerOf(existing)?.uid === deployment.metadata.uid
    if (ours && sameTemplate(existing.spec.template, deployment.spec.template)) {
      // Made by an earlier attempt; the cache will show it.
      this.#queue.addAfter(keyOf(deployment), 100)
      return
    }
    await this.#status.write(deployment, {
      ...deployment.status,
      collisionCount: (deployment.status.collisionCount ?? 0) + 1,
    })
  }

  /** Applies the steps; tells whether any size changed. */
  async #scaleAll(deployment: ReadDeployment, steps: readonly ScaleStep[]): Promise<boolean> {
    let scaled = false
    for (const { replicaSet, replicas } of steps) {
      const from = specReplicas(replicaSet)
      const annotations = { ...replicaSet.metadata.annotations, ...sizeAnnotations(deployment) }
      if (from === replicas && sameValue(annotations, replicaSet.metadata.annotations)) continue
      const { namespace, name, resourceVersion } = replicaSet.metadata
      await this.#context.client.patch(
        replicaSetsRef,
        { namespace, name },
        {
          type: 'merge',
          patch: { metadata: { ...(from === replicas ? {} : { resourceVersion }), annotations }, spec: { replicas } },
        },
      )
      if (from === replicas) continue
      scaled = true
      const direction = from < replicas ? 'up' : 'down'
      this.#context.events.event(
        target(deployment),
        'Normal',
        'ScalingReplicaSet',
        `Scaled ${direction} replica set ${name} from ${from} to ${replicas}`,
      )
    }
    return scaled
  }

  async #cleanUp(deployment: ReadDeployment, old: readonly ReadReplicaSet[]): Promise<void> {
    for (const rs of planCleanup(deployment, old)) {
      const { namespace, name, uid } = rs.metadata
      try {
        await this.#context.client.delete(replicaSetsRef, { namespace, name }, { preconditions: { uid } })
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error
      }
    }
  }
}

function target(deployment: ReadDeployment) {
  return { apiVersion: apiVersionOf(deploymentsRef), kind: deploymentsRef.kind, metadata: deployment.metadata }
}
