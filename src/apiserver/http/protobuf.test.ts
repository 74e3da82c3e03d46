import { connect, type IncomingHttpHeaders } from 'node:http2'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { configmaps, pods } from '../../api/generated/resources.ts'
import { decodeProtobuf } from '../../machinery/protobuf/codec.ts'
import { startTestServer, type TestServer } from '../../main/testing.ts'

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  for (const name of ['a', 'b']) {
    await server.client.create(configmaps, { metadata: { name, namespace: 'default' }, data: { name } })
  }
})
afterAll(() => server.close())

interface Answer {
  readonly code: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Asks over HTTP/2; `enough` ends a stream that would go on. */
function ask(path: string, accept: string, enough?: (body: Buffer) => boolean): Promise<Answer> {
  const session = connect(server.url, { ca: server.ca, ...server.admin })
  return new Promise<Answer>((resolve, reject) => {
    const stream = session.request({ ':path': path, accept })
    let headers: IncomingHttpHeaders = {}
    let body = Buffer.alloc(0)
    const done = () => resolve({ code: Number(headers[':status']), headers, body })
    stream.on('response', (h) => {
      headers = h
    })
    stream.on('data', (chunk: Buffer) => {
      body = Buffer.concat([body, chunk])
      if (enough?.(body)) done()
    })
    stream.on('end', done)
    stream.on('error', reject)
  }).finally(() => session.destroy())
}
const json = async (path: string) => JSON.parse((await ask(path, 'application/json')).body.toString())
const PATH = '/api/v1/namespaces/default/configmaps'

it('gives the same object as in JSON', async () => {
  const { code, headers, body } = await ask(`${PATH}/a`, `${PROTOBUF},application/json`)
  expect([code, headers['content-type']]).toEqual([200, PROTOBUF])
  expect(decodeProtobuf(body)).toEqual(await json(`${PATH}/a`))
})

it('gives the same list as in JSON, page by page', async () => {
  const { body } = await ask(`${PATH}?limit=1`, PROTOBUF)
  const decoded = decodeProtobuf(body) as { kind: string; metadata: { continue: string }; items: unknown[] }
  expect(decoded.kind).toBe('ConfigMapList')
  expect(decoded.items).toHaveLength(1)
  const rest = decodeProtobuf((await ask(`${PATH}?limit=1&continue=${decoded.metadata.continue}`, PROTOBUF)).body)
  const all = await json(PATH)
  expect([...decoded.items, ...(rest as { items: unknown[] }).items]).toEqual(all.items.slice(0, 2))
})

it('gives every kind of object that a cluster starts with', async () => {
  for (const path of [
    '/api/v1/namespaces/default/services',
    '/api/v1/namespaces',
    '/apis/rbac.authorization.k8s.io/v1/roles',
    '/apis/scheduling.k8s.io/v1/priorityclasses',
    '/apis/discovery.k8s.io/v1/endpointslices',
  ]) {
    const { headers, body } = await ask(path, PROTOBUF)
    expect(headers['content-type']).toBe(PROTOBUF)
    expect(decodeProtobuf(body), path).toEqual(await json(path))
  }
})

/** The events in a stream of frames. */
function framesOf(body: Buffer): { type: string; object: Record<string, unknown> }[] {
  const found = []
  for (let at = 0; at + 4 <= body.length; ) {
    const length = body.readUInt32BE(at)
    if (at + 4 + length > body.length) break
    const frame = body.subarray(at + 4, at + 4 + length)
    at += 4 + length
    // Field 1 is the type, field 2 a message whose field 1 is the object.
    const typeLength = frame[1] ?? 0
    const type = frame.toString('utf8', 2, 2 + typeLength)
    found.push({ type, object: decodeProtobuf(frame.subarray(frame.indexOf('k8s\0'))) })
  }
  return found
}

it('streams watch events with their lengths before them', async () => {
  const path = `${PATH}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`
  const { headers, body } = await ask(path, PROTOBUF, (b) => framesOf(b).some((f) => f.type === 'BOOKMARK'))
  expect(headers['content-type']).toBe(`${PROTOBUF};stream=watch`)
  const frames = framesOf(body)
  const all = await json(PATH)
  expect(frames.filter((f) => f.type === 'ADDED').map((f) => f.object)).toEqual(
    all.items.map((item: object) => ({ kind: 'ConfigMap', apiVersion: 'v1', ...item })),
  )
  expect(frames.at(-1)?.object).toMatchObject({ metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } })
})

it('gives partial metadata, and goes on to the next alternative for a Table', async () => {
  const partial = await ask(`${PATH}/a`, `${PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`)
  expect(partial.headers['content-type']).toBe(PROTOBUF)
  expect(partial.body.includes('PartialObjectMetadata')).toBe(true)
  const table = await ask(PATH, `${PROTOBUF};as=Table;g=meta.k8s.io;v=v1,application/json`)
  expect(table.headers['content-type']).toBe('application/json')
  expect((await ask(PATH, `${PROTOBUF};as=Table;g=meta.k8s.io;v=v1`)).code).toBe(406)
})

it('keeps what is encoded: a changed object is encoded anew', async () => {
  await server.client.create(pods, {
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  })
  const read = async () => decodeProtobuf((await ask('/api/v1/namespaces/default/pods/p', PROTOBUF)).body)
  const before = await read()
  await server.client.patch(
    pods,
    { namespace: 'default', name: 'p' },
    { type: 'merge', patch: { metadata: { labels: { x: 'y' } } } },
  )
  expect(await read()).toEqual(await json('/api/v1/namespaces/default/pods/p'))
  expect(await read()).not.toEqual(before)
})
