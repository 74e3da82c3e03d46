import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../../main/testing.ts'
import { caller } from '../../custom/testing.ts'
import { startHooks, type TestHooks } from '../webhooks/testing.ts'

const GROUP = '/apis/admissionregistration.k8s.io/v1'
const MAPS = '/api/v1/namespaces/default/configmaps'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const MERGE = 'application/merge-patch+json'
const RULES = [
  {
    apiGroups: ['', 'apps'],
    apiVersions: ['v1'],
    resources: ['configmaps', 'deployments'],
    operations: ['CREATE', 'UPDATE'],
  },
]
const map = (name: string, data: object = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })
const deployment = (name: string, replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { app: 'a' } },
  spec: {
    replicas,
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
  },
})

describe('admission policies', () => {
  let server: TestServer
  let hooks: TestHooks
  let call: ReturnType<typeof caller>['call']
  let close: () => void
  const made: string[] = []

  async function post(kind: string, name: string, spec: object) {
    const plural = kind.endsWith('y') ? `${kind.toLowerCase().slice(0, -1)}ies` : `${kind.toLowerCase()}s`
    const path = `${GROUP}/${plural}`
    const answer = await call({
      path,
      body: { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name }, spec },
    })
    if (answer.code === 201) made.push(`${path}/${name}`)
    return answer
  }

  /** A policy and its binding. */
  async function policy(kind: 'Validating' | 'Mutating', name: string, spec: object, binding: object = {}) {
    const answer = await post(`${kind}AdmissionPolicy`, name, { matchConstraints: { resourceRules: RULES }, ...spec })
    expect(answer.body.message).toBeUndefined()
    const actions = kind === 'Validating' ? { validationActions: ['Deny'] } : {}
    const bound = await post(`${kind}AdmissionPolicyBinding`, `${name}-b`, { policyName: name, ...actions, ...binding })
    expect(bound.body.message).toBeUndefined()
  }

  beforeAll(async () => {
    server = await startTestServer()
    ;({ call, close } = caller(server))
    hooks = await startHooks(server)
  })
  afterEach(async () => {
    for (const path of made.splice(0)) await call({ method: 'DELETE', path })
  })
  afterAll(async () => {
    close()
    await server.close()
    await hooks.close()
  })

  it('refuses, warns and explains', async () => {
    await policy('Validating', 'few', {
      variables: [{ name: 'limit', expression: '3' }],
      matchConditions: [{ name: 'deployments', expression: "request.resource.resource == 'deployments'" }],
      validations: [
        { expression: 'object.spec.replicas <= variables.limit' },
        {
          expression: "object.metadata.name != 'root'",
          messageExpression: "'not ' + object.metadata.name + ' in ' + namespaceObject.metadata.name",
          reason: 'Forbidden',
        },
      ],
    })
    expect((await call({ path: MAPS, body: map('free') })).code).toBe(201)
    expect((await call({ path: DEPLOYMENTS, body: deployment('fine', 3) })).code).toBe(201)
    const many = await call({ path: DEPLOYMENTS, body: deployment('many', 4) })
    expect([many.code, many.body.reason, many.body.message]).toEqual([
      422,
      'Invalid',
      `deployments.apps "many" is forbidden: ValidatingAdmissionPolicy 'few' with binding 'few-b' denied request: failed expression: object.spec.replicas <= variables.limit`,
    ])
    const root = await call({ path: DEPLOYMENTS, body: deployment('root', 1) })
    expect([root.code, root.body.message]).toEqual([
      403,
      `deployments.apps "root" is forbidden: ValidatingAdmissionPolicy 'few' with binding 'few-b' denied request: not root in default`,
    ])
    const grown = await call({
      method: 'PATCH',
      path: `${DEPLOYMENTS}/fine`,
      type: MERGE,
      body: { spec: { replicas: 9 } },
    })
    expect(grown.code).toBe(422)
  })

  it('only warns where the binding says so', async () => {
    const validations = [{ expression: 'has(object.data) && oldObject == null', message: 'data is wanted' }]
    await policy('Validating', 'soft', { validations }, { validationActions: ['Warn', 'Audit'] })
    const { code, warnings } = await call({ path: MAPS, body: { ...map('soft'), data: undefined } })
    expect([code, warnings]).toEqual([
      201,
      `299 - "Validation failed for ValidatingAdmissionPolicy 'soft' with binding 'soft-b': data is wanted"`,
    ])
  })

  it('takes parameters by name and by selector', async () => {
    const binding = { paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' } }
    const spec = {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConditions: [{ name: 'own', expression: "!object.metadata.name.startsWith('limits')" }],
      validations: [{ expression: 'int(object.data.n) <= int(params.data.most)' }],
    }
    await policy('Validating', 'limited', spec, binding)
    const missing = await call({ path: MAPS, body: map('n1', { n: '1' }) })
    expect(missing.body.message).toBe(
      `configmaps "n1" is forbidden: ValidatingAdmissionPolicy 'limited' with binding 'limited-b' denied request: failed to configure binding: no params found for policy binding with \`Deny\` parameterNotFoundAction`,
    )
    const unlock = made.pop() ?? ''
    await call({ method: 'DELETE', path: unlock })
    await call({ path: MAPS, body: map('limits', { most: '5' }) })
    await call({
      path: MAPS,
      body: { ...map('limits-2', { most: '3' }), metadata: { name: 'limits-2', labels: { limit: 'yes' } } },
    })
    await post('ValidatingAdmissionPolicyBinding', 'by-name', {
      policyName: 'limited',
      validationActions: ['Deny'],
      ...binding,
    })
    expect((await call({ path: MAPS, body: map('n4', { n: '4' }) })).code).toBe(201)
    expect((await call({ path: MAPS, body: map('n6', { n: '6' }) })).code).toBe(422)
    await post('ValidatingAdmissionPolicyBinding', 'by-label', {
      policyName: 'limited',
      validationActions: ['Deny'],
      paramRef: { selector: { matchLabels: { limit: 'yes' } }, parameterNotFoundAction: 'Allow' },
    })
    expect((await call({ path: MAPS, body: map('n5', { n: '4' }) })).code).toBe(422)
  })

  it('asks the authorizer, and follows its failurePolicy', async () => {
    await policy('Validating', 'allowed', {
      validations: [
        { expression: "authorizer.group('').resource('nodes').check('delete').allowed()" },
        { expression: "authorizer.requestResource.check('create').allowed()" },
        {
          expression:
            "authorizer.serviceAccount('default', 'default').group('').resource('pods').check('get').allowed()",
          message: 'not the account',
        },
      ],
    })
    expect((await call({ path: MAPS, body: map('asked') })).body.message).toMatch(/denied request: not the account$/)
    await call({ method: 'DELETE', path: made.pop() ?? '' })
    const broken = { validations: [{ expression: 'object.data.none == "x"' }] }
    await policy('Validating', 'closed', broken)
    expect((await call({ path: MAPS, body: map('closed') })).body.message).toBe(
      `configmaps "closed" is forbidden: ValidatingAdmissionPolicy 'closed' with binding 'closed-b' denied request: expression 'object.data.none == "x"' resulted in error: no such key: data`,
    )
    await call({ method: 'DELETE', path: made.pop() ?? '' })
    await policy('Validating', 'open', { ...broken, failurePolicy: 'Ignore' })
    expect((await call({ path: MAPS, body: map('opened') })).code).toBe(201)
  })

  it('changes objects with apply configurations and JSON patches', async () => {
    await policy('Mutating', 'label', {
      reinvocationPolicy: 'IfNeeded',
      variables: [{ name: 'kind', expression: 'object.kind' }],
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: 'Object{metadata: Object.metadata{labels: {"kind": variables.kind}}}',
          },
        },
        {
          patchType: 'JSONPatch',
          jsonPatch: {
            expression:
              '[JSONPatch{op: "test", path: "/kind", value: "Deployment"}, JSONPatch{op: "replace", path: "/spec/replicas", value: object.spec.replicas + 1}]',
          },
        },
      ],
      matchConditions: [{ name: 'new', expression: "request.operation == 'CREATE' && object.kind == 'Deployment'" }],
    })
    const { code, body } = await call({ path: DEPLOYMENTS, body: deployment('changed', 1) })
    expect([code, body.message]).toEqual([201, undefined])
    // What it has changed itself calls it a second time.
    expect(body).toMatchObject({ metadata: { labels: { app: 'a', kind: 'Deployment' } }, spec: { replicas: 3 } })
  })

  it('merges lists of an apply configuration by their keys, and refuses what is atomic', async () => {
    await policy('Mutating', 'sidecar', {
      reinvocationPolicy: 'Never',
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: `Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{
              containers: [Object.spec.template.spec.containers{name: "side", image: "proxy"}]}}}}`,
          },
        },
      ],
      matchConditions: [{ name: 'new', expression: "object.kind == 'Deployment'" }],
    })
    const { body } = await call({ path: DEPLOYMENTS, body: deployment('sided', 1) })
    const { containers } = (body as unknown as { spec: { template: { spec: { containers: { name: string }[] } } } })
      .spec.template.spec
    expect(containers.map(({ name }) => name).sort()).toEqual(['c', 'side'])
    await policy('Mutating', 'atomic', {
      reinvocationPolicy: 'Never',
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: 'Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"x": "y"}}}}',
          },
        },
      ],
      matchConditions: [{ name: 'new', expression: "object.kind == 'Deployment'" }],
    })
    const refused = await call({ path: DEPLOYMENTS, body: deployment('atomic', 1) })
    expect(refused.body.message).toBe(
      `policy 'atomic' with binding 'atomic-b' denied request: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector`,
    )
  })

  it('stores no expression that does not compile', async () => {
    const wrong = async (kind: string, spec: object) =>
      (await post(kind, 'wrong', { matchConstraints: { resourceRules: RULES }, ...spec })).body.message
    const validation = (expression: string, more: object = {}) =>
      wrong('ValidatingAdmissionPolicy', { validations: [{ expression, ...more }] })
    expect(await validation('object.x ==')).toMatch(
      /^ValidatingAdmissionPolicy.admissionregistration.k8s.io "wrong" is invalid: spec.validations\[0\].expression: Invalid value: "object.x ==": compilation failed: ERROR: <input>:1:12: Syntax error/,
    )
    expect(await validation("'text'")).toMatch(/must evaluate to bool but got string$/)
    expect(await validation('params.x == 1')).toMatch(/undeclared reference to 'params'/)
    expect(await validation('variables.x == 1')).toMatch(/undeclared reference to 'variables'|undefined field 'x'/)
    expect(await validation('true', { messageExpression: "authorizer.path('/').check('get').reason()" })).toMatch(
      /messageExpression: .*undeclared reference to 'authorizer'/,
    )
    const mutations = [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: '1' } }]
    expect(await wrong('MutatingAdmissionPolicy', { mutations, reinvocationPolicy: 'Never' })).toMatch(
      /spec.mutations\[0\].applyConfiguration.expression: Invalid value: "1": must evaluate to Object but got int$/,
    )
  })

  it('lets nobody read by a policy what they may not read', async () => {
    const { cert, key } = await server.certificate('writer', [])
    const as = caller({ url: server.url, ca: server.ca, admin: { cert, key } })
    const rbac = '/apis/rbac.authorization.k8s.io/v1'
    const apiVersion = 'rbac.authorization.k8s.io/v1'
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'writer' }
    const rules = [{ apiGroups: ['admissionregistration.k8s.io'], resources: ['*'], verbs: ['*'] }]
    await call({
      path: `${rbac}/clusterroles`,
      body: { apiVersion, kind: 'ClusterRole', metadata: { name: 'writer' }, rules },
    })
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'writer' }]
    const binding = { apiVersion, kind: 'ClusterRoleBinding', metadata: { name: 'writer' }, roleRef, subjects }
    await call({ path: `${rbac}/clusterrolebindings`, body: binding })
    const body = (paramKind?: object) => ({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'reading' },
      spec: {
        matchConstraints: { resourceRules: RULES },
        validations: [{ expression: 'true' }],
        ...(paramKind ? { paramKind } : {}),
      },
    })
    const path = `${GROUP}/validatingadmissionpolicies?dryRun=All`
    expect((await as.call({ path, body: body() })).code).toBe(201)
    const refused = await as.call({ path, body: body({ apiVersion: 'v1', kind: 'Secret' }) })
    as.close()
    expect([refused.code, refused.body.message]).toEqual([
      403,
      'validatingadmissionpolicies.admissionregistration.k8s.io "reading" is forbidden: user writer must have "get" permission on all objects of the referenced paramKind (kind=Secret, apiVersion=v1)',
    ])
  })

  it('tells in the status what does not fit the types', async () => {
    const deployments = [{ apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], operations: ['*'] }]
    const spec = (expression: string) => ({
      matchConstraints: { resourceRules: deployments },
      variables: [{ name: 'first', expression: 'object.spec.template.spec.containers[0]' }],
      validations: [{ expression }],
    })
    const good = await post(
      'ValidatingAdmissionPolicy',
      'good',
      spec("object.spec.replicas > 1 && variables.first.image != '' && object.metadata.labels.size() > 0"),
    )
    expect(good.body.status).toEqual({ observedGeneration: 1, typeChecking: {} })
    const path = `${GROUP}/validatingadmissionpolicies/good`
    const body = { spec: spec('object.replicas > 1 || variables.first.images == 1') }
    const { body: changed } = await call({ method: 'PATCH', path, type: MERGE, body })
    expect(changed).toMatchObject({
      metadata: { generation: 2 },
      status: {
        observedGeneration: 2,
        typeChecking: { expressionWarnings: [{ fieldRef: 'spec.validations[0].expression' }] },
      },
    })
    const [warning] = (changed.status as { typeChecking: { expressionWarnings: { warning: string }[] } }).typeChecking
      .expressionWarnings
    expect(warning?.warning).toMatch(
      /^apps\/v1, Kind=Deployment: compilation failed: ERROR: <input>:1:7: undefined field 'replicas'/,
    )
    expect(warning?.warning).toContain("undefined field 'images'")
  })

  it('knows the types of custom resources', async () => {
    const spec = { type: 'object', properties: { size: { type: 'integer' } } }
    const version = { name: 'v1', served: true, storage: true }
    const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } }
    await call({
      path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      body: {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'typed.shop.example' },
        spec: {
          group: 'shop.example',
          scope: 'Namespaced',
          names: { plural: 'typed', kind: 'Typed' },
          versions: [{ ...version, schema }],
        },
      },
    })
    await expect.poll(async () => (await call({ path: '/apis/shop.example/v1/typed' })).code).toBe(200)
    const resourceRules = [
      { apiGroups: ['shop.example'], apiVersions: ['v1'], resources: ['typed'], operations: ['*'] },
    ]
    const warnings = async (name: string, expression: string) => {
      const { body } = await post('ValidatingAdmissionPolicy', name, {
        matchConstraints: { resourceRules },
        validations: [{ expression }],
      })
      return JSON.stringify(body.status)
    }
    expect(await warnings('fits', "object.spec.size > 1 && object.metadata.name != ''")).not.toContain('warning')
    expect(await warnings('misfits', 'object.spec.width > 1')).toContain(
      "shop.example/v1, Kind=Typed: compilation failed: ERROR: <input>:1:12: undefined field 'width'",
    )
  })

  it('lets webhooks have conditions', async () => {
    const path = `${GROUP}/validatingwebhookconfigurations`
    await call({
      path,
      body: {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        metadata: { name: 'conditional' },
        webhooks: [
          {
            name: 'conditional.example.com',
            clientConfig: { url: `${hooks.url}/conditional`, caBundle: hooks.caBundle },
            rules: RULES,
            sideEffects: 'None',
            admissionReviewVersions: ['v1'],
            matchConditions: [{ name: 'checked', expression: "object.data.check == 'yes'" }],
          },
        ],
      },
    })
    made.push(`${path}/conditional`)
    hooks.answers.set('/conditional', () => ({ allowed: false, status: { message: 'asked' } }))
    expect((await call({ path: MAPS, body: map('unchecked', { check: 'no' }) })).code).toBe(201)
    expect((await call({ path: MAPS, body: map('checked', { check: 'yes' }) })).code).toBe(400)
    expect((await call({ path: MAPS, body: map('failing', {}) })).body.message).toMatch(
      /^configmaps "failing" is forbidden: expression 'object.data.check == 'yes'' resulted in error: no such key: /,
    )
  })
})
