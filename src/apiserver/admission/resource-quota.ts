// ResourceQuota: refuses what would exceed a quota of its namespace, and charges what it lets pass.
// Spec: https://kubernetes.io/docs/concepts/policy/resource-quotas/

import type { ResourceQuota } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { conflict, forbidden, isReason, type StatusError } from '../../machinery/errors.ts'
import { type QuotaEvaluator, quotaEvaluator } from '../../machinery/quota/evaluators.ts'
import {
  addLists,
  exceededNames,
  formatList,
  maskList,
  namesBySign,
  type ResourceList,
  sameLists,
  subtractLists,
} from '../../machinery/quota/resource-list.ts'
import { scopesOf } from '../../machinery/quota/scopes.ts'
import type { ApiObject } from '../api-object.ts'
import type { Registry } from '../registry/registry.ts'
import { keyOf, listPrefix, type Resource } from '../registry/resource.ts'
import { update } from '../registry/update.ts'
import { MASTERS_GROUP } from '../user.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { type LimitedResource, requireCover } from './resource-quota-limits.ts'

type Quota = DeepReadonly<ResourceQuota>

/** A request that waits for its turn at the quotas of its namespace. */
interface Waiter {
  readonly attributes: AdmissionAttributes
  readonly evaluator: QuotaEvaluator
  resolve(): void
  reject(error: unknown): void
}

/** The controller writes the same quotas: of all that meet at one, some writer wins each round. */
const MAX_ROUNDS = 50
const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again'
const ACTOR = { name: 'system:apiserver', groups: [MASTERS_GROUP] }

/**
 * Requests of one namespace are judged together, one batch after another: what a batch uses up is written to the
 * quotas at once, guarded by their versions, so that no number of writers in any number of servers gets past a limit.
 */
export function resourceQuota(registry: Registry, limited: readonly LimitedResource[] = []): AdmissionPlugin {
  const quotas = registry.resource('', 'resourcequotas')
  const queues = new Map<string, Waiter[]>()

  async function quotasIn(namespace: string): Promise<readonly Quota[]> {
    const cache = registry.openCache(quotas) ?? (await registry.cache(quotas))
    return [...cache.entriesUnder(listPrefix(quotas, namespace))].map(({ object }) => object as unknown as Quota)
  }

  function wait(attributes: AdmissionAttributes, evaluator: QuotaEvaluator): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = { attributes, evaluator, resolve, reject }
      const queue = queues.get(attributes.namespace)
      if (queue) {
        queue.push(waiter)
        return
      }
      queues.set(attributes.namespace, [waiter])
      void work(attributes.namespace)
    })
  }

  async function work(namespace: string): Promise<void> {
    for (;;) {
      const batch = queues.get(namespace)?.splice(0) ?? []
      if (batch.length === 0) break
      try {
        await judge(namespace, batch)
      } catch (error) {
        for (const waiter of batch) waiter.reject(error)
      }
    }
    queues.delete(namespace)
  }

  async function judge(namespace: string, batch: readonly Waiter[]): Promise<void> {
    let waiting = batch
    // After a first round only the quotas that someone else wrote meanwhile are left to charge.
    let left: ReadonlySet<string> | undefined
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      const current = (await quotasIn(namespace)).filter((quota) => !left || left.has(quota.metadata.name))
      const used = new Map(current.map((quota) => [quota.metadata.name, quota.status.used ?? {}]))
      waiting = waiting.filter((waiter) => settle(waiter, current, used))
      left = await writeUsed(namespace, current, used)
      if (left.size === 0) {
        for (const waiter of waiting) waiter.resolve()
        return
      }
    }
    for (const waiter of waiting) {
      waiter.reject(conflict(quotas, [...(left ?? [])].join(','), MODIFIED))
    }
  }

  /** Judges one request by the numbers so far and adds its own. False when it was refused. */
  function settle(waiter: Waiter, current: readonly Quota[], used: Map<string, ResourceList>): boolean {
    try {
      const next = charge(waiter, limited, current, used, registry.clock.now())
      if (!waiter.attributes.dryRun) for (const [name, list] of next) used.set(name, list)
      return true
    } catch (error) {
      waiter.reject(error)
      return false
    }
  }

  /** Gives the names of the quotas that someone else wrote in between. */
  async function writeUsed(
    namespace: string,
    current: readonly Quota[],
    used: ReadonlyMap<string, ResourceList>,
  ): Promise<ReadonlySet<string>> {
    const missed = new Set<string>()
    for (const quota of current) {
      const { name } = quota.metadata
      const list = used.get(name) ?? {}
      if (sameLists(list, quota.status.used ?? {})) continue
      try {
        await update(
          registry,
          quotas,
          {
            name,
            subresource: 'status',
            mayCreate: false,
            // Changes of anything but its numbers do not matter.
            transform(now) {
              const { hard = {}, used: before = {} } = (now as unknown as Quota).status
              if (!sameLists(before, quota.status.used ?? {}) || !sameLists(hard, quota.status.hard ?? {})) {
                throw conflict(quotas, name, MODIFIED)
              }
              const object = structuredClone(now) as ApiObject
              delete object.metadata.resourceVersion
              object.status = { ...(object.status as object), used: list }
              return object
            },
          },
          systemContext(quotas, namespace),
        )
      } catch (error) {
        // A quota that is gone limits nothing.
        if (isReason(error, 'NotFound')) continue
        if (!isReason(error, 'Conflict')) throw error
        missed.add(name)
      }
    }
    return missed
  }

  return {
    name: 'ResourceQuota',
    async validate(attributes) {
      const { operation, resource, subresource, namespace, object } = attributes
      if (!object || namespace === '' || !resource.namespaced) return
      if (operation !== 'UPDATE' && (operation !== 'CREATE' || subresource !== '')) return
      const evaluator = quotaEvaluator(resource)
      if (!evaluator || (operation === 'UPDATE' && !evaluator.changesOn(subresource))) return
      const found = await quotasIn(namespace)
      if (found.length === 0 && limited.length === 0) return
      // What exists already is not created, and must not be charged again.
      if (
        operation === 'CREATE' &&
        registry.openCache(resource)?.get(keyOf(resource, namespace, object.metadata.name ?? ''))
      ) {
        return
      }
      await wait(attributes, evaluator)
    },
  }
}

function systemContext(resource: Resource, namespace: string) {
  return {
    user: ACTOR,
    namespace,
    version: resource.storage,
    dryRun: false,
    fieldManager: 'kube-apiserver',
    fieldValidation: 'Ignore',
    // Nobody reads warnings about what the server itself writes.
    warn() {},
  } as const
}

/** What the quotas' usage becomes with this request. Throws Forbidden when one of them does not allow it. */
function charge(
  { attributes, evaluator }: Pick<Waiter, 'attributes' | 'evaluator'>,
  limitedByDefault: readonly LimitedResource[],
  quotas: readonly Quota[],
  used: ReadonlyMap<string, ResourceList>,
  now: number,
): ReadonlyMap<string, ResourceList> {
  const { resource, object, old } = attributes
  const refuse = (why: string): StatusError => forbidden(resource, object?.metadata.name ?? attributes.name, why)
  const concerned = quotas.filter((quota) => {
    const names = Object.keys(quota.status.hard ?? {})
    return names.some((name) => evaluator.matches(name)) && inAllScopes(evaluator, quota, object)
  })
  for (const quota of concerned) {
    const { name } = quota.metadata
    const limited = Object.keys(quota.status.hard ?? {}).filter((n) => evaluator.matches(n))
    const omitted = evaluator.omissions(object, limited)
    if (omitted !== undefined) throw refuse(`failed quota: ${name}: ${omitted}`)
    const unknown = limited.filter((n) => used.get(name)?.[n] === undefined)
    if (unknown.length > 0) {
      throw refuse(`status unknown for quota: ${name}, resources: ${unknown.sort().join(',')}`)
    }
  }
  const delta = deltaOf(evaluator, object, old, now)
  if (limitedByDefault.length > 0 && Object.keys(delta).length > 0) {
    const name = object?.metadata.name ?? attributes.name
    const names = concerned.flatMap((quota) => Object.keys(quota.status.hard ?? {}).filter((n) => evaluator.matches(n)))
    const scopes = quotas.flatMap(({ spec }) => scopesOf(spec).filter((scope) => evaluator.inScope(object, scope)))
    requireCover(
      { limited: limitedByDefault, evaluator },
      { resource, name, object, usage: evaluator.usage(object, now) },
      { names: new Set(names), scopes: new Set(scopes.map(({ scopeName }) => scopeName)) },
    )
  }
  const next = new Map<string, ResourceList>()
  for (const quota of concerned) {
    const { name } = quota.metadata
    const hard = quota.status.hard ?? {}
    const before = used.get(name) ?? {}
    const requested = maskList(delta, Object.keys(hard))
    const after = addLists(before, requested)
    // Giving something back is always allowed.
    const grown = namesBySign(requested, (sign) => sign > 0)
    const exceeded = exceededNames(maskList(after, grown), hard)
    if (exceeded.length > 0) {
      const of = (list: ResourceList) => formatList(maskList(list, exceeded))
      throw refuse(`exceeded quota: ${name}, requested: ${of(requested)}, used: ${of(before)}, limited: ${of(hard)}`)
    }
    next.set(name, after)
  }
  return next
}

function inAllScopes(evaluator: QuotaEvaluator, quota: Quota, object: unknown): boolean {
  return scopesOf(quota.spec).every((scope) => evaluator.inScope(object, scope))
}

function deltaOf(evaluator: QuotaEvaluator, object: unknown, old: unknown, now: number): ResourceList {
  const usage = evaluator.usage(object, now)
  const delta = old === undefined ? usage : subtractLists(usage, evaluator.usage(old, now))
  return maskList(
    delta,
    namesBySign(delta, (sign) => sign !== 0),
  )
}
