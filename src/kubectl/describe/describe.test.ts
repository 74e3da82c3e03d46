import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it, describe as suite } from 'vitest'
import { notFound, StatusError } from '../../machinery/errors.ts'
import type { KubeObject } from '../object.ts'
import { parseCertificateRequest } from './certificate-request.ts'
import { probeText } from './containers.ts'
import { dateText, plainDateText } from './format.ts'
import { labelOf } from './generic.ts'
import { type DescribeReader, describe } from './index.ts'
import { compactRules } from './rbac.ts'
import { createPrefixWriter } from './writer.ts'

/** Objects, what was read to describe them, and the text, which stock kubectl 1.35 wrote just so. */
interface Recording {
  readonly now: number
  readonly object: KubeObject
  readonly reads: readonly {
    readonly get?: unknown
    readonly list?: unknown
    readonly options?: unknown
    readonly answer?: KubeObject
    readonly items?: KubeObject[]
    readonly error?: ConstructorParameters<typeof StatusError>[0]
  }[]
  readonly text: readonly string[]
}

const directory = new URL('./recordings/', import.meta.url)

function readerOf(reads: Recording['reads']): DescribeReader {
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
  return {
    async get(path) {
      const read = reads.find((r) => r.get && same(r.get, path))
      if (read?.answer) return read.answer
      throw new StatusError(read?.error ?? { message: `not recorded: ${JSON.stringify(path)}` })
    },
    async list(path, options = {}) {
      const read = reads.find((r) => r.list && same(r.list, path) && same(r.options, options))
      if (read?.items) return read.items
      throw new Error(`not recorded: ${JSON.stringify([path, options])}`)
    },
  }
}

const zone = process.env.TZ
beforeAll(() => {
  process.env.TZ = 'UTC'
})
afterAll(() => {
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
})

suite('describe', () => {
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'))
  it.each(names)('%s', async (name) => {
    const recording = JSON.parse(readFileSync(new URL(name, directory), 'utf8')) as Recording
    const { object, now, reads, text } = recording
    expect((await describe(object, readerOf(reads), { showEvents: true, now })).split('\n')).toEqual(text)
  })

  const now = Date.parse('2026-01-01T00:01:00Z')
  const lone = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a', namespace: 'b' } }
  const HEAD = 'Name:                a\nNamespace:           b\nLabels:              <none>\n'
  const BODY = `${HEAD}Annotations:         <none>\nImage pull secrets:  <none>\n`
  const refusing: DescribeReader = {
    get: async () => Promise.reject(notFound({ group: '', resource: 'x' }, 'a')),
    list: async () => Promise.reject(notFound({ group: '', resource: 'events' }, '')),
  }

  it('leaves events out on demand', async () => {
    expect(await describe(lone, refusing, { showEvents: false, now })).toBe(BODY)
  })

  it('shows no events where they cannot be read', async () => {
    expect(await describe(lone, refusing, { showEvents: true, now })).toBe(`${BODY}Events:              <none>\n`)
  })

  it('shows events oldest first, with how often they happened', async () => {
    const event = { type: 'Normal', reason: 'R', source: { component: 'c' }, involvedObject: {} }
    const at = (second: number) => `2026-01-01T00:00:${second}Z`
    const events = [
      { ...event, message: 'b ', count: 4, firstTimestamp: at(10), lastTimestamp: at(57) },
      { ...event, message: 'a', count: 1, firstTimestamp: at(50), lastTimestamp: at(50) },
      {
        ...event,
        source: {},
        reportingComponent: 'new',
        eventTime: at(20),
        message: 'n',
        involvedObject: { fieldPath: 'p' },
      },
    ]
    const reader = { ...refusing, list: async () => events as unknown as KubeObject[] }
    const text = await describe(lone, reader, { showEvents: true, now })
    expect(text.slice(BODY.length)).toBe(
      'Events:\n' +
        '  Type    Reason  Age               From  Message\n' +
        '  ----    ------  ----              ----  -------\n' +
        '  Normal  R       40s               new   p: n\n' +
        '  Normal  R       10s               c     a\n' +
        '  Normal  R       3s (x4 over 50s)  c     b\n',
    )
  })
})

suite('probeText', () => {
  const timing = 'delay=0s timeout=1s period=10s #success=1 #failure=3'
  const base = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }
  it.each([
    [{ httpGet: { scheme: 'HTTPS', host: '::1', port: 'web', path: 'a b?c' } }, 'http-get https://[::1]:web/a%20b%3Fc'],
    [{ httpGet: { scheme: 'HTTP', port: 80, path: '/' } }, 'http-get http://:80/'],
    [{ exec: { command: ['cat', '/x'] } }, 'exec [cat /x]'],
    [{ tcpSocket: { port: 6379 } }, 'tcp-socket :6379'],
    [{ grpc: { port: 9, service: 's' } }, 'grpc <pod>:9 s'],
    [{}, 'unknown'],
  ])('%j', (probe, text) => {
    expect(probeText({ ...base, ...probe })).toBe(`${text} ${timing}`)
  })
})

suite('times', () => {
  it.each([
    ['UTC', 'Fri, 02 Jan 2026 03:04:05 +0000', '2026-01-02 03:04:05 +0000 UTC'],
    ['Europe/Berlin', 'Fri, 02 Jan 2026 04:04:05 +0100', '2026-01-02 04:04:05 +0100 CET'],
    ['America/New_York', 'Thu, 01 Jan 2026 22:04:05 -0500', '2026-01-01 22:04:05 -0500 EST'],
    ['Europe/Istanbul', 'Fri, 02 Jan 2026 06:04:05 +0300', '2026-01-02 06:04:05 +0300 +03'],
  ])('are those of %s', (zoneName, long, plain) => {
    process.env.TZ = zoneName
    expect([dateText('2026-01-02T03:04:05Z'), plainDateText('2026-01-02T03:04:05Z')]).toEqual([long, plain])
    process.env.TZ = 'UTC'
  })

  it('may be missing', () => {
    expect([dateText(undefined), plainDateText(undefined)]).toEqual([
      'Mon, 01 Jan 0001 00:00:00 +0000',
      '0001-01-01 00:00:00 +0000 UTC',
    ])
  })
})

suite('labelOf', () => {
  it.each([
    ['holderIdentity', 'Holder Identity'],
    ['apiVersion', 'API Version'],
    ['uid', 'UID'],
    ['HTTPServer', 'Http Server'],
    ['with_under', 'with_under'],
    ['openAPIV3Schema', 'openAPIV3Schema'],
  ])('%s', (field, label) => {
    expect(labelOf(field)).toBe(label)
  })
})

suite('compactRules', () => {
  it('joins verbs of a resource and keeps names apart', () => {
    const rules = compactRules([
      { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] },
      { apiGroups: [''], resources: ['pods'], resourceNames: ['a'], verbs: ['delete'] },
      { nonResourceURLs: ['/metrics'], verbs: ['get'] },
    ])
    expect(rules.map((r) => [r.resources[0] ?? r.urls[0], r.names.join(), r.verbs.join()])).toEqual([
      ['pods', 'a', 'delete'],
      ['pods/log', '', 'get,list'],
      ['pods', '', 'get,list'],
      ['/metrics', '', 'get'],
    ])
  })
})

suite('createPrefixWriter', () => {
  it('aligns neighbours and keeps control characters from the terminal', () => {
    const { writer, text } = createPrefixWriter()
    writer.line(0, 'a:\tb')
    writer.line(1, 'long:\tc')
    writer.line(0, 'alone')
    writer.nested(2).line(0, 'x:\t\u001b[31m\r')
    expect(text()).toBe('a:       b\n  long:  c\nalone\n    x:  ^[[31m\\r\n')
  })
})

suite('parseCertificateRequest', () => {
  it.each(['', 'x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'])('refuses %j', (text) => {
    expect(() => parseCertificateRequest(text)).toThrow('PEM block type must be CERTIFICATE REQUEST')
  })

  it('refuses a request that is cut off', () => {
    const pem = '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----'
    expect(() => parseCertificateRequest(pem)).toThrow('data truncated')
  })
})
