// Computes how many pods each PodDisruptionBudget allows to be evicted.

import type { PodDisruptionBudget } from '../api/generated/policy-v1.ts'
import {
  poddisruptionbudgets as budgetsRef,
  deployments as deploymentsRef,
  pods as podsRef,
  replicasets as replicaSetsRef,
  replicationcontrollers as replicationControllersRef,
  statefulsets as statefulSetsRef,
} from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import { keyOf } from '../client/informer.ts'
import { formatTime } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import { matchesLabelSelector } from '../machinery/label-selector.ts'
import { controllerOf } from './support/owners.ts'
import { isPodActive, isPodReady, isPodTerminal, type ReadPod } from './support/pods.ts'
import { sameValue, scaledValue, timeOf } from './support/values.ts'

type ReadBudget = DeepReadonly<PodDisruptionBudget>

/** An eviction that was allowed but whose pod is still there after this long did not happen. */
const DISRUPTION_TIMEOUT_MS = 2 * 60_000

/** The counts of a budget. `expected` is what the pods' controllers ask for. */
function budgetCounts(
  spec: ReadBudget['spec'],
  pods: { total: number; healthy: number; expected: number },
): { expectedPods: number; desiredHealthy: number; currentHealthy: number; disruptionsAllowed: number } {
  const { maxUnavailable, minAvailable } = spec
  let expectedPods = pods.expected
  let desiredHealthy = 0
  if (maxUnavailable !== undefined) {
    desiredHealthy = Math.max(0, expectedPods - scaledValue(maxUnavailable, expectedPods, 'up'))
  } else if (typeof minAvailable === 'number') {
    expectedPods = pods.total
    desiredHealthy = minAvailable
  } else if (minAvailable !== undefined) {
    desiredHealthy = scaledValue(minAvailable, expectedPods, 'up')
  }
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, pods.healthy - desiredHealthy)
  return { expectedPods, desiredHealthy, currentHealthy: pods.healthy, disruptionsAllowed }
}

export const podDisruptionBudgetController: Controller = {
  name: 'disruption-controller',
  eventComponent: 'controllermanager',
  setup({ client, informers, clock }, queue) {
    const budgets = informers.informer(budgetsRef)
    const pods = informers.informer(podsRef)
    const deployments = informers.informer(deploymentsRef)
    const replicaSets = informers.informer(replicaSetsRef)
    const statefulSets = informers.informer(statefulSetsRef)
    const controllers = informers.informer(replicationControllersRef)
    const enqueue = (budget: ReadBudget) => queue.add(keyOf(budget))
    budgets.subscribe({ add: enqueue, update: (_old, budget) => enqueue(budget) })
    const wake = (pod: ReadPod) => {
      for (const budget of budgets.list(pod.metadata.namespace)) {
        if (matchesLabelSelector(budget.spec.selector, pod.metadata.labels)) enqueue(budget)
      }
    }
    pods.subscribe({ add: wake, update: (_old, pod) => wake(pod), delete: wake })
    const wakeNamespace = (owner: { readonly metadata: { readonly namespace: string } }) => {
      for (const budget of budgets.list(owner.metadata.namespace)) enqueue(budget)
    }
    for (const informer of [replicaSets, statefulSets, controllers] as const) {
      informer.subscribe({
        update(previous, owner) {
          if (previous.spec.replicas !== owner.spec.replicas) wakeNamespace(owner)
        },
      })
    }

    /** The replicas that the pods' controllers ask for; a Deployment counts once for all its ReplicaSets. */
    function expectedOf(selected: readonly ReadPod[]): number {
      const scales = new Map<string, number>()
      for (const pod of selected) {
        const owner = controllerOf(pod)
        if (!owner) continue
        const key = `${pod.metadata.namespace}/${owner.name}`
        if (owner.kind === 'StatefulSet') scales.set(owner.uid, statefulSets.get(key)?.spec.replicas ?? 0)
        if (owner.kind === 'ReplicationController') scales.set(owner.uid, controllers.get(key)?.spec.replicas ?? 0)
        if (owner.kind !== 'ReplicaSet') continue
        const set = replicaSets.get(key)
        const above = set && controllerOf(set)
        const deployment = above && deployments.get(`${pod.metadata.namespace}/${above.name}`)
        scales.set(above?.uid ?? owner.uid, (deployment ?? set)?.spec.replicas ?? 0)
      }
      return [...scales.values()].reduce((a, b) => a + b, 0)
    }

    return {
      async reconcile(key) {
        const budget = budgets.get(key)
        if (!budget || budget.metadata.deletionTimestamp !== undefined) return
        const now = clock.now()
        const selected = pods
          .list(budget.metadata.namespace)
          .filter((p) => matchesLabelSelector(budget.spec.selector, p.metadata.labels) && !isPodTerminal(p))
        const disruptedPods: Record<string, string> = {}
        for (const [name, time] of Object.entries(budget.status.disruptedPods ?? {})) {
          const pod = pods.get(`${budget.metadata.namespace}/${name}`)
          const left = timeOf(time) + DISRUPTION_TIMEOUT_MS - now
          if (!pod || !isPodActive(pod) || left <= 0) continue
          disruptedPods[name] = time
          queue.addAfter(key, left)
        }
        const healthy = selected.filter(
          (p) => isPodActive(p) && isPodReady(p) && disruptedPods[p.metadata.name] === undefined,
        ).length
        const counts = budgetCounts(budget.spec, { total: selected.length, healthy, expected: expectedOf(selected) })
        const allowed = counts.disruptionsAllowed > 0
        const before = budget.status.conditions?.find((c) => c.type === 'DisruptionAllowed')
        const state = allowed ? 'True' : 'False'
        const status = {
          ...counts,
          ...(Object.keys(disruptedPods).length > 0 ? { disruptedPods } : {}),
          observedGeneration: budget.metadata.generation ?? 0,
          conditions: [
            {
              type: 'DisruptionAllowed',
              status: state,
              reason: allowed ? 'SufficientPods' : 'InsufficientPods',
              message: '',
              observedGeneration: budget.metadata.generation ?? 0,
              lastTransitionTime: before?.status === state ? before.lastTransitionTime : formatTime(now),
            },
          ],
        }
        if (sameValue(budget.status, status)) return
        try {
          await client.update(budgetsRef, { ...budget, status }, { subresource: 'status' })
        } catch (error) {
          if (isReason(error, 'NotFound')) return
          if (!isReason(error, 'Conflict')) throw error
          queue.addAfter(key, 20)
        }
      },
    }
  },
}
