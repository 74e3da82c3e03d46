// Documents under /openapi: which there are, in which forms, and when a client need not get them again.

import { describe, expect, it } from 'vitest'
import { useServer } from './access-support.ts'

const call = useServer({ legacyApis: false })

const BATCH = '/openapi/v3/apis/batch/v1'
const V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
const V3_PROTOBUF = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf'
const JSON_TYPE = 'application/json'

describe('documents', () => {
  it.each([
    ['.well-known/openid-configuration', 'getServiceAccountIssuerOpenIDConfiguration'],
    ['api', 'getCoreAPIVersions'],
    ['apis', 'getAPIVersions'],
    ['apis/rbac.authorization.k8s.io', 'getRbacAuthorizationAPIGroup'],
    ['openid/v1/jwks', 'getServiceAccountIssuerOpenIDKeyset'],
    ['version', 'getCodeVersion'],
  ])('of what is no resource: %s (OpenAPIService.UpdateGroupVersion)', async (key, operationId) => {
    const { paths } = (await call('/openapi/v3')).body
    const { code, body } = await call(paths[key].serverRelativeURL)
    expect({ code, paths: body.paths }).toMatchObject({ code: 200, paths: { [`/${key}/`]: { get: { operationId } } } })
  })

  it.each(['/openapi/v3/', '/openapi/v3/apis/none', '/openapi/v3/apis/batch/v1/'])('not %s', async (path) => {
    expect(await call(path)).toMatchObject({ code: 404, text: '' })
  })

  it('have proxies for all methods and for what is below them (APIInstaller: CONNECT)', async () => {
    const { paths } = (await call('/openapi/v3/api/v1')).body
    const proxy = paths['/api/v1/nodes/{name}/proxy/{path}']
    expect(Object.keys(proxy).sort()).toEqual(
      ['delete', 'get', 'head', 'options', 'parameters', 'patch', 'post', 'put'].sort(),
    )
    expect(proxy.head.operationId).toBe('connectCoreV1HeadNodeProxyWithPath')
    expect(proxy.parameters.map((p: { name: string; in: string }) => `${p.in} ${p.name}`)).toEqual([
      'path name',
      'path path',
      'query path',
    ])
    const exec = paths['/api/v1/namespaces/{namespace}/pods/{name}/exec'].parameters
    expect(exec.map(({ name }: { name: string }) => name)).toEqual([
      ...['command', 'container', 'name', 'namespace', 'stderr', 'stdin', 'stdout', 'tty'],
    ])
  })

  it('say what a deletion answers (ReturnDeletedObject)', async () => {
    const answer = async (document: string, path: string) =>
      (await call(document)).body.paths[path].delete.responses['200'].content[JSON_TYPE].schema.$ref
    expect(await answer('/openapi/v3/api/v1', '/api/v1/persistentvolumes/{name}')).toMatch(/\.PersistentVolume$/)
    expect(await answer(BATCH, '/apis/batch/v1/namespaces/{namespace}/jobs/{name}')).toMatch(/\.Status$/)
  })

  it('give options and events to each group version (AddToGroupVersion)', async () => {
    const kinds = async (path: string, at: 'v2' | 'v3') => {
      const { body } = await call(path)
      const types = at === 'v2' ? body.definitions : body.components.schemas
      return types['io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent']['x-kubernetes-group-version-kind']
    }
    expect(await kinds(BATCH, 'v3')).toEqual([
      { group: '', kind: 'WatchEvent', version: 'v1' },
      { group: 'batch', kind: 'WatchEvent', version: 'v1' },
    ])
    expect(await kinds('/openapi/v2', 'v2')).toHaveLength(60)
  })

  it('share parameters in v2, but for those that kubectl looks for (collectSharedParameters)', async () => {
    const { paths, parameters } = (await call('/openapi/v2')).body
    const own = paths['/api/v1/namespaces/{namespace}/pods/{name}'].patch.parameters
    expect(own.map((p: { name?: string; $ref?: string }) => p.name ?? p.$ref?.replace(/-.{8}$/, ''))).toEqual([
      '#/parameters/body',
      'dryRun',
      '#/parameters/fieldManager',
      'fieldValidation',
      '#/parameters/force',
    ])
    for (const p of own) if (p.$ref) expect(parameters).toHaveProperty([p.$ref.slice('#/parameters/'.length)])
  })
})

describe('forms', () => {
  it.each([
    [BATCH, '*/*', JSON_TYPE],
    [BATCH, 'application/*', JSON_TYPE],
    [BATCH, V3_PROTOBUF, V3_PROTOBUF],
    [BATCH, V3_PROTOBUF.replace('.v1.0', '@v1.0'), V3_PROTOBUF],
    [BATCH, `text/html, ${JSON_TYPE};q=0.5`, JSON_TYPE],
    ['/openapi/v2', V2_PROTOBUF, V2_PROTOBUF],
    ['/openapi/v2', V2_PROTOBUF.replace('.v1.0', '@v1.0'), V2_PROTOBUF],
    ['/openapi/v3', 'text/html', 'text/plain; charset=utf-8'],
  ])('%s for %s is %s (HandleGroupVersion)', async (path, accept, type) => {
    const { code, headers } = await call(path, { headers: { accept } })
    expect({ code, type: headers['content-type'] }).toEqual({ code: 200, type })
  })

  it.each([
    [BATCH, 'text/html'],
    [BATCH, 'application/yaml'],
    [BATCH, V2_PROTOBUF],
    ['/openapi/v2', V3_PROTOBUF],
  ])('%s for %s there is none', async (path, accept) => {
    expect(await call(path, { headers: { accept } })).toMatchObject({ code: 406, text: '' })
  })

  it.each(['POST', 'OPTIONS', 'HEAD'])('are given for %s, too', async (method) => {
    expect((await call(BATCH, { method })).code).toBe(200)
  })
})

describe('what a client has already', () => {
  const headersOf = async (path: string) => (await call(path)).headers
  it('is named by the hash in the index, and cached for ever by that (constructServerRelativeURL)', async () => {
    const { serverRelativeURL: url } = (await call('/openapi/v3')).body.paths['apis/batch/v1']
    const { etag, 'cache-control': caching } = await headersOf(url)
    expect(url).toBe(`${BATCH}?hash=${String(etag).replaceAll('"', '')}`)
    expect([url.length, caching]).toEqual([BATCH.length + 6 + 128, 'public, immutable'])
    expect(await call(`${BATCH}?hash=1`)).toMatchObject({ code: 301, text: '', headers: { location: url } })
  })

  it.each([
    ['its tag', (etag: string) => ({ 'if-none-match': etag }), 304],
    ['its tag, weakly', (etag: string) => ({ 'if-none-match': `"x", W/${etag}` }), 304],
    ['anything', () => ({ 'if-none-match': '*' }), 304],
    ['another tag', () => ({ 'if-none-match': '"x"' }), 200],
    ['it since', () => ({ 'if-modified-since': new Date(Date.now() + 60_000).toUTCString() }), 304],
    ['an older one', () => ({ 'if-modified-since': new Date(0).toUTCString() }), 200],
    ['no date', () => ({ 'if-modified-since': 'yesterday' }), 200],
    ['another tag and wants that', () => ({ 'if-match': '"x"' }), 412],
    ['one from long ago and wants that', () => ({ 'if-unmodified-since': new Date(0).toUTCString() }), 412],
  ])('is not sent to who has %s (http.ServeContent)', async (_, headers, code) => {
    const etag = String((await headersOf(BATCH)).etag)
    expect((await call(BATCH, { headers: headers(etag) as Record<string, string> })).code).toBe(code)
  })

  it.each([
    ['bytes=1-9', 206, '"openapi"'],
    ['bytes=-2', 206, '}}'],
    ['bytes=9999999-', 416, 'invalid range: failed to overlap\n'],
    ['x', 416, 'invalid range\n'],
    ['bytes=5-1', 416, 'invalid range\n'],
  ])('may be had in parts: %s', async (range, code, text) => {
    expect(await call(BATCH, { headers: { range } })).toMatchObject({ code, text })
  })
})
