// Builds the images that the texts name, on the spot: from this machine's redis, node and nginx, and the examples here.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BuiltImage, type HostLayer, imageFromHost } from '../../src/images/from-host.ts'
import type { RunProgram } from '../../src/images/program.ts'
import type { RegistryStore } from '../../src/registry/store.ts'
import { bundleMain } from '../bundle.ts'

export interface TextImagesOptions {
  readonly store: RegistryStore
  /** Directory of the examples. */
  readonly examples: string
  readonly arch: string
  readonly env: NodeJS.ProcessEnv
  readonly run: RunProgram
  /** The node program to pack, `process.execPath`. */
  readonly node: string
}

const TOOLS = 'bash cat cp date echo env grep head hostname id kill ls mkdir ping ps rm sed sleep tail tar wc'.split(
  ' ',
)
const SYSTEM: HostLayer = { paths: ['sh'], optional: TOOLS }
const REDIS: HostLayer = { paths: ['redis-server', 'redis-cli'] }
// By default a master waits five seconds for more replicas before it fills the first one.
const REDIS_SERVER = ['redis-server', '--protected-mode', 'no', '--save', '', '--repl-diskless-sync-delay', '0']
const REDIS_PORT = { '6379/tcp': {} }

/** Every image name and what is in it. */
export const TEXT_IMAGES = {
  master: ['redis', 'redis:5.0.6-alpine3.10', 'kubeguide/redis-master'],
  slave: ['kubernetes/redis-slave:v2', 'kubeguide/guestbook-redis-slave', 'waterandair/redis-slave'],
  guestbook: ['kubernetes/example-guestbook-php-redis:v2', 'kubeguide/guestbook-php-frontend', 'image:v2'],
  django: ['appstore:5000/liuwenmao/django-hello'],
  counter: ['shiyanlou:v1.0'],
  keyValue: ['waterandair/key-value-app'],
  nginx: ['nginx'],
} as const

/** Builds all of them and puts them into the store. Layers that they share are there once. */
export async function buildTextImages(options: TextImagesOptions): Promise<BuiltImage[]> {
  const { examples, node, ...rest } = options
  const program = (name: string, config: object, layers: HostLayer[]) =>
    imageFromHost({ ...rest, name, layers: [SYSTEM, ...layers], config })
  const nodeLayer: HostLayer = { paths: [`${node}:/usr/local/bin/node`] }
  const app = async (folder: string, port: number) => {
    const file = { path: '/app/server.mjs', content: await bundleMain(join(examples, folder)) }
    const config = { WorkingDir: '/app', Cmd: ['node', '/app/server.mjs'], ExposedPorts: { [`${port}/tcp`]: {} } }
    return { config, layers: [nodeLayer, { files: [file] }] }
  }
  const data = { path: '/data/.keep', content: '' }
  const redis = { WorkingDir: '/data', ExposedPorts: REDIS_PORT }
  const follow = { path: '/run.sh', content: await readFile(join(examples, 'guestbook/redis-slave.sh')), mode: 0o755 }
  const web = await Promise.all(
    ['index.html', 'style.css', 'app.js'].map(async (name) => ({
      path: `/app/web/${name}`,
      content: await readFile(join(examples, 'guestbook/web', name)),
      mode: 0o644,
    })),
  )
  const guestbook = await app('guestbook', 80)
  const recipes: Record<keyof typeof TEXT_IMAGES, { config: object; layers: HostLayer[] }> = {
    master: { config: { ...redis, Cmd: REDIS_SERVER }, layers: [REDIS, { files: [data] }] },
    slave: { config: { ...redis, Cmd: ['/run.sh'] }, layers: [REDIS, { files: [data, follow] }] },
    guestbook: { config: guestbook.config, layers: [...guestbook.layers, { files: web }] },
    django: await app('django', 8111),
    counter: await app('hello-counter', 80),
    keyValue: await app('key-value-app', 80),
    nginx: {
      config: { Cmd: ['nginx', '-g', 'daemon off;'], ExposedPorts: { '80/tcp': {} } },
      layers: [{ paths: ['nginx'], files: NGINX_FILES }],
    },
  }
  const built: BuiltImage[] = []
  for (const [kind, names] of Object.entries(TEXT_IMAGES)) {
    const { config, layers } = recipes[kind as keyof typeof TEXT_IMAGES]
    for (const name of names) built.push(await program(name, config, layers))
  }
  return built
}

const NGINX_CONFIG = `user root;
error_log /dev/stderr;
events {}
http {
  access_log /dev/stdout;
  server {
    listen 80;
    root /usr/share/nginx/html;
  }
}
`

const NGINX_FILES = [
  { path: '/etc/nginx/nginx.conf', content: NGINX_CONFIG },
  { path: '/usr/share/nginx/html/index.html', content: '<h1>Welcome to nginx!</h1>\n' },
  { path: '/var/log/nginx/.keep', content: '' },
  { path: '/var/lib/nginx/.keep', content: '' },
  { path: '/run/.keep', content: '' },
  { path: '/etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\n' },
  { path: '/etc/group', content: 'root:x:0:\n' },
]
