// Requests that nobody would send: none is answered with 5xx, hangs, or leaves something behind when it fails.
// FUZZ_REQUESTS=100000 is the long form. The requests are the same every time unless FUZZ_SEED says which others.

import { type ClientHttp2Session, connect } from 'node:http2'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'
import { type OddRequest, oddRequest } from './odd-requests.ts'

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 5000)
const SEED = Number(process.env.FUZZ_SEED ?? 1)
const ANSWER_WITHIN_MS = 20_000
/** What the server may keep of the second half of a run: the few objects that were stored, and bounded caches. */
const GROWTH_BYTES = 16 * 1024 * 1024

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function memoryInUse(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/**
 * Some requests that are wrong are upstream's own failures there: plain errors, which have no reason
 * (`npm run differential` shows them). Failures of ours say that something internal went wrong.
 */
const isUpstreams = (code: number, text: string) =>
  code === 500 && (!/InternalError|Internal error/.test(text) || TOLD_AS_INTERNAL.test(text))
const TOLD_AS_INTERNAL = /failed to create typed patch object|invalid resource name/

describe('requests that nobody would send', () => {
  let server: TestServer
  let session: ClientHttp2Session
  const written: string[] = []
  beforeAll(async () => {
    server = await startTestServer()
    const { ca, admin } = server
    session = connect(server.url, { ca, cert: admin.cert, key: admin.key })
    server.store.subscribe((event) => written.push(event.type === 'put' ? event.kv.key : event.key))
  })
  afterAll(async () => {
    session?.destroy()
    await server?.close()
  })

  const send = ({ method, path, headers, body }: OddRequest): Promise<{ code: number; text: string }> =>
    new Promise((resolve, reject) => {
      const request = session.request({ ':method': method, ':path': path, ...headers }, { endStream: body === '' })
      const chunks: Buffer[] = []
      let code = 0
      const late = setTimeout(() => reject(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`)), ANSWER_WITHIN_MS)
      request.on('response', (answer) => {
        code = answer[':status'] ?? 0
      })
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('error', reject)
      request.on('close', () => {
        clearTimeout(late)
        resolve({ code, text: Buffer.concat(chunks).toString() })
      })
      if (body !== '') request.end(body)
    })

  it(
    `answers ${REQUESTS} of them`,
    async () => {
      const codes = new Map<number, number>()
      const run = (count: number, seed: number) =>
        fc.assert(
          fc.asyncProperty(oddRequest, async (each) => {
            written.length = 0
            const { code, text } = await send(each)
            codes.set(code, (codes.get(code) ?? 0) + 1)
            if (code < 200 || (code >= 500 && !isUpstreams(code, text)))
              throw new Error(`${code}: ${text.slice(0, 2000)}`)
            if (code < 400) return
            expect(written).toEqual([])
            if (each.method !== 'HEAD' && text.startsWith('{')) {
              expect(JSON.parse(text)).toMatchObject({ kind: 'Status', status: 'Failure', code })
            }
          }),
          { numRuns: count, seed },
        )
      await run(REQUESTS / 2, SEED)
      const before = memoryInUse()
      await run(REQUESTS / 2, SEED + 1)
      expect(memoryInUse() - before).toBeLessThan(GROWTH_BYTES)
      // Not only refusals: the made-up requests come near enough to real ones.
      const accepted = [...codes].filter(([code]) => code < 300).reduce((sum, [, n]) => sum + n, 0)
      expect(accepted).toBeGreaterThan(REQUESTS / 50)
    },
    120_000 + REQUESTS * 100,
  )
})
