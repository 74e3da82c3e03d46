// Everything the generic operations share: the resources, their caches, the store, admission, clock.

import { currentResources } from '../../api/schema.ts'
import type { Clock } from '../../machinery/clock.ts'
import { deepFreeze } from '../../machinery/deep-readonly.ts'
import { notFound } from '../../machinery/errors.ts'
import type { Random } from '../../machinery/random.ts'
import type { Store } from '../../store/store.ts'
import type { AdmissionPlugin } from '../admission/admission.ts'
import type { RemoteVersion } from '../aggregation/remote-discovery.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import { encryptedStore } from '../encryption/encrypted-store.ts'
import type { ResourceRule } from '../encryption/encryption-configuration.ts'
import type { CipherOfPlugin } from '../encryption/providers.ts'
import type { Transformer } from '../encryption/transformer.ts'
import { transformerOfKey } from '../encryption/transformer-of-key.ts'
import type { CustomType } from '../resource-definition.ts'
import type { UserInfo } from '../user.ts'
import { type Entry, encodeForStore, makeEntry } from './entry.ts'
import { completeObject, keyOf, type Resource, type ServedVersion } from './resource.ts'
import { shown } from './view.ts'
import { WatchCache } from './watch-cache.ts'

/** What one request says beside the object. */
export interface RequestContext {
  readonly user: UserInfo
  /** Empty for cluster-wide resources and for lists over all namespaces. */
  readonly namespace: string
  readonly version: ServedVersion
  readonly dryRun: boolean
  readonly fieldManager: string
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict'
  /** What the body says twice, in the words of its warnings. */
  readonly duplicateFields?: readonly string[]
  /** Throws Forbidden when the user may not create the object that the request is about. */
  mayCreate?(): Promise<void>
  /** Collects a warning for the client. */
  warn(message: string): void
  /**
   * Adds to what the audit log says about the request; absent where nothing is logged. `bodies`: only where the log has
   * what was sent, too.
   */
  annotate?(key: string, value: string, bodies?: boolean): void
  /** Told what was sent, of the storage version, as soon as it is read; it must leave it alone. */
  decoded?(object: ApiObject, version: ServedVersion): void
  /** Told how long others were waited for, whose slowness is not this server's. */
  waited?(ms: number): void
}

/** Hands out something scarce (addresses, ports) around the write of an object. */
export interface Allocator {
  readonly group: string
  readonly resource: string
  /**
   * Reserves what `object` needs and fills it in; may throw a StatusError. `rollback` undoes the reservation when
   * the write fails; `commit` frees what `old` no longer uses.
   */
  reserve(object: ApiObject, old: StoredObject | undefined, dryRun: boolean): Promise<Reservation>
  /** The object is gone. */
  release(old: StoredObject): Promise<void>
}

export interface Reservation {
  /** Called in the very turn in which the object is written: what is written here goes to the store together with it. */
  begin(): void
  commit(): Promise<void>
  rollback(): void
}

export interface RegistryOptions {
  readonly store: Store
  readonly resources: readonly Resource[]
  readonly clock: Clock
  readonly random: Random
  /** Freeze stored objects, so that a component that edits a shared one is found out. For tests: it costs time. */
  readonly freeze: boolean
  /** Resources whose values are encrypted in the store. */
  readonly encryption?: readonly ResourceRule[]
  /** The KMS plugins that those name. */
  readonly cipherOfPlugin?: CipherOfPlugin
  /** Lets somebody watch how the values of a resource are transformed. */
  readonly observeTransformer?: (transformer: Transformer, resource: string) => Transformer
  /** Which built-in versions are served; absent: all that are in good standing. */
  readonly serves?: (group: string, version: string, resource: string) => boolean
}

export class Registry {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  /** Set once at start, in order. */
  admission: readonly AdmissionPlugin[] = []
  allocators: readonly Allocator[] = []
  /** Resources that are worked out at every read instead of stored. */
  readonly computed = new Map<Resource, () => Promise<readonly StoredObject[]>>()
  /** Whether the value of a key is kept in a form that is no longer the one for it: any write makes it anew. */
  readonly isStale: (key: string) => Promise<boolean>
  /** Encrypts otherwise from here on, where anything was encrypted from the start. */
  readonly replaceEncryption: (rules: readonly ResourceRule[], cipherOf?: CipherOfPlugin) => void
  /** Versions that other servers serve. */
  remotes: () => readonly RemoteVersion[] = () => []
  /** Whether a built-in resource is served under a version, be it stored or only answered. */
  readonly serves: (group: string, version: string, resource: string) => boolean
  readonly #byName = new Map<string, Resource>()
  readonly #byPath = new Map<string, { resource: Resource; version: ServedVersion }>()
  /** Caches by key prefix: the versions of a custom resource share one. */
  readonly #caches = new Map<string, WatchCache>()
  readonly #opening = new Map<string, Promise<WatchCache>>()
  readonly #builtIn: readonly Resource[]
  /** Resources that definitions make, by the definition's name. */
  readonly #custom = new Map<string, readonly Resource[]>()
  #resources: readonly Resource[]
  #changes = 0
  readonly #freeze: (object: StoredObject) => StoredObject

  constructor(options: RegistryOptions) {
    const { store, encryption, resources, observeTransformer } = options
    const transformer = (rules: readonly ResourceRule[], cipherOf?: CipherOfPlugin) =>
      transformerOfKey(resources, rules, { observe: observeTransformer, cipherOf })
    const kept = encryption && encryptedStore(store, transformer(encryption, options.cipherOfPlugin))
    this.store = kept?.store ?? store
    this.isStale = async (key) => (await kept?.isStale(key)) ?? false
    this.replaceEncryption = (rules, cipherOf) => kept?.replace(transformer(rules, cipherOf))
    this.serves = options.serves ?? (() => true)
    this.clock = options.clock
    this.random = options.random
    this.#builtIn = options.resources
    this.#resources = options.resources
    this.#freeze = options.freeze ? (object) => deepFreeze(object) as StoredObject : (object) => object
    for (const resource of options.resources) {
      this.#byName.set(`${resource.group}/${resource.resource}`, resource)
      this.#addPaths(resource)
    }
  }

  #addPaths(resource: Resource): void {
    for (const version of resource.versions) {
      this.#byPath.set(`${version.group}/${version.version}/${resource.resource}`, { resource, version })
    }
  }

  /** Everything that is served now. */
  get resources(): readonly Resource[] {
    return this.#resources
  }

  /** Whether there are kinds in a group that no definition makes, be they stored or only answered. */
  hasBuiltIn(group: string): boolean {
    const among = (resources: readonly { group: string; version: string; resource: string }[]) =>
      resources.some((found) => found.group === group && this.serves(group, found.version, found.resource))
    return (
      this.#builtIn.some((found) => found.versions.some((version) => version.group === group)) ||
      among(currentResources)
    )
  }

  /** Grows whenever other resources are served than before. */
  get changes(): number {
    return this.#changes
  }

  /** Serves these resources for a definition, in place of those it had before. */
  serveCustom(definition: string, resources: readonly Resource[]): void {
    for (const resource of this.#custom.get(definition) ?? []) {
      for (const { group, version } of resource.versions)
        this.#byPath.delete(`${group}/${version}/${resource.resource}`)
    }
    if (resources.length === 0) this.#custom.delete(definition)
    else this.#custom.set(definition, resources)
    for (const resource of resources) this.#addPaths(resource)
    this.#resources = [...this.#builtIn, ...[...this.#custom.values()].flat()]
    this.#changes += 1
  }

  /** Forgets the objects under a key prefix whose resource is gone. */
  async dropCache(prefix: string): Promise<void> {
    const opening = this.#opening.get(prefix)
    // At once, so that a resource that comes back under the same prefix gets a cache of its own.
    this.#opening.delete(prefix)
    this.#caches.delete(prefix)
    const cache = await opening
    cache?.close()
  }

  /** The resource served under a group, version and plural; undefined when none is. */
  served(group: string, version: string, resource: string): { resource: Resource; version: ServedVersion } | undefined {
    return this.#byPath.get(`${group}/${version}/${resource}`)
  }

  /** The kinds of a group and version that have schemas of their own. */
  readonly customTypes = (group: string, version: string): CustomType[] =>
    this.resources.flatMap(({ resource, versions }) =>
      versions.flatMap(({ group: own, version: name, kind, schema }) =>
        own === group && name === version && schema ? [{ resource, kind, schema }] : [],
      ),
    )

  /** A resource by group and plural. Throws when it is not served: callers name built-in resources. */
  resource(group: string, resource: string): Resource {
    const found = this.#byName.get(`${group}/${resource}`)
    if (!found) throw new Error(`no resource ${resource} in group ${JSON.stringify(group)} is served`)
    return found
  }

  /** The resource's cache when it is open already. */
  openCache(resource: Resource): WatchCache | undefined {
    return this.#caches.get(resource.prefix)
  }

  /** The resource's cache, opened on first use. */
  cache(resource: Resource): Promise<WatchCache> {
    const open = this.#caches.get(resource.prefix)
    if (open) return Promise.resolve(open)
    const pending = this.#opening.get(resource.prefix)
    if (pending) return pending
    const opening = WatchCache.open({
      store: this.store,
      prefix: resource.prefix,
      clock: this.clock,
      freeze: this.#freeze,
      settle: (object) => {
        resource.definition.defaults?.(object as ApiObject, this.clock.now())
        completeObject(resource, object as ApiObject, true)
      },
    }).then((cache) => {
      // Dropped meanwhile: whoever drops it closes it.
      if (this.#opening.get(resource.prefix) === opening) this.#caches.set(resource.prefix, cache)
      return cache
    })
    this.#opening.set(resource.prefix, opening)
    // What could not be read may be readable later, as when what decrypts it is away.
    opening.catch(() => {
      if (this.#opening.get(resource.prefix) === opening) this.#opening.delete(resource.prefix)
    })
    return opening
  }

  /** The current entry of one object, at once when its kind's cache is open; undefined when there is none. */
  find(resource: Resource, namespace: string, name: string): Entry | undefined | Promise<Entry | undefined> {
    const computed = this.computed.get(resource)
    if (computed) {
      return computed().then((objects) => {
        const object = objects.find(({ metadata }) => metadata.name === name)
        // In the singular (REST.Get of pkg/registry/core/componentstatus).
        if (!object) throw notFound({ group: resource.group, resource: resource.kind.toLowerCase() }, name)
        return computedEntry(object)
      })
    }
    const cache = this.#caches.get(resource.prefix)
    const key = keyOf(resource, namespace, name)
    if (!cache) return this.cache(resource).then((opened) => shown(resource, opened.get(key)))
    return shown(resource, cache.get(key))
  }

  /** The current object by group, plural and name, for admission and authorization. */
  async lookup<T>(group: string, resource: string, namespace: string, name: string): Promise<T | undefined> {
    const entry = await this.find(this.resource(group, resource), namespace, name)
    return entry?.object as T | undefined
  }

  close(): void {
    for (const cache of this.#caches.values()) cache.close()
  }
}

/** An entry of an object that is not stored, and so has no version. */
export function computedEntry(object: StoredObject): Entry {
  const json = encodeForStore(object)
  return { ...makeEntry(object.metadata.name, json, 0, object), object, json }
}
