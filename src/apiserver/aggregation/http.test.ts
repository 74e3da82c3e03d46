import type { IncomingHttpHeaders } from 'node:http'
import { createServer, request, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiservices, services } from '../../api/generated/resources.ts'
import { startTestServer, type TestServer } from '../../main/testing.ts'

const GROUP = 'metrics.example'

const KEY = `apis/${GROUP}/v1`
const ITEM = { get: { responses: { 200: { schema: { $ref: '#/definitions/io.k8s.api.core.v1.Pod' } } } } }
const OWN_POD = { type: 'object', description: 'no pod of ours' }
const DOCUMENTS: Readonly<Record<string, object>> = {
  '/openapi/v3': { paths: { [KEY]: { serverRelativeURL: `/openapi/v3/${KEY}?hash=ABC` }, 'apis/other/v1': {} } },
  [`/openapi/v3/${KEY}?hash=ABC`]: { openapi: '3.0.0', paths: { [`/${KEY}/things`]: {} } },
  '/openapi/v2': {
    swagger: '2.0',
    paths: { [`/${KEY}/things`]: ITEM, '/apis/other/v1/things': ITEM },
    definitions: { 'io.k8s.api.core.v1.Pod': OWN_POD, unused: {} },
  },
}

/** Another API server: says who asked, and with which certificate. */
async function remoteServer(
  server: TestServer,
): Promise<{ listener: Server; port: number; down: (is: boolean) => void }> {
  const { cert, key } = await server.serverCertificate(['127.0.0.1'], ['remote.default.svc'])
  let down = false
  const listener = createServer({ cert, key, ca: server.proxyCa, requestCert: true }, (incoming, response) => {
    const socket = incoming.socket as TLSSocket
    const send = (code: number, body: object) => {
      response.writeHead(code, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    }
    if (down) return send(500, {})
    if (incoming.url === `/apis/${GROUP}/v1`) {
      const verbs = ['get', 'list']
      const resources = [
        { name: 'things', singularName: 'thing', namespaced: true, kind: 'Thing', verbs, shortNames: ['th'] },
        { name: 'things/status', singularName: '', namespaced: true, kind: 'Thing', verbs: ['get'] },
      ]
      return send(200, { kind: 'APIResourceList', groupVersion: `${GROUP}/v1`, resources })
    }
    const document = DOCUMENTS[incoming.url ?? '']
    if (document) return send(200, document)
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () =>
      send(201, {
        method: incoming.method,
        url: incoming.url,
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
        certificate: socket.authorized ? socket.getPeerCertificate().subject.CN : '',
      }),
    )
  })
  listener.on('upgrade', (incoming, socket) => {
    const user = incoming.headers['x-remote-user']
    socket.end(`HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello ${user}`)
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  return {
    listener,
    port: (listener.address() as AddressInfo).port,
    down: (is) => {
      down = is
    },
  }
}

interface Answer {
  readonly code: number
  readonly text: string
}

describe('the API of another server', () => {
  let server: TestServer
  let remote: Awaited<ReturnType<typeof remoteServer>>
  const ask = async (
    path: string,
    options: { headers?: Record<string, string>; body?: string; user?: string } = {},
  ) => {
    const { ca } = server
    const { cert, key } = options.user ? await server.certificate(options.user, ['people']) : server.admin
    const method = options.body === undefined ? 'GET' : 'POST'
    return new Promise<Answer>((resolve, reject) => {
      request(`${server.url}${path}`, { ca, cert, key, method, headers: options.headers ?? {} }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => resolve({ code: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }))
      })
        .on('upgrade', (_answer, socket, head) => {
          const chunks: Buffer[] = [head]
          socket.on('data', (chunk: Buffer) => chunks.push(chunk))
          socket.on('close', () => resolve({ code: 101, text: Buffer.concat(chunks).toString() }))
        })
        .on('error', reject)
        .end(options.body)
    })
  }
  const available = async (reason: string) =>
    expect
      .poll(async () => {
        const { status } = await server.client.get(apiservices, { name: `v1.${GROUP}` })
        return status.conditions?.find(({ type }) => type === 'Available')?.reason
      })
      .toBe(reason)

  beforeAll(async () => {
    server = await startTestServer()
    remote = await remoteServer(server)
    await server.client.create(apiservices, {
      metadata: { name: `v1.${GROUP}` },
      spec: {
        group: GROUP,
        version: 'v1',
        groupPriorityMinimum: 100,
        versionPriority: 10,
        service: { namespace: 'default', name: 'remote', port: remote.port },
        caBundle: Buffer.from(server.ca).toString('base64'),
      },
    })
  })
  afterAll(async () => {
    remote?.listener.close()
    await server?.close()
  })

  it('becomes available with its service', async () => {
    await available('ServiceNotFound')
    await server.client.create(services, {
      metadata: { namespace: 'default', name: 'remote' },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    })
    await available('Passed')
  })

  it('gets requests with the identity of who asks', async () => {
    const { code, text } = await ask(`/apis/${GROUP}/v1/namespaces/default/things?x=1`, { body: '{"a":1}' })
    expect(code).toBe(201)
    const seen = JSON.parse(text) as { headers: IncomingHttpHeaders; certificate: string; url: string; body: string }
    expect(seen).toMatchObject({
      method: 'POST',
      url: `/apis/${GROUP}/v1/namespaces/default/things?x=1`,
      body: '{"a":1}',
      certificate: 'front-proxy-client',
      headers: { 'x-remote-user': 'kubernetes-admin', 'x-remote-group': 'system:masters, system:authenticated' },
    })
  })

  it('takes no identity from the caller, nor his credentials', async () => {
    const headers = { 'X-Remote-User': 'root', 'X-Remote-Extra-Scope': 'all', 'Impersonate-User': 'jane' }
    const { text } = await ask(`/apis/${GROUP}/v1/things`, {
      headers: { ...headers, 'Impersonate-Group': 'system:masters' },
    })
    const seen = JSON.parse(text) as { headers: IncomingHttpHeaders }
    expect(seen.headers['x-remote-user']).toBe('jane')
    expect(seen.headers['x-remote-extra-scope']).toBeUndefined()
    expect(seen.headers['impersonate-user']).toBeUndefined()
  })

  it('is behind the authorization of this server', async () => {
    const { code, text } = await ask(`/apis/${GROUP}/v1/things`, { user: 'bob' })
    expect(code).toBe(403)
    expect(JSON.parse(text).message).toContain(`cannot list resource "things" in API group "${GROUP}"`)
  })

  it('is in both forms of discovery', async () => {
    const groups = JSON.parse((await ask('/apis')).text) as { groups: { name: string; versions: object[] }[] }
    expect(groups.groups.find(({ name }) => name === GROUP)?.versions).toEqual([
      { groupVersion: `${GROUP}/v1`, version: 'v1' },
    ])
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
    const { items } = JSON.parse((await ask('/apis', { headers: { accept } })).text) as {
      items: { metadata: { name?: string }; versions: object[] }[]
    }
    const kind = { group: GROUP, version: 'v1', kind: 'Thing' }
    expect(items.find(({ metadata }) => metadata.name === GROUP)?.versions).toEqual([
      {
        version: 'v1',
        resources: [
          {
            resource: 'things',
            responseKind: kind,
            scope: 'Namespaced',
            singularResource: 'thing',
            verbs: ['get', 'list'],
            shortNames: ['th'],
            subresources: [{ subresource: 'status', responseKind: kind, verbs: ['get'] }],
          },
        ],
        freshness: 'Current',
      },
    ])
    expect(JSON.parse((await ask(`/apis/${GROUP}/v1`)).text)).toMatchObject({ groupVersion: `${GROUP}/v1` })
  })

  it('is described by its own documents', async () => {
    const index = async () => JSON.parse((await ask('/openapi/v3')).text) as { paths: Record<string, object> }
    await expect.poll(index).toHaveProperty(['paths', KEY], { serverRelativeURL: `/openapi/v3/${KEY}?hash=ABC` })
    const { paths } = await index()
    expect(paths).not.toHaveProperty(['apis/other/v1'])
    expect(paths).toHaveProperty(['api/v1'])
    expect(JSON.parse((await ask(`/openapi/v3/${KEY}?hash=ABC`)).text)).toEqual(
      DOCUMENTS[`/openapi/v3/${KEY}?hash=ABC`],
    )
    const v2 = JSON.parse((await ask('/openapi/v2')).text) as Record<'paths' | 'definitions', Record<string, object>>
    // What the other server calls the same and is not has another name here.
    const renamed = JSON.stringify(ITEM).replace('v1.Pod', 'v1.Pod_v2')
    expect(JSON.stringify(v2.paths[`/${KEY}/things`])).toBe(renamed)
    expect(v2.definitions['io.k8s.api.core.v1.Pod_v2']).toEqual(OWN_POD)
    expect(v2.definitions['io.k8s.api.core.v1.Pod']).not.toEqual(OWN_POD)
    expect(v2.paths).not.toHaveProperty(['/apis/other/v1/things'])
    expect(v2.definitions).not.toHaveProperty('unused')
  })

  it('gets upgrades', async () => {
    const headers = { connection: 'upgrade', upgrade: 'echo' }
    expect(await ask(`/apis/${GROUP}/v1/namespaces/default/things/a/attach`, { headers })).toEqual({
      code: 101,
      text: 'hello kubernetes-admin',
    })
  })

  it('is unavailable when it does not answer as it should, and stale in discovery', async () => {
    remote.down(true)
    const touch = { metadata: { labels: { touched: 'yes' } } }
    await server.client.patch(services, { namespace: 'default', name: 'remote' }, { type: 'merge', patch: touch })
    await available('FailedDiscoveryCheck')
    expect(await ask(`/apis/${GROUP}/v1/things`)).toEqual({ code: 503, text: 'service unavailable\n' })
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
    expect((await ask('/apis', { headers: { accept } })).text).toContain('"freshness":"Stale"')
    remote.down(false)
    await server.client.patch(
      services,
      { namespace: 'default', name: 'remote' },
      {
        type: 'merge',
        patch: { metadata: { labels: { touched: 'again' } } },
      },
    )
    await available('Passed')
  })

  it('is gone with its registration', async () => {
    await server.client.delete(apiservices, { name: `v1.${GROUP}` })
    await expect.poll(async () => (await ask(`/apis/${GROUP}/v1/things`)).code).toBe(404)
    expect((await ask('/openapi/v3')).text).not.toContain(KEY)
    expect((await ask('/openapi/v2')).text).not.toContain(KEY)
    expect((await ask(`/openapi/v3/${KEY}`)).code).toBe(404)
  })
})

describe('the APIs of this server', () => {
  it('are registered as available', async () => {
    const server = await startTestServer()
    const { items } = await server.client.list(apiservices)
    const apps = items.find(({ metadata }) => metadata.name === 'v1.apps')
    expect(apps).toMatchObject({
      metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } },
      spec: { group: 'apps', version: 'v1', groupPriorityMinimum: 17_800, versionPriority: 15 },
      status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] },
    })
    expect(items.map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(['v1.', 'v1.batch', 'v2.autoscaling']),
    )
    await server.close()
  })
})
