import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeAtomically } from './atomic-writer.ts'
import { prepareHostPath } from './host-path.ts'
import { resolveSubPath } from './sub-path.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'volumes-'))
})
afterEach(() => rm(dir, { recursive: true }))

const files = (contents: Record<string, string>, mode = 0o644) =>
  new Map(Object.entries(contents).map(([path, text]) => [path, { data: Buffer.from(text), mode }]))

describe('the atomic writer', () => {
  it('publishes through ..data, replaces as a whole, removes what is gone', async () => {
    await writeAtomically(dir, files({ a: '1', 'sub/b': '2', old: 'x' }, 0o400), { stamp: 'one' })
    expect((await lstat(join(dir, 'a'))).isSymbolicLink()).toBe(true)
    expect((await stat(join(dir, 'a'))).mode & 0o777).toBe(0o400)
    expect(await readFile(join(dir, 'sub/b'), 'utf8')).toBe('2')
    await writeAtomically(dir, files({ a: 'new', 'sub/c': '3' }), { stamp: 'two' })
    expect(await readFile(join(dir, 'a'), 'utf8')).toBe('new')
    expect((await readdir(dir)).sort()).toEqual(['..data', '..two', 'a', 'sub'])
    expect(await readdir(join(dir, 'sub'))).toEqual(['c'])
  })

  it.each(['../x', '/x', '..x', 'a/../b', ''])('refuses the path %j', async (path) => {
    await expect(writeAtomically(dir, files({ [path]: '' }), { stamp: 's' })).rejects.toThrow('invalid path')
  })
})

describe('hostPath', () => {
  it('creates and checks', async () => {
    await prepareHostPath(join(dir, 'made/deep'), 'DirectoryOrCreate')
    await prepareHostPath(join(dir, 'file'), 'FileOrCreate')
    await prepareHostPath(join(dir, 'file'), 'File')
    await prepareHostPath(join(dir, 'none'), '')
    await expect(prepareHostPath(join(dir, 'none'), 'Directory')).rejects.toThrow(
      `hostPath type check failed: ${dir}/none is not a directory`,
    )
    await expect(prepareHostPath(join(dir, 'file'), 'Socket')).rejects.toThrow('is not a socket file')
  })
})

describe('subPath', () => {
  it('makes missing directories as open as the volume', async () => {
    await mkdir(join(dir, 'v'), { mode: 0o700 })
    expect(await resolveSubPath(join(dir, 'v'), 'a/b')).toBe(join(dir, 'v/a/b'))
    expect((await stat(join(dir, 'v/a/b'))).mode & 0o777).toBe(0o700)
  })

  it('does not lead out of the volume', async () => {
    await mkdir(join(dir, 'v'))
    await writeFile(join(dir, 'secret'), '')
    await symlink('../secret', join(dir, 'v/link'))
    await symlink('..', join(dir, 'v/up'))
    await expect(resolveSubPath(join(dir, 'v'), 'link')).rejects.toThrow('outside of the volume')
    await expect(resolveSubPath(join(dir, 'v'), 'up/new')).rejects.toThrow('outside of the volume')
    await expect(resolveSubPath(join(dir, 'v'), '../x')).rejects.toThrow('must be a relative path')
  })
})
