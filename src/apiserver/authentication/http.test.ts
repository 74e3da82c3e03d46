import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request as send } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { CertificateAuthority } from '../../main/certificates.ts'
import { startTestServer, type TestServer } from '../../main/testing.ts'

interface Key {
  readonly kid: string
  readonly alg: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const rsa = (kid: string, alg = 'RS256'): Key => ({ kid, alg, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) })
const ec = (kid: string): Key => ({ kid, alg: 'ES384', ...generateKeyPairSync('ec', { namedCurve: 'P-384' }) })
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

function tokenOf({ kid, alg, privateKey }: Key, claims: object): string {
  const text = `${encode({ alg, kid, typ: 'JWT' })}.${encode(claims)}`
  const key = alg.startsWith('ES') ? { key: privateKey, dsaEncoding: 'ieee-p1363' as const } : privateKey
  return `${text}.${sign(`sha${alg.slice(2)}`, Buffer.from(text), key).toString('base64url')}`
}

/** An issuer of tokens; keys can be added while it runs. */
async function startIssuer(certificate: { cert: string; key: string }, keys: Key[]) {
  let asked = 0
  const server = createServer(certificate, (request, response) => {
    asked += 1
    const set = keys.map(({ kid, alg, publicKey }) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      alg,
      use: 'sig',
    }))
    const discovery = { issuer: url(), jwks_uri: `${url()}/keys` }
    response.end(JSON.stringify(request.url === '/keys' ? { keys: set } : discovery))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = () => `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url: url(), keys, asked: () => asked, close: () => server.close() }
}

describe('configured authentication', () => {
  const directory = mkdtempSync(join(tmpdir(), 'authn-'))
  const path = (name: string) => join(directory, name)
  let server: TestServer
  let issuer: Awaited<ReturnType<typeof startIssuer>>
  let proxies: CertificateAuthority
  let nobody: Agent
  const now = Math.floor(Date.now() / 1000)

  const call = (url: string, options: { agent?: Agent; headers?: object; body?: object } = {}) =>
    new Promise<{ code: number; body: Record<string, unknown> }>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', ...options.headers }
      const method = options.body ? 'POST' : 'GET'
      const request = send(`${server.url}${url}`, { method, agent: options.agent ?? nobody, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({ code: response.statusCode ?? 0, body: text.startsWith('{') ? JSON.parse(text) : { text } })
        })
      })
      request.on('error', reject)
      request.end(options.body && JSON.stringify(options.body))
    })
  const whoAmI = async (options: { agent?: Agent; headers?: object }) => {
    const review = await call('/apis/authentication.k8s.io/v1/selfsubjectreviews', { ...options, body: {} })
    return review.code === 201 ? (review.body.status as { userInfo: object }).userInfo : review.code
  }
  const withToken = (token: string) => whoAmI({ headers: { authorization: `Bearer ${token}` } })
  const claims = (more: object = {}) => ({ iss: issuer.url, aud: 'kube', sub: 'eve', exp: now + 600, ...more })

  beforeAll(async () => {
    proxies = await CertificateAuthority.open({ dir: directory, name: 'proxies', now: () => Date.now() })
    const idp = await CertificateAuthority.open({ dir: directory, name: 'idp', now: () => Date.now() })
    const certificate = await idp.sign({
      commonName: 'idp',
      organizations: [],
      usage: 'server',
      ipAddresses: ['127.0.0.1'],
    })
    issuer = await startIssuer(certificate, [rsa('one'), ec('two')])
    writeFileSync(path('tokens.csv'), 'abc123,carol,c1,"qa,system:nodes-not"\n')
    writeFileSync(path('proxy-ca.pem'), proxies.certificate)
    const config = {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AuthenticationConfiguration',
      jwt: [
        {
          issuer: { url: issuer.url, audiences: ['kube'], certificateAuthority: idp.certificate },
          claimMappings: {
            username: { claim: 'sub', prefix: 'idp:' },
            groups: { expression: 'has(claims.roles) ? claims.roles : []' },
          },
        },
      ],
      anonymous: { enabled: true, conditions: [{ path: '/livez' }] },
    }
    writeFileSync(path('authentication.json'), JSON.stringify(config))
    server = await startTestServer({
      flags: {
        'token-auth-file': path('tokens.csv'),
        'authentication-config': path('authentication.json'),
        'requestheader-client-ca-file': path('proxy-ca.pem'),
        'requestheader-allowed-names': 'front',
      },
    })
    nobody = new Agent({ ca: server.ca })
  })
  afterAll(async () => {
    nobody.destroy()
    issuer.close()
    await server.close()
    rmSync(directory, { recursive: true })
  })

  it('knows static tokens', async () => {
    const groups = ['qa', 'system:nodes-not', 'system:authenticated']
    expect(await withToken('abc123')).toEqual({ username: 'carol', uid: 'c1', groups })
    expect(await withToken('abc124')).toBe(401)
  })

  it('knows tokens of the issuer, whatever their key, and asks for keys once', async () => {
    for (const key of issuer.keys) {
      const token = tokenOf(key, claims({ roles: ['dev'] }))
      expect(await withToken(token)).toEqual({ username: 'idp:eve', groups: ['dev', 'system:authenticated'] })
    }
    expect(issuer.asked()).toBe(2)
  })

  it('refuses what is not right about them', async () => {
    const [one] = issuer.keys
    if (!one) throw new Error('no key')
    const bad = [
      claims({ aud: 'other' }),
      claims({ exp: now - 1 }),
      claims({ nbf: now + 900 }),
      claims({ exp: undefined }),
    ]
    for (const given of bad) expect(await withToken(tokenOf(one, given))).toBe(401)
  })

  it('refuses signatures of others', async () => {
    const stranger = { ...rsa('one') }
    expect(await withToken(tokenOf(stranger, claims()))).toBe(401)
    const [one] = issuer.keys
    const [head = '', body = ''] = tokenOf(stranger, claims()).split('.')
    expect(one).toBeDefined()
    expect(await withToken(`${encode({ alg: 'none' })}.${body}.`)).toBe(401)
    expect(await withToken(`${head}.${body}.`)).toBe(401)
  })

  it('asks again when a token names a new key', async () => {
    const next = rsa('three', 'RS512')
    issuer.keys.push(next)
    const token = tokenOf(next, claims())
    // The issuer is not asked more than once a second.
    await vi.waitFor(async () => expect(await withToken(token)).toMatchObject({ username: 'idp:eve' }), 5000)
  })

  it('reviews all of these tokens', async () => {
    const { cert, key } = server.admin
    const agent = new Agent({ ca: server.ca, cert, key })
    const review = async (token: string, audiences?: string[]) => {
      const body = { spec: { token, ...(audiences ? { audiences } : {}) } }
      return (await call('/apis/authentication.k8s.io/v1/tokenreviews', { agent, body })).body.status
    }
    expect(await review('abc123')).toMatchObject({ authenticated: true, user: { username: 'carol' } })
    expect(await review('abc123', ['elsewhere'])).toMatchObject({ error: expect.any(String) })
    expect(await review('wrong')).toMatchObject({ error: expect.any(String) })
    agent.destroy()
  })

  it('believes headers of a proxy with the right certificate, and of nobody else', async () => {
    const headers = {
      'x-remote-user': 'dave',
      'x-remote-group': ['a', 'b'],
      'x-remote-extra-example.org%2fteam': 'red',
    }
    const agentOf = async (authority: CertificateAuthority | undefined, commonName: string) => {
      const request = { commonName, organizations: ['system:masters'], usage: 'client' as const }
      const pair = authority ? await authority.sign(request) : await server.certificate(commonName, [])
      return new Agent({ ca: server.ca, cert: pair.cert, key: pair.key })
    }
    const front = await agentOf(proxies, 'front')
    expect(await whoAmI({ agent: front, headers })).toEqual({
      username: 'dave',
      groups: ['a', 'b', 'system:authenticated'],
      extra: { 'example.org/team': ['red'] },
    })
    // Neither is the proxy's certificate good for the proxy itself, nor one of the cluster for headers.
    expect(await whoAmI({ agent: front })).toBe(401)
    expect(await whoAmI({ agent: await agentOf(proxies, 'other'), headers })).toBe(401)
    expect(await whoAmI({ agent: await agentOf(undefined, 'front'), headers })).toMatchObject({ username: 'front' })
    expect(await whoAmI({ headers })).toBe(401)
  })

  it('leaves to the unknown what the configuration opens', async () => {
    expect((await call('/livez')).code).toBe(200)
    expect((await call('/version')).code).toBe(401)
  })
})

it.each([
  [{ 'token-auth-file': '/nonexistent' }, 'cannot use --token-auth-file=/nonexistent: ENOENT'],
  [{ 'oidc-issuer-url': 'https://x' }, 'oidc-issuer-url and oidc-client-id must be specified together'],
  [
    { 'oidc-issuer-url': 'https://x', 'oidc-client-id': 'c', 'oidc-signing-algs': 'HS256' },
    'Unsupported value: "HS256"',
  ],
  [{ 'anonymous-auth': 'maybe' }, '--anonymous-auth "maybe" must be true or false'],
])('a server with %o does not start', async (flags, message) => {
  await expect(startTestServer({ flags })).rejects.toThrow(message)
})
