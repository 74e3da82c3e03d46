import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

  const open = (clock: VirtualClock, limits: { maxBackups?: number; maxDays?: number } = {}) =>
    openLogFile({
      path: join(directory, 'audit.log'),
      maxBytes: 20,
      maxBackups: limits.maxBackups ?? 0,
      maxDays: limits.maxDays ?? 0,
      clock,
      log: silentLogger,
    })

  it('appends to what is there, for its owner alone', () => {
    const clock = new VirtualClock()
    for (const line of ['one\n', 'two\n']) {
      const file = open(clock)
      file.write(line)
      file.close()
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
    file.close()
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
    file.close()
    expect(readdirSync(directory)).toHaveLength(2)
  })
})
