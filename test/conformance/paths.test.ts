// What is beside resources: which methods and forms there are, and what other paths are answered with.
// Rules: PathRecorderMux, routes and filters of k8s.io/apiserver/pkg/server, apisHandler and apiGroupHandler of
// k8s.io/kube-aggregator, RouterJSR311 of go-restful.

import { describe, expect, it } from 'vitest'
import { startTestServer } from '../../src/main/testing.ts'
import { callerOf, useServer } from './access-support.ts'

const call = useServer()
const NO_PAGE = '404 page not found\n'
const NOT_FOUND = 'the server could not find the requested resource'
const NOT_ALLOWED = 'the server does not allow this method on the requested resource'

describe('methods', () => {
  const cases: readonly [method: string, path: string, code: number, rule: string][] = [
    ['POST', '/', 200, 'the index asks for no method'],
    ['GET', '/index.html', 200, 'the index has two names'],
    ['POST', '/apis', 200, 'apisHandler asks for no method'],
    ['DELETE', '/apis/apps', 200, 'apiGroupHandler asks for no method'],
    ['POST', '/apis/none.example', 404, 'apiGroupHandler: no such group'],
    ['POST', '/apis/apiregistration.k8s.io', 405, 'the group of the aggregator itself has a route'],
    ['HEAD', '/apis/apiregistration.k8s.io', 405, 'a route is for one method'],
    ['HEAD', '/api', 405, 'a route is for one method'],
    ['POST', '/api/v1', 405, 'a route is for one method'],
    ['HEAD', '/apis/apps/v1', 405, 'a route is for one method'],
    ['HEAD', '/version', 405, 'a route is for one method'],
    ['POST', '/openid/v1/jwks', 405, 'a route is for one method'],
    ['POST', '/healthz', 200, 'checks ask for no method'],
    ['DELETE', '/livez/ping', 200, 'checks ask for no method'],
    ['OPTIONS', '/openapi/v2', 200, 'OpenAPI asks for no method'],
    ['GET', '/debug/flags/v', 406, 'a level is put'],
    ['PUT', '/debug/flags/v', 400, 'nothing is no level'],
  ]
  it.each(cases)('%s %s: %i (%s)', async (method, path, code) => {
    const answer = await call(path, { method })
    expect(answer.code).toBe(code)
    if (code === 405 && method !== 'HEAD') expect(answer.body.message).toBe(NOT_ALLOWED)
  })
})

describe('paths', () => {
  const cases: readonly [path: string, code: number, text: string | undefined, rule: string][] = [
    ['/healthz/', 404, NO_PAGE, 'a mux takes paths as they are'],
    ['/healthz/ping/', 404, NO_PAGE, 'a mux takes paths as they are'],
    ['//api', 404, NO_PAGE, 'no service begins like that'],
    ['/api//v1', 404, undefined, 'no route is like that'],
    ['/apis//apps/v1', 404, NO_PAGE, 'no group has no name'],
    ['/api%2Fv1', 200, undefined, 'an escaped slash is a slash (req.URL.Path)'],
    ['/version/', 200, undefined, 'TrimRightSlashEnabled'],
    ['/version/x', 404, undefined, 'no route is like that'],
    ['/openid/v1/jwks/', 200, undefined, 'TrimRightSlashEnabled'],
    ['/openapi/v3/none', 404, '', 'HandleGroupVersion'],
    ['/debug', 404, NO_PAGE, 'nothing is there'],
    ['/api/v1/namespaces//pods', 200, undefined, 'a namespace without a name is all of them'],
  ]
  it.each(cases)('%s: %i', async (path, code, text) => {
    const answer = await call(path)
    expect(answer.code).toBe(code)
    if (text !== undefined) expect(answer.text).toBe(text)
    else if (code === 404) expect(answer.body.message).toBe(NOT_FOUND)
  })

  it('that say nothing of a kind are asked for no further (RequestInfoFactory)', async () => {
    const { code, text } = await call('/api/v1/watch?a=1&b=2')
    const why =
      'failed to create RequestInfo: unable to determine kind and namespace from url, /api/v1/watch?a=1&amp;b=2'
    expect({ code, text }).toEqual({ code: 500, text: `Internal Server Error: "/api/v1/watch?a=1&amp;b=2": ${why}\n` })
  })
})

describe('forms', () => {
  it('of discovery are those of objects (negotiation without transforms)', async () => {
    const { headers } = await call('/apis/apps', { headers: { accept: 'application/vnd.kubernetes.protobuf' } })
    expect(headers['content-type']).toBe('application/vnd.kubernetes.protobuf')
    const yaml = await call('/api', { headers: { accept: 'application/yaml' } })
    expect(yaml.text).toMatch(/^kind: APIVersions\n/)
    const table = await call('/apis', { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } })
    expect(table.code).toBe(406)
  })

  it('of routes are said when none is accepted', async () => {
    const { code, body } = await call('/version', { headers: { accept: 'text/html' } })
    expect({ code, message: body.message }).toEqual({
      code: 406,
      message: '406: Not Acceptable\n\nAvailable representations: application/json',
    })
  })
})

it('nobody keeps an answer, and no browser guesses what a refusal is (WithCacheControl, responsewriters.Forbidden)', async () => {
  const server = await startTestServer()
  try {
    const bob = await callerOf(server, { name: 'bob', groups: [] })
    const page = await bob('/foo')
    expect(page).toMatchObject({
      code: 403,
      headers: { 'cache-control': 'no-cache, private', 'x-content-type-options': 'nosniff' },
      body: { message: 'forbidden: User "bob" cannot get path "/foo"', details: {} },
    })
    expect((await bob('/healthz')).headers['cache-control']).toBe('no-cache, private')
    const nobody = await callerOf(server)
    const unknown = await nobody('/api', { token: 'x' })
    expect(unknown.code).toBe(401)
    expect(unknown.headers['www-authenticate']).toBeUndefined()
  } finally {
    await server.close()
  }
})
