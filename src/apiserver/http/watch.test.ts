// Watches and lists over the real listener: where they start, what they tell, and how they are resumed.

import { request } from 'node:https'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { configmaps } from '../../api/generated/resources.ts'
import { startTestServer, type TestServer } from '../../main/testing.ts'

interface Frame {
  type: string
  object: {
    metadata: { name?: string; resourceVersion: string; annotations?: Record<string, string> }
    code?: number
    reason?: string
  }
}

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const MAPS = '/api/v1/namespaces/default/configmaps'

/** Reads frames until `done` says so, or the server ends the stream. */
function watch(query: string, done: (frames: Frame[]) => boolean): Promise<{ code: number; frames: Frame[] }> {
  return new Promise((resolve, reject) => {
    const frames: Frame[] = []
    const { cert, key } = server.admin
    const outgoing = request(
      { host: '127.0.0.1', port: server.port, path: `${MAPS}?watch=1&${query}`, ca: server.ca, cert, key },
      (answer) => {
        let rest = ''
        const end = () => resolve({ code: answer.statusCode ?? 0, frames })
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) frames.push(JSON.parse(line))
          if (done(frames)) {
            outgoing.destroy()
            end()
          }
        })
        answer.on('end', end)
        // Ending early from our side is no failure.
        answer.on('error', end)
      },
    )
    outgoing.on('error', (error) => (outgoing.destroyed ? undefined : reject(error)))
    outgoing.end()
  })
}

const make = (name: string) => server.client.create(configmaps, { metadata: { name, namespace: 'default' } })
const names = (frames: Frame[]) => frames.map((f) => `${f.type} ${f.object.metadata.name ?? ''}`.trim())

it('sends the current state first, and marks its end when asked to', async () => {
  await make('a')
  await make('b')
  const query = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const { code, frames } = await watch(query, (f) => f.some((frame) => frame.type === 'BOOKMARK'))
  expect(code).toBe(200)
  const own = frames.filter((f) => ['a', 'b', undefined].includes(f.object.metadata.name))
  expect(names(own)).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK'])
  expect(own.at(-1)?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
})

it('resumes after a version without losing or repeating anything', async () => {
  const first = await make('c')
  await make('d')
  await server.client.patch(
    configmaps,
    { namespace: 'default', name: 'c' },
    { type: 'merge', patch: { data: { x: '1' } } },
  )
  await server.client.delete(configmaps, { namespace: 'default', name: 'd' })
  const { frames } = await watch(`resourceVersion=${first.metadata.resourceVersion}`, (f) => f.length >= 3)
  expect(names(frames)).toEqual(['ADDED d', 'MODIFIED c', 'DELETED d'])
  const versions = frames.map((f) => Number(f.object.metadata.resourceVersion))
  expect([...versions].sort((a, b) => a - b)).toEqual(versions)
})

it('watches one object by field selector and ends at the time-out', async () => {
  await make('e')
  const { code, frames } = await watch('fieldSelector=metadata.name=e&timeoutSeconds=1', () => false)
  expect(code).toBe(200)
  expect(names(frames)).toEqual(['ADDED e'])
})

it('tells a watcher who starts too far back to list again', async () => {
  // The window holds a few thousand events; push the first ones out of it.
  const keys = Array.from({ length: 100 }, (_, i) => ({ namespace: 'default', name: `busy-${i}` }))
  await Promise.all(keys.map((key) => make(key.name)))
  for (let n = 0; n < 90; n++) {
    const patch = { data: { n: `${n}` } }
    await Promise.all(keys.map((key) => server.client.patch(configmaps, key, { type: 'merge', patch })))
  }
  const { code, frames } = await watch('resourceVersion=1', () => true)
  expect(code).toBe(200)
  expect(frames[0]).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })
})

it('lets many writers change one object at the same time, and none is lost', async () => {
  const key = { namespace: 'default', name: 'a' }
  const fields = Array.from({ length: 100 }, (_, i) => `writer-${i}`)
  await Promise.all(
    fields.map((field) =>
      server.client.patch(configmaps, key, { type: 'merge', patch: { data: { [field]: 'here' } } }),
    ),
  )
  expect(Object.keys((await server.client.get(configmaps, key)).data ?? {})).toEqual(expect.arrayContaining(fields))
})
