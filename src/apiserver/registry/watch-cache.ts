// All objects of one resource in memory, in step with the store, with a window of recent events for watchers.
// Semantics: KEP-2340 (consistent reads from cache), KEP-365 (paginated lists), KEP-956 (bookmarks).

import type { Clock } from '../../machinery/clock.ts'
import { expired } from '../../machinery/errors.ts'
import { type OrderedMap, orderedMap, prefixEnd } from '../../machinery/ordered-map.ts'
import type { Revision, Store, StoreEvent } from '../../store/store.ts'
import type { StoredObject } from '../api-object.ts'
import { type Entry, loadEntry, makeEntry } from './entry.ts'

/** Something that happened to an object. `previous` is what stood there before. */
export interface CacheEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly revision: Revision
  readonly entry: Entry
  readonly previous: Entry | undefined
  /** Encoded watch frames by form, made on first use and shared by all watchers. */
  readonly frames: Map<string, Buffer>
}

/** Told of every event synchronously; must not throw. */
export type CacheListener = (event: CacheEvent) => void

const WINDOW = 4096
const MAX_SNAPSHOTS = 256
const SNAPSHOT_MS = 5 * 60_000

/** A consistent state of the resource. */
export interface Snapshot {
  readonly revision: Revision
  readonly entries: OrderedMap<Entry>
}

export class WatchCache {
  readonly #prefix: string
  readonly #clock: Clock
  readonly #freeze: (object: StoredObject) => StoredObject
  readonly #settle: (object: StoredObject) => void
  readonly #entries: OrderedMap<Entry> = orderedMap()
  /** The same entries for looking up one, which a tree of strings is slow at. */
  readonly #byKey = new Map<string, Entry>()
  readonly #listeners = new Set<CacheListener>()
  readonly #snapshots = new Map<Revision, { taken: number; entries: OrderedMap<Entry> }>()
  #window: CacheEvent[] = []
  /** Events at and before this revision are no longer in the window. */
  #windowStart: Revision = 0
  #revision: Revision = 0
  #received = 0
  #loaded = 0
  /** Lists from here, and what they read and gave. */
  readonly lists = { count: 0, fetched: 0, returned: 0 }
  /** Watchers that were too slow to go on. */
  terminated = 0
  /** Who waits for a revision. */
  readonly #waiting = new Set<{ readonly revision: Revision; readonly reached: () => void }>()
  #unsubscribe: () => void = () => {}

  private constructor(options: Parameters<typeof WatchCache.open>[0]) {
    this.#prefix = options.prefix
    this.#clock = options.clock
    this.#freeze = options.freeze
    this.#settle = options.settle
  }

  /**
   * Loads everything under `prefix` (with a slash at its end) and follows the store from there. `settle`: see loadEntry.
   */
  static async open(options: {
    store: Store
    prefix: string
    clock: Clock
    freeze: (object: StoredObject) => StoredObject
    settle: (object: StoredObject) => void
  }): Promise<WatchCache> {
    const cache = new WatchCache(options)
    const missed: StoreEvent[] = []
    let loaded = false
    cache.#unsubscribe = options.store.subscribe((event) => {
      if (loaded) cache.#apply(event)
      else missed.push(event)
    })
    const { items, revision } = await options.store.range({ prefix: options.prefix }).catch((error: unknown) => {
      cache.#unsubscribe()
      throw error
    })
    for (const kv of items) {
      const entry = loadEntry(kv.key, kv.value, kv.modRevision, cache.#settle)
      const frozen = { ...entry, object: cache.#freeze(entry.object) }
      cache.#entries.set(kv.key, frozen)
      cache.#byKey.set(kv.key, frozen)
    }
    cache.#revision = revision
    cache.#loaded = items.length
    cache.#windowStart = revision
    loaded = true
    for (const event of missed) if (event.revision > revision) cache.#apply(event)
    return cache
  }

  /** The newest revision the cache has seen, of any resource. */
  get revision(): Revision {
    return this.#revision
  }

  /** How many changes of its objects it has seen. */
  get eventsReceived(): number {
    return this.#received
  }

  /** How many objects there were when it was opened. */
  get initEvents(): number {
    return this.#loaded
  }

  /** How many events it keeps for watchers at most. */
  get capacity(): number {
    return WINDOW
  }

  noteList(fetched: number, returned: number): void {
    this.lists.count += 1
    this.lists.fetched += fetched
    this.lists.returned += returned
  }

  get size(): number {
    return this.#entries.size
  }

  /** What its objects take in JSON; each is looked at. */
  get bytes(): number {
    let total = 0
    for (const { json } of this.#byKey.values()) total += json.length
    return total
  }

  get(key: string): Entry | undefined {
    return this.#byKey.get(key)
  }

  /** Resolves when the cache has seen a revision, or after `ms`. */
  reached(revision: Revision, ms: number): Promise<void> {
    if (revision <= this.#revision) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        this.#waiting.delete(waiter)
        resolve()
      }
      const waiter = { revision, reached: done }
      const cancel = this.#clock.after(ms, done)
      this.#waiting.add(waiter)
    })
  }

  /** The current state. Taking one costs nothing; later changes do not show in it. */
  snapshot(): Snapshot {
    return { revision: this.#revision, entries: this.#entries.clone() }
  }

  /** The current entries under a key prefix, in order, without taking a snapshot. */
  entriesUnder(prefix: string): Entry[] {
    const out: Entry[] = []
    this.#entries.forRange(prefix, prefixEnd(prefix), false, (_key, entry) => {
      out.push(entry)
    })
    return out
  }

  /** Keeps a snapshot for the pages that follow. */
  keep(snapshot: Snapshot): void {
    const now = this.#clock.now()
    this.#snapshots.set(snapshot.revision, { taken: now, entries: snapshot.entries })
    for (const [revision, kept] of this.#snapshots) {
      if (this.#snapshots.size <= MAX_SNAPSHOTS && now - kept.taken < SNAPSHOT_MS) break
      this.#snapshots.delete(revision)
    }
  }

  /** The state at a revision: one that was kept, or the current one with what has happened since undone. */
  kept(revision: Revision): Snapshot | undefined {
    const kept = this.#snapshots.get(revision)
    if (kept) return { revision, entries: kept.entries }
    if (revision < this.#windowStart || revision > this.#revision) return undefined
    const entries = this.#entries.clone()
    for (let i = this.#window.length - 1; i >= 0; i--) {
      const event = this.#window[i]
      if (!event || event.revision <= revision) break
      if (event.previous) entries.set(event.entry.key, event.previous)
      else entries.delete(event.entry.key)
    }
    return { revision, entries }
  }

  /**
   * Calls `listener` with every event after `revision`: those in the window at once, later ones as they come.
   * Throws `Expired` when the window no longer reaches back that far. The returned function ends it.
   */
  follow(revision: Revision, listener: CacheListener): () => void {
    if (revision < this.#windowStart) throw expired(`too old resource version: ${revision} (${this.#windowStart})`)
    for (const event of this.#window) if (event.revision > revision) listener(event)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#unsubscribe()
    this.#listeners.clear()
    for (const waiter of this.#waiting) waiter.reached()
  }

  #apply(event: StoreEvent): void {
    this.#revision = event.revision
    for (const waiter of this.#waiting) if (waiter.revision <= event.revision) waiter.reached()
    const key = event.type === 'put' ? event.kv.key : event.key
    if (!key.startsWith(this.#prefix)) return
    const previous = this.#byKey.get(key)
    let change: CacheEvent
    if (event.type === 'put') {
      const { kv, attachment } = event
      const made = attachment
        ? makeEntry(key, kv.value, event.revision, attachment as StoredObject)
        : loadEntry(key, kv.value, event.revision, this.#settle)
      const entry = { ...made, object: this.#freeze(made.object) }
      this.#entries.set(key, entry)
      this.#byKey.set(key, entry)
      const type = previous ? 'MODIFIED' : 'ADDED'
      change = { type, revision: event.revision, entry, previous, frames: new Map() }
    } else {
      if (!previous) return
      this.#entries.delete(key)
      this.#byKey.delete(key)
      change = {
        type: 'DELETED',
        revision: event.revision,
        entry: lastState(previous, event.revision),
        previous,
        frames: new Map(),
      }
    }
    this.#received += 1
    this.#window.push(change)
    // Trimmed in blocks, so that an event costs no copying of the window.
    if (this.#window.length >= WINDOW * 2) {
      this.#windowStart = this.#window[WINDOW - 1]?.revision ?? this.#windowStart
      this.#window = this.#window.slice(WINDOW)
    }
    for (const listener of this.#listeners) listener(change)
  }
}

/** An object that is gone, or gone from sight, is announced as it was, with the revision at which it went. */
export function lastState(entry: Entry, revision: Revision): Entry {
  const { kind, apiVersion, metadata, ...rest } = entry.object
  const object = { kind, apiVersion, metadata: { ...metadata, resourceVersion: String(revision) }, ...rest }
  return {
    key: entry.key,
    revision,
    object,
    json: Buffer.from(JSON.stringify(object)),
    headLength: entry.headLength,
    derived: new Map(),
  }
}
