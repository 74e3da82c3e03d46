import { describe, expect, it } from 'vitest'
import type { Namespace, Service } from '../../api/generated/core-v1.ts'
import type { EndpointSlice } from '../../api/generated/discovery-v1.ts'
import { renderNginxConfig } from '../render.ts'
import { buildGateways } from './build-gateways.ts'
import { conditionsOf, no, yes } from './conditions.ts'
import { durationMs } from './durations.ts'
import { inOrder, readFilters } from './filters.ts'
import { asHttpRoute } from './grpc-routes.ts'
import { bySpecificity, intersection, routeHosts } from './hostnames.ts'
import { type GatewayInput, isGranted, selects } from './lookups.ts'
import { byPrecedence, readMatch } from './matches.ts'
import { GATEWAY_CONTROLLER } from './names.ts'
import { routeStatus } from './status.ts'
import type { Gateway, GatewayListener, HTTPRoute, HTTPRouteFilter, HTTPRouteMatch, ReferenceGrant } from './types.ts'

let made = 0
const meta = (name: string, namespace = 'default') => {
  made += 1
  const creationTimestamp = new Date(made * 1000).toISOString()
  return { name, namespace, uid: `${namespace}-${name}`, resourceVersion: '1', creationTimestamp, generation: 2 }
}
const gateway = (name: string, listeners: GatewayListener[], spec: Partial<Gateway['spec']> = {}): Gateway => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: meta(name),
  spec: { gatewayClassName: 'nginx', listeners, ...spec },
  status: {},
})
const route = (name: string, spec: Partial<HTTPRoute['spec']> = {}, namespace = 'default'): HTTPRoute => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: meta(name, namespace),
  spec: {
    parentRefs: [{ name: 'web', namespace: 'default' }],
    rules: [{ backendRefs: [{ name, port: 80 }] }],
    ...spec,
  },
  status: {},
})
const service = (namespace: string, name: string, spec: Partial<Service['spec']> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: meta(name, namespace),
  spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80 }], ...spec },
  status: {},
})
const slice = (name: string): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: meta(name),
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints: [{ addresses: ['10.244.0.5'], conditions: { ready: true } }],
})
const namespaceNamed = (name: string): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { ...meta(name), labels: { team: name } },
  spec: {},
  status: {},
})
const HTTP: GatewayListener = { name: 'http', port: 80, protocol: 'HTTP' }

function build(gateways: Gateway[], routes: HTTPRoute[], more: Partial<GatewayInput> = {}) {
  return buildGateways({
    classes: [
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'GatewayClass',
        metadata: meta('nginx'),
        spec: { controllerName: GATEWAY_CONTROLLER },
        status: {},
      },
    ],
    gateways,
    routes,
    grants: [],
    namespace: namespaceNamed,
    lookups: {
      service: (key) => {
        const [namespace = '', name = ''] = key.split('/')
        return name === 'absent' ? undefined : service(namespace, name, name === 'out' ? { type: 'ExternalName' } : {})
      },
      slices: (key) => (key.endsWith('/empty') ? [] : [slice(key)]),
      secret: () => undefined,
    },
    httpPort: 8080,
    httpsPort: 8443,
    addresses: ['192.0.2.1'],
    ...more,
  })
}

const parentsOf = (built: ReturnType<typeof build>, name: string) =>
  built.routes
    .find((verdict) => verdict.route.metadata.name === name)
    ?.parents.map(({ findings }) => Object.fromEntries(findings.map((f) => [f.type, `${f.status} ${f.reason}`])))

describe('hostnames', () => {
  it.each([
    ['', '', ''],
    ['', 'a.com', 'a.com'],
    ['*.com', 'a.com', 'a.com'],
    ['*.com', 'b.a.com', 'b.a.com'],
    ['*.com', '*.a.com', '*.a.com'],
    ['*.a.com', 'a.com', undefined],
    ['a.com', 'b.com', undefined],
  ])('%j and %j meet in %j', (a, b, met) => {
    expect(intersection(a, b)).toBe(met)
    expect(intersection(b, a)).toBe(met)
  })
  it('of a route are those of the listener when it has none', () => {
    expect(routeHosts('*.a.com', [])).toEqual(['*.a.com'])
    expect(routeHosts('*.a.com', ['X.a.com', 'other.com'])).toEqual(['x.a.com'])
  })
  it('that say more go first', () => {
    expect(['', '*.com', 'a.com', '*.a.com', 'b.a.com'].sort(bySpecificity)).toEqual([
      'b.a.com',
      'a.com',
      '*.a.com',
      '*.com',
      '',
    ])
  })
})

describe('matches', () => {
  it('are tried in the order of the specification', () => {
    const all: [string, HTTPRouteMatch][] = [
      ['everything', {}],
      [
        'two headers',
        {
          headers: [
            { name: 'a', value: '1' },
            { name: 'b', value: '2' },
          ],
        },
      ],
      ['query', { queryParams: [{ name: 'a', value: '1' }] }],
      ['header', { headers: [{ name: 'a', value: '1' }] }],
      ['method', { method: 'GET' }],
      ['long prefix', { path: { value: '/a/b' } }],
      ['prefix', { path: { value: '/a' } }],
      ['regex', { path: { type: 'RegularExpression', value: '/a' } }],
      ['exact', { path: { type: 'Exact', value: '/' } }],
    ]
    const sorted = [...all].sort(([, a], [, b]) => byPrecedence(readMatch(a).match, readMatch(b).match))
    expect(sorted.map(([name]) => name)).toEqual([
      'exact',
      'regex',
      'long prefix',
      'prefix',
      'method',
      'two headers',
      'header',
      'query',
      'everything',
    ])
  })
  it.each(['a', '/a//b', '/a/../b', '/a/..', '/a%2fb', '/a%ff', '/a%0a'])('by path %j are refused', (value) => {
    expect(readMatch({ path: { type: 'Exact', value } }).problems).not.toEqual([])
  })
  it('by prefix ignore a slash at the end, and compare what is decoded', () => {
    expect(readMatch({ path: { value: '/caf%C3%A9/' } }).match.path).toEqual({ match: 'prefix', value: '/café' })
  })
  it('by headers that nginx does not show are refused', () => {
    expect(readMatch({ headers: [{ name: 'a_b', value: 'c' }] }).problems).toEqual([
      'header "a_b" cannot be matched: expected letters, digits and "-"',
    ])
  })
})

describe('gRPC routes', () => {
  const of = (method?: { type?: string; service?: string; method?: string }) =>
    asHttpRoute({ ...route('a'), kind: 'GRPCRoute', spec: { rules: [{ matches: [method ? { method } : {}] }] } }).spec
      .rules?.[0]?.matches?.[0]?.path
  it.each([
    [undefined, undefined],
    [
      { service: 'a.B', method: 'C' },
      { type: 'Exact', value: '/a.B/C' },
    ],
    [{ service: 'a.B' }, { type: 'PathPrefix', value: '/a.B' }],
    [{ method: 'C' }, { type: 'RegularExpression', value: '/[^/]+/(?:C)' }],
    [
      { type: 'RegularExpression', service: 'a|b', method: 'C.*' },
      { type: 'RegularExpression', value: '/(?:a|b)/(?:C.*)' },
    ],
  ])('for %j have the path %j', (method, path) => expect(of(method)).toEqual(path))
})

it.each([
  ['1h30m', 5_400_000],
  ['500ms', 500],
  ['0s', 0],
  ['1m500ms', 60_500],
  ['1d', undefined],
  ['-1s', undefined],
])('duration %s is %s ms', (text, ms) => expect(durationMs(text)).toBe(ms))

describe('filters', () => {
  const problemsOf = (...filters: HTTPRouteFilter[]) => readFilters(filters, '/a').problems
  it.each<[string, HTTPRouteFilter[]]>([
    ['filter ExtensionRef is not supported', [{ type: 'ExtensionRef' }]],
    [
      'filter URLRewrite cannot be repeated',
      [
        { type: 'URLRewrite', urlRewrite: {} },
        { type: 'URLRewrite', urlRewrite: {} },
      ],
    ],
    [
      'filters RequestRedirect and URLRewrite cannot be used together',
      [
        { type: 'URLRewrite', urlRewrite: {} },
        { type: 'RequestRedirect', requestRedirect: {} },
      ],
    ],
    [
      'header "Connection" cannot be changed',
      [{ type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['Connection'] } }],
    ],
    ['header "Host" can only be set', [{ type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['host'] } }]],
    [
      'ReplaceFullPath "/a?b" is not a path',
      [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '/a?b' } } }],
    ],
  ])('%s', (problem, filters) => expect(problemsOf(...filters)).toEqual([problem]))

  it('of a backend come after those of the rule', () => {
    const first = { set: [{ name: 'A', value: '1' }], add: [{ name: 'B', value: '1' }], remove: ['C'] }
    const second = { set: [{ name: 'b', value: '2' }], add: [{ name: 'c', value: '2' }], remove: ['a'] }
    expect(inOrder(first, second)).toEqual({
      set: [{ name: 'b', value: '2' }],
      add: [{ name: 'c', value: '2' }],
      remove: ['a'],
    })
  })
})

describe('routes', () => {
  const web = gateway('web', [
    HTTP,
    { name: 'shop', port: 80, protocol: 'HTTP', hostname: '*.shop.test' },
    {
      name: 'teams',
      port: 81,
      protocol: 'HTTP',
      allowedRoutes: { namespaces: { from: 'Selector', selector: { matchLabels: { team: 'red' } } } },
    },
    { name: 'grpc', port: 82, protocol: 'HTTP', allowedRoutes: { kinds: [{ kind: 'GRPCRoute' }] } },
  ])
  const on = (sectionName: string) => ({ parentRefs: [{ name: 'web', namespace: 'default', sectionName }] })

  it.each<[string, HTTPRoute, Record<string, string>]>([
    ['accepted', route('a'), { Accepted: 'True Accepted', ResolvedRefs: 'True ResolvedRefs' }],
    ['of no listener', route('a', on('nowhere')), { Accepted: 'False NoMatchingParent' }],
    [
      'of another port',
      route('a', { parentRefs: [{ name: 'web', port: 99 }] }),
      { Accepted: 'False NoMatchingParent' },
    ],
    ['of another namespace', route('a', {}, 'blue'), { Accepted: 'False NotAllowedByListeners' }],
    ['of a selected namespace', route('a', on('teams'), 'red'), { Accepted: 'True Accepted' }],
    ['of another kind', route('a', on('grpc')), { Accepted: 'False NotAllowedByListeners' }],
    [
      'for another host',
      route('a', { ...on('shop'), hostnames: ['a.test'] }),
      { Accepted: 'False NoMatchingListenerHostname' },
    ],
    ['to no service', route('absent'), { ResolvedRefs: 'False BackendNotFound' }],
    ['to outside', route('out'), { ResolvedRefs: 'False UnsupportedProtocol' }],
    [
      'to a wrong port',
      route('a', { rules: [{ backendRefs: [{ name: 'a', port: 9 }] }] }),
      { ResolvedRefs: 'False BackendNotFound' },
    ],
    [
      'to another kind',
      route('a', { rules: [{ backendRefs: [{ kind: 'Pod', name: 'a' }] }] }),
      { ResolvedRefs: 'False InvalidKind' },
    ],
    [
      'to elsewhere',
      route('a', { rules: [{ backendRefs: [{ namespace: 'b', name: 'a', port: 80 }] }] }),
      { ResolvedRefs: 'False RefNotPermitted' },
    ],
    [
      'that cannot be done',
      route('a', { rules: [{ filters: [{ type: 'ExtensionRef' }] }] }),
      { Accepted: 'False UnsupportedValue' },
    ],
    [
      'that can be done in part',
      route('a', { rules: [{ filters: [{ type: 'ExtensionRef' }] }, {}] }),
      { Accepted: 'True Accepted', PartiallyInvalid: 'True UnsupportedValue' },
    ],
  ])('%s', (_, tested, wanted) => {
    expect(parentsOf(build([web], [tested]), tested.metadata.name)?.[0]).toMatchObject(wanted)
  })

  it('of unknown gateways are not ours to judge', () => {
    expect(parentsOf(build([web], [route('a', { parentRefs: [{ name: 'other' }] })]), 'a')).toEqual([])
  })

  it('of the most exact listener have a host, the more exact hostname first', () => {
    const { servers } = build(
      [web],
      [
        route('any', on('http')),
        route('wild', on('shop')),
        route('one', { ...on('shop'), hostnames: ['one.shop.test'] }),
        route('exact', { ...on('shop'), rules: [{ matches: [{ path: { type: 'Exact', value: '/x' } }] }] }),
      ],
    )
    expect(servers.map(({ port, host, matches }) => [port, host, matches.map((m) => m.owner)])).toEqual([
      [8080, '', ['HTTPRoute default/any']],
      [8080, '*.shop.test', ['HTTPRoute default/exact', 'HTTPRoute default/wild']],
      [8080, 'one.shop.test', ['HTTPRoute default/one', 'HTTPRoute default/exact', 'HTTPRoute default/wild']],
      [81, '', []],
    ])
  })

  it('answer 503 while nothing is ready, and 500 without backends', () => {
    const codeOf = (tested: HTTPRoute) => {
      const answer = build([web], [tested]).servers[0]?.matches[0]?.branches[0]?.answer
      return answer?.kind === 'status' ? answer.code : answer?.kind
    }
    expect(codeOf(route('empty'))).toBe(503)
    expect(codeOf(route('a', { rules: [{}] }))).toBe(500)
    expect(codeOf(route('a', { rules: [{ backendRefs: [{ name: 'a', port: 80, weight: 0 }] }] }))).toBe(500)
    expect(codeOf(route('a'))).toBe('proxy')
  })

  it('make the same text every time, with words that nginx can read however many conditions there are', () => {
    const matches = Array.from({ length: 250 }, (_, i) => ({ headers: [{ name: 'x', value: `v${i}` }] }))
    const many = route('a', { rules: [{ matches, backendRefs: [{ name: 'a', port: 80 }] }] })
    const render = () =>
      renderNginxConfig(
        { servers: [], routeServers: build([web], [many]).servers, upstreams: [], files: [] },
        {
          httpPort: 8080,
          httpsPort: 8443,
          defaultCertificate: 'tls/default.pem',
          pidFile: '/run/nginx.pid',
          logFile: '/var/log/nginx.log',
          workerProcesses: 1,
        },
      )
    const text = render()
    expect(render()).toBe(text)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(4096)
    expect(text).toContain('listen 81 default_server;')
  })
})

describe('gateways', () => {
  it.each<[string, Gateway, string[]]>([
    ['that are fine', gateway('web', [HTTP]), ['True Accepted', 'True Programmed']],
    [
      'with one bad listener',
      gateway('web', [HTTP, { name: 'tcp', port: 90, protocol: 'TCP' }]),
      ['True ListenersNotValid', 'True Programmed'],
    ],
    [
      'without a certificate',
      gateway('web', [{ name: 'tls', port: 443, protocol: 'HTTPS' }]),
      ['False ListenersNotValid', 'False Invalid'],
    ],
    [
      'with an address of somewhere else',
      gateway('web', [HTTP], { addresses: [{ value: '203.0.113.9' }] }),
      ['False UnsupportedAddress', 'False AddressNotUsable'],
    ],
  ])('%s', (_, tested, wanted) => {
    const [verdict] = build([tested], []).gateways
    expect(verdict?.findings.map((f) => `${f.status} ${f.reason}`)).toEqual(wanted)
  })

  it('share ports of one protocol; the oldest has one that two want differently', () => {
    const certificateRefs = [{ name: 'tls' }]
    const { gateways: verdicts } = build(
      [
        gateway('first', [{ name: 'a', port: 90, protocol: 'HTTP' }]),
        gateway('second', [{ name: 'a', port: 90, protocol: 'HTTP' }]),
        gateway('third', [{ name: 'a', port: 90, protocol: 'HTTPS', tls: { certificateRefs } }]),
      ],
      [],
    )
    expect(verdicts.map((v) => v.listeners[0]?.findings[0]?.reason)).toEqual([
      'Accepted',
      'Accepted',
      'PortUnavailable',
    ])
  })
})

it('grants name kinds and namespaces, and one object or all', () => {
  const grant = (name?: string): ReferenceGrant => ({
    apiVersion: 'gateway.networking.k8s.io/v1beta1',
    kind: 'ReferenceGrant',
    metadata: meta('grant', 'b'),
    spec: {
      from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'a' }],
      to: [{ group: '', kind: 'Service', ...(name ? { name } : {}) }],
    },
  })
  const from = { kind: 'HTTPRoute', namespace: 'a' }
  const to = { kind: 'Service', namespace: 'b', name: 'x' }
  expect(isGranted([], from, to)).toBe(false)
  expect(isGranted([grant()], from, to)).toBe(true)
  expect(isGranted([grant('x')], from, to)).toBe(true)
  expect(isGranted([grant('y')], from, to)).toBe(false)
  expect(isGranted([grant()], { ...from, kind: 'Gateway' }, to)).toBe(false)
  expect(isGranted([grant()], from, { ...to, kind: 'Secret' })).toBe(false)
  expect(isGranted([grant()], from, { ...to, namespace: 'c' })).toBe(false)
})

it.each([
  ['In', ['a'], true],
  ['In', ['b'], false],
  ['NotIn', ['b'], true],
  ['Exists', [], true],
  ['DoesNotExist', [], false],
  ['Wrong', [], false],
])('selects by %s %j: %s', (operator, values, wanted) => {
  expect(selects({ matchExpressions: [{ key: 'x', operator, values }] }, { x: 'a' })).toBe(wanted)
})

it('conditions keep their time until their status changes; parents of others stay', () => {
  const at = { generation: 2, now: 'now' }
  const before = conditionsOf([yes('Accepted', 'Accepted'), yes('ResolvedRefs', 'ResolvedRefs')], [], {
    ...at,
    now: 'then',
  })
  const after = conditionsOf([yes('Accepted', 'Other'), no('ResolvedRefs', 'InvalidKind', 'x')], before, at)
  expect(after.map((c) => c.lastTransitionTime)).toEqual(['then', 'now'])
  const foreign = { parentRef: { name: 'x' }, controllerName: 'example.com/other', conditions: before }
  const tested = { ...route('a'), status: { parents: [foreign] } }
  expect(routeStatus({ route: tested, parents: [] }, 'now')).toEqual({ parents: [foreign] })
})
