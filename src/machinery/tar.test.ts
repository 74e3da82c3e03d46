import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { readTar, TAR_END, type TarHeader, tarHeader, tarPadding, writeTar } from './tar.ts'

async function* inChunks(content: Buffer, size: number) {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size)
}

async function read(archive: Buffer, chunk = 1000) {
  const found: (Omit<TarHeader, 'mode' | 'size'> & { text: string })[] = []
  for await (const { path, kind, target, content } of readTar(inChunks(archive, chunk))) {
    const parts: Buffer[] = []
    for await (const part of content) parts.push(part)
    found.push({ path, kind, text: Buffer.concat(parts).toString(), ...(target === undefined ? {} : { target }) })
  }
  return found
}

const LONG = `${'directory/'.repeat(15)}file`
const CONTENT = Buffer.from('x'.repeat(700))
const OURS = Buffer.concat([
  tarHeader({ path: 'dir', kind: 'directory', mode: 0o755, size: 0 }),
  tarHeader({ path: LONG, kind: 'file', mode: 0o644, size: CONTENT.length }),
  CONTENT,
  tarPadding(CONTENT.length),
  tarHeader({ path: 'link', kind: 'symlink', mode: 0o777, size: 0, target: LONG }),
  TAR_END,
])

describe('tar', () => {
  it.each([1, 511, 512, 100_000])('reads what it wrote, in chunks of %d', async (size) => {
    expect(await read(OURS, size)).toEqual([
      { path: 'dir/', kind: 'directory', text: '' },
      { path: LONG, kind: 'file', text: CONTENT.toString() },
      { path: 'link', kind: 'symlink', text: '', target: LONG },
    ])
  })

  it('writes small archives whole', async () => {
    const archive = writeTar([
      { path: 'bin', directory: true },
      { path: 'bin/tool', content: CONTENT, mode: 0o755 },
      { path: 'bin/sh', link: 'tool' },
    ])
    expect(await read(archive)).toEqual([
      { path: 'bin/', kind: 'directory', text: '' },
      { path: 'bin/tool', kind: 'file', text: CONTENT.toString() },
      { path: 'bin/sh', kind: 'symlink', text: '', target: 'tool' },
    ])
    const modes = execFileSync('tar', ['-tvf', '-'], { input: archive, encoding: 'utf8' })
    expect(modes).toMatch(/^drwxr-xr-x .* bin\/\n-rwxr-xr-x .* bin\/tool\n/)
  })

  it('is read by tar', () => {
    const listed = execFileSync('tar', ['-tf', '-'], { input: OURS, encoding: 'utf8' })
    expect(listed.trim().split('\n')).toEqual(['dir/', LONG, 'link'])
  })

  it.each(['gnu', 'pax', 'ustar'])('reads the %s format of tar', async (format) => {
    const script = `cd $(mktemp -d) && mkdir -p ${LONG.slice(0, -5)} && echo hello > ${LONG} && tar --format ${format} -cf - ${LONG}; rm -r "$PWD"`
    const archive = execFileSync('sh', ['-c', script])
    expect(await read(archive)).toEqual([{ path: LONG, kind: 'file', text: 'hello\n' }])
  })

  it('skips content that nobody reads', async () => {
    const paths: string[] = []
    for await (const { path } of readTar(inChunks(OURS, 300))) paths.push(path)
    expect(paths).toEqual(['dir/', LONG, 'link'])
  })

  it('refuses what is cut off or something else', async () => {
    await expect(read(OURS.subarray(0, 2600))).rejects.toThrow('it ends too early')
    await expect(read(Buffer.alloc(2048, 'nonsense'))).rejects.toThrow('not a tar archive')
  })
})
