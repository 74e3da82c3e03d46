import { execFile, execFileSync } from 'node:child_process'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../machinery/clock.ts'
import { silentLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { parseManifest } from '../registry/manifest.ts'
import { listenRegistry, type Registry, type RegistryListener } from '../registry/registry.ts'
import { parseProgram } from './elf.ts'
import { imageFromHost } from './from-host.ts'
import { parseLibraries } from './host-tree.ts'
import { formatImageTable, imageList, imageRemove, imageTag } from './list.ts'
import { imageLoad } from './load.ts'
import { runProgram } from './program.ts'
import { imageSave } from './save.ts'

const run = promisify(execFile)
const SKOPEO = existsSync('/usr/bin/skopeo')
if (!SKOPEO) console.warn('SKIPPED: images are not exchanged with skopeo here: no /usr/bin/skopeo')

let dir = ''
let registry: Registry & RegistryListener

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'images-'))
  const options = { root: join(dir, 'registry'), clock: systemClock, random: systemRandom, log: silentLogger }
  registry = await listenRegistry({ ...options, host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await registry.close()
  await rm(dir, { recursive: true })
})

const arch = process.arch
const env = process.env
const build = (name: string) =>
  imageFromHost({
    store: registry.store,
    name,
    layers: [
      { paths: ['/bin/sh', 'cat'] },
      {
        paths: ['/usr/bin/env:/opt/tools/'],
        files: [{ path: '/bin/hello', content: '#!/bin/sh\necho hello\n', mode: 0o755 }],
      },
    ],
    config: { Entrypoint: ['/bin/hello'], Env: ['A=b'], WorkingDir: '/tmp' },
    arch,
    env,
    run: runProgram,
  })

async function layerPaths(name: string): Promise<string[][]> {
  const manifest = await registry.store.manifest(name, 'latest')
  const layers = manifest ? (parseManifest(manifest.content).manifest.layers ?? []) : []
  const path = (digest: string) => join(registry.store.root, 'blobs/sha256', digest.slice(7, 9), digest.slice(7))
  return layers.map(({ digest }) =>
    execFileSync('tar', ['-tf', path(digest)], { encoding: 'utf8' })
      .trim()
      .split('\n'),
  )
}

describe('image from-host', () => {
  it('packs programs with libraries, loader and links, the same way every time', async () => {
    const first = await build('tools')
    expect(first.name).toBe('docker.io/library/tools:latest')
    expect((await build('again')).digest).toBe(first.digest)
    const [base = [], more = []] = await layerPaths('docker.io/library/tools')
    for (const path of ['etc/passwd', 'tmp/', 'usr/bin/dash', 'usr/bin/cat']) expect(base).toContain(path)
    expect(base.some((path) => /libc\.so\.6$/.test(path))).toBe(true)
    expect(base.some((path) => /ld-linux.*\.so/.test(path))).toBe(true)
    expect(more).toContain('opt/tools/env')
    // /bin leads to /usr/bin on this machine, and so the file goes there.
    expect(more.some((path) => /^(usr\/)?bin\/hello$/.test(path))).toBe(true)
    expect(more.some((path) => path.includes('libc.so.6'))).toBe(false)
  })

  it('runs in a root directory of its own', async () => {
    if (process.getuid?.() !== 0) return console.warn('SKIPPED: chroot is for root')
    await build('rooted')
    const manifest = await registry.store.manifest('docker.io/library/rooted', 'latest')
    const root = await mkdtemp(join(dir, 'root-'))
    for (const { digest } of manifest ? (parseManifest(manifest.content).manifest.layers ?? []) : []) {
      execFileSync('tar', [
        '-xf',
        join(registry.store.root, 'blobs/sha256', digest.slice(7, 9), digest.slice(7)),
        '-C',
        root,
      ])
    }
    const { stdout } = await run('chroot', [
      root,
      '/bin/sh',
      '-c',
      '/bin/hello; cat /etc/group; /opt/tools/env -i X=1 /opt/tools/env',
    ])
    expect(stdout).toBe('hello\nroot:x:0:\nnogroup:x:65534:\nX=1\n')
  })

  it('says what it cannot pack', async () => {
    const options = { store: registry.store, name: 'x', config: {}, arch, env, run: runProgram }
    await expect(imageFromHost({ ...options, layers: [{ paths: ['no-such-program'] }] })).rejects.toThrow(
      /^cannot find program "no-such-program" in \//,
    )
    expect(() => parseLibraries('\tlibx.so.1 => not found\n', '/bin/x')).toThrow('its library libx.so.1 is not found')
    expect(parseLibraries('\tlinux-vdso.so.1 (0x7f)\n\tlibc.so.6 => /lib/libc.so.6 (0x7f)\n', '/bin/x')).toEqual([
      '/lib/libc.so.6',
    ])
  })

  it('knows programs from other files', async () => {
    expect(parseProgram(await readFile(process.execPath))).toMatchObject({ kind: 'elf', elf: { dynamic: true } })
    expect(parseProgram(Buffer.from('#!/usr/bin/env node\nx'))).toEqual({
      kind: 'script',
      interpreter: ['/usr/bin/env', 'node'],
    })
    expect(parseProgram(Buffer.from('text'))).toEqual({ kind: 'other' })
  })
})

describe('image ls, tag and rm', () => {
  it('list, name and remove images, and keep what others share', async () => {
    const { store } = registry
    const { digest, size } = await build('listed:1')
    expect(await imageTag({ store, source: 'listed:1', target: 'gcr.io/x/listed:2' })).toBe('gcr.io/x/listed:2')
    await imageTag({ store, source: 'listed:1', target: 'listed:also' })
    const images = (await imageList({ store, arch })).filter(({ repository }) => repository.includes('listed'))
    expect(images.map(({ repository, tag }) => `${repository}:${tag}`)).toEqual([
      'docker.io/library/listed:1',
      'docker.io/library/listed:also',
      'gcr.io/x/listed:2',
    ])
    expect(images[0]?.size).toBeGreaterThanOrEqual(size)
    expect(await imageRemove({ store, name: 'listed:1' })).toEqual({
      untagged: 'docker.io/library/listed:1',
      deleted: undefined,
    })
    expect((await imageRemove({ store, name: 'listed:also' })).deleted).toBe(digest)
    expect(await store.manifest('gcr.io/x/listed', '2')).toMatchObject({ digest })
    await imageRemove({ store, name: 'gcr.io/x/listed:2' })
    await expect(imageRemove({ store, name: 'listed:1' })).rejects.toThrow('cannot find image "listed:1"')
  })

  it('print a table', () => {
    const now = Date.UTC(2026, 0, 3)
    const image = { repository: 'docker.io/library/redis', tag: '7', digest: `sha256:${'ab'.repeat(32)}` }
    expect(
      formatImageTable(
        [
          { ...image, size: 12_345_678, created: '2026-01-01T00:00:00Z' },
          { ...image, tag: 'x', size: 5 },
        ],
        now,
      ),
    ).toBe(
      [
        'REPOSITORY                TAG   DIGEST         SIZE     CREATED',
        'docker.io/library/redis   7     abababababab   12.3MB   2 days ago',
        'docker.io/library/redis   x     abababababab   5B       <unknown>',
        '',
      ].join('\n'),
    )
  })
})

describe('image save and load', () => {
  it('bring an image to another name unchanged', async () => {
    const { store } = registry
    const { digest } = await build('saved:1')
    const path = join(dir, 'saved.tar')
    await imageSave({ store, names: ['saved:1'], output: createWriteStream(path), arch })
    await imageRemove({ store, name: 'saved:1' })
    const loaded = await imageLoad({ store, archive: createReadStream(path) })
    expect(loaded).toEqual([{ name: 'docker.io/library/saved:1', digest }])
    await writeFile(`${path}.gz`, gzipSync(await readFile(path), { level: 1 }))
    const named = await imageLoad({ store, archive: createReadStream(`${path}.gz`), name: 'quay.io/other' })
    expect(named).toEqual([{ name: 'quay.io/other:latest', digest }])
    await imageRemove({ store, name: 'quay.io/other' })
    expect(await store.repositories()).not.toContain('quay.io/other')
  })

  it('leave nothing behind when the archive is bad', async () => {
    const { store } = registry
    const path = join(dir, 'bad.tar')
    execFileSync('tar', ['-cf', path, '-C', '/etc', 'hostname', 'passwd'])
    const count = () =>
      execFileSync('find', [join(store.root, 'blobs'), '-type', 'f'], { encoding: 'utf8' }).split('\n').length
    const before = count()
    await expect(imageLoad({ store, archive: createReadStream(path) })).rejects.toThrow(
      'neither index.json nor manifest.json',
    )
    await writeFile(path, gzipSync('not tar at all'.repeat(100)).subarray(0, -12))
    await expect(imageLoad({ store, archive: createReadStream(path) })).rejects.toThrow()
    expect(count()).toBe(before)
  })
})

describe.skipIf(!SKOPEO)('with skopeo', () => {
  const skopeo = (...args: string[]) => run('skopeo', ['--insecure-policy', ...args], { env })
  const host = () => registry.endpoint.replace('http://', '')

  it('images are pushed, pulled, and exchanged as archives', async () => {
    const { store } = registry
    await build('exchanged:1')
    const archive = join(dir, 'docker.tar')
    const plain = ['--src-tls-verify=false', '--dest-tls-verify=false']
    const source = `docker://${host()}/docker.io/library/exchanged:1`
    await skopeo('copy', ...plain, source, `docker-archive:${archive}:team/loaded:2`)
    const [loaded] = await imageLoad({ store, archive: createReadStream(archive) })
    expect(loaded?.name).toBe('docker.io/team/loaded:2')
    await skopeo('copy', ...plain, `docker-archive:${archive}`, `docker://${host()}/pushed/app:3`)
    expect(await store.tags('pushed/app')).toEqual(['3'])
    const { stdout } = await skopeo(
      'inspect',
      '--tls-verify=false',
      '--config',
      `docker://${host()}/docker.io/pushed/app:3`,
    )
    expect(JSON.parse(stdout)).toMatchObject({ config: { Entrypoint: ['/bin/hello'], WorkingDir: '/tmp' } })
    await imageSave({ store, names: ['pushed/app:3'], output: createWriteStream(`${archive}.ours`), arch })
    for (const transport of ['docker-archive', 'oci-archive']) {
      await skopeo('inspect', `${transport}:${archive}.ours`)
    }
  })
})
