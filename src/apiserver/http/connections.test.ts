import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { VirtualClock } from '../../machinery/clock.ts'
import { Connections } from './connections.ts'

class FakeSocket extends EventEmitter {
  state = 'open'
  destroy() {
    this.state = 'destroyed'
    this.emit('close')
  }
  end() {
    this.state = 'ended'
  }
}

function connected(connections: Connections): FakeSocket & Socket {
  const socket = new FakeSocket() as FakeSocket & Socket
  connections.add(socket)
  return socket
}

it('closes connections that nobody has used for a minute and a half, and no others', async () => {
  const clock = new VirtualClock()
  const connections = new Connections(clock)
  connections.closeIdle()
  const [idle, used, busy, twice] = [1, 2, 3, 4].map(() => connected(connections))
  connections.begun(busy as Socket)
  connections.begun(twice as Socket)
  connections.begun(twice as Socket)
  connections.answered(twice as Socket)
  await clock.advance(60_000)
  connections.begun(used as Socket)
  connections.answered(used as Socket)
  await clock.advance(40_000)
  expect([idle, used, busy, twice].map((socket) => socket?.state)).toEqual(['destroyed', 'open', 'open', 'open'])
  await clock.advance(60_000)
  expect([used, busy, twice].map((socket) => socket?.state)).toEqual(['destroyed', 'open', 'open'])
})

it('lets answers arrive whole when the listener closes, but not for ever', async () => {
  const clock = new VirtualClock()
  const connections = new Connections(clock)
  connections.closeIdle()
  const [idle, answered, stuck] = [1, 2, 3].map(() => connected(connections))
  connections.begun(answered as Socket)
  connections.begun(stuck as Socket)
  connections.end()
  expect([idle, answered, stuck].map((socket) => socket?.state)).toEqual(['destroyed', 'open', 'open'])
  connections.answered(answered as Socket)
  expect(answered?.state).toBe('ended')
  await clock.advance(2000)
  expect(stuck?.state).toBe('destroyed')
})
