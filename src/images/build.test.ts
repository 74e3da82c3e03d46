import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../machinery/clock.ts'
import { silentLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { RegistryStore } from '../registry/store.ts'
import { imageBuild, renderRegistriesConf } from './build.ts'
import { imageFromHost } from './from-host.ts'
import { runProgram } from './program.ts'
import { platformImage } from './stored-image.ts'

const missing = process.getuid?.() !== 0 ? 'not root' : existsSync('/usr/bin/buildah') ? '' : 'no /usr/bin/buildah'
if (missing !== '') console.warn(`SKIPPED: images are not built here: ${missing}`)

it('puts the registry before the hosts whose images it has', () => {
  const text = renderRegistriesConf('127.0.0.1:5000', ['gcr.io/x/y', 'docker.io/library/a', 'plain/b', 'localhost:1/c'])
  expect(text.match(/^prefix = .*$/gm)).toEqual(['prefix = "docker.io"', 'prefix = "gcr.io"'])
  expect(text).toContain('location = "127.0.0.1:5000/gcr.io"\ninsecure = true')
})

describe.skipIf(missing !== '')('image build', () => {
  let dir = ''
  let store: RegistryStore

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'build-'))
    store = new RegistryStore({ root: join(dir, 'registry'), random: systemRandom })
    await imageFromHost({
      store,
      name: 'gcr.io/base/shell:1',
      layers: [{ paths: ['sh', 'cat'] }],
      config: { Cmd: ['sh'] },
      arch: process.arch,
      env: process.env,
      run: runProgram,
    })
  })
  afterAll(async () => {
    await rm(dir, { recursive: true })
  })

  const build = async (dockerfile: string, said: string[] = []) => {
    await writeFile(join(dir, 'greeting'), 'hello\n')
    await writeFile(join(dir, 'Dockerfile'), dockerfile)
    const world = { clock: systemClock, random: systemRandom, log: silentLogger, env: process.env, run: runProgram }
    const options = { store, name: 'built', directory: dir, storage: join(dir, 'storage') }
    return imageBuild({ ...world, ...options, progress: (text) => said.push(text) })
  }

  it('starts from an image of the registry, and stores the result', async () => {
    const said: string[] = []
    const dockerfile =
      'FROM gcr.io/base/shell:1\nCOPY greeting /\nRUN cat /greeting > /copy\nENTRYPOINT ["cat", "/copy"]\n'
    const image = await build(dockerfile, said)
    expect(image.name).toBe('docker.io/library/built:latest')
    expect(said.join('')).toContain('RUN cat /greeting')
    const repository = 'docker.io/library/built'
    const manifest = await store.manifest(repository, 'latest')
    const built = manifest && (await platformImage(store, { repository, manifest, arch: process.arch }))
    expect(built?.config.config?.Entrypoint).toEqual(['cat', '/copy'])
    expect(built?.manifest.layers?.length).toBeGreaterThanOrEqual(2)
    expect((await readdir(join(dir, 'storage'))).filter((name) => name.startsWith('build-'))).toEqual([])
  }, 120_000)

  it('says why it failed', async () => {
    await expect(build('FROM gcr.io/base/shell:1\nRUN exit 3\n')).rejects.toThrow(
      /^cannot build image "built": .*exit status 3/,
    )
    await expect(build('FROM gcr.io/no/such:1\n')).rejects.toThrow(/^cannot build image "built": .*gcr\.io/)
    expect(await readFile(join(dir, 'greeting'), 'utf8')).toBe('hello\n')
  }, 120_000)
})
