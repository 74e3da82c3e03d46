import { request } from 'node:https'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configmaps } from '../../api/generated/resources.ts'
import { decodeProtobuf } from '../../machinery/protobuf/codec.ts'
import { startTestServer, type TestServer } from '../../main/testing.ts'

describe('long answers', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer()
    for (const name of ['a', 'b']) {
      await server.client.create(configmaps, {
        metadata: { name, namespace: 'default' },
        data: { text: 'x'.repeat(100_000) },
      })
    }
  })
  afterAll(() => server?.close())

  const get = (path: string, headers: Record<string, string>) =>
    new Promise<{ headers: NodeJS.Dict<string | string[]>; body: Buffer }>((resolve, reject) => {
      const { ca, admin } = server
      const tls = { ca, cert: admin.cert, key: admin.key }
      request(`${server.url}/api/v1/namespaces/default/configmaps${path}`, { ...tls, headers }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => resolve({ headers: answer.headers, body: Buffer.concat(chunks) }))
        answer.on('error', reject)
      })
        .on('error', reject)
        .end()
    })

  it.each(['gzip', 'deflate, gzip', 'gzip, br'])('are compressed for who accepts %s', async (encoding) => {
    const { headers, body } = await get('', { 'accept-encoding': encoding })
    expect(headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' })
    expect(Number(headers['content-length'])).toBe(body.length)
    expect(body.length).toBeLessThan(10_000)
    const { items } = JSON.parse(gunzipSync(body).toString()) as { items: { metadata: { name: string } }[] }
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
  })

  it('are compressed in every format', async () => {
    const accept = 'application/vnd.kubernetes.protobuf'
    const { headers, body } = await get('', { accept, 'accept-encoding': 'gzip' })
    expect(headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': accept })
    expect(decodeProtobuf(gunzipSync(body))).toMatchObject({ kind: 'ConfigMapList' })
  })

  it.each(['identity', 'gzip;q=0', 'gzip;q=1', 'xgzip', ''])('go as they are to who accepts %j', async (encoding) => {
    const { headers, body } = await get('', { 'accept-encoding': encoding })
    expect(headers['content-encoding']).toBeUndefined()
    expect(JSON.parse(body.toString())).toMatchObject({ kind: 'ConfigMapList' })
  })

  it('are longer than 128 KiB', async () => {
    const { headers, body } = await get('/a', { 'accept-encoding': 'gzip' })
    expect(headers['content-encoding']).toBeUndefined()
    expect(body.length).toBeGreaterThan(100_000)
  })
})

describe('errors', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer()
  })
  afterAll(() => server?.close())

  const missing = (accept: string) =>
    new Promise<{ type: string | undefined; body: Buffer }>((resolve, reject) => {
      const { ca, admin } = server
      const options = { ca, cert: admin.cert, key: admin.key, headers: { accept } }
      request(`${server.url}/api/v1/namespaces/default/pods/none`, options, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => resolve({ type: answer.headers['content-type'], body: Buffer.concat(chunks) }))
      })
        .on('error', reject)
        .end()
    })

  it('come in the format that is accepted', async () => {
    const protobuf = await missing('application/vnd.kubernetes.protobuf,application/json')
    expect(protobuf.type).toBe('application/vnd.kubernetes.protobuf')
    expect(decodeProtobuf(protobuf.body)).toMatchObject({
      kind: 'Status',
      status: 'Failure',
      reason: 'NotFound',
      message: 'pods "none" not found',
      details: { name: 'none', kind: 'pods' },
      code: 404,
    })
    const yaml = await missing('application/yaml')
    expect(yaml.type).toBe('application/yaml')
    expect(yaml.body.toString()).toContain('reason: NotFound\n')
  })

  it('come in JSON to who accepts nothing that can be sent, or a table', async () => {
    for (const accept of ['text/html', 'application/json;as=Table;g=meta.k8s.io;v=v1']) {
      const { type, body } = await missing(accept)
      expect(type).toBe('application/json')
      expect(JSON.parse(body.toString())).toMatchObject({ kind: 'Status', status: 'Failure' })
    }
  })
})
