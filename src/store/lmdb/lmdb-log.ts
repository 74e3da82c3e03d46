// The embedded default: a log in LMDB, durable when a write resolves.

import { type Database, open, type RootDatabase } from 'lmdb'
import type { LeaseRecord, Log, LogMeta, LogRecord } from '../log.ts'

const FIXED = 1 + 8 + 8 + 8 + 2
const EMPTY = Buffer.alloc(0)

interface Environment {
  readonly root: RootDatabase
  readonly log: Database<Buffer, number>
  readonly leases: Database<LeaseRecord, number>
  readonly meta: Database<LogMeta, string>
}

function openEnvironment(path: string): Environment {
  const root: RootDatabase = open({
    path,
    // With overlapping sync a commit resolves before it is flushed: an acknowledged write could be lost.
    overlappingSync: false,
    noMemInit: true,
    maxDbs: 4,
    encoding: 'binary',
  })
  return {
    root,
    log: root.openDB({ name: 'log', encoding: 'binary', keyEncoding: 'uint32' }),
    leases: root.openDB({ name: 'leases', encoding: 'json', keyEncoding: 'uint32' }),
    meta: root.openDB({ name: 'meta', encoding: 'json' }),
  }
}

/** Opens (or creates) the log in directory `path`. One process at a time. */
export function openLmdbLog(path: string): Log {
  let env = openEnvironment(path)
  let written = false

  function* records(): Iterable<LogRecord> {
    for (const { key, value } of env.log.getRange()) yield decode(key, value, false)
    // Reading everything has mapped the whole file into memory, which counts as ours until the mapping goes. With
    // nothing written yet the environment closes at once.
    if (written) return
    void env.root.close()
    env = openEnvironment(path)
  }

  return {
    load: () => ({
      leases: [...env.leases.getRange()].map(({ value }) => value),
      meta: env.meta.get('meta'),
      records: records(),
    }),
    async write(batch) {
      written = true
      const { log, leases, meta } = env
      const done: Promise<unknown>[] = []
      for (const record of batch.append) done.push(log.put(record.revision, encode(record)))
      for (const revision of batch.remove) done.push(log.remove(revision))
      for (const lease of batch.putLeases) done.push(leases.put(lease.id, lease))
      for (const id of batch.removeLeases) done.push(leases.remove(id))
      if (batch.meta) done.push(meta.put('meta', batch.meta))
      await Promise.all(done)
    },
    read(revision) {
      const bytes = env.log.get(revision)
      return bytes && decode(revision, bytes, true)
    },
    close: () => env.root.close(),
  }
}

// type(1) createRevision(8) version(8) lease(8) keyLength(2) key value
function encode(record: LogRecord): Buffer {
  const keyLength = Buffer.byteLength(record.key)
  const out = Buffer.allocUnsafe(FIXED + keyLength + record.value.length)
  out.writeUInt8(record.type === 'put' ? 1 : 0, 0)
  out.writeDoubleBE(record.createRevision, 1)
  out.writeDoubleBE(record.version, 9)
  out.writeDoubleBE(record.lease, 17)
  out.writeUInt16BE(keyLength, 25)
  out.write(record.key, FIXED)
  record.value.copy(out, FIXED + keyLength)
  return out
}

function decode(revision: number, bytes: Buffer, withValue: boolean): LogRecord {
  const keyEnd = FIXED + bytes.readUInt16BE(25)
  return {
    revision,
    type: bytes.readUInt8(0) === 1 ? 'put' : 'delete',
    key: bytes.toString('utf8', FIXED, keyEnd),
    createRevision: integerAt(bytes, 1),
    version: integerAt(bytes, 9),
    lease: integerAt(bytes, 17),
    // A read hands out a buffer that the next read may reuse: keep a copy.
    value: withValue ? Buffer.from(bytes.subarray(keyEnd)) : EMPTY,
  }
}

/** A number as V8 keeps small integers, in place: as read, each would be an object of its own, a hundred thousand times. */
function integerAt(bytes: Buffer, offset: number): number {
  const value = bytes.readDoubleBE(offset)
  const small = value | 0
  return small === value ? small : value
}
