// What a server says about itself: its checks, its components, and the roles and levels that it begins with.
// Rules: healthz of k8s.io/apiserver, componentstatus and the bootstrap policies of k8s.io/kubernetes.

import { describe, expect, it } from 'vitest'
import { useServer } from './access-support.ts'

const call = useServer()

describe('health', () => {
  const lines = async (path: string) => (await call(path)).text.trimEnd().split('\n')

  it('is told check by check, in the order of installation (installHealthz)', async () => {
    const live = await lines('/livez?verbose')
    expect(live.slice(0, 5)).toEqual([
      '[+]ping ok',
      '[+]log ok',
      '[+]loopback-serving-certificate ok',
      '[+]etcd ok',
      '[+]poststarthook/start-apiserver-admission-initializer ok',
    ])
    expect(live.at(-1)).toBe('livez check passed')
    const ready = await lines('/readyz?verbose')
    expect(ready.slice(2, 5)).toEqual(['[+]etcd ok', '[+]etcd-readiness ok', '[+]informer-sync ok'])
    expect(ready.slice(-2)).toEqual(['[+]shutdown ok', 'readyz check passed'])
    expect(live).toHaveLength(35)
    expect(ready).toHaveLength(37)
  })

  it('of hooks can be asked for one by one', async () => {
    for (const name of ['poststarthook/rbac/bootstrap-roles', 'autoregister-completion', 'informer-sync']) {
      expect(await call(`/readyz/${name}`)).toMatchObject({ code: 200, text: 'ok' })
    }
    expect((await call('/livez/informer-sync')).code).toBe(404)
  })

  it('says which checks nobody could leave out (handleRootHealth)', async () => {
    const told = await lines('/livez?verbose&exclude=x&exclude=etcd&exclude=y')
    expect(told).toContain('[+]etcd excluded: ok')
    expect(told.at(-2)).toBe('warn: some health checks cannot be excluded: no matches for "x","y"')
    expect((await call('/livez?exclude=x')).text).toBe('ok')
  })
})

describe('pages of the server about itself (apiserver/pkg/server/{statusz,flagz})', () => {
  const accepting = (accept: string) => ({ headers: { accept } })
  const as = (kind: string, version: string) => `v=${version};g=config.k8s.io;as=${kind}`

  it('are listed beside everything else that is served (routes.Index)', async () => {
    const { paths } = (await call('/')).body
    const some = ['/apis/', '/flagz', '/healthz/log', '/livez/etcd', '/openapi/v3/', '/readyz/shutdown', '/statusz']
    expect(paths).toEqual(expect.arrayContaining(some))
    expect(paths).toEqual([...paths].sort())
    expect(paths.filter((path: string) => path.startsWith('/readyz/'))).toHaveLength(36)
  })

  it('the version is told without a line end (responsewriters.WriteRawJSON)', async () => {
    expect((await call('/version')).text).toMatch(/^\{\n {2}"major": "1",\n[\s\S]*"\n\}$/)
  })

  const texts: readonly [accept: string][] = [
    [''],
    ['*/*'],
    ['text/*'],
    ['text/plain;charset=utf-8'],
    ['application/json, text/plain'],
    ['application/json;q=0.5, text/plain;q=0.1'],
    ['text/plain;pretty=1'],
  ]
  it.each(texts)('are text for %j, with one of four delimiters', async (accept) => {
    const status = await call('/statusz', accepting(accept))
    expect(status.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(status.headers['x-content-type-options']).toBeUndefined()
    expect(status.text).toMatch(
      /^\napiserver statusz\nWarning: .*purposes only\.\n\nStarted(:|: |=| ) \w{3} \w{3} [ \d]\d /,
    )
    expect(status.text).toMatch(/\nUp(:|: |=| ) 0 hr 0\d min \d\d sec\nGo version/)
    expect(status.text).toMatch(/\nPaths.* \/flagz \/healthz \/livez \/metrics \/readyz \/statusz \/version\n$/)
    const flags = await call('/flagz', accepting(accept))
    expect(flags.text).toMatch(
      /^\napiserver flagz\nWarning: .*purposes only\.\nadmission-control(:|: |=| )\[\]\nadmission-control-config-file(:|: |=| )\n/,
    )
    expect(flags.text).toMatch(/\nevent-ttl(:|: |=| )1h0m0s\n/)
  })

  it.each(['v1beta1', 'v1alpha1'])(
    'are objects of config.k8s.io/%s, the older of which is warned of',
    async (version) => {
      const [status, flags] = await Promise.all([
        call('/statusz', accepting(`application/json;${as('Statusz', version)}`)),
        call('/flagz', accepting(`application/json;${as('Flagz', version)}`)),
      ])
      const type = (kind: string) => `application/json;g=config.k8s.io;v=${version};as=${kind}`
      const warning = (page: string) =>
        `299 - "This version of the ${page} endpoint is deprecated. Please use a newer version."`
      const metadata = { name: 'apiserver' }
      const apiVersion = `config.k8s.io/${version}`
      expect(status.body).toMatchObject({ kind: 'Statusz', apiVersion, metadata, emulationVersion: '1.36' })
      expect(status.body.paths).toEqual(['/flagz', '/healthz', '/livez', '/metrics', '/readyz', '/statusz', '/version'])
      expect(status.headers['content-type']).toBe(type('Statusz'))
      expect(flags.body).toMatchObject({ kind: 'Flagz', apiVersion, metadata })
      expect(flags.body.flags).toMatchObject({
        'authorization-mode': '[Node,RBAC]',
        'service-cluster-ip-range': '10.96.0.0/16',
        'request-timeout': '1m0s',
        'advertise-address': '127.0.0.1',
      })
      expect(flags.headers['content-type']).toBe(type('Flagz'))
      const old = version === 'v1alpha1'
      expect(status.headers.warning).toBe(old ? warning('statusz') : undefined)
      expect(flags.headers.warning).toBe(old ? warning('flagz') : undefined)
    },
  )

  it('are YAML, too', async () => {
    const { text, headers } = await call('/statusz', accepting(`application/yaml;${as('Statusz', 'v1beta1')}`))
    expect(headers['content-type']).toBe('application/yaml;g=config.k8s.io;v=v1beta1;as=Statusz')
    expect(text).toMatch(/^apiVersion: config\.k8s\.io\/v1beta1\nbinaryVersion: /)
  })

  const refused: readonly [accept: string][] = [
    ['application/json'],
    ['application/*'],
    ['application/cbor'],
    ['application/vnd.kubernetes.protobuf'],
    ['text/html'],
    ['foo'],
    ['application/json;sv=v1'],
    ['application/json;stream=watch'],
    ['application/json;as=Statusz'],
    [`application/json;${as('Statusz', 'v1')}`],
    [`application/json;${as('Flagz', 'v1beta1')}`],
    [`text/plain;${as('Statusz', 'v1beta1')}`],
  ]
  it.each(refused)('have no form for %j', async (accept) => {
    const answer = await call('/statusz', accepting(accept))
    const message = 'only the following media types are accepted: application/json, application/yaml, text/plain'
    expect(answer).toMatchObject({ code: 406, body: { message, reason: 'NotAcceptable' } })
    expect(answer.headers['content-type']).toBe('application/json')
  })

  it('are refused in YAML to whoever reads that', async () => {
    const { code, headers, text } = await call('/flagz', accepting('application/yaml'))
    expect([code, headers['content-type']]).toEqual([406, 'application/yaml'])
    expect(text).toContain('reason: NotAcceptable')
  })

  it('are for every method, and have nothing below them', async () => {
    for (const method of ['POST', 'PUT', 'DELETE']) expect((await call('/statusz', { method })).code).toBe(200)
    for (const path of ['/statusz/', '/flagz/x']) expect((await call(path)).code).toBe(404)
  })
})

it('components are listed in the order in which they are asked, at no version (componentstatus.List)', async () => {
  const { body } = await call('/api/v1/componentstatuses')
  const names = body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)
  expect(names).toEqual(['scheduler', 'controller-manager', 'etcd-0'])
  expect(body.metadata).toEqual({})
  const watched = await call('/api/v1/componentstatuses?watch=1')
  const message = 'watch is not supported on resources of kind "componentstatuses"'
  expect(watched).toMatchObject({ code: 405, body: { message } })
  const missing = await call('/api/v1/componentstatuses/web')
  const details = { name: 'web', kind: 'componentstatus' }
  expect(missing).toMatchObject({ code: 404, body: { message: 'componentstatus "web" not found', details } })
})

describe('bootstrap policy (plugin/pkg/auth/authorizer/rbac/bootstrappolicy)', () => {
  const ROLES = '/apis/rbac.authorization.k8s.io/v1'
  const cases: readonly [path: string, at: number, rule: object][] = [
    [
      'clusterroles/system:aggregate-to-view',
      3,
      { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['get', 'list', 'watch'] },
    ],
    [
      'clusterroles/system:kube-scheduler',
      12,
      { apiGroups: [''], resources: ['persistentvolumeclaims', 'persistentvolumes'], verbs: ['get', 'list', 'watch'] },
    ],
    ['clusterroles/system:monitoring', 1, { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] }],
    ['clusterroles/system:node', 24, { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get'] }],
    [
      'namespaces/kube-system/roles/system::leader-locking-kube-scheduler',
      0,
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        verbs: ['create', 'get', 'list', 'update', 'watch'],
      },
    ],
  ]
  it.each(cases)('%s, rule %i', async (path, at, rule) => {
    const { body } = await call(`${ROLES}/${path}`)
    expect(body.rules[at]).toEqual(rule)
  })

  it('binds the reader of authentication by a name of its own', async () => {
    const path = 'namespaces/kube-system/rolebindings/system::extension-apiserver-authentication-reader'
    const { body } = await call(`${ROLES}/${path}`)
    expect(body.roleRef.name).toBe('extension-apiserver-authentication-reader')
  })

  it('suggests the schemas of this release and no others (SuggestedFlowSchemas)', async () => {
    const { body } = await call('/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas')
    expect(body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual([
      'catch-all',
      'exempt',
      'global-default',
      'kube-controller-manager',
      'kube-scheduler',
      'kube-system-service-accounts',
      'probes',
      'service-accounts',
      'system-leader-election',
      'system-node-high',
      'system-nodes',
    ])
  })
})
