// Ingresses on containerd and nginx: hosts, paths, TLS, WebSockets, updates under load, and what kubectl says of them.

import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { nginxPaths } from '../../src/ingress/nginx.ts'
import { nginxMaster, nginxProcesses } from '../../src/ingress/process-group.ts'
import { type Answer, ask, prefixed, rule } from '../../src/ingress/testing.ts'
import { CertificateAuthority } from '../../src/main/certificates.ts'
import { canRunContainers, startCluster, type TestCluster } from './support/cluster.ts'
import { eventually } from './support/wait.ts'

const canRun = canRunContainers && existsSync('/usr/sbin/nginx')
if (!canRun) console.warn('SKIPPED: ingresses end to end: containerd or nginx is not installed')

const NODE = 'node:20'
/** Tells its version and what it was asked, greets WebSockets, and ends as servers should: some time after it was told to. */
const PROGRAM = `
const { createServer } = require('node:http')
const { createHash } = require('node:crypto')
const server = createServer((request, response) => {
  request.resume()
  response.end(JSON.stringify({ name: process.env.NAME, url: request.url, headers: request.headers }))
})
server.on('upgrade', (request, socket) => {
  const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
  const accept = createHash('sha1').update(key).digest('base64')
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n')
  const text = 'hello from ' + process.env.NAME
  socket.write(Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]))
  socket.resume()
  socket.on('error', () => {})
})
server.listen(8080)
process.on('SIGTERM', () => setTimeout(() => process.exit(0), 1500))
`

/** Requests that must go well one after the other before a configuration counts as in force. */
const IN_A_ROW = 20

describe.skipIf(!canRun)('ingresses', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sampan-e2e-ingress-'))
  let cluster: TestCluster
  let ports = { httpPort: 0, httpsPort: 0 }
  let ca: CertificateAuthority

  const http = (host: string, path = '/') => ask(`http://${host}:${ports.httpPort}${path}`)
  const https = (host: string, path = '/') => ask(`https://${host}:${ports.httpsPort}${path}`)
  const seen = ({ body }: Answer) => JSON.parse(body) as { name: string; url: string }
  const apply = async (...items: object[]) => {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
    const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], { input: list })
    if (code !== 0) throw new Error(stderr)
  }
  const deployment = (name: string, version = name, replicas = 2) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [
            {
              name: 'main',
              image: NODE,
              command: [process.execPath, '-e', PROGRAM],
              env: [{ name: 'NAME', value: version }],
              ports: [{ name: 'http', containerPort: 8080 }],
              readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1 },
            },
          ],
        },
      },
    },
  })
  const service = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  })
  const ingress = (name: string, spec: object, annotations: Record<string, string> = {}) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, annotations: prefixed(annotations) },
    spec,
  })
  const answered = (host: string, path: string, name: string) =>
    eventually(`${host}${path}`, async () => {
      // Right after a reload a worker of the configuration before may take a connection: asks until many agree.
      for (let i = 0; i < IN_A_ROW; i++) if (seen(await http(host, path)).name !== name) return undefined
      return true
    })

  beforeAll(async () => {
    cluster = await startCluster()
    const made = cluster.config().ingress
    if (!made) throw new Error('the cluster has no ingress controller')
    ports = made
    ca = await CertificateAuthority.open({ dir, name: 'ca', now: Date.now })
    const { code, stderr } = await cluster.sampan('image', 'from-host', '-t', NODE, process.execPath)
    if (code !== 0) throw new Error(stderr)
    await apply(
      deployment('shop'),
      service('shop'),
      deployment('blog'),
      service('blog'),
      ingress('site', {
        rules: [
          rule('site.test', ['/', 'Prefix', 'shop'], ['/blog', 'Prefix', 'blog']),
          rule('blog.test', ['/', 'Prefix', 'blog']),
        ],
      }),
    )
    for (const name of ['shop', 'blog']) {
      await cluster.kubectl('rollout', 'status', `deployment/${name}`, '--timeout=120s')
    }
    // Right after a reload a worker of the configuration before may take a connection: what was told a moment ago is
    // in force once every worker says the same.
    await eventually('answers that agree', async () => {
      for (let i = 0; i < IN_A_ROW; i++) {
        const names = [await http('site.test'), await http('site.test', '/blog'), await http('blog.test')]
        if (names.map((answer) => seen(answer).name).join() !== 'shop,blog,blog') return undefined
      }
      return true
    })
  })
  afterAll(async () => {
    await cluster?.remove()
    rmSync(dir, { recursive: true, force: true })
  })

  it('reach deployments by host and path', async () => {
    expect(seen(await http('site.test', '/cart')).name).toBe('shop')
    expect(seen(await http('site.test', '/blog/1')).name).toBe('blog')
    expect(seen(await http('site.test', '/blogger')).name).toBe('shop')
    expect(seen(await http('blog.test')).name).toBe('blog')
    const unknown = await http('unknown.test')
    expect([unknown.code, unknown.body]).toEqual([404, 'default backend - 404'])
  })

  it('are shown by kubectl', async () => {
    const address = await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].status.addresses[0].address}')
    await eventually('the address', async () =>
      (await cluster.kubectl('get', 'ingress', 'site')).includes(address) ? true : undefined,
    )
    expect((await cluster.kubectl('get', 'ingress', 'site', '--no-headers')).split(/\s+/).slice(0, 5)).toEqual([
      'site',
      'nginx',
      'site.test,blog.test',
      address,
      '80',
    ])
    const described = await cluster.kubectl('describe', 'ingress', 'site')
    expect(described).toMatch(/Ingress Class:\s+nginx/)
    expect(described).toMatch(/\/blog\s+blog:80 \(10\.[\d.]+:8080,10\.[\d.]+:8080\)/)
    expect(described).toMatch(/Normal\s+Sync\s+\S+\s+nginx-ingress-controller\s+Scheduled for sync/)
    expect(await cluster.kubectl('get', 'ingressclass', 'nginx')).toContain('sampan.dev/ingress-nginx')
  })

  it('show the certificate of each host', async () => {
    for (const host of ['one.test', 'two.test']) {
      const { cert, key } = await ca.sign({ commonName: host, organizations: [], usage: 'server', dnsNames: [host] })
      await apply({
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'kubernetes.io/tls',
        metadata: { name: host },
        stringData: { 'tls.crt': cert, 'tls.key': key },
      })
    }
    await apply(
      ingress('tls', {
        tls: ['one.test', 'two.test'].map((host) => ({ hosts: [host], secretName: host })),
        rules: [rule('one.test', ['/', 'Prefix', 'shop']), rule('two.test', ['/', 'Prefix', 'blog'])],
      }),
    )
    for (const [host, name] of [
      ['one.test', 'shop'],
      ['two.test', 'blog'],
    ] as const) {
      await eventually(host, async () => ((await https(host)).certificate === host ? true : undefined))
      await eventually(`${host} over TLS`, async () => (seen(await https(host)).name === name ? true : undefined))
      await eventually('the redirect', async () => ((await http(host, '/x')).code === 308 ? true : undefined))
    }
  })

  it('rewrite paths', async () => {
    await apply(
      ingress(
        'api',
        { rules: [rule('api.test', ['/v1(/|$)(.*)', 'ImplementationSpecific', 'shop'])] },
        { 'rewrite-target': '/$2' },
      ),
    )
    await answered('api.test', '/v1', 'shop')
    expect(seen(await http('api.test', '/v1/items?page=2')).url).toBe('/items?page=2')
  })

  it('carry WebSockets', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${ports.httpPort}/chat`, { headers: { host: 'site.test' } })
    const [message] = await once(socket, 'message')
    expect(String(message)).toBe('hello from shop')
    socket.terminate()
  })

  it.each([1, 3])('lose no request while %i replicas are replaced under load', async (replicas) => {
    await cluster.kubectl('scale', 'deployment', 'shop', `--replicas=${replicas}`)
    await cluster.kubectl('rollout', 'status', 'deployment/shop', '--timeout=120s')
    const names = new Map<string, number>()
    const failures: string[] = []
    let done = false
    const load = async () => {
      while (!done) {
        try {
          const answer = await http('site.test', '/load')
          if (answer.code !== 200) failures.push(`${answer.code} ${answer.body}`)
          else names.set(seen(answer).name, (names.get(seen(answer).name) ?? 0) + 1)
        } catch (error) {
          failures.push(String(error))
        }
      }
    }
    const clients = Array.from({ length: 4 }, load)
    const version = `shop-with-${replicas}`
    await apply(deployment('shop', version, replicas))
    await cluster.kubectl('rollout', 'status', 'deployment/shop', '--timeout=120s')
    await eventually('the end of the old pods', async () => {
      const pods = (await cluster.kubectl('get', 'pods', '-l', 'app=shop', '-o', 'name')).trim().split('\n')
      return pods.length === replicas ? true : undefined
    })
    await answered('site.test', '/', version)
    done = true
    await Promise.all(clients)
    expect(failures).toEqual([])
    expect(names.get(version)).toBeGreaterThan(0)
    expect(names.size).toBe(2)
  })

  it('that are invalid harm nobody else and say what is wrong', async () => {
    await apply(
      ingress(
        'broken',
        { rules: [rule('broken.test', ['/(', 'ImplementationSpecific', 'shop'])] },
        { 'use-regex': 'true' },
      ),
      ingress(
        'snippet',
        { rules: [rule('snippet.test', ['/', 'Prefix', 'shop'])] },
        { 'configuration-snippet': 'deny all;' },
      ),
    )
    const described = (name: string) => cluster.kubectl('describe', 'ingress', name)
    await eventually('the warnings', async () =>
      /Warning\s+Rejected/.test(await described('broken')) && /Warning\s+Rejected/.test(await described('snippet'))
        ? true
        : undefined,
    )
    expect(await described('broken')).toContain('nginx refuses the configuration')
    expect(await described('snippet')).toContain('Snippet directives are disabled by the Ingress administrator')
    expect((await http('broken.test')).code).toBe(404)
    expect((await http('snippet.test')).code).toBe(404)
    expect((await http('site.test')).code).toBe(200)
  })

  it('work from manifests of the retired API version', async () => {
    const manifest = {
      apiVersion: 'extensions/v1beta1',
      kind: 'Ingress',
      metadata: { name: 'old', annotations: { 'kubernetes.io/ingress.class': 'nginx' } },
      spec: {
        rules: [
          { host: 'old.test', http: { paths: [{ path: '/', backend: { serviceName: 'blog', servicePort: 80 } }] } },
        ],
      },
    }
    const { code, stdout, stderr } = await cluster.tryKubectl(['create', '-f', '-'], {
      version: 'v28',
      input: JSON.stringify(manifest),
    })
    expect([code, stdout, stderr.includes('ingress controller yet')]).toEqual([
      0,
      'ingress.extensions/old created\n',
      false,
    ])
    await answered('old.test', '/anything', 'blog')
  })

  it('are written to a configuration that can be read', async () => {
    const { code, stdout } = await cluster.sampan('ingress', 'config')
    expect(code).toBe(0)
    expect(stdout).toContain('server_name "site.test";')
  })

  it('are served on when the server is killed, and gone with the cluster', async () => {
    const place = nginxPaths(`/run/sampan/${cluster.name}/ingress`, `/var/lib/sampan/${cluster.name}/ingress.log`)
    const master = nginxMaster(place)
    expect(master).toBeDefined()
    process.kill(await cluster.serverPid(), 'SIGKILL')
    expect((await http('site.test')).code).toBe(200)
    expect((await cluster.sampan('up')).code).toBe(0)
    expect((await http('site.test')).code).toBe(200)
    expect(nginxMaster(place)).toBe(master)
    expect((await cluster.sampan('down')).code).toBe(0)
    await expect(http('site.test')).rejects.toThrow('ECONNREFUSED')
    expect(nginxProcesses(place)).toEqual([])
  })
})
