import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { formatCommand, parseReply, ReplyError } from './redis-client.ts'
import { freePort, startGuestbook, startRedis, type TestGuestbook, type TestRedis, whatIsMissing } from './testing.ts'

const missing = whatIsMissing()
if (missing !== '') console.warn(`SKIPPED: the guestbook is not tested here: ${missing}`)

describe("redis's protocol", () => {
  it('writes commands with their length in bytes', () => {
    expect(formatCommand(['SET', 'k', 'grüße'])).toBe('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$7\r\ngrüße\r\n')
  })

  it.each([
    ['+OK\r\n', 'OK'],
    [':-7\r\n', -7],
    ['$-1\r\n', null],
    ['$4\r\na\r\nb\r\n', 'a\r\nb'],
    ['*2\r\n$1\r\na\r\n*1\r\n:1\r\n', ['a', [1]]],
    ['*-1\r\n', null],
    ['-ERR no\r\n', new ReplyError('ERR no')],
  ])('reads %j, and waits while it is incomplete', (text, reply) => {
    const data = Buffer.from(text)
    expect(parseReply(data)).toEqual({ reply, end: data.length })
    for (let end = 0; end < data.length; end++) expect(parseReply(data.subarray(0, end))).toBeUndefined()
  })
})

describe.skipIf(missing !== '')('guestbook server', () => {
  let master: TestRedis
  let replica: TestRedis
  let guestbook: TestGuestbook

  beforeAll(async () => {
    master = await startRedis({ port: await freePort() })
    replica = await startRedis({ port: await freePort(), master: master.port })
    guestbook = await startGuestbook({ master: master.port, replica: replica.port, hostname: 'frontend-abc' })
  })
  afterAll(async () => {
    await guestbook.stop()
    await replica.stop()
    await master.stop()
  })

  // A replica follows a moment later.
  const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 10_000 })
  const text = async (path: string, init?: RequestInit) => (await fetch(guestbook.url + path, init)).text()
  const post = (message: unknown) =>
    fetch(`${guestbook.url}/api/messages`, { method: 'POST', body: JSON.stringify({ message }) })
  const messages = async () => (JSON.parse(await text('/api/messages')) as { messages: string[] }).messages

  it('sets on the master and gets from the replica', async () => {
    expect(await text('/index.php?cmd=get&key=nothing')).toBe('{"data": ""}')
    const value = encodeURIComponent('a "b", c')
    expect(await text(`/index.php?cmd=set&key=k&value=${value}`)).toBe('{"message": "Updated"}')
    await eventually(async () => expect(await text('/index.php?cmd=get&key=k')).toBe('{"data": "a \\"b\\", c"}'))
  })

  it('keeps all of many messages that are posted at once', async () => {
    expect(await text('/index.php?cmd=set&key=messages&value=,one,two')).toBe('{"message": "Updated"}')
    const sent = Array.from({ length: 50 }, (_, i) => `message ${i}`)
    for (const response of await Promise.all(sent.map(post))) expect(response.status).toBe(201)
    await eventually(async () => expect((await messages()).sort()).toEqual(['one', 'two', ...sent].sort()))
    const joined = JSON.parse(await text('/index.php?cmd=get&key=messages')) as { data: string }
    expect(joined.data.startsWith('one,two,message ')).toBe(true)
    await text('/index.php?cmd=set&key=messages&value=only')
    await eventually(async () => expect(await text('/index.php?cmd=get&key=messages')).toBe('{"data": "only"}'))
  })

  it.each(['', '   ', 'x'.repeat(501), 7])('refuses the message %j', async (message) => {
    expect((await post(message)).status).toBe(400)
  })

  it('refuses what is no message at all', async () => {
    const send = (init: RequestInit) => fetch(`${guestbook.url}/api/messages`, init)
    expect((await send({ method: 'POST', body: '{' })).status).toBe(400)
    expect((await send({ method: 'POST', body: ' '.repeat(100_000) })).status).toBe(400)
    expect((await send({ method: 'DELETE' })).status).toBe(405)
  })

  it('serves the page, with nothing from elsewhere', async () => {
    for (const path of ['/', '/index.php']) {
      const response = await fetch(guestbook.url + path)
      expect(response.headers.get('content-security-policy')).toBe("default-src 'self'")
      expect(await response.text()).not.toMatch(/https?:\/\//)
    }
    expect((await fetch(`${guestbook.url}/app.js`)).headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect((await fetch(`${guestbook.url}/../server.ts`)).status).toBe(404)
  })

  it('says so when redis is away, and goes on when it is back', async () => {
    const port = await freePort()
    const alone = await startGuestbook({ master: port, replica: port, hostname: 'frontend-abc' })
    try {
      const response = await fetch(`${alone.url}/api/messages`)
      expect(response.status).toBe(503)
      expect(await response.json()).toMatchObject({
        error: expect.stringContaining(`cannot reach redis at 127.0.0.1:${port}: `),
        pod: 'frontend-abc',
      })
      expect((await fetch(`${alone.url}/healthz`)).status).toBe(200)
      const redis = await startRedis({ port })
      expect(await (await fetch(`${alone.url}/api/messages`)).json()).toEqual({ messages: [], pod: 'frontend-abc' })
      await redis.stop()
      expect((await fetch(`${alone.url}/api/messages`)).status).toBe(503)
    } finally {
      await alone.stop()
    }
  })
})
