import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../machinery/clock.ts'
import { dealHand, PriorityLevel, type SeatPool } from './level.ts'

const stay = () => {}
const asked = (flow: string, seats = 1) => ({ flow, seats, onGone: stay })

function poolOf(clock: VirtualClock, levels: PriorityLevel[]): SeatPool {
  return {
    clock,
    lendableTo: () =>
      levels.reduce(
        (sum, { nominal, lendable, executing }) =>
          sum + (executing > nominal ? nominal - executing : Math.min(lendable, nominal - executing)),
        0,
      ),
    freed: (by) => {
      for (const level of levels) if (level !== by) level.drain()
    },
  }
}

function levelOf(options: { seats: number; queues?: number; handSize?: number; limit?: number; lendable?: number }) {
  const clock = new VirtualClock()
  const levels: PriorityLevel[] = []
  const pool = poolOf(clock, levels)
  const level = new PriorityLevel('test', pool)
  const { queues, handSize = 1, limit: queueLengthLimit = 10 } = options
  const limitResponse =
    queues === undefined ? { type: 'Reject' } : { type: 'Queue', queuing: { queues, handSize, queueLengthLimit } }
  const limited = { nominalConcurrencyShares: options.seats, lendablePercent: options.lendable ?? 0, limitResponse }
  level.configure('uid', { type: 'Limited', limited }, 1)
  levels.push(level)
  return { clock, level, levels, pool }
}

describe('a priority level', () => {
  it('lets requests in at once while there are seats, and refuses when it has no queues', () => {
    const { level } = levelOf({ seats: 2 })
    const first = level.enter(asked('a/'))
    void level.enter(asked('a/'))
    expect(() => level.enter(asked('a/'))).toThrow('Too many requests, please try again later.')
    if (typeof first === 'function') first()
    expect(level.enter(asked('a/'))).toBeTypeOf('function')
    expect(level.rejected.get('concurrency-limit')).toBe(1)
  })

  it('lets many flows wait their turn beside a busy one', async () => {
    const { clock, level } = levelOf({ seats: 1, queues: 64, handSize: 1 })
    const leave = level.enter(asked('s/busy')) as () => void
    const order: string[] = []
    const enter = (flow: string) =>
      (level.enter(asked(flow)) as Promise<() => void>).then(async (release) => {
        order.push(flow)
        await clock.advance(10)
        release()
      })
    const all = [...Array.from({ length: 5 }, () => enter('s/busy')), enter('s/quiet')]
    leave()
    await Promise.all(all)
    expect(order.indexOf('s/quiet')).toBeLessThan(2)
    expect(level.executing).toBe(0)
    expect(level.waiting).toBe(0)
  })

  it('refuses when a queue is full, when the wait is long, and when the client goes', async () => {
    const { clock, level } = levelOf({ seats: 1, queues: 1, limit: 2 })
    void level.enter(asked('s/a'))
    let go = () => {}
    const gone = level.enter({ flow: 's/b', seats: 1, onGone: (f) => (go = f) }) as Promise<() => void>
    const late = level.enter(asked('s/c')) as Promise<() => void>
    expect(() => level.enter(asked('s/d'))).toThrow('Too many requests')
    const answers = Promise.allSettled([gone, late])
    go()
    await clock.advance(15_000)
    const reasons = (await answers).map((answer) => answer.status === 'rejected' && answer.reason.reason)
    expect(reasons).toEqual(['cancelled', 'time-out'])
    expect(level.waiting).toBe(0)
  })

  it('borrows what another level lends, and only that', () => {
    const { level, levels, pool } = levelOf({ seats: 1 })
    const lender = new PriorityLevel('lender', pool)
    lender.configure('', { type: 'Limited', limited: { nominalConcurrencyShares: 4, lendablePercent: 50 } }, 1)
    levels.push(lender)
    for (let i = 0; i < 3; i++) expect(level.enter(asked('s/a'))).toBeTypeOf('function')
    expect(() => level.enter(asked('s/a'))).toThrow('Too many')
    // The lender takes its own back at any time.
    for (let i = 0; i < 4; i++) expect(lender.enter(asked('s/b'))).toBeTypeOf('function')
  })

  it('gives a wide request the whole level', () => {
    const { level } = levelOf({ seats: 3 })
    expect(level.enter(asked('s/list', 10))).toBeTypeOf('function')
    expect(() => level.enter(asked('s/a'))).toThrow('Too many')
  })
})

it('deals each flow a hand of different queues, the same each time', () => {
  const hands = Array.from({ length: 200 }, (_, i) => dealHand(`schema/user-${i}`, 64, 6))
  for (const hand of hands) {
    expect(new Set(hand).size).toBe(6)
    expect(Math.max(...hand)).toBeLessThan(64)
    expect(Math.min(...hand)).toBeGreaterThanOrEqual(0)
  }
  expect(dealHand('schema/user-7', 64, 6)).toEqual(hands[7])
  expect(new Set(hands.flat()).size).toBe(64)
  expect(dealHand('x', 3, 6).sort()).toEqual([0, 1, 2])
})
