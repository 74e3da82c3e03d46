// Requests and upgrades through `proxy`, and the insecure port, over real listeners.

import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { Agent, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { endpoints, namespaces, nodes, pods, services } from '../../api/generated/resources.ts'
import { startTestServer, type TestServer } from '../../main/testing.ts'
import { proxiedPath } from './proxy.ts'
import { servicePortName, splitProxyName } from './proxy-target.ts'

it.each([
  ['web', { scheme: '', name: 'web', port: '' }],
  ['web:http', { scheme: '', name: 'web', port: 'http' }],
  ['https:web:443', { scheme: 'https', name: 'web', port: '443' }],
  ['http:web:', { scheme: 'http', name: 'web', port: '' }],
  [':web:80', { scheme: '', name: 'web', port: '80' }],
  ['ftp:web:21', undefined],
  ['a:b:c:d', undefined],
  [':80', undefined],
])('takes %j apart', (text, parts) => {
  expect(splitProxyName(text)).toEqual(parts)
})

it.each([
  ['/api/v1/namespaces/n/services/web:80/proxy/a%2Fb/?x=1', '/a%2Fb/?x=1'],
  ['/api/v1/nodes/n1/proxy/metrics', '/metrics'],
  ['/api/v1/namespaces/n/pods/p/proxy/', '/'],
  ['/api/v1/namespaces/n/pods/p/proxy', undefined],
  ['/api/v1/namespaces/proxy/pods/proxy/proxy/proxy', '/proxy'],
])('takes the path from %j', (url, path) => {
  expect(proxiedPath(url)).toBe(path)
})

it('finds a port by its number under the name that it has', () => {
  const service = { spec: { ports: [{ name: 'http', port: 80 }, { port: 81 }] } } as never
  expect(['80', '81', '82', 'http', ''].map((port) => servicePortName(service, port))).toEqual([
    'http',
    '',
    undefined,
    'http',
    '',
  ])
})

const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one && !one.internal && one.family === 'IPv4')?.address

// The server calls no loopback address, so the test needs another one.
describe.skipIf(!address)('through the server', () => {
  const namespace = 'default'
  let server: TestServer
  let backend: Server
  let backendPort: number

  beforeAll(async () => {
    server = await startTestServer({ insecure: true })
    backend = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        response.writeHead(request.url === '/teapot' ? 418 : 200, {
          'content-type': 'application/json',
          'x-own': 'yes',
        })
        response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }))
      })
    })
    const sockets = new WebSocketServer({ server: backend })
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)))
    await new Promise<void>((resolve) => backend.listen(0, '0.0.0.0', resolve))
    backendPort = (backend.address() as AddressInfo).port
    const { client } = server
    await client.create(nodes, { metadata: { name: 'n1' }, spec: {} })
    const made = await client.create(pods, {
      metadata: { namespace, name: 'web' },
      spec: { containers: [{ name: 'c', image: 'web', ports: [{ containerPort: backendPort }] }] },
    })
    const status = { phase: 'Running', podIP: address ?? '', podIPs: [{ ip: address ?? '' }] }
    await client.update(pods, { ...made, status }, { subresource: 'status' })
    for (const name of ['web', 'stray', 'idle']) {
      await client.create(services, {
        metadata: { namespace, name },
        spec: { ports: [{ name: 'http', port: 80 }] },
      })
    }
    const port = { name: 'http', port: backendPort }
    const targetRef = { kind: 'Pod', namespace, name: 'web' }
    await client.create(endpoints, {
      metadata: { namespace, name: 'web' },
      subsets: [{ addresses: [{ ip: address ?? '', targetRef }], ports: [port] }],
    })
    // Nobody's pod: an address that someone merely wrote down.
    await client.create(endpoints, {
      metadata: { namespace, name: 'stray' },
      subsets: [{ addresses: [{ ip: address ?? '' }], ports: [port] }],
    })
  })
  afterAll(async () => {
    backend.closeAllConnections()
    backend.close()
    await server.close()
  })

  const path = (rest: string) => `/api/v1/namespaces/${namespace}/${rest}`
  const insecure = () => `http://localhost:${server.server.insecurePort}`

  function call(
    rest: string,
    options: { method?: string; body?: string; headers?: Record<string, string>; plain?: boolean } = {},
  ): Promise<{ code: number; headers: IncomingMessage['headers']; text: string }> {
    return new Promise((resolve, reject) => {
      const { method = 'GET', body, headers = {}, plain } = options
      const { cert, key } = server.admin
      const answered = (answer: IncomingMessage) => {
        let text = ''
        answer.on('data', (chunk) => {
          text += chunk
        })
        answer.on('end', () => resolve({ code: answer.statusCode ?? 0, headers: answer.headers, text }))
      }
      const url = `${plain ? insecure() : server.url}${rest}`
      const outgoing = plain
        ? httpRequest(url, { method, headers }, answered)
        : httpsRequest(url, { method, headers, agent: new Agent({ ca: server.ca, cert, key }) }, answered)
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }

  it.each([
    ['a service by its port number', 'services/web:80/proxy/'],
    ['a service by its port name', 'services/http:web:http/proxy/'],
    ['a pod, at its first port', 'pods/web/proxy/'],
  ])('reaches %s', async (_what, rest) => {
    const { code, text } = await call(path(rest))
    expect({ code, ...JSON.parse(text) }).toMatchObject({ code: 200, method: 'GET', url: '/' })
  })

  it('passes on any method, the path as it is, headers but secrets, and the answer as it comes', async () => {
    const rest = path('services/web:80/proxy/a%2Fb/c?x=1&y=%20')
    const headers = { 'x-mine': '1', 'impersonate-user': 'kubernetes-admin', 'impersonate-group': 'system:masters' }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const body = 'x'.repeat(300_000)
      const framing: Record<string, string> =
        method === 'DELETE' ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(body.length) }
      const answer = JSON.parse((await call(rest, { method, body, headers: { ...headers, ...framing } })).text)
      expect(answer).toMatchObject({ method, url: '/a%2Fb/c?x=1&y=%20', body })
      expect(answer.headers).toMatchObject({ 'x-mine': '1', 'x-forwarded-uri': rest.split('?')[0] })
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('impersonate'))).toEqual([])
    }
    expect(await call(path('services/web:80/proxy/teapot'))).toMatchObject({ code: 418, headers: { 'x-own': 'yes' } })
    expect(await call(path('services/web:80/proxy?x=1'))).toMatchObject({
      code: 301,
      headers: { location: `${path('services/web:80/proxy/')}?x=1` },
    })
  })

  it('works over HTTP/2', async () => {
    const { cert, key } = server.admin
    const session = connectHttp2(server.url, { ca: server.ca, cert, key })
    const stream = session.request({ ':method': 'POST', ':path': path('pods/web/proxy/two') })
    stream.end('body')
    let text = ''
    for await (const chunk of stream) text += chunk
    session.close()
    expect(JSON.parse(text)).toMatchObject({ method: 'POST', url: '/two', body: 'body' })
  })

  it.each([
    ['services/web:81/proxy/', 503, 'no service port 81 found for service "web"'],
    ['services/idle:80/proxy/', 404, 'services "idle" not found'],
    ['services/stray:80/proxy/', 503, 'no endpoints available for service "stray"'],
    ['services/none:80/proxy/', 404, 'services "none" not found'],
    ['services/ftp:web:80/proxy/', 400, 'invalid service request "ftp:web:80"'],
    ['pods/none/proxy/', 404, 'pods "none" not found'],
    ['pods/web:1/proxy/', 503, `error trying to reach service: dial tcp ${address}:1: connect: connection refused`],
  ])('says why %s does not work', async (rest, code, message) => {
    const answer = await call(path(rest))
    expect({ code: answer.code, message: JSON.parse(answer.text).message }).toEqual({ code, message })
  })

  it('asks for the right to the verb of the method', async () => {
    const answer = await call(path('services/web:80/proxy/'), {
      method: 'POST',
      headers: { 'impersonate-user': 'eve' },
    })
    expect(answer.code).toBe(403)
    expect(JSON.parse(answer.text).message).toBe(
      'services "web:80" is forbidden: User "eve" cannot create resource "services/proxy" in API group "" in the namespace "default"',
    )
  })

  it.each([
    ['https', () => server.url.replace('https', 'wss')],
    ['http on the insecure port', () => insecure().replace('http', 'ws')],
  ])('joins WebSockets over %s', async (_what, base) => {
    const { cert, key } = server.admin
    const socket = new WebSocket(`${base()}${path('services/web:80/proxy/ws')}`, { ca: server.ca, cert, key })
    const answer = await new Promise((resolve, reject) => {
      socket.on('open', () => socket.send('hello'))
      socket.on('message', (data) => resolve(String(data)))
      socket.on('error', reject)
    })
    socket.close()
    expect(answer).toBe('echo hello')
  })

  it('lists the verbs of every method in discovery', async () => {
    const { resources } = JSON.parse((await call('/api/v1')).text) as { resources: { name: string; verbs: string[] }[] }
    expect(resources.find(({ name }) => name === 'services/proxy')?.verbs).toEqual([
      'create',
      'delete',
      'get',
      'patch',
      'update',
    ])
  })

  describe('the insecure port', () => {
    it('serves everyone as administrator', async () => {
      const body = JSON.stringify({ metadata: { name: 'made-plainly' } })
      const headers = { 'content-type': 'application/json' }
      expect(await call('/api/v1/namespaces', { plain: true, method: 'POST', body, headers })).toMatchObject({
        code: 201,
      })
      expect((await server.client.get(namespaces, { name: 'made-plainly' })).metadata.name).toBe('made-plainly')
      const review = JSON.stringify({ kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' })
      const who = await call('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        plain: true,
        method: 'POST',
        body: review,
        headers,
      })
      expect(JSON.parse(who.text).status.userInfo).toMatchObject({ username: 'system:unsecured' })
    })

    it.each([
      ['by a name of its own', { host: 'evil.example' }],
      ['from a page elsewhere', { origin: 'http://evil.example' }],
    ])('refuses a browser that is led to it %s', async (_how, headers) => {
      expect(await call('/api/v1/namespaces', { plain: true, headers })).toMatchObject({ code: 403 })
    })
  })
})
