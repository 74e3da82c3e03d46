import { afterAll, beforeAll, expect, it } from 'vitest'
import { configmaps, pods, serviceaccounts } from '../api/generated/resources.ts'
import { createHttpsClient, type HttpsClient } from '../client/https-client.ts'
import { Informer } from '../client/informer.ts'
import { systemClock } from '../machinery/clock.ts'
import { isReason } from '../machinery/errors.ts'
import { silentLogger } from '../machinery/logger.ts'
import { startTestServer, type TestServer } from './testing.ts'

let server: TestServer
let client: HttpsClient
const namespace = 'default'

beforeAll(async () => {
  server = await startTestServer()
  client = createHttpsClient({ server: server.url, ca: server.ca, credentials: server.admin, clock: systemClock })
})
afterAll(async () => {
  client.close()
  await server.close()
})

it('creates, reads, lists, updates, patches and deletes as the client in the process does', async () => {
  const made = await client.create(configmaps, { metadata: { name: 'a', namespace }, data: { n: '1' } })
  expect(made).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', data: { n: '1' } })
  expect(await client.get(configmaps, { namespace, name: 'a' })).toEqual(made)
  const updated = await client.update(configmaps, { ...made, data: { n: '2' } })
  expect(updated.data).toEqual({ n: '2' })
  const patched = await client.patch(
    configmaps,
    { namespace, name: 'a' },
    { type: 'merge', patch: { data: { m: '3' } } },
  )
  expect(patched.data).toEqual({ n: '2', m: '3' })
  const { items, resourceVersion } = await client.list(configmaps, { namespace, fieldSelector: 'metadata.name=a' })
  expect(items).toEqual([patched])
  expect(Number(resourceVersion)).toBeGreaterThanOrEqual(Number(patched.metadata.resourceVersion))
  await client.delete(configmaps, { namespace, name: 'a' }, { preconditions: { uid: made.metadata.uid } })
  await expect(client.get(configmaps, { namespace, name: 'a' })).rejects.toSatisfy((e) => isReason(e, 'NotFound'))
})

it('rejects with the Status that the server gave', async () => {
  const made = await client.create(configmaps, { metadata: { name: 'b', namespace } })
  await client.patch(
    configmaps,
    { namespace, name: 'b' },
    { type: 'json', patch: [{ op: 'add', path: '/data', value: { x: 'y' } }] },
  )
  const stale = client.update(configmaps, { ...made, data: { n: '2' } })
  await expect(stale).rejects.toSatisfy((e) => isReason(e, 'Conflict') && e.code === 409)
})

it('asks for a token through a subresource', async () => {
  const answer = await client.createSubresource<{ status: { token: string } }>(
    serviceaccounts,
    { namespace, name: 'default' },
    'token',
    { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec: { expirationSeconds: 600 } },
  )
  const other = createHttpsClient({
    server: server.url,
    ca: server.ca,
    credentials: { token: answer.status.token },
    clock: systemClock,
  })
  await expect(other.list(pods, { namespace })).rejects.toThrow('system:serviceaccount:default:default')
  other.close()
})

it('watches until told to stop, and goes on after the server was restarted', { timeout: 20_000 }, async () => {
  const stop = new AbortController()
  const informer = new Informer({ client, clock: systemClock, log: silentLogger }, configmaps, { namespace })
  const seen = (name: string) =>
    new Promise<void>((resolve) =>
      informer.subscribe({
        add: (object) => {
          if (object.metadata.name === name) resolve()
        },
      }),
    )
  const running = informer.run(stop.signal)
  await informer.waitForSync()
  const first = seen('before')
  await server.client.create(configmaps, { metadata: { name: 'before', namespace } })
  await first
  await server.restart()
  const second = seen('after')
  await server.client.create(configmaps, { metadata: { name: 'after', namespace } })
  await second
  stop.abort()
  await running
})

it('refuses a server that another authority signed', async () => {
  const ca = (await import('node:tls')).rootCertificates[0] ?? ''
  const other = createHttpsClient({ server: server.url, ca, credentials: server.admin, clock: systemClock })
  await expect(other.raw('/readyz')).rejects.toThrow(/certificate/)
  other.close()
})
