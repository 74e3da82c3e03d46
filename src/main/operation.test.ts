import { connect } from 'node:http2'
import { expect, it, vi } from 'vitest'
import { callerOf } from '../../test/conformance/access-support.ts'
import { readApiServerSettings } from './api-server-settings.ts'
import { startTestServer, type TestServer } from './testing.ts'

async function withServer<T>(flags: Record<string, string>, run: (server: TestServer) => Promise<T>): Promise<T> {
  const server = await startTestServer({ flags })
  try {
    return await run(server)
  } finally {
    await server.close()
  }
}

const admin = (server: TestServer) => callerOf(server, { name: 'root', groups: ['system:masters'] })

it('keeps events as long as --event-ttl says', () =>
  withServer({ 'event-ttl': '2m0s' }, async (server) => {
    const grant = vi.spyOn(server.store, 'grantLease')
    const call = await admin(server)
    const involvedObject = { kind: 'Pod', name: 'web', namespace: 'default' }
    const body = { metadata: { name: 'web.1' }, involvedObject, reason: 'Tested', message: 'x', type: 'Normal' }
    expect((await call('/api/v1/namespaces/default/events', { body })).code).toBe(201)
    // A minute more, for the events that share the lease.
    expect(grant).toHaveBeenLastCalledWith(180)
  }))

it('ends watches that do not say how long after --min-request-timeout, within as long again', () =>
  withServer({ 'min-request-timeout': '1' }, async (server) => {
    const call = await admin(server)
    const started = Date.now()
    expect((await call('/api/v1/pods?watch=1')).code).toBe(200)
    const seconds = (Date.now() - started) / 1000
    expect(seconds).toBeGreaterThan(0.9)
    expect(seconds).toBeLessThan(3)
  }))

it('sends clients away now and then, with --goaway-chance, and still answers them', () =>
  withServer({ 'goaway-chance': '0.02' }, async (server) => {
    const { cert, key } = server.admin
    const session = connect(server.url, { ca: server.ca, cert, key })
    let away = false
    session.on('goaway', () => {
      away = true
    })
    const get = () =>
      new Promise<number>((resolve, reject) => {
        const stream = session.request({ ':path': '/livez' })
        let status = 0
        stream.on('response', (headers) => {
          status = Number(headers[':status'])
        })
        stream.resume()
        stream.on('end', () => resolve(status))
        stream.on('error', reject)
      })
    // 2000 requests that all stay have a chance of 3 in 10 to the 18th.
    for (let i = 0; i < 2000 && !away && !session.closed; i++) expect(await get()).toBe(200)
    expect(away || session.closed).toBe(true)
    session.close()
  }))

it('serves no profiles with --profiling=false', () =>
  withServer({ profiling: 'false' }, async (server) => {
    expect((await (await admin(server))('/debug/pprof/')).code).toBe(404)
  }))

it.each<[Record<string, string>, string]>([
  [{ 'goaway-chance': '0.5' }, '--goaway-chance can not be less than 0 or greater than 0.02'],
  [{ 'min-request-timeout': '-1' }, '--min-request-timeout can not be negative value'],
  [{ 'event-ttl': 'soon' }, '--event-ttl: time: invalid duration "soon"'],
  [{ profiling: 'maybe' }, '--profiling "maybe" must be true or false'],
])('refuses %o', (flags, message) => {
  expect(() => readApiServerSettings(flags)).toThrow(message)
})
