// Store semantics written once above a dumb log: revisions, compare-and-write, snapshots, watches, compaction, leases.
// Writes are decided in memory, appended in groups, and become visible when their group is durable.

import type { Clock } from '../machinery/clock.ts'
import { orderedMap, prefixEnd } from '../machinery/ordered-map.ts'
import { EventChannel } from './event-channel.ts'
import type { LeaseRecord, Log, LogRecord } from './log.ts'
import {
  CompactedError,
  FutureRevisionError,
  type KeyValue,
  LeaseNotFoundError,
  type PutOptions,
  type RangeOptions,
  type RangeResult,
  type Revision,
  SlowWatcherError,
  type Store,
  StoreClosedError,
  type StoreEvent,
  type WriteResult,
} from './store.ts'

/** One kept revision of a key. */
interface KeyRevision {
  readonly revision: Revision
  readonly deleted: boolean
  readonly createRevision: Revision
  readonly version: number
  readonly lease: number
}

interface PendingWrite {
  readonly record: LogRecord
  readonly attachment: unknown
  readonly resolve: (result: WriteResult) => void
  readonly reject: (error: unknown) => void
}

const WATCH_BUFFER = 10_000
const EMPTY = Buffer.alloc(0)

/** Opens a store on `log`. `onFatal` is told when the log can no longer be written; the store is closed then. */
export function openLogStore(options: { log: Log; clock: Clock; onFatal: (error: unknown) => void }): Store {
  return new LogStore(options)
}

class LogStore implements Store {
  readonly #log: Log
  readonly #clock: Clock
  readonly #onFatal: (error: unknown) => void
  /** Committed history by key, oldest first. */
  readonly #keys = orderedMap<KeyRevision[]>()
  /** The newest state of keys with writes that are not durable yet. */
  readonly #pendingState = new Map<string, KeyRevision>()
  #queue: PendingWrite[] = []
  #writing: Promise<void> | undefined
  #next: Revision = 1
  #visible: Revision = 0
  #compacted: Revision = 0
  readonly #leases = new Map<number, LeaseRecord & { cancel: () => void }>()
  readonly #leaseKeys = new Map<number, Set<string>>()
  #nextLease = 1
  readonly #listeners = new Set<(event: StoreEvent) => void>()
  readonly #watches = new Set<EventChannel<StoreEvent>>()
  #closed: unknown

  constructor(options: { log: Log; clock: Clock; onFatal: (error: unknown) => void }) {
    this.#log = options.log
    this.#clock = options.clock
    this.#onFatal = options.onFatal
    const { records, leases, meta } = this.#log.load()
    for (const record of records) {
      this.#applyToIndex(record)
      this.#visible = record.revision
    }
    this.#compacted = meta?.compactRevision ?? 0
    this.#visible = Math.max(this.#visible, this.#compacted)
    this.#next = this.#visible + 1
    this.#nextLease = meta?.nextLease ?? 1
    for (const lease of leases) this.#armLease(lease)
  }

  async currentRevision(): Promise<Revision> {
    this.#mustBeOpen()
    return this.#visible
  }

  async get(key: string, options: { revision?: Revision } = {}): Promise<KeyValue | undefined> {
    this.#mustBeOpen()
    const at = this.#snapshot(options.revision)
    const found = newestAt(this.#keys.get(key), at)
    return found && this.#load(key, found)
  }

  async range(options: RangeOptions): Promise<RangeResult> {
    this.#mustBeOpen()
    const revision = this.#snapshot(options.revision)
    const limit = options.limit ?? Number.POSITIVE_INFINITY
    const items: KeyValue[] = []
    let more = false
    this.#keys.forRange(options.from ?? options.prefix, prefixEnd(options.prefix), false, (key, history) => {
      const found = newestAt(history, revision)
      if (!found) return undefined
      if (items.length >= limit) {
        more = true
        return { break: true }
      }
      items.push(this.#load(key, found))
      return undefined
    })
    return { items, revision, more }
  }

  put(key: string, value: Buffer, options: PutOptions = {}): Promise<WriteResult> {
    const current = this.#newest(key)
    if (options.lease && !this.#leases.has(options.lease)) {
      return Promise.reject(new LeaseNotFoundError(`requested lease ${options.lease} not found`))
    }
    return this.#write(key, current, options.expected, options.attachment, (revision) => ({
      revision,
      type: 'put',
      key,
      createRevision: current?.createRevision ?? revision,
      version: (current?.version ?? 0) + 1,
      lease: options.lease ?? 0,
      value,
    }))
  }

  delete(key: string, options: { expected?: Revision } = {}): Promise<WriteResult> {
    const current = this.#newest(key)
    if (!current && options.expected === undefined) return Promise.resolve({ ok: true, revision: this.#visible })
    return this.#write(key, current, options.expected, undefined, (revision) => ({
      revision,
      type: 'delete',
      key,
      createRevision: 0,
      version: 0,
      lease: 0,
      value: EMPTY,
    }))
  }

  async *watch(options: { prefix: string; after: Revision; signal: AbortSignal }): AsyncIterable<StoreEvent> {
    this.#mustBeOpen()
    if (options.after < this.#compacted) throw new CompactedError(this.#compacted)
    const channel = new EventChannel<StoreEvent>({
      limit: WATCH_BUFFER,
      overflow: () => new SlowWatcherError(`watch of ${JSON.stringify(options.prefix)} fell too far behind`),
    })
    const upTo = this.#visible
    const unsubscribe = this.subscribe((event) => {
      if (keyOf(event).startsWith(options.prefix)) channel.push(event)
    })
    this.#watches.add(channel)
    const stop = () => channel.close()
    options.signal.addEventListener('abort', stop, { once: true })
    if (options.signal.aborted) stop()
    try {
      for (let revision = options.after + 1; revision <= upTo && !options.signal.aborted; revision++) {
        if (revision <= this.#compacted) throw new CompactedError(this.#compacted)
        const record = this.#log.read(revision)
        if (record?.key.startsWith(options.prefix)) yield eventOf(record, undefined)
      }
      for await (const event of channel) {
        if (options.signal.aborted) return
        if (event.revision > options.after) yield event
      }
    } finally {
      unsubscribe()
      this.#watches.delete(channel)
      options.signal.removeEventListener('abort', stop)
    }
  }

  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async compact(revision: Revision): Promise<void> {
    this.#mustBeOpen()
    if (revision > this.#visible)
      throw new FutureRevisionError(`cannot compact at ${revision}: current is ${this.#visible}`)
    if (revision <= this.#compacted) throw new CompactedError(this.#compacted)
    const remove: Revision[] = []
    const gone: string[] = []
    this.#keys.forEachPair((key, history) => {
      const kept = history.filter((entry, i) => {
        const next = history[i + 1]
        const superseded = next !== undefined && next.revision <= revision
        return !(superseded || (entry.deleted && entry.revision <= revision))
      })
      if (kept.length === history.length) return
      for (const entry of history) if (!kept.includes(entry)) remove.push(entry.revision)
      if (kept.length === 0) gone.push(key)
      else history.splice(0, history.length, ...kept)
    })
    for (const key of gone) this.#keys.delete(key)
    this.#compacted = revision
    await this.#log.write({
      append: [],
      remove,
      putLeases: [],
      removeLeases: [],
      meta: { compactRevision: revision, nextLease: this.#nextLease },
    })
  }

  async grantLease(ttlSeconds: number): Promise<number> {
    this.#mustBeOpen()
    const lease = { id: this.#nextLease++, ttlSeconds, expiresAt: this.#clock.now() + ttlSeconds * 1000 }
    this.#armLease(lease)
    await this.#log.write({
      append: [],
      remove: [],
      putLeases: [lease],
      removeLeases: [],
      meta: { compactRevision: this.#compacted, nextLease: this.#nextLease },
    })
    return lease.id
  }

  async keepLeaseAlive(id: number): Promise<void> {
    const lease = this.#leases.get(id)
    if (!lease) throw new LeaseNotFoundError(`requested lease ${id} not found`)
    lease.cancel()
    const renewed = { id, ttlSeconds: lease.ttlSeconds, expiresAt: this.#clock.now() + lease.ttlSeconds * 1000 }
    this.#armLease(renewed)
    await this.#log.write({ append: [], remove: [], putLeases: [renewed], removeLeases: [] })
  }

  async revokeLease(id: number): Promise<void> {
    const lease = this.#leases.get(id)
    if (!lease) throw new LeaseNotFoundError(`requested lease ${id} not found`)
    lease.cancel()
    this.#leases.delete(id)
    const keys = [...(this.#leaseKeys.get(id) ?? [])]
    this.#leaseKeys.delete(id)
    await Promise.all(keys.map((key) => this.delete(key)))
    await this.#log.write({ append: [], remove: [], putLeases: [], removeLeases: [id] })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    await this.#writing
    this.#shut(new StoreClosedError('the store is closed'))
    await this.#log.close()
  }

  #shut(reason: unknown): void {
    this.#closed = reason
    for (const lease of this.#leases.values()) lease.cancel()
    for (const watch of this.#watches) watch.fail(reason)
    for (const write of this.#queue.splice(0)) write.reject(reason)
  }

  #mustBeOpen(): void {
    if (this.#closed) throw this.#closed
  }

  #snapshot(revision: Revision | undefined): Revision {
    if (revision === undefined || revision === 0) return this.#visible
    if (revision > this.#visible) {
      throw new FutureRevisionError(`required revision ${revision} is a future revision; current is ${this.#visible}`)
    }
    if (revision < this.#compacted) throw new CompactedError(this.#compacted)
    return revision
  }

  /** The newest state of a key, durable or not; undefined when it does not exist. */
  #newest(key: string): KeyRevision | undefined {
    const entry = this.#pendingState.get(key) ?? this.#keys.get(key)?.at(-1)
    return entry?.deleted ? undefined : entry
  }

  #load(key: string, entry: KeyRevision): KeyValue {
    const record = this.#log.read(entry.revision)
    if (!record) throw new Error(`the log has lost revision ${entry.revision} of ${JSON.stringify(key)}`)
    return {
      key,
      value: record.value,
      createRevision: entry.createRevision,
      modRevision: entry.revision,
      version: entry.version,
      lease: entry.lease,
    }
  }

  async #write(
    key: string,
    current: KeyRevision | undefined,
    expected: Revision | undefined,
    attachment: unknown,
    make: (revision: Revision) => LogRecord,
  ): Promise<WriteResult> {
    this.#mustBeOpen()
    if (expected !== undefined && (current?.revision ?? 0) !== expected) {
      // The state that stands in the way must be visible to the caller before it hears of it.
      if (this.#pendingState.has(key)) await this.#writing
      return { ok: false, current: await this.get(key) }
    }
    const record = make(this.#next++)
    this.#pendingState.set(key, revisionOf(record))
    return new Promise((resolve, reject) => {
      this.#queue.push({ record, attachment, resolve, reject })
      this.#writing ??= this.#flush()
    })
  }

  /** Writes what is queued, group by group, until nothing is left. */
  async #flush(): Promise<void> {
    // Whatever else is ready to write in this turn joins the first group.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const group = this.#queue
      this.#queue = []
      try {
        await this.#log.write({ append: group.map((w) => w.record), remove: [], putLeases: [], removeLeases: [] })
      } catch (error) {
        for (const write of group) write.reject(error)
        this.#shut(error)
        this.#onFatal(error)
        return
      }
      for (const write of group) this.#commit(write)
    }
    this.#writing = undefined
  }

  #commit({ record, attachment, resolve }: PendingWrite): void {
    this.#applyToIndex(record)
    if (this.#pendingState.get(record.key)?.revision === record.revision) this.#pendingState.delete(record.key)
    this.#visible = record.revision
    const event = eventOf(record, attachment)
    for (const listener of this.#listeners) listener(event)
    resolve({ ok: true, revision: record.revision })
  }

  #applyToIndex(record: LogRecord): void {
    const history = this.#keys.get(record.key)
    const previous = history?.at(-1)
    if (previous?.lease) this.#leaseKeys.get(previous.lease)?.delete(record.key)
    if (record.lease) {
      const keys = this.#leaseKeys.get(record.lease)
      if (keys) keys.add(record.key)
      else this.#leaseKeys.set(record.lease, new Set([record.key]))
    }
    const revision = revisionOf(record)
    if (!history) this.#keys.set(record.key, [revision])
    // A list that grows makes room for sixteen more; most keys never have a third revision.
    else if (history.length === 1) this.#keys.set(record.key, [...history, revision])
    else history.push(revision)
  }

  #armLease(lease: LeaseRecord): void {
    const cancel = this.#clock.after(Math.max(0, lease.expiresAt - this.#clock.now()), () => {
      this.revokeLease(lease.id).catch((error: unknown) => {
        if (!this.#closed && !(error instanceof LeaseNotFoundError)) this.#onFatal(error)
      })
    })
    this.#leases.set(lease.id, { ...lease, cancel })
  }
}

function revisionOf(record: LogRecord): KeyRevision {
  return {
    revision: record.revision,
    deleted: record.type === 'delete',
    createRevision: record.createRevision,
    version: record.version,
    lease: record.lease,
  }
}

function newestAt(history: KeyRevision[] | undefined, revision: Revision): KeyRevision | undefined {
  for (let i = (history?.length ?? 0) - 1; i >= 0; i--) {
    const entry = history?.[i]
    if (entry && entry.revision <= revision) return entry.deleted ? undefined : entry
  }
  return undefined
}

function eventOf(record: LogRecord, attachment: unknown): StoreEvent {
  if (record.type === 'delete') return { type: 'delete', revision: record.revision, key: record.key }
  return {
    type: 'put',
    revision: record.revision,
    kv: {
      key: record.key,
      value: record.value,
      createRevision: record.createRevision,
      modRevision: record.revision,
      version: record.version,
      lease: record.lease,
    },
    ...(attachment === undefined ? {} : { attachment }),
  }
}

function keyOf(event: StoreEvent): string {
  return event.type === 'put' ? event.kv.key : event.key
}
