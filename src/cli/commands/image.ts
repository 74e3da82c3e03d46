// sampan image: the images of a cluster's registry, whether its server runs or not.

import { createReadStream, createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import { imageBuild } from '../../images/build.ts'
import { imageFromHost } from '../../images/from-host.ts'
import { formatImageTable, imageList, imageRemove, imageTag } from '../../images/list.ts'
import { imageLoad } from '../../images/load.ts'
import { runProgram } from '../../images/program.ts'
import { imagePush } from '../../images/push.ts'
import { imageSave } from '../../images/save.ts'
import { systemClock } from '../../machinery/clock.ts'
import { silentLogger } from '../../machinery/logger.ts'
import { systemRandom } from '../../machinery/random.ts'
import { RegistryStore } from '../../registry/store.ts'
import {
  type Command,
  type CommandEnv,
  CommandError,
  clusterFlags,
  clusterName,
  type NamedCommand,
} from '../command.ts'
import type { ParsedFlags } from '../flags.ts'
import { UsageError } from '../flags.ts'

function storeOf(flags: ParsedFlags, env: CommandEnv): RegistryStore {
  return new RegistryStore({ root: env.pathsOf(clusterName(flags)).registry, random: systemRandom })
}

/** Runs an operation whose failures are explained by their message. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error))
  }
}

function expectArgs(flags: ParsedFlags, least: number, usage: string): void {
  if (flags.args.length < least) throw new UsageError(`expected ${usage}`)
}

const load: NamedCommand = {
  name: 'load',
  usage: 'FILE|-',
  summary: 'Load images from an archive (docker or OCI, plain or gzip)',
  flags: [
    ...clusterFlags,
    { name: 'tag', short: 't', type: 'string', description: 'Name for an archive that has none' },
  ],
  async run(flags, env) {
    expectArgs(flags, 1, 'a file, or - for standard input')
    const [file = '-'] = flags.args
    const archive = file === '-' ? (env.stdin as AsyncIterable<Uint8Array>) : createReadStream(resolve(env.cwd, file))
    const name = flags.string('tag')
    const images = await explained(() => imageLoad({ store: storeOf(flags, env), archive, ...(name ? { name } : {}) }))
    for (const image of images) env.stdout.write(`${image.name}\n`)
    return 0
  },
}

const list: NamedCommand = {
  name: 'ls',
  usage: '',
  summary: 'List images',
  flags: [...clusterFlags, { name: 'output', short: 'o', type: 'string', description: 'json for machines' }],
  async run(flags, env) {
    const images = await explained(() => imageList({ store: storeOf(flags, env), arch: process.arch }))
    if (flags.string('output') === 'json') env.stdout.write(`${JSON.stringify(images, null, 2)}\n`)
    else env.stdout.write(formatImageTable(images, env.now()))
    return 0
  },
}

const remove: NamedCommand = {
  name: 'rm',
  usage: 'NAME…',
  summary: 'Remove images',
  flags: clusterFlags,
  async run(flags, env) {
    expectArgs(flags, 1, 'the names of images')
    const store = storeOf(flags, env)
    for (const name of flags.args) {
      const { untagged, deleted } = await explained(() => imageRemove({ store, name }))
      if (untagged) env.stdout.write(`untagged ${untagged}\n`)
      if (deleted) env.stdout.write(`deleted ${deleted}\n`)
    }
    return 0
  },
}

const tag: NamedCommand = {
  name: 'tag',
  usage: 'NAME NEWNAME',
  summary: 'Give an image one more name',
  flags: clusterFlags,
  async run(flags, env) {
    expectArgs(flags, 2, 'an image and its new name')
    const [source = '', target = ''] = flags.args
    env.stdout.write(`${await explained(() => imageTag({ store: storeOf(flags, env), source, target }))}\n`)
    return 0
  },
}

const save: NamedCommand = {
  name: 'save',
  usage: '-o FILE NAME…',
  summary: 'Write images to an archive',
  flags: [
    ...clusterFlags,
    {
      name: 'output',
      short: 'o',
      type: 'string',
      description: 'File to write, or - for standard output',
      fallback: '-',
    },
  ],
  async run(flags, env) {
    expectArgs(flags, 1, 'the names of images')
    const file = flags.string('output') ?? '-'
    const output = file === '-' ? env.stdout : createWriteStream(resolve(env.cwd, file))
    await explained(() =>
      imageSave({
        store: storeOf(flags, env),
        names: flags.args,
        output: output as NodeJS.WriteStream,
        arch: process.arch,
      }),
    )
    return 0
  },
}

const fromHost: NamedCommand = {
  name: 'from-host',
  usage: '-t NAME PATH…',
  summary: 'Make an image of programs of this machine, with the libraries they need',
  flags: [
    ...clusterFlags,
    { name: 'tag', short: 't', type: 'string', description: 'Name of the image' },
    { name: 'entrypoint', type: 'strings', description: 'Program that starts (repeat for its arguments)' },
    { name: 'cmd', type: 'strings', description: 'Default arguments (repeat)' },
    { name: 'env', short: 'e', type: 'strings', description: 'Environment variable NAME=VALUE (repeat)' },
    { name: 'workdir', short: 'w', type: 'string', description: 'Working directory' },
    { name: 'user', short: 'u', type: 'string', description: 'User who runs it' },
  ],
  async run(flags, env) {
    expectArgs(flags, 1, 'paths of programs, files or directories (SOURCE or SOURCE:DESTINATION)')
    const name = flags.string('tag')
    if (!name) throw new UsageError('expected a name for the image: --tag NAME')
    const given = <K extends string>(key: K, values: readonly string[]) =>
      values.length > 0 ? { [key]: [...values] } : {}
    const workdir = flags.string('workdir')
    const user = flags.string('user')
    const image = await explained(() =>
      imageFromHost({
        store: storeOf(flags, env),
        name,
        layers: [{ paths: flags.args }],
        config: {
          ...given('Entrypoint', flags.strings('entrypoint')),
          ...given('Cmd', flags.strings('cmd')),
          ...given('Env', flags.strings('env')),
          ...(workdir ? { WorkingDir: workdir } : {}),
          ...(user ? { User: user } : {}),
        },
        arch: process.arch,
        env: env.env,
        run: runProgram,
        created: new Date(env.now()).toISOString(),
      }),
    )
    env.stdout.write(`${image.name}@${image.digest}\n`)
    return 0
  },
}

const build: NamedCommand = {
  name: 'build',
  usage: '-t NAME DIR',
  summary: 'Build an image from a Dockerfile (with buildah)',
  flags: [
    ...clusterFlags,
    { name: 'tag', short: 't', type: 'string', description: 'Name of the image' },
    {
      name: 'file',
      short: 'f',
      type: 'string',
      description: 'Dockerfile; Containerfile or Dockerfile of DIR when absent',
    },
    { name: 'build-arg', type: 'strings', description: 'NAME=VALUE for an ARG instruction (repeat)' },
    { name: 'target', type: 'string', description: 'Stage to build' },
    { name: 'no-cache', type: 'boolean', description: 'Build every layer anew' },
  ],
  async run(flags, env) {
    expectArgs(flags, 1, 'a directory to build from')
    const [directory = '.'] = flags.args
    const name = flags.string('tag')
    if (!name) throw new UsageError('expected a name for the image: --tag NAME')
    const paths = env.pathsOf(clusterName(flags))
    const dockerfile = flags.string('file')
    const target = flags.string('target')
    const built = await explained(() =>
      imageBuild({
        store: storeOf(flags, env),
        name,
        directory: resolve(env.cwd, directory),
        ...(dockerfile ? { dockerfile: resolve(env.cwd, dockerfile) } : {}),
        ...(target ? { target } : {}),
        buildArgs: flags.strings('build-arg'),
        noCache: flags.boolean('no-cache'),
        storage: `${paths.data}/buildah`,
        env: env.env,
        run: runProgram,
        clock: systemClock,
        random: systemRandom,
        log: silentLogger,
        progress: (text) => void env.stderr.write(text),
      }),
    )
    env.stdout.write(`${built.name}@${built.digest}\n`)
    return 0
  },
}

const push: NamedCommand = {
  name: 'push',
  usage: 'NAME [NEWNAME]',
  summary: "Push an image to its host's registry",
  flags: [
    ...clusterFlags,
    { name: 'username', type: 'string', description: 'Who pushes' },
    { name: 'password-stdin', type: 'boolean', description: 'Read the password from standard input' },
  ],
  async run(flags, env) {
    expectArgs(flags, 1, 'the name of an image')
    const [name = '', target] = flags.args
    const username = flags.string('username')
    const password = flags.boolean('password-stdin') ? await readAll(env.stdin) : ''
    const pushed = await explained(() =>
      imagePush({
        store: storeOf(flags, env),
        name,
        ...(target ? { target } : {}),
        ...(username ? { credentials: { username, password } } : {}),
        progress: (line) => void env.stderr.write(`${line}\n`),
      }),
    )
    env.stdout.write(`${pushed.name}@${pushed.digest}\n`)
    return 0
  },
}

const MAX_PASSWORD = 64 * 1024

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += chunk.toString()
    if (text.length > MAX_PASSWORD) throw new CommandError('cannot read the password: standard input is too long')
  }
  return text.replace(/\r?\n$/, '')
}

export const image: Command = {
  usage: '',
  flags: [],
  children: [load, push, list, remove, tag, save, build, fromHost],
  async run() {
    return 0
  },
}
