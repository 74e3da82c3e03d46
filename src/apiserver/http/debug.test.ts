import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Call, callerOf } from '../../../test/conformance/access-support.ts'
import { startTestServer, type TestServer } from '../../main/testing.ts'

describe('pages under /debug', () => {
  let server: TestServer
  let admin: Call
  let ann: Call

  beforeAll(async () => {
    server = await startTestServer({ flags: { 'event-ttl': '2m', 'goaway-chance': '0.02' } })
    admin = await callerOf(server, { name: 'root', groups: ['system:masters'] })
    ann = await callerOf(server, { name: 'ann' })
  })
  afterAll(() => server.close())

  it('are not for everyone', async () => {
    for (const path of ['/debug/pprof/', '/debug/pprof/profile', '/debug/flags/v']) {
      const { code, body } = await ann(path)
      expect([code, body.message]).toEqual([403, `forbidden: User "ann" cannot get path "${path}"`])
    }
  })

  it('list profiles and say what there is none of', async () => {
    expect((await admin('/debug/pprof')).headers.location).toBe('/debug/pprof/')
    expect((await admin('/debug/pprof/')).text).toContain('<a href="profile">')
    const unknown = await admin('/debug/pprof/goroutine')
    expect(unknown.code).toBe(404)
    expect(unknown.text).toMatch(/^Unknown profile: there are no goroutines here/)
    const nothing = await admin('/debug/pprof/nothing')
    expect([nothing.code, nothing.text]).toEqual([404, 'Unknown profile\n'])
    expect((await admin('/debug/pprof/symbol')).text).toBe('num_symbols: 0\n')
    expect((await admin('/debug/pprof/profile?seconds=x')).code).toBe(400)
    expect((await admin('/logs')).code).toBe(404)
  })

  it('turn verbosity only where that can be turned, and only with PUT', async () => {
    expect((await admin('/debug/flags/')).text).toContain('<tr>v<br>')
    // This server's log has one level.
    expect((await admin('/debug/flags/v', { method: 'PUT', body: '4' })).code).toBe(404)
    expect((await admin('/debug/flags/v')).code).toBe(406)
  })

  it('measure', async () => {
    const { default: https } = await import('node:https')
    const fetched = (path: string) =>
      new Promise<Buffer>((resolve, reject) => {
        const { cert, key } = server.admin
        https
          .get(`${server.url}${path}`, { ca: server.ca, cert, key }, (response) => {
            const chunks: Buffer[] = []
            response.on('data', (chunk: Buffer) => chunks.push(chunk))
            response.on('end', () => resolve(gunzipSync(Buffer.concat(chunks))))
          })
          .on('error', reject)
      })
    const measuring = fetched('/debug/pprof/profile?seconds=0.5')
    for (let i = 0; i < 100; i++) await admin('/api/v1/namespaces')
    const cpu = await measuring
    expect(cpu.includes('nanoseconds')).toBe(true)
    expect(cpu.includes('serve')).toBe(true)
    const heap = await fetched('/debug/pprof/heap?seconds=0.1')
    expect(['inuse_objects', 'inuse_space', 'count', 'bytes'].every((name) => heap.includes(name))).toBe(true)
    const measuringAllocations = fetched('/debug/pprof/allocs?seconds=0.3')
    for (let i = 0; i < 50; i++) await admin('/api/v1/namespaces')
    const allocations = await measuringAllocations
    expect(['alloc_objects', 'alloc_space'].every((name) => allocations.includes(name))).toBe(true)
    expect(allocations.includes('inuse_space')).toBe(false)
  })
})
