// What objects keep on their way through versions, odd JSON paths, and requests beside the usual ones.
// Model: crdConversionRESTOptionsGetter and customresource_handler of k8s.io/apiextensions-apiserver.

import { describe, expect, it } from 'vitest'
import { useServer } from '../access-support.ts'
import { boats, CRDS, type Json, specSchema } from './support.ts'

const call = useServer()
const text = { type: 'string' }
const MERGE = { 'content-type': 'application/merge-patch+json' }
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }
const at = (group: string, version: string, rest = '') => `/apis/${group}/${version}/namespaces/default/boats${rest}`
const boat = (group: string, version: string, name: string, more: Json = {}) => ({
  apiVersion: `${group}/${version}`,
  kind: 'Boat',
  metadata: { name, ...more.metadata },
  ...('spec' in more ? { spec: more.spec } : {}),
})
async function defined(definition: Json): Promise<void> {
  expect((await call(CRDS, { body: definition })).code).toBe(201)
  for (const { name } of definition.spec.versions) {
    await expect.poll(async () => (await call(at(definition.spec.group, name))).code).toBe(200)
  }
}

describe('versions that are renamed', () => {
  const group = 'renamed.example'
  const property = (name: string, more: object = {}) => ({
    type: 'object',
    properties: { both: text, [name]: { ...text, default: `${name}'s` }, ...more },
  })
  it('are defined', () =>
    defined(
      boats(group, (d) => {
        specSchema(property('one'))(d)
        const openAPIV3Schema = { type: 'object', properties: { spec: property('two') } }
        d.spec.versions.push({ name: 'v2', served: true, storage: false, schema: { openAPIV3Schema } })
      }),
    ))
  it('keep what the stored version knows, with its defaults', async () => {
    const body = boat(group, 'v2', 'new', { spec: { both: 'x', two: 'y' } })
    const created = await call(at(group, 'v2'), { body })
    expect(created.code).toBe(201)
    expect(created.body.spec).toEqual({ both: 'x' })
    expect((await call(at(group, 'v1', '/new'))).body.spec).toEqual({ both: 'x', one: "one's" })
    expect((await call(at(group, 'v2', '/new'))).body.spec).toEqual({ both: 'x' })
  })
})

describe('columns', () => {
  const group = 'columns.example'
  const columns: readonly [jsonPath: string, shown: unknown][] = [
    ['.spec.a', 'x'],
    ['.spec.l[1,0]', 'q'],
    ['.spec.l[1:2:1]', 'q'],
    ['.spec.l[1:3]', null],
    ['.spec.m', '{"a":"2","b":"1"}'],
    ['.spec.open.none', '<no value>'],
    ['..b', 'deep'],
    ['.spec.l[9]', null],
  ]
  it('follow descents, unions and steps', async () => {
    const m = { type: 'object', additionalProperties: text }
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    const inner = { type: 'object', properties: { b: text } }
    const definition = boats(group, (d) => {
      specSchema({ type: 'object', properties: { a: text, l: { type: 'array', items: text }, inner, m, open } })(d)
      d.spec.versions[0].additionalPrinterColumns = columns.map(([jsonPath]) => ({
        name: jsonPath,
        type: 'string',
        jsonPath,
      }))
    })
    await defined(definition)
    const spec = { a: 'x', l: ['p', 'q'], inner: { b: 'deep' }, m: { b: '1', a: '2' }, open: { none: null } }
    expect((await call(at(group, 'v1'), { body: boat(group, 'v1', 'one', { spec }) })).code).toBe(201)
    const { body } = await call(at(group, 'v1'), { headers: TABLE })
    expect(body.rows[0].cells.slice(1)).toEqual(columns.map(([, shown]) => shown))
  })
})

describe('requests', () => {
  const group = 'odd.example'
  it('have something to be about', () => defined(boats(group)))
  it('a patch of the collection is no patch before it has no name', async () => {
    const odd = await call(at(group, 'v1'), { method: 'PATCH', body: {} })
    expect([odd.code, odd.body.reason]).toEqual([415, 'UnsupportedMediaType'])
    const { code, body } = await call(at(group, 'v1'), { method: 'PATCH', headers: MERGE, body: {} })
    expect([code, body.message]).toEqual([400, 'name must be provided'])
  })
  it.each(['%3D', '!%3D', '%3D%3D'])('the field selector %s selects everything', async (selector) => {
    expect((await call(at(group, 'v1', `?fieldSelector=${selector}`))).code).toBe(200)
  })
  it('the second deletion of a definition is like any other', async () => {
    const body = boat(group, 'v1', 'held', { metadata: { finalizers: ['a/b'] } })
    expect((await call(at(group, 'v1'), { body })).code).toBe(201)
    const path = `${CRDS}/boats.${group}`
    const first = await call(path, { method: 'DELETE' })
    expect(first.body.metadata.deletionGracePeriodSeconds).toBeUndefined()
    const second = await call(path, { method: 'DELETE' })
    expect([second.code, second.body.metadata.deletionGracePeriodSeconds]).toEqual([200, 0])
    const free = { method: 'PATCH', headers: MERGE, body: { metadata: { finalizers: null } } }
    expect((await call(at(group, 'v1', '/held'), free)).code).toBe(200)
  })
})

describe('formats that are none of their type', () => {
  const odd = {
    type: 'object',
    properties: { a: { ...text, format: 'int32' }, n: { type: 'integer', format: 'date' } },
  }
  it('are warned of when a definition is taken', async () => {
    const { code, headers } = await call(`${CRDS}?dryRun=All`, { body: boats('formats.example', specSchema(odd)) })
    expect(code).toBe(201)
    for (const format of ['int32', 'date']) expect(headers.warning).toContain(`unrecognized format \\"${format}\\"`)
  })
  it('and not when it is refused', async () => {
    const body = boats('formats.example', (d) => {
      specSchema(odd)(d)
      d.spec.scope = 'Odd'
    })
    const { code, headers } = await call(CRDS, { body })
    expect([code, headers.warning]).toEqual([422, undefined])
  })
})
