import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../main/testing.ts'
import type { Schema } from './schema.ts'
import { caller, until } from './testing.ts'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const GATES = '/apis/example.com/v1/namespaces/default/gates'

function gates(spec: Schema) {
  const openAPIV3Schema = { type: 'object', properties: { spec } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gates.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'gates', kind: 'Gate' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  }
}

const gate = (spec: object) => ({ apiVersion: 'example.com/v1', kind: 'Gate', metadata: { name: 'a' }, spec })
const numbers = (...rules: string[]): Schema => ({
  type: 'object',
  properties: {
    min: { type: 'integer' },
    max: { type: 'integer' },
    mode: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'mode is immutable' }] },
  },
  'x-kubernetes-validations': rules.map((rule) => ({ rule })),
})

describe('rules of custom resources over HTTP', () => {
  let server: TestServer
  let call: ReturnType<typeof caller>['call']
  let close: () => void

  beforeAll(async () => {
    server = await startTestServer()
    ;({ call, close } = caller(server))
  })
  afterAll(async () => {
    close()
    await server.close()
  })

  it('refuses a definition whose rule does not compile', async () => {
    const { code, body } = await call({ path: DEFINITIONS, body: gates(numbers('self.middle > 1')) })
    expect(code).toBe(422)
    expect(body.message).toContain(
      'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: ',
    )
    expect(body.message).toContain("compilation failed: ERROR: <input>:1:5: undefined field 'middle'")
  })

  it('enforces rules on creates, updates and patches', async () => {
    expect((await call({ path: DEFINITIONS, body: gates(numbers('self.min <= self.max')) })).code).toBe(201)
    await until(
      () => call({ path: GATES }),
      ({ code }) => code === 200,
    )
    const bad = await call({ path: GATES, body: gate({ min: 3, max: 2 }) })
    expect(bad.code).toBe(422)
    expect(bad.body.message).toBe(
      'Gate.example.com "a" is invalid: spec: Invalid value: failed rule: self.min <= self.max',
    )
    expect((await call({ path: GATES, body: gate({ min: 1, max: 2, mode: 'in' }) })).code).toBe(201)
    const type = 'application/merge-patch+json'
    const patch = (spec: object) => call({ method: 'PATCH', path: `${GATES}/a`, type, body: { spec } })
    expect((await patch({ max: 5 })).code).toBe(200)
    expect((await patch({ max: 0 })).code).toBe(422)
    const moved = await patch({ mode: 'out' })
    expect(moved.code).toBe(422)
    expect(moved.body.message).toContain('spec.mode: Invalid value: "out": mode is immutable')
  })
})
