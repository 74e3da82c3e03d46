import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rotate } from '../log-rotation.ts'
import { type LogOptions, readContainerLogs } from './read-logs.ts'
import { containerPath, logQuery, subresourceOf } from './requests.ts'

describe('container logs', () => {
  let dir: string
  let path: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'logs-'))
    path = join(dir, '0.log')
  })
  afterEach(() => rm(dir, { recursive: true }))

  const line = (n: number, text = `line ${n}`, tag = 'F', stream = 'stdout') =>
    `2026-01-01T00:00:0${n}.123456789Z ${stream} ${tag} ${text}\n`
  const open = (options: Partial<LogOptions>) =>
    readContainerLogs({ path, ended: AbortSignal.abort(), signal: new AbortController().signal, ...options })
  async function read(options: Partial<LogOptions> = {}): Promise<string> {
    let out = ''
    for await (const chunk of open(options)) out += chunk.toString()
    return out
  }

  it('joins partial lines and takes options into account', async () => {
    await writeFile(path, line(1) + line(2, 'par', 'P') + line(2, 'tial') + line(3, 'err', 'F', 'stderr'))
    expect(await read()).toBe('line 1\npartial\nerr\n')
    expect(await read({ tailLines: 1 })).toBe('err\n')
    expect(await read({ tailLines: 0 })).toBe('')
    expect(await read({ tailLines: 99 })).toBe('line 1\npartial\nerr\n')
    expect(await read({ limitBytes: 8 })).toBe('line 1\np')
    expect(await read({ since: Date.parse('2026-01-01T00:00:03Z') })).toBe('err\n')
    expect(await read({ stream: 'stderr' })).toBe('err\n')
    expect(await read({ timestamps: true, tailLines: 3 })).toBe(
      '2026-01-01T00:00:02.123456789Z partial\n2026-01-01T00:00:03.123456789Z err\n',
    )
  })

  it('finds the tail of a large file', async () => {
    await writeFile(path, Array.from({ length: 20_000 }, (_, i) => line(1, `n${i}`)).join(''))
    expect(await read({ tailLines: 3 })).toBe('n19997\nn19998\nn19999\n')
    const last = (await read({ tailLines: 5000 })).split('\n')
    expect([last.length, last[0]]).toEqual([5001, 'n15000'])
  })

  it('follows writes and rotation until the container has ended', async () => {
    await writeFile(path, line(1))
    const over = new AbortController()
    const logs = open({ follow: true, ended: over.signal })
    const next = async () => (await logs.next()).value?.toString()
    expect(await next()).toBe('line 1\n')
    const second = next()
    await appendFile(path, line(2))
    expect(await second).toBe('line 2\n')
    await appendFile(path, line(3))
    await rename(path, `${path}.old`)
    await writeFile(path, line(4))
    expect(await next()).toBe('line 3\n')
    expect(await next()).toBe('line 4\n')
    const end = logs.next()
    over.abort()
    expect(await end).toEqual({ done: true, value: undefined })
  })

  it('rotates: compresses what was set aside, keeps five in all', async () => {
    for (let i = 0; i < 8; i++) {
      await writeFile(path, line(1, `turn ${i}`))
      await rotate(path, `20260101-00000${i}`, () => writeFile(path, ''))
    }
    const { readdir } = await import('node:fs/promises')
    expect((await readdir(dir)).sort()).toEqual([
      '0.log',
      '0.log.20260101-000004.gz',
      '0.log.20260101-000005.gz',
      '0.log.20260101-000006.gz',
      '0.log.20260101-000007',
    ])
    await expect(rotate(path, 'x', () => Promise.reject(new Error('gone')))).rejects.toThrow('gone')
    expect(await readdir(dir)).toContain('0.log')
  })
})

describe('requests', () => {
  it('reads paths with and without a uid', () => {
    const expected = { namespace: 'ns', pod: 'p', container: 'c' }
    expect(containerPath(['exec', 'ns', 'p', 'c'])).toEqual(expected)
    expect(containerPath(['exec', 'ns', 'p', 'uid', 'c'])).toEqual(expected)
    expect(containerPath(['exec', 'ns', 'p'])).toBeUndefined()
  })

  it('reads log options', () => {
    const now = Date.parse('2026-01-01T00:01:00Z')
    expect(logQuery(new URLSearchParams('follow=true&sinceSeconds=10&tailLines=5'), now)).toMatchObject({
      follow: true,
      previous: false,
      tailLines: 5,
      since: now - 10_000,
    })
    expect(() => logQuery(new URLSearchParams('tailLines=-1'), now)).toThrow('invalid value "-1" for tailLines')
    expect(() => logQuery(new URLSearchParams('sinceTime=noon'), now)).toThrow('unable to parse sinceTime "noon"')
  })

  it.each([
    ['/metrics/cadvisor', 'metrics'],
    ['/stats/summary', 'stats'],
    ['/containerLogs/a/b/c', 'proxy'],
    ['/runningpods/', 'pods'],
    ['/healthz', 'healthz'],
  ])('%s needs nodes/%s', (path, expected) => {
    expect(subresourceOf(path)).toBe(expected)
  })
})
