// Follows definitions and serves what they make: accepts names, establishes, and on deletion empties and takes away.
// Model: the naming, establishing and finalizing controllers of k8s.io/apiextensions-apiserver.

import { setMaxListeners } from 'node:events'
import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import { type Clock, formatTime } from '../../machinery/clock.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { isReason } from '../../machinery/errors.ts'
import type { Logger } from '../../machinery/logger.ts'
import { sameJson } from '../../machinery/same-json.ts'
import type { ApiObject } from '../api-object.ts'
import { deleteCollection } from '../registry/delete-collection.ts'
import type { Registry, RequestContext } from '../registry/registry.ts'
import { keyOf, type Resource } from '../registry/resource.ts'
import { selectionOf } from '../registry/selection.ts'
import { update } from '../registry/update.ts'
import type { CacheEvent, WatchCache } from '../registry/watch-cache.ts'
import { CLEANUP_FINALIZER } from '../resources/extension/custom-resource-definition.ts'
import { MASTERS_GROUP } from '../user.ts'
import type { CallWebhook } from '../webhook-call.ts'
import { converterOf } from './convert.ts'
import { APPROVAL, isTrue, judgeApproval, judgeEstablished, judgeNames, withCondition } from './names.ts'
import { judgeSchemas, prefixOf, resourcesOf, storedResource } from './resources.ts'
import type { CustomRules } from './rules.ts'

type Definition = DeepReadonly<CustomResourceDefinition>

export interface CustomResourcesOptions {
  readonly registry: Registry
  readonly clock: Clock
  readonly log: Logger
  readonly call: CallWebhook
  /** Absent: rules in the Common Expression Language. */
  readonly rules?: CustomRules
}

/** What a definition is served as. */
interface Served {
  readonly spec: Definition['spec']
  readonly acceptedNames: unknown
  readonly prefix: string
  readonly ended: AbortController
  terminating: boolean
}

const ACTOR = { name: 'system:apiserver', groups: [MASTERS_GROUP] }
const RETRY_MS = 1000

export class CustomResources {
  readonly #options: CustomResourcesOptions
  readonly #registry: Registry
  readonly #resource: Resource
  readonly #cache: WatchCache
  readonly #served = new Map<string, Served>()
  readonly #waiting = new Set<string>()
  readonly #finalizing = new Set<string>()
  readonly #closed = new AbortController()
  readonly #cancels = new Set<() => void>()
  #working: Promise<void> | undefined

  private constructor(options: CustomResourcesOptions, resource: Resource, cache: WatchCache) {
    this.#options = options
    this.#registry = options.registry
    this.#resource = resource
    this.#cache = cache
  }

  /** Serves everything that is defined already, and follows definitions from there. */
  static async start(options: CustomResourcesOptions): Promise<CustomResources> {
    const resource = options.registry.resource('apiextensions.k8s.io', 'customresourcedefinitions')
    const cache = await options.registry.cache(resource)
    const started = new CustomResources(options, resource, cache)
    const { revision } = cache
    for (const definition of started.#definitions()) {
      started.#serve(definition)
      started.#add(definition.metadata.name)
    }
    started.#cancels.add(cache.follow(revision, (event) => started.#observe(event)))
    await started.#working
    return started
  }

  close(): void {
    this.#closed.abort()
    for (const cancel of this.#cancels) cancel()
    for (const { ended } of this.#served.values()) ended.abort()
  }

  #definitions(): Definition[] {
    return this.#cache.entriesUnder(this.#resource.prefix).map(({ object }) => object as unknown as Definition)
  }

  #find(name: string): Definition | undefined {
    return this.#cache.get(keyOf(this.#resource, '', name))?.object as unknown as Definition | undefined
  }

  /** Runs before the writer hears of its write: whoever was told that a definition is established can use it. */
  #observe({ type, entry }: CacheEvent): void {
    const definition = entry.object as unknown as Definition
    const { name } = definition.metadata
    if (type === 'DELETED') this.#takeAway(name)
    else this.#serve(definition)
    this.#add(name)
    // Names that one gives up are free for those of its group that wait for some.
    for (const other of this.#definitions()) {
      if (other.spec.group !== definition.spec.group || isTrue(other, 'NamesAccepted')) continue
      this.#add(other.metadata.name)
    }
  }

  #serve(definition: Definition): void {
    const { name } = definition.metadata
    if (!isTrue(definition, 'Established')) return
    const before = this.#served.get(name)
    // With its objects gone a definition that others hold on to serves as before.
    const terminating = isTrue(definition, 'Terminating')
    const { acceptedNames } = definition.status
    if (before && sameJson(before.spec, definition.spec) && sameJson(before.acceptedNames, acceptedNames)) {
      before.terminating = terminating
      return
    }
    const { call, rules, log } = this.#options
    const served: Served = {
      spec: definition.spec,
      acceptedNames,
      prefix: prefixOf(definition),
      ended: new AbortController(),
      terminating,
    }
    // One listener for each watch is meant, not a leak.
    setMaxListeners(0, served.ended.signal)
    try {
      const resources = resourcesOf(definition, {
        convert: converterOf(definition, { call, random: this.#registry.random }),
        rules,
        ended: served.ended.signal,
        terminating: () => served.terminating,
      })
      this.#served.set(name, served)
      this.#registry.serveCustom(name, resources)
    } catch (error) {
      // A definition that an older version let pass must not keep all others from being served.
      log.error('definition-not-served', { name, error })
    }
    before?.ended.abort()
  }

  #takeAway(name: string): void {
    const served = this.#served.get(name)
    if (!served) return
    this.#served.delete(name)
    this.#registry.serveCustom(name, [])
    served.ended.abort()
    this.#registry.dropCache(served.prefix).catch((error: unknown) => {
      this.#options.log.error('cache-not-dropped', { name, error })
    })
  }

  #add(name: string): void {
    this.#waiting.add(name)
    this.#working ??= this.#work()
  }

  async #work(): Promise<void> {
    // The cache changes before its listeners are all told: decide about what it then holds.
    await Promise.resolve()
    for (const name of this.#waiting) {
      this.#waiting.delete(name)
      if (this.#closed.signal.aborted) break
      try {
        await this.#reconcile(name)
      } catch (error) {
        if (this.#closed.signal.aborted) break
        this.#options.log.warn('definition-retried', { name, error })
        this.#later(name)
      }
    }
    this.#working = undefined
  }

  #later(name: string): void {
    const cancel = this.#options.clock.after(RETRY_MS, () => {
      this.#cancels.delete(cancel)
      this.#add(name)
    })
    this.#cancels.add(cancel)
  }

  async #reconcile(name: string): Promise<void> {
    const definition = this.#find(name)
    if (!definition) return
    if (definition.metadata.deletionTimestamp !== undefined) {
      if (!definition.metadata.finalizers?.includes(CLEANUP_FINALIZER) || this.#finalizing.has(name)) return
      this.#finalizing.add(name)
      void this.#finalize(definition).catch((error: unknown) => {
        this.#finalizing.delete(name)
        if (this.#closed.signal.aborted) return
        this.#options.log.warn('definition-not-removed', { name, error })
        this.#later(name)
      })
      return
    }
    const wanted = this.#judged(definition)
    if (sameJson(wanted, definition.status)) return
    await this.#write(name, (current) => ({ status: this.#judged(current) }))
  }

  #judged(definition: Definition): Definition['status'] {
    const others = this.#definitions().filter((other) => other.metadata.uid !== definition.metadata.uid)
    const { acceptedNames, namesAccepted } = judgeNames(definition, others)
    const { spec, status, metadata } = definition
    const now = formatTime(this.#options.clock.now())
    const before = status.conditions ?? []
    let conditions = withCondition(before, namesAccepted, now)
    conditions = withCondition(conditions, judgeEstablished(definition, namesAccepted.status === 'True'), now)
    const approval = judgeApproval(spec.group, metadata.annotations?.[APPROVAL])
    if (approval) conditions = withCondition(conditions, approval, now)
    const shape = judgeSchemas(definition)
    if (shape) conditions = withCondition(conditions, shape, now)
    else conditions = conditions.filter((c) => c.type !== 'NonStructuralSchema')
    const storage = spec.versions.find((v) => v.storage)?.name
    const stored = status.storedVersions ?? []
    const storedVersions = storage === undefined || stored.includes(storage) ? stored : [...stored, storage]
    return { ...status, conditions, acceptedNames, storedVersions }
  }

  /** Changes a definition as it is now. That it is gone is fine. */
  async #write(
    name: string,
    change: (current: Definition) => { status?: Definition['status']; finalizers?: string[] },
  ): Promise<void> {
    const wantsStatus = (made: { status?: unknown }) => made.status !== undefined
    const probe = this.#find(name)
    if (!probe) return
    const subresource = wantsStatus(change(probe)) ? 'status' : ''
    try {
      await update(
        this.#registry,
        this.#resource,
        {
          name,
          subresource,
          mayCreate: false,
          transform: (current) => {
            const object = structuredClone(current) as ApiObject
            const { status, finalizers } = change(current as unknown as Definition)
            delete object.metadata.resourceVersion
            if (status !== undefined) object.status = structuredClone(status)
            if (finalizers !== undefined) object.metadata.finalizers = finalizers
            return object
          },
        },
        this.#context(this.#resource),
      )
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error
    }
  }

  #context(resource: Resource): RequestContext {
    return {
      user: ACTOR,
      namespace: '',
      version: resource.storage,
      dryRun: false,
      fieldManager: 'kube-apiserver',
      fieldValidation: 'Ignore',
      // Nobody reads warnings about what the server itself writes.
      warn() {},
    }
  }

  async #terminating(name: string, status: string, reason: string, message: string): Promise<void> {
    const now = formatTime(this.#options.clock.now())
    await this.#write(name, (current) => ({
      status: {
        ...current.status,
        conditions: withCondition(
          current.status.conditions ?? [],
          { type: 'Terminating', status, reason, message },
          now,
        ),
      },
    }))
  }

  /** Deletes all objects, waits until their finalizers are done, and lets the definition go. */
  async #finalize(definition: Definition): Promise<void> {
    const { name } = definition.metadata
    await this.#terminating(name, 'True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress')
    const stored = storedResource(definition)
    if (stored && isTrue(definition, 'Established')) {
      try {
        await this.#deleteAll(stored)
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        await this.#terminating(name, 'True', 'InstanceDeletionFailed', `could not delete instances: ${why}`)
        throw error
      }
      await this.#whenEmpty(await this.#registry.cache(stored))
    }
    await this.#terminating(name, 'False', 'InstanceDeletionCompleted', 'removed all instances')
    await this.#write(name, ({ metadata }) => ({
      finalizers: (metadata.finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP_FINALIZER),
    }))
    this.#finalizing.delete(name)
  }

  async #deleteAll(stored: Resource): Promise<void> {
    const selection = selectionOf(stored, { labelSelector: undefined, fieldSelector: undefined })
    const query = { namespace: '', selection, limit: 0, continue: '', resourceVersion: '', resourceVersionMatch: '' }
    await deleteCollection(this.#registry, stored, query, {}, this.#context(stored))
  }

  #whenEmpty(cache: WatchCache): Promise<void> {
    if (cache.size === 0) return Promise.resolve()
    const { signal } = this.#closed
    return new Promise((resolve, reject) => {
      const stop = cache.follow(cache.revision, () => {
        if (cache.size > 0) return
        end()
        resolve()
      })
      const closed = () => {
        end()
        reject(signal.reason)
      }
      const end = () => {
        stop()
        signal.removeEventListener('abort', closed)
      }
      signal.addEventListener('abort', closed, { once: true })
      if (signal.aborted) closed()
    })
  }
}
