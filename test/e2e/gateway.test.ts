// The Gateway API on containerd and nginx: what a user applies, what kubectl says of it, and where requests go.

import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, ask } from '../../src/ingress/testing.ts'
import { canRunContainers, startCluster, type TestCluster } from './support/cluster.ts'
import { eventually } from './support/wait.ts'

const canRun = canRunContainers && existsSync('/usr/sbin/nginx')
if (!canRun) console.warn('SKIPPED: gateways end to end: containerd or nginx is not installed')

const NODE = 'node:20'
/** Tells its name and what it was asked. */
const PROGRAM = `
require('node:http').createServer((request, response) => {
  request.resume()
  response.end(JSON.stringify({ name: process.env.NAME, url: request.url, headers: request.headers }))
}).listen(8080)
`
const API = 'gateway.networking.k8s.io/v1'
const DEFINITIONS = ['gatewayclasses', 'gateways', 'httproutes', 'grpcroutes', 'referencegrants'].map(
  (plural) => `${plural}.gateway.networking.k8s.io`,
)
/** Requests that must go well one after the other before a configuration counts as in force. */
const IN_A_ROW = 20

describe.skipIf(!canRun)('gateways', () => {
  let cluster: TestCluster
  let port = 0

  const http = (host: string, path = '/', options: Parameters<typeof ask>[1] = {}) =>
    ask(`http://${host}:${port}${path}`, options)
  const seen = ({ body }: Answer) =>
    JSON.parse(body) as { name: string; url: string; headers: Record<string, string | undefined> }
  const apply = async (...items: object[]) => {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
    const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], { input: list })
    if (code !== 0) throw new Error(stderr)
  }
  const application = (name: string) => [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: {
            containers: [
              {
                name: 'main',
                image: NODE,
                command: [process.execPath, '-e', PROGRAM],
                env: [{ name: 'NAME', value: name }],
                ports: [{ name: 'http', containerPort: 8080 }],
                readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1 },
              },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    },
  ]
  const route = (name: string, hostname: string, rules: object[]) => ({
    apiVersion: API,
    kind: 'HTTPRoute',
    metadata: { name },
    spec: { parentRefs: [{ name: 'web' }], hostnames: [hostname], rules },
  })
  const settled = (what: string, look: () => Promise<boolean>) =>
    eventually(what, async () => {
      for (let i = 0; i < IN_A_ROW; i++) if (!(await look())) return undefined
      return true
    })

  beforeAll(async () => {
    cluster = await startCluster()
    port = cluster.config().ingress?.httpPort ?? 0
    const { code, stderr } = await cluster.sampan('image', 'from-host', '-t', NODE, process.execPath)
    if (code !== 0) throw new Error(stderr)
    await eventually('the class', () => cluster.kubectl('get', 'gatewayclass', 'nginx'))
    await apply(
      ...application('shop'),
      ...application('canary'),
      {
        apiVersion: API,
        kind: 'Gateway',
        metadata: { name: 'web' },
        spec: { gatewayClassName: 'nginx', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
      },
      route('shop', 'shop.test', [
        { backendRefs: [{ name: 'shop', port: 80 }] },
        {
          matches: [{ headers: [{ name: 'x-canary', value: 'yes' }] }],
          filters: [
            { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-seen', value: 'gateway' }] } },
          ],
          backendRefs: [{ name: 'canary', port: 80 }],
        },
      ]),
    )
    for (const name of ['shop', 'canary']) {
      await cluster.kubectl('rollout', 'status', `deployment/${name}`, '--timeout=120s')
    }
    await settled('answers', async () => (await http('shop.test')).code === 200)
  })
  afterAll(async () => {
    await cluster?.remove()
  })

  it('are known to a new cluster, as kubectl shows them', async () => {
    const crds = await cluster.kubectl('get', 'crd', '-o', 'name')
    for (const name of DEFINITIONS) expect(crds).toContain(name)
    expect(await cluster.kubectl('get', 'gc', '--no-headers')).toMatch(
      /^nginx +sampan\.dev\/gateway-nginx +True +\S+\n$/,
    )
    const address = await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].status.addresses[0].address}')
    const [name, className, shown, programmed] = (await cluster.kubectl('get', 'gtw', '--no-headers')).split(/\s+/)
    expect([name, className, shown, programmed]).toEqual(['web', 'nginx', address, 'True'])
    expect(await cluster.kubectl('get', 'httproutes')).toMatch(/NAME +HOSTNAMES +AGE\nshop +\["shop\.test"\]/)
    await cluster.kubectl('wait', '--for=condition=Programmed', 'gateway/web', '--timeout=10s')
    expect(await cluster.kubectl('explain', 'httproute.spec.rules.backendRefs.weight')).toContain('<integer>')
  })

  it('lead requests to pods by header', async () => {
    expect(seen(await http('shop.test', '/cart')).name).toBe('shop')
    const canary = seen(await http('shop.test', '/cart', { headers: { 'x-canary': 'yes' } }))
    expect([canary.name, canary.headers['x-seen']]).toEqual(['canary', 'gateway'])
  })

  it('divide requests by weight', async () => {
    await apply(
      route('split', 'split.test', [
        {
          backendRefs: [
            { name: 'shop', port: 80, weight: 50 },
            { name: 'canary', port: 80, weight: 50 },
          ],
        },
      ]),
    )
    await settled('answers', async () => (await http('split.test')).code === 200)
    const answers = await Promise.all(Array.from({ length: 60 }, () => http('split.test')))
    expect(new Set(answers.map((answer) => seen(answer).name))).toEqual(new Set(['shop', 'canary']))
  })

  it('say what is wrong with a route', async () => {
    await apply(route('broken', 'broken.test', [{ backendRefs: [{ name: 'absent', port: 80 }] }]))
    await eventually('the condition', async () =>
      /Message: +service "default\/absent" not found[\s\S]*Reason: +BackendNotFound/.test(
        await cluster.kubectl('describe', 'httproute', 'broken'),
      )
        ? true
        : undefined,
    )
    await settled('500', async () => (await http('broken.test')).code === 500)
    expect((await http('shop.test')).code).toBe(200)
  })

  it('are served on by the next server, which leaves definitions of the user alone', async () => {
    const [definition = ''] = DEFINITIONS
    await cluster.kubectl(
      'annotate',
      'crd',
      definition,
      '--overwrite',
      'gateway.networking.k8s.io/bundle-version=v1.9.9',
    )
    process.kill(await cluster.serverPid(), 'SIGKILL')
    expect((await http('shop.test')).code).toBe(200)
    expect((await cluster.sampan('up')).code).toBe(0)
    for (let i = 0; i < IN_A_ROW; i++) expect((await http('shop.test')).code).toBe(200)
    expect(await cluster.kubectl('get', 'crd', definition, '-o', 'yaml')).toContain('bundle-version: v1.9.9')
    await apply(route('later', 'later.test', [{ backendRefs: [{ name: 'shop', port: 80 }] }]))
    await settled('the new route', async () => (await http('later.test')).code === 200)
  })

  it('are left out when they are not wanted', async () => {
    expect((await cluster.sampan('down')).code).toBe(0)
    expect((await cluster.sampan('up', '--gateway-api=false')).code).toBe(0)
    await settled('404', async () => (await http('shop.test').catch(() => undefined))?.code === 404)
  })
})
