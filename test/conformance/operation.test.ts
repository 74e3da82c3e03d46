// What a server says about itself: its checks, its components, and the roles and levels that it begins with.
// Rules: healthz of k8s.io/apiserver, componentstatus and the bootstrap policies of k8s.io/kubernetes.

import { describe, expect, it } from 'vitest'
import { useServer } from './custom-resources/support.ts'

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

it('components are listed in the order in which they are asked, at no version (componentstatus.List)', async () => {
  const { body } = await call('/api/v1/componentstatuses')
  const names = body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)
  expect(names).toEqual(['scheduler', 'controller-manager', 'etcd-0'])
  expect(body.metadata).toEqual({})
  const watched = await call('/api/v1/componentstatuses?watch=1')
  const message = 'watch is not supported on resources of kind "componentstatuses"'
  expect(watched).toMatchObject({ code: 405, body: { message } })
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
