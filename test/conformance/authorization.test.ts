// Who is asked who may do what: configurations, modes, webhooks, policies in a file.
// Rules: k8s.io/apiserver/pkg/apis/apiserver/validation and plugin/pkg/authorizer/webhook.

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { readApiServerSettings } from '../../src/main/api-server-settings.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf, type Reviewer, startReviewer } from './access-support.ts'

const directory = mkdtempSync(join(tmpdir(), 'authorization-'))
const file = (name: string, content: string | object) => {
  const path = join(directory, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}
const configuration = (authorizers: unknown, version = 'v1') => ({
  apiVersion: `apiserver.config.k8s.io/${version}`,
  kind: 'AuthorizationConfiguration',
  authorizers,
})
const webhook = (kubeConfigFile: string, more: object = {}) => ({
  timeout: '2s',
  subjectAccessReviewVersion: 'v1',
  failurePolicy: 'NoOpinion',
  connectionInfo: { type: 'KubeConfigFile', kubeConfigFile },
  ...more,
})

afterAll(() => rmSync(directory, { recursive: true }))

describe('an AuthorizationConfiguration that is wrong', () => {
  const real = file('some.kubeconfig', '{}')
  const refusal = (content: object) => {
    try {
      readApiServerSettings({ 'authorization-config': file('wrong.json', content) })
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
    return undefined
  }
  const hook = (more: object) => configuration([{ type: 'Webhook', name: 'w', webhook: webhook(real, more) }])
  const at = 'failed to load AuthorizationConfiguration from file: '
  const MODES = '"ABAC", "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"'

  it.each<[string, object, string]>([
    ['nobody', configuration([]), 'authorizers: Required value: at least one authorization mode must be defined'],
    ['no type', configuration([{ name: 'x' }]), 'authorizers[0].type: Required value'],
    [
      'an unknown type',
      configuration([{ type: 'Foo', name: 'x' }]),
      `authorizers[0].type: Unsupported value: "Foo": supported values: ${MODES}`,
    ],
    [
      'a type twice',
      configuration([
        { type: 'RBAC', name: 'a' },
        { type: 'RBAC', name: 'b' },
      ]),
      'authorizers[1].type: Duplicate value: "RBAC"',
    ],
    ['no name', configuration([{ type: 'RBAC' }]), 'authorizers[0].name: Required value'],
    [
      'a name twice',
      configuration([
        { type: 'RBAC', name: 'a' },
        { type: 'Node', name: 'a' },
      ]),
      'authorizers[1].name: Duplicate value: "a"',
    ],
    [
      'a webhook where none is asked',
      configuration([{ type: 'RBAC', name: 'a', webhook: {} }]),
      'authorizers[0].webhook: Invalid value: "non-null": may only be specified when type=Webhook',
    ],
    [
      'no webhook where one is asked',
      configuration([{ type: 'Webhook', name: 'a' }]),
      'authorizers[0].webhook: Required value: required when type=Webhook',
    ],
    ['no time limit', hook({ timeout: undefined }), 'authorizers[0].timeout: Required value'],
    [
      'too long a time limit',
      hook({ timeout: '31s' }),
      'authorizers[0].timeout: Invalid value: "31s": must be > 0s and <= 30s',
    ],
    [
      'a time before now',
      hook({ authorizedTTL: '-1s' }),
      'authorizers[0].authorizedTTL: Invalid value: "-1s": must be > 0s',
    ],
    [
      'no version',
      hook({ subjectAccessReviewVersion: '' }),
      'authorizers[0].subjectAccessReviewVersion: Required value',
    ],
    [
      'an unknown version',
      hook({ subjectAccessReviewVersion: 'v2' }),
      'authorizers[0].subjectAccessReviewVersion: Unsupported value: "v2": supported values: "v1", "v1beta1"',
    ],
    [
      'an unknown failure policy',
      hook({ failurePolicy: 'Allow' }),
      'authorizers[0].failurePolicy: Unsupported value: "Allow": supported values: "NoOpinion", "Deny"',
    ],
    [
      'conditions without their version',
      hook({ matchConditions: [{ expression: 'true' }] }),
      'authorizers[0].matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified',
    ],
    [
      'a relative path',
      configuration([{ type: 'Webhook', name: 'w', webhook: webhook('kubeconfig') }]),
      'authorizers[0].connectionInfo.kubeConfigFile: Invalid value: "kubeconfig": must be an absolute path',
    ],
    [
      'a directory',
      configuration([{ type: 'Webhook', name: 'w', webhook: webhook(directory) }]),
      `authorizers[0].connectionInfo.kubeConfigFile: Invalid value: "${directory}": must be a regular file`,
    ],
    [
      'conditions that come to no truth',
      hook({ matchConditionSubjectAccessReviewVersion: 'v1', matchConditions: [{ expression: 'request.user' }] }),
      'authorizers[0].matchConditions[0].expression: Invalid value: "request.user": must evaluate to bool but got string',
    ],
    [
      'a condition twice',
      hook({
        matchConditionSubjectAccessReviewVersion: 'v1',
        matchConditions: [{ expression: 'true' }, { expression: 'true' }],
      }),
      'authorizers[0].matchConditions[1].expression: Duplicate value: "true"',
    ],
    [
      'unknown fields',
      configuration([{ type: 'RBAC', name: 'a', foo: 1 }]),
      'strict decoding error: unknown field "authorizers[0].foo"',
    ],
  ])('names %s', (_what, content, message) => {
    expect(refusal(content)).toBe(`${at}${message}`)
  })

  it('says where an expression does not compile', () => {
    const conditions = [{ expression: "has(request.resourceAttributes.foo) && 'x' in request.groups" }]
    const found = refusal(hook({ matchConditionSubjectAccessReviewVersion: 'v1', matchConditions: conditions }))
    expect(found).toContain('authorizers[0].matchConditions[0].expression: Invalid value: ')
    expect(found).toContain("undefined field 'foo'")
  })
})

describe('modes', () => {
  const refusal = (flags: Record<string, string>) => () => readApiServerSettings(flags)

  it.each<[Record<string, string>, string]>([
    [{ 'authorization-mode': 'Foo' }, 'authorization-mode "Foo" is not a valid mode'],
    [{ 'authorization-mode': 'RBAC,RBAC' }, 'authorization-mode ["RBAC","RBAC"] has mode specified more than once'],
    [{ 'authorization-mode': 'ABAC' }, "authorization-mode ABAC's authorization policy file not passed"],
    [{ 'authorization-mode': 'Webhook' }, "authorization-mode Webhook's authorization config file not passed"],
    [{ 'authorization-policy-file': '/x' }, 'cannot specify --authorization-policy-file without mode ABAC'],
    [
      { 'authorization-webhook-config-file': '/x' },
      'cannot specify --authorization-webhook-config-file without mode Webhook',
    ],
    [
      { 'authorization-mode': 'RBAC', 'authorization-config': '/x' },
      '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    ],
  ])('are refused: %o', (flags, message) => {
    expect(refusal(flags)).toThrow(message)
  })
})

describe('a webhook', () => {
  let server: TestServer
  let open: Reviewer
  let strict: Reviewer
  let eve: Call
  let admin: Call

  beforeAll(async () => {
    open = await startReviewer(directory, 'open')
    strict = await startReviewer(directory, 'strict')
    const conditions = {
      matchConditionSubjectAccessReviewVersion: 'v1',
      matchConditions: [
        { expression: "has(request.resourceAttributes) && request.resourceAttributes.resource == 'secrets'" },
        { expression: "!('trusted' in request.groups)" },
      ],
    }
    const config = configuration(
      [
        {
          type: 'Webhook',
          name: 'strict',
          webhook: webhook(strict.kubeconfig, { failurePolicy: 'Deny', ...conditions }),
        },
        { type: 'Webhook', name: 'open', webhook: webhook(open.kubeconfig, { subjectAccessReviewVersion: 'v1beta1' }) },
        { type: 'Node', name: 'node' },
        { type: 'RBAC', name: 'rbac' },
      ],
      'v1beta1',
    )
    server = await startTestServer({ flags: { 'authorization-config': file('webhooks.json', config) } })
    eve = await callerOf(server, { name: 'eve', groups: ['dev'] })
    admin = await callerOf(server, { name: 'root', groups: ['system:masters'] })
  })
  afterAll(async () => {
    await server.close()
    await Promise.all([open.close(), strict.close()])
  })

  it('is asked in the words of its version, with selectors, and only once', async () => {
    open.answer = () => ({ status: { allowed: true } })
    const path =
      '/api/v1/namespaces/default/pods?fieldSelector=spec.nodeName%3Dn1,status.phase!%3DFailed&labelSelector=a%20in%20(b,c),!d'
    expect((await eve(path)).code).toBe(200)
    const before = open.asked.length
    expect((await eve(path)).code).toBe(200)
    expect(open.asked.length).toBe(before)
    expect(open.asked.at(-1)).toEqual({
      kind: 'SubjectAccessReview',
      apiVersion: 'authorization.k8s.io/v1beta1',
      path: '/review',
      authorization: 'Bearer sesame',
      spec: {
        user: 'eve',
        group: ['dev', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=/)] },
        resourceAttributes: {
          namespace: 'default',
          verb: 'list',
          version: 'v1',
          resource: 'pods',
          fieldSelector: {
            requirements: [
              { key: 'spec.nodeName', operator: 'In', values: ['n1'] },
              { key: 'status.phase', operator: 'NotIn', values: ['Failed'] },
            ],
          },
          labelSelector: {
            requirements: [
              { key: 'a', operator: 'In', values: ['b', 'c'] },
              { key: 'd', operator: 'DoesNotExist' },
            ],
          },
        },
      },
    })
  })

  it('is asked about paths', async () => {
    open.answer = () => ({ status: { allowed: true } })
    expect((await eve('/metrics')).code).toBe(200)
    expect(open.asked.at(-1)?.spec.nonResourceAttributes).toEqual({ path: '/metrics', verb: 'get' })
  })

  it('leaves what it has no opinion about to the next, with its reason', async () => {
    open.answer = () => ({ status: { allowed: false, reason: 'not my business' } })
    const refused = await eve('/api/v1/namespaces/default/configmaps')
    expect(refused.code).toBe(403)
    expect(refused.body.message).toBe(
      'configmaps is forbidden: User "eve" cannot list resource "configmaps" in API group "" in the namespace "default": not my business',
    )
  })

  it('is not asked when a condition does not hold', async () => {
    const before = strict.asked.length
    await eve('/api/v1/namespaces/default/services')
    const trusted = await callerOf(server, { name: 'tom', groups: ['trusted'] })
    await trusted('/api/v1/namespaces/default/secrets')
    expect(strict.asked.length).toBe(before)
  })

  it('may say no for good', async () => {
    strict.answer = () => ({ status: { denied: true, reason: 'hands off' } })
    open.answer = () => ({ status: { allowed: true } })
    const refused = await eve('/api/v1/namespaces/default/secrets')
    expect(refused.code).toBe(403)
    expect(refused.body.message).toContain(': hands off')
    expect(strict.asked.at(-1)).toMatchObject({ apiVersion: 'authorization.k8s.io/v1', spec: { user: 'eve' } })
    expect(strict.asked.at(-1)?.spec.groups).toEqual(['dev', 'system:authenticated'])
  })

  it('that cannot be asked decides as its failure policy says', async () => {
    strict.answer = () => ({ code: 403 })
    const refused = await eve('/api/v1/namespaces/kube-system/secrets')
    expect(refused.code).toBe(500)
    // responsewriters.InternalError
    expect(refused.text).toMatch(/^Internal Server Error: "\/api\/v1\/namespaces\/kube-system\/secrets": .+\n$/)
    expect(refused.headers['content-type']).toBe('text/plain; charset=utf-8')
    open.answer = () => ({ code: 404 })
    // The next one might say yes; when none does, nobody can tell.
    const unknown = await eve('/api/v1/namespaces/default/endpoints')
    expect(unknown.code).toBe(500)
    expect(unknown.text).toContain('the server could not find the requested resource')
    expect((await eve('/version')).code).toBe(200)
  })

  it('is asked again after a failure that may pass', async () => {
    let left = 2
    open.answer = () => (left-- > 0 ? { code: 503, headers: { 'retry-after': '0' } } : { status: { allowed: true } })
    const before = open.asked.length
    expect((await eve('/api/v1/namespaces/default/replicationcontrollers')).code).toBe(200)
    expect(open.asked.length - before).toBe(3)
  })

  it('that says yes and no says no, and that something is wrong', async () => {
    open.answer = () => ({ status: { allowed: true, denied: true } })
    const spec = { user: 'zoe', resourceAttributes: { verb: 'get', resource: 'pods' } }
    const review = await admin('/apis/authorization.k8s.io/v1/subjectaccessreviews', { body: { spec } })
    expect(review.body.status).toEqual({
      allowed: false,
      denied: true,
      evaluationError: 'webhook subject access review returned both allow and deny response',
    })
  })

  it('is not asked about administrators', async () => {
    open.answer = () => ({ code: 500 })
    const before = [open.asked.length, strict.asked.length]
    expect((await admin('/api/v1/secrets')).code).toBe(200)
    expect([open.asked.length, strict.asked.length]).toEqual(before)
  })

  it('keeps rules reviews from being complete', async () => {
    const trusted = await callerOf(server, { name: 'tom', groups: [] })
    open.answer = () => ({ status: { allowed: true } })
    const review = await trusted('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
      body: { spec: { namespace: 'default' } },
    })
    expect(review.body.status).toMatchObject({
      incomplete: true,
      evaluationError: 'webhook authorizer does not support user rule resolution',
    })
  })
})

describe('a configuration that changes', () => {
  it('is taken over, unless it is wrong', async () => {
    const path = file('changing.json', configuration([{ type: 'RBAC', name: 'rbac' }]))
    const server = await startTestServer({ flags: { 'authorization-config': path } })
    try {
      const bob = await callerOf(server, { name: 'bob' })
      const code = async () => (await bob('/api/v1/pods')).code
      expect(await code()).toBe(403)
      writeFileSync(path, JSON.stringify(configuration([{ type: 'AlwaysAllow', name: 'all' }])))
      await vi.waitFor(async () => expect(await code()).toBe(200))
      const admin = await callerOf(server, { name: 'root', groups: ['system:masters'] })
      const reloads = async () => (await admin('/metrics')).text
      writeFileSync(path, JSON.stringify(configuration([{ type: 'Nobody', name: 'x' }])))
      await vi.waitFor(async () =>
        expect(await reloads()).toMatch(/automatic_reloads_total\{status="failure",apiserver_id_hash="sha256:\w+"\} 1/),
      )
      expect(await code()).toBe(200)
      // Another file in its place, as tools that write safely do it.
      renameSync(file('next.json', configuration([{ type: 'RBAC', name: 'rbac' }])), path)
      await vi.waitFor(async () => expect(await code()).toBe(403))
      expect(await reloads()).toMatch(/automatic_reloads_total\{status="success",apiserver_id_hash="sha256:\w+"\} 2/)
    } finally {
      await server.close()
    }
  })
})

describe('other modes', () => {
  it('ABAC allows what its policies say', async () => {
    const policy = (spec: object) =>
      JSON.stringify({ apiVersion: 'abac.authorization.kubernetes.io/v1beta1', kind: 'Policy', spec })
    const policies = [
      '# who may do what',
      policy({ user: 'ann', namespace: '*', resource: '*', apiGroup: '*' }),
      policy({ group: 'readers', readonly: true, namespace: 'default', resource: 'pods', apiGroup: '' }),
      policy({ user: '*', nonResourcePath: '/version*', readonly: true }),
      '{"user": "old", "resource": "services"}',
    ].join('\n')
    const server = await startTestServer({
      flags: { 'authorization-mode': 'ABAC', 'authorization-policy-file': file('policies.jsonl', policies) },
    })
    try {
      const codes = async (name: string, groups: string[]) => {
        const call = await callerOf(server, { name, groups })
        const paths = ['/api/v1/secrets', '/api/v1/namespaces/default/pods', '/version', '/api/v1/services']
        return Promise.all(paths.map(async (path) => (await call(path)).code))
      }
      expect(await codes('ann', [])).toEqual([200, 200, 200, 200])
      expect(await codes('bob', ['readers'])).toEqual([403, 200, 200, 403])
      expect(await codes('old', [])).toEqual([403, 403, 200, 200])
      const bob = await callerOf(server, { name: 'bob', groups: ['readers'] })
      expect((await bob('/api/v1/namespaces/default/pods', { body: {} })).body.message).toContain(
        ': No policy matched.',
      )
    } finally {
      await server.close()
    }
  })

  it('AlwaysDeny lets in only administrators', async () => {
    const server = await startTestServer({ flags: { 'authorization-mode': 'AlwaysDeny' } })
    try {
      const refused = await (await callerOf(server, { name: 'bob' }))('/api/v1/pods')
      expect(refused.body.message).toContain(': Everything is forbidden.')
      const admin = await callerOf(server, { name: 'root', groups: ['system:masters'] })
      expect((await admin('/api/v1/pods')).code).toBe(200)
    } finally {
      await server.close()
    }
  })
})
