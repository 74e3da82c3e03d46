import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readAtMost } from './read-at-most.ts'

const dir = mkdtempSync(join(tmpdir(), 'sampan-read-'))
afterAll(() => rmSync(dir, { recursive: true }))

it('takes in the beginning of a file, however large it is', async () => {
  const path = join(dir, 'large')
  writeFileSync(path, 'x'.repeat(10_000_000))
  expect(await readAtMost(path, 4096)).toHaveLength(4096)
})

it('takes in all of a short file, and tells an empty one from none', async () => {
  writeFileSync(join(dir, 'short'), 'done')
  writeFileSync(join(dir, 'empty'), '')
  expect((await readAtMost(join(dir, 'short'), 4096))?.toString()).toBe('done')
  expect(await readAtMost(join(dir, 'empty'), 4096)).toHaveLength(0)
  expect(await readAtMost(join(dir, 'none'), 4096)).toBeUndefined()
})

it('passes on what is wrong beside a file that is missing', async () => {
  await expect(readAtMost(dir, 4096)).rejects.toThrow('EISDIR')
})
