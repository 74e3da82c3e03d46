import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { createHello } from './django/server.ts'
import type { RedisClient, Reply } from './guestbook/redis-client.ts'
import { createHelloCounter } from './hello-counter/server.ts'
import { createKeyValueApp } from './key-value-app/server.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function start(server: Server): Promise<string> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** As much of redis as the examples use, in memory. */
function fakeRedis(role: string, values: Map<string, string>): RedisClient {
  return {
    async command(...words): Promise<Reply> {
      const [verb, key = '', value = ''] = words
      if (verb === 'SET') values.set(key, value)
      if (verb === 'GET') return values.get(key) ?? null
      if (verb === 'INCR') values.set(key, String(Number(values.get(key) ?? '0') + 1))
      return verb === 'INCR' ? Number(values.get(key)) : verb === 'INFO' ? `role:${role}\r\n` : 'OK'
    },
    close() {},
  }
}

it('key-value-app: writes to the master, reads from a replica, says who answered', async () => {
  const values = new Map<string, string>()
  const [master, replica] = [fakeRedis('master', values), fakeRedis('slave', values)]
  const url = await start(createKeyValueApp({ master, replica, podIP: '10.1.37.13' }))
  const set = await fetch(`${url}/set`, { method: 'POST', body: '{"key":"key_1","value":"value_1"}' })
  expect(await set.json()).toEqual({
    key: 'key_1',
    value: 'value_1',
    redis_replication: 'role:master\r\n',
    action: 'SET',
    pod_ip: '10.1.37.13',
  })
  expect(await (await fetch(`${url}/get?key=key_1`)).json()).toMatchObject({
    value: 'get key_1: value_1',
    redis_replication: 'role:slave\r\n',
    action: 'GET',
  })
})

it('key-value-app: refuses what it cannot read, and says when redis is away', async () => {
  const away: RedisClient = { command: () => Promise.reject(new Error('cannot reach redis')), close() {} }
  const url = await start(createKeyValueApp({ master: away, replica: away, podIP: '' }))
  for (const body of ['', '{', '[]', '{"key":1,"value":"x"}', '{"key":"x"}']) {
    expect((await fetch(`${url}/set`, { method: 'POST', body })).status).toBe(400)
  }
  expect((await fetch(`${url}/get`)).status).toBe(404)
  const answer = await fetch(`${url}/get?key=x`)
  expect(answer.status).toBe(503)
  expect(await answer.json()).toMatchObject({ error: 'cannot reach redis' })
})

it('hello-counter: counts, and says why it cannot', async () => {
  const url = await start(createHelloCounter(fakeRedis('master', new Map())))
  expect(await (await fetch(url)).text()).toBe('Hello Shiyanlou! # 1\n')
  expect(await (await fetch(url)).text()).toBe('Hello Shiyanlou! # 2\n')
  expect((await fetch(`${url}/favicon.ico`)).status).toBe(404)
  const broken = await start(createHelloCounter({ command: () => Promise.reject(new Error('no redis')), close() {} }))
  const answer = await fetch(broken)
  expect([answer.status, await answer.text()]).toEqual([500, 'Internal Server Error: no redis\n'])
})

it('django: says who it is and what it was asked', async () => {
  const url = await start(createHello('django-x-1'))
  expect(await (await fetch(`${url}/foo`)).text()).toBe(`hello from django-x-1: ${new URL(url).host}/foo\n`)
})
