import { expect, it } from 'vitest'
import { VirtualClock } from '../../machinery/clock.ts'
import { Deadlines } from './deadline.ts'
import type { Response } from './exchange.ts'

/** An answer that can be closed, and says what it was told. */
function answer() {
  const closed: (() => void)[] = []
  const sent: string[] = []
  const response = {
    statusCode: 200,
    headersSent: false,
    setHeader: () => undefined,
    writeHead: () => undefined,
    write: () => true,
    end: (chunk?: Buffer | string) => sent.push(String(chunk)),
    destroy: () => undefined,
    on: (event: string, listener: (error: Error) => void) => {
      if (event === 'close') closed.push(listener as () => void)
    },
  } satisfies Response
  return {
    response: response as Response,
    sent,
    close: () => {
      for (const told of closed) told()
    },
  }
}

it('ends each request when its own time is over, and none that is answered', async () => {
  const clock = new VirtualClock()
  const deadlines = new Deadlines(clock, 1000)
  const late: string[] = []
  const begin = (name: string, query = '') => {
    const request = answer()
    deadlines.limit(request.response, { query: new URLSearchParams(query) }, () => late.push(name))
    return request
  }
  const first = begin('first')
  await clock.advance(300)
  begin('second')
  begin('impatient', 'timeout=100ms')
  begin('greedy', 'timeout=1h')
  await clock.advance(100)
  expect(late).toEqual(['impatient'])
  first.close()
  await clock.advance(899)
  expect(late).toEqual(['impatient'])
  await clock.advance(1)
  expect(late).toEqual(['impatient', 'second', 'greedy'])
  begin('later')
  await clock.advance(999)
  expect(late).toHaveLength(3)
  await clock.advance(1)
  expect(late).toEqual(['impatient', 'second', 'greedy', 'later'])
})

it('lets nobody answer after the time', async () => {
  const clock = new VirtualClock()
  const { response, sent } = answer()
  new Deadlines(clock, 1000).limit(response, { query: new URLSearchParams() }, ({ code }) => response.end(`${code}`))
  await clock.advance(1000)
  response.end('too late')
  expect(sent).toEqual(['504'])
})

it('leaves no timer behind', async () => {
  const clock = new VirtualClock()
  const deadlines = new Deadlines(clock, 1000)
  deadlines.limit(answer().response, { query: new URLSearchParams() }, () => {
    throw new Error('nobody is there any more')
  })
  deadlines.close()
  await clock.advance(5000)
})
