// Lists and watches over HTTP: what each combination of version, match, limit and token is answered with.
// Rules: https://kubernetes.io/docs/reference/using-api/api-concepts/ (the sections are named in the cases),
// ValidateListOptions of k8s.io/apimachinery and the storage package of k8s.io/apiserver.

import { request } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configmaps } from '../../src/api/generated/resources.ts'
import { startTestServer, type TestServer } from '../../src/main/testing.ts'

interface Meta {
  name?: string
  resourceVersion: string
  continue?: string
  remainingItemCount?: number
  annotations?: Record<string, string>
  labels?: Record<string, string>
}
interface Body {
  metadata: Meta
  items?: { metadata: Meta; data?: Record<string, string> }[]
  message?: string
  reason?: string
  details?: { causes?: { reason: string; field?: string }[]; retryAfterSeconds?: number }
}
interface Frame {
  type: string
  object: { metadata: Meta; data?: Record<string, string>; code?: number; reason?: string; message?: string }
}

let server: TestServer
/** Versions of the collection: after a, b and c; after the change of b; now. */
const at: Record<'made' | 'changed' | 'now', string> = { made: '', changed: '', now: '' }

const NAMESPACE = 'paged'
const MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`
const map = (name: string, more: object = {}) => ({ metadata: { name, namespace: NAMESPACE }, ...more })

beforeAll(async () => {
  server = await startTestServer()
  await call('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } })
  for (const name of ['a', 'b', 'c']) await server.client.create(configmaps, map(name, { data: { n: '1' } }))
  at.made = (await list('')).body.metadata.resourceVersion
  const key = { namespace: NAMESPACE, name: 'b' }
  const changed = await server.client.patch(configmaps, key, { type: 'merge', patch: { data: { n: '2' } } })
  at.changed = changed.metadata.resourceVersion
  await server.client.delete(configmaps, { namespace: NAMESPACE, name: 'a' })
  await server.client.create(configmaps, map('d', { data: { n: '1' } }))
  at.now = (await list('')).body.metadata.resourceVersion
})
afterAll(() => server.close())

function call(method: string, path: string, body?: object): Promise<{ code: number; body: Body }> {
  return new Promise((resolve, reject) => {
    const { cert, key } = server.admin
    const headers = body ? { 'content-type': 'application/json' } : {}
    const options = { host: '127.0.0.1', port: server.port, method, path, ca: server.ca, cert, key, headers }
    const outgoing = request(options, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('end', () => resolve({ code: answer.statusCode ?? 0, body: JSON.parse(text) }))
      answer.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body ? JSON.stringify(body) : undefined)
  })
}

const list = (query: string) => call('GET', `${MAPS}?${query}`)

/** Reads frames until there are `count`, or the server ends the stream. */
function watch(query: string, count: number): Promise<{ code: number; frames: Frame[] }> {
  return new Promise((resolve, reject) => {
    const frames: Frame[] = []
    const { cert, key } = server.admin
    const seconds = query.includes('timeoutSeconds') ? '' : '&timeoutSeconds=5'
    const path = `${MAPS}?watch=1&${query}${seconds}`
    const outgoing = request({ host: '127.0.0.1', port: server.port, path, ca: server.ca, cert, key }, (answer) => {
      let rest = ''
      const end = () => resolve({ code: answer.statusCode ?? 0, frames })
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) frames.push(JSON.parse(line))
        if (frames.length < count) return
        outgoing.destroy()
        end()
      })
      answer.on('end', end)
      answer.on('error', end)
    })
    outgoing.on('error', (error) => (outgoing.destroyed ? undefined : reject(error)))
    outgoing.end()
  })
}

const names = ({ items = [] }: Body) => items.map((i) => `${i.metadata.name}${i.data?.n ?? ''}`).join(' ')
const told = (frames: readonly Frame[]) => frames.map((f) => `${f.type} ${f.object.metadata.name ?? ''}`.trim())

describe('semantics for get and list', () => {
  const OWN = 'kube-root-ca.crt'
  /** `of`: which version the answer is of. */
  const answers: readonly [rule: string, query: (v: typeof at) => string, names: string, of: keyof typeof at][] = [
    ['unset, no limit: most recent', () => '', 'b2 c1 d1', 'now'],
    ['unset, limit: most recent', () => 'limit=2', 'b2 c1', 'now'],
    ['0, no limit: any', () => 'resourceVersion=0', 'b2 c1 d1', 'now'],
    ['0, limit: any, and all of it (computeListLimit)', () => 'resourceVersion=0&limit=1', 'b2 c1 d1', 'now'],
    ['version, no limit: not older than', (v) => `resourceVersion=${v.made}`, 'b2 c1 d1', 'now'],
    ['version, limit: exact (ShouldDelegateList)', (v) => `resourceVersion=${v.made}&limit=9`, 'a1 b1 c1', 'made'],
    ['NotOlderThan', (v) => `resourceVersion=${v.made}&resourceVersionMatch=NotOlderThan`, 'b2 c1 d1', 'now'],
    [
      'NotOlderThan with limit',
      (v) => `resourceVersion=${v.made}&resourceVersionMatch=NotOlderThan&limit=1`,
      'b2',
      'now',
    ],
    ['NotOlderThan 0: any', () => 'resourceVersion=0&resourceVersionMatch=NotOlderThan', 'b2 c1 d1', 'now'],
    ['Exact', (v) => `resourceVersion=${v.made}&resourceVersionMatch=Exact`, 'a1 b1 c1', 'made'],
    ['Exact, in between', (v) => `resourceVersion=${v.changed}&resourceVersionMatch=Exact`, 'a1 b2 c1', 'changed'],
    ['Exact, now', (v) => `resourceVersion=${v.now}&resourceVersionMatch=Exact`, 'b2 c1 d1', 'now'],
    ['Exact with limit', (v) => `resourceVersion=${v.made}&resourceVersionMatch=Exact&limit=1`, 'a1', 'made'],
  ]
  for (const [rule, query, expected, of] of answers) {
    it(rule, async () => {
      const { code, body } = await list(query(at))
      expect({ code, names: names(body).replace(`${OWN} `, '') }).toEqual({ code: 200, names: expected })
      expect(body.metadata.resourceVersion).toBe(at[of])
    })
  }

  const FUTURE = '999999999'
  const INVALID = 'ListOptions.meta.k8s.io "" is invalid: '
  const token = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url')
  const V1 = 'meta.k8s.io/v1'
  const refusals: readonly [rule: string, query: string, code: number, message: string][] = [
    [
      'ValidateListOptions: a match needs a version',
      'resourceVersionMatch=Exact',
      422,
      `${INVALID}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided`,
    ],
    [
      'ValidateListOptions: no match with a token',
      'resourceVersionMatch=Exact&resourceVersion=1&continue=x',
      422,
      `${INVALID}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided`,
    ],
    [
      'ValidateListOptions: two ways to match',
      'resourceVersionMatch=Newest&resourceVersion=1',
      422,
      `${INVALID}resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""`,
    ],
    [
      'ValidateListOptions: 0 is not exact',
      'resourceVersionMatch=Exact&resourceVersion=0',
      422,
      `${INVALID}resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"`,
    ],
    [
      'ValidateListOptions: every problem is told',
      'resourceVersionMatch=Newest',
      422,
      `${INVALID}[resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided, resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""]`,
    ],
    [
      'ValidateListOptions: initial events are for watches',
      'sendInitialEvents=true',
      422,
      `${INVALID}sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list`,
    ],
    [
      'ValidateListOptions: no version with a token',
      `resourceVersion=5&continue=${token({ v: V1, rv: 5, start: 'a' })}`,
      400,
      'specifying resource version is not allowed when using continue',
    ],
    [
      'DecodeContinue: no base64',
      'continue=a.b',
      400,
      'invalid continue token: continue key is not valid: illegal base64 data at input byte 1',
    ],
    [
      'DecodeContinue: version of the token',
      `continue=${token({ v: 'v2', rv: 5, start: 'a' })}`,
      400,
      'invalid continue token: continue key is not valid: server does not recognize this encoded version v2',
    ],
    [
      'DecodeContinue: no version of the list',
      `continue=${token({ v: V1, rv: 0, start: 'a' })}`,
      400,
      'invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    ],
    [
      'DecodeContinue: no key',
      `continue=${token({ v: V1, rv: 5, start: '' })}`,
      400,
      'invalid continue token: continue key is not valid: encoded start key empty (version meta.k8s.io/v1)',
    ],
    [
      'DecodeContinue: keys of other lists',
      `continue=${token({ v: V1, rv: 5, start: '../../secrets' })}`,
      400,
      'invalid continue token: continue key is not valid: ../../secrets',
    ],
    [
      'interpretListError',
      'resourceVersion=1&resourceVersionMatch=Exact',
      410,
      'The resourceVersion for the provided list is too old.',
    ],
    [
      'interpretListError: legacy exact',
      'resourceVersion=1&limit=1',
      410,
      'The resourceVersion for the provided list is too old.',
    ],
  ]
  for (const [rule, query, code, message] of refusals) {
    it(rule, async () => {
      const answer = await list(query)
      expect({ code: answer.code, message: answer.body.message }).toEqual({ code, message })
    })
  }

  it.each(['', '&resourceVersionMatch=NotOlderThan', '&resourceVersionMatch=Exact', '&limit=1'])(
    'a version that has not happened times out (NewTooLargeResourceVersionError)%s',
    async (more) => {
      const { code, body } = await list(`resourceVersion=${FUTURE}${more}`)
      expect(code).toBe(504)
      expect(body).toMatchObject({ reason: 'Timeout', details: { retryAfterSeconds: 1 } })
      expect(body.message).toContain(`Too large resource version: ${FUTURE}, current: `)
      expect(body.details?.causes?.[0]?.reason).toBe('ResourceVersionTooLarge')
    },
  )
})

describe('retrieving large results sets in chunks', () => {
  it('goes on with the state of the first page, and counts what remains (PrepareContinueToken)', async () => {
    const first = (await list('limit=1')).body
    expect(first.metadata.remainingItemCount).toBe(2)
    await server.client.create(configmaps, map('bb'))
    const second = (await list(`limit=1&continue=${first.metadata.continue}`)).body
    expect(second.metadata).toMatchObject({ resourceVersion: first.metadata.resourceVersion, remainingItemCount: 1 })
    const third = (await list(`limit=1&continue=${second.metadata.continue}`)).body
    expect([first, second, third].map(names)).toEqual(['b2', 'c1', 'd1'])
    expect(third.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion })
    await server.client.delete(configmaps, { namespace: NAMESPACE, name: 'bb' })
  })

  it('does not count what remains of a selection', async () => {
    const { metadata } = (await list('limit=1&fieldSelector=metadata.name!%3Dnone')).body
    expect(metadata.continue).toBeDefined()
    expect(metadata.remainingItemCount).toBeUndefined()
  })

  it('answers an expired token with one that goes on inconsistently (handleCompactedErrorForPaging)', async () => {
    const old = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: 1, start: 'c' })).toString('base64url')
    const { code, body } = await list(`limit=1&continue=${old}`)
    expect({ code, reason: body.reason }).toEqual({ code: 410, reason: 'Expired' })
    expect(body.message).toContain('The provided continue parameter is too old to display a consistent list result.')
    const decoded = JSON.parse(Buffer.from(body.metadata.continue ?? '', 'base64url').toString())
    expect(decoded).toEqual({ v: 'meta.k8s.io/v1', rv: -1, start: 'c' })
    const next = await list(`limit=1&continue=${body.metadata.continue}`)
    expect({ code: next.code, names: names(next.body) }).toEqual({ code: 200, names: 'c1' })
    expect(Number(next.body.metadata.resourceVersion)).toBeGreaterThan(1)
  })
})

describe('semantics for watch', () => {
  it('unset and 0: the state, then what happens', async () => {
    for (const query of ['', 'resourceVersion=0']) {
      expect(told((await watch(query, 3)).frames)).toEqual(['ADDED b', 'ADDED c', 'ADDED d'])
    }
  })

  it('version: what happened after it', async () => {
    const { frames } = await watch(`resourceVersion=${at.made}`, 3)
    expect(told(frames)).toEqual(['MODIFIED b', 'DELETED a', 'ADDED d'])
    // A deleted object is told with the version of its deletion.
    expect(Number(frames[1]?.object.metadata.resourceVersion)).toBeGreaterThan(Number(at.changed))
    expect(frames[1]?.object.data).toEqual({ n: '1' })
  })

  it('too old: 410 in the stream, with the reason Expired', async () => {
    const { code, frames } = await watch('resourceVersion=1', 9)
    expect(code).toBe(200)
    expect(frames).toMatchObject([{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }])
    expect(frames[0]?.object.message).toMatch(/^too old resource version: 1 \(\d+\)$/)
  })

  it('of one name, by field selector and by path', async () => {
    expect(told((await watch('fieldSelector=metadata.name%3Dc', 1)).frames)).toEqual(['ADDED c'])
  })

  it('an object that stops matching is deleted as it last matched (convertToWatchEvent)', async () => {
    const key = { namespace: NAMESPACE, name: 'c' }
    const label = (on: string, n: string) =>
      server.client.patch(configmaps, key, { type: 'merge', patch: { metadata: { labels: { on } }, data: { n } } })
    const { resourceVersion } = (await list('')).body.metadata
    await label('yes', '3')
    await label('yes', '4')
    const last = await label('no', '5')
    await label('no', '6')
    await label('yes', '7')
    const { frames } = await watch(`resourceVersion=${resourceVersion}&labelSelector=on%3Dyes`, 4)
    expect(told(frames)).toEqual(['ADDED c', 'MODIFIED c', 'DELETED c', 'ADDED c'])
    expect(frames[2]?.object).toMatchObject({
      metadata: { labels: { on: 'yes' }, resourceVersion: last.metadata.resourceVersion },
      data: { n: '4' },
    })
  })

  it('ends at its time-out', async () => {
    const { code, frames } = await watch('timeoutSeconds=1&fieldSelector=metadata.name%3Dnone', 1)
    expect({ code, frames }).toEqual({ code: 200, frames: [] })
  }, 10_000)
})

describe('streaming lists', () => {
  const INITIAL = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan'

  it.each(['', '&resourceVersion=0', '&resourceVersion=made'])(
    'the state, and a bookmark that marks its end%s',
    async (version) => {
      const query = `${INITIAL}&allowWatchBookmarks=true${version.replace('made', at.made)}`
      const { frames } = await watch(query, 4)
      expect(told(frames)).toEqual(['ADDED b', 'ADDED c', 'ADDED d', 'BOOKMARK'])
      const { metadata } = frames[3]?.object ?? { metadata: { resourceVersion: '0' } }
      expect(metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
      expect(Number(metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(at.now))
    },
  )

  it('no bookmark for who allows none', async () => {
    expect(told((await watch(`${INITIAL}&timeoutSeconds=1`, 4)).frames)).toEqual(['ADDED b', 'ADDED c', 'ADDED d'])
  }, 10_000)

  it('no state for who wants none, from now (getAllEventsSinceLocked)', async () => {
    const none = 'sendInitialEvents=false&resourceVersionMatch=NotOlderThan&timeoutSeconds=1'
    for (const version of ['', '&resourceVersion=0']) expect((await watch(none + version, 1)).frames).toEqual([])
  }, 10_000)

  const refusals: readonly [query: string, message: string][] = [
    [
      'sendInitialEvents=true',
      'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    ],
    [
      'resourceVersionMatch=NotOlderThan',
      'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    ],
    [
      'sendInitialEvents=true&resourceVersionMatch=Exact',
      '[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]',
    ],
  ]
  it.each(refusals)('refuses %s (validateWatchOptions)', async (query, message) => {
    const { code, body } = await list(`watch=1&${query}`)
    expect({ code, message: body.message }).toEqual({
      code: 422,
      message: `ListOptions.meta.k8s.io "" is invalid: ${message}`,
    })
  })

  it('times out for a version that has not happened', async () => {
    const { code, body } = await list(`watch=1&${INITIAL}&resourceVersion=999999999`)
    expect({ code, reason: body.reason }).toEqual({ code: 504, reason: 'Timeout' })
  })

  it('waits for a version that is still to come, and tells what follows it', async () => {
    const { body } = await list('')
    const from = Number(body.metadata.resourceVersion) + 2
    const watching = watch(`resourceVersion=${from}&timeoutSeconds=10`, 1)
    let newest = 0
    for (let i = 0; newest <= from; i++) {
      const made = await server.client.create(configmaps, map(`later-${i}`))
      newest = Number(made.metadata.resourceVersion)
    }
    const { code, frames } = await watching
    expect(code).toBe(200)
    expect(Number(frames[0]?.object.metadata.resourceVersion)).toBeGreaterThan(from)
  })

  it('lists as soon as a version has come', async () => {
    const { body } = await list('')
    const next = Number(body.metadata.resourceVersion) + 1
    const listing = list(`resourceVersion=${next}`)
    await server.client.create(configmaps, map('in-time'))
    expect((await listing).code).toBe(200)
  })
})
