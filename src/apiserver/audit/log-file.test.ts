import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../machinery/clock.ts'
import { silentLogger } from '../../machinery/logger.ts'
import { openLogFile } from './log-file.ts'

describe('the audit log file', () => {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'audit-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  const open = (
    clock: VirtualClock,
    limits: { maxBackups?: number; maxDays?: number; compress?: boolean; gathers?: boolean } = {},
  ) =>
    openLogFile({
      path: join(directory, 'audit.log'),
      maxBytes: 20,
      maxBackups: limits.maxBackups ?? 0,
      maxDays: limits.maxDays ?? 0,
      compress: limits.compress ?? false,
      gathers: limits.gathers ?? false,
      clock,
      log: silentLogger,
    })

  it('appends to what is there, for its owner alone', async () => {
    const clock = new VirtualClock()
    for (const line of ['one\n', 'two\n']) {
      const file = open(clock)
      file.write(line)
      await file.close()
    }
    expect(readFileSync(join(directory, 'audit.log'), 'utf8')).toBe('one\ntwo\n')
    expect(statSync(join(directory, 'audit.log')).mode & 0o777).toBe(0o600)
  })

  it('begins a new file when it is full and keeps so many old ones', async () => {
    const clock = new VirtualClock()
    const file = open(clock, { maxBackups: 2 })
    for (let i = 0; i < 5; i++) {
      file.write(`line ${i} of many\n`)
      await clock.advance(1000)
    }
    await file.close()
    const names = readdirSync(directory).sort()
    expect(names).toHaveLength(3)
    expect(names[0]).toMatch(/^audit-2026-01-01T00-00-0\d\.000\.log$/)
    expect(readFileSync(join(directory, 'audit.log'), 'utf8')).toBe('line 4 of many\n')
    expect(readFileSync(join(directory, names[1] ?? ''), 'utf8')).toBe('line 3 of many\n')
  })

  it('removes old files after their days', async () => {
    const clock = new VirtualClock()
    const file = open(clock, { maxDays: 1 })
    for (let i = 0; i < 3; i++) {
      file.write(`line ${i} of many\n`)
      await clock.advance(36 * 60 * 60 * 1000)
    }
    await file.close()
    expect(readdirSync(directory)).toHaveLength(2)
  })

  it('compresses old files, and counts them as such', async () => {
    const clock = new VirtualClock()
    const file = open(clock, { maxBackups: 2, compress: true })
    for (let i = 0; i < 3; i++) {
      file.write(`line ${i} of many\n`)
      await clock.advance(1000)
    }
    await file.close()
    const names = readdirSync(directory).sort()
    expect(names.map((name) => name.replace(/^audit-.*?\.\d+\./, 'old.'))).toEqual([
      'old.log.gz',
      'old.log.gz',
      'audit.log',
    ])
    expect(gunzipSync(readFileSync(join(directory, names[0] ?? ''))).toString()).toBe('line 0 of many\n')
    const again = open(clock, { maxBackups: 1, compress: true })
    again.write('more than fits into it\n')
    await again.close()
    expect(readdirSync(directory).filter((name) => name.endsWith('.gz'))).toHaveLength(1)
  })

  it('writes at once, or gathers what comes in one turn', async () => {
    const clock = new VirtualClock()
    const written = () => readFileSync(join(directory, 'audit.log'), 'utf8')
    const file = open(clock)
    file.write('one\n')
    expect(written()).toBe('one\n')
    await file.close()
    const gathering = open(clock, { gathers: true })
    gathering.write('two\n')
    expect(written()).toBe('one\n')
    await clock.advance(0)
    expect(written()).toBe('one\ntwo\n')
    await gathering.close()
  })
})
