// A log in memory: for tests and throw-away clusters.

import type { LeaseRecord, Log, LogMeta, LogRecord } from '../log.ts'

/** Makes an empty log. Nothing outlives the process. */
export function memoryLog(): Log {
  const records = new Map<number, LogRecord>()
  const leases = new Map<number, LeaseRecord>()
  let meta: LogMeta | undefined
  return {
    load: () => ({ records: [...records.values()], leases: [...leases.values()], meta }),
    async write(batch) {
      for (const record of batch.append) records.set(record.revision, record)
      for (const revision of batch.remove) records.delete(revision)
      for (const lease of batch.putLeases) leases.set(lease.id, lease)
      for (const id of batch.removeLeases) leases.delete(id)
      if (batch.meta) meta = batch.meta
    },
    read: (revision) => records.get(revision),
    async close() {},
  }
}
