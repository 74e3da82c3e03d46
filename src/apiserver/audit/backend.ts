// Who keeps audit events: one interface, and what can be put in front of those who do.
// Models: k8s.io/apiserver/pkg/audit, union, and plugin/pkg/audit/truncate.

import type { Logger } from '../../machinery/logger.ts'
import { AuditRecord, legacyLine } from './event.ts'
import { atLeast } from './policy.ts'

/** Whether events were kept; a promise of it never rejects. */
export type Kept = boolean | Promise<boolean>

export interface AuditBackend {
  process(records: readonly AuditRecord[]): Kept
  /** Resolves when what is still due has been written. */
  close(): void | Promise<void>
}

/** Told of events that were lost, and whose fault that is. */
export type LossObserver = (plugin: string, error: unknown, lost: readonly AuditRecord[]) => void

/** Events that are lost are in the server's own log at least. */
export function lossLogger(log: Logger, counts: Map<string, number>): LossObserver {
  return (plugin, error, lost) => {
    counts.set(plugin, (counts.get(plugin) ?? 0) + lost.length)
    const events = lost.slice(0, MAX_SHOWN).map(({ event }) => legacyLine(event).trimEnd())
    log.error('audit-events-lost', { plugin, count: lost.length, events, error })
  }
}

const MAX_SHOWN = 10

/** Gives events to all of them. They are kept when all keep them. */
export function union(backends: readonly AuditBackend[]): AuditBackend {
  const [only] = backends
  if (only && backends.length === 1) return only
  return {
    process(records) {
      let all: Kept = true
      for (const backend of backends) all = both(all, backend.process(records))
      return all
    },
    async close() {
      await Promise.all(backends.map((backend) => backend.close()))
    },
  }
}

function both(a: Kept, b: Kept): Kept {
  if (a === true) return b
  if (b === true) return a
  return Promise.all([a, b]).then(([one, other]) => one && other)
}

/** Waits for events to be kept, but goes on when they are not. */
export function forgiving(backend: AuditBackend): AuditBackend {
  return {
    process(records) {
      const kept = backend.process(records)
      return typeof kept === 'boolean' ? true : kept.then(() => true)
    },
    close: () => backend.close(),
  }
}

export interface TruncateSettings {
  readonly maxEventBytes: number
  readonly maxBatchBytes: number
}

/** Takes from events that are too large what requests carried and were answered, and drops those that still are. */
export function truncating(backend: AuditBackend, settings: TruncateSettings, lost: LossObserver): AuditBackend {
  const { maxEventBytes, maxBatchBytes } = settings
  return {
    process(records) {
      let all: Kept = true
      let batch: AuditRecord[] = []
      let size = 0
      const dropped: AuditRecord[] = []
      for (const record of records) {
        const fitting = fitted(record, maxEventBytes)
        if (!fitting) {
          dropped.push(record)
          continue
        }
        if (batch.length > 0 && size + fitting.bytes > maxBatchBytes) {
          all = both(all, backend.process(batch))
          batch = []
          size = 0
        }
        batch.push(fitting.record)
        size += fitting.bytes
      }
      if (batch.length > 0) all = both(all, backend.process(batch))
      if (dropped.length > 0) lost('truncate', new Error('event is too large even after truncating'), dropped)
      return all
    },
    close: () => backend.close(),
  }
}

function fitted(record: AuditRecord, most: number): { record: AuditRecord; bytes: number } | undefined {
  const bytes = Buffer.byteLength(record.json)
  if (bytes <= most) return { record, bytes }
  if (!atLeast(record.event.level, 'Request')) return undefined
  const { requestObject: _, responseObject: __, annotations, ...event } = record.event
  const smaller = new AuditRecord({ ...event, annotations: { ...annotations, 'audit.k8s.io/truncated': 'true' } })
  const left = Buffer.byteLength(smaller.json)
  return left <= most ? { record: smaller, bytes: left } : undefined
}
