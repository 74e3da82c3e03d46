// Lists a resource once, then follows it by watch: a local read-only copy plus notifications.
// Behaviour follows client-go's Reflector: relist on 410, resume on a dropped watch, back off on errors.

import { setMaxListeners } from 'node:events'
import { groupResourceOf, type ResourceRef } from '../api/resource-ref.ts'
import type { Clock } from '../machinery/clock.ts'
import { pause } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import type { Logger } from '../machinery/logger.ts'
import type { Client, KubeObject } from './client.ts'

/** What a subscriber is told. Handlers run synchronously and must not throw. */
export interface InformerHandler<T> {
  add?(object: DeepReadonly<T>): void
  update?(previous: DeepReadonly<T>, object: DeepReadonly<T>): void
  delete?(object: DeepReadonly<T>): void
}

/** Read access to an informer's copy. Keys are `namespace/name`, or `name` for cluster-wide resources. */
export interface Lister<T> {
  get(key: string): DeepReadonly<T> | undefined
  list(namespace?: string): DeepReadonly<T>[]
  /** The objects whose value under a named index (see `InformerOptions.indexes`) is `value`. */
  by(index: string, value: string): DeepReadonly<T>[]
}

export interface InformerOptions<T> {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Named indexes: each gives the values under which an object is found. */
  readonly indexes?: Record<string, (object: DeepReadonly<T>) => readonly string[]>
}

export interface InformerEnv {
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
}

/** `namespace/name`, or `name` for cluster-wide objects. */
export function keyOf(object: { metadata: { name: string; namespace?: string } }): string {
  const { namespace, name } = object.metadata
  return namespace ? `${namespace}/${name}` : name
}

/** Takes a key apart again. */
export function splitKey(key: string): { namespace?: string; name: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

const MIN_BACKOFF_MS = 200
const MAX_BACKOFF_MS = 30_000

/** One shared watch of one resource. Made through an InformerFactory. */
export class Informer<T extends KubeObject> implements Lister<T> {
  readonly ref: ResourceRef<T>
  readonly #env: InformerEnv
  readonly #options: InformerOptions<T>
  readonly #items = new Map<string, DeepReadonly<T>>()
  readonly #indexers = new Map<string, (object: DeepReadonly<T>) => readonly string[]>()
  readonly #indexes = new Map<string, Map<string, Set<string>>>()
  readonly #byNamespace = new Map<string, Set<string>>()
  readonly #handlers: InformerHandler<T>[] = []
  #synced = false
  #resolveSynced: () => void = () => {}
  readonly #syncedPromise = new Promise<void>((resolve) => {
    this.#resolveSynced = resolve
  })
  #running: Promise<void> | undefined

  constructor(env: InformerEnv, ref: ResourceRef<T>, options: InformerOptions<T> = {}) {
    this.#env = env
    this.ref = ref
    this.#options = options
    for (const [name, valuesOf] of Object.entries(options.indexes ?? {})) this.addIndex(name, valuesOf)
  }

  get synced(): boolean {
    return this.#synced
  }

  /** Resolves after the first complete list has been delivered. */
  waitForSync(): Promise<void> {
    return this.#syncedPromise
  }

  /** Subscribes; objects already known are delivered as `add` at once. */
  subscribe(handler: InformerHandler<T>): void {
    this.#handlers.push(handler)
    for (const object of this.#items.values()) handler.add?.(object)
  }

  get(key: string): DeepReadonly<T> | undefined {
    return this.#items.get(key)
  }

  list(namespace?: string): DeepReadonly<T>[] {
    if (namespace === undefined) return [...this.#items.values()]
    return this.#lookUp(this.#byNamespace, namespace)
  }

  by(index: string, value: string): DeepReadonly<T>[] {
    const values = this.#indexes.get(index)
    if (!values) throw new Error(`cannot look up ${groupResourceOf(this.ref)}: no index ${JSON.stringify(index)}`)
    return this.#lookUp(values, value)
  }

  #lookUp(values: ReadonlyMap<string, ReadonlySet<string>>, value: string): DeepReadonly<T>[] {
    const found: DeepReadonly<T>[] = []
    for (const key of values.get(value) ?? []) {
      const object = this.#items.get(key)
      if (object) found.push(object)
    }
    return found
  }

  /** Adds a named index to this informer; adding the same name again changes nothing. */
  addIndex(name: string, valuesOf: (object: DeepReadonly<T>) => readonly string[]): void {
    if (this.#indexes.has(name)) return
    this.#indexers.set(name, valuesOf)
    this.#indexes.set(name, new Map())
    for (const [key, object] of this.#items) this.#indexUnder(name, valuesOf, key, object)
  }

  /** Runs until the signal aborts. Calling it again returns the same run. */
  run(signal: AbortSignal): Promise<void> {
    this.#running ??= this.#run(signal)
    return this.#running
  }

  async #run(signal: AbortSignal): Promise<void> {
    let backoff = MIN_BACKOFF_MS
    let version: string | undefined
    while (!signal.aborted) {
      try {
        const startedAt = this.#env.clock.now()
        version ??= await this.#relist()
        for await (const event of this.#env.client.watch(this.ref, {
          ...this.#selection(),
          resourceVersion: version,
          signal,
        })) {
          backoff = MIN_BACKOFF_MS
          if (event.type === 'BOOKMARK') {
            version = event.resourceVersion
            continue
          }
          version = event.object.metadata.resourceVersion
          this.#apply(event.type, event.object)
        }
        // A server that closes watches at once must not be asked in a tight loop.
        if (!signal.aborted && this.#env.clock.now() - startedAt < MIN_BACKOFF_MS) {
          await pause(this.#env.clock, MIN_BACKOFF_MS, { signal })
        }
      } catch (error) {
        if (signal.aborted) return
        if (version !== undefined && (isReason(error, 'Expired') || isReason(error, 'Gone'))) {
          version = undefined
          continue
        }
        this.#env.log.warn('informer-error', { resource: groupResourceOf(this.ref), error })
        version = undefined
        await pause(this.#env.clock, backoff, { signal })
        backoff = Math.min(backoff * 2, MAX_BACKOFF_MS)
      }
    }
  }

  #selection() {
    const { namespace, labelSelector, fieldSelector } = this.#options
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    }
  }

  async #relist(): Promise<string> {
    const list = await this.#env.client.list(this.ref, this.#selection())
    const gone = new Set(this.#items.keys())
    for (const object of list.items) {
      gone.delete(keyOf(object))
      this.#apply('MODIFIED', object)
    }
    for (const key of gone) {
      const object = this.#items.get(key)
      if (object) this.#apply('DELETED', object)
    }
    this.#synced = true
    this.#resolveSynced()
    return list.resourceVersion
  }

  #apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: DeepReadonly<T>): void {
    const key = keyOf(object)
    const previous = this.#items.get(key)
    if (previous) this.#unindex(key, previous)
    if (type === 'DELETED') {
      this.#items.delete(key)
      if (previous) for (const h of this.#handlers) h.delete?.(object)
      return
    }
    this.#items.set(key, object)
    this.#index(key, object)
    if (!previous) {
      for (const h of this.#handlers) h.add?.(object)
    } else if (previous.metadata.resourceVersion !== object.metadata.resourceVersion) {
      for (const h of this.#handlers) h.update?.(previous, object)
    }
  }

  #index(key: string, object: DeepReadonly<T>): void {
    addTo(this.#byNamespace, object.metadata.namespace ?? '', key)
    for (const [name, valuesOf] of this.#indexers) this.#indexUnder(name, valuesOf, key, object)
  }

  #indexUnder(
    name: string,
    valuesOf: (object: DeepReadonly<T>) => readonly string[],
    key: string,
    object: DeepReadonly<T>,
  ): void {
    const index = this.#indexes.get(name)
    if (index) for (const value of valuesOf(object)) addTo(index, value, key)
  }

  #unindex(key: string, object: DeepReadonly<T>): void {
    removeFrom(this.#byNamespace, object.metadata.namespace ?? '', key)
    for (const [name, valuesOf] of this.#indexers) {
      const index = this.#indexes.get(name)
      if (index) for (const value of valuesOf(object)) removeFrom(index, value, key)
    }
  }
}

function addTo(index: Map<string, Set<string>>, value: string, key: string): void {
  const keys = index.get(value)
  if (keys) keys.add(key)
  else index.set(value, new Set([key]))
}

function removeFrom(index: Map<string, Set<string>>, value: string, key: string): void {
  const keys = index.get(value)
  keys?.delete(key)
  if (keys?.size === 0) index.delete(value)
}

/** Hands out one shared informer per resource (without selectors or own indexes), started together. */
export class InformerFactory {
  readonly env: InformerEnv
  readonly #shared = new Map<string, Informer<KubeObject>>()
  readonly #all: Informer<KubeObject>[] = []
  #signal: AbortSignal | undefined

  constructor(env: InformerEnv) {
    this.env = env
  }

  /** The shared informer of a resource. */
  informer<T extends KubeObject>(ref: ResourceRef<T>): Informer<T> {
    const id = `${ref.group}/${ref.version}/${ref.resource}`
    const found = this.#shared.get(id)
    if (found) return found as unknown as Informer<T>
    const made = this.dedicated(ref, {})
    this.#shared.set(id, made as unknown as Informer<KubeObject>)
    return made
  }

  /** An informer with its own selection or indexes, not shared. */
  dedicated<T extends KubeObject>(ref: ResourceRef<T>, options: InformerOptions<T>): Informer<T> {
    const made = new Informer<T>(this.env, ref, options)
    this.#all.push(made as unknown as Informer<KubeObject>)
    if (this.#signal) void made.run(this.#signal)
    return made
  }

  /** Starts all informers, those made later too. */
  start(signal: AbortSignal): void {
    // One listener per watch is meant, not a leak.
    setMaxListeners(0, signal)
    this.#signal = signal
    for (const informer of this.#all) void informer.run(signal)
  }

  /** Resolves when every informer made so far has delivered its first list. */
  async waitForSync(): Promise<void> {
    await Promise.all(this.#all.map((i) => i.waitForSync()))
  }
}
