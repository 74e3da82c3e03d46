import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { execPluginOf } from '../../client/exec-plugin.ts'
import { StatusError } from '../../machinery/errors.ts'
import type { RestConfig } from '../config/rest-config.ts'
import { ConnectionError, report } from '../errors.ts'
import { createRestClient, type RestClient, warningsOf } from './client.ts'

let server: Server
let client: RestClient
let warnings: string[]
let answer: (request: IncomingMessage, response: ServerResponse) => void

const config = (port: number, more: Partial<RestConfig> = {}): RestConfig => ({
  server: `http://127.0.0.1:${port}/base`,
  tls: { insecure: false },
  impersonate: { groups: [], extra: {} },
  timeoutMs: 0,
  ...more,
})
const port = () => (server.address() as AddressInfo).port
const open = (more: Partial<RestConfig> = {}) =>
  createRestClient({ config: config(port(), more), env: {}, onWarning: (text) => warnings.push(text) })

beforeEach(async () => {
  warnings = []
  server = createServer((request, response) => answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  client = await open()
})
afterEach(async () => {
  client.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

it('sends path, query, body and credentials, and shows warnings', async () => {
  client.close()
  client = await open({ token: 't', impersonate: { user: 'me', groups: ['a', 'b'], extra: {} } })
  let seen: IncomingMessage | undefined
  answer = (request, response) => {
    seen = request
    response.setHeader('warning', '299 - "old \\"thing\\"", 299 - "other"')
    response.end('{"ok":true}')
  }
  const request = { method: 'POST', path: '/api?a=1', query: { b: ['x', 'y'], c: undefined }, body: '{}' }
  expect(await client.json(request)).toEqual({ ok: true })
  expect(seen?.url).toBe('/base/api?a=1&b=x&b=y')
  expect(seen?.headers).toMatchObject({
    authorization: 'Bearer t',
    'impersonate-user': 'me',
    'impersonate-group': 'a, b',
    'content-type': 'application/json',
  })
  expect(warnings).toEqual(['old "thing"', 'other'])
})

it.each([
  [
    404,
    '{"kind":"Status","reason":"NotFound","message":"pods \\"x\\" not found","code":404}',
    'NotFound',
    'pods "x" not found',
  ],
  [404, '404 page not found', 'NotFound', 'the server could not find the requested resource'],
  [403, 'no', 'Forbidden', 'no'],
  [503, 'later', 'ServiceUnavailable', 'the server is currently unable to handle the request'],
])('turns %i %s into a StatusError', async (code, body, reason, message) => {
  answer = (_request, response) => {
    response.statusCode = code
    response.end(body)
  }
  const error = await client.json({ path: '/x' }).catch((e: unknown) => e)
  expect(error).toBeInstanceOf(StatusError)
  expect(error).toMatchObject({ reason, message })
})

it('yields the events of a watch and throws its error', async () => {
  answer = (request, response) => {
    expect(request.url).toContain('watch=true')
    response.write('{"type":"ADDED","object":{"a":1}}\n{"type":"MODI')
    response.write('FIED","object":{"a":2}}\n')
    response.end('{"type":"ERROR","object":{"kind":"Status","reason":"Expired","message":"too old","code":410}}\n')
  }
  const seen: unknown[] = []
  const watching = async () => {
    for await (const event of client.watch({ path: '/w' })) seen.push(event.type)
  }
  await expect(watching()).rejects.toThrow('too old')
  expect(seen).toEqual(['ADDED', 'MODIFIED'])
})

it('says which server refused', async () => {
  const refused = await createRestClient({
    config: { ...config(1), server: 'http://127.0.0.1:1' },
    env: {},
    onWarning() {},
  })
  const error = await refused.json({ path: '/x' }).catch((e: unknown) => e)
  expect(error).toBeInstanceOf(ConnectionError)
  expect(report(error)).toEqual({
    text: 'The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?\n',
    code: 1,
  })
})

it('gives up after the time that was asked for', async () => {
  client.close()
  client = await open({ timeoutMs: 50 })
  answer = () => {}
  await expect(client.json({ path: '/x' })).rejects.toThrow('Client.Timeout exceeded while awaiting headers')
})

it('runs a credential plugin, and anew when what it gave is refused', async () => {
  client.close()
  const exec = (command: string, args: string[] = []) => {
    const apiVersion = 'client.authentication.k8s.io/v1'
    return { exec: execPluginOf({ command, args, apiVersion, interactiveMode: 'Never' }, { server: 'https://x' }) }
  }
  const script = `console.log(JSON.stringify({ kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status: { token: 't' + process.hrtime.bigint() } }))`
  client = await open(exec(process.execPath, ['-e', script]))
  const seen: (string | undefined)[] = []
  answer = (request, response) => {
    seen.push(request.headers.authorization)
    response.statusCode = seen.length === 2 ? 401 : 200
    response.end('{}')
  }
  await client.json({ path: '/x' })
  await expect(client.json({ path: '/x' })).rejects.toThrow()
  await client.json({ path: '/x' })
  expect(seen[0]).toMatch(/^Bearer t\d+$/)
  expect(seen[1]).toBe(seen[0])
  expect(seen[2]).not.toBe(seen[0])
  await expect(open(exec('/nope'))).rejects.toThrow('getting credentials: exec: executable /nope not found')
})

it.each([
  [undefined, []],
  ['299 - "a, b"', ['a, b']],
  ['299 agent "a"', ['a']],
])('reads the Warning header %s', (header, texts) => {
  expect(warningsOf(header)).toEqual(texts)
})
