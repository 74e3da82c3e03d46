// How events get to those who keep them: batches, sizes, losses.

import { expect, it } from 'vitest'
import { VirtualClock } from '../../machinery/clock.ts'
import { type AuditBackend, forgiving, truncating, union } from './backend.ts'
import { Batching, type BatchSettings } from './batching.ts'
import { type AuditEvent, AuditRecord } from './event.ts'

const record = (auditID: string, more: Partial<AuditEvent> = {}) =>
  new AuditRecord({
    ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Request', stage: 'ResponseComplete' },
    ...{ auditID, requestURI: '/', verb: 'get', user: {}, sourceIPs: [] },
    ...{ requestReceivedTimestamp: '', stageTimestamp: '', ...more },
  })
const many = (count: number) => Array.from({ length: count }, (_, i) => record(String(i)))

/** Keeps what it gets when it is told to. */
class Keeper implements AuditBackend {
  readonly batches: string[][] = []
  readonly ends: ((kept: boolean) => void)[] = []
  closed = false

  process(records: readonly AuditRecord[]): Promise<boolean> {
    this.batches.push(records.map(({ event }) => event.auditID))
    return new Promise((resolve) => this.ends.push(resolve))
  }

  close(): void {
    this.closed = true
  }
}

const setUp = (settings: Partial<BatchSettings> = {}) => {
  const clock = new VirtualClock()
  const keeper = new Keeper()
  const lost: string[] = []
  const batching = new Batching(
    keeper,
    { bufferSize: 100, maxSize: 3, maxWaitMs: 1000, overlapping: true, ...settings },
    { clock, lost: (plugin, error, records) => lost.push(`${plugin} ${(error as Error).message} ${records.length}`) },
  )
  return { clock, keeper, lost, batching }
}

it('sends full batches at once, and others after a while', async () => {
  const { clock, keeper, batching } = setUp()
  expect(batching.process(many(4))).toBe(true)
  expect(keeper.batches).toEqual([['0', '1', '2']])
  await clock.advance(999)
  expect(keeper.batches).toHaveLength(1)
  await clock.advance(1)
  expect(keeper.batches).toEqual([['0', '1', '2'], ['3']])
})

it('sends one batch after the other when they must not overlap', async () => {
  const { clock, keeper, batching } = setUp({ overlapping: false, maxSize: 1 })
  batching.process(many(2))
  expect(keeper.batches).toEqual([['0']])
  keeper.ends[0]?.(false)
  await clock.advance(0)
  expect(keeper.batches).toEqual([['0'], ['1']])
})

it('sends no more batches in a second than it may', async () => {
  const { clock, keeper, batching } = setUp({ maxSize: 1, throttle: { perSecond: 2, burst: 3 } })
  batching.process(many(5))
  expect(keeper.batches).toHaveLength(3)
  await clock.advance(500)
  expect(keeper.batches).toHaveLength(4)
  await clock.advance(500)
  expect(keeper.batches).toHaveLength(5)
})

it('loses what does not fit', () => {
  const { lost, batching } = setUp({ bufferSize: 2 })
  expect(batching.process(many(5))).toBe(true)
  expect(lost).toEqual(['buffered audit buffer queue blocked 3'])
})

it('ends when all has arrived, and takes no more', async () => {
  const { clock, keeper, lost, batching } = setUp()
  batching.process(many(1))
  let over = false
  const closing = batching.close().then(() => {
    over = true
  })
  expect(keeper.batches).toEqual([['0']])
  batching.process(many(1))
  expect(lost).toEqual(['buffered audit backend shut down 1'])
  await clock.advance(5000)
  expect(over).toBe(false)
  keeper.ends[0]?.(true)
  await closing
  expect(keeper.closed).toBe(true)
})

it('does not wait for ever for who does not answer', async () => {
  const { clock, batching } = setUp()
  batching.process(many(1))
  const closing = batching.close()
  await clock.advance(10_000)
  await closing
})

it('takes the objects from events that are too large', () => {
  const keeper = new Keeper()
  const lost: string[] = []
  const backend = truncating(keeper, { maxEventBytes: 400, maxBatchBytes: 500 }, (plugin, error, records) =>
    lost.push(`${plugin} ${(error as Error).message} ${records.map(({ event }) => event.auditID)}`),
  )
  const seen: AuditEvent[] = []
  keeper.process = (records) => {
    keeper.batches.push(records.map(({ event }) => event.auditID))
    seen.push(...records.map(({ event }) => event))
    return Promise.resolve(true)
  }
  const large = { requestObject: { text: 'x'.repeat(500) }, annotations: { a: 'b' } }
  void backend.process([
    record('small'),
    record('large', large),
    record('metadata', { level: 'Metadata', requestURI: 'x'.repeat(500) }),
    record('huge', { ...large, requestURI: 'x'.repeat(500) }),
    record('last'),
  ])
  expect(keeper.batches).toEqual([['small', 'large'], ['last']])
  expect(seen[1]).toMatchObject({ annotations: { a: 'b', 'audit.k8s.io/truncated': 'true' } })
  expect(seen[1]).not.toHaveProperty('requestObject')
  expect(lost).toEqual(['truncate event is too large even after truncating metadata,huge'])
})

it('keeps what all keep', async () => {
  const gives = (kept: boolean | Promise<boolean>): AuditBackend => ({ process: () => kept, close() {} })
  expect(union([gives(true), gives(true)]).process([])).toBe(true)
  expect(await union([gives(true), gives(Promise.resolve(false))]).process([])).toBe(false)
  expect(await union([gives(Promise.resolve(true)), gives(false)]).process([])).toBe(false)
  expect(forgiving(gives(false)).process([])).toBe(true)
  expect(await forgiving(gives(Promise.resolve(false))).process([])).toBe(true)
})
