import { describe, expect, it } from 'vitest'
import { readAnnotations } from './annotations.ts'
import { ANNOTATION_PREFIX } from './names.ts'
import { prefixed } from './testing.ts'

const read = (annotations: Record<string, string>) => readAnnotations(prefixed(annotations), 'default')

describe('annotations', () => {
  it('have the defaults of ingress-nginx', () => {
    const { options, problems, ignored } = readAnnotations(undefined, 'default')
    expect(problems).toEqual([])
    expect(ignored).toEqual([])
    expect(options).toMatchObject({
      sslRedirect: true,
      forceSslRedirect: false,
      connectTimeout: 5,
      readTimeout: 60,
      sendTimeout: 60,
      bodySize: '1m',
      backendProtocol: 'HTTP',
    })
    expect(options.affinity ?? options.auth ?? options.cors ?? options.redirect).toBeUndefined()
  })

  it.each([
    [{ 'rewrite-target': '/$2' }, { rewriteTarget: '/$2', useRegex: true }],
    [{ 'rewrite-target': '/' }, { rewriteTarget: '/', useRegex: false }],
    [{ 'ssl-redirect': 'false' }, { sslRedirect: false }],
    [{ 'proxy-read-timeout': '3600' }, { readTimeout: 3600 }],
    [{ 'proxy-body-size': '8m' }, { bodySize: '8m' }],
    [{ 'backend-protocol': 'grpc' }, { backendProtocol: 'GRPC' }],
    [{ affinity: 'cookie' }, { affinity: { cookie: 'INGRESSCOOKIE', path: '/', secure: false } }],
    [
      { affinity: 'cookie', 'session-cookie-name': 'route', 'session-cookie-max-age': '60' },
      { affinity: { cookie: 'route', maxAge: 60 } },
    ],
    [{ 'whitelist-source-range': '10.0.0.0/8, ::1/128' }, { allow: ['10.0.0.0/8', '::1/128'] }],
    [{ 'permanent-redirect': 'https://example.com$request_uri' }, { redirect: { code: 301 } }],
    [
      { 'temporal-redirect': 'https://example.com', 'temporal-redirect-code': '307' },
      { redirect: { code: 307, url: 'https://example.com' } },
    ],
    [{ 'auth-type': 'basic', 'auth-secret': 'users' }, { auth: { secret: 'default/users', map: false } }],
    [{ 'enable-cors': 'true' }, { cors: { origins: ['*'], credentials: true } }],
    [{ 'limit-rps': '5' }, { limitRps: 5, limitBurst: 5 }],
    [{ 'server-alias': 'a.example.com,*.b.example.com' }, { aliases: ['a.example.com', '*.b.example.com'] }],
  ])('%j are understood', (annotations, expected) => {
    const { options, problems } = read(annotations as unknown as Record<string, string>)
    expect(problems).toEqual([])
    expect(options).toMatchObject(expected)
  })

  it.each([
    ['rewrite-target', '/a" ; return 200 "x'],
    ['rewrite-target', '/a;b'],
    ['rewrite-target', '/$remote_user'],
    ['rewrite-target', '/a\nb'],
    ['permanent-redirect', 'javascript:alert(1)'],
    ['permanent-redirect', 'https://example.com/$http_cookie'],
    ['temporal-redirect', 'https://a.example.com/;return 200'],
    ['proxy-read-timeout', '60s; deny all'],
    ['proxy-read-timeout', '-1'],
    ['proxy-body-size', '8m;'],
    ['backend-protocol', 'FCGI'],
    ['affinity', 'ip'],
    ['session-cookie-name', 'a b'],
    ['session-cookie-path', '/";'],
    ['whitelist-source-range', '10.0.0.0/8; allow all'],
    ['whitelist-source-range', '10.0.0.0/33'],
    ['whitelist-source-range', '300.1.1.1'],
    ['server-alias', 'a b; location / {}'],
    ['server-alias', '~^.*$'],
    ['app-root', 'relative'],
    ['app-root', '/$http_cookie'],
    ['upstream-vhost', 'a"; add_header X Y'],
    ['upstream-vhost', '$http_evil'],
    ['x-forwarded-prefix', '/a$b'],
    ['upstream-hash-by', '$request_uri; deny all'],
    ['auth-type', 'digest'],
    ['cors-allow-origin', 'https://a"; }'],
    ['cors-allow-methods', 'GET"; }'],
    ['limit-rps', '0'],
    ['ssl-redirect', 'maybe'],
  ])('%s with value %j is refused', (name, value) => {
    const { problems } = read({ [name]: value })
    expect(problems).toEqual([
      expect.stringContaining(`annotation ${ANNOTATION_PREFIX}${name} contains invalid value ${JSON.stringify(value)}`),
    ])
  })

  it('refuse snippets in the words of ingress-nginx', () => {
    expect(read({ 'configuration-snippet': 'return 200;' }).problems).toEqual([
      'nginx.ingress.kubernetes.io/configuration-snippet annotation cannot be used. Snippet directives are disabled by the Ingress administrator',
    ])
  })

  it('refuse secrets of other namespaces, and authentication without one', () => {
    expect(read({ 'auth-type': 'basic', 'auth-secret': 'other/users' }).problems).toEqual([
      'cross namespace secrets are not supported',
    ])
    expect(read({ 'auth-type': 'basic' }).problems).toHaveLength(1)
  })

  it('name those that have no effect', () => {
    expect(read({ canary: 'true', 'rewrite-target': '/' }).ignored).toEqual([`${ANNOTATION_PREFIX}canary`])
  })
})
