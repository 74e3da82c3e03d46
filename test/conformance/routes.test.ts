// Which paths and methods there are, and what the others are answered with: RequestInfoFactory and APIInstaller of
// k8s.io/apiserver, CurlyRouter of go-restful, director.ServeHTTP and crdHandler.ServeHTTP.

import { describe, expect, it } from 'vitest'
import { useServer } from './access-support.ts'
import { boats, CRDS } from './custom-resources/support.ts'

const call = useServer()
const MAPS = '/api/v1/namespaces/default/configmaps'
const NOT_FOUND = 'the server could not find the requested resource'
const NOT_ALLOWED = 'the server does not allow this method on the requested resource'

describe('what no route is for', () => {
  const cases: readonly [method: string, path: string, code: number, message: string, rule: string][] = [
    ['POST', `${MAPS}/a`, 405, NOT_ALLOWED, 'POST goes to collections'],
    ['PUT', MAPS, 405, NOT_ALLOWED, 'PUT goes to objects'],
    ['PATCH', MAPS, 405, NOT_ALLOWED, 'PATCH goes to objects'],
    ['OPTIONS', MAPS, 405, NOT_ALLOWED, 'there are no OPTIONS'],
    ['HEAD', MAPS, 405, '', 'HEAD is not GET'],
    ['POST', '/api/v1/configmaps', 405, NOT_ALLOWED, 'across namespaces there are only lists'],
    ['DELETE', '/api/v1/configmaps', 405, NOT_ALLOWED, 'across namespaces there are only lists'],
    ['GET', '/api/v1/configmaps/a', 404, NOT_FOUND, 'an object is in a namespace'],
    ['GET', '/api/v1/namespaces/default/nodes', 404, NOT_FOUND, 'what is cluster-wide is in none'],
    ['DELETE', '/api/v1/watch/configmaps', 405, NOT_ALLOWED, 'old watches are GET'],
    ['POST', '/api/v1/componentstatuses', 405, NOT_ALLOWED, 'what is worked out is not made'],
    ['GET', '/api/v1/namespaces/default/pods/a/binding', 405, NOT_ALLOWED, 'bindings are only made'],
    ['GET', `${MAPS}/a/status`, 404, NOT_FOUND, 'no such subresource'],
    ['GET', `${MAPS}/a%2Fstatus`, 404, NOT_FOUND, 'an escaped slash is a slash (req.URL.Path)'],
    ['GET', `/api/v1//namespaces/default/configmaps`, 404, NOT_FOUND, 'no part of a path is empty'],
    ['GET', `${MAPS}/`, 200, '', 'a slash at the end is nothing (TrimRightSlashEnabled)'],
    ['GET', `${MAPS}/a%25b`, 400, `Name parameter invalid: "a%b": may not contain '%'`, 'NamespaceKeyFunc'],
    ['GET', '/api/v1/namespaces/default/pods//status', 400, 'name must be provided', 'scope.Namer.Name'],
    ['POST', '/api/v1/namespaces/default/pods//status', 405, NOT_ALLOWED, 'a route is for a method, name or not'],
    ['GET', '/api/v1/namespaces//configmaps/a', 400, 'Namespace parameter required.', 'NamespaceKeyFunc'],
    ['GET', '/api/v1/foos', 404, NOT_FOUND, 'no such kind'],
    ['GET', '/apis/apps/v7/deployments', 404, NOT_FOUND, 'no such version of a group that there is'],
    ['POST', '/apis/apps/v1', 405, NOT_ALLOWED, 'what a group version has is read'],
    ['POST', '/version', 405, NOT_ALLOWED, 'the version is read'],
  ]
  it.each(cases)('%s %s: %i %s (%s)', async (method, path, code, message) => {
    const answer = await call(path, { method })
    expect(answer.code).toBe(code)
    if (code === 404 || code === 405) {
      const reason = code === 404 ? 'NotFound' : 'MethodNotAllowed'
      if (message !== '') expect(answer.body).toMatchObject({ kind: 'Status', message, reason, details: {}, code })
    } else if (message !== '') expect(answer.body.message).toBe(message)
  })

  const bodies: readonly [method: string, path: string, body: string, code: number, message: string, rule: string][] = [
    [
      'PUT',
      `${MAPS}/a?dryRun=x`,
      '[]',
      422,
      'UpdateOptions.meta.k8s.io',
      'options come before bodies (UpdateResource)',
    ],
    [
      'POST',
      `${MAPS}?fieldValidation=x`,
      '{',
      422,
      'CreateOptions.meta.k8s.io',
      'options before bodies (createHandler)',
    ],
    ['DELETE', `${MAPS}?resourceVersion=x`, '[]', 400, "couldn't get version/kind", 'versions come after bodies'],
    ['DELETE', `${MAPS}?resourceVersionMatch=Exact`, '[]', 422, 'ListOptions.meta.k8s.io', 'what goes together before'],
    ['DELETE', `${MAPS}/a`, '{"kind":[]}', 400, 'cannot unmarshal array into Go struct field .kind', 'kinds are texts'],
    [
      'GET',
      `${MAPS}?limit=1&continue=1870`,
      '',
      400,
      "invalid character '×' looking for",
      'bytes are named (quoteChar)',
    ],
    [
      'POST',
      '/api/v1/namespaces/default/pods/a/binding',
      '{}',
      400,
      'name in URL does not match',
      'BindingREST.Create',
    ],
    [
      'POST',
      '/api/v1/namespaces/default/pods/a/binding',
      '{"metadata":{"name":"a"}}',
      500,
      'target.name: Required value',
      'ValidatePodBinding, which is told as a plain failure',
    ],
    [
      'POST',
      '/api/v1/namespaces/default/pods/a/eviction?fieldValidation=Strict',
      '{"metadata":{"name":"a"},"spec":1}',
      400,
      'Eviction in version "v1" cannot be handled as a Eviction: strict decoding error: unknown field "spec"',
      'evictions are decoded strictly',
    ],
    [
      'POST',
      '/api/v1/namespaces/none/pods/a/eviction',
      '{"metadata":{"name":"a"}}',
      404,
      'namespaces "none" not found',
      'admission comes before the pod is looked for',
    ],
  ]
  it.each(bodies)('%s %s %s: %i %s (%s)', async (method, path, body, code, message) => {
    const answer = await call(path, { method, ...(body === '' ? {} : { body }) })
    expect(answer.code).toBe(code)
    expect(answer.body.message).toContain(message)
  })

  it.each(['/foo', '/apis/foo.example', '/apis/foo.example/v1', '/apis/foo.example/v1/foos', '/healthz/none'])(
    '%s is a page (http.NotFound)',
    async (path) => {
      const { code, text, headers } = await call(path)
      expect({ code, text }).toEqual({ code: 404, text: '404 page not found\n' })
      expect(headers).toMatchObject({
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
      })
    },
  )
})

describe('custom resources (crdHandler.ServeHTTP)', () => {
  it('have no routes, but a handler that answers by itself', async () => {
    const made = await call(CRDS, { body: boats('routes.example') })
    expect(made.code).toBe(201)
    const path = '/apis/routes.example/v1/namespaces/default/boats'
    const page = { code: 404, text: '404 page not found\n' }
    expect(await call('/apis/routes.example/v1/foos')).toMatchObject(page)
    expect(await call(path.replace('/v1/', '/v2/'))).toMatchObject(page)
    expect(await call('/apis/routes.example/v1/boats', { method: 'POST', body: {} })).toMatchObject(page)
    expect((await call('/apis/routes.example/v1/boats')).code).toBe(200)
    const unnamed = await call(path, { method: 'PUT', body: {} })
    expect(unnamed).toMatchObject({ code: 400, body: { message: 'name must be provided' } })
    const odd = await call(path, { method: 'OPTIONS' })
    expect(odd.code).toBe(405)
    const none = await call(`${path}/a/none`)
    expect(none.body).toMatchObject({ code: 404, message: 'boats.routes.example "a" not found' })
  })
})

describe('watches', () => {
  it.each(['1', 'true', 'yes', ''])('watch=%s is one (Convert_Slice_string_To_bool)', async (value) => {
    const { text } = await call(`${MAPS}?watch=${value}&timeoutSeconds=1&fieldSelector=metadata.name%3Dnone`)
    expect(text).toBe('')
  })
  it.each(['0', 'false', 'FALSE'])('watch=%s is a list', async (value) => {
    expect((await call(`${MAPS}?watch=${value}`)).body.kind).toBe('ConfigMapList')
  })
  it('of one object are of that one (listOpts)', async () => {
    const path = `/api/v1/watch/namespaces/default/configmaps/a?timeoutSeconds=1&fieldSelector=metadata.name%3D`
    const other = await call(`${path}b`)
    expect(other).toMatchObject({
      code: 400,
      body: { message: "fieldSelector metadata.name doesn't match requested name" },
    })
    expect((await call(`${path}a`)).code).toBe(200)
  })
})
