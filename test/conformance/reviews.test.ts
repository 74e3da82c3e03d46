// Reviews: what is wrong with them, what is echoed, what they answer, and that admission sees them.
// Rules: k8s.io/kubernetes/pkg/apis/authorization/validation and pkg/registry/{authorization,authentication}.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startHooks, type TestHooks } from '../../src/apiserver/admission/webhooks/testing.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf } from './access-support.ts'

const AUTHZ = '/apis/authorization.k8s.io/v1'
const AUTHN = '/apis/authentication.k8s.io/v1'
const LOCAL = `${AUTHZ}/namespaces/team/localsubjectaccessreviews`
const SAR = `${AUTHZ}/subjectaccessreviews`
const SELF = `${AUTHZ}/selfsubjectaccessreviews`
const get = { verb: 'get', resource: 'pods' }

describe('reviews', () => {
  let server: TestServer
  let admin: Call
  let ann: Call

  beforeAll(async () => {
    server = await startTestServer()
    admin = await callerOf(server, { name: 'root', groups: ['system:masters'] })
    ann = await callerOf(server, { name: 'ann', groups: ['dev'] })
    const rbac = '/apis/rbac.authorization.k8s.io/v1'
    const make = async (path: string, body: object) => expect((await admin(path, { body })).code).toBe(201)
    await make('/api/v1/namespaces', { metadata: { name: 'team' } })
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }]
    await make(`${rbac}/namespaces/team/roles`, { metadata: { name: 'reader' }, rules })
    const apiGroup = 'rbac.authorization.k8s.io'
    await make(`${rbac}/namespaces/team/rolebindings`, {
      metadata: { name: 'readers' },
      roleRef: { apiGroup, kind: 'Role', name: 'reader' },
      subjects: [
        { apiGroup, kind: 'Group', name: 'dev' },
        { kind: 'ServiceAccount', name: 'bot' },
      ],
    })
    await make(`${rbac}/clusterrolebindings`, {
      metadata: { name: 'viewers' },
      roleRef: { apiGroup, kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ apiGroup, kind: 'User', name: 'vic' }],
    })
    await make(`${rbac}/clusterrolebindings`, {
      metadata: { name: 'dangling' },
      roleRef: { apiGroup, kind: 'ClusterRole', name: 'nowhere' },
      subjects: [{ apiGroup, kind: 'User', name: 'dan' }],
    })
  })
  afterAll(() => server.close())

  const NEITHER =
    'spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified'
  const NOBODY = 'spec.user: Invalid value: "": at least one of user or group must be specified'

  it.each<[string, string, object, string]>([
    ['a self review of nothing', SELF, {}, NEITHER],
    ['a review of nothing by nobody', SAR, {}, `[${NEITHER}, ${NOBODY}]`],
    ['a review of nobody', SAR, { spec: { resourceAttributes: get } }, NOBODY],
    [
      'a review of both',
      SELF,
      { spec: { resourceAttributes: get, nonResourceAttributes: { path: '/x', verb: 'get' } } },
      'spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":"get"}: cannot be specified in combination with resourceAttributes',
    ],
    [
      'a local review of another namespace',
      LOCAL,
      { spec: { user: 'ann', resourceAttributes: { ...get, namespace: 'other' } } },
      'spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
    ],
    [
      'a local review of a path',
      LOCAL,
      { spec: { user: 'ann', nonResourceAttributes: { path: '/x' } } },
      'spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":""}: disallowed on this kind of request',
    ],
  ])('refuse %s', async (_what, path, body, problem) => {
    const { code, body: status } = await admin(path, { body })
    expect(code).toBe(422)
    expect(status.message).toBe(`.authorization.k8s.io "" is invalid: ${problem}`)
  })

  it.each<[string, string, object, string]>([
    ['rules of no namespace', `${AUTHZ}/selfsubjectrulesreviews`, { spec: {} }, 'no namespace on request'],
    ['no token', `${AUTHN}/tokenreviews`, { spec: {} }, 'token is required for TokenReview in authentication'],
    [
      'another kind',
      SAR,
      { kind: 'Pod', apiVersion: 'v1' },
      'Pod in version "v1" cannot be handled as a SubjectAccessReview: converting (v1.Pod) to (authorization.SubjectAccessReview): unknown conversion',
    ],
    [
      'another namespace than that of the path',
      LOCAL,
      { metadata: { namespace: 'other' }, spec: { user: 'ann', resourceAttributes: { ...get, namespace: 'team' } } },
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
  ])('refuse %s', async (_what, path, body, message) => {
    const answer = await admin(path, { body })
    expect([answer.code, answer.body.message]).toEqual([400, message])
  })

  it('refuse metadata', async () => {
    const body = { metadata: { name: 'x' }, spec: { user: 'ann', resourceAttributes: get } }
    const { code, body: status } = await admin(SAR, { body })
    expect(code).toBe(422)
    expect(status.details.causes).toEqual([
      expect.objectContaining({ field: 'metadata', message: expect.stringMatching(/: must be empty$/) }),
    ])
  })

  it.each<[string, object, object]>([
    [
      'by a role binding',
      { user: 'x', groups: ['dev'], resourceAttributes: { ...get, namespace: 'team' } },
      {
        allowed: true,
        reason: 'RBAC: allowed by RoleBinding "readers/team" of Role "reader" to Group "dev"',
      },
    ],
    [
      'to a service account',
      { user: 'system:serviceaccount:team:bot', resourceAttributes: { ...get, namespace: 'team' } },
      {
        allowed: true,
        reason: 'RBAC: allowed by RoleBinding "readers/team" of Role "reader" to ServiceAccount "bot/team"',
      },
    ],
    [
      'by a cluster role binding',
      { user: 'vic', resourceAttributes: get },
      {
        allowed: true,
        reason: 'RBAC: allowed by ClusterRoleBinding "viewers" of ClusterRole "cluster-admin" to User "vic"',
      },
    ],
    [
      'to administrators',
      { groups: ['system:masters'], nonResourceAttributes: { path: '/x', verb: 'get' } },
      { allowed: true },
    ],
    ['not at all', { user: 'x', resourceAttributes: get }, { allowed: false }],
    [
      'not through a role that is not there',
      { user: 'dan', resourceAttributes: get },
      { allowed: false, reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "nowhere" not found' },
    ],
    [
      'with selectors that cannot be read in part',
      {
        user: 'x',
        resourceAttributes: {
          ...get,
          fieldSelector: {
            requirements: [
              { key: 'a', operator: 'In', values: ['b'] },
              { key: 'c', operator: 'Exists' },
            ],
          },
          labelSelector: { rawSelector: 'a in (' },
        },
      },
      {
        allowed: false,
        evaluationError:
          'spec.resourceAttributes.fieldSelector partially ignored due to parse error; spec.resourceAttributes.labelSelector ignored due to parse error',
      },
    ],
  ])('say that something is allowed %s', async (_what, spec, status) => {
    const { code, body } = await admin(SAR, { body: { spec } })
    expect(code).toBe(201)
    expect(body).toMatchObject({ kind: 'SubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', spec })
    expect(body.status).toEqual(status)
  })

  it('echo what was sent, with who sent it, and store nothing', async () => {
    const spec = { resourceAttributes: { ...get, namespace: 'team' } }
    const { body } = await ann(`${SELF}?fieldManager=me&dryRun=All`, { body: { metadata: { uid: 'x' }, spec } })
    expect(body.metadata.managedFields).toEqual([
      expect.objectContaining({ manager: 'me', operation: 'Update', apiVersion: 'authorization.k8s.io/v1' }),
    ])
    expect(Object.keys(body.metadata)).toEqual(['managedFields'])
    expect(body.spec).toEqual(spec)
    expect(body.status.allowed).toBe(true)
    expect((await admin(SELF)).code).toBe(405)
    expect((await admin(`${SELF}/x`)).code).toBe(404)
  })

  it('of a namespace that is not there tell nothing about that', async () => {
    const path = `${AUTHZ}/namespaces/nowhere/localsubjectaccessreviews`
    const spec = { user: 'ann', resourceAttributes: { ...get, namespace: 'nowhere' } }
    const { code, body } = await admin(path, { body: { spec } })
    expect([code, body.metadata.namespace, body.status]).toEqual([201, 'nowhere', { allowed: false }])
  })

  it('heed field validation', async () => {
    const body = { spec: { user: 'ann', resourceAttributes: get, foo: 1 } }
    const warned = await admin(`${SAR}?fieldValidation=Warn`, { body })
    expect([warned.code, String(warned.headers.warning)]).toEqual([
      201,
      expect.stringContaining('unknown field \\"spec.foo\\"'),
    ])
    expect((await admin(`${SAR}?fieldValidation=Strict`, { body })).code).toBe(400)
  })

  it('list rules, and say what of them is not there', async () => {
    const rules = async (call: Call) =>
      (await call(`${AUTHZ}/selfsubjectrulesreviews`, { body: { spec: { namespace: 'team' } } })).body
    const { spec, status } = await rules(ann)
    expect(spec).toEqual({})
    expect(status.incomplete).toBe(false)
    expect(status.resourceRules).toContainEqual({ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] })
    expect(status.nonResourceRules.length).toBeGreaterThan(0)
    const dan = await callerOf(server, { name: 'dan' })
    expect((await rules(dan)).status.evaluationError).toBe('clusterrole.rbac.authorization.k8s.io "nowhere" not found')
  })

  it('say who one is', async () => {
    const { code, body } = await ann(`${AUTHN}/selfsubjectreviews`, { body: {} })
    expect(code).toBe(201)
    expect(body.metadata.creationTimestamp).toMatch(/Z$/)
    const extra = { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/)] }
    expect(body.status).toEqual({ userInfo: { username: 'ann', groups: ['dev', 'system:authenticated'], extra } })
  })

  it('say what is wrong with a token', async () => {
    const path = '/api/v1/namespaces/default/serviceaccounts/default/token'
    const { token } = (await admin(path, { body: { spec: { audiences: ['vault'] } } })).body.status
    // Nothing else stands in the head (serviceaccount.JWTTokenGenerator).
    const head = JSON.parse(Buffer.from(String(token).split('.')[0] ?? '', 'base64url').toString())
    expect(Object.keys(head)).toEqual(['alg', 'kid'])
    const review = async (spec: object) => (await admin(`${AUTHN}/tokenreviews`, { body: { spec } })).body.status
    expect(await review({ token: 'nonsense' })).toEqual({ user: {}, error: 'invalid bearer token' })
    const own = 'https://kubernetes.default.svc.cluster.local'
    expect(await review({ token })).toEqual({
      user: {},
      error: `[invalid bearer token, token audiences ["vault"] is invalid for the target audiences ["${own}"]]`,
    })
    const forged = `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`
    expect(await review({ token: forged })).toEqual({
      user: {},
      error: '[invalid bearer token, go-jose/go-jose: error in cryptographic primitive]',
    })
    expect(await review({ token, audiences: ['vault'] })).toMatchObject({ authenticated: true, audiences: ['vault'] })
  })
})

describe('reviews and admission', () => {
  let server: TestServer
  let hooks: TestHooks
  let admin: Call

  beforeAll(async () => {
    server = await startTestServer()
    hooks = await startHooks(server)
    admin = await callerOf(server, { name: 'root', groups: ['system:masters'] })
    const rule = { apiVersions: ['*'], operations: ['CREATE'] }
    const configuration = {
      metadata: { name: 'reviews' },
      webhooks: [
        {
          name: 'reviews.example.com',
          clientConfig: { url: `${hooks.url}/reviews`, caBundle: hooks.caBundle },
          rules: [
            { ...rule, apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'] },
            { ...rule, apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'] },
          ],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    }
    const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
    expect((await admin(path, { body: configuration })).code).toBe(201)
  })
  afterAll(async () => {
    await server.close()
    await hooks.close()
  })

  it('webhooks see them and may refuse them', async () => {
    hooks.answers.set('/reviews', ({ object }) => ({
      allowed: object.spec.user !== 'mallory',
      status: { message: 'no' },
    }))
    const ask = (user: string) => admin(SAR, { body: { spec: { user, resourceAttributes: get } } })
    expect((await ask('ann')).code).toBe(201)
    const refused = await ask('mallory')
    expect(refused.code).toBe(400)
    expect(refused.body.message).toBe('admission webhook "reviews.example.com" denied the request: no')
    expect(hooks.asked.get('/reviews')?.[0]).toMatchObject({
      operation: 'CREATE',
      kind: { group: 'authorization.k8s.io', version: 'v1', kind: 'SubjectAccessReview' },
      resource: { group: 'authorization.k8s.io', version: 'v1', resource: 'subjectaccessreviews' },
      object: { kind: 'SubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', spec: { user: 'ann' } },
    })
  })
})
