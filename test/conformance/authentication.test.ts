// Who a request is from: webhooks for tokens, keys of service accounts and how they are replaced, discovery of keys.
// Rules: k8s.io/apiserver/plugin/pkg/authenticator/token/webhook and k8s.io/kubernetes/pkg/serviceaccount.

import { createPublicKey, generateKeyPairSync, type JsonWebKey, verify } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readApiServerSettings } from '../../src/main/api-server-settings.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type Call, callerOf, type Reviewer, startReviewer } from './access-support.ts'

const directory = mkdtempSync(join(tmpdir(), 'authentication-'))
afterAll(() => rmSync(directory, { recursive: true }))

const SELF = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
const REVIEW = '/apis/authentication.k8s.io/v1/tokenreviews'
const TOKEN = '/api/v1/namespaces/default/serviceaccounts/default/token'

async function whoIs(nobody: Call, token: string) {
  const { code, body } = await nobody(SELF, { body: {}, token })
  return code === 201 ? body.status.userInfo : code
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
const headOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())

describe('a webhook for tokens', () => {
  let server: TestServer
  let reviewer: Reviewer
  let nobody: Call
  let admin: Call
  const issuer = 'https://kubernetes.default.svc.cluster.local'

  beforeAll(async () => {
    reviewer = await startReviewer(directory, 'tokens')
    reviewer.answer = ({ spec: { token } }) => {
      if (token === 'broken') return { code: 400 }
      if (token === 'strange') return { status: { authenticated: false, error: 'never seen' } }
      if (token === 'elsewhere')
        return { status: { authenticated: true, user: { username: 'x' }, audiences: ['vault'] } }
      if (token !== 'good') return { status: { authenticated: false } }
      const user = { username: 'kim', uid: 'u1', groups: ['crew'], extra: { 'example.org/team': ['a', 'b'] } }
      return { status: { authenticated: true, user } }
    }
    server = await startTestServer({
      flags: {
        'authentication-token-webhook-config-file': reviewer.kubeconfig,
        'authentication-token-webhook-version': 'v1',
      },
    })
    nobody = await callerOf(server)
    admin = await callerOf(server, { name: 'root', groups: ['system:masters'] })
  })
  afterAll(async () => {
    await server.close()
    await reviewer.close()
  })

  it('says who a token is of, and is asked once', async () => {
    const user = {
      username: 'kim',
      uid: 'u1',
      groups: ['crew', 'system:authenticated'],
      extra: { 'example.org/team': ['a', 'b'] },
    }
    expect(await whoIs(nobody, 'good')).toEqual(user)
    const before = reviewer.asked.length
    expect(await Promise.all([1, 2, 3].map(() => whoIs(nobody, 'good')))).toEqual([user, user, user])
    expect(reviewer.asked.length).toBe(before)
    expect(reviewer.asked[0]).toMatchObject({
      kind: 'TokenReview',
      apiVersion: 'authentication.k8s.io/v1',
      spec: { token: 'good', audiences: [issuer] },
    })
  })

  it('leaves other tokens unknown, and says so only once as well', async () => {
    expect(await whoIs(nobody, 'other')).toBe(401)
    const before = reviewer.asked.length
    expect(await whoIs(nobody, 'other')).toBe(401)
    expect(reviewer.asked.length).toBe(before)
  })

  it('refuses tokens that are for others, and what it does not answer as it should', async () => {
    expect(await whoIs(nobody, 'elsewhere')).toBe(401)
    expect(await whoIs(nobody, 'broken')).toBe(401)
    const before = reviewer.asked.length
    expect(await whoIs(nobody, 'broken')).toBe(401)
    expect(reviewer.asked.length).toBe(before + 1)
  })

  it('is asked in reviews, with the audiences that those name', async () => {
    const review = async (spec: object) => (await admin(REVIEW, { body: { spec } })).body.status
    expect(await review({ token: 'good' })).toMatchObject({
      authenticated: true,
      user: { username: 'kim' },
      audiences: [issuer],
    })
    expect(await review({ token: 'elsewhere', audiences: ['vault', 'other'] })).toMatchObject({
      authenticated: true,
      audiences: ['vault'],
    })
    expect(await review({ token: 'good', audiences: ['vault'] })).toEqual({ user: {}, error: 'invalid bearer token' })
    expect(await review({ token: 'strange' })).toEqual({
      user: {},
      error: '[invalid bearer token, never seen]',
    })
  })

  it('knows tokens that browsers name as a protocol of a WebSocket', async () => {
    const path = '/api/v1/namespaces/default/pods/none/exec?command=x'
    const opening = (token: string) => ({
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'sec-websocket-protocol': `v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`,
    })
    expect((await nobody(path, { headers: opening('other') })).code).toBe(401)
    const known = await nobody(path, { headers: opening('good') })
    expect(known.body.message).toContain('User "kim" cannot')
  })

  it('is not asked about tokens of service accounts', async () => {
    const { token } = (await admin(TOKEN, { body: {} })).body.status
    const before = reviewer.asked.length
    expect(await whoIs(nobody, token)).toMatchObject({ username: 'system:serviceaccount:default:default' })
    expect(reviewer.asked.length).toBe(before)
  })
})

describe('keys of service accounts', () => {
  const path = (name: string) => join(directory, name)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const pkcs8 = { type: 'pkcs8', format: 'pem' } as const
  const spki = { type: 'spki', format: 'pem' } as const

  beforeAll(() => {
    writeFileSync(path('rsa.key'), rsa.privateKey.export(pkcs8))
    writeFileSync(path('rsa.pub'), rsa.publicKey.export(spki))
    writeFileSync(path('ec.key'), ec.privateKey.export({ type: 'sec1', format: 'pem' }))
  })

  async function withServer<T>(
    flags: Record<string, string>,
    run: (server: TestServer, admin: Call, nobody: Call) => Promise<T>,
  ) {
    const server = await startTestServer({ flags })
    try {
      return await run(
        server,
        await callerOf(server, { name: 'root', groups: ['system:masters'] }),
        await callerOf(server),
      )
    } finally {
      await server.close()
    }
  }

  /** A token for the service account `default` as another server would sign it. */
  const uidOf = async (admin: Call) =>
    (await admin('/api/v1/namespaces/default/serviceaccounts/default')).body.metadata.uid

  it('sign with the algorithm of their kind; all are published and accepted', async () => {
    const flags = {
      'service-account-signing-key-file': path('ec.key'),
      'service-account-key-file': path('rsa.pub'),
      'service-account-issuer': 'https://new.example.org,https://old.example.org',
      'api-audiences': 'kube,https://new.example.org',
    }
    await withServer(flags, async (_server, admin, nobody) => {
      const { token } = (await admin(TOKEN, { body: {} })).body.status
      expect(headOf(token)).toMatchObject({ alg: 'ES384' })
      expect(claimsOf(token)).toMatchObject({
        iss: 'https://new.example.org',
        aud: ['kube', 'https://new.example.org'],
      })
      expect(await whoIs(nobody, token)).toMatchObject({ username: 'system:serviceaccount:default:default' })

      const discovery = await admin('/.well-known/openid-configuration')
      expect(discovery.headers).toMatchObject({
        'cache-control': 'public, max-age=3600',
        'content-type': 'application/json',
      })
      expect(discovery.body).toEqual({
        issuer: 'https://new.example.org',
        jwks_uri: expect.stringMatching(/^https:.*\/openid\/v1\/jwks$/),
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES384', 'RS256'],
      })
      const keys = await admin('/openid/v1/jwks')
      expect(keys.headers['content-type']).toBe('application/jwk-set+json')
      expect(keys.body.keys).toHaveLength(2)
      const [signing, old] = keys.body.keys
      expect(signing).toMatchObject({ use: 'sig', kty: 'EC', alg: 'ES384', crv: 'P-384', kid: headOf(token).kid })
      expect(old).toMatchObject({ use: 'sig', kty: 'RSA', alg: 'RS256', e: 'AQAB' })
      const [head, body, signature] = token.split('.')
      const key = createPublicKey({ key: signing as JsonWebKey, format: 'jwk' })
      const signed = Buffer.from(`${head}.${body}`)
      const made = Buffer.from(signature, 'base64url')
      expect(verify('sha384', signed, { key, dsaEncoding: 'ieee-p1363' }, made)).toBe(true)

      // What the old key signed in the name of the old issuer still counts.
      const { sign } = await import('node:crypto')
      const claims = { ...claimsOf(token), iss: 'https://old.example.org' }
      const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const unsigned = `${encode({ alg: 'RS256', kid: old.kid })}.${encode(claims)}`
      const by = (text: string) => `${text}.${sign('sha256', Buffer.from(text), rsa.privateKey).toString('base64url')}`
      expect(await whoIs(nobody, by(unsigned))).toMatchObject({ uid: await uidOf(admin) })
      const stranger = `${encode({ alg: 'RS256', kid: old.kid })}.${encode({ ...claims, iss: 'https://else.org' })}`
      expect(await whoIs(nobody, by(stranger))).toBe(401)
    })
  })

  it('are replaced without hurt, and count no more when they are gone', async () => {
    // One server stands for the others: tokens are made for its accounts by each key in turn.
    const first = { 'service-account-signing-key-file': path('rsa.key') }
    const { token, uid } = await withServer(first, async (_server, admin) => ({
      token: (await admin(TOKEN, { body: {} })).body.status.token as string,
      uid: (await uidOf(admin)) as string,
    }))
    const resigned = (flags: Record<string, string>) =>
      withServer(flags, async (_server, admin, nobody) => {
        const { sign } = await import('node:crypto')
        const claims = claimsOf(token)
        expect(claims['kubernetes.io'].serviceaccount.uid).toBe(uid)
        claims['kubernetes.io'].serviceaccount.uid = await uidOf(admin)
        const text = `${token.split('.')[0]}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
        return whoIs(nobody, `${text}.${sign('sha256', Buffer.from(text), rsa.privateKey).toString('base64url')}`)
      })
    const second = { 'service-account-signing-key-file': path('ec.key') }
    expect(
      await resigned({ ...second, 'service-account-key-file': `${path('rsa.pub')},${path('ec.key')}` }),
    ).toMatchObject({
      username: 'system:serviceaccount:default:default',
    })
    expect(await resigned(second)).toBe(401)
  })

  it('limit how long tokens last', async () => {
    await withServer({ 'service-account-max-token-expiration': '2h' }, async (_server, admin) => {
      const answer = await admin(TOKEN, { body: { spec: { expirationSeconds: 86400 } } })
      expect(answer.headers.warning).toContain('requested expiration of 86400 seconds shortened to 7200 seconds')
      expect(answer.body.spec.expirationSeconds).toBe(7200)
      const { exp, iat } = claimsOf(answer.body.status.token)
      expect(exp - iat).toBe(7200)
    })
  })

  it('extend tokens of pods that do not say how long', async () => {
    const claims = (flags: Record<string, string>) =>
      withServer(flags, async (_server, admin) => {
        await admin('/api/v1/namespaces/default/pods', {
          body: { metadata: { name: 'web' }, spec: { containers: [{ name: 'c', image: 'x' }] } },
        })
        const spec = { expirationSeconds: 3607, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'web' } }
        const { body } = await admin(TOKEN, { body: { spec } })
        expect(Date.parse(body.status.expirationTimestamp) - Date.now()).toBeLessThan(3_608_000)
        return claimsOf(body.status.token)
      })
    const extended = await claims({})
    expect(extended.exp - extended.iat).toBe(31_536_000)
    expect(extended['kubernetes.io'].warnafter - extended.iat).toBe(3607)
    const plain = await claims({ 'service-account-extend-token-expiration': 'false' })
    expect(plain.exp - plain.iat).toBe(3607)
    expect(plain['kubernetes.io'].warnafter).toBeUndefined()
  })

  it.each<[Record<string, string>, string]>([
    [{ 'service-account-issuer': ':foo' }, `service-account-issuer ":foo" contained a ':' but was not a valid URL`],
    [{ 'service-account-issuer': 'a,a' }, 'service-account-issuer "a" is already specified'],
    [
      { 'service-account-max-token-expiration': '1m' },
      'the service-account-max-token-expiration must be between 1 hour and 2^32 seconds',
    ],
    [{ 'service-account-jwks-uri': 'http://x' }, 'service-account-jwks-uri requires https scheme, parsed as: http://x'],
    [{ 'service-account-key-file': '/nowhere' }, 'cannot use --service-account-key-file=/nowhere: ENOENT'],
  ])('are refused when they are wrong: %o', (flags, message) => {
    expect(() => readApiServerSettings(flags)).toThrow(message)
  })
})
