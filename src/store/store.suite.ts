// Behaviour that every store driver must show. Spec: etcd's KV, watch and lease API.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../machinery/clock.ts'
import { CompactedError, FutureRevisionError, type Store, type StoreEvent } from './store.ts'

/** Runs the suite. `open` makes a store; `reopen` closes it and opens the same data again (absent: not durable). */
export function storeSuite(
  name: string,
  make: (clock: VirtualClock) => Promise<{ store: Store; reopen?: () => Promise<Store>; dispose: () => Promise<void> }>,
): void {
  describe(`store: ${name}`, () => {
    let clock: VirtualClock
    let store: Store
    let made: Awaited<ReturnType<typeof make>>
    const bytes = (text: string) => Buffer.from(text)
    const put = async (key: string, value: string, options = {}) => {
      const result = await store.put(key, bytes(value), options)
      if (!result.ok) throw new Error('write refused')
      return result.revision
    }

    beforeEach(async () => {
      clock = new VirtualClock()
      made = await make(clock)
      store = made.store
    })
    afterEach(() => made.dispose())

    async function take(after: number, count: number, prefix = ''): Promise<StoreEvent[]> {
      const stop = new AbortController()
      const out: StoreEvent[] = []
      for await (const event of store.watch({ prefix, after, signal: stop.signal })) {
        out.push(event)
        if (out.length === count) stop.abort()
      }
      return out
    }

    it('counts revisions, versions and creation per key', async () => {
      expect(await store.currentRevision()).toBe(0)
      const first = await put('/a', '1')
      const second = await put('/a', '2')
      expect(second).toBe(first + 1)
      const kv = await store.get('/a')
      expect(kv).toMatchObject({ createRevision: first, modRevision: second, version: 2 })
      expect(kv?.value.toString()).toBe('2')
      expect(await store.get('/b')).toBeUndefined()
    })

    it('writes only when the expected revision stands', async () => {
      const first = await put('/a', '1', { expected: 0 })
      const refused = await store.put('/a', bytes('x'), { expected: 0 })
      expect(refused.ok).toBe(false)
      if (!refused.ok) expect(refused.current?.value.toString()).toBe('1')
      expect((await store.put('/a', bytes('2'), { expected: first })).ok).toBe(true)
      expect((await store.put('/a', bytes('3'), { expected: first })).ok).toBe(false)
      expect((await store.delete('/a', { expected: first })).ok).toBe(false)
      expect((await store.get('/a'))?.value.toString()).toBe('2')
    })

    it('lets exactly one of many concurrent conditional writers win', async () => {
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, i) => store.put('/race', bytes(String(i)), { expected: 0 })),
      )
      expect(results.filter((r) => r.ok)).toHaveLength(1)
      expect(await store.currentRevision()).toBe(1)
      for (const r of results) if (!r.ok) expect(r.current?.modRevision).toBe(1)
    })

    it('starts a deleted key anew', async () => {
      await put('/a', '1')
      expect((await store.delete('/a')).ok).toBe(true)
      expect(await store.get('/a')).toBeUndefined()
      const revision = await put('/a', '2', { expected: 0 })
      expect(await store.get('/a')).toMatchObject({ createRevision: revision, version: 1 })
      const before = await store.currentRevision()
      expect((await store.delete('/nothing')).ok).toBe(true)
      expect(await store.currentRevision()).toBe(before)
    })

    it('ranges in key order, by prefix, with limit and continuation', async () => {
      for (const key of ['/p/c', '/p/a', '/q/z', '/p/b', '/pp']) await put(key, key)
      const page = await store.range({ prefix: '/p/', limit: 2 })
      expect(page.items.map((i) => i.key)).toEqual(['/p/a', '/p/b'])
      expect(page.more).toBe(true)
      const rest = await store.range({ prefix: '/p/', from: '/p/b\0', revision: page.revision })
      expect(rest.items.map((i) => i.key)).toEqual(['/p/c'])
      expect(rest.more).toBe(false)
    })

    it('reads the past until it is compacted, and refuses the future', async () => {
      const first = await put('/a', '1')
      await put('/a', '2')
      await store.delete('/a')
      const last = await put('/b', '3')
      expect((await store.get('/a', { revision: first }))?.value.toString()).toBe('1')
      expect((await store.range({ prefix: '/', revision: first + 1 })).items.map((i) => i.value.toString())).toEqual([
        '2',
      ])
      await expect(store.get('/a', { revision: last + 1 })).rejects.toThrow(FutureRevisionError)
      await store.compact(last - 1)
      await expect(store.range({ prefix: '/', revision: first })).rejects.toThrow(CompactedError)
      expect((await store.range({ prefix: '/' })).items.map((i) => i.key)).toEqual(['/b'])
      await expect(store.compact(last - 1)).rejects.toThrow(CompactedError)
    })

    it('watches from a revision without losing, repeating or reordering', async () => {
      const first = await put('/w/a', '1')
      await put('/x', 'other')
      await put('/w/a', '2')
      const pending = take(first, 4, '/w/')
      await put('/w/b', '3')
      await store.delete('/w/a')
      await put('/w/c', '4')
      const events = await pending
      expect(events.map((e) => (e.type === 'put' ? `${e.kv.key}=${e.kv.value}` : `-${e.key}`))).toEqual([
        '/w/a=2',
        '/w/b=3',
        '-/w/a',
        '/w/c=4',
      ])
      expect([...events].sort((a, b) => a.revision - b.revision)).toEqual(events)
    })

    it('refuses a watch from a compacted revision', async () => {
      for (let i = 0; i < 5; i++) await put('/a', String(i))
      await store.compact(4)
      await expect(take(2, 1)).rejects.toThrow(CompactedError)
      expect(await take(4, 1)).toHaveLength(1)
    })

    it('tells subscribers before the writer hears of it', async () => {
      const seen: number[] = []
      const stop = store.subscribe((event) => seen.push(event.revision))
      const revision = await put('/a', '1', { attachment: { any: 'thing' } })
      expect(seen).toEqual([revision])
      stop()
      await put('/a', '2')
      expect(seen).toEqual([revision])
    })

    it('deletes the keys of a lease that runs out, and keeps those of one kept alive', async () => {
      const short = await store.grantLease(10)
      const long = await store.grantLease(10)
      await put('/short', '1', { lease: short })
      await put('/long', '1', { lease: long })
      await clock.advance(6_000)
      await store.keepLeaseAlive(long)
      const gone = take(await store.currentRevision(), 1)
      await clock.advance(5_000)
      expect(await gone).toMatchObject([{ type: 'delete', key: '/short' }])
      expect(await store.get('/long')).toBeDefined()
      await expect(store.put('/new', bytes('1'), { lease: short })).rejects.toThrow('not found')
    })

    it('keeps everything over a restart', async () => {
      if (!made.reopen) return
      const first = await put('/a', '1')
      await put('/b', '2')
      await store.delete('/b')
      const lease = await store.grantLease(100)
      const last = await put('/c', '3', { lease })
      store = await made.reopen()
      expect(await store.currentRevision()).toBe(last)
      expect(await store.get('/a')).toMatchObject({ modRevision: first, version: 1 })
      expect((await store.range({ prefix: '/' })).items.map((i) => i.key)).toEqual(['/a', '/c'])
      expect(await take(first, 2)).toHaveLength(2)
      const gone = take(last, 1)
      await clock.advance(101_000)
      expect(await gone).toMatchObject([{ type: 'delete', key: '/c' }])
      expect(await put('/d', '4')).toBe(last + 2)
    })
  })
}
