import { Agent, request as send } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rolebindings, roles } from '../../api/generated/resources.ts'
import { startTestServer, type TestServer } from '../../main/testing.ts'

// biome-ignore lint/suspicious/noExplicitAny: whatever the API answers
type Json = any

interface Options {
  readonly method?: string
  readonly body?: unknown
  readonly type?: string
  readonly agent?: string
  readonly as?: 'admin' | 'bob'
}

const MAPS = '/api/v1/namespaces/default/configmaps'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const APPLY = 'application/apply-patch+yaml'
const MERGE = 'application/merge-patch+json'

const configMap = (name: string, data?: object, metadata: object = {}) => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata } },
  ...(data ? { data } : {}),
})
const deployment = (name: string, spec: object = {}) => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }] },
    },
    ...spec,
  },
})

describe('field management over HTTP', () => {
  let server: TestServer
  let agents: Record<'admin' | 'bob', Agent>

  const call = (path: string, options: Options = {}): Promise<{ code: number; body: Json; warning: string }> =>
    new Promise((resolve, reject) => {
      const { body, type = 'application/json', agent = 'tester/v1.0 (linux)', as = 'admin' } = options
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const method = options.method ?? (body === undefined ? 'GET' : 'POST')
      const headers = { 'user-agent': agent, ...(body === undefined ? {} : { 'content-type': type }) }
      const request = send(`${server.url}${path}`, { method, headers, agent: agents[as] }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const warning = String(response.headers.warning ?? '')
          resolve({ code: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()), warning })
        })
      })
      request.on('error', reject)
      request.end(text)
    })
  const apply = (path: string, body: unknown, query = 'fieldManager=a', as: 'admin' | 'bob' = 'admin') =>
    call(`${path}?${query}`, { method: 'PATCH', type: APPLY, body, as })
  const managers = (object: Json): string[] =>
    (object.metadata.managedFields ?? [])
      .map((e: Json) => [e.manager, e.operation, e.apiVersion, ...(e.subresource ? [e.subresource] : [])].join(' '))
      .sort()
  const fieldsOf = (object: Json, manager: string) =>
    object.metadata.managedFields.find((e: Json) => e.manager === manager)?.fieldsV1

  beforeAll(async () => {
    server = await startTestServer()
    const tls = { ca: server.ca, keepAlive: true }
    const bob = await server.certificate('bob', ['people'])
    agents = { admin: new Agent({ ...tls, ...server.admin }), bob: new Agent({ ...tls, ...bob }) }
  })
  afterAll(async () => {
    for (const agent of Object.values(agents)) agent.destroy()
    await server.close()
  })

  it('names the manager as the request does, or after its program', async () => {
    const made = await call(MAPS, { body: configMap('names', { a: '1' }) })
    expect(managers(made.body)).toEqual(['tester Update v1'])
    expect(fieldsOf(made.body, 'tester')).toEqual({ 'f:data': { '.': {}, 'f:a': {} } })
    const patch = { data: { b: '2' } }
    const path = `${MAPS}/names`
    const named = await call(`${path}?fieldManager=me`, { method: 'PATCH', type: MERGE, body: patch })
    expect(managers(named.body)).toEqual(['me Update v1', 'tester Update v1'])
    expect(fieldsOf(named.body, 'me')).toEqual({ 'f:data': { 'f:b': {} } })
    const long = await call(`${path}?fieldManager=${'x'.repeat(129)}`, { method: 'PATCH', type: MERGE, body: patch })
    expect(long).toMatchObject({ code: 422, body: { reason: 'Invalid' } })
  })

  it('writes nothing when nothing changes', async () => {
    const { body } = await call(MAPS, { body: configMap('same', { a: '1' }) })
    const again = await call(`${MAPS}/same`, { method: 'PUT', body })
    expect(again.body).toEqual(body)
    const applied = await apply(`${MAPS}/same2`, configMap('same2', { a: '1' }))
    expect((await apply(`${MAPS}/same2`, configMap('same2', { a: '1' }))).body).toEqual(applied.body)
  })

  it('ends tracking when a client empties managedFields, and begins again with the first apply', async () => {
    await call(MAPS, { body: configMap('reset', { a: '1' }) })
    const path = `${MAPS}/reset`
    const patch = (managedFields: unknown) =>
      call(path, { method: 'PATCH', type: MERGE, body: { metadata: { managedFields } } })
    expect(managers((await patch([{}])).body)).toEqual([])
    const changed = await call(path, { method: 'PATCH', type: MERGE, body: { data: { b: '2' } } })
    expect(managers(changed.body)).toEqual([])
    const applied = await apply(path, configMap('reset', { b: '2' }))
    expect(managers(applied.body)).toEqual(['a Apply v1', 'before-first-apply Update v1'])
    expect(managers((await patch([])).body)).toEqual([])
  })

  it('takes owners from a client only when they are valid', async () => {
    const { body } = await call(MAPS, { body: configMap('owners', { a: '1' }) })
    const entry = body.metadata.managedFields[0]
    const put = (managedFields: unknown) =>
      call(`${MAPS}/owners`, {
        method: 'PUT',
        body: configMap('owners', { a: '1' }, { managedFields }),
      })
    expect(managers((await put([{ ...entry, manager: 'other' }])).body)).toEqual(['other Update v1'])
    expect(managers((await put([{ ...entry, manager: 'bad', operation: 'Nonsense' }])).body)).toEqual([
      'other Update v1',
    ])
  })

  it('creates by apply, and merges into what is there', async () => {
    const path = `${MAPS}/applied`
    const made = await apply(
      path,
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: applied\ndata: {a: "1", b: "2"}\n',
    )
    expect(made).toMatchObject({ code: 201, body: { data: { a: '1', b: '2' } } })
    const other = await apply(path, configMap('applied', { c: '3' }), 'fieldManager=b')
    expect(other).toMatchObject({ code: 200, body: { data: { a: '1', b: '2', c: '3' } } })
    const less = await apply(path, configMap('applied', { a: '1' }))
    expect(less.body.data).toEqual({ a: '1', c: '3' })
    expect(fieldsOf(less.body, 'a')).toEqual({ 'f:data': { 'f:a': {} } })
    const dry = await apply(path, configMap('applied', { a: '9' }), 'fieldManager=a&dryRun=All')
    expect(dry.body.data).toEqual({ a: '9', c: '3' })
    expect((await call(path)).body.data).toEqual({ a: '1', c: '3' })
  })

  it('tells conflicts in its words and details, and yields to force', async () => {
    const path = `${DEPLOYMENTS}/web`
    await apply(path, deployment('web', { replicas: 2 }))
    const refused = await apply(path, deployment('web', { replicas: 3 }), 'fieldManager=b')
    expect(refused).toMatchObject({
      code: 409,
      body: {
        reason: 'Conflict',
        message: 'Apply failed with 1 conflict: conflict with "a": .spec.replicas',
        details: {
          causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "a"', field: '.spec.replicas' }],
        },
      },
    })
    const forced = await apply(path, deployment('web', { replicas: 3 }), 'fieldManager=b&force=true')
    expect(forced).toMatchObject({ code: 200, body: { spec: { replicas: 3 } } })
    expect(fieldsOf(forced.body, 'a')['f:spec']['f:replicas']).toBeUndefined()
  })

  it('keeps account of status and scale apart', async () => {
    const path = `${DEPLOYMENTS}/parts`
    await call(DEPLOYMENTS, { body: deployment('parts', { replicas: 1 }) })
    const status = { status: { replicas: 1 } }
    const told = await call(`${path}/status`, { method: 'PATCH', type: MERGE, body: status, agent: 'ctl' })
    expect(managers(told.body)).toEqual(['ctl Update apps/v1 status', 'tester Update apps/v1'])
    expect(fieldsOf(told.body, 'ctl')).toEqual({ 'f:status': { 'f:replicas': {} } })
    const scale = { spec: { replicas: 4 } }
    await call(`${path}/scale?fieldManager=me`, { method: 'PATCH', type: MERGE, body: scale })
    const scaled = (await call(path)).body
    expect(managers(scaled)).toContain('me Update apps/v1 scale')
    expect(fieldsOf(scaled, 'me')).toEqual({ 'f:spec': { 'f:replicas': {} } })
    expect(fieldsOf(scaled, 'tester')['f:spec']['f:replicas']).toBeUndefined()
    const conflict = await apply(path, deployment('parts', { replicas: 1 }))
    expect(conflict.body.message).toBe(
      'Apply failed with 1 conflict: conflict with "me" with subresource "scale" using apps/v1: .spec.replicas',
    )
  })

  it('applies to status and scale', async () => {
    const path = `${DEPLOYMENTS}/sub`
    await apply(path, deployment('sub', { replicas: 1 }))
    const status = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'sub' }, status: { replicas: 7 } }
    const told = await apply(`${path}/status`, status, 'fieldManager=s')
    expect(told).toMatchObject({ code: 200, body: { spec: { replicas: 1 }, status: { replicas: 7 } } })
    expect(fieldsOf(told.body, 's')).toEqual({ 'f:status': { 'f:replicas': {} } })
    const scale = (replicas: number) => ({
      ...{ apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'sub', namespace: 'default' } },
      spec: { replicas },
    })
    const refused = await apply(`${path}/scale`, scale(5), 'fieldManager=hpa')
    expect(refused.body.message).toBe('Apply failed with 1 conflict: conflict with "a": .spec.replicas')
    const scaled = await apply(`${path}/scale`, scale(5), 'fieldManager=hpa&force=true')
    expect(scaled).toMatchObject({ code: 200, body: { kind: 'Scale', spec: { replicas: 5 } } })
    const after = (await call(path)).body
    expect(after.spec.replicas).toBe(5)
    expect(managers(after)).toContain('hpa Apply apps/v1 scale')
    expect(fieldsOf(after, 'a')['f:spec']['f:replicas']).toBeUndefined()
    expect(await apply(`${DEPLOYMENTS}/absent/status`, { ...status, metadata: { name: 'absent' } })).toMatchObject({
      code: 404,
    })
  })

  it('compares owners of several versions of a kind', async () => {
    const base = (version: string) => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers/h`
    const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
    const metadata = { name: 'h' }
    const kind = 'HorizontalPodAutoscaler'
    const metrics = [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
    ]
    const v2 = {
      apiVersion: 'autoscaling/v2',
      kind,
      metadata,
      spec: { scaleTargetRef: target, maxReplicas: 5, metrics },
    }
    expect((await apply(base('v2'), v2)).code).toBe(201)
    const v1 = (percent: number) => ({
      ...{ apiVersion: 'autoscaling/v1', kind, metadata },
      spec: { scaleTargetRef: target, maxReplicas: 5, targetCPUUtilizationPercentage: percent },
    })
    expect((await apply(base('v1'), v1(50), 'fieldManager=b')).code).toBe(200)
    const refused = await apply(base('v1'), v1(60), 'fieldManager=b')
    expect(refused.body.message).toBe('Apply failed with 1 conflict: conflict with "a": .spec.metrics')
    const changed = await apply(base('v1'), {
      ...v2,
      apiVersion: 'autoscaling/v1',
      spec: { scaleTargetRef: target, maxReplicas: 5 },
    })
    expect(changed.code).toBe(200)
    expect(managers(changed.body)).toEqual(['a Apply autoscaling/v1', 'b Apply autoscaling/v1'])
  })

  it('leaves alone who owns a pod when it is bound', async () => {
    const pods = '/api/v1/namespaces/default/pods'
    const spec = { containers: [{ name: 'c', image: 'i' }] }
    const made = await call(pods, { body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec } })
    expect(JSON.stringify(made.body.metadata.managedFields)).not.toContain('f:volumes')
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } }
    await call(`${pods}/p/binding`, { body: binding, agent: 'kube-scheduler' })
    const bound = (await call(`${pods}/p`)).body
    expect(bound.spec.nodeName).toBe('n')
    expect(bound.metadata.managedFields).toEqual(made.body.metadata.managedFields)
    const template = { metadata: { name: 'p' }, spec: { ephemeralContainers: [{ name: 'd', image: 'i' }] } }
    const path = `${pods}/p/ephemeralcontainers`
    await call(path, { method: 'PATCH', type: 'application/strategic-merge-patch+json', body: template, agent: 'dbg' })
    expect(managers((await call(`${pods}/p`)).body)).toContain('dbg Update v1 ephemeralcontainers')
  })

  it('heeds what the configuration demands', async () => {
    const path = `${MAPS}/demands`
    const { body } = await apply(path, configMap('demands', { a: '1' }))
    const { uid, resourceVersion } = body.metadata
    await apply(path, configMap('demands', { a: '2' }))
    expect(await apply(path, configMap('demands', { a: '3' }, { resourceVersion }))).toMatchObject({ code: 409 })
    expect(await apply(path, configMap('demands', { a: '3' }, { uid: 'other' }))).toMatchObject({ code: 422 })
    expect(await apply(path, configMap('demands', { a: '3' }, { uid }))).toMatchObject({ code: 200 })
  })

  const wrong: [string, string, unknown, string, number, string][] = [
    [
      'no manager',
      'bad',
      configMap('bad'),
      '',
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ],
    [
      'another kind',
      'bad',
      { ...configMap('bad'), kind: 'Secret' },
      'fieldManager=a',
      400,
      'invalid object type: /v1, Kind=Secret',
    ],
    ['no kind', 'bad', { metadata: { name: 'bad' } }, 'fieldManager=a', 400, 'invalid object type: /, Kind='],
    [
      'managedFields',
      'bad',
      configMap('bad', {}, { managedFields: [] }),
      'fieldManager=a',
      400,
      'metadata.managedFields must be nil',
    ],
    [
      'an unknown field',
      'bad',
      { ...configMap('bad'), foo: 1 },
      'fieldManager=a',
      500,
      'failed to create typed patch object (/bad; /v1, Kind=ConfigMap): .foo: field not declared in schema',
    ],
    [
      'another name',
      'bad',
      configMap('good'),
      'fieldManager=a',
      400,
      'the name of the object (good) does not match the name on the URL (bad)',
    ],
    ['a list', 'bad', [], 'fieldManager=a', 400, 'error decoding YAML'],
    [
      'a field twice',
      'bad',
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"},"data":{"a":"1","a":"2"}}',
      'fieldManager=a&fieldValidation=Strict',
      400,
      'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 1: key "a" already set in map',
    ],
  ]
  it.each(wrong)('refuses a configuration with %s', async (_, name, body, query, code, message) => {
    const answer = await apply(`${MAPS}/${name}`, body, query)
    expect(answer.code).toBe(code)
    expect(answer.body.message).toContain(message)
  })

  it('takes force for nothing but an apply, and no CBOR', async () => {
    const path = `${MAPS}/names`
    const forced = await call(`${path}?force=true`, { method: 'PATCH', type: MERGE, body: {} })
    expect(forced).toMatchObject({ code: 422 })
    expect(forced.body.message).toContain('force: Forbidden: may not be specified for non-apply patch')
    const cbor = await call(path, { method: 'PATCH', type: 'application/apply-patch+cbor', body: 'x' })
    expect(cbor).toMatchObject({ code: 415 })
    expect(cbor.body.message).toBe('415: Unsupported Media Type')
  })

  it('lets only those create by apply who may create', async () => {
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'patch'] }]
    await server.client.create(roles, { metadata: { name: 'patcher', namespace: 'default' }, rules })
    await server.client.create(rolebindings, {
      metadata: { name: 'patcher', namespace: 'default' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'patcher' },
      subjects: [{ kind: 'User', name: 'bob', apiGroup: 'rbac.authorization.k8s.io' }],
    })
    const query = 'fieldManager=bob'
    const refused = await apply(`${MAPS}/bobs`, configMap('bobs', { a: '1' }), query, 'bob')
    expect(refused.body.message).toMatch(
      /^configmaps "bobs" is forbidden: User "bob" cannot create resource "configmaps"/,
    )
    await call(MAPS, { body: configMap('bobs', { b: '1' }) })
    expect((await apply(`${MAPS}/bobs`, configMap('bobs', { a: '1' }), query, 'bob')).code).toBe(200)
  })
})
