import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../../main/testing.ts'
import { caller, ovens, until } from '../../custom/testing.ts'
import { patchOf, startHooks, type TestHooks } from './testing.ts'

const REGISTRATION = 'admissionregistration.k8s.io/v1'
const at = (version: string) => `/apis/bakery.example.com/${version}/namespaces/default/ovens`
const oven = (version: string, name: string, spec: object) => ({
  apiVersion: `bakery.example.com/${version}`,
  kind: 'Oven',
  metadata: { name },
  spec,
})

describe('admission of custom resources', () => {
  let server: TestServer
  let hooks: TestHooks
  let call: ReturnType<typeof caller>['call']
  let close: () => void

  const post = async (kind: string, name: string, fields: object) => {
    const plural = kind.endsWith('y') ? `${kind.toLowerCase().slice(0, -1)}ies` : `${kind.toLowerCase()}s`
    const body = { apiVersion: REGISTRATION, kind, metadata: { name }, ...fields }
    const answer = await call({ path: `/apis/${REGISTRATION}/${plural}`, body })
    expect(answer.body.message).toBeUndefined()
  }

  beforeAll(async () => {
    server = await startTestServer()
    ;({ call, close } = caller(server))
    hooks = await startHooks(server)
    const definition = ovens()
    const [first] = definition.spec.versions
    if (!first) throw new Error('no version')
    definition.spec.versions = [first, { ...structuredClone(first), name: 'v2', storage: false }]
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    expect((await call({ path, body: definition })).body.message).toBeUndefined()
    await until(
      () => call({ path: at('v2') }),
      ({ code }) => code === 200,
    )
  })
  afterAll(async () => {
    close()
    await server.close()
    await hooks.close()
  })

  it('shows webhooks the version that they know, and takes their changes', async () => {
    await post('MutatingWebhookConfiguration', 'bake', {
      webhooks: [
        {
          name: 'bake.example.com',
          clientConfig: { url: `${hooks.url}/bake`, caBundle: hooks.caBundle },
          rules: [
            {
              apiGroups: ['bakery.example.com'],
              apiVersions: ['v1'],
              resources: ['ovens', 'ovens/scale'],
              operations: ['*'],
            },
          ],
          sideEffects: 'None',
          admissionReviewVersions: ['v1beta1', 'v1'],
        },
      ],
    })
    hooks.answers.set('/bake', ({ operation, subResource }) => {
      if (operation !== 'CREATE' || subResource) return { allowed: true }
      return patchOf(
        { op: 'add', path: '/spec/note', value: 'from a webhook' },
        { op: 'add', path: '/spec/unknown', value: 1 },
      )
    })
    const made = await call({ path: at('v2'), body: oven('v2', 'a', { fuel: 'gas' }) })
    expect([made.code, made.body.message]).toEqual([201, undefined])
    expect(made.body).toMatchObject({
      apiVersion: 'bakery.example.com/v2',
      spec: { fuel: 'gas', note: 'from a webhook', replicas: 1 },
    })
    expect((made.body.spec as object) && Object.keys(made.body.spec as object)).not.toContain('unknown')
    expect(hooks.asked.get('/bake')).toMatchObject([
      {
        kind: { version: 'v1', kind: 'Oven' },
        requestKind: { version: 'v2', kind: 'Oven' },
        object: { apiVersion: 'bakery.example.com/v1', spec: { fuel: 'gas' } },
      },
    ])
    const type = 'application/merge-patch+json'
    const scaled = await call({ method: 'PATCH', path: `${at('v1')}/a/scale`, type, body: { spec: { replicas: 3 } } })
    expect([scaled.code, scaled.body.message]).toEqual([200, undefined])
    expect(hooks.asked.get('/bake')?.[1]).toMatchObject({
      subResource: 'scale',
      kind: { group: 'autoscaling', kind: 'Scale' },
      object: { kind: 'Scale', spec: { replicas: 3 } },
      oldObject: { kind: 'Scale', spec: { replicas: 1 } },
    })
    expect((await call({ method: 'DELETE', path: `${at('v2')}/a` })).code).toBe(200)
    expect(hooks.asked.get('/bake')?.at(-1)).toMatchObject({
      operation: 'DELETE',
      oldObject: { spec: { replicas: 3 } },
    })
  })

  it('takes custom resources as parameters, and changes them by policy', async () => {
    const rules = [
      { apiGroups: ['bakery.example.com'], apiVersions: ['*'], resources: ['ovens'], operations: ['CREATE'] },
    ]
    const mutation = {
      patchType: 'ApplyConfiguration',
      applyConfiguration: {
        expression: 'Object{spec: Object.spec{racks: [Object.spec.racks{name: "top", size: 2}]}}',
      },
    }
    await post('MutatingAdmissionPolicy', 'racks', {
      spec: { matchConstraints: { resourceRules: rules }, reinvocationPolicy: 'Never', mutations: [mutation] },
    })
    await post('MutatingAdmissionPolicyBinding', 'racks', { spec: { policyName: 'racks' } })
    const racked = await call({ path: at('v1'), body: oven('v1', 'limit', { fuel: 'wood', racks: [{ name: 'low' }] }) })
    expect(racked.body.message).toBeUndefined()
    const { racks } = racked.body.spec as { racks: { name: string; size: number }[] }
    expect(new Map(racks.map(({ name, size }) => [name, size]))).toEqual(
      new Map([
        ['low', 4],
        ['top', 2],
      ]),
    )
    await post('ValidatingAdmissionPolicy', 'fuel', {
      spec: {
        paramKind: { apiVersion: 'bakery.example.com/v2', kind: 'Oven' },
        matchConstraints: { resourceRules: rules },
        validations: [{ expression: 'object.spec.fuel == params.spec.fuel', message: 'another fuel' }],
      },
    })
    await post('ValidatingAdmissionPolicyBinding', 'fuel', {
      spec: {
        policyName: 'fuel',
        validationActions: ['Deny'],
        paramRef: { name: 'limit', parameterNotFoundAction: 'Deny' },
      },
    })
    expect((await call({ path: at('v2'), body: oven('v2', 'wood', { fuel: 'wood' }) })).code).toBe(201)
    expect((await call({ path: at('v2'), body: oven('v2', 'gas', { fuel: 'gas' }) })).body.message).toMatch(
      /another fuel$/,
    )
  })
})
