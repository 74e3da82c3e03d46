import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../../main/testing.ts'
import { caller } from '../../custom/testing.ts'
import { patchOf, startHooks, type TestHooks } from './testing.ts'

const GROUP = '/apis/admissionregistration.k8s.io/v1'
const MAPS = '/api/v1/namespaces/default/configmaps'
const map = (name: string, data: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
})
const MAP_RULE = { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE', 'UPDATE'] }

describe('admission webhooks', () => {
  let server: TestServer
  let hooks: TestHooks
  let call: ReturnType<typeof caller>['call']
  let close: () => void
  const made: string[] = []

  /** Configures one webhook; its name is its path, too. */
  async function configure(kind: 'Validating' | 'Mutating', name: string, fields: object = {}) {
    const path = `${GROUP}/${kind.toLowerCase()}webhookconfigurations`
    const body = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: `${kind}WebhookConfiguration`,
      metadata: { name },
      webhooks: [
        {
          name: `${name}.example.com`,
          clientConfig: { url: `${hooks.url}/${name}`, caBundle: hooks.caBundle },
          rules: [MAP_RULE],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          ...fields,
        },
      ],
    }
    const answer = await call({ path, body })
    expect(answer.body.message).toBeUndefined()
    expect(answer.warnings).toBe('')
    made.push(`${path}/${name}`)
  }

  beforeAll(async () => {
    server = await startTestServer()
    ;({ call, close } = caller(server))
    hooks = await startHooks(server)
  })
  afterEach(async () => {
    for (const path of made.splice(0)) await call({ method: 'DELETE', path })
    hooks.asked.clear()
    hooks.answers.clear()
  })
  afterAll(async () => {
    close()
    await server.close()
    await hooks.close()
  })

  it('asks, warns and refuses', async () => {
    await configure('Validating', 'check')
    hooks.answers.set('/check', ({ object }) =>
      object.data.bad
        ? { allowed: false, status: { message: 'bad data', code: 403 } }
        : { allowed: true, warnings: ['careful'] },
    )
    const good = await call({ path: `${MAPS}?fieldManager=me`, body: map('a', { x: '1' }) })
    expect([good.code, good.warnings]).toEqual([201, '299 - "careful"'])
    expect(hooks.asked.get('/check')).toMatchObject([
      {
        kind: { group: '', version: 'v1', kind: 'ConfigMap' },
        resource: { group: '', version: 'v1', resource: 'configmaps' },
        requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
        name: 'a',
        namespace: 'default',
        operation: 'CREATE',
        userInfo: { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] },
        object: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'a', namespace: 'default' },
          data: { x: '1' },
        },
        oldObject: null,
        dryRun: false,
        options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'me' },
      },
    ])
    const bad = await call({
      method: 'PATCH',
      path: `${MAPS}/a`,
      type: 'application/merge-patch+json',
      body: { data: { bad: 'yes' } },
    })
    expect([bad.code, bad.body.message]).toEqual([
      403,
      'admission webhook "check.example.com" denied the request: bad data',
    ])
    expect(hooks.asked.get('/check')?.[1]).toMatchObject({
      operation: 'UPDATE',
      oldObject: { data: { x: '1' } },
      options: { kind: 'UpdateOptions' },
    })
    hooks.answers.set('/check', () => ({ allowed: false }))
    const silent = await call({ path: MAPS, body: map('b') })
    expect([silent.code, silent.body.message]).toEqual([
      400,
      'admission webhook "check.example.com" denied the request without explanation',
    ])
  })

  it('is asked about deletions and other subresources where the rules say so', async () => {
    await call({ path: MAPS, body: map('gone', { x: '1' }, { labels: { keep: 'yes' } }) })
    await configure('Validating', 'keep', {
      rules: [{ ...MAP_RULE, operations: ['DELETE'] }],
      objectSelector: { matchLabels: { keep: 'yes' } },
    })
    hooks.answers.set('/keep', () => ({ allowed: false, status: { reason: 'Kept' } }))
    const refused = await call({ method: 'DELETE', path: `${MAPS}/gone?propagationPolicy=Background` })
    expect(refused.body.message).toBe('admission webhook "keep.example.com" denied the request: Kept')
    expect(hooks.asked.get('/keep')).toMatchObject([
      {
        operation: 'DELETE',
        object: null,
        oldObject: { metadata: { name: 'gone' } },
        options: { kind: 'DeleteOptions', propagationPolicy: 'Background' },
      },
    ])
  })

  it('lets webhooks change objects, in order, and again where that is asked for', async () => {
    await configure('Mutating', 'a-first', { reinvocationPolicy: 'IfNeeded' })
    await configure('Mutating', 'b-second')
    const count = ({ object }: { object: { data?: { n?: string } } }) => String(Number(object.data?.n ?? 0) + 1)
    hooks.answers.set('/a-first', (request) => patchOf({ op: 'replace', path: '/data/n', value: count(request) }))
    hooks.answers.set('/b-second', () => patchOf({ op: 'add', path: '/metadata/labels', value: { second: 'yes' } }))
    const { body, code } = await call({ path: MAPS, body: map('counted', { n: '0' }) })
    expect(code).toBe(201)
    expect(body).toMatchObject({ metadata: { labels: { second: 'yes' } }, data: { n: '2' } })
    expect(hooks.asked.get('/a-first')).toHaveLength(2)
    expect(hooks.asked.get('/b-second')).toMatchObject([{ object: { data: { n: '1' } } }])
    // What a webhook makes of the object is validated like anything else.
    hooks.answers.set('/b-second', () => patchOf({ op: 'add', path: '/data/not%20a%20key!', value: 'x' }))
    expect((await call({ path: MAPS, body: map('broken', { n: '0' }) })).code).toBe(422)
    hooks.answers.set('/b-second', () => patchOf({ op: 'replace', path: '/nowhere/at/all', value: 'x' }))
    expect((await call({ path: MAPS, body: map('lost', { n: '0' }) })).code).toBe(500)
  })

  it('fails closed or open', async () => {
    const failing = { timeoutSeconds: 1, rules: [MAP_RULE] }
    await configure('Validating', 'slow', failing)
    const slow = await call({ path: MAPS, body: map('slow') })
    expect([slow.code, slow.body.reason]).toEqual([500, 'InternalError'])
    expect(slow.body.message).toBe(
      `Internal error occurred: failed calling webhook "slow.example.com": failed to call webhook: Post "${hooks.url}/slow?timeout=1s": context deadline exceeded`,
    )
    hooks.answers.set('/slow', () => 500)
    expect((await call({ path: MAPS, body: map('slow') })).body.message).toBe(
      'Internal error occurred: failed calling webhook "slow.example.com": failed to call webhook: an error on the server ("broken") has prevented the request from succeeding',
    )
    hooks.answers.set('/slow', () => ({ allowed: true, uid: 'another' }))
    expect((await call({ path: MAPS, body: map('slow') })).body.message).toMatch(
      /received invalid webhook response: expected response.uid=".*", got "another"$/,
    )
    await call({ method: 'DELETE', path: made.pop() ?? '' })
    await configure('Mutating', 'open', {
      failurePolicy: 'Ignore',
      clientConfig: { url: 'https://127.0.0.1:1/', caBundle: hooks.caBundle },
    })
    expect((await call({ path: MAPS, body: map('open') })).code).toBe(201)
    await configure('Mutating', 'service', {
      clientConfig: { service: { namespace: 'default', name: 'none', path: '/x' }, caBundle: hooks.caBundle },
    })
    expect((await call({ path: MAPS, body: map('service') })).body.message).toBe(
      'Internal error occurred: failed calling webhook "service.example.com": failed to call webhook: Post "https://none.default.svc:443/x?timeout=10s": service "none" not found',
    )
  })

  it('leaves webhooks with side effects alone in a dry run', async () => {
    await configure('Validating', 'effects', { sideEffects: 'NoneOnDryRun' })
    hooks.answers.set('/effects', () => ({ allowed: true }))
    expect((await call({ path: `${MAPS}?dryRun=All`, body: map('dry') })).code).toBe(201)
    expect(hooks.asked.get('/effects')).toMatchObject([{ dryRun: true, options: { dryRun: ['All'] } }])
  })

  it('chooses by namespace, and by equivalent versions', async () => {
    await configure('Validating', 'spaces', { namespaceSelector: { matchLabels: { watched: 'yes' } } })
    hooks.answers.set('/spaces', () => ({ allowed: false, status: { message: 'no' } }))
    expect((await call({ path: MAPS, body: map('free') })).code).toBe(201)
    const labels = { metadata: { labels: { watched: 'yes' } } }
    const type = 'application/merge-patch+json'
    await call({ method: 'PATCH', path: '/api/v1/namespaces/default', type, body: labels })
    expect((await call({ path: MAPS, body: map('bound') })).code).toBe(400)
    await call({
      method: 'PATCH',
      path: '/api/v1/namespaces/default',
      type,
      body: { metadata: { labels: { watched: null } } },
    })

    const rules = [
      { apiGroups: ['autoscaling'], apiVersions: ['v1'], resources: ['horizontalpodautoscalers'], operations: ['*'] },
    ]
    await configure('Mutating', 'equal', { rules })
    await configure('Mutating', 'exact', { rules, matchPolicy: 'Exact' })
    hooks.answers.set('/equal', () =>
      patchOf({ op: 'replace', path: '/spec/targetCPUUtilizationPercentage', value: 7 }),
    )
    hooks.answers.set('/exact', () => ({ allowed: false }))
    const scaler = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 's' },
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        ],
      },
    }
    const answer = await call({
      path: '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
      body: scaler,
    })
    expect(answer.code).toBe(201)
    expect(answer.body).toMatchObject({ spec: { metrics: [{ resource: { target: { averageUtilization: 7 } } }] } })
    expect(hooks.asked.get('/equal')).toMatchObject([
      { kind: { version: 'v1' }, requestKind: { version: 'v2' }, object: { apiVersion: 'autoscaling/v1' } },
    ])
    expect(hooks.asked.get('/exact')).toBeUndefined()
  })

  it('asks about what is posted to subresources, and about connections', async () => {
    const pods = '/api/v1/namespaces/default/pods'
    const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'x' }] } }
    await call({ path: pods, body: { apiVersion: 'v1', kind: 'Pod', ...pod } })
    const rules = [
      {
        apiGroups: [''],
        apiVersions: ['v1'],
        resources: ['pods/*', 'serviceaccounts/token'],
        operations: ['CREATE', 'CONNECT'],
      },
    ]
    await configure('Validating', 'subs', { rules })
    hooks.answers.set('/subs', () => ({ allowed: false, status: { message: 'no' } }))
    const refused = 'admission webhook "subs.example.com" denied the request: no'
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } }
    expect((await call({ path: `${pods}/p/binding`, body: binding })).body.message).toBe(refused)
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } }
    expect((await call({ path: `${pods}/p/eviction`, body: eviction })).body.message).toBe(refused)
    const token = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: ['a'] } }
    const accounts = '/api/v1/namespaces/default/serviceaccounts'
    expect((await call({ path: `${accounts}/default/token`, body: token })).body.message).toBe(refused)
    expect((await call({ path: `${pods}/p/proxy/x` })).body.message).toBe(refused)
    expect(hooks.asked.get('/subs')).toMatchObject([
      { operation: 'CREATE', subResource: 'binding', kind: { kind: 'Binding' }, object: { target: { name: 'n' } } },
      { operation: 'CREATE', subResource: 'eviction', kind: { group: 'policy', kind: 'Eviction' } },
      { operation: 'CREATE', subResource: 'token', kind: { kind: 'TokenRequest' }, name: 'default' },
      { operation: 'CONNECT', subResource: 'proxy', kind: { kind: 'PodProxyOptions' }, name: 'p', options: null },
    ])
  })

  it('stores no configuration that could not be used', async () => {
    const wrong = async (fields: object) => {
      const webhook = { name: 'a.example.com', sideEffects: 'None', admissionReviewVersions: ['v1'], ...fields }
      const url = { clientConfig: { url: 'https://a/' } }
      const body = {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        metadata: { name: 'wrong' },
        webhooks: [{ ...url, ...webhook }],
      }
      const answer = await call({ path: `${GROUP}/validatingwebhookconfigurations?dryRun=All`, body })
      return answer.code === 201 ? '' : String(answer.body.message).replace(/^.* is invalid: webhooks\[0\]\./, '')
    }
    expect(await wrong({ rules: [MAP_RULE] })).toBe('')
    expect(await wrong({ clientConfig: { url: 'http://a/' } })).toBe(
      `clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
    )
    expect(await wrong({ rules: [{ ...MAP_RULE, operations: ['*', 'CREATE'] }] })).toMatch(
      /^rules\[0\].operations: .*if '\*' is present, must not specify other operations$/,
    )
    expect(await wrong({ rules: [{ ...MAP_RULE, operations: ['READ'] }] })).toBe(
      'rules[0].operations[0]: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
    )
    expect(await wrong({ rules: [{ ...MAP_RULE, resources: ['*', 'pods'] }] })).toMatch(/without subresources$/)
    const matchExpressions = [{ key: 'a', operator: 'Near' }]
    expect(await wrong({ objectSelector: { matchExpressions } })).toMatch(
      /^objectSelector.matchExpressions\[0\].operator: /,
    )
    expect(await wrong({ matchPolicy: 'Loose' })).toMatch(/^matchPolicy: Unsupported value/)
  })

  it('keeps webhooks within the limits of an update', async () => {
    await call({
      path: '/api/v1/namespaces/default/services',
      body: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'kept' },
        spec: { ports: [{ port: 80 }], selector: { a: 'b' } },
      },
    })
    await configure('Mutating', 'status', {
      rules: [
        { apiGroups: [''], apiVersions: ['v1'], resources: ['services', 'services/status'], operations: ['UPDATE'] },
      ],
    })
    const uid = [{ op: 'add', path: '/metadata/uid', value: 'mine' }]
    hooks.answers.set('/status', () =>
      patchOf({ op: 'add', path: '/status', value: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } } }, ...uid, {
        op: 'add',
        path: '/spec/selector',
        value: { c: 'd' },
      }),
    )
    const before = await call({ path: '/api/v1/namespaces/default/services/kept' })
    const patch = (subresource: string) =>
      call({
        method: 'PATCH',
        path: `/api/v1/namespaces/default/services/kept${subresource}`,
        type: 'application/merge-patch+json',
        body: { metadata: { labels: { x: `y${subresource.length}` } } },
      })
    const refused = await patch('')
    expect([refused.code, refused.body.message]).toEqual([422, expect.stringContaining('metadata.uid: Invalid value')])
    uid.length = 0
    const { body } = await patch('')
    expect(body).toMatchObject({ spec: { selector: { c: 'd' } }, status: { loadBalancer: {} } })
    expect(body.status).toEqual({ loadBalancer: {} })
    expect((body.metadata as { uid: string }).uid).toBe((before.body.metadata as { uid: string }).uid)
  })
})
