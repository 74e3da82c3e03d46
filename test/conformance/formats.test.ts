// Which bytes go over the wire: what clients accept and send, and what they are answered with.
// Rules: k8s.io/apiserver/pkg/endpoints/handlers/{negotiation,responsewriters,response.go}.

import { request } from 'node:https'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configmaps } from '../../src/api/generated/resources.ts'
import { decodeCbor } from '../../src/machinery/cbor/decode.ts'
import { encodeCbor } from '../../src/machinery/cbor/encode.ts'
import { decodeProtobuf, encodeProtobuf } from '../../src/machinery/protobuf/codec.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const MAPS = '/api/v1/namespaces/default/configmaps'
const ONE = `${MAPS}/one`
const CONFIG_MAP = 'io.k8s.api.core.v1.ConfigMap'
const meta = (kind: string, version = 'v1') => `as=${kind};v=${version};g=meta.k8s.io`
const ONLY = 'only the following media types are accepted: application/json, application/yaml, '
const NOT_ACCEPTABLE = `${ONLY}${PROTOBUF}`
// RouterJSR311.detectRoute of go-restful, before the handler has a say.
const NOT_ROUTED = `406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, ${PROTOBUF}`
const NO_LIST_ROUTED = `${NOT_ROUTED}, application/json;stream=watch, ${PROTOBUF};stream=watch`
const NOT_STREAMABLE = `only the following media types are accepted: application/json;stream=watch, ${PROTOBUF};stream=watch`

interface Answer {
  readonly code: number
  readonly type: string
  readonly headers: Record<string, unknown>
  readonly bytes: Buffer
}

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.client.create(configmaps, { metadata: { name: 'one', namespace: 'default' }, data: { a: '1' } })
  await server.client.create(configmaps, {
    metadata: { name: 'large', namespace: 'default' },
    data: { text: 'x'.repeat(200 * 1024) },
  })
})
afterAll(() => server.close())

function call(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: Buffer | string; server?: TestServer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, server: asked = server } = options
    const { cert, key } = asked.admin
    const target = { host: '127.0.0.1', port: asked.port, method, path, ca: asked.ca, cert, key, headers }
    const outgoing = request(target, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () =>
        resolve({
          code: answer.statusCode ?? 0,
          type: answer.headers['content-type'] ?? '',
          headers: answer.headers,
          bytes: Buffer.concat(chunks),
        }),
      )
      answer.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const get = (path: string, accept: string, more: Record<string, string> = {}) =>
  call(path, { headers: { accept, ...more } })
const jsonOf = ({ bytes }: Answer) => JSON.parse(bytes.toString())

describe('Accept', () => {
  const cases: readonly [accept: string, type: string, kind: string][] = [
    ['', 'application/json', 'ConfigMap'],
    ['*/*', 'application/json', 'ConfigMap'],
    ['application/yaml', 'application/yaml', 'ConfigMap'],
    [PROTOBUF, PROTOBUF, 'ConfigMap'],
    [`${PROTOBUF},application/json`, PROTOBUF, 'ConfigMap'],
    [`${PROTOBUF};q=0.5,application/json`, 'application/json', 'ConfigMap'],
    [`application/json;q=0.1, application/yaml;q=0.9`, 'application/yaml', 'ConfigMap'],
    [`*/*, application/yaml`, 'application/yaml', 'ConfigMap'],
    ['text/html, application/xhtml+xml, */*;q=0.8', 'application/json', 'ConfigMap'],
    ['application/json;charset=utf-8', 'application/json', 'ConfigMap'],
    ['application/json;stream=watch', 'application/json', 'ConfigMap'],
    [`application/json;${meta('Table')}`, 'application/json', 'Table'],
    [`application/json;${meta('Table', 'v1beta1')}`, 'application/json', 'Table'],
    [`application/yaml;${meta('Table')}`, 'application/yaml', 'Table'],
    [`*/*;${meta('Table')}`, 'application/json', 'Table'],
    [`application/json;${meta('Table')},application/json`, 'application/json', 'Table'],
    [`application/json;${meta('Table', 'v2')},application/json`, 'application/json', 'ConfigMap'],
    [`application/json;as=Table,application/yaml`, 'application/yaml', 'ConfigMap'],
    [`${PROTOBUF};${meta('Table')},application/json`, 'application/json', 'ConfigMap'],
    [`application/json;${meta('PartialObjectMetadata')}`, 'application/json', 'PartialObjectMetadata'],
    [`${PROTOBUF};${meta('PartialObjectMetadata')}`, PROTOBUF, 'PartialObjectMetadata'],
    ['application/json;sv=v1,application/yaml', 'application/json', 'ConfigMap'],
    ['application/json;sv=v2,application/yaml', 'application/yaml', 'ConfigMap'],
    [`application/json;sv=v1;${meta('Table')}`, 'application/json', 'Table'],
    [`${PROTOBUF};sv=v1`, PROTOBUF, 'ConfigMap'],
    ['application/cbor,application/json', 'application/json', 'ConfigMap'],
    // What is quoted, empty or said with two signs (goautoneg.ParseAccept).
    ['application/json;as="Table";g=meta.k8s.io;v=v1,application/yaml', 'application/yaml', 'ConfigMap'],
    ['application/json;as=;g=;v=,application/yaml', 'application/json', 'ConfigMap'],
    ['application/json;as==Table,application/yaml', 'application/json', 'ConfigMap'],
    ['application/json;as,application/yaml', 'application/json', 'ConfigMap'],
    ['application/json; as = Table ; g = meta.k8s.io ; v = v1', 'application/json', 'Table'],
    ['application/json;q=abc,application/yaml;q=0.1', 'application/yaml', 'ConfigMap'],
    ['application/json;q="1",application/yaml;q=0.1', 'application/yaml', 'ConfigMap'],
    ['*/*,application/yaml;q=0.5', 'application/yaml', 'ConfigMap'],
    ['application/yaml;q=0.5,application/json;q=0.7,*/*', 'application/json', 'ConfigMap'],
    ['application/json/x,application/yaml', 'application/yaml', 'ConfigMap'],
  ]
  it.each(cases)('%s: %s %s', async (accept, type, kind) => {
    const answer = await get(ONE, accept)
    expect({ code: answer.code, type: answer.type }).toEqual({ code: 200, type })
    if (type === PROTOBUF) expect(answer.bytes.toString('latin1')).toMatch(new RegExp(`^k8s[^]*${kind}[^]*one`))
    else expect(answer.bytes.toString()).toMatch(type === 'application/yaml' ? `kind: ${kind}` : `"kind":"${kind}"`)
  })

  const refused: readonly [path: string, accept: string, message: string][] = [
    [ONE, 'text/html', NOT_ROUTED],
    [ONE, 'application/*', NOT_ROUTED],
    [ONE, 'Application/JSON', NOT_ROUTED],
    [ONE, 'application/cbor', NOT_ROUTED],
    [ONE, `application/json;${meta('Nothing')}`, NOT_ACCEPTABLE],
    [ONE, 'application/json;as=Table', NOT_ACCEPTABLE],
    [ONE, 'application/json;as="Table";g=meta.k8s.io;v=v1', NOT_ACCEPTABLE],
    [ONE, 'application/json;as=;g=meta.k8s.io;v=v1', NOT_ACCEPTABLE],
    [ONE, `${PROTOBUF};${meta('Table')}`, NOT_ACCEPTABLE],
    [ONE, 'application/json;stream=other', NOT_ACCEPTABLE],
    [
      ONE,
      `application/json;${meta('PartialObjectMetadataList')}`,
      'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)',
    ],
    [
      MAPS,
      `application/json;${meta('PartialObjectMetadata')}`,
      'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)',
    ],
    [`${MAPS}?watch=1`, 'text/html', NO_LIST_ROUTED],
    // Of what has no columns, and before it is looked for (AllowsMediaTypeTransform).
    ['/api/v1/namespaces/default/pods/none/ephemeralcontainers', `application/json;${meta('Table')}`, NOT_ACCEPTABLE],
    [`${DEFINITIONS}/none.example.com/status`, `application/json;${meta('Table')}`, NOT_ACCEPTABLE],
  ]
  it.each(refused)('%s refuses %s', async (path, accept, message) => {
    const answer = await get(path, accept)
    expect({ code: answer.code, type: answer.type }).toEqual({ code: 406, type: 'application/json' })
    expect(jsonOf(answer)).toMatchObject({ kind: 'Status', reason: 'NotAcceptable', message })
  })

  it('says what is wrong with the options of a list before that it cannot be shown so (ListResource)', async () => {
    const answer = await get(`${MAPS}?resourceVersionMatch=Exact`, `application/json;${meta('PartialObjectMetadata')}`)
    expect({ code: answer.code, reason: jsonOf(answer).reason }).toEqual({ code: 422, reason: 'Invalid' })
  })

  it('has no YAML for watches', async () => {
    const { code, type, bytes } = await get(`${MAPS}?watch=1`, 'application/yaml')
    expect({ code, type }).toEqual({ code: 406, type: 'application/yaml' })
    expect(bytes.toString().replace(/\n {2}/g, ' ')).toContain(NOT_STREAMABLE)
  })

  it('answers errors in the format that is accepted, unless that is to be of something else', async () => {
    const other = await get(`${MAPS}/none`, `${PROTOBUF};${meta('PartialObjectMetadata')}`)
    expect({ code: other.code, type: other.type }).toEqual({ code: 404, type: 'application/json' })
    const answer = await get(`${MAPS}/none`, PROTOBUF)
    expect({ code: answer.code, type: answer.type }).toEqual({ code: 404, type: PROTOBUF })
    expect(decodeProtobuf(answer.bytes)).toMatchObject({ kind: 'Status', reason: 'NotFound' })
  })
})

describe('lists', () => {
  it('of metadata have the kind of their wrapper', async () => {
    const accept = meta('PartialObjectMetadataList')
    const json = jsonOf(await get(MAPS, `application/json;${accept}`))
    expect(json).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' })
    const names = json.items.map((item: { metadata: { name: string } }) => item.metadata.name)
    expect(names).toEqual(expect.arrayContaining(['large', 'one']))
    expect(json.items[0]).not.toHaveProperty('data')
    const binary = (await get(MAPS, `${PROTOBUF};${accept}`)).bytes.toString('latin1')
    for (const text of ['meta.k8s.io/v1', 'PartialObjectMetadataList', ...names]) expect(binary).toContain(text)
    expect(binary).not.toContain('xxx')
  })

  it('as tables carry what includeObject says', async () => {
    const rows = async (include: string) =>
      jsonOf(await get(`${MAPS}?includeObject=${include}`, `application/json;${meta('Table')}`)).rows[0].object
    expect(await rows('None')).toBeNull()
    expect(await rows('Metadata')).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' })
    expect(await rows('Object')).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' })
  })
})

describe('for people', () => {
  it.each([
    ['?pretty=true', {}, true],
    ['?pretty=1', {}, true],
    ['', { 'user-agent': 'curl/8.0' }, true],
    ['', { 'user-agent': 'Wget/1.21' }, true],
    ['', { 'user-agent': 'Mozilla/5.0 (X11)' }, true],
    ['?pretty=false', { 'user-agent': 'curl/8.0' }, false],
    ['?pretty=0', { 'user-agent': 'curl/8.0' }, false],
    ['', { accept: 'application/json;pretty=1' }, true],
    ['', { 'user-agent': 'kubectl/v1.36.0' }, false],
  ])('%s %j: %s', async (query, headers, pretty) => {
    const { bytes } = await call(`${ONE}${query}`, { headers })
    expect(bytes.toString().startsWith('{\n  "kind": "ConfigMap"')).toBe(pretty)
  })
})

describe('Content-Type', () => {
  let made = 0
  const object = () => {
    made += 1
    return { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: `sent-${made}` }, data: { a: '1' } }
  }
  const post = (type: string, body: Buffer | string) =>
    call(MAPS, { method: 'POST', headers: type === '' ? {} : { 'content-type': type }, body })

  it.each(['', 'application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON'])(
    '%j is JSON',
    async (type) => {
      expect((await post(type, JSON.stringify(object()))).code).toBe(201)
    },
  )

  it('may be YAML', async () => {
    const { metadata } = object()
    const body = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${metadata.name}\ndata: {a: "1"}\n`
    expect((await post('application/yaml', body)).code).toBe(201)
  })

  it('may be protobuf', async () => {
    const answer = await post(PROTOBUF, encodeProtobuf(CONFIG_MAP, object()))
    expect({ code: answer.code, type: answer.type }).toEqual({ code: 201, type: 'application/json' })
    expect(jsonOf(answer).data).toEqual({ a: '1' })
  })

  it.each(['text/plain', 'application/cbor', 'application/xml', 'nonsense'])('refuses %s', async (type) => {
    const answer = await post(type, JSON.stringify(object()))
    expect(answer.code).toBe(415)
    expect(jsonOf(answer)).toMatchObject({
      reason: 'UnsupportedMediaType',
      message: `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, ${PROTOBUF}`,
    })
  })

  it('of a patch says how to apply it, or there is no route (RouterJSR311.detectRoute)', async () => {
    const answer = await call(ONE, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: '{}' })
    expect(answer.code).toBe(415)
    expect(jsonOf(answer)).toMatchObject({ reason: 'UnsupportedMediaType', message: '415: Unsupported Media Type' })
  })
})

describe('gzip', () => {
  it.each([
    ['gzip', true],
    ['deflate, gzip', true],
    ['deflate, gzip;q=0.5', false],
    ['gzip;q=0', false],
    ['br', false],
  ])('%s of something large: %s', async (encoding, compressed) => {
    const { headers, bytes } = await get(`${MAPS}/large`, 'application/json', { 'accept-encoding': encoding })
    expect(headers['content-encoding']).toBe(compressed ? 'gzip' : undefined)
    expect((compressed ? gunzipSync(bytes) : bytes).toString()).toContain('"kind":"ConfigMap"')
    if (compressed) expect(headers.vary).toBe('Accept-Encoding')
  })

  it('is not worth it for something small', async () => {
    const { headers } = await get(ONE, 'application/json', { 'accept-encoding': 'gzip' })
    expect(headers['content-encoding']).toBeUndefined()
  })
})

describe('watches', () => {
  const watch = (accept: string) => get(`${MAPS}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name=one`, accept)

  it.each(['application/json', 'application/json;stream=watch', '*/*'])('%s', async (accept) => {
    const answer = await watch(accept)
    expect(answer.type).toBe('application/json')
    expect(jsonOf(answer)).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'one' } } })
  })

  it.each([PROTOBUF, `${PROTOBUF};stream=watch`])('%s', async (accept) => {
    const { type, bytes } = await watch(accept)
    expect(type).toBe(`${PROTOBUF};stream=watch`)
    // Frames are preceded by their length.
    expect(bytes.readUInt32BE(0)).toBe(bytes.length - 4)
    expect(bytes.subarray(4).toString('latin1')).toContain('ADDED')
  })

  it('of tables name the columns once', async () => {
    const answer = await get(`${MAPS}?watch=1&timeoutSeconds=1`, `application/json;${meta('Table')}`)
    const frames = answer.bytes
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(frames.length).toBeGreaterThan(1)
    expect(frames.every(({ object }) => object.kind === 'Table' && object.rows.length === 1)).toBe(true)
    expect(frames[0].object.columnDefinitions).toMatchObject([{ name: 'Name' }, { name: 'Data' }, { name: 'Age' }])
    expect(frames[1].object.columnDefinitions).toBeNull()
  })

  it('of metadata', async () => {
    const answer = await watch(`application/json;${meta('PartialObjectMetadata')}`)
    expect(jsonOf(answer).object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'one' } })
    expect(jsonOf(answer).object).not.toHaveProperty('data')
  })
})

describe('CBOR, where it is served', () => {
  const CBOR = 'application/cbor'
  let cbor: TestServer
  const send = (path: string, options: Parameters<typeof call>[1] = {}) => call(path, { ...options, server: cbor })
  beforeAll(async () => {
    cbor = await startTestServer({ flags: { 'feature-gates': 'CBORServingAndStorage=true' } })
  })
  afterAll(() => cbor.close())

  it('is taken and answered', async () => {
    const object = { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'one' }, data: { a: 'aGk=' } }
    const made = await send('/api/v1/namespaces/default/secrets', {
      method: 'POST',
      headers: { 'content-type': CBOR, accept: CBOR },
      body: encodeCbor(object, 'io.k8s.api.core.v1.Secret'),
    })
    expect({ code: made.code, type: made.type }).toEqual({ code: 201, type: CBOR })
    expect(made.bytes.subarray(0, 3).toString('hex')).toBe('d9d9f7')
    expect(decodeCbor(made.bytes)).toMatchObject(object)
    // The bytes themselves, that want to be base64.
    expect(made.bytes.toString('hex')).toContain('d6426869')
    const list = await send('/api/v1/namespaces/default/secrets', { headers: { accept: CBOR } })
    expect(decodeCbor(list.bytes)).toMatchObject({ kind: 'SecretList', items: [{ metadata: { name: 'one' } }] })
    const table = await send('/api/v1/namespaces/default/secrets', { headers: { accept: `${CBOR};${meta('Table')}` } })
    // Tables are in JSON and YAML alone (AllowsMediaTypeTransform).
    expect({ code: table.code, reason: jsonOf(table).reason }).toEqual({ code: 406, reason: 'NotAcceptable' })
  })

  it('applies', async () => {
    const body = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'applied' }, data: { a: '1' } }
    const answer = await send(`${MAPS}/applied?fieldManager=me`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+cbor' },
      body: encodeCbor(body),
    })
    expect(answer.code).toBe(201)
    expect(jsonOf(answer)).toMatchObject(body)
  })

  it('streams events', async () => {
    const path = '/api/v1/namespaces?watch=1&timeoutSeconds=1&fieldSelector=metadata.name=default'
    const { type, bytes } = await send(path, { headers: { accept: CBOR } })
    expect(type).toBe('application/cbor-seq')
    expect(decodeCbor(bytes)).toMatchObject({ type: 'ADDED', object: { kind: 'Namespace' } })
  })

  it('says what is wrong', async () => {
    const missing = await send(`${MAPS}/none`, { headers: { accept: CBOR } })
    expect({ code: missing.code, type: missing.type }).toEqual({ code: 404, type: CBOR })
    expect(decodeCbor(missing.bytes)).toMatchObject({ kind: 'Status', reason: 'NotFound' })
    const broken = await send(MAPS, {
      method: 'POST',
      headers: { 'content-type': CBOR },
      body: Buffer.from('a2', 'hex'),
    })
    expect(broken.code).toBe(400)
    const neither = await send(MAPS, { headers: { accept: 'text/html' } })
    expect(jsonOf(neither).message).toContain(
      `406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, ${PROTOBUF}, ${CBOR}`,
    )
    const type = await send(MAPS, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' })
    expect(jsonOf(type).message).toContain(`${PROTOBUF}, ${CBOR}`)
  })
})

describe('reviews', () => {
  it('are answered in the versions that there are', async () => {
    const body = JSON.stringify({ spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } })
    const post = (version: string) =>
      call(`/apis/authorization.k8s.io/${version}/selfsubjectaccessreviews`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
    expect((await post('v1')).code).toBe(201)
    expect((await post('v1beta1')).code).toBe(404)
  })
})
