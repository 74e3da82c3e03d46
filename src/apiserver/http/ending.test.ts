import { Agent, request as send } from 'node:https'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseGoDuration } from '../../machinery/go-duration.ts'
import { startTestServer, type TestServer } from '../../main/testing.ts'

describe('how requests end', () => {
  let server: TestServer
  let agent: Agent
  beforeEach(async () => {
    server = await startTestServer({ flags: { 'request-timeout': '300ms', 'shutdown-delay-duration': '400ms' } })
    agent = new Agent({ ca: server.ca, cert: server.admin.cert, key: server.admin.key, keepAlive: true })
  })
  afterEach(() => agent.destroy())

  const call = (path: string, body?: string) =>
    new Promise<{ code: number; text: string; reused: boolean }>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', ...(body === undefined ? {} : { 'content-length': 1000 }) }
      const method = body === undefined ? 'GET' : 'POST'
      const request = send(`${server.url}${path}`, { method, agent, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            code: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString(),
            reused: request.reusedSocket,
          }),
        )
      })
      request.on('error', reject)
      if (body === undefined) request.end()
      else request.write(body)
    })

  it('after their time: a body that does not come is not waited for', async () => {
    const { code, text } = await call('/api/v1/namespaces/default/configmaps', '{')
    expect(code).toBe(504)
    expect(JSON.parse(text)).toMatchObject({
      reason: 'Timeout',
      message: 'Timeout: request did not complete within the allotted timeout',
    })
    expect((await call('/version')).code).toBe(200)
    await server.close()
  })

  it('not at all, when nobody can tell after what time', async () => {
    const { code, text } = await call('/api/v1/nodes?timeout=soon')
    expect(code).toBe(400)
    expect(JSON.parse(text).message).toBe(
      'invalid timeout specified in the request URL - time: invalid duration "soon"',
    )
    expect((await call('/api/v1/nodes?timeout=10s')).code).toBe(200)
    await server.close()
  })

  it('cleanly when the server shuts down, which /readyz says first', async () => {
    const watching = call('/api/v1/namespaces/default/configmaps?watch=true&allowWatchBookmarks=true')
    const before = await call('/readyz')
    const closed = server.close()
    const during = await call('/readyz')
    expect([before.code, during.code]).toEqual([200, 500])
    expect(during.text).toContain('[-]shutdown failed: reason withheld')
    expect((await call('/version')).code).toBe(200)
    // A connection that is reset rejects.
    expect((await watching).code).toBe(200)
    await closed
    await expect(call('/version')).rejects.toThrow()
  })
})

it.each([
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['250ms', 250],
  ['0', 0],
  ['', undefined],
  ['10', undefined],
  ['1s ', undefined],
  ['soon', undefined],
])('the duration %j is %j ms', (text, ms) => {
  expect(parseGoDuration(text)).toBe(ms)
})
