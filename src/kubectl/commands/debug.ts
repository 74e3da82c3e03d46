// kubectl debug: looks into pods and nodes with a container made for it.
// Model: k8s.io/kubectl/pkg/cmd/debug/debug.go.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { isReason, StatusError } from '../../machinery/errors.ts'
import { randomSuffix } from '../../machinery/random.ts'
import { parseYaml } from '../../machinery/yaml.ts'
import type { Invocation, KubectlCommand, KubectlContext } from '../command.ts'
import { type DebugPod, type DebugRequest, losesRights, nodePod, podCopy, withDebugContainer } from '../debug/pods.ts'
import { checkProfile } from '../debug/profiles.ts'
import { ExitError, KubectlError, plainMessage } from '../errors.ts'
import { stringMap } from '../flags.ts'
import { isImageName } from '../generators/image-name.ts'
import { isObject, type KubeObject } from '../object.ts'
import { findContainer } from '../pods/containers.ts'
import { buildResources, type Info, infosOf, mappingOfObject } from '../resources/builder.ts'
import { filenameOptions } from '../resources/flags.ts'
import { hasFilenames } from '../resources/manifests.ts'
import { writeLines } from '../streams/lines.ts'
import { patchDifference } from '../write/mutate.ts'
import { createObject, deleteObject } from '../write/objects.ts'
import { A_WEEK_MS, deadlineAfter, watchUntil } from '../write/watch-until.ts'
import { attachTo } from './attach.ts'
import { podPath } from './exec.ts'

type Json = Record<string, unknown>

export const debug: KubectlCommand = {
  name: 'debug',
  usage: '(POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ] [options]',
  short: 'Create debugging sessions for troubleshooting workloads and nodes',
  long: `Debug cluster resources using interactive debugging containers.

 Pods are meant when no resource is named. A pod is given an ephemeral container, or copied with --copy-to;
 a node is given a pod that runs in its namespaces and sees its files.
`,
  examples: `# Create an interactive debugging session in pod mypod and immediately attach to it
kubectl debug mypod -it --image=busybox

# Create a copy of mypod adding a debug container and attach to it
kubectl debug mypod -it --image=busybox --copy-to=my-debugger

# Create an interactive debugging session on a node, whose files are at /host
kubectl debug node/mynode -it --image=busybox`,
  flags: [
    { name: 'filename', short: 'f', type: 'slice', description: 'identifying the resource to debug' },
    {
      name: 'arguments-only',
      type: 'boolean',
      description: 'If specified, everything after -- will be passed to the new container as Args instead of Command.',
    },
    {
      name: 'attach',
      type: 'boolean',
      description:
        "If true, wait for the container to start running, and then attach as if 'kubectl attach ...' were called.  Default false, unless '-i/--stdin' is set, in which case the default is true.",
    },
    { name: 'container', short: 'c', type: 'string', description: 'Container name to use for debug container.' },
    { name: 'copy-to', type: 'string', description: 'Create a copy of the target Pod with this name.' },
    { name: 'replace', type: 'boolean', description: "When used with '--copy-to', delete the original Pod." },
    { name: 'env', type: 'strings', description: 'Environment variables to set in the container.' },
    { name: 'image', type: 'string', description: 'Container image to use for debug container.' },
    ...keepFlag('labels', 'keep the original pod labels.'),
    ...keepFlag('annotations', 'keep the original pod annotations.'),
    ...keepFlag('liveness', 'keep the original pod liveness probes.'),
    ...keepFlag('readiness', 'keep the original pod readiness probes.'),
    ...keepFlag('startup', 'keep the original startup probes.'),
    ...keepFlag('init-containers', 'run the init containers for the pod.', 'true'),
    {
      name: 'set-image',
      type: 'strings',
      description:
        "When used with '--copy-to', a list of name=image pairs for changing container images, similar to how 'kubectl set image' works.",
    },
    {
      name: 'image-pull-policy',
      type: 'string',
      description:
        'The image pull policy for the container. If left empty, this value will not be specified by the client and defaulted by the server.',
    },
    {
      name: 'stdin',
      short: 'i',
      type: 'boolean',
      description: 'Keep stdin open on the container(s) in the pod, even if nothing is attached.',
    },
    { name: 'quiet', short: 'q', type: 'boolean', description: 'If true, suppress informational messages.' },
    {
      name: 'same-node',
      type: 'boolean',
      description: "When used with '--copy-to', schedule the copy of target Pod on the same node.",
    },
    {
      name: 'share-processes',
      type: 'boolean',
      fallback: 'true',
      description: "When used with '--copy-to', enable process namespace sharing in the copy.",
    },
    {
      name: 'target',
      type: 'string',
      description: 'When using an ephemeral container, target processes in this container name.',
    },
    { name: 'tty', short: 't', type: 'boolean', description: 'Allocate a TTY for the debugging container.' },
    {
      name: 'profile',
      type: 'string',
      fallback: 'legacy',
      description: 'Options are "legacy", "general", "baseline", "netadmin", "restricted" or "sysadmin".',
    },
    {
      name: 'custom',
      type: 'string',
      description:
        'Path to a JSON or YAML file containing a partial container spec to customize built-in debug profiles.',
    },
  ],
  async run(invocation, ctx) {
    const { names, args } = wordsOf(invocation)
    const request = requestOf(ctx, args)
    check(ctx, request, names)
    const attach = ctx.flags.changed('attach') ? ctx.flags.boolean('attach') : request.stdin
    const path = invocation.path.replace(/ debug$/, ' attach')
    for await (const info of infosIn(ctx, names)) {
      const { pod, container } = await debugOne(ctx, info, request)
      if (attach && container !== '') await attachWhenStarted(ctx, pod, { container, path })
    }
    return 0
  },
}

function keepFlag(what: string, does: string, fallback = 'false') {
  const description = `If true, ${does}(This flag only works when used with '--copy-to')`
  return [{ name: `keep-${what}`, type: 'boolean', fallback, description } as const]
}

/** What is named, one after the other: the first that cannot be found ends it. */
async function* infosIn(ctx: KubectlContext, names: readonly string[]): AsyncGenerator<Info> {
  const { namespace, explicit } = ctx.namespace()
  const files = filenameOptions(ctx.flags)
  const request = { files, namespace, enforceNamespace: explicit }
  if (hasFilenames(files)) {
    const { infos, errors } = await buildResources(ctx, { ...request, args: names })
    yield* infos
    if (errors.length > 0) throw errors[0]
    return
  }
  for (const name of names) {
    const args = name.includes('/') ? [name] : ['pods', name]
    yield* infosOf(await buildResources(ctx, { ...request, args }))
  }
}

function wordsOf({ args, flags }: Invocation): { names: readonly string[]; args: readonly string[] } {
  const dash = flags.argsBeforeDash
  if (dash === undefined || args.length <= dash) return { names: args, args: [] }
  return { names: args.slice(0, dash), args: args.slice(dash) }
}

function requestOf(ctx: KubectlContext, args: readonly string[]): DebugRequest {
  const { flags } = ctx
  const text = (name: string) => flags.string(name) ?? ''
  const profile = text('profile')
  const env = [...stringMap(flags, 'env')].map(([name, value]) => ({ name, value }))
  checkProfile(profile)
  return {
    image: text('image'),
    container: text('container'),
    args,
    argumentsOnly: flags.boolean('arguments-only'),
    env,
    pullPolicy: text('image-pull-policy'),
    stdin: flags.boolean('stdin'),
    tty: flags.boolean('tty'),
    target: text('target'),
    profile,
    kept: {
      labels: flags.boolean('keep-labels'),
      annotations: flags.boolean('keep-annotations'),
      livenessProbe: flags.boolean('keep-liveness'),
      readinessProbe: flags.boolean('keep-readiness'),
      startupProbe: flags.boolean('keep-startup'),
      initContainers: flags.boolean('keep-init-containers'),
    },
    custom: readCustom(ctx, text('custom')),
    copyTo: text('copy-to'),
    shareProcesses: flags.changed('share-processes') ? flags.boolean('share-processes') : undefined,
    sameNode: flags.boolean('same-node'),
    setImages: stringMap(flags, 'set-image'),
  }
}

/** The partial container of --custom. Throws KubectlError. */
function readCustom({ cwd }: KubectlContext, file: string): Json | undefined {
  if (file === '') return undefined
  let text: string
  try {
    text = readFileSync(resolve(cwd, file), 'utf8')
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new KubectlError(
      `must pass a container spec json file for custom profile: ${missing ? `open ${file}: no such file or directory` : plainMessage(error)}`,
      { cause: error },
    )
  }
  try {
    const custom = parseYaml(text)
    if (custom === null || custom === undefined) return undefined
    if (!isObject(custom)) throw new KubectlError('it is no object')
    return custom
  } catch (error) {
    throw new KubectlError(`${file} does not contain a valid container spec: ${plainMessage(error)}`, { cause: error })
  }
}

const PULL_POLICIES = new Set(['Always', 'IfNotPresent', 'Never', ''])

/** Throws KubectlError for what cannot be meant; says what the user should know. */
function check(ctx: KubectlContext, request: DebugRequest, names: readonly string[]): void {
  const { flags } = ctx
  const { image, container, args, copyTo, setImages, pullPolicy, target, custom } = request
  const refuse = (message: string) => new KubectlError(message)
  if (flags.changed('attach') && flags.boolean('attach') && image === '' && container === '') {
    throw refuse('you must specify --container or create a new container using --image in order to attach.')
  }
  if (copyTo !== '') {
    if (image === '' && setImages.size === 0 && args.length === 0) {
      throw refuse('you must specify --image, --set-image or command arguments.')
    }
    if (args.length > 0 && container === '' && image === '') {
      throw refuse('you must specify an existing container or a new image when specifying args.')
    }
  } else {
    if (flags.boolean('replace')) throw refuse('--replace may only be used with --copy-to.')
    if (request.sameNode) throw refuse('--same-node may only be used with --copy-to.')
    if (setImages.size > 0) throw refuse('--set-image may only be used with --copy-to.')
    if (image === '') throw refuse('you must specify --image when not using --copy-to.')
  }
  if (image !== '' && !isImageName(image)) {
    throw refuse(`invalid image name ${JSON.stringify(image)}: invalid reference format`)
  }
  if (names.length === 0 && !hasFilenames(filenameOptions(flags))) {
    throw refuse('NAME or filename is required for debug')
  }
  if (!PULL_POLICIES.has(pullPolicy)) throw refuse(`invalid image pull policy: ${pullPolicy}`)
  for (const [name, value] of setImages) {
    if (isImageName(value)) continue
    const [shown, of] = [JSON.stringify(value), JSON.stringify(name)]
    throw refuse(`invalid image name ${shown} for container ${of}: invalid reference format`)
  }
  if (target !== '') {
    if (copyTo !== '') throw refuse('--target is incompatible with --copy-to. Use --share-processes instead.')
    if (!flags.boolean('quiet')) {
      ctx.out(
        `Targeting container ${JSON.stringify(target)}. If you don't see processes from this container it may be because the container runtime doesn't support this feature.\n`,
      )
    }
  }
  if (request.tty && !request.stdin) throw refuse('-i/--stdin is required for containers with -t/--tty=true')
  if (custom && ['name', 'command', 'image', 'lifecycle', 'volumeDevices'].some((field) => isSet(custom[field]))) {
    throw refuse('name, command, image, lifecycle and volume devices are not modifiable via custom profile')
  }
  if (request.profile === 'legacy') {
    ctx.err(
      '--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly specify a profile, for example "--profile=general".\n',
    )
  }
}

const isSet = (value: unknown) =>
  value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)

async function debugOne(ctx: KubectlContext, info: Info, request: DebugRequest): Promise<DebugPod> {
  const quiet = ctx.flags.boolean('quiet')
  const naming = {
    suffix: () => randomSuffix(ctx.random),
    say: (text: string) => {
      if (!quiet) ctx.out(text)
    },
  }
  const { apiVersion, kind } = info.object
  if (apiVersion === 'v1' && kind === 'Node') {
    const { pod, container } = nodePod(info.object, request, naming)
    return { pod: await create(ctx, pod, ctx.namespace().namespace), container }
  }
  if (apiVersion !== 'v1' || kind !== 'Pod') {
    const { group, version, kind: mapped } = info.mapping
    throw new KubectlError(`"${group}/${version}, Kind=${mapped}" not supported by debug`)
  }
  if (request.copyTo === '') return addContainer(ctx, info, withDebugContainer(info.object, request, naming))
  const { pod, container } = podCopy(info.object, request, naming)
  warnOfUser(ctx, pod, container)
  const created = await create(ctx, pod, info.namespace)
  if (ctx.flags.boolean('replace')) await deleteObject(ctx, info, { gracePeriodSeconds: 0 })
  return { pod: created, container }
}

async function create(ctx: KubectlContext, pod: KubeObject, namespace: string): Promise<KubeObject> {
  return createObject(ctx, { mapping: await mappingOfObject(ctx, pod, ''), namespace }, pod)
}

async function addContainer(ctx: KubectlContext, info: Info, { pod, container }: DebugPod): Promise<DebugPod> {
  warnOfUser(ctx, pod, container)
  try {
    const patched = await patchDifference(ctx, info, pod, { subresource: 'ephemeralcontainers' })
    return { pod: patched ?? info.object, container }
  } catch (error) {
    if (error instanceof StatusError && isReason(error, 'NotFound') && !error.status.details?.name) {
      throw new KubectlError(
        `ephemeral containers are disabled for this cluster (error from server: ${JSON.stringify(error.message)})`,
        { cause: error },
      )
    }
    throw error
  }
}

function warnOfUser(ctx: KubectlContext, pod: KubeObject, container: string): void {
  if (!losesRights(findContainer(pod, container), pod)) return
  ctx.err(
    'Warning: Non-root user is configured for the entire target Pod, and some capabilities granted by debug profile may not work. Please consider using "--custom" with a custom profile that specifies "securityContext.runAsUser: 0".\n',
  )
}

interface Attaching {
  readonly container: string
  readonly path: string
}

/** Attaches as soon as the container runs; shows what it wrote when that cannot be. */
async function attachWhenStarted(ctx: KubectlContext, made: KubeObject, { container, path }: Attaching): Promise<void> {
  const pod = await started(ctx, made, container)
  if (stateOf(pod, container)?.terminated) return copyLogs(ctx, pod, container)
  try {
    await attachTo(ctx, pod, { container, path })
  } catch (error) {
    if (error instanceof ExitError || ctx.signal.aborted) throw error
    ctx.err(
      `warning: couldn't attach to pod/${pod.metadata?.name}, falling back to streaming logs: ${plainMessage(error)}\n`,
    )
    await copyLogs(ctx, pod, container)
  }
}

interface ContainerState {
  readonly running?: object
  readonly terminated?: object
  readonly waiting?: { readonly message?: string }
}

/** The state of a container, of whatever kind. */
function stateOf(pod: KubeObject, name: string): ContainerState | undefined {
  const status = isObject(pod.status) ? pod.status : {}
  const lists = [status.initContainerStatuses, status.containerStatuses, status.ephemeralContainerStatuses]
  const all = lists.flatMap((list) => (Array.isArray(list) ? (list as { name: string; state?: ContainerState }[]) : []))
  return all.find((one) => one.name === name)?.state
}

async function started(ctx: KubectlContext, pod: KubeObject, container: string): Promise<KubeObject> {
  const { name = '', namespace = '' } = pod.metadata ?? {}
  const mapping = await mappingOfObject(ctx, { ...pod, apiVersion: 'v1', kind: 'Pod' }, '')
  const deadline = deadlineAfter(ctx, A_WEEK_MS)
  let last = pod
  try {
    await watchUntil(
      ctx,
      { mapping, name, namespace },
      {
        deadline,
        decide(object) {
          if (object === undefined) throw new KubectlError(`pods ${JSON.stringify(name)} not found`)
          last = object
          const state = stateOf(object, container)
          if (state?.running || state?.terminated) return true
          const message = state?.waiting?.message
          if (message && !ctx.flags.boolean('quiet')) ctx.warn(`container ${container}: ${message}`)
          return false
        },
      },
    )
    return last
  } finally {
    deadline.cancel()
  }
}

async function copyLogs(ctx: KubectlContext, pod: KubeObject, container: string): Promise<void> {
  const client = await ctx.client()
  const path = podPath(pod, 'log')
  const log = await client.open({ path, query: { container }, accept: '*/*', signal: ctx.signal })
  await writeLines(log, ctx.stdout, '')
}
