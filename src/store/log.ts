// What a driver of the log-structured store provides: an append-only log of revisions, nothing more.

import type { Revision } from './store.ts'

/** One revision: a put (with its value) or a delete. */
export interface LogRecord {
  readonly revision: Revision
  readonly type: 'put' | 'delete'
  readonly key: string
  readonly createRevision: Revision
  readonly version: number
  readonly lease: number
  readonly value: Buffer
}

/** A lease as it is kept: when it runs out, in milliseconds since the epoch, and its time to live in seconds. */
export interface LeaseRecord {
  readonly id: number
  readonly ttlSeconds: number
  readonly expiresAt: number
}

/** Small state beside the log. */
export interface LogMeta {
  readonly compactRevision: Revision
  readonly nextLease: number
}

/** What changes together, atomically. */
export interface LogBatch {
  readonly append: readonly LogRecord[]
  readonly remove: readonly Revision[]
  readonly putLeases: readonly LeaseRecord[]
  readonly removeLeases: readonly number[]
  readonly meta?: LogMeta
}

/** A durable log. One writer. */
export interface Log {
  /** All records in order of revision; `value` may be left empty here to save time. */
  load(): {
    readonly records: Iterable<LogRecord>
    readonly leases: readonly LeaseRecord[]
    readonly meta: LogMeta | undefined
  }
  /** Resolves when the batch is durable. */
  write(batch: LogBatch): Promise<void>
  /** A kept record with its value. */
  read(revision: Revision): LogRecord | undefined
  close(): Promise<void>
}
