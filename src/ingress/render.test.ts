import { describe, expect, it } from 'vitest'
import type { Service } from '../api/generated/core-v1.ts'
import type { EndpointSlice } from '../api/generated/discovery-v1.ts'
import type { Ingress } from '../api/generated/networking-v1.ts'
import { buildModel, type Lookups, refusalKey } from './build-model.ts'
import { hasControlCharacters, quote } from './quote.ts'
import { ownerOfLine, renderNginxConfig, withoutEndpoints } from './render.ts'
import { rule, testIngress } from './testing.ts'

const meta = (name: string) => ({ name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '' })

const service = (name: string, spec: Partial<Service['spec']> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: meta(name),
  spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec },
  status: {},
})

const slice = (name: string, endpoints: EndpointSlice['endpoints']): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: meta(name),
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: endpoints ?? [],
})

const ready = (...addresses: string[]) => addresses.map((a) => ({ addresses: [a], conditions: { ready: true } }))

function lookups(slices: Record<string, EndpointSlice[]> = {}, services: Record<string, Service> = {}): Lookups {
  return {
    service: (key) => services[key] ?? service(key.split('/')[1] ?? ''),
    slices: (key) => slices[key] ?? [slice(key, ready('10.244.0.5'))],
    secret: () => undefined,
  }
}

const build = (ingresses: Ingress[], found = lookups()) => buildModel({ ingresses, lookups: found })

const render = (ingresses: Ingress[], found = lookups()) =>
  renderNginxConfig(build(ingresses, found).model, {
    httpPort: 80,
    httpsPort: 443,
    defaultCertificate: 'tls/default.pem',
    pidFile: '/run/nginx.pid',
    logFile: '/var/log/ingress.log',
    workerProcesses: 2,
  })

/** The location lines of the server of a host. */
function locations(config: string, host: string): string[] {
  const from = config.indexOf(`server_name ${host}`)
  const server = config.slice(from, config.indexOf('\n  }\n', from))
  return [...server.matchAll(/^\s*location (.*) \{$/gm)].map((m) => m[1] ?? '')
}

describe('paths', () => {
  it.each<[string, string, string[]]>([
    ['/', 'Prefix', ['"/"']],
    ['/a', 'Prefix', ['"/a/"', '= "/a"', '/']],
    ['/a/', 'Prefix', ['"/a/"', '= "/a"', '/']],
    ['/a', 'Exact', ['= "/a"', '/']],
    ['/a', 'ImplementationSpecific', ['"/a"', '/']],
    ['/', 'ImplementationSpecific', ['"/"']],
    ['', 'ImplementationSpecific', ['"/"']],
    ['/a"; } evil {', 'Exact', ['= "/a\\"; } evil {"', '/']],
    ['/a\\nb', 'Exact', ['= "/a\\\\nb"', '/']],
  ])('%s of type %s', (path, type, expected) => {
    expect(locations(render([testIngress('web', { rules: [rule('a.com', [path, type, 'web'])] })]), '"a.com"')).toEqual(
      expected,
    )
  })

  it('keep the more exact of two that come down to the same', () => {
    const config = render([
      testIngress('web', { rules: [rule('a.com', ['/a', 'Prefix', 'prefix'], ['/a', 'Exact', 'exact'])] }),
    ])
    expect(locations(config, '"a.com"')).toEqual(['"/a/"', '= "/a"', '/'])
    expect(config).toMatch(/location = "\/a" \{[^}]*proxy_pass http:\/\/default\.exact\.80;/)
  })

  it('are compared by length beside regular expressions', () => {
    const config = render([
      testIngress('plain', { rules: [rule('a.com', ['/api/long/path', 'Prefix', 'web'], ['/', 'Prefix', 'web'])] }),
      testIngress('regex', { rules: [rule('a.com', ['/api(/|$)(.*)', 'Prefix', 'api'])] }, { 'rewrite-target': '/$2' }),
    ])
    expect(locations(config, '"a.com"')).toEqual(['~ "^/api/long/path(?:/|$)"', '~* "^/api(/|$)(.*)"', '~ "^/"', '/'])
    expect(config).toContain('rewrite "(?i)^/api(/|$)(.*)" "/$2" break;')
  })

  it('belong to the older of two ingresses', () => {
    const older = testIngress('older', { rules: [rule('a.com', ['/', 'Prefix', 'one'])] })
    const younger = testIngress('younger', { rules: [rule('a.com', ['/', 'Prefix', 'two'], ['/x', 'Prefix', 'two'])] })
    const { model, problems } = build([younger, older])
    expect(model.servers[0]?.locations.map((l) => [l.path, l.owner])).toEqual([
      ['/', 'default/older'],
      ['/x', 'default/younger'],
    ])
    expect(problems.map((p) => [p.ingress.metadata.name, p.message])).toEqual([
      ['younger', 'host "a.com" and path "/" is already defined in ingress default/older'],
    ])
  })
})

describe('hosts', () => {
  it('with a wildcard stand for one label', () => {
    const config = render([testIngress('web', { rules: [rule('*.a.com', ['/', 'Prefix', 'web'])] })])
    expect(config).toContain('server_name "~^[^.]+\\\\.a\\\\.com$";')
  })

  it.each(['a.com; return 200', '"', '~^.*$', 'a b', '*.*.com', 'a\ncom', '$host'])('%j is refused', (host) => {
    const { model, problems } = build([
      testIngress('bad', { rules: [rule(host, ['/', 'Prefix', 'web'])] }),
      testIngress('good', { rules: [rule('a.com', ['/', 'Prefix', 'web'])] }),
    ])
    expect(problems.map((p) => p.message)).toEqual([`host ${JSON.stringify(host)} is not a DNS name`])
    expect(model.servers.map((s) => s.host)).toEqual(['a.com'])
  })

  it('keep their names when another ingress has one as an alias', () => {
    const { model } = build([
      testIngress('one', { rules: [rule('a.com', ['/', 'Prefix', 'web'])] }, { 'server-alias': 'b.com,c.com' }),
      testIngress('two', { rules: [rule('b.com', ['/', 'Prefix', 'web'])] }, { 'server-alias': 'c.com' }),
    ])
    expect(model.servers.map((s) => [s.host, s.aliases])).toEqual([
      ['a.com', ['c.com']],
      ['b.com', []],
    ])
  })
})

describe('backends', () => {
  it('are the ready endpoints, with the service behind them', () => {
    const found = lookups({
      'default/web': [
        slice('web-1', [
          ...ready('10.244.0.9', '10.244.0.5'),
          { addresses: ['10.244.0.6'], conditions: { ready: false } },
        ]),
        slice('web-2', [{ addresses: ['10.244.1.2'], conditions: { ready: false, serving: true, terminating: true } }]),
      ],
    })
    const { model } = build([testIngress('web', { rules: [rule('a.com', ['/', 'Prefix', 'web'])] })], found)
    expect(model.upstreams).toMatchObject([
      { name: 'default.web.80', servers: ['10.244.0.5:8080', '10.244.0.9:8080'], backup: '10.96.0.7:80' },
    ])
  })

  it('are those that end when no other is left', () => {
    const ending = [{ addresses: ['10.244.1.2'], conditions: { ready: false, serving: true, terminating: true } }]
    const found = lookups({ 'default/web': [slice('web', ending)] })
    const { model } = build([testIngress('web', { rules: [rule('a.com', ['/', 'Prefix', 'web'])] })], found)
    expect(model.upstreams[0]?.servers).toEqual(['10.244.1.2:8080'])
  })

  it('without endpoints answer 503', () => {
    const config = render(
      [testIngress('web', { rules: [rule('a.com', ['/', 'Prefix', 'web'])] })],
      lookups({ 'default/web': [] }),
    )
    expect(config).toMatch(/location "\/" \{\s+return 503;\s+\}/)
    expect(config).not.toContain('upstream "')
  })

  it('are found by the name of the port', () => {
    const ingress = testIngress('web', {
      defaultBackend: { service: { name: 'web', port: { name: 'http' } } },
    })
    const { model, references } = build([ingress])
    expect(model.servers).toMatchObject([{ host: '', locations: [{ path: '/', upstream: 'default.web.80' }] }])
    expect([...references]).toEqual(['Service/default/web'])
  })

  it('that are no services are told of', () => {
    const { problems } = build([
      testIngress('store', {
        defaultBackend: { resource: { apiGroup: 'k8s.example.com', kind: 'Bucket', name: 'a' } },
      }),
    ])
    expect(problems.map((p) => p.message)).toEqual(['resource backend Bucket/a is not supported: expected a service'])
  })

  it('stand in for paths that no rule has', () => {
    const spec = {
      rules: [rule('a.com', ['/x', 'Prefix', 'web'])],
      defaultBackend: { service: { name: 'rest', port: { number: 80 } } },
    }
    const { model } = build([testIngress('web', spec)])
    expect(model.servers.map((s) => [s.host, s.locations.map((l) => [l.path, l.upstream])])).toEqual([
      [
        'a.com',
        [
          ['/x', 'default.web.80'],
          ['/', 'default.rest.80'],
        ],
      ],
    ])
  })
})

describe('changes of endpoints', () => {
  const rules = [rule('a.com', ['/', 'Prefix', 'web'])]
  const one = render([testIngress('web', { rules })])
  const over = (...addresses: string[]) =>
    render([testIngress('web', { rules })], lookups({ 'default/web': [slice('web', ready(...addresses))] }))

  it('are told from all others', () => {
    expect(withoutEndpoints(over('10.244.0.7', '10.244.0.8'))).toBe(withoutEndpoints(one))
    expect(withoutEndpoints(over())).not.toBe(withoutEndpoints(one))
    expect(withoutEndpoints(render([testIngress('web', { rules: [rule('b.com', ['/', 'Prefix', 'web'])] })]))).not.toBe(
      withoutEndpoints(one),
    )
  })
})

describe('problems', () => {
  it('of one ingress leave the others alone', () => {
    const good = testIngress('good', { rules: [rule('a.com', ['/', 'Prefix', 'web'])] })
    const bad = testIngress('bad', { rules: [rule('b.com', ['/', 'Prefix', 'web'])] }, { 'limit-rps': 'many' })
    const { served, problems } = build([good, bad])
    expect(served.map((i) => i.metadata.name)).toEqual(['good'])
    expect(problems.map((p) => [p.ingress.metadata.name, p.reason])).toEqual([['bad', 'Rejected']])
  })

  it('that nginx found leave an ingress out until it is edited', () => {
    const bad = testIngress(
      'bad',
      { rules: [rule('b.com', ['/(', 'ImplementationSpecific', 'web'])] },
      { 'use-regex': 'true' },
    )
    const refusedIngresses = new Map([[refusalKey(bad), 'nginx refuses']])
    expect(buildModel({ ingresses: [bad], lookups: lookups(), refusedIngresses }).model.servers).toEqual([])
    const edited = { ...bad, metadata: { ...bad.metadata, generation: 2 } }
    expect(buildModel({ ingresses: [edited], lookups: lookups(), refusedIngresses }).model.servers).toHaveLength(1)
  })

  it('of a certificate leave the default one', () => {
    const { model, problems } = build([
      testIngress('web', {
        rules: [rule('a.com', ['/', 'Prefix', 'web'])],
        tls: [{ hosts: ['a.com'], secretName: 'none' }],
      }),
    ])
    expect(model.servers).toMatchObject([{ host: 'a.com', tls: true }])
    expect(problems).toMatchObject([
      { reason: 'BadCertificate', message: expect.stringContaining('secret "default/none" not found') },
    ])
  })

  it('are traced from a line of the configuration to the ingress', () => {
    const config = render([
      testIngress('one', { rules: [rule('a.com', ['/one', 'Exact', 'web'])] }),
      testIngress('two', { rules: [rule('a.com', ['/two', 'Exact', 'web'])] }),
    ])
    const lineOf = (text: string) => config.split('\n').findIndex((line) => line.includes(text)) + 1
    expect(ownerOfLine(config, lineOf('location = "/two"') + 2)).toBe('default/two')
    expect(ownerOfLine(config, lineOf('location = "/one"'))).toBe('default/one')
    expect(ownerOfLine(config, lineOf('upstream "default.web.80"'))).toBe('default/one')
    expect(ownerOfLine(config, lineOf('default backend - 404'))).toBeUndefined()
    expect(ownerOfLine(config, 2)).toBeUndefined()
  })
})

describe('redirects to HTTPS', () => {
  const tls = [{ hosts: ['a.com'] }]
  const rules = [rule('a.com', ['/', 'Prefix', 'web'])]
  const redirects = (ingress: Ingress) => render([ingress]).includes('return 308 "https://$host$request_uri";')

  it.each([
    ['with TLS', { rules, tls }, {}, true],
    ['without TLS', { rules }, {}, false],
    ['with TLS for another host', { rules, tls: [{ hosts: ['b.com'] }] }, {}, false],
    [
      'with TLS for a wildcard',
      { rules: [rule('x.a.com', ['/', 'Prefix', 'web'])], tls: [{ hosts: ['*.a.com'] }] },
      {},
      true,
    ],
    ['when switched off', { rules, tls }, { 'ssl-redirect': 'false' }, false],
    ['when forced', { rules }, { 'force-ssl-redirect': 'true' }, true],
  ])('%s', (_case, spec, annotations, expected) => {
    expect(redirects(testIngress('web', spec, annotations as Record<string, string>))).toBe(expected)
  })
})

describe('quoting', () => {
  it.each([
    ['a b;{}', '"a b;{}"'],
    ['a"b', '"a\\"b"'],
    ['a\\"b', '"a\\\\\\"b"'],
    ['\\n', '"\\\\n"'],
  ])('%j', (text, expected) => expect(quote(text)).toBe(expected))

  it('refuses control characters', () => {
    expect(hasControlCharacters('a\nb')).toBe(true)
    expect(() => quote('a\nb')).toThrow('control characters')
  })
})
