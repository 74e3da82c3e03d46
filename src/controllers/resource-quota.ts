// Counts what the objects of each namespace use up of its ResourceQuotas. Admission charges what is made; this gives
// back what goes, and puts right what was charged in vain.

import type { ResourceQuota } from '../api/generated/core-v1.ts'
import { customresourcedefinitions as definitionsRef, resourcequotas as quotasRef } from '../api/generated/resources.ts'
import { groupResourceOf } from '../api/resource-ref.ts'
import type { KubeObject } from '../client/client.ts'
import type { Controller } from '../client/controller.ts'
import { type Informer, keyOf } from '../client/informer.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import { type QuotaEvaluator, quotaEvaluator, resourceCountedBy } from '../machinery/quota/evaluators.ts'
import {
  addLists,
  exceededNames,
  maskList,
  namesBySign,
  type ResourceList,
  sameLists,
  subtractLists,
} from '../machinery/quota/resource-list.ts'
import { scopesOf } from '../machinery/quota/scopes.ts'
import { type AnyRef, customResource, servedResource } from './support/api-resources.ts'

type Quota = DeepReadonly<ResourceQuota>
type ReadObject = DeepReadonly<KubeObject>

const RESYNC_MS = 5 * 60_000
/** What was charged is stored, and known here, after this long: sooner, giving back could count it as not there. */
const SETTLE_MS = 100
const MAX_DEFERRALS = 20
const CONFLICT_MS = 20

/** One resource that some quota limits, and all its objects. */
interface Monitor {
  readonly evaluator: QuotaEvaluator
  readonly informer: Informer<KubeObject>
}

/** The usage of every name in `hard` that one of the resources counts; names that nobody counts are left out. */
export function countUsage(
  spec: DeepReadonly<ResourceQuota['spec']>,
  counted: readonly { readonly evaluator: QuotaEvaluator; readonly objects: readonly unknown[] }[],
  now: number,
): Record<string, string> {
  const scopes = scopesOf(spec)
  let used: Record<string, string> = {}
  for (const { evaluator, objects } of counted) {
    const names = Object.keys(spec.hard ?? {}).filter((name) => evaluator.matches(name))
    let sum: Record<string, string> = Object.fromEntries(names.map((name) => [name, '0']))
    for (const object of objects) {
      if (!scopes.every((scope) => evaluator.inScope(object, scope))) continue
      sum = addLists(sum, maskList(evaluator.usage(object, now), names))
    }
    used = { ...used, ...sum }
  }
  return used
}

/** Whether an object uses up less than it did. */
function gaveBack(evaluator: QuotaEvaluator, before: ReadObject, after: ReadObject, now: number): boolean {
  const difference = subtractLists(evaluator.usage(before, now), evaluator.usage(after, now))
  return namesBySign(difference, (sign) => sign > 0).length > 0
}

export const resourceQuotaController: Controller = {
  name: 'resourcequota-controller',
  setup({ client, informers, clock }, queue, signal) {
    const quotas = informers.informer(quotasRef)
    const definitions = informers.informer(definitionsRef)
    const monitors = new Map<string, Promise<Monitor | undefined>>()
    /** When each quota was last charged, and how often its count was put off for that. */
    const charged = new Map<string, { at: number; deferrals: number }>()

    quotas.subscribe({
      add: (quota) => queue.add(keyOf(quota)),
      update(previous, quota) {
        if (!sameLists(previous.spec.hard ?? {}, quota.spec.hard ?? {})) queue.add(keyOf(quota))
        if (exceededNames(quota.status.used ?? {}, previous.status.used ?? {}).length > 0) {
          const deferrals = charged.get(keyOf(quota))?.deferrals ?? 0
          charged.set(keyOf(quota), { at: clock.now(), deferrals })
        }
      },
      delete: (quota) => charged.delete(keyOf(quota)),
    })

    const resync = () => {
      for (const quota of quotas.list()) queue.add(keyOf(quota))
      cancel = clock.after(RESYNC_MS, resync)
    }
    let cancel = clock.after(RESYNC_MS, resync)
    signal.addEventListener('abort', () => cancel(), { once: true })

    /** The monitor of a resource, started when the first quota names it. Undefined when there is no such resource. */
    function monitorOf(groupResource: string): Promise<Monitor | undefined> {
      let monitor = monitors.get(groupResource)
      if (!monitor) {
        monitor = startMonitor(groupResource)
        monitors.set(groupResource, monitor)
        // A custom resource may come later, a server may fail once: then the next count looks again.
        monitor.then(
          (found) => found ?? monitors.delete(groupResource),
          () => monitors.delete(groupResource),
        )
      }
      return monitor
    }

    async function startMonitor(groupResource: string): Promise<Monitor | undefined> {
      const ref = (await servedResource(client, groupResource)) ?? customRef(groupResource)
      const evaluator = ref?.namespaced ? quotaEvaluator(ref) : undefined
      if (!ref || !evaluator) return undefined
      const informer = informers.informer(ref)
      const wake = (object: ReadObject) => {
        for (const quota of quotas.list(object.metadata.namespace ?? '')) {
          if (Object.keys(quota.spec.hard ?? {}).some((name) => evaluator.matches(name))) queue.add(keyOf(quota))
        }
      }
      informer.subscribe({
        update(previous, object) {
          if (gaveBack(evaluator, previous, object, clock.now())) wake(object)
        },
        delete: wake,
      })
      await informer.waitForSync()
      return { evaluator, informer }
    }

    function customRef(groupResource: string): AnyRef | undefined {
      return definitions
        .list()
        .map(customResource)
        .find((ref) => ref && groupResourceOf(ref) === groupResource)
    }

    async function countOf(quota: Quota): Promise<ResourceList> {
      const names = Object.keys(quota.spec.hard ?? {})
      const resources = new Set(names.map(resourceCountedBy).filter((id) => id !== undefined))
      const found = await Promise.all([...resources].map(monitorOf))
      const counted = found
        .filter((monitor) => monitor !== undefined)
        .map(({ evaluator, informer }) => ({ evaluator, objects: informer.list(quota.metadata.namespace) }))
      return countUsage(quota.spec, counted, clock.now())
    }

    /** True when a charge is so recent that its object may not be known yet; the quota is then counted later. */
    function tooSoon(key: string): boolean {
      const last = charged.get(key)
      if (!last) return false
      const left = last.at + SETTLE_MS - clock.now()
      if (left <= 0 || last.deferrals >= MAX_DEFERRALS) {
        charged.delete(key)
        return false
      }
      charged.set(key, { at: last.at, deferrals: last.deferrals + 1 })
      queue.addAfter(key, left)
      return true
    }

    return {
      workers: 5,
      async reconcile(key) {
        const first = quotas.get(key)
        if (!first || tooSoon(key)) return
        const counted = await countOf(first)
        // Counting may have had to wait for a first list: the quota's own numbers are those of now.
        const quota = quotas.get(key)
        if (!quota || !sameLists(quota.spec.hard ?? {}, first.spec.hard ?? {})) return queue.add(key)
        const hard = { ...quota.spec.hard }
        const used = maskList({ ...quota.status.used, ...counted }, Object.keys(hard))
        if (
          quota.status.used &&
          quota.status.hard &&
          sameLists(quota.status.hard, hard) &&
          sameLists(quota.status.used, used)
        ) {
          return
        }
        try {
          await client.update(quotasRef, { ...quota, status: { hard, used } }, { subresource: 'status' })
        } catch (error) {
          if (isReason(error, 'NotFound')) return
          if (!isReason(error, 'Conflict')) throw error
          queue.addAfter(key, CONFLICT_MS)
        }
      },
    }
  },
}
