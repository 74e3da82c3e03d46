// What a disruption budget says of an eviction. Model: EvictionREST.Create and checkAndDecrement.

import type { Pod } from '../../api/generated/core-v1.ts'
import type { Condition } from '../../api/generated/meta-v1.ts'
import type { PodDisruptionBudget } from '../../api/generated/policy-v1.ts'
import { formatTime } from '../../machinery/clock.ts'
import { forbidden, StatusError } from '../../machinery/errors.ts'
import { matches, selectorOf } from '../../machinery/labels.ts'
import type { ApiObject } from '../api-object.ts'
import type { Registry, RequestContext } from '../registry/registry.ts'
import { listPrefix } from '../registry/resource.ts'
import { update } from '../registry/update.ts'
import { MASTERS_GROUP } from '../user.ts'

/** Pods that the controller has yet to see go. */
const MAX_DISRUPTED = 2000
/** Budgets are the server's own to change. */
const ACTOR = { name: 'system:apiserver', groups: [MASTERS_GROUP] }

/**
 * Takes one disruption from the budget of the pod, if it has one. Gives whether the pod may go only because it is not
 * healthy. Throws TooManyRequests (429, cause DisruptionBudget) when the budget is used up.
 */
export async function spendBudget(registry: Registry, pod: Pod, context: RequestContext): Promise<boolean> {
  const budgets = registry.resource('policy', 'poddisruptionbudgets')
  const cache = await registry.cache(budgets)
  const [budget, ...others] = cache
    .entriesUnder(listPrefix(budgets, context.namespace))
    .map((entry) => entry.object as unknown as PodDisruptionBudget)
    .filter(({ spec }) => spec.selector !== undefined && matches(selectorOf(spec.selector) ?? [], pod.metadata.labels))
  if (others.length > 0) {
    const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.'
    throw new StatusError({ message, code: 500 })
  }
  if (!budget) return false
  if (!isReady(pod) && sparesUnhealthy(budget)) return true
  if (context.dryRun) {
    checkBudget(budget)
    return false
  }
  const { name } = budget.metadata
  await update(
    registry,
    budgets,
    {
      ...{ name, subresource: 'status', mayCreate: false },
      transform: (current) => {
        const next = structuredClone(current) as unknown as PodDisruptionBudget
        checkBudget(next)
        spend(next, pod.metadata.name, formatTime(registry.clock.now()))
        next.metadata.resourceVersion = ''
        return next as unknown as ApiObject
      },
    },
    { ...context, version: budgets.storage, user: ACTOR, fieldManager: 'kube-apiserver' },
  )
  return false
}

const isReady = ({ status }: Pod) =>
  (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True')

/** Whether pods that are not ready may go whatever the budget: they count for nothing in it. */
function sparesUnhealthy({ spec, status }: PodDisruptionBudget): boolean {
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  const { currentHealthy = 0, desiredHealthy = 0 } = status
  return currentHealthy >= desiredHealthy && desiredHealthy > 0
}

function checkBudget({ metadata, status }: PodDisruptionBudget): void {
  const { name } = metadata
  const { disruptionsAllowed: allowed = 0, disruptedPods = {} } = status
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    throw usedUp(`The disruption budget ${name} is still being processed by the server.`, 10)
  }
  if (allowed < 0) throw forbidden(BUDGET, name, 'pdb disruptions allowed is negative')
  if (Object.keys(disruptedPods).length > MAX_DISRUPTED) {
    throw forbidden(BUDGET, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller')
  }
  if (allowed === 0) throw usedUp(whyNone(name, status), 0)
}

const BUDGET = { group: 'policy', resource: 'poddisruptionbudget' }
const ALLOWED = 'DisruptionAllowed'

function whyNone(name: string, status: PodDisruptionBudget['status']): string {
  const { desiredHealthy = 0, currentHealthy = 0, conditions = [] } = status
  const condition = conditions.find(({ type }) => type === ALLOWED)
  const refusal = condition?.status === 'False' && condition.message !== '' ? condition : undefined
  const begin = `The disruption budget ${name}`
  // What is said of how many are healthy holds only when the controller could count them.
  if (refusal?.reason === 'SyncFailed') {
    return `${begin} does not allow evicting pods currently because it failed sync: ${refusal.message}`
  }
  if (currentHealthy <= desiredHealthy) {
    return `${begin} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`
  }
  if (refusal) return `${begin} does not allow evicting pods currently (${refusal.reason}): ${refusal.message}`
  return `${begin} does not allow evicting pods currently`
}

function spend({ status }: PodDisruptionBudget, pod: string, now: string): void {
  status.disruptionsAllowed = (status.disruptionsAllowed ?? 0) - 1
  if (status.disruptionsAllowed === 0) status.conditions = withNoneAllowed(status, now)
  status.disruptedPods = { ...status.disruptedPods, [pod]: now }
}

/** Model: UpdateDisruptionAllowedCondition. */
function withNoneAllowed(
  { conditions = [], observedGeneration }: PodDisruptionBudget['status'],
  now: string,
): Condition[] {
  const old = conditions.find(({ type }) => type === ALLOWED)
  const made: Condition = {
    ...{ type: ALLOWED, reason: 'InsufficientPods', status: 'False', message: '' },
    ...(observedGeneration ? { observedGeneration } : {}),
    lastTransitionTime: old?.status === 'False' ? old.lastTransitionTime : now,
  }
  return old ? conditions.map((condition) => (condition === old ? made : condition)) : [...conditions, made]
}

function usedUp(message: string, retryAfterSeconds: number): StatusError {
  return new StatusError({
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    reason: 'TooManyRequests',
    details: { causes: [{ reason: 'DisruptionBudget', message }], ...(retryAfterSeconds ? { retryAfterSeconds } : {}) },
    code: 429,
  })
}
