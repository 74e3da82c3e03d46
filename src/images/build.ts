// What `sampan image build` does: buildah builds, with base images from our registry first; the result goes into the store.

import { createReadStream } from 'node:fs'
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Clock } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import type { Random } from '../machinery/random.ts'
import { formatReference, parseReference } from '../registry/reference.ts'
import { listenRegistry } from '../registry/registry.ts'
import type { RegistryStore } from '../registry/store.ts'
import { imageLoad, type LoadedImage } from './load.ts'
import type { RunProgram } from './program.ts'

const POLICY = { default: [{ type: 'insecureAcceptAnything' }] }

export interface ImageBuildOptions {
  readonly store: RegistryStore
  readonly name: string
  /** The build context. */
  readonly directory: string
  /** By default buildah looks for Containerfile and Dockerfile in the context. */
  readonly dockerfile?: string
  /** `KEY=value` for ARG instructions. */
  readonly buildArgs?: readonly string[]
  readonly target?: string
  readonly noCache?: boolean
  /** Where buildah keeps layers between builds. */
  readonly storage: string
  readonly env: NodeJS.ProcessEnv
  readonly run: RunProgram
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Hears what buildah says. */
  readonly progress?: (text: string) => void
  readonly signal?: AbortSignal
}

/** Builds an image from a Dockerfile. The server need not be running. */
export async function imageBuild(options: ImageBuildOptions): Promise<LoadedImage> {
  const { store, storage, clock, random, log } = options
  const name = formatReference(parseReference(options.name))
  await access(options.directory)
  await mkdir(storage, { recursive: true, mode: 0o700 })
  const work = await mkdtemp(join(storage, 'build-'))
  const registry = await listenRegistry({ root: store.root, clock, random, log, host: '127.0.0.1', port: 0 })
  try {
    const config = join(work, 'registries.conf')
    const mirror = registry.endpoint.replace('http://', '')
    await writeFile(config, renderRegistriesConf(mirror, await store.repositories()))
    const policy = join(work, 'policy.json')
    await writeFile(policy, JSON.stringify(POLICY))
    const buildah = await prepareBuildah({ ...options, work })
    await buildah(['build', ...buildFlags(options, policy), '--tag', name, resolve(options.directory)])
    const archive = join(work, 'image.tar')
    const push = ['--signature-policy', policy, '--format', 'oci', '--disable-compression', '--quiet']
    await buildah(['push', ...push, name, `oci-archive:${archive}`])
    const [image] = await imageLoad({ store, archive: createReadStream(archive), name })
    if (image === undefined) throw new Error(`cannot build image "${options.name}": buildah gave none`)
    return image
  } finally {
    await registry.close()
    await unmountStorage(options)
    await rm(work, { recursive: true, force: true })
  }
}

function buildFlags(options: ImageBuildOptions, policy: string): string[] {
  const { dockerfile, buildArgs = [], target, noCache } = options
  return [
    // Namespaces of its own are more than many a CI machine allows.
    ...['--isolation', 'chroot', '--signature-policy', policy, '--format', 'oci', '--pull=true', '--force-rm'],
    ...(noCache ? ['--no-cache'] : ['--layers']),
    ...(dockerfile === undefined ? [] : ['--file', resolve(options.directory, dockerfile)]),
    ...(target === undefined ? [] : ['--target', target]),
    ...buildArgs.flatMap((argument) => ['--build-arg', argument]),
  ]
}

type Buildah = (args: readonly string[]) => Promise<void>

async function prepareBuildah(options: ImageBuildOptions & { readonly work: string }): Promise<Buildah> {
  const { storage, work, run, progress, signal } = options
  const env = {
    ...options.env,
    CONTAINERS_REGISTRIES_CONF: join(work, 'registries.conf'),
    // Not those of the machine, which may name another driver.
    CONTAINERS_STORAGE_CONF: join(work, 'storage.conf'),
    TMPDIR: work,
  }
  await writeFile(env.CONTAINERS_STORAGE_CONF, '[storage]\ndriver = ""\n')
  const rest = { env, ...(signal === undefined ? {} : { signal }) }
  const flags = (driver: string) => [
    ...['--root', join(storage, driver), '--runroot', join(storage, `${driver}-run`), '--storage-driver', driver],
  ]
  const overlay = await run('buildah', [...flags('overlay'), 'images', '--quiet'], rest)
  const driver = overlay.code === 0 ? 'overlay' : 'vfs'
  return async (args) => {
    const heard = { ...rest, ...(progress === undefined || args[0] !== 'build' ? {} : { progress }) }
    const { code, stderr } = await run('buildah', [...flags(driver), ...args], heard)
    if (code === 0) return
    throw new Error(
      `cannot build image "${options.name}": ${lastLine(stderr) || `buildah ${args[0]} ended with ${code}`}`,
    )
  }
}

// Buildah leaves its overlay directory mounted on itself, which nobody could delete; a build beside this one keeps it.
async function unmountStorage({ storage, run, env }: ImageBuildOptions): Promise<void> {
  const { code, stderr } = await run('umount', [join(storage, 'overlay', 'overlay')], { env })
  if (code !== 0 && !/not mounted|no mount point|busy/.test(stderr)) {
    throw new Error(`cannot unmount the storage of builds "${storage}": ${stderr.trim()}`)
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? ''
}

/** Puts our registry before the hosts whose images it has. Hosts with a port cannot be mirrored this way. */
export function renderRegistriesConf(mirror: string, repositories: readonly string[]): string {
  const hosts = new Set(['docker.io'])
  for (const name of repositories) {
    const { host } = parseReference(name)
    if (!host.includes(':')) hosts.add(host)
  }
  return [
    'unqualified-search-registries = ["docker.io"]\nshort-name-mode = "disabled"\n',
    ...[...hosts]
      .sort()
      .map((host) =>
        [
          '[[registry]]',
          `prefix = ${JSON.stringify(host)}`,
          `location = ${JSON.stringify(host)}`,
          '[[registry.mirror]]',
          `location = ${JSON.stringify(`${mirror}/${host}`)}`,
          'insecure = true\n',
        ].join('\n'),
      ),
  ].join('\n')
}
