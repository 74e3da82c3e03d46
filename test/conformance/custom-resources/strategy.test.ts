// How objects of custom resources are judged: strategy.go, status_strategy.go and validator.go of
// k8s.io/apiextensions-apiserver/pkg/registry/customresource.

import { describe, expect, it } from 'vitest'
import { useServer } from '../access-support.ts'
import { boats, CRDS, type Json, problemsOf } from './support.ts'

const call = useServer()
const UNCHECKED =
  '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation'
let groups = 0

/** Serves a definition with this schema at its root, and gives the path of its objects. */
async function served(properties: Json, more: object = {}, root: object = {}): Promise<string> {
  groups += 1
  const group = `strategy${groups}.example`
  const definition = boats(group, ({ spec }) => {
    Object.assign(spec.versions[0], more)
    spec.versions[0].schema.openAPIV3Schema = { type: 'object', properties, ...root }
  })
  expect((await call(CRDS, { body: definition })).code).toBe(201)
  return `/apis/${group}/v1/namespaces/default/boats`
}
const boat = (path: string, more: object, metadata: object = {}): Json => ({
  apiVersion: path.slice('/apis/'.length, path.indexOf('/namespaces')),
  kind: 'Boat',
  metadata: { name: 'a', ...metadata },
  ...more,
})

describe('rules after what the schema says (hasBlockingErr)', () => {
  const rule = { rule: 'self.n > 1', message: 'too few' }
  const spec = {
    type: 'object',
    required: ['n'],
    properties: { n: { type: 'integer', maximum: 9 }, s: { type: 'string', maxLength: 2, enum: ['a', 'bbb'] } },
    'x-kubernetes-validations': [rule],
  }
  const cases: readonly [spec: object, checked: boolean][] = [
    [{ n: 0 }, true],
    [{ n: 10, s: 'a' }, true],
    [{}, false],
    [{ n: '0' }, false],
    [{ n: 0, s: 'c' }, false],
    [{ n: 0, s: 'bbb' }, false],
  ]
  it.each(cases)('%j: asked %s', async (given, checked) => {
    const path = await served({ spec })
    const problems = problemsOf(await call(path, { body: boat(path, { spec: given }) }))
    expect(problems.includes(UNCHECKED)).toBe(!checked)
    if (!checked) expect(problems.join()).not.toContain('too few')
  })

  it('says nothing where there are no rules', async () => {
    const path = await served({ spec: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } } })
    expect(problemsOf(await call(path, { body: boat(path, { spec: {} }) }))).toEqual(['spec.n: Required value'])
  })
})

describe('finalizers (validateKubeFinalizerName)', () => {
  const PREFER = 'prefer a domain-qualified finalizer name'
  const cases: readonly [name: string, warning: string | undefined][] = [
    ['example.com/clean', undefined],
    ['orphan', undefined],
    ['clean', PREFER],
    ['clean.example.com', `${PREFER} including a path (/)`],
  ]
  it.each(cases)('%s: %s', async (name, warning) => {
    const path = await served({ spec: { type: 'object' } })
    const { code, headers } = await call(path, { body: boat(path, {}, { finalizers: [name] }) })
    expect(code).toBe(201)
    expect(headers.warning).toBe(
      warning &&
        `299 - "metadata.finalizers: \\"${name}\\": ${warning} to avoid accidental conflicts with other finalizer writers"`,
    )
  })
})

describe('status (statusStrategy.ValidateUpdate)', () => {
  it('is all that is judged by the schema', async () => {
    const status = { type: 'object', properties: { n: { type: 'integer' } } }
    const path = await served({ spec: { type: 'object' }, status }, { subresources: { status: {} } })
    const made = await call(path, { body: boat(path, {}) })
    const group = path.split('/')[2] ?? ''
    const crd = await call(`${CRDS}/boats.${group}`)
    const { openAPIV3Schema } = crd.body.spec.versions[0].schema
    Object.assign(openAPIV3Schema, { required: ['spec'] })
    expect((await call(`${CRDS}/boats.${group}`, { method: 'PUT', body: crd.body })).code).toBe(200)
    const put = (value: Json) => call(`${path}/a/status`, { method: 'PUT', body: { ...made.body, status: value } })
    expect((await put({ n: 1 })).code).toBe(200)
    const refused = await call(`${path}/a/status`, {
      method: 'PATCH',
      body: { status: { n: 'x' } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
    expect(problemsOf(refused)).toEqual([
      'status.n: Invalid value: "string": n in body must be of type integer: "string"',
    ])
  })
})

describe('scale (ValidateScaleSpec, ValidateScaleStatus)', () => {
  const scale = { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n', labelSelectorPath: '.status.sel' }
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const cases: readonly [object: object, problem: string][] = [
    [{ spec: { n: -1 } }, '.spec.n: Invalid value: -1: should be a non-negative integer'],
    [{ spec: { n: 2 ** 31 } }, '.spec.n: Invalid value: 2147483648: should be less than or equal to 2147483647'],
    [
      { spec: { n: 'x' } },
      '.spec.n: Invalid value: 0: .spec.n accessor error: x is of the type string, expected int64',
    ],
    [
      { spec: { n: 1.5 } },
      '.spec.n: Invalid value: 0: .spec.n accessor error: 1.5 is of the type float64, expected int64',
    ],
    [{ status: { n: -1 } }, '.status.n: Invalid value: -1: should be a non-negative integer'],
    [
      { status: { sel: 1 } },
      '.status.sel: Invalid value: "": .status.sel accessor error: 1 is of the type int64, expected string',
    ],
  ]
  it.each(cases)('%j: %s', async (given, problem) => {
    const path = await served({ spec: open, status: open }, { subresources: { scale } })
    expect(problemsOf(await call(path, { body: boat(path, given) }))).toEqual([problem])
  })
})

describe('patches (crdHandler.ServeHTTP, supportedTypes)', () => {
  it.each(['application/strategic-merge-patch+json', 'application/json', ''])('%j is none', async (type) => {
    const scale = { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' }
    const spec = { type: 'object', properties: { n: { type: 'integer' } } }
    const path = await served({ spec }, { subresources: { scale } })
    expect((await call(path, { body: boat(path, { spec: { n: 1 } }) })).code).toBe(201)
    for (const place of [`${path}/a`, `${path}/a/scale`]) {
      const { code, body } = await call(place, { method: 'PATCH', body: {}, headers: { 'content-type': type } })
      expect({ code, message: body.message }).toEqual({
        code: 415,
        message:
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
      })
    }
  })
})

describe('lists (UnstructuredList)', () => {
  it('have items that say what they are', async () => {
    const path = await served({ spec: { type: 'object' } })
    const { apiVersion, kind } = boat(path, {})
    expect((await call(path, { body: boat(path, {}) })).code).toBe(201)
    for (const query of ['', '?limit=1', '?pretty=true']) {
      expect((await call(`${path}${query}`)).body.items).toMatchObject([{ apiVersion, kind, metadata: { name: 'a' } }])
    }
    const deleted = await call(path, { method: 'DELETE' })
    expect(deleted.body.items).toMatchObject([{ apiVersion, kind }])
  })
})

describe('apply', () => {
  it.each(['', 'null', '{}'])('%j says nothing of what it is (versionCheckManager)', async (text) => {
    const path = await served({ spec: { type: 'object' } })
    const { code, body } = await call(`${path}/a?fieldManager=m`, {
      method: 'PATCH',
      body: text === '' ? '\n' : text,
      headers: { 'content-type': 'application/apply-patch+yaml' },
    })
    expect({ code, message: body.message }).toEqual({ code: 400, message: 'invalid object type: /, Kind=' })
  })
})
