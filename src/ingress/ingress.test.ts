// The ingress controller with a real nginx on loopback, in front of real backends, fed by a real API server core.

import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { IngressSpec } from '../api/generated/networking-v1.ts'
import { endpointslices, events, ingressclasses, ingresses, secrets, services } from '../api/generated/resources.ts'
import { startTestApi, type TestApi } from '../apiserver/testing.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import { InformerFactory } from '../client/informer.ts'
import { systemClock } from '../machinery/clock.ts'
import { jsonLogger } from '../machinery/logger.ts'
import { CertificateAuthority } from '../main/certificates.ts'
import { findProgram } from '../main/host.ts'
import { runIngress } from './ingress.ts'
import { CONTROLLER, EVENT_COMPONENT } from './names.ts'
import { nginxPaths } from './nginx.ts'
import { nginxMaster, nginxProcesses, signalTo } from './process-group.ts'
import { type Answer, ask, prefixed, rule } from './testing.ts'

const program = findProgram({ program: 'nginx', package: 'nginx', why: '' }, process.env)
if (!program) console.warn('SKIPPED: ingresses on a real nginx: nginx is not installed')
const namespace = 'default'
const log = jsonLogger({ write: (line) => process.stderr.write(line), level: 'error', now: Date.now })

/** An address that endpoints may have: those of loopback are refused. */
const address =
  Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find((a) => a.family === 'IPv4' && !a.internal)?.address ?? '127.0.0.1'

const portOf = (server: { address(): AddressInfo | string | null }) => (server.address() as AddressInfo).port

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0)
  await once(server, 'listening')
  const port = portOf(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Asks until the answer is as wanted: a reload is done by nginx in its own time. */
async function eventually<T>(what: string, look: () => Promise<T>, wanted: (found: T) => boolean): Promise<T> {
  const deadline = Date.now() + 10_000
  for (;;) {
    const found = await look()
    if (wanted(found)) return found
    if (Date.now() > deadline) throw new Error(`${what} did not come about: ${JSON.stringify(found)}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

describe.skipIf(!program)('ingresses on a real nginx', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sampan-ingress-'))
  const paths = nginxPaths(join(dir, 'run'), join(dir, 'ingress.log'))
  const stop = new AbortController()
  const closers: (() => void)[] = []
  let api: TestApi
  let ca: CertificateAuthority
  let running: Promise<void>
  let httpPort = 0
  let httpsPort = 0

  const http = (host: string, path = '/', options: Parameters<typeof ask>[1] = {}) =>
    ask(`http://${host}:${httpPort}${path}`, options)
  const https = (host: string, path = '/', options: Parameters<typeof ask>[1] = {}) =>
    ask(`https://${host}:${httpsPort}${path}`, options)
  const seen = ({ body }: Answer) => JSON.parse(body) as { name: string; url: string; headers: Record<string, string> }

  /** A backend that tells its name and what it was asked; `/slow` answers when told to. */
  const startBackend = async (name: string, waiting: (() => void)[] = []) => {
    const server = createServer((request, response) => {
      const answer = () => response.end(JSON.stringify({ name, url: request.url, headers: request.headers }))
      request.resume()
      if (request.url === '/slow') waiting.push(answer)
      else answer()
    })
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`${name}: ${data.toString()}`)))
    server.listen(0)
    await once(server, 'listening')
    closers.push(() => {
      server.closeAllConnections()
      server.close()
    })
    return portOf(server)
  }

  const serve = async (name: string, ...ports: number[]) => {
    await api.client.create(services, {
      metadata: { name, namespace },
      spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
    })
    for (const port of ports) {
      await api.client.create(endpointslices, {
        metadata: { name: `${name}-${port}`, namespace, labels: { 'kubernetes.io/service-name': name } },
        addressType: 'IPv4',
        ports: [{ name: 'http', port, protocol: 'TCP' }],
        endpoints: [{ addresses: [address], conditions: { ready: true } }],
      })
    }
  }

  /** Creates an ingress and waits until its status says that it is served, and nginx serves it. */
  const publish = async (name: string, spec: IngressSpec, annotations: Record<string, string> = {}) => {
    const before = workers()
    await api.client.create(ingresses, { metadata: { name, namespace, annotations: prefixed(annotations) }, spec })
    await eventually(
      `the status of ${name}`,
      () => api.client.get(ingresses, { namespace, name }),
      (ingress) => ingress.status.loadBalancer?.ingress?.[0]?.ip === '192.0.2.1',
    )
    await eventually(
      'a worker with the new configuration',
      async () => workers(),
      (now) => now.length === 1 && !before.includes(now[0] ?? 0),
    )
  }
  /** The workers that take connections: for a moment of every reload the old and the new one. */
  const workers = () =>
    nginxProcesses(paths).filter((pid) => {
      const file = `/proc/${pid}/cmdline`
      return existsSync(file) && /worker process\s*\0*$/.test(readFileSync(file, 'utf8'))
    })
  const warningsOf = async (name: string) => {
    const { items } = await api.client.list(events, { namespace })
    return items.filter((e) => e.involvedObject.name === name && e.type === 'Warning').map((e) => e.message ?? '')
  }
  const refusal = (name: string) =>
    eventually(
      `warning of ${name}`,
      () => warningsOf(name),
      (all) => all.length > 0,
    )
  const secret = (name: string, data: Record<string, string>) =>
    api.client.create(secrets, {
      metadata: { name, namespace },
      data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
    })
  const certificate = (host: string, commonName = host) =>
    ca.sign({ commonName, organizations: [], usage: 'server', dnsNames: [host] })

  beforeAll(async () => {
    // Workers are not root and read password files.
    chmodSync(dir, 0o755)
    api = await startTestApi()
    ca = await CertificateAuthority.open({ dir: join(dir, 'pki'), name: 'ca', now: Date.now })
    httpPort = await freePort()
    httpsPort = await freePort()
    await serve('a', await startBackend('a'))
    await serve('b', await startBackend('b'))
    const part = { client: api.client, clock: systemClock, log }
    running = runIngress({
      ...part,
      informers: new InformerFactory(part),
      events: createEventRecorder({ ...part, component: EVENT_COMPONENT }),
      addresses: ['192.0.2.1'],
      listen: { host: '127.0.0.1', httpPort, httpsPort },
      paths,
      program: program ?? '',
      workerProcesses: 1,
      ...(process.getuid?.() === 0 ? { worker: { user: 'nobody', group: 'nogroup', uid: 65534, gid: 65534 } } : {}),
      defaultCertificate: await certificate('ingress.local', 'Default'),
      env: process.env,
      signal: stop.signal,
    })
    await eventually(
      'nginx',
      () => http('unknown.test').catch(() => undefined),
      (answer) => answer?.code === 404,
    )
  })

  afterAll(async () => {
    stop.abort()
    await running
    for (const close of closers) close()
    await api.close()
    expect(nginxProcesses(paths)).toEqual([])
    rmSync(dir, { recursive: true, force: true })
  })

  it('makes the default class, which new ingresses are given', async () => {
    const found = await api.client.get(ingressclasses, { name: 'nginx' })
    expect(found.spec.controller).toBe(CONTROLLER)
    const made = await api.client.create(ingresses, {
      metadata: { name: 'classless', namespace },
      spec: { rules: [rule('classless.test', ['/', 'Prefix', 'a'])] },
    })
    expect(made.spec.ingressClassName).toBe('nginx')
    const old = await api.client.create(ingresses, {
      metadata: { name: 'foreign', namespace, annotations: { 'kubernetes.io/ingress.class': 'traefik' } },
      spec: { rules: [rule('foreign.test', ['/', 'Prefix', 'a'])] },
    })
    expect(old.spec.ingressClassName).toBeUndefined()
    await eventually(
      'the first',
      () => http('classless.test'),
      (answer) => answer.code === 200,
    )
    expect((await http('foreign.test')).code).toBe(404)
  })

  it('answers 404 for hosts and paths that nobody has', async () => {
    const answer = await http('nobody.test')
    expect([answer.code, answer.body]).toEqual([404, 'default backend - 404'])
    expect((await https('nobody.test')).certificate).toBe('Default')
  })

  it('chooses by host and path, the longest and most exact first', async () => {
    await publish('paths', {
      rules: [
        rule(
          'paths.test',
          ['/', 'Prefix', 'a'],
          ['/b', 'Prefix', 'b'],
          ['/b/exact', 'Exact', 'a'],
          ['/impl', 'ImplementationSpecific', 'b'],
        ),
        rule('*.wild.test', ['/', 'Prefix', 'b']),
        rule('only.test', ['/x', 'Exact', 'a']),
      ],
    })
    const name = async (host: string, path: string) => seen(await http(host, path)).name
    for (const [path, expected] of [
      ['/', 'a'],
      ['/b', 'b'],
      ['/b/', 'b'],
      ['/b/c?d=e', 'b'],
      ['/bc', 'a'],
      ['/b/exact', 'a'],
      ['/b/exact/more', 'b'],
      ['/implementation', 'b'],
    ] as const) {
      expect([path, await name('paths.test', path)]).toEqual([path, expected])
    }
    expect(await name('one.wild.test', '/')).toBe('b')
    expect((await http('two.one.wild.test')).code).toBe(404)
    expect((await http('only.test', '/x')).code).toBe(200)
    expect((await http('only.test', '/x/')).code).toBe(404)
    expect(seen(await http('paths.test', '/b/%20c?d=e')).url).toBe('/b/%20c?d=e')
  })

  it('tells backends where a request came from', async () => {
    const { headers } = seen(
      await http('paths.test', '/', { headers: { 'x-forwarded-for': '203.0.113.9', proxy: 'http://evil' } }),
    )
    expect(headers).toMatchObject({
      host: 'paths.test',
      'x-real-ip': '127.0.0.1',
      'x-forwarded-for': '127.0.0.1',
      'x-original-forwarded-for': '203.0.113.9',
      'x-forwarded-host': 'paths.test',
      'x-forwarded-port': String(httpPort),
      'x-forwarded-proto': 'http',
      'x-forwarded-scheme': 'http',
      'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
    })
    expect(headers.proxy).toBeUndefined()
  })

  it('shows the certificate of the host that is asked for, and changes it without cutting requests', async () => {
    const waiting: (() => void)[] = []
    await serve('slow', await startBackend('slow', waiting))
    for (const name of ['one', 'two']) {
      const { cert, key } = await certificate(`${name}.tls.test`)
      await secret(`${name}-tls`, { 'tls.crt': cert, 'tls.key': key })
    }
    await publish('tls', {
      tls: ['one', 'two'].map((name) => ({ hosts: [`${name}.tls.test`], secretName: `${name}-tls` })),
      rules: ['one', 'two'].map((name) => rule(`${name}.tls.test`, ['/', 'Prefix', 'slow'])),
    })
    expect((await https('one.tls.test')).certificate).toBe('one.tls.test')
    expect((await https('two.tls.test')).certificate).toBe('two.tls.test')
    const redirected = await http('one.tls.test', '/path?query=1')
    expect([redirected.code, redirected.headers.location]).toEqual([
      308,
      `https://one.tls.test:${httpsPort}/path?query=1`,
    ])
    expect(seen(await https('one.tls.test')).headers['x-forwarded-proto']).toBe('https')

    const pending = https('one.tls.test', '/slow')
    await eventually(
      'the slow request',
      async () => waiting.length,
      (count) => count === 1,
    )
    const renewed = await certificate('one.tls.test', 'renewed')
    await api.client.patch(
      secrets,
      { namespace, name: 'one-tls' },
      {
        type: 'merge',
        patch: {
          data: {
            'tls.crt': Buffer.from(renewed.cert).toString('base64'),
            'tls.key': Buffer.from(renewed.key).toString('base64'),
          },
        },
      },
    )
    await eventually(
      'the new certificate',
      () => https('one.tls.test'),
      (a) => a.certificate === 'renewed',
    )
    for (const answer of waiting) answer()
    expect(seen(await pending).url).toBe('/slow')
  })

  it('says so when a certificate is missing, and takes the default one', async () => {
    await publish('lost', {
      tls: [{ hosts: ['lost.test'], secretName: 'lost' }],
      rules: [rule('lost.test', ['/', 'Prefix', 'a'])],
    })
    expect((await https('lost.test')).certificate).toBe('Default')
    expect(await refusal('lost')).toEqual(['secret "default/lost" not found; the default certificate is used instead'])
  })

  it('rewrites paths with groups, and matches regular expressions', async () => {
    await publish(
      'rewrite',
      { rules: [rule('rewrite.test', ['/app(/|$)(.*)', 'ImplementationSpecific', 'a'])] },
      { 'rewrite-target': '/$2' },
    )
    expect(seen(await http('rewrite.test', '/app/x/y?z=1')).url).toBe('/x/y?z=1')
    expect(seen(await http('rewrite.test', '/app')).url).toBe('/')
    expect((await http('rewrite.test', '/apple')).code).toBe(404)
    await publish(
      'regex',
      { rules: [rule('regex.test', ['/v[0-9]{1,2}/.*', 'ImplementationSpecific', 'b'])] },
      { 'use-regex': 'true' },
    )
    expect(seen(await http('regex.test', '/v12/a')).name).toBe('b')
    expect((await http('regex.test', '/va/a')).code).toBe(404)
  })

  it('redirects', async () => {
    const rules = (host: string) => ({ rules: [rule(host, ['/', 'Prefix', 'a'])] })
    await publish('moved', rules('moved.test'), { 'permanent-redirect': 'https://new.test$request_uri' })
    await publish('away', rules('away.test'), { 'temporal-redirect': 'https://away.test/home' })
    await publish('rooted', rules('rooted.test'), { 'app-root': '/app' })
    await publish('forced', rules('forced.test'), { 'force-ssl-redirect': 'true' })
    const to = async (host: string, path: string) => {
      const { code, headers } = await http(host, path)
      return [code, headers.location]
    }
    expect(await to('moved.test', '/a?b')).toEqual([301, 'https://new.test/a?b'])
    expect(await to('away.test', '/a')).toEqual([302, 'https://away.test/home'])
    expect(await to('rooted.test', '/')).toEqual([302, 'http://rooted.test/app'])
    expect((await to('rooted.test', '/other'))[0]).toBe(200)
    expect(await to('forced.test', '/a')).toEqual([308, `https://forced.test:${httpsPort}/a`])
  })

  it('asks for passwords', async () => {
    await secret('users', { auth: 'ann:{PLAIN}secret\n' })
    await publish(
      'auth',
      { rules: [rule('auth.test', ['/', 'Prefix', 'a'])] },
      { 'auth-type': 'basic', 'auth-secret': 'users', 'auth-realm': 'Staff' },
    )
    const denied = await http('auth.test')
    expect([denied.code, denied.headers['www-authenticate']]).toEqual([401, 'Basic realm="Staff"'])
    const authorization = (text: string) => ({
      headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` },
    })
    expect((await http('auth.test', '/', authorization('ann:secret'))).code).toBe(200)
    expect((await http('auth.test', '/', authorization('ann:wrong'))).code).toBe(401)
  })

  it('lets only some in, limits what they send and how often they ask', async () => {
    const rules = (host: string) => ({ rules: [rule(host, ['/', 'Prefix', 'a'])] })
    await publish('closed', rules('closed.test'), { 'whitelist-source-range': '203.0.113.0/24' })
    await publish('open', rules('open.test'), { 'whitelist-source-range': '203.0.113.0/24,127.0.0.0/8' })
    await publish('small', rules('small.test'), { 'proxy-body-size': '1k' })
    await publish('slow-down', rules('often.test'), { 'limit-rps': '1', 'limit-burst-multiplier': '2' })
    expect((await http('closed.test')).code).toBe(403)
    expect((await http('open.test')).code).toBe(200)
    const post = (bytes: number) => http('small.test', '/', { method: 'POST', body: 'x'.repeat(bytes) })
    expect((await post(1000)).code).toBe(200)
    expect((await post(2000)).code).toBe(413)
    const codes = await Promise.all(Array.from({ length: 10 }, () => http('often.test').then((a) => a.code)))
    expect(codes).toContain(503)
    expect(codes).toContain(200)
  })

  it('answers for other origins', async () => {
    await publish(
      'cors',
      { rules: [rule('cors.test', ['/', 'Prefix', 'a'])] },
      { 'enable-cors': 'true', 'cors-allow-origin': 'https://*.ok.test, https://plain.test' },
    )
    const from = (origin: string, method = 'GET') => http('cors.test', '/', { method, headers: { origin } })
    expect((await from('https://x.ok.test')).headers).toMatchObject({
      'access-control-allow-origin': 'https://x.ok.test',
      'access-control-allow-credentials': 'true',
    })
    expect((await from('https://evil.test')).headers['access-control-allow-origin']).toBeUndefined()
    const preflight = await from('https://plain.test', 'OPTIONS')
    expect([
      preflight.code,
      preflight.headers['access-control-allow-origin'],
      preflight.headers['access-control-allow-methods'],
    ]).toEqual([204, 'https://plain.test', 'GET, PUT, POST, DELETE, PATCH, OPTIONS'])
  })

  it('keeps a client at one endpoint by its cookie', async () => {
    const ports = await Promise.all(['s1', 's2', 's3'].map((name) => startBackend(name)))
    await serve('sticky', ...ports)
    await publish(
      'sticky',
      { rules: [rule('sticky.test', ['/', 'Prefix', 'sticky'])] },
      { affinity: 'cookie', 'session-cookie-name': 'my-route' },
    )
    const first = await http('sticky.test')
    const [cookie = ''] = (first.headers['set-cookie']?.[0] ?? '').split(';')
    expect(cookie).toMatch(/^my-route=[0-9a-f]{32}$/)
    for (let i = 0; i < 10; i++) {
      const next = await http('sticky.test', '/', { headers: { cookie: `other=1; ${cookie}` } })
      expect(seen(next).name).toBe(seen(first).name)
      expect(next.headers['set-cookie']).toBeUndefined()
    }
    const all = await Promise.all(Array.from({ length: 30 }, () => http('sticky.test').then((a) => seen(a).name)))
    expect(new Set(all).size).toBeGreaterThan(1)
  })

  it('serves aliases, and other names to the backend', async () => {
    await publish(
      'alias',
      { rules: [rule('named.test', ['/', 'Prefix', 'a'])] },
      { 'server-alias': 'alias.test', 'upstream-vhost': 'inner.test', 'x-forwarded-prefix': '/pre' },
    )
    const { headers } = seen(await http('alias.test'))
    expect(headers).toMatchObject({
      host: 'inner.test',
      'x-forwarded-host': 'alias.test',
      'x-forwarded-prefix': '/pre',
    })
  })

  it('carries WebSockets across a reload', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${httpPort}/`, { headers: { host: 'paths.test' } })
    await once(socket, 'open')
    const say = async (text: string) => {
      socket.send(text)
      const [answer] = await once(socket, 'message')
      return String(answer)
    }
    expect(await say('hello')).toBe('a: hello')
    await publish('another', { rules: [rule('another.test', ['/', 'Prefix', 'b'])] })
    expect(await say('again')).toBe('a: again')
    socket.close()
    await once(socket, 'close')
  })

  it('carries gRPC', async () => {
    const backend = createHttp2Server()
    backend.on('stream', (stream, headers) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-path': String(headers[':path']) }))
      stream.end('frame')
    })
    backend.listen(0)
    await once(backend, 'listening')
    closers.push(() => backend.close())
    await serve('grpc', portOf(backend))
    await publish(
      'grpc',
      { tls: [{ hosts: ['grpc.test'] }], rules: [rule('grpc.test', ['/', 'Prefix', 'grpc'])] },
      { 'backend-protocol': 'GRPC' },
    )
    const session = connectHttp2(`https://127.0.0.1:${httpsPort}`, {
      servername: 'grpc.test',
      rejectUnauthorized: false,
    })
    const stream = session.request({
      ':method': 'POST',
      ':path': '/pkg.Service/Call',
      ':authority': 'grpc.test',
      te: 'trailers',
      'content-type': 'application/grpc',
    })
    stream.end('frame')
    stream.resume()
    const [trailers] = await once(stream, 'trailers')
    expect(trailers).toMatchObject({ 'grpc-status': '0', 'x-path': '/pkg.Service/Call' })
    session.close()
  })

  it('follows endpoints, without failing a request', async () => {
    const old = await startBackend('old')
    await serve('moving', old)
    await publish('moving', { rules: [rule('moving.test', ['/', 'Prefix', 'moving'])] })
    const names = new Set<string>()
    let done = false
    const load = (async () => {
      while (!done) names.add(seen(await http('moving.test')).name)
    })()
    for (const name of ['new1', 'new2', 'new3']) {
      const port = await startBackend(name)
      await api.client.patch(
        endpointslices,
        { namespace, name: `moving-${old}` },
        { type: 'merge', patch: { ports: [{ name: 'http', port, protocol: 'TCP' }] } },
      )
      await eventually(name, async () => names.has(name), Boolean)
    }
    done = true
    await load
    await api.client.patch(
      endpointslices,
      { namespace, name: `moving-${old}` },
      { type: 'merge', patch: { endpoints: [] } },
    )
    await eventually(
      '503',
      () => http('moving.test'),
      (answer) => answer.code === 503,
    )
  })

  it('leaves out what is invalid, says so, and serves the rest', async () => {
    const bad = async (name: string, path: string, annotations: Record<string, string>) => {
      await api.client.create(ingresses, {
        metadata: { name, namespace, annotations: prefixed(annotations) },
        spec: { rules: [rule(`${name}.test`, [path, 'ImplementationSpecific', 'a'])] },
      })
      return refusal(name)
    }
    expect(await bad('snippet', '/', { 'configuration-snippet': 'return 200;' })).toEqual([
      expect.stringContaining('Snippet directives are disabled'),
    ])
    expect(await bad('unclosed', '/(', { 'use-regex': 'true' })).toEqual([
      expect.stringContaining('nginx refuses the configuration: pcre'),
    ])
    expect(await bad('injected', '/', { 'rewrite-target': '/"; return 200 "owned' })).toEqual([
      expect.stringContaining('contains invalid value'),
    ])
    for (const name of ['snippet', 'unclosed', 'injected']) expect((await http(`${name}.test`)).code).toBe(404)
    // A path that tries to leave its place is a path like any other.
    await publish('odd', {
      rules: [rule('odd.test', ['/a" { } return 200 "owned', 'ImplementationSpecific', 'a'])],
    })
    expect((await http('odd.test', '/x')).code).toBe(404)
    expect(seen(await http('odd.test', '/a%22%20%7B%20%7D%20return%20200%20%22owned')).name).toBe('a')
    expect((await http('paths.test')).code).toBe(200)
    await api.client.patch(
      ingresses,
      { namespace, name: 'unclosed' },
      { type: 'json', patch: [{ op: 'replace', path: '/spec/rules/0/http/paths/0/path', value: '/(x)' }] },
    )
    await eventually(
      'the repaired one',
      () => http('unclosed.test', '/x'),
      (answer) => answer.code === 200,
    )
  })

  it('starts nginx again when it dies, and clears away what it left', async () => {
    const master = nginxMaster(paths) ?? 0
    signalTo(master, 'SIGKILL')
    await eventually(
      'another nginx',
      async () => nginxMaster(paths),
      (pid) => pid !== undefined && pid !== master,
    )
    await eventually(
      'its answer',
      () => http('paths.test').catch(() => undefined),
      (answer) => answer?.code === 200,
    )
    expect(readFileSync(paths.config, 'utf8')).toContain('server_name "paths.test";')
  })
})
