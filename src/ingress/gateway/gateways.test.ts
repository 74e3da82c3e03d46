// Gateways and routes with a real nginx on loopback, in front of real backends, fed by a real API server core.

import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  customresourcedefinitions,
  endpointslices,
  ingresses,
  namespaces,
  secrets,
  services,
} from '../../api/generated/resources.ts'
import { apiVersionOf, type ResourceRef } from '../../api/resource-ref.ts'
import { startTestApi, type TestApi } from '../../apiserver/testing.ts'
import type { New } from '../../client/client.ts'
import { createEventRecorder } from '../../client/event-recorder.ts'
import { InformerFactory } from '../../client/informer.ts'
import { systemClock } from '../../machinery/clock.ts'
import { jsonLogger } from '../../machinery/logger.ts'
import { CertificateAuthority } from '../../main/certificates.ts'
import { findProgram } from '../../main/host.ts'
import { runIngress } from '../ingress.ts'
import { EVENT_COMPONENT } from '../names.ts'
import { nginxPaths } from '../nginx.ts'
import { nginxProcesses } from '../process-group.ts'
import { type Answer, ask, rule } from '../testing.ts'
import {
  type Gateway,
  type GatewayListener,
  gatewayclasses,
  gateways,
  grpcroutes,
  type HTTPRoute,
  type HTTPRouteRule,
  httproutes,
  referencegrants,
} from './types.ts'

const program = findProgram({ program: 'nginx', package: 'nginx', why: '' }, process.env)
if (!program) console.warn('SKIPPED: gateways on a real nginx: nginx is not installed')
const namespace = 'default'
/** Answers that must agree before a configuration counts as in force. */
const IN_A_ROW = 20
const log = jsonLogger({ write: (line) => process.stderr.write(line), level: 'error', now: Date.now })

/** An address that endpoints may have: those of loopback are refused. */
const address =
  Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find((a) => a.family === 'IPv4' && !a.internal)?.address ?? '127.0.0.1'

const portOf = (server: Server) => (server.address() as AddressInfo).port

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0)
  await once(server, 'listening')
  const port = portOf(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

const findings = (conditions: readonly { type: string; status: string; reason: string }[] | undefined) =>
  Object.fromEntries((conditions ?? []).map((c) => [c.type, `${c.status} ${c.reason}`]))

interface Seen {
  name: string
  method: string
  url: string
  headers: Record<string, string>
}

describe.skipIf(!program)('gateways on a real nginx', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sampan-gateway-'))
  const paths = nginxPaths(join(dir, 'run'), join(dir, 'ingress.log'))
  const stop = new AbortController()
  const closers: (() => void)[] = []
  const asked: Seen[] = []
  let api: TestApi
  let ca: CertificateAuthority
  let running: Promise<void>
  let httpPort = 0
  let httpsPort = 0
  let extraPort = 0

  const http = (host: string, path = '/', options: Parameters<typeof ask>[1] = {}, port = httpPort) =>
    ask(`http://${host}:${port}${path}`, options)
  const seen = ({ body }: Answer) => JSON.parse(body) as Seen
  const nameAt = async (...from: Parameters<typeof http>) => {
    const answer = await http(...from)
    return answer.code === 200 ? seen(answer).name : answer.code
  }
  const backendRefs = (name: string) => [{ name, port: 80 }]

  const serve = async (name: string, where = namespace) => {
    const server = createServer((request, response) => {
      const { method = '', url = '', headers } = request
      const told = { name, method, url, headers: headers as Record<string, string> }
      asked.push(told)
      request.resume()
      response.setHeader('x-from', name)
      if (url !== '/slow') response.end(JSON.stringify(told))
    }).listen(0)
    await once(server, 'listening')
    closers.push(() => {
      server.closeAllConnections()
      server.close()
    })
    await api.client.create(services, {
      metadata: { name, namespace: where },
      spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
    })
    await api.client.create(endpointslices, {
      metadata: { name, namespace: where, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: portOf(server), protocol: 'TCP' }],
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    })
  }

  const create = <T>(ref: ResourceRef<T>, object: New<T>) =>
    api.client.create(ref, { apiVersion: apiVersionOf(ref), kind: ref.kind, ...object })
  const gateway = (name: string, listeners: GatewayListener[]) =>
    create(gateways, { metadata: { name, namespace }, spec: { gatewayClassName: 'nginx', listeners } })
  const judgedGateway = async (name: string) => {
    let found: Gateway | undefined
    await expect
      .poll(async () => {
        found = (await api.client.get(gateways, { namespace, name })) as Gateway
        return found.status.conditions?.every((c) => c.observedGeneration === found?.metadata.generation)
      })
      .toBe(true)
    return found as Gateway
  }
  const route = (name: string, spec: Partial<HTTPRoute['spec']>, where = namespace) =>
    create(httproutes, {
      metadata: { name, namespace: where },
      spec: { parentRefs: [{ name: 'web', namespace }], ...spec },
    })
  const judgedRoute = async (name: string, where = namespace) => {
    let found: HTTPRoute | undefined
    await expect
      .poll(async () => {
        found = (await api.client.get(httproutes, { namespace: where, name })) as HTTPRoute
        return found.status.parents?.length
      })
      .toBe(1)
    return findings(found?.status.parents?.[0]?.conditions)
  }
  /** How many workers take connections: for a moment of every reload the old and the new one. */
  const workers = () =>
    nginxProcesses(paths).filter((pid) => {
      const file = `/proc/${pid}/cmdline`
      return existsSync(file) && /worker process\s*\0*$/.test(readFileSync(file, 'utf8'))
    }).length
  /** Right after a reload a worker of the configuration before may take a connection: asks until many agree. */
  const settled = async (look: () => Promise<unknown>, wanted: unknown) => {
    await expect
      .poll(
        async () => {
          for (let i = 0; i < IN_A_ROW; i++) if ((await look()) !== wanted || workers() !== 1) return i
          return IN_A_ROW
        },
        { timeout: 10_000 },
      )
      .toBe(IN_A_ROW)
  }
  /** Makes a route and waits until nginx serves it: a server's name appears with the first reload that has it. */
  const publish = async (name: string, host: string, rules: HTTPRouteRule[]) => {
    rules.push({
      matches: [{ path: { type: 'Exact', value: '/-ready' } }],
      filters: [{ type: 'RequestRedirect', requestRedirect: { statusCode: 302, hostname: 'ready.test' } }],
    })
    await route(name, { hostnames: [host], rules })
    await settled(async () => (await http(host.replace('*', 'any'), '/-ready')).code, 302)
  }

  beforeAll(async () => {
    chmodSync(dir, 0o755)
    api = await startTestApi({ customResources: true })
    ca = await CertificateAuthority.open({ dir: join(dir, 'pki'), name: 'ca', now: Date.now })
    httpPort = await freePort()
    httpsPort = await freePort()
    extraPort = await freePort()
    for (const name of ['a', 'b', 'c']) await serve(name)
    const part = { client: api.client, clock: systemClock, log }
    const { cert, key } = await ca.sign({ commonName: 'Default', organizations: [], usage: 'server', dnsNames: [] })
    running = runIngress({
      ...part,
      informers: new InformerFactory(part),
      events: createEventRecorder({ ...part, component: EVENT_COMPONENT }),
      addresses: ['192.0.2.1'],
      listen: { host: '127.0.0.1', httpPort, httpsPort },
      gatewayApi: true,
      paths,
      program: program ?? '',
      workerProcesses: 1,
      ...(process.getuid?.() === 0 ? { worker: { user: 'nobody', group: 'nogroup', uid: 65534, gid: 65534 } } : {}),
      defaultCertificate: { cert, key },
      env: process.env,
      signal: stop.signal,
    })
    await vi.waitFor(() => api.client.get(gatewayclasses, { name: 'nginx' }), { timeout: 10_000, interval: 50 })
    expect((await api.client.list(customresourcedefinitions)).items).toHaveLength(5)
    await gateway('web', [
      { name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } },
      { name: 'extra', port: extraPort, protocol: 'HTTP', hostname: '*.extra.test' },
    ])
  })

  afterAll(async () => {
    stop.abort()
    await running
    for (const close of closers) close()
    await api.close()
    expect(nginxProcesses(paths)).toEqual([])
    rmSync(dir, { recursive: true, force: true })
  })

  it('accepts its class and a gateway, with addresses', async () => {
    await expect
      .poll(async () => findings((await api.client.get(gatewayclasses, { name: 'nginx' })).status.conditions))
      .toEqual({ Accepted: 'True Accepted', SupportedVersion: 'True SupportedVersion' })
    const { status } = await judgedGateway('web')
    expect(findings(status.conditions)).toEqual({ Accepted: 'True Accepted', Programmed: 'True Programmed' })
    expect(status.addresses).toEqual([{ type: 'IPAddress', value: '192.0.2.1' }])
    expect(findings(status.listeners?.[0]?.conditions)).toEqual({
      Accepted: 'True Accepted',
      Conflicted: 'False NoConflicts',
      ResolvedRefs: 'True ResolvedRefs',
      Programmed: 'True Programmed',
    })
    expect(status.listeners?.[0]?.supportedKinds).toEqual([{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }])
  })

  it('chooses by path, method, headers and query, in the order of the specification', async () => {
    await publish('choose', 'choose.test', [
      { backendRefs: backendRefs('a') },
      { matches: [{ path: { type: 'PathPrefix', value: '/b/' } }], backendRefs: backendRefs('b') },
      { matches: [{ path: { type: 'Exact', value: '/b/c' } }], backendRefs: backendRefs('c') },
      { matches: [{ path: { type: 'RegularExpression', value: '/r/[0-9]+' } }], backendRefs: backendRefs('c') },
      { matches: [{ headers: [{ name: 'X-Version', value: 'two' }] }], backendRefs: backendRefs('b') },
      { matches: [{ method: 'POST' }], backendRefs: backendRefs('c') },
      { matches: [{ queryParams: [{ name: 'user-id', value: 'a b' }] }], backendRefs: backendRefs('c') },
      {
        matches: [{ headers: [{ type: 'RegularExpression', name: 'x-version', value: 'v[34]' }] }],
        backendRefs: backendRefs('c'),
      },
    ])
    const at = (path: string, options: Parameters<typeof ask>[1] = {}) => nameAt('choose.test', path, options)
    const version = (value: string) => ({ headers: { 'x-version': value } })
    expect(await at('/')).toBe('a')
    expect(await at('/b')).toBe('b')
    expect(await at('/b/x')).toBe('b')
    expect(await at('/bc')).toBe('a')
    expect(await at('/b/c')).toBe('c')
    expect(await at('/b/c/d')).toBe('b')
    expect(await at('/r/12')).toBe('c')
    expect(await at('/r/12x')).toBe('a')
    expect(await at('/x', version('two'))).toBe('b')
    expect(await at('/x', version('TWO'))).toBe('a')
    expect(await at('/x', version('v3'))).toBe('c')
    expect(await at('/x', version('v34'))).toBe('a')
    expect(await at('/x', { method: 'POST', body: 'text', ...version('two') })).toBe('c')
    expect(await at('/x?user-id=a%20b')).toBe('c')
    expect(await at('/x?y=1&user-id=a+b')).toBe('c')
    expect(await at('/x?USER-ID=a+b')).toBe('a')
    expect(await at('/%62/x')).toBe('b')
    expect(await at('/x%0a/b/c')).toBe('a')
  })

  it('knows any number of conditions', async () => {
    const value = (i: number) => `v${i}`
    const rules = Array.from({ length: 4 }, (_, r) => ({
      matches: Array.from({ length: 60 }, (_, m) => ({ headers: [{ name: 'x-many', value: value(r * 60 + m) }] })),
      backendRefs: backendRefs(r === 3 ? 'b' : 'a'),
    }))
    await publish('many', 'many.test', rules)
    const at = (i: number) => nameAt('many.test', '/', { headers: { 'x-many': value(i) } })
    expect([await at(0), await at(179), await at(180), await at(239), await at(240)]).toEqual(['a', 'a', 'b', 'b', 404])
  })

  it('changes headers, and keeps dollars and quotes what they are', async () => {
    await publish('headers', 'headers.test', [
      {
        filters: [
          {
            type: 'RequestHeaderModifier',
            requestHeaderModifier: {
              set: [{ name: 'X-Set', value: 'a "$b" \\n' }],
              add: [{ name: 'X-Add', value: '$host' }],
              remove: ['X-Gone'],
            },
          },
          {
            type: 'ResponseHeaderModifier',
            responseHeaderModifier: {
              set: [{ name: 'X-From', value: 'gateway' }],
              add: [{ name: 'X-New', value: '$1' }],
            },
          },
        ],
        backendRefs: [
          {
            name: 'a',
            port: 80,
            filters: [
              { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'X-Backend', value: 'a' }] } },
            ],
          },
        ],
      },
    ])
    const answer = await http('headers.test', '/', { headers: { 'x-add': 'one', 'x-gone': 'x', 'x-set': 'x' } })
    const { headers } = seen(answer)
    expect([headers['x-set'], headers['x-add'], headers['x-gone'], headers['x-backend']]).toEqual([
      'a "$b" \\n',
      'one,$host',
      undefined,
      'a',
    ])
    expect(headers.host).toBe('headers.test')
    expect([answer.headers['x-from'], answer.headers['x-new']]).toEqual(['gateway', '$1'])
    expect(seen(await http('headers.test')).headers['x-add']).toBe('$host')
  })

  it('redirects and rewrites', async () => {
    const prefix = (value: string) => [{ path: { type: 'PathPrefix', value } }]
    const redirect = (requestRedirect: object) => [{ type: 'RequestRedirect', requestRedirect }]
    const rewrite = (urlRewrite: object) => [{ type: 'URLRewrite', urlRewrite }]
    const replace = (replacePrefixMatch: string) => ({ path: { type: 'ReplacePrefixMatch', replacePrefixMatch } })
    await publish('move', 'move.test', [
      { matches: prefix('/tls'), filters: redirect({ scheme: 'https', statusCode: 301 }) },
      { matches: prefix('/old'), filters: redirect({ hostname: 'new.test', port: 80, ...replace('/new') }) },
      { matches: prefix('/strip'), filters: rewrite(replace('/')), backendRefs: backendRefs('a') },
      { matches: prefix('/deep'), filters: rewrite(replace('/x/y')), backendRefs: backendRefs('a') },
      {
        matches: prefix('/full'),
        filters: rewrite({ hostname: 'inner.test', path: { type: 'ReplaceFullPath', replaceFullPath: '/one$1' } }),
        backendRefs: backendRefs('a'),
      },
    ])
    const location = async (path: string) => {
      const { code, headers } = await http('move.test', path)
      return `${code} ${headers.location}`
    }
    expect(await location('/tls/a%20b?c=d')).toBe(`301 https://move.test:${httpsPort}/tls/a%20b?c=d`)
    expect(await location('/old')).toBe('302 http://new.test/new')
    expect(await location('/old/a%0d%0ab?c=d')).toBe('302 http://new.test/new/a%0d%0ab?c=d')
    expect(await location('/%6fld/a%0d%0ab')).toBe('302 http://new.test/new/a%0D%0Ab')
    const url = async (path: string) => seen(await http('move.test', path)).url
    expect(await url('/strip')).toBe('/')
    expect(await url('/strip/a%20b?c=d')).toBe('/a%20b?c=d')
    expect(await url('/deep/')).toBe('/x/y/')
    expect(await url('/deep')).toBe('/x/y')
    const full = seen(await http('move.test', '/full/x?q=1'))
    expect([full.url, full.headers.host]).toEqual(['/one$1?q=1', 'inner.test'])
  })

  it('divides requests, answers 500 for what is not there, and gives up on slow backends', async () => {
    await publish('split', 'split.test', [
      {
        backendRefs: [
          { name: 'a', port: 80, weight: 3 },
          { name: 'b', port: 80, weight: 1 },
          { name: 'c', port: 80, weight: 0 },
        ],
      },
      {
        matches: [{ path: { value: '/half' } }],
        backendRefs: [
          { name: 'a', port: 80 },
          { name: 'absent', port: 80 },
        ],
      },
      { matches: [{ path: { value: '/slow' } }], timeouts: { request: '200ms' }, backendRefs: backendRefs('a') },
    ])
    const many = async (path: string) => {
      const names = await Promise.all(Array.from({ length: 80 }, () => nameAt('split.test', path)))
      return names.reduce<Record<string, number>>((sum, n) => Object.assign(sum, { [n]: (sum[n] ?? 0) + 1 }), {})
    }
    const { a = 0, b = 0, ...rest } = await many('/')
    expect(rest).toEqual({})
    expect(a).toBeGreaterThan(b)
    expect(b).toBeGreaterThan(0)
    expect(Object.keys(await many('/half')).sort()).toEqual(['500', 'a'])
    expect(await judgedRoute('split')).toEqual({ Accepted: 'True Accepted', ResolvedRefs: 'False BackendNotFound' })
    expect((await http('split.test', '/slow')).code).toBe(504)
  })

  it('copies requests', async () => {
    await publish('mirror', 'mirror.test', [
      {
        filters: [{ type: 'RequestMirror', requestMirror: { backendRef: { name: 'c', port: 80 } } }],
        backendRefs: backendRefs('a'),
      },
    ])
    expect(await nameAt('mirror.test', '/copied?x=1', { method: 'POST', body: 'text' })).toBe('a')
    await expect
      .poll(() =>
        asked
          .filter(({ url }) => url === '/copied?x=1')
          .map(({ name, method }) => `${name} ${method}`)
          .sort(),
      )
      .toEqual(['a POST', 'c POST'])
    expect((await http('mirror.test', '/-gateway-mirror/x')).code).toBe(404)
  })

  it('goes before an ingress of the same host, which gets the rest', async () => {
    await api.client.create(ingresses, {
      metadata: { name: 'both', namespace },
      spec: { rules: [rule('both.test', ['/', 'Prefix', 'a'])] },
    })
    await publish('both', 'both.test', [{ matches: [{ path: { value: '/b' } }], backendRefs: backendRefs('b') }])
    await settled(() => nameAt('both.test', '/'), 'a')
    expect(await nameAt('both.test', '/b/x')).toBe('b')
    expect(await nameAt('both.test', '/bx')).toBe('a')
  })

  it('listens on other ports, for wildcards of any depth', async () => {
    await route('extra', {
      parentRefs: [{ name: 'web', sectionName: 'extra' }],
      rules: [{ backendRefs: backendRefs('b') }],
    })
    const at = (host: string) => nameAt(host, '/', {}, extraPort)
    await settled(() => at('a.extra.test').catch(() => undefined), 'b')
    expect(await at('a.b.extra.test')).toBe('b')
    expect(await at('extra.test')).toBe(404)
    expect(await nameAt('a.extra.test')).toBe(404)
    const { status } = await judgedGateway('web')
    await expect
      .poll(
        async () => (await api.client.get(gateways, { namespace, name: 'web' })).status.listeners?.[1]?.attachedRoutes,
      )
      .toBe(1)
    expect(status.listeners).toHaveLength(2)
  })

  it('shows the certificates of listeners, and of other namespaces only when granted', async () => {
    await api.client.create(namespaces, { metadata: { name: 'certs' }, spec: {} })
    const { cert, key } = await ca.sign({
      commonName: 'tls',
      organizations: [],
      usage: 'server',
      dnsNames: ['tls.test'],
    })
    await api.client.create(secrets, {
      metadata: { name: 'tls', namespace: 'certs' },
      data: { 'tls.crt': Buffer.from(cert).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') },
    })
    const certificateRefs = [{ name: 'tls', namespace: 'certs' }]
    await gateway('secure', [
      { name: 'https', port: 443, protocol: 'HTTPS', hostname: 'tls.test', tls: { certificateRefs } },
    ])
    const before = await judgedGateway('secure')
    expect(findings(before.status.listeners?.[0]?.conditions)).toMatchObject({
      ResolvedRefs: 'False RefNotPermitted',
      Programmed: 'False Invalid',
    })
    await create(referencegrants, {
      metadata: { name: 'gateways', namespace: 'certs' },
      spec: {
        from: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace }],
        to: [{ group: '', kind: 'Secret' }],
      },
    })
    await route('secure', { parentRefs: [{ name: 'secure' }], rules: [{ backendRefs: backendRefs('a') }] })
    await expect
      .poll(
        async () => {
          const { certificate, code } = await ask(`https://tls.test:${httpsPort}/`)
          return `${certificate} ${code}`
        },
        { timeout: 10_000 },
      )
      .toBe('tls 200')
  })

  it('carries gRPC over TLS', async () => {
    const server = createHttp2Server().listen(0)
    server.on('stream', (stream, headers) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(`${headers[':path']} ${headers['x-set']}`)
    })
    await once(server, 'listening')
    closers.push(() => server.close())
    await api.client.create(services, {
      metadata: { name: 'grpc', namespace },
      spec: {
        clusterIP: 'None',
        ports: [{ name: 'grpc', port: 80, protocol: 'TCP', appProtocol: 'kubernetes.io/h2c' }],
      },
    })
    await api.client.create(endpointslices, {
      metadata: { name: 'grpc', namespace, labels: { 'kubernetes.io/service-name': 'grpc' } },
      addressType: 'IPv4',
      ports: [{ name: 'grpc', port: portOf(server), protocol: 'TCP' }],
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    })
    const set = [{ name: 'x-set', value: 'gateway' }]
    await create(grpcroutes, {
      metadata: { name: 'grpc', namespace },
      spec: {
        parentRefs: [{ name: 'secure' }],
        rules: [
          {
            matches: [{ method: { service: 'shop.Cart', method: 'Add' } }],
            filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set } }],
            backendRefs: backendRefs('grpc'),
          },
        ],
      },
    })
    // A session of its own each time: one that lasts may be with a worker that a reload replaces.
    const call = async (path: string) => {
      const session = connectHttp2(`https://127.0.0.1:${httpsPort}`, {
        servername: 'tls.test',
        rejectUnauthorized: false,
      })
      const stream = session.request({ ':method': 'POST', ':path': path, ':authority': 'tls.test', te: 'trailers' })
      let body = ''
      let trailers: Record<string, unknown> = {}
      stream.on('trailers', (headers) => {
        trailers = headers
      })
      stream.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      stream.end()
      await once(stream, 'end')
      session.close()
      return `${body} ${trailers['grpc-status']}`
    }
    await expect
      .poll(async () => {
        const { status } = await api.client.get(grpcroutes, { namespace, name: 'grpc' })
        return findings(status?.parents?.[0]?.conditions)
      })
      .toEqual({ Accepted: 'True Accepted', ResolvedRefs: 'True ResolvedRefs' })
    await expect.poll(() => call('/shop.Cart/Add'), { timeout: 10_000 }).toBe('/shop.Cart/Add gateway 0')
    expect(await call('/shop.Cart/Remove')).toContain('"name":"a"')
  })

  it('says why routes are not served, and lets what nginx refuses harm nobody else', async () => {
    await route('wrong-listener', { parentRefs: [{ name: 'web', sectionName: 'nowhere' }] })
    expect((await judgedRoute('wrong-listener')).Accepted).toBe('False NoMatchingParent')
    await route('wrong-host', { parentRefs: [{ name: 'web', sectionName: 'extra' }], hostnames: ['other.test'] })
    expect((await judgedRoute('wrong-host')).Accepted).toBe('False NoMatchingListenerHostname')
    await api.client.create(namespaces, { metadata: { name: 'elsewhere' }, spec: {} })
    await route('closed', { parentRefs: [{ name: 'web', namespace, sectionName: 'extra' }] }, 'elsewhere')
    expect((await judgedRoute('closed', 'elsewhere')).Accepted).toBe('False NotAllowedByListeners')
    await route('foreign-backend', { rules: [{ backendRefs: [{ name: 'a', namespace, port: 80 }] }] }, 'elsewhere')
    expect(await judgedRoute('foreign-backend', 'elsewhere')).toEqual({
      Accepted: 'True Accepted',
      ResolvedRefs: 'False RefNotPermitted',
    })
    await route('kind', {
      hostnames: ['kind.test'],
      rules: [{ backendRefs: [{ kind: 'Bucket', name: 'a' }] }],
    })
    expect((await judgedRoute('kind')).ResolvedRefs).toBe('False InvalidKind')
    await route('half', {
      hostnames: ['half.test'],
      rules: [
        { backendRefs: backendRefs('a') },
        { matches: [{ headers: [{ name: 'a_b', value: 'c' }] }], backendRefs: backendRefs('b') },
      ],
    })
    expect((await judgedRoute('half')).PartiallyInvalid).toBe('True UnsupportedValue')
    await route('regex', {
      hostnames: ['regex.test'],
      rules: [{ matches: [{ path: { type: 'RegularExpression', value: '/(' } }], backendRefs: backendRefs('a') }],
    })
    expect((await judgedRoute('regex')).Accepted).toBe('False UnsupportedValue')
    const { status } = await api.client.get(httproutes, { namespace, name: 'regex' })
    expect(status.parents?.[0]?.conditions[0]?.message).toContain('nginx refuses the configuration: ')
    await settled(() => nameAt('half.test'), 'a')
    expect(await nameAt('choose.test')).toBe('a')
  })

  it('says which listeners cannot be served', async () => {
    const taken = createTcpServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    closers.push(() => taken.close())
    await gateway('bad', [
      { name: 'taken', port: portOf(taken), protocol: 'HTTP' },
      { name: 'tcp', port: 9001, protocol: 'TCP' },
      { name: 'one', port: 9002, protocol: 'HTTP' },
      { name: 'two', port: 9002, protocol: 'HTTP' },
      { name: 'plain', port: httpsPort, protocol: 'HTTP' },
    ])
    const { status } = await judgedGateway('bad')
    expect(findings(status.conditions)).toEqual({ Accepted: 'False ListenersNotValid', Programmed: 'False Invalid' })
    expect(
      status.listeners?.map(({ name, conditions }) => [
        name,
        findings(conditions).Accepted,
        findings(conditions).Conflicted,
      ]),
    ).toEqual([
      ['taken', 'False PortUnavailable', 'False NoConflicts'],
      ['tcp', 'False UnsupportedProtocol', 'False NoConflicts'],
      ['one', 'False HostnameConflict', 'True HostnameConflict'],
      ['two', 'False HostnameConflict', 'True HostnameConflict'],
      ['plain', 'False PortUnavailable', 'False NoConflicts'],
    ])
    expect(await nameAt('choose.test')).toBe('a')
  })

  it('leaves classes of others alone', async () => {
    await create(gatewayclasses, {
      metadata: { name: 'other' },
      spec: { controllerName: 'example.com/other' },
    })
    await create(gateways, {
      metadata: { name: 'other', namespace },
      spec: { gatewayClassName: 'other', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
    })
    await publish('later', 'later.test', [{ backendRefs: backendRefs('a') }])
    const { status } = await api.client.get(gateways, { namespace, name: 'other' })
    expect(findings(status.conditions)).toEqual({ Accepted: 'Unknown Pending', Programmed: 'Unknown Pending' })
    expect(readFileSync(paths.config, 'utf8')).toContain('server_name "later.test";')
  })
})
