// A store that keeps some values encrypted. Whoever reads or watches through it sees plain ones.

import type { KeyValue, Store, StoreEvent } from '../../store/store.ts'
import type { Transformer } from './transformer.ts'

/** The store, and which keys hold values that would be written differently today. */
export interface EncryptedStore {
  readonly store: Store
  readonly isStale: (key: string) => boolean
  /** Keeps values otherwise from here on. Those that are there must still be readable. */
  replace(transformerOf: (key: string) => Transformer): void
}

/** Travels with a write of ours, so that nothing is decrypted that was encrypted here a moment ago. */
class Sent {
  readonly plain: Buffer
  readonly attachment: unknown

  constructor(plain: Buffer, attachment: unknown) {
    this.plain = plain
    this.attachment = attachment
  }
}

/** Wraps `inner`. A value that cannot be read makes the read that meets it fail, and is left as it is. */
export function encryptedStore(inner: Store, first: (key: string) => Transformer): EncryptedStore {
  const stale = new Set<string>()
  let transformerOf = first
  /** With what values were written that came after the first change; what is not here was written before. */
  let written: Map<string, string> | undefined
  const noteWritten = (key: string) => {
    stale.delete(key)
    written?.set(key, transformerOf(key).writes)
  }

  function reveal(kv: KeyValue): KeyValue {
    const { key } = kv
    try {
      const revealed = transformerOf(key).fromStorage(kv.value, key)
      if (revealed.stale) stale.add(key)
      else stale.delete(key)
      return { ...kv, value: revealed.value }
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`unable to transform key ${JSON.stringify(key)}: ${why}`, { cause })
    }
  }

  function revealEvent(event: StoreEvent): StoreEvent {
    if (event.type === 'delete') {
      stale.delete(event.key)
      written?.delete(event.key)
      return event
    }
    const { attachment } = event
    if (!(attachment instanceof Sent)) return { ...event, kv: reveal(event.kv) }
    noteWritten(event.kv.key)
    const { attachment: _, ...rest } = event
    return {
      ...rest,
      kv: { ...event.kv, value: attachment.plain },
      ...(attachment.attachment === undefined ? {} : { attachment: attachment.attachment }),
    }
  }

  const store: Store = {
    currentRevision: () => inner.currentRevision(),
    async get(key, options) {
      const found = await inner.get(key, options)
      return found && reveal(found)
    },
    async range(options) {
      const result = await inner.range(options)
      return { ...result, items: result.items.map(reveal) }
    },
    async put(key, value, options = {}) {
      const stored = transformerOf(key).toStorage(value, key)
      const result = await inner.put(key, stored, { ...options, attachment: new Sent(value, options.attachment) })
      return result.ok || !result.current ? result : { ok: false, current: reveal(result.current) }
    },
    async delete(key, options) {
      const result = await inner.delete(key, options)
      return result.ok || !result.current ? result : { ok: false, current: reveal(result.current) }
    },
    async *watch(options) {
      for await (const event of inner.watch(options)) yield revealEvent(event)
    },
    subscribe: (listener) => inner.subscribe((event) => listener(revealEvent(event))),
    compact: (revision) => inner.compact(revision),
    grantLease: (ttlSeconds) => inner.grantLease(ttlSeconds),
    keepLeaseAlive: (lease) => inner.keepLeaseAlive(lease),
    revokeLease: (lease) => inner.revokeLease(lease),
    close: () => inner.close(),
  }
  return {
    store,
    isStale(key) {
      if (stale.has(key)) return true
      return written !== undefined && (written.get(key) ?? first(key).writes) !== transformerOf(key).writes
    },
    replace(next) {
      transformerOf = next
      written ??= new Map()
    },
  }
}
