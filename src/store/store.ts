// The revisioned store that everything stands on: etcd's semantics behind one small interface.
// Spec: https://etcd.io/docs/v3.5/learning/api/. Every driver passes store.suite.ts.

/** A point in the store's history. Counts up by one with each write; 0 is before the first. */
export type Revision = number

export interface KeyValue {
  readonly key: string
  readonly value: Buffer
  readonly createRevision: Revision
  readonly modRevision: Revision
  /** How often the key was written since its creation, from 1. */
  readonly version: number
  /** Lease that deletes the key when it runs out; 0 for none. */
  readonly lease: number
}

export type StoreEvent =
  | {
      readonly type: 'put'
      readonly revision: Revision
      readonly kv: KeyValue
      /** What the writer attached (see `PutOptions.attachment`); only events of this process carry it. */
      readonly attachment?: unknown
    }
  | { readonly type: 'delete'; readonly revision: Revision; readonly key: string }

export interface PutOptions {
  /** Write only if the key's modRevision is this; 0 means it must not exist. Absent: unconditionally. */
  readonly expected?: Revision
  readonly lease?: number
  /** Travels with the event to watchers in this process, so that they need not decode what the writer just encoded. */
  readonly attachment?: unknown
}

/** `current` is what stands there instead when the expectation failed. */
export type WriteResult =
  | { readonly ok: true; readonly revision: Revision }
  | { readonly ok: false; readonly current: KeyValue | undefined }

export interface RangeOptions {
  /** All keys that start with this. */
  readonly prefix: string
  /** Begin at this key (inclusive) instead of the prefix's first. */
  readonly from?: string
  readonly limit?: number
  /** Read as of this revision; rejects with CompactedError when it is gone. */
  readonly revision?: Revision
}

export interface RangeResult {
  readonly items: readonly KeyValue[]
  /** The revision that was read. */
  readonly revision: Revision
  /** Whether keys are left beyond the limit. */
  readonly more: boolean
}

/** The revision asked for is older than what is kept. */
export class CompactedError extends Error {
  override name = 'CompactedError'
  readonly compactRevision: Revision
  constructor(compactRevision: Revision) {
    super(`required revision has been compacted; the oldest kept is ${compactRevision}`)
    this.compactRevision = compactRevision
  }
}

/** The revision asked for has not happened yet. */
export class FutureRevisionError extends Error {
  override name = 'FutureRevisionError'
}

/** The watcher did not keep up and lost events: read again and watch from there. */
export class SlowWatcherError extends Error {
  override name = 'SlowWatcherError'
}

/** The lease is unknown or has run out. */
export class LeaseNotFoundError extends Error {
  override name = 'LeaseNotFoundError'
}

/** The store is closed. */
export class StoreClosedError extends Error {
  override name = 'StoreClosedError'
}

/** See the file comment. A write is acknowledged only when it is durable. */
export interface Store {
  /** The newest revision that readers can see. */
  currentRevision(): Promise<Revision>
  get(key: string, options?: { readonly revision?: Revision }): Promise<KeyValue | undefined>
  range(options: RangeOptions): Promise<RangeResult>
  put(key: string, value: Buffer, options?: PutOptions): Promise<WriteResult>
  /** Deleting what is not there succeeds without a new revision, unless `expected` says it must be there. */
  delete(key: string, options?: { readonly expected?: Revision }): Promise<WriteResult>
  /**
   * Events on keys under `prefix` after revision `after`, in order. Throws CompactedError, SlowWatcherError or
   * StoreClosedError while iterating; ends without an error when the signal aborts.
   */
  watch(options: {
    readonly prefix: string
    readonly after: Revision
    readonly signal: AbortSignal
  }): AsyncIterable<StoreEvent>
  /**
   * Calls `listener` synchronously with every committed event, before the write that caused it is acknowledged.
   * The returned function ends it. For the watch cache of the same process.
   */
  subscribe(listener: (event: StoreEvent) => void): () => void
  /** Forgets superseded values at and before `revision`. */
  compact(revision: Revision): Promise<void>
  grantLease(ttlSeconds: number): Promise<number>
  keepLeaseAlive(lease: number): Promise<void>
  revokeLease(lease: number): Promise<void>
  close(): Promise<void>
}
