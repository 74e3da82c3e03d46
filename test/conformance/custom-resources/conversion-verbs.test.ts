// Every verb on objects that a webhook converts, and what is left of them when it does not answer.
// Model: pkg/apiserver, customresource_handler, and conversion, webhook_converter, of k8s.io/apiextensions-apiserver.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../../src/main/testing.ts'
import { type Call, callerOf } from '../access-support.ts'
import { type Converter, startConverter, twoVersions } from './conversion-support.ts'
import { WAYS } from './conversion-ways.ts'
import { CRDS, type Edit, type Json } from './support.ts'

let server: TestServer
let call: Call
let hook: Converter
beforeAll(async () => {
  server = await startTestServer()
  call = await callerOf(server, { name: 'admin', groups: ['system:masters'] })
  hook = await startConverter(server, WAYS)
})
afterAll(async () => {
  await server.close()
  await hook.close()
})

const type = (media: string) => ({ 'content-type': media })
const MERGE = type('application/merge-patch+json')
const JSON_PATCH = type('application/json-patch+json')
const APPLY = type('application/apply-patch+yaml')
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }
const PARTIAL = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' }
const PARTIALS = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' }
const METADATA = { labels: { l: 'm' }, annotations: { n: 'o' } }

/** `v2/one` of a group. */
const at = (group: string, place: string) => {
  const [version = '', rest = ''] = [place.slice(0, 2), place.slice(2)]
  return `/apis/${group}/${version}/namespaces/default/boats${rest}`
}
const boat = (apiVersion: string, name: string, spec: Json, more: Json = {}) => ({
  apiVersion,
  kind: 'Boat',
  metadata: { name, ...more.metadata },
  spec,
  ...('status' in more ? { status: more.status } : {}),
})

/** Boats that are converted at `url`. */
async function defined(group: string, url: string, webhook: object = {}, edit?: Edit): Promise<void> {
  const clientConfig = { url, caBundle: hook.caBundle }
  const { code, body } = await call(CRDS, { body: twoVersions(group, { clientConfig, ...webhook }, edit) })
  expect(body.message).toBeUndefined()
  expect(code).toBe(201)
  for (const version of ['v1', 'v2']) await expect.poll(async () => (await call(at(group, version))).code).toBe(200)
}

type Step = readonly [what: string, place: string, options: Json, code: number]

const GOOD = 'good.example'
const V1 = `${GOOD}/v1`
const V2 = `${GOOD}/v2`
const patch = (headers: Record<string, string>, body: Json) => ({ method: 'PATCH', headers, body })
const scale = (replicas: number) => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name: 'two', namespace: 'default' },
  spec: { replicas },
})

const steps: readonly Step[] = [
  [
    'create in the stored version',
    'v1',
    { body: boat(V1, 'one', { a: 'x', tags: ['p'] }, { metadata: METADATA }) },
    201,
  ],
  ['create in the other', 'v2', { body: boat(V2, 'two', { b: 'y' }, { status: { phase: 'a' } }) }, 201],
  ['create: dry run', 'v2?dryRun=All', { body: boat(V2, 'three', { b: 'y' }) }, 201],
  ['create: what is wrong', 'v2', { body: boat(V2, 'three', { b: 1 }) }, 422],
  ['create: a field of the other', 'v2?fieldValidation=Strict', { body: boat(V2, 'three', { a: 'x' }) }, 400],
  ['create: a field of the other, warned of', 'v2', { body: boat(V2, 'three', { a: 'x' }) }, 201],
  ['create: again', 'v2', { body: boat(V2, 'one', { b: 'x' }) }, 409],
  ['create: of the other version', 'v2', { body: boat(V1, 'four', { a: 'x' }) }, 400],
  [
    'create: with a name to be made',
    'v2?dryRun=All',
    { body: { apiVersion: V2, kind: 'Boat', metadata: { generateName: 'g-' } } },
    201,
  ],
  ['get in the stored version', 'v1/two', {}, 200],
  ['get in the other', 'v2/one', {}, 200],
  ['get from the cache', 'v2/one?resourceVersion=0', {}, 200],
  ['get none', 'v2/none', {}, 404],
  ['get: as a table', 'v2/one', { headers: TABLE }, 200],
  ['get: only metadata', 'v2/one', { headers: PARTIAL }, 200],
  ['get: yaml', 'v2/one', { headers: { accept: 'application/yaml' } }, 200],
  ['get: status', 'v2/two/status', {}, 200],
  ['get: scale', 'v2/one/scale', {}, 200],
  ['list', 'v2', {}, 200],
  ['list: the stored version', 'v1', {}, 200],
  ['list: from the cache', 'v2?resourceVersion=0', {}, 200],
  ['list: limited', 'v2?limit=1', {}, 200],
  ['list: as a table', 'v2', { headers: TABLE }, 200],
  ['list: the stored version as a table', 'v1', { headers: TABLE }, 200],
  ['list: only metadata', 'v2', { headers: PARTIALS }, 200],
  ['list: by label', 'v2?labelSelector=l%3Dm', {}, 200],
  ['list: by field', 'v2?fieldSelector=spec.b%3Dx', {}, 200],
  ['list: by field, stored', 'v1?fieldSelector=spec.a%3Dx', {}, 200],
  ['list: by a field of the other', 'v2?fieldSelector=spec.a%3Dx', {}, 400],
  ['watch', 'v2?watch=true&timeoutSeconds=1&resourceVersion=0', {}, 200],
  ['watch: by field', 'v2?watch=true&timeoutSeconds=1&resourceVersion=0&fieldSelector=spec.b%3Dx', {}, 200],
  ['watch: as a table', 'v2?watch=true&timeoutSeconds=1&resourceVersion=0', { headers: TABLE }, 200],
  ['watch: only metadata', 'v2?watch=true&timeoutSeconds=1&resourceVersion=0', { headers: PARTIAL }, 200],
  ['put: no version', 'v2/one', { method: 'PUT', body: boat(V2, 'one', { b: 'w' }) }, 422],
  ['put: of the other version', 'v2/one', { method: 'PUT', body: boat(V1, 'one', { a: 'w' }) }, 400],
  ['put: another name', 'v2/one', { method: 'PUT', body: boat(V2, 'two', { b: 'w' }) }, 400],
  ['merge', 'v2/one', patch(MERGE, { spec: { b: 'm' } }), 200],
  ['merge: nothing new', 'v2/one', patch(MERGE, { spec: { b: 'm' } }), 200],
  ['merge: a field of the other', 'v2/one', patch(MERGE, { spec: { a: 'n' } }), 200],
  ['merge: a field of the other, strictly', 'v2/one?fieldValidation=Strict', patch(MERGE, { spec: { a: 'n' } }), 422],
  ['merge: what is wrong', 'v2/one', patch(MERGE, { spec: { b: 1 } }), 422],
  ['merge: metadata', 'v2/one', patch(MERGE, { metadata: { labels: { l: null, k: 'v' } } }), 200],
  ['merge: dry run', 'v2/one?dryRun=All', patch(MERGE, { spec: { b: 'q' } }), 200],
  ['merge: to the other version', 'v2/one', patch(MERGE, { apiVersion: V1 }), 422],
  ['merge: in the stored version', 'v1/two', patch(MERGE, { spec: { a: 'z', n: 4 } }), 200],
  ['json', 'v2/one', patch(JSON_PATCH, [{ op: 'replace', path: '/spec/b', value: 'j' }]), 200],
  ['json: a field of the other', 'v2/one', patch(JSON_PATCH, [{ op: 'test', path: '/spec/a', value: 'j' }]), 422],
  ['apply: new', 'v2/applied?fieldManager=one', patch(APPLY, boat(V2, 'applied', { b: 'x', tags: ['p'] })), 201],
  ['apply: again', 'v2/applied?fieldManager=one', patch(APPLY, boat(V2, 'applied', { b: 'x', tags: ['p'] })), 200],
  [
    'apply: in the other version',
    'v1/applied?fieldManager=one',
    patch(APPLY, boat(V1, 'applied', { a: 'x', tags: ['q'] })),
    200,
  ],
  ['apply: conflict', 'v1/applied?fieldManager=two', patch(APPLY, boat(V1, 'applied', { a: 'y' })), 409],
  [
    'apply: forced',
    'v2/applied?fieldManager=two&force=true',
    patch(APPLY, boat(V2, 'applied', { b: 'y', tags: ['r'] })),
    200,
  ],
  ['apply: less', 'v2/applied?fieldManager=one', patch(APPLY, boat(V2, 'applied', {})), 200],
  [
    'apply: less, in the version that was not applied',
    'v1/applied?fieldManager=two',
    patch(APPLY, boat(V1, 'applied', { a: 'y' })),
    200,
  ],
  ['apply: after all that', 'v2/applied', {}, 200],
  ['apply: of the other version', 'v2/applied?fieldManager=one', patch(APPLY, boat(V1, 'applied', {})), 400],
  [
    'apply: status',
    'v2/applied/status?fieldManager=three',
    patch(APPLY, boat(V2, 'applied', {}, { status: { phase: 'b' } })),
    200,
  ],
  ['status: merge', 'v2/two/status', patch(MERGE, { spec: { b: 'no' }, status: { phase: 'c', replicas: 2 } }), 200],
  ['status: put', 'v2/two/status', { method: 'PUT', body: boat(V2, 'two', {}, { status: { phase: 'd' } }) }, 422],
  ['status: in the stored version', 'v1/two/status', {}, 200],
  ['scale: put', 'v2/two/scale', { method: 'PUT', body: scale(7) }, 200],
  ['scale: merge', 'v2/two/scale', patch(MERGE, { spec: { replicas: 8 } }), 200],
  [
    'scale: apply',
    'v2/two/scale?fieldManager=hpa&force=true',
    patch(APPLY, { ...scale(9), metadata: { name: 'two' } }),
    200,
  ],
  ['scale: in the stored version', 'v1/two/scale', {}, 200],
  ['get: after all that', 'v2/two', {}, 200],
  ['delete: dry run', 'v2/two?dryRun=All', { method: 'DELETE' }, 200],
  ['delete: another uid', 'v2/two', { method: 'DELETE', body: { preconditions: { uid: 'x' } } }, 409],
  ['delete: in the other version', 'v2/two', { method: 'DELETE' }, 200],
  ['delete: waiting for a finalizer', 'v1/one', patch(MERGE, { metadata: { finalizers: ['a/b'] } }), 200],
  ['delete: begins', 'v2/one', { method: 'DELETE' }, 200],
  ['delete: ends', 'v2/one', patch(MERGE, { metadata: { finalizers: null } }), 200],
  ['deletecollection: by field', 'v2?fieldSelector=spec.b%3Dnone', { method: 'DELETE' }, 200],
  ['deletecollection: as a table', 'v2?labelSelector=none', { method: 'DELETE', headers: TABLE }, 200],
  ['deletecollection', 'v2', { method: 'DELETE' }, 200],
  ['list: nothing is left', 'v1', {}, 200],
]

describe('a webhook that converts', () => {
  it('is defined', () => defined(GOOD, `${hook.url}/good`))
  it.each(steps)('%s', async (_what, place, options, code) => {
    expect((await call(at(GOOD, place), options)).code).toBe(code)
  })
})

describe('another version is stored', () => {
  const group = 'moved.example'
  const change = (edit: Edit) => async () => {
    const path = `${CRDS}/boats.${group}`
    const { body } = await call(path)
    edit(body)
    return call(path, { method: 'PUT', body })
  }
  it('is defined', () => defined(group, `${hook.url}/good`))
  it('has objects of the old', async () => {
    const { code } = await call(at(group, 'v1'), { body: boat(`${group}/v1`, 'old', { a: 'x' }) })
    expect(code).toBe(201)
  })
  it('changes', async () => {
    const { code, body } = await change((definition) => {
      for (const version of definition.spec.versions) version.storage = version.name === 'v2'
    })()
    expect(code).toBe(200)
    await expect
      .poll(async () => (await call(`${CRDS}/boats.${group}`)).body.status.storedVersions)
      .toEqual(['v1', 'v2'])
    expect(body.spec.versions[1].storage).toBe(true)
  })
  const after: readonly Step[] = [
    ['get the old in the new', 'v2/old', {}, 200],
    ['get the old in the old', 'v1/old', {}, 200],
    ['a change of nothing stores it anew', 'v1/old', patch(MERGE, { spec: { a: 'x' } }), 200],
    ['create in the old', 'v1', { body: boat(`${group}/v1`, 'new', { a: 'y' }) }, 201],
    ['list the old', 'v1', {}, 200],
    ['list the new', 'v2', {}, 200],
    ['watch the old', 'v1?watch=true&timeoutSeconds=1&resourceVersion=0', {}, 200],
  ]
  it.each(after)('%s', async (_what, place, options, code) => {
    expect((await call(at(group, place), options)).code).toBe(code)
  })
  it('a stored version cannot go while it is told of', async () => {
    const { code } = await change((definition) => definition.spec.versions.shift())()
    expect(code).toBe(422)
  })
  it('a version that is not stored any more is left out', async () => {
    const path = `${CRDS}/boats.${group}/status`
    expect((await call(path, patch(MERGE, { status: { storedVersions: ['v2'] } }))).code).toBe(200)
    expect((await change((definition) => definition.spec.versions.shift())()).code).toBe(200)
  })
  it('and is not found', async () => {
    await expect.poll(async () => (await call(at(group, 'v1'))).code).toBe(404)
    expect((await call(at(group, 'v2/old'))).code).toBe(200)
  })
})

describe('webhooks that fail', () => {
  const cases: readonly [group: string, url: () => string, webhook: () => object][] = [
    ['broken', () => `${hook.url}/failure`, () => ({})],
    ['strange', () => `${hook.url}/other-name`, () => ({})],
    ['refused', () => 'https://127.0.0.1:1/x', () => ({})],
    ['nowhere', () => 'https://nowhere.invalid/x', () => ({})],
    ['untrusted', () => `${hook.url}/good`, () => ({ clientConfig: { url: `${hook.url}/good` } })],
    ['unnamed', () => `${hook.url.replace('127.0.0.1', 'localhost')}/good`, () => ({})],
    ['beta', () => `${hook.url}/good`, () => ({ conversionReviewVersions: ['v1beta1', 'v1'] })],
    ['newer', () => `${hook.url}/good`, () => ({ conversionReviewVersions: ['v2', 'v1'] })],
    ['beta-uid', () => `${hook.url}/other-uid`, () => ({ conversionReviewVersions: ['v1beta1'] })],
    ['beta-kind', () => `${hook.url}/no-kind`, () => ({ conversionReviewVersions: ['v1beta1'] })],
    ['service', () => '', () => ({ clientConfig: { service: { namespace: 'default', name: 'none' } } })],
    [
      'service-path',
      () => '',
      () => ({ clientConfig: { service: { namespace: 'default', name: 'none', path: '/a/b', port: 8443 } } }),
    ],
  ]
  for (const [name, url, webhook] of cases) {
    const group = `${name}.example`
    const [v1, v2] = [`${group}/v1`, `${group}/v2`]
    const asked: readonly Step[] = [
      ['create', 'v2', { body: boat(v2, 'new', { b: 'x' }) }, 500],
      ['create, stored', 'v1', { body: boat(v1, 'old', { a: 'x' }) }, 201],
      ['get', 'v2/old', {}, 500],
      ['get, stored', 'v1/old', {}, 200],
      ['get metadata', 'v2/old', { headers: PARTIAL }, 500],
      ['merge', 'v2/old', patch(MERGE, { spec: { b: 'y' } }), 500],
      ['put', 'v2/old', { method: 'PUT', body: boat(v2, 'old', { b: 'y' }) }, 500],
      ['put none', 'v2/none', { method: 'PUT', body: boat(v2, 'none', { b: 'y' }) }, 404],
      ['apply', 'v2/old?fieldManager=m', patch(APPLY, boat(v2, 'old', { b: 'y' })), 500],
      ['apply, new', 'v2/new?fieldManager=m', patch(APPLY, boat(v2, 'new', { b: 'y' })), 500],
      ['status', 'v2/old/status', {}, 500],
      ['scale', 'v2/old/scale', {}, 500],
      ['delete', 'v2/old', { method: 'DELETE' }, 500],
      ['list', 'v2', {}, 500],
      ['list, stored', 'v1', {}, 200],
      ['delete, stored', 'v1/old', { method: 'DELETE' }, 200],
    ]
    describe(name, () => {
      it('is defined', () => defined(group, url(), webhook()))
      it.each(asked)('%s', async (_what, place, options) => {
        await call(at(group, place), options)
      })
    })
  }
})
