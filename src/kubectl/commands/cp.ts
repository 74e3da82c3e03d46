// kubectl cp: copies files to and from containers, through tar in the container.
// Model: k8s.io/kubectl/pkg/cmd/cp/cp.go.

import { basename, posix, resolve } from 'node:path'
import { PassThrough, Readable, Writable } from 'node:stream'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { archivePrefix, type FileSpec, parseFileSpec } from '../copy/file-spec.ts'
import { existsLocally, packFiles, unpackFiles } from '../copy/local-tar.ts'
import { ExitError, KubectlError, plainMessage } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { containerOrDefault } from '../pods/containers.ts'
import { namedObject } from '../pods/selection.ts'
import { runRemote } from '../streams/remote-command.ts'
import { podPath, refuseCompleted } from './exec.ts'

export const cp: KubectlCommand = {
  name: 'cp',
  usage: '<file-spec-src> <file-spec-dest> [options]',
  short: 'Copy files and directories to and from containers',
  examples: `# Copy /tmp/foo local file to /tmp/bar in a remote pod in namespace <some-namespace>
kubectl cp /tmp/foo <some-namespace>/<some-pod>:/tmp/bar

# Copy /tmp/foo from a remote pod to /tmp/bar locally
kubectl cp <some-namespace>/<some-pod>:/tmp/foo /tmp/bar`,
  flags: [
    {
      name: 'container',
      short: 'c',
      type: 'string',
      description:
        'Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation for selecting the container to be attached or the first container in the pod will be chosen',
    },
    {
      name: 'no-preserve',
      type: 'boolean',
      description: "The copied file/directory's ownership and permissions will not be preserved in the container",
    },
    {
      name: 'retries',
      type: 'int',
      fallback: '0',
      description:
        'Set number of retries to complete a copy operation from a container. Specify 0 to disable or any negative value for infinite retrying. The default is 0 (no retry).',
    },
  ],
  async run({ args }, ctx) {
    const [from, to, ...more] = args
    if (from === undefined || to === undefined || more.length > 0) {
      throw new KubectlError('source and destination are required')
    }
    const [source, dest] = [parseFileSpec(from), parseFileSpec(to)]
    if (source.pod !== '' && dest.pod !== '') {
      throw new KubectlError('one of src or dest must be a local file specification')
    }
    if (source.file === '' || dest.file === '') throw new KubectlError('filepath can not be empty')
    if (source.pod !== '') await copyFromPod(ctx, source, dest.file)
    else if (dest.pod !== '') await copyToPod(ctx, source.file, dest)
    else throw new KubectlError('one of src or dest must be a remote file specification')
    return 0
  },
}

interface Place {
  readonly pod: KubeObject
  readonly container: string
}

async function placeOfSpec(ctx: KubectlContext, { namespace, pod: name }: FileSpec): Promise<Place> {
  const pod = await namedObject(ctx, [name], namespace || ctx.namespace().namespace)
  refuseCompleted(pod, 'exec into')
  const container = ctx.flags.string('container') ?? ''
  return { pod, container: container === '' ? containerOrDefault(pod, '', ctx.err).name : container }
}

interface Streams {
  readonly stdin?: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
}

async function execIn(
  ctx: KubectlContext,
  { pod, container }: Place,
  command: readonly string[],
  { stdin, stdout, stderr }: Streams,
): Promise<void> {
  const query = { container, command, stdin: stdin ? true : undefined, stdout: true, stderr: true }
  await runRemote(ctx, { path: podPath(pod, 'exec'), query, stdin, stdout, stderr, terminal: undefined })
}

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })

async function copyToPod(ctx: KubectlContext, file: string, dest: FileSpec): Promise<void> {
  const local = resolve(ctx.cwd, file)
  if (!(await existsLocally(local))) throw new KubectlError(`${file} doesn't exist in local filesystem`)
  const place = await placeOfSpec(ctx, dest)
  const path = (await isRemoteDirectory(ctx, place, dest.file))
    ? posix.join(dest.file, basename(local))
    : dest.file.replace(/(?<=.)\/+$/, '')
  const preserve = ctx.flags.boolean('no-preserve') ? ['--no-same-permissions', '--no-same-owner'] : []
  const folder = posix.dirname(path)
  const command = ['tar', ...preserve, '-xmf', '-', ...(folder === '.' ? [] : ['-C', folder])]
  const stdin = Readable.from(packFiles(local, posix.basename(path)))
  const failed = new Promise<never>((_, reject) => stdin.once('error', reject))
  await Promise.race([failed, execIn(ctx, place, command, { stdin, stdout: ctx.stdout, stderr: ctx.stderr })])
}

async function isRemoteDirectory(ctx: KubectlContext, place: Place, path: string): Promise<boolean> {
  try {
    await execIn(ctx, place, ['test', '-d', path], { stdout: nowhere(), stderr: nowhere() })
    return true
  } catch (error) {
    if (error instanceof ExitError && !ctx.signal.aborted) return false
    throw error
  }
}

async function copyFromPod(ctx: KubectlContext, source: FileSpec, file: string): Promise<void> {
  const place = await placeOfSpec(ctx, source)
  const archive = archiveOf(ctx, place, source.file)
  await unpackFiles(archive, {
    prefix: archivePrefix(source.file),
    dest: file,
    cwd: ctx.cwd,
    source,
    warn: ctx.err,
  })
}

/** The archive that tar writes in the container; after a broken connection it goes on where it stopped. */
async function* archiveOf(ctx: KubectlContext, place: Place, file: string): AsyncGenerator<Buffer> {
  const retries = ctx.flags.int('retries')
  let received = 0
  for (let attempt = 0; ; attempt++) {
    try {
      for await (const chunk of runTar(ctx, place, file, received)) {
        received += chunk.length
        yield chunk
      }
      return
    } catch (error) {
      if (ctx.signal.aborted || (retries >= 0 && attempt >= retries)) throw error
      const limit = retries < 0 ? '' : `/${retries}`
      ctx.err(`Resuming copy at ${received} bytes, retry ${attempt + 1}${limit} - ${plainMessage(error)}\n`)
    }
  }
}

async function* runTar(ctx: KubectlContext, place: Place, file: string, from: number): AsyncGenerator<Buffer> {
  const quoted = `'${file.replaceAll("'", "'\\''")}'`
  const command = from === 0 ? ['tar', 'cf', '-', file] : ['sh', '-c', `tar cf - ${quoted} | tail -c+${from + 1}`]
  const stdout = new PassThrough()
  execIn(ctx, place, command, { stdout, stderr: ctx.stderr }).then(
    () => stdout.end(),
    (error: unknown) => stdout.destroy(error instanceof Error ? error : new Error(String(error))),
  )
  for await (const chunk of stdout) yield chunk as Buffer
}
