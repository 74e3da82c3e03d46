// How bodies become objects: bytes, nulls in lists, names of formats, and who owns what.
// Rules: encoding/base64 and encoding/json of Go, mime.ParseMediaType, k8s.io/apimachinery/pkg/util/managedfields and
// ValidateManagedFields. A case names the rule that it pins.

import { describe, expect, it } from 'vitest'
import { useServer } from './access-support.ts'
import { type Json, problemsOf } from './custom-resources/support.ts'

const ask = useServer()
const MAPS = '/api/v1/namespaces/default/configmaps'
const DRY = `${MAPS}?dryRun=All`
const map = (more: object) => ({ metadata: { name: 'a' }, ...more })

describe('bytes (Encoding.decodeQuantum)', () => {
  const refused: Readonly<Record<string, number>> = {
    ...{ '!!': 0, A: 0, YQ: 0, 'YQ=': 3, 'YQ===': 4, 'YQ==x': 4, '=': 0, '====': 0 },
    ...{ 'AAA=A': 4, 'AA-A': 2, 'YWJj=': 4, 'Y Q==': 1, é: 0 },
  }
  it.each(Object.entries(refused))('%s are none from %i', async (text, at) => {
    const { code, body } = await ask(DRY, { body: map({ binaryData: { b: text } }) })
    const why = `ConfigMap in version "v1" cannot be handled as a ConfigMap: illegal base64 data at input byte ${at}`
    expect([code, body.message]).toEqual([400, why])
  })

  it.each([
    ['YQ==\n', 'YQ=='],
    ['YR==', 'YQ=='],
    ['Y\nQ\r==', 'YQ=='],
    ['', ''],
  ])('%j are %s', async (text, is) => {
    const { body } = await ask(DRY, { body: map({ binaryData: { b: text } }) })
    expect(body.binaryData).toEqual({ b: is })
  })
})

describe('null in lists and maps is what nobody has set (encoding/json)', () => {
  const labels = { app: 'web' }
  const deployment = (container: object) => ({
    metadata: { name: 'a' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'a:1', ...container }] } },
    },
  })
  const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments?dryRun=All'

  it('a text', async () => {
    const { body } = await ask(DEPLOYMENTS, { body: deployment({ args: [null, 'x'] }) })
    expect(body.spec.template.spec.containers[0].args).toEqual(['', 'x'])
  })

  it('a struct', async () => {
    const answer = await ask(DEPLOYMENTS, { body: deployment({ env: [null] }) })
    expect(problemsOf(answer)).toEqual(['spec.template.spec.containers[0].env[0].name: Required value'])
  })

  it('a quantity', async () => {
    const { body } = await ask(DEPLOYMENTS, { body: deployment({ resources: { limits: { cpu: null } } }) })
    expect(body.spec.template.spec.containers[0].resources.limits).toEqual({ cpu: '0' })
  })

  it('a finalizer', async () => {
    const answer = await ask(DRY, { body: { metadata: { name: 'a', finalizers: [null] } } })
    expect(problemsOf(answer)[0]).toBe('metadata.finalizers: Invalid value: "": name part must be non-empty')
  })
})

describe('what JSON says twice is brought together (encoding/json)', () => {
  const pod = (more: string) => `{"metadata":{"name":"twice"},"spec":{"containers":[{"name":"c","image":"i"}]${more}`
  const PODS = '/api/v1/namespaces/default/pods?dryRun=All'
  const said = (path: string, body: string) => ask(path, { body, headers: { 'content-type': 'application/json' } })

  it.each(['', '&fieldValidation=Ignore'])('maps%s', async (option) => {
    const { body } = await said(`${DRY}${option}`, '{"metadata":{"name":"a"},"data":{"a":"1"},"data":{"b":"2"}}')
    expect(body.data).toEqual({ a: '1', b: '2' })
  })

  it('structs', async () => {
    const { body } = await said(DRY, '{"metadata":{"name":"a"},"metadata":{"labels":{"a":"b"}}}')
    expect(body.metadata).toMatchObject({ name: 'a', labels: { a: 'b' } })
    const { body: made } = await said(PODS, pod('},"spec":{"hostNetwork":true}}'))
    expect(made.spec).toMatchObject({ hostNetwork: true, containers: [{ name: 'c', image: 'i' }] })
  })

  it('items of lists', async () => {
    const { body } = await said(PODS, pod(',"containers":[{"name":"d"}]}}'))
    expect(body.spec.containers).toMatchObject([{ name: 'd', image: 'i' }])
  })
})

describe('Content-Type (mime.ParseMediaType)', () => {
  it.each([
    ['application/json', 201],
    ['application/json; charset=utf-8', 201],
    ['application/json;', 201],
    ['APPLICATION/JSON;a="b c"', 201],
    ['application/json;x', 415],
    ['application/json;a=b;a=c', 415],
    ['application/json;=b', 415],
    ['a/b/c', 415],
  ])('%s: %i', async (type, code) => {
    const answer = await ask(DRY, { body: map({}), headers: { 'content-type': type } })
    expect(answer.code, answer.text).toBe(code)
  })
})

describe('managedFields that are sent', () => {
  const entry = {
    ...{ manager: 'm', operation: 'Update', apiVersion: 'v1', time: '2020-01-01T00:00:00Z' },
    ...{ fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:a': {} } } },
  }
  const owners = ({ metadata }: Json) => (metadata.managedFields ?? []).map((e: Json) => e.manager)

  it.each([
    ['own what is written, which the writer takes', entry, ['unknown']],
    ['own nothing, which nobody keeps (stripFields)', { ...entry, fieldsV1: {} }, ['unknown']],
    ['say of no field', { ...entry, fieldsV1: null }, ['unknown']],
    ['say what nobody understands (ErrUnknownPathElementType)', { ...entry, fieldsV1: { 'x:a': {} } }, ['unknown']],
  ])('%s', async (_what, sent, is) => {
    const { body } = await ask(DRY, { body: { metadata: { name: 'a', managedFields: [sent] }, data: { a: '1' } } })
    expect(owners(body)).toEqual(is)
  })

  it.each([
    ['m'.repeat(129), '', 'metadata.managedFields[0].manager: Too long: may not be more than 128 bytes'],
    ['a\nb', '', 'metadata.managedFields[0].manager: Invalid value: "a\\nb": invalid character U+000A (at position 1)'],
    ['m', 'x'.repeat(257), 'metadata.managedFields[0].subresource: Too long: may not be more than 256 bytes'],
  ])('are judged by updates (ValidateManagedFields)', async (manager, subresource, problem) => {
    await ask(MAPS, { body: map({ data: { a: '1' } }) })
    const managedFields = [{ ...entry, manager, subresource }]
    const body = { metadata: { name: 'a', managedFields }, data: { a: '1' } }
    expect(problemsOf(await ask(`${MAPS}/a`, { method: 'PUT', body }))[0]).toBe(problem)
  })

  it('leave out a manager that has no name', async () => {
    await ask(MAPS, { body: { metadata: { name: 'b' }, data: { a: '1' } } })
    const { manager: _, ...nameless } = entry
    const body = { metadata: { name: 'b', managedFields: [nameless] }, data: { a: '1' } }
    const answer = await ask(`${MAPS}/b`, { method: 'PUT', body })
    expect(answer.body.metadata.managedFields[0]).not.toHaveProperty('manager')
  })
})
