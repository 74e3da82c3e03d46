// Whose requests go first: what each sort of request takes part in from the start, and what happens when there is no room.
// Facts: k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap of v1.36.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf } from './access-support.ts'

const FLOW = '/apis/flowcontrol.apiserver.k8s.io/v1'

describe('levels and schemas of a new cluster', () => {
  let server: TestServer
  let admin: Call

  beforeAll(async () => {
    server = await startTestServer()
    admin = await callerOf(server, { name: 'root', groups: ['system:masters'] })
  })
  afterAll(() => server.close())

  const items = async (resource: string) => (await admin(`${FLOW}/${resource}`)).body.items

  it.each<[name: string, shares: number, lendable: number, queues: [number, number, number] | undefined]>([
    ['exempt', 0, 0, undefined],
    ['catch-all', 5, 0, undefined],
    ['system', 30, 33, [64, 6, 50]],
    ['node-high', 40, 25, [64, 6, 50]],
    ['leader-election', 10, 0, [16, 4, 50]],
    ['workload-high', 40, 50, [128, 6, 50]],
    ['workload-low', 100, 90, [128, 6, 50]],
    ['global-default', 20, 50, [128, 6, 50]],
  ])('level %s', async (name, shares, lendable, queues) => {
    const found = (await items('prioritylevelconfigurations')).find(
      (level: { metadata: { name: string } }) => level.metadata.name === name,
    )
    const { type, limited, exempt } = found.spec
    expect(type).toBe(name === 'exempt' ? 'Exempt' : 'Limited')
    expect((limited ?? exempt).nominalConcurrencyShares).toBe(shares)
    expect((limited ?? exempt).lendablePercent).toBe(lendable)
    const given = limited?.limitResponse.queuing
    expect(given && [given.queues, given.handSize, given.queueLengthLimit]).toEqual(queues)
    expect(found.metadata.annotations).toEqual({ 'apf.kubernetes.io/autoupdate-spec': 'true' })
  })

  it.each<[name: string, level: string, precedence: number, distinguisher: string | undefined]>([
    ['exempt', 'exempt', 1, undefined],
    ['probes', 'exempt', 2, undefined],
    ['system-leader-election', 'leader-election', 100, 'ByUser'],
    ['system-node-high', 'node-high', 400, 'ByUser'],
    ['system-nodes', 'system', 500, 'ByUser'],
    ['kube-controller-manager', 'workload-high', 800, 'ByNamespace'],
    ['kube-scheduler', 'workload-high', 800, 'ByNamespace'],
    ['kube-system-service-accounts', 'workload-high', 900, 'ByNamespace'],
    ['service-accounts', 'workload-low', 9000, 'ByUser'],
    ['global-default', 'global-default', 9900, 'ByUser'],
    ['catch-all', 'catch-all', 10000, 'ByUser'],
  ])('schema %s', async (name, level, precedence, distinguisher) => {
    const schemas = await items('flowschemas')
    const { spec } = schemas.find((schema: { metadata: { name: string } }) => schema.metadata.name === name)
    expect(spec.priorityLevelConfiguration.name).toBe(level)
    expect(spec.matchingPrecedence).toBe(precedence)
    expect(spec.distinguisherMethod?.type).toBe(distinguisher)
  })

  it.each<[who: string, groups: string[], path: string, schema: string]>([
    ['root', ['system:masters'], '/api/v1/pods', 'exempt'],
    ['ann', [], '/livez', 'probes'],
    [
      'system:kube-scheduler',
      [],
      '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x',
      'system-leader-election',
    ],
    ['system:kube-scheduler', [], '/api/v1/pods', 'kube-scheduler'],
    ['system:kube-controller-manager', [], '/api/v1/pods', 'kube-controller-manager'],
    ['system:node:n1', ['system:nodes'], '/api/v1/nodes/n1', 'system-node-high'],
    ['system:node:n1', ['system:nodes'], '/api/v1/services', 'system-nodes'],
    ['ann', [], '/api/v1/pods', 'global-default'],
  ])('%s of %o asks for %s by schema %s', async (who, groups, path, schema) => {
    const call = await callerOf(server, { name: who, groups })
    const { headers } = await call(path)
    const found = (await admin(`${FLOW}/flowschemas/${schema}`)).body.metadata.uid
    expect(headers['x-kubernetes-pf-flowschema-uid']).toBe(found)
    expect(headers['x-kubernetes-pf-prioritylevel-uid']).toBeTruthy()
  })

  it('who changes a schema that is not mandatory is heeded, the mandatory ones stay', async () => {
    const put = (name: string) => admin(`${FLOW}/flowschemas/${name}`, { method: 'DELETE' })
    expect((await put('service-accounts')).code).toBe(200)
    const call = await callerOf(server)
    const token = (await admin('/api/v1/namespaces/default/serviceaccounts/default/token', { body: {} })).body.status
      .token
    const { headers } = await call('/api/v1/pods', { token })
    const fallback = (await admin(`${FLOW}/flowschemas/global-default`)).body.metadata.uid
    expect(headers['x-kubernetes-pf-flowschema-uid']).toBe(fallback)
  })
})

describe('a level that is full', () => {
  let server: TestServer
  let admin: Call
  let ann: Call

  beforeAll(async () => {
    // Two seats are one for each level at most.
    server = await startTestServer({ flags: { 'max-requests-inflight': '1', 'max-mutating-requests-inflight': '1' } })
    admin = await callerOf(server, { name: 'root', groups: ['system:masters'] })
    ann = await callerOf(server, { name: 'ann' })
    const level = (queuing?: object) => ({
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: 1,
        borrowingLimitPercent: 0,
        limitResponse: queuing ? { type: 'Queue', queuing } : { type: 'Reject' },
      },
    })
    const make = async (resource: string, name: string, spec: object) =>
      expect((await admin(`${FLOW}/${resource}`, { body: { metadata: { name }, spec } })).code).toBe(201)
    await make('prioritylevelconfigurations', 'one', level({ queues: 1, handSize: 1, queueLengthLimit: 1 }))
    await make('flowschemas', 'one', {
      priorityLevelConfiguration: { name: 'one' },
      matchingPrecedence: 50,
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: 'ann' } }],
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
        },
      ],
    })
    const apiGroup = 'rbac.authorization.k8s.io'
    const binding = {
      metadata: { name: 'ann' },
      roleRef: { apiGroup, kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup, kind: 'User', name: 'ann' }],
    }
    expect((await admin(`/apis/${apiGroup}/v1/clusterrolebindings`, { body: binding })).code).toBe(201)
  })
  afterAll(() => server.close())

  it('lets one in, has one wait, and refuses the third; administrators are not held up', async () => {
    // A body that does not come keeps its request in service.
    const { request } = await import('node:https')
    const { cert, key } = await server.certificate('ann', [])
    const slow = request(`${server.url}/api/v1/namespaces/default/configmaps`, {
      ca: server.ca,
      cert,
      key,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 40 },
    })
    const answered = new Promise<number>((resolve, reject) => {
      slow.on('response', (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      slow.on('error', reject)
    })
    slow.flushHeaders()
    const figure = async (name: string, labels: string) =>
      Number(new RegExp(`^${name}\\{${labels}\\} (\\d+)`, 'm').exec((await admin('/metrics')).text)?.[1] ?? 0)
    const flow = 'priority_level="one",flow_schema="one"'
    await vi.waitFor(async () => expect(await figure('apiserver_flowcontrol_current_executing_requests', flow)).toBe(1))
    const waiting = ann('/api/v1/pods')
    await vi.waitFor(async () => expect(await figure('apiserver_flowcontrol_current_inqueue_requests', flow)).toBe(1))
    expect(await figure('apiserver_current_inqueue_requests', 'request_kind="readOnly"')).toBe(1)
    const refused = await ann('/api/v1/pods')
    expect([refused.code, refused.text]).toEqual([429, 'Too many requests, please try again later.\n'])
    expect(refused.headers['retry-after']).toBe('1')
    expect((await admin('/api/v1/pods')).code).toBe(200)
    expect(await figure('apiserver_flowcontrol_rejected_requests_total', `${flow},reason="queue-full"`)).toBe(1)
    slow.end('{"metadata":{"name":"late"}}            ')
    expect(await answered).toBe(201)
    expect((await waiting).code).toBe(200)
    const waits = 'apiserver_flowcontrol_request_wait_duration_seconds_count'
    expect(await figure(waits, `${flow},execute="true"`)).toBe(1)
  })
})
