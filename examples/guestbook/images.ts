// Builds the guestbook's three images on the spot: from this machine's redis and node, and the server next to this file.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BuiltImage, type HostLayer, imageFromHost } from '../../src/images/from-host.ts'
import type { RunProgram } from '../../src/images/program.ts'
import type { RegistryStore } from '../../src/registry/store.ts'
import { bundleMain } from '../bundle.ts'

/** The names that the manifests use. */
export const GUESTBOOK_IMAGES = {
  master: 'kubeguide/redis-master',
  slave: 'kubeguide/guestbook-redis-slave',
  frontend: 'kubeguide/guestbook-php-frontend',
} as const

// What one expects to find with `kubectl exec`, and `tar` for `kubectl cp`.
const SHELL = [
  'bash',
  'cat',
  'cp',
  'cut',
  'date',
  'df',
  'echo',
  'env',
  'false',
  'find',
  'grep',
  'gzip',
  'head',
  'hostname',
]
const MORE = [
  'id',
  'kill',
  'ln',
  'ls',
  'mkdir',
  'mv',
  'printenv',
  'printf',
  'ps',
  'pwd',
  'rm',
  'sed',
  'seq',
  'sleep',
  'sort',
]
const LAST = ['stat', 'tail', 'tar', 'test', 'touch', 'tr', 'true', 'uname', 'wc', 'which', 'whoami', 'xargs', 'yes']
const SYSTEM: HostLayer = { paths: ['sh'], optional: [...SHELL, ...MORE, ...LAST] }
const REDIS: HostLayer = { paths: ['redis-server', 'redis-cli'] }
// By default a master waits five seconds for more replicas before it fills the first one.
// What is written goes to /data, which the manifests keep for as long as the pod is there.
const PERSISTENCE = ['--dir', '/data', '--save', '', '--appendonly', 'yes']
const MASTER = ['redis-server', '--protected-mode', 'no', ...PERSISTENCE, '--repl-diskless-sync-delay', '0']
const REDIS_CONFIG = { WorkingDir: '/data', ExposedPorts: { '6379/tcp': {} } }

export interface GuestbookImagesOptions {
  readonly store: RegistryStore
  /** Directory of this example. */
  readonly directory: string
  readonly arch: string
  readonly env: NodeJS.ProcessEnv
  readonly run: RunProgram
  /** The node program to pack, `process.execPath`. */
  readonly node: string
}

/** Builds all three and puts them into the store. Layers that they share are there once. */
export async function buildGuestbookImages(options: GuestbookImagesOptions): Promise<BuiltImage[]> {
  const { directory, node, ...rest } = options
  const file = async (from: string, to: string, mode = 0o644) => ({
    path: to,
    content: await readFile(join(directory, from)),
    mode,
  })
  const data = { path: '/data/.keep', content: '' }
  const master = await imageFromHost({
    ...rest,
    name: GUESTBOOK_IMAGES.master,
    layers: [SYSTEM, REDIS, { files: [data] }],
    config: { ...REDIS_CONFIG, Cmd: MASTER },
  })
  const slave = await imageFromHost({
    ...rest,
    name: GUESTBOOK_IMAGES.slave,
    layers: [SYSTEM, REDIS, { files: [data, await file('redis-slave.sh', '/run.sh', 0o755)] }],
    config: { ...REDIS_CONFIG, Cmd: ['/run.sh'] },
  })
  const web = ['index.html', 'style.css', 'app.js'].map((name) => file(`web/${name}`, `/app/web/${name}`))
  const server = { path: '/app/server.mjs', content: await bundleMain(directory) }
  const frontend = await imageFromHost({
    ...rest,
    name: GUESTBOOK_IMAGES.frontend,
    layers: [SYSTEM, { paths: [`${node}:/usr/local/bin/node`] }, { files: [server, ...(await Promise.all(web))] }],
    config: { WorkingDir: '/app', Cmd: ['node', '/app/server.mjs'], ExposedPorts: { '80/tcp': {} } },
  })
  return [master, slave, frontend]
}
