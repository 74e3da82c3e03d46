import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openLogFile } from './log-file.ts'

it('keeps the newest lines in a bounded number of files', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sampan-log-'))
  const path = join(dir, 'log')
  let log = openLogFile({ path, maxBytes: 20, kept: 2 })
  for (let n = 0; n < 10; n++) log.write(`line ${n}\n`)
  log.close()
  log = openLogFile({ path, maxBytes: 20, kept: 2 })
  log.write('after a restart\n')
  log.close()
  expect(readdirSync(dir).sort()).toEqual(['log', 'log.1', 'log.2'])
  expect(readFileSync(path, 'utf8')).toBe('after a restart\n')
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('line 8\nline 9\n')
  rmSync(dir, { recursive: true })
})
