// What one object, a page and a watch are answered with at odd versions, and what bookmarks look like.
// Rules: GetResource and ListResource of k8s.io/apiserver/pkg/endpoints/handlers, Cacher of its storage package,
// SetListOptionsDefaults of k8s.io/apimachinery/pkg/apis/meta/internalversion.

import { beforeAll, describe, expect, it } from 'vitest'
import { useServer } from './access-support.ts'

const call = useServer()
const MAPS = '/api/v1/namespaces/forms/configmaps'
const FUTURE = '999999999'

interface Frame {
  type: string
  // biome-ignore lint/suspicious/noExplicitAny: objects of all kinds
  object: any
}

const made: string[] = []
beforeAll(async () => {
  await call('/api/v1/namespaces', { body: { metadata: { name: 'forms' } } })
  for (const [name, on] of Object.entries({ a: 'yes', b: 'no', c: 'yes', d: 'no' })) {
    const { body } = await call(MAPS, { body: { metadata: { name, labels: { on } } } })
    made.push(body.metadata.resourceVersion)
  }
})

const frames = async (path: string, accept = 'application/json'): Promise<Frame[]> => {
  const { text } = await call(path, { headers: { accept } })
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}
const STATE =
  'watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'

describe('one object', () => {
  it('is waited for at a version that has not happened (Cacher.Get)', async () => {
    for (const name of ['a', 'none']) {
      const { code, body } = await call(`${MAPS}/${name}?resourceVersion=${FUTURE}`)
      expect({ code, reason: body.reason }).toEqual({ code: 504, reason: 'Timeout' })
      expect(body.message).toMatch(/^Timeout: Too large resource version: 999999999, current: \d+$/)
    }
  })

  it('is not exported any more (GetResource)', async () => {
    const { code, body } = await call(`${MAPS}/a?export=true`)
    const message = 'the export parameter, deprecated since v1.14, is no longer supported'
    expect({ code, message: body.message }).toEqual({ code: 400, message })
    expect((await call(`${MAPS}/a?export=false`)).code).toBe(200)
  })
})

describe('time-outs', () => {
  const cases: readonly [timeout: string, code: number, message: string | undefined][] = [
    ['-1s', 200, undefined],
    ['+5s', 200, undefined],
    ['100h', 200, undefined],
    ['x', 400, 'invalid timeout specified in the request URL - time: invalid duration "x"'],
    ['5', 400, 'invalid timeout specified in the request URL - time: missing unit in duration "5"'],
    ['5y', 400, 'invalid timeout specified in the request URL - time: unknown unit "y" in duration "5y"'],
    ['-5y', 400, 'invalid timeout specified in the request URL - time: unknown unit "y" in duration "-5y"'],
    ['1.5', 400, 'invalid timeout specified in the request URL - time: missing unit in duration "1.5"'],
    ['1s5', 400, 'invalid timeout specified in the request URL - time: missing unit in duration "1s5"'],
    ['.s', 400, 'invalid timeout specified in the request URL - time: invalid duration ".s"'],
  ]
  it.each(cases)('%s: %i (parseTimeout)', async (timeout, code, message) => {
    const answer = await call(`${MAPS}?timeout=${encodeURIComponent(timeout)}`)
    expect({ code: answer.code, message: answer.body.message }).toEqual({ code, message })
  })

  it('are told without a kind, as text (baseTimeoutWriter.timeout)', async () => {
    const { code, headers, body } = await call(`${MAPS}?timeout=1ns`)
    expect({ code, type: headers['content-type'] }).toEqual({ code: 504, type: 'text/plain; charset=utf-8' })
    expect(body).toEqual({
      metadata: {},
      status: 'Failure',
      message: 'Timeout: request did not complete within the allotted timeout',
      reason: 'Timeout',
      details: {},
      code: 504,
    })
  })
})

describe('pages', () => {
  it('go on wherever anything follows, whether it is selected or not (Cacher.GetList)', async () => {
    const { body } = await call(`${MAPS}?limit=2&labelSelector=on%3Dyes`)
    expect(body.metadata.continue).toBeTruthy()
    const rest = await call(
      `${MAPS}?limit=2&labelSelector=on%3Dyes&continue=${encodeURIComponent(body.metadata.continue)}`,
    )
    expect(rest.body).toMatchObject({ items: [], metadata: {} })
    expect(rest.body.metadata.continue).toBeUndefined()
  })

  it('of one name have no next one', async () => {
    const { body } = await call(`${MAPS}?limit=1&fieldSelector=metadata.name%3Da`)
    expect(body.items).toHaveLength(1)
    expect(body.metadata.continue).toBeUndefined()
  })

  it('of a token from the future are waited for', async () => {
    const token = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: Number(FUTURE), start: 'a' })).toString(
      'base64url',
    )
    expect((await call(`${MAPS}?continue=${token}`)).code).toBe(504)
  })

  it('of version 00 are those of now: it is zero, and not "0"', async () => {
    for (const query of [
      'limit=1',
      'limit=1&resourceVersionMatch=Exact',
      'limit=1&resourceVersionMatch=NotOlderThan',
    ]) {
      const { code, body } = await call(`${MAPS}?resourceVersion=00&${query}`)
      expect({ code, items: body.items?.length }).toEqual({ code: 200, items: 1 })
    }
  })
})

describe('watches in the old way', () => {
  it('are those with initial events, and so end them with a bookmark (SetListOptionsDefaults)', async () => {
    for (const version of ['', '0']) {
      const told = await frames(`${MAPS}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=${version}`)
      expect(told.slice(0, 5).map(({ type }) => type)).toEqual(['ADDED', 'ADDED', 'ADDED', 'ADDED', 'BOOKMARK'])
      expect(told[4]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
    }
  })

  it('go on with no page (validateWatchOptions)', async () => {
    const refused = await call(`${MAPS}?watch=1&continue=x&timeoutSeconds=1`)
    expect({ code: refused.code, message: refused.body.message }).toEqual({
      code: 422,
      message:
        'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided',
    })
    expect((await call(`${MAPS}?watch=1&continue=x&timeoutSeconds=1&resourceVersion=${made[3]}`)).code).toBe(200)
  })
})

describe('bookmarks', () => {
  const NONE = `${STATE}&fieldSelector=metadata.name%3Dnone`
  const cases: readonly [path: string, more: object][] = [
    ['/api/v1/configmaps', {}],
    ['/api/v1/pods', { spec: { containers: null }, status: {} }],
    ['/apis/storage.k8s.io/v1/storageclasses', { provisioner: '' }],
    ['/apis/apps/v1/statefulsets', { spec: { replicas: 0 }, status: { replicas: 0, availableReplicas: 0 } }],
    ['/apis/apps/v1/deployments', { spec: { replicas: 0 } }],
    ['/apis/apps/v1/replicasets', { spec: { replicas: 0 } }],
  ]
  it.each(cases)('of %s are objects of Go that nobody filled (newFunc)', async (path, more) => {
    const [mark] = await frames(`${path}?${NONE}`)
    expect(mark?.object).toMatchObject(more)
    expect(Object.keys(mark?.object.metadata).sort()).toEqual(['annotations', 'resourceVersion'])
  })

  it('are rows of Tables, and metadata alone, where events are', async () => {
    const [table] = await frames(`${MAPS}?${NONE}`, 'application/json;as=Table;g=meta.k8s.io;v=v1')
    expect(table?.object).toMatchObject({ kind: 'Table', rows: [{ cells: ['', 0, '<unknown>'] }] })
    const [metadata] = await frames(`${MAPS}?${NONE}`, 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1')
    expect(metadata?.object).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' })
  })
})

it('forms that one object does not have end a watch (asPartialObjectMetadataList)', async () => {
  const told = await frames(
    `${MAPS}?watch=1&timeoutSeconds=1&resourceVersion=${made[0]}`,
    'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  )
  expect(told).toEqual([])
})

it('forms that nobody has are refused as those of lists (NegotiateOutputMediaType before its stream)', async () => {
  const { code, body } = await call(`${MAPS}?watch=1`, {
    headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v2' },
  })
  expect({ code, message: body.message }).toEqual({
    code: 406,
    message:
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  })
})

it('a pod without a node is told to be on its way before it is gone (updateForGracefulDeletionAndFinalizers)', async () => {
  const pods = '/api/v1/namespaces/forms/pods'
  await call('/api/v1/namespaces/forms/serviceaccounts', { body: { metadata: { name: 'default' } } })
  const { body } = await call(pods, {
    body: { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  })
  await call(`${pods}/p`, { method: 'DELETE' })
  const told = await frames(`${pods}?watch=1&timeoutSeconds=1&resourceVersion=${body.metadata.resourceVersion}`)
  expect(told.map(({ type }) => type)).toEqual(['MODIFIED', 'DELETED'])
  expect(told[0]?.object.metadata).toMatchObject({ deletionGracePeriodSeconds: 0 })
})

it('every answer says by what its request is known (WithAuditInit)', async () => {
  expect((await call('/healthz', { headers: { 'audit-id': 'mine' } })).headers['audit-id']).toBe('mine')
  expect((await call('/healthz')).headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/)
})
