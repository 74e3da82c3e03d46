import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../machinery/clock.ts'
import { silentLogger } from '../machinery/logger.ts'
import { Workqueue } from './workqueue.ts'

function start(handle: (key: string) => Promise<void>) {
  const clock = new VirtualClock()
  const queue = new Workqueue({ name: 'test', clock, log: silentLogger })
  const abort = new AbortController()
  const done = queue.run(2, handle, abort.signal)
  const stop = () => {
    abort.abort()
    return done
  }
  return { clock, queue, stop }
}

describe('a workqueue', () => {
  it('handles a key once however often it was added, and again when added meanwhile', async () => {
    const handled: string[] = []
    const { clock, queue, stop } = start(async (key) => {
      handled.push(key)
      if (handled.length === 1) queue.add(key)
    })
    queue.add('a')
    queue.add('a')
    await clock.advance(0)
    expect(handled).toEqual(['a', 'a'])
    await stop()
  })

  it('backs off exponentially after failures and forgets them after success', async () => {
    let failures = 3
    const times: number[] = []
    const { clock, queue, stop } = start(async () => {
      times.push(clock.now())
      if (failures-- > 0) throw new Error('not yet')
    })
    const begin = clock.now()
    queue.add('a')
    await clock.advance(1000)
    expect(times.map((t) => t - begin)).toEqual([0, 5, 15, 35])
    expect(queue.failures('a')).toBe(0)
    await stop()
  })

  it('keeps the earlier of two delays', async () => {
    const times: number[] = []
    const { clock, queue, stop } = start(async () => {
      times.push(clock.now())
    })
    const begin = clock.now()
    queue.addAfter('a', 500)
    queue.addAfter('a', 100)
    queue.addAfter('a', 900)
    await clock.advance(2000)
    expect(times.map((t) => t - begin)).toEqual([100])
    await stop()
  })

  it('tells an observer what happens to keys', async () => {
    const told: string[] = []
    const clock = new VirtualClock()
    const observer = {
      added: (depth: number) => told.push(`added ${depth}`),
      started: (depth: number, waited: number) => told.push(`started ${depth} ${waited}`),
      done: (worked: number) => told.push(`done ${worked}`),
      retried: () => told.push('retried'),
    }
    const queue = new Workqueue({ name: 'test', clock, log: silentLogger, observer })
    let failures = 1
    const abort = new AbortController()
    queue.add('a')
    queue.add('b')
    queue.add('a')
    await clock.advance(2000)
    const done = queue.run(
      1,
      async () => {
        if (failures-- > 0) throw new Error('not yet')
      },
      abort.signal,
    )
    await clock.advance(10)
    abort.abort()
    await done
    expect(told).toEqual([
      ...['added 1', 'added 2'],
      ...['started 1 2', 'retried', 'done 0'],
      ...['started 0 2', 'done 0'],
      ...['added 1', 'started 0 0', 'done 0'],
    ])
  })
})
