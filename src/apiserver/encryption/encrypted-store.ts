// A store that keeps some values encrypted. Whoever reads or watches through it sees plain ones.

import type { KeyValue, Store, StoreEvent } from '../../store/store.ts'
import type { Revealed, Transformer } from './transformer.ts'

/** The store, and which keys hold values that would be written differently today. */
export interface EncryptedStore {
  readonly store: Store
  /** Asks the store itself: what is known of a value says nothing about how it is kept. */
  isStale(key: string): Promise<boolean>
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
  let transformerOf = first

  function failure(key: string, cause: unknown): Error {
    const why = cause instanceof Error ? cause.message : String(cause)
    return new Error(`unable to transform key ${JSON.stringify(key)}: ${why}`, { cause })
  }

  function readNow({ key, value }: KeyValue): Revealed {
    try {
      return transformerOf(key).fromStorage(value, key)
    } catch (cause) {
      throw failure(key, cause)
    }
  }

  function prepare({ key, value }: KeyValue): Promise<void> | undefined {
    try {
      return transformerOf(key)
        .prepare(value)
        ?.catch((cause: unknown) => {
          throw failure(key, cause)
        })
    } catch (cause) {
      throw failure(key, cause)
    }
  }

  async function read(kv: KeyValue): Promise<Revealed> {
    const preparing = prepare(kv)
    // Whoever lists much does not wait for nothing.
    if (preparing) await preparing
    return readNow(kv)
  }

  const reveal = async (kv: KeyValue): Promise<KeyValue> => ({ ...kv, value: (await read(kv)).value })

  /** An event of a write of ours; undefined when it is of a value that must be read first. */
  function known(event: StoreEvent): StoreEvent | undefined {
    if (event.type === 'delete') return event
    const { attachment, ...rest } = event
    if (!(attachment instanceof Sent)) return undefined
    return {
      ...rest,
      kv: { ...event.kv, value: attachment.plain },
      ...(attachment.attachment === undefined ? {} : { attachment: attachment.attachment }),
    }
  }

  async function revealEvent(event: StoreEvent): Promise<StoreEvent> {
    return known(event) ?? (event.type === 'put' ? { ...event, kv: await reveal(event.kv) } : event)
  }

  const store: Store = {
    currentRevision: () => inner.currentRevision(),
    async get(key, options) {
      const found = await inner.get(key, options)
      return found && (await reveal(found))
    },
    async range(options) {
      const result = await inner.range(options)
      const items: KeyValue[] = []
      for (const kv of result.items) items.push(await reveal(kv))
      return { ...result, items }
    },
    async put(key, value, options = {}) {
      const stored = transformerOf(key).toStorage(value, key)
      const result = await inner.put(key, stored, { ...options, attachment: new Sent(value, options.attachment) })
      return result.ok || !result.current ? result : { ok: false, current: await reveal(result.current) }
    },
    async delete(key, options) {
      const result = await inner.delete(key, options)
      return result.ok || !result.current ? result : { ok: false, current: await reveal(result.current) }
    },
    async *watch(options) {
      for await (const event of inner.watch(options)) yield await revealEvent(event)
    },
    subscribe: (listener) =>
      inner.subscribe((event) => {
        const plain = known(event)
        if (plain) return listener(plain)
        // Nobody writes but through this store; there is no waiting here for what would have to be asked for.
        if (event.type === 'put') listener({ ...event, kv: { ...event.kv, value: readNow(event.kv).value } })
      }),
    compact: (revision) => inner.compact(revision),
    grantLease: (ttlSeconds) => inner.grantLease(ttlSeconds),
    keepLeaseAlive: (lease) => inner.keepLeaseAlive(lease),
    revokeLease: (lease) => inner.revokeLease(lease),
    close: () => inner.close(),
  }
  return {
    store,
    async isStale(key) {
      const kept = await inner.get(key)
      return kept !== undefined && (await read(kept)).stale
    },
    replace(next) {
      transformerOf = next
    },
  }
}
