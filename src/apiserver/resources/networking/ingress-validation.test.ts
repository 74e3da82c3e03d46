import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { IngressClassSpec, IngressSpec } from '../../../api/generated/networking-v1.ts'
import { ingressclasses, ingresses } from '../../../api/generated/resources.ts'
import { StatusError } from '../../../machinery/errors.ts'
import { startTestApi, type TestApi } from '../../testing.ts'

const service = { name: 'web', port: { number: 80 } }
const path = (more: object) => ({
  rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service }, ...more }] } }],
})
const backend = (value: object) => ({ defaultBackend: value })
const AT = 'spec.rules[0].http.paths[0]'

describe('ingresses', () => {
  let api: TestApi
  beforeAll(async () => {
    api = await startTestApi()
  })
  afterAll(() => api.close())

  async function problems(act: Promise<unknown>): Promise<string[]> {
    const error = await act.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (error === undefined) return []
    if (!(error instanceof StatusError)) throw error
    return (error.status.details?.causes ?? []).map((c) => `${c.field}: ${c.message}`)
  }
  const create = (spec: object, annotations = {}) =>
    problems(
      api.client.create(
        ingresses,
        { metadata: { generateName: 'i-', namespace: 'default', annotations }, spec: spec as IngressSpec },
        { dryRun: true },
      ),
    )

  it.each<[object, string[]]>([
    [{}, ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified']],
    [path({ path: 'x' }), [`${AT}.path: Invalid value: "x": must be an absolute path`]],
    [path({ path: '' }), [`${AT}.path: Invalid value: "": must be an absolute path`]],
    [path({ path: '', pathType: 'ImplementationSpecific' }), []],
    [path({ path: '/a//b', pathType: 'ImplementationSpecific' }), []],
    [
      path({ path: '/a//b/..', pathType: 'Exact' }),
      [
        `${AT}.path: Invalid value: "/a//b/..": must not contain '//'`,
        `${AT}.path: Invalid value: "/a//b/..": cannot end with '/..'`,
      ],
    ],
    [
      path({ pathType: 'Regex' }),
      [`${AT}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`],
    ],
    [{ rules: [{ http: { paths: [] } }] }, ['spec.rules[0].http.paths: Required value']],
    [{ rules: [{ host: '*.a.com' }], tls: [{ hosts: ['*.a.com'], secretName: 'a' }] }, []],
    [
      { rules: [{ host: '10.0.0.1' }] },
      ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
    ],
    [
      { rules: [{ host: 'a.*.com' }] },
      [
        expect.stringContaining(
          'spec.rules[0].host: Invalid value: "a.*.com": a wildcard DNS-1123 subdomain must start with \'*.\'',
        ),
      ],
    ],
    [
      { rules: [{ host: 'A.com' }] },
      [expect.stringContaining('spec.rules[0].host: Invalid value: "A.com": a lowercase RFC 1123 subdomain must')],
    ],
    [
      { rules: [{}], tls: [{ secretName: 'A_b' }] },
      [expect.stringContaining('spec.tls[0].secretName: Invalid value: "A_b"')],
    ],
    [backend({}), ['spec.defaultBackend: Invalid value: "": resource or service backend is required']],
    [backend({ service: { name: 'web' } }), ['spec.defaultBackend: Required value: port name or number is required']],
    [
      backend({ service: { name: 'web', port: { name: 'a', number: 1 } } }),
      ['spec.defaultBackend: Invalid value: "": cannot set both port name & port number'],
    ],
    [
      backend({ service: { name: 'Web', port: { number: 1 } } }),
      [
        expect.stringContaining(
          'spec.defaultBackend.service.name: Invalid value: "Web": a lowercase RFC 1123 label must',
        ),
      ],
    ],
    [
      backend({ service, resource: { kind: 'A', name: 'b' } }),
      ['spec.defaultBackend: Invalid value: "": cannot set both resource and service backends'],
    ],
    [
      backend({ resource: { kind: 'A', name: 'b/c' } }),
      [`spec.defaultBackend.resource.name: Invalid value: "b/c": may not contain '/'`],
    ],
  ])('%j', async (spec, expected) => {
    expect(await create(spec)).toEqual(expected)
  })

  it('name the same class twice or not at all', async () => {
    const spec = { ...backend({ service }), ingressClassName: 'a' }
    expect(await create(spec, { 'kubernetes.io/ingress.class': 'a' })).toEqual([])
    expect(await create(spec, { 'kubernetes.io/ingress.class': 'b' })).toEqual([
      'annotations.kubernetes.io/ingress.class: Invalid value: "b": must match `ingressClassName` when both are specified',
    ])
  })

  it.each<[IngressClassSpec, string[]]>([
    [{ controller: 'a.com/b' }, []],
    [
      { controller: 'plain' },
      ['spec.controller: Invalid value: "plain": must be a domain-prefixed path (such as "acme.io/foo")'],
    ],
    [{ controller: 'a.com/b', parameters: { kind: 'K', name: 'n' } }, []],
    [
      { controller: 'a.com/b', parameters: { kind: 'K', name: 'n', namespace: 'x' } },
      ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
    ],
    [
      { controller: 'a.com/b', parameters: { kind: 'K', name: 'n', scope: 'Namespace' } },
      ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    ],
  ])('have classes: %j', async (spec, expected) => {
    const made = api.client.create(ingressclasses, { metadata: { generateName: 'c-' }, spec }, { dryRun: true })
    expect(await problems(made)).toEqual(expected)
  })

  it('without a class are given the newest default one', async () => {
    const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' }
    await api.client.create(ingressclasses, { metadata: { name: 'other' }, spec: { controller: 'a.com/b' } })
    const make = () =>
      api.client.create(ingresses, {
        metadata: { generateName: 'i-', namespace: 'default' },
        spec: backend({ service }),
      })
    expect((await make()).spec.ingressClassName).toBeUndefined()
    await api.client.create(ingressclasses, {
      metadata: { name: 'chosen', annotations },
      spec: { controller: 'a.com/b' },
    })
    expect((await make()).spec.ingressClassName).toBe('chosen')
  })
})
