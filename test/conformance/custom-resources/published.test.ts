// What OpenAPI documents say of custom resources. Model: pkg/controller/openapi/builder of k8s.io/apiextensions-apiserver.

import { describe, expect, it } from 'vitest'
import { useServer } from '../access-support.ts'
import { boats, CRDS, type Json } from './support.ts'

const call = useServer()
const GROUP = 'told.example'
const text = { type: 'string' }
const SPEC = {
  type: 'object',
  properties: {
    a: { ...text, default: 'x' },
    port: { 'x-kubernetes-int-or-string': true },
    open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { k: text } },
    inner: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } },
    maybe: { ...text, nullable: true },
  },
}
let v3: Json
let v2: Json
it('is published', async () => {
  const definition = boats(GROUP, (d) => {
    const [v1] = d.spec.versions
    v1.schema.openAPIV3Schema.properties.spec = SPEC
    v1.selectableFields = [{ jsonPath: '.spec.a' }]
    v1.subresources = { scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' } }
    const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    d.spec.versions.push({ name: 'v2', served: true, storage: false, schema: { openAPIV3Schema } })
  })
  expect((await call(CRDS, { body: definition })).code).toBe(201)
  const at = `/openapi/v3/apis/${GROUP}/v1`
  await expect.poll(async () => (await call(at)).code).toBe(200)
  v3 = (await call(at)).body
  await expect.poll(async () => (await call('/openapi/v2')).body.definitions['example.told.v1.Boat']).toBeDefined()
  v2 = (await call('/openapi/v2')).body
})

describe('version 3', () => {
  it('tells of itself', () => {
    expect(v3.info).toEqual({ title: 'Kubernetes CRD Swagger', version: 'v0.1.0' })
    expect(v3.components.securitySchemes).toBeUndefined()
  })
  it('has schemas with what extensions mean', () => {
    const { properties } = v3.components.schemas['example.told.v1.Boat'].properties.spec
    expect(properties.a.default).toBe('x')
    expect(properties.port.anyOf).toEqual([{ type: 'integer' }, { type: 'string' }])
    expect(Object.keys(properties.inner.properties).sort()).toEqual(['apiVersion', 'kind', 'metadata', 'spec'])
    expect(properties.inner.required).toEqual(['kind', 'apiVersion'])
  })
  it.each(['Boat', 'BoatList'])('%s: which fields can be selected by', (kind) => {
    const schema = v3.components.schemas[`example.told.v1.${kind}`]
    expect(schema['x-kubernetes-selectable-fields']).toEqual([{ fieldPath: 'spec.a' }])
  })
  it('has operations of custom resources', () => {
    const root = `/apis/${GROUP}/v1/namespaces/{namespace}/boats`
    const named = v3.paths[`${root}/{name}`]
    const namesOf = ({ parameters = [] }: Json) => parameters.map(({ name }: Json) => name)
    expect(namesOf(named.get)).toEqual(['resourceVersion'])
    expect(Object.keys(named.patch.responses)).toEqual(['200', '401'])
    expect(Object.keys(named.put.requestBody.content)).toEqual(['application/json', 'application/yaml'])
    expect(namesOf(v3.paths[root].delete)).toContain('watch')
    expect(v3.paths[root].delete.requestBody).toBeUndefined()
    const { get } = v3.paths[`${root}/{name}/scale`]
    expect(get['x-kubernetes-group-version-kind']).toEqual({ group: GROUP, kind: 'Boat', version: 'v1' })
  })
})

describe('version 2', () => {
  it('has neither defaults nor types of what may be anything', () => {
    const { properties } = v2.definitions['example.told.v1.Boat'].properties.spec
    expect(properties.a).toEqual(text)
    expect(properties.open).toEqual({ 'x-kubernetes-preserve-unknown-fields': true })
    expect(properties.inner.required).toEqual(['kind', 'apiVersion'])
    expect(properties.maybe.type).toBeUndefined()
  })
  it('says nothing of objects without a schema', () => {
    const { 'x-kubernetes-group-version-kind': _, ...schema } = v2.definitions['example.told.v2.Boat']
    expect(schema).toEqual({ type: 'object' })
  })
})
