// kubectl run: makes a pod around an image, and what generators of old made.
// Model: k8s.io/kubectl/pkg/cmd/run/run.go.

import { formatTime } from '../../machinery/clock.ts'
import { isReason } from '../../machinery/errors.ts'
import type { Invocation, KubectlCommand, KubectlContext } from '../command.ts'
import { ExitError, KubectlError, plainMessage, throwCollected, usageError } from '../errors.ts'
import { isImageName } from '../generators/image-name.ts'
import { createMade, madeFlags } from '../generators/made.ts'
import { overrideFlags } from '../generators/overrides.ts'
import { generatedWorkload, runFlags, servicesOf } from '../generators/run-objects.ts'
import { isObject, type KubeObject } from '../object.ts'
import { byActivity, firstPodOf } from '../pods/selection.ts'
import { mappingOfObject } from '../resources/builder.ts'
import { filenameFlags } from '../resources/flags.ts'
import { writeLines } from '../streams/lines.ts'
import { dryRunOf, recordFlag, typedPrinter } from '../write/flags.ts'
import { deadlineAfter, watchUntil } from '../write/watch-until.ts'
import { attachTo } from './attach.ts'
import { cascadeOf, deleteAll, deletionFlags } from './delete.ts'
import { podPath } from './exec.ts'
import { podRunningTimeoutFlag } from './logs.ts'

export const run: KubectlCommand = {
  name: 'run',
  usage:
    'NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...] [options]',
  short: 'Run a particular image on the cluster',
  examples: `# Start a nginx pod
kubectl run nginx --image=nginx

# Start a busybox pod and keep it in the foreground, don't restart it if it exits
kubectl run -i -t busybox --image=busybox --restart=Never`,
  flags: [
    ...madeFlags('kubectl-run'),
    ...overrideFlags,
    ...filenameFlags('to use to replace the resource.'),
    ...deletionFlags,
    recordFlag,
    podRunningTimeoutFlag('1m0s'),
    ...runFlags,
    {
      name: 'wait',
      type: 'boolean',
      description: 'If true, wait for resources to be gone before returning. This waits for finalizers.',
    },
  ],
  async run(invocation, ctx) {
    const name = nameOf(invocation, ctx)
    refuseMixtures(ctx, invocation.path)
    const dryRun = dryRunOf(ctx)
    const workload = generatedWorkload(ctx, { name, command: invocation.args.slice(1), path: invocation.path })
    const print = await typedPrinter(ctx, 'created', dryRun)
    const created = [await createMade(ctx, workload.object)]
    const errors: unknown[] = []
    if (ctx.flags.boolean('expose')) {
      const service = servicesOf(ctx, name, workload.labels)
      await createMade(ctx, service).then(
        (object) => {
          created.push(object)
          ctx.out(print(object))
        },
        (error: unknown) => {
          errors.push(error)
        },
      )
    }
    if (attaches(ctx)) return attached(ctx, invocation, created)
    ctx.out(print(created[0] ?? {}))
    throwCollected(errors)
    return 0
  },
}

function nameOf({ args, flags, path }: Invocation, ctx: KubectlContext): string {
  if (!ctx.flags.changed('image')) throw new KubectlError('required flag(s) "image" not set')
  const [name] = args
  if (name === undefined || flags.argsBeforeDash === 0) throw usageError(path, 'NAME is required for run')
  return name
}

const attaches = ({ flags }: KubectlContext) =>
  flags.boolean('attach') || (flags.boolean('stdin') && !flags.changed('attach'))

function refuseMixtures(ctx: KubectlContext, path: string): void {
  const { flags } = ctx
  const refuse = (message: string) => usageError(path, message)
  const image = flags.string('image') ?? ''
  if (image === '') throw new KubectlError('--image is required')
  if (!isImageName(image))
    throw new KubectlError(`Invalid image name ${JSON.stringify(image)}: invalid reference format`)
  if (flags.boolean('tty') && !flags.boolean('stdin')) {
    throw refuse('-i/--stdin is required for containers with -t/--tty=true')
  }
  const port = flags.string('port') ?? ''
  if (flags.boolean('expose') && port === '') throw refuse('--port must be set when exposing a service')
  if (port !== '' && !/^[-+]?\d+$/.test(port))
    throw new KubectlError(`strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`)
  if (flags.boolean('rm') && !attaches(ctx)) {
    throw refuse('--rm should only be used for attached containers')
  }
  if (attaches(ctx) && dryRunOf(ctx) !== 'none') {
    throw refuse(
      "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)",
    )
  }
}

/** Attaches, waits for the end when there will be one, and takes away what --rm says. */
async function attached(ctx: KubectlContext, { path }: Invocation, created: readonly KubeObject[]): Promise<number> {
  try {
    const [workload = {}] = created
    const timeoutMs = ctx.flags.duration('pod-running-timeout')
    const { pod } = await firstPodOf(ctx, workload, { order: byActivity, timeoutMs, why: 'cannot attach to' })
    const started = await waitForPod(ctx, pod, timeoutMs, hasStarted)
    if (isOver(started)) await copyLogs(ctx, started)
    else await attachOrLogs(ctx, started, path)
    const policy = isObject(pod.spec) ? pod.spec.restartPolicy : undefined
    if (ctx.flags.boolean('leave-stdin-open') || (policy !== 'Never' && policy !== 'OnFailure')) return 0
    const over = policy === 'Never' ? isOver : (object: KubeObject) => phaseOf(object) === 'Succeeded'
    return exitCodeOf(await waitForPod(ctx, pod, timeoutMs, over))
  } finally {
    if (ctx.flags.boolean('rm')) await remove(ctx, created)
  }
}

const phaseOf = ({ status }: KubeObject) => (isObject(status) ? status.phase : undefined)
const isOver = (pod: KubeObject) => phaseOf(pod) === 'Succeeded' || phaseOf(pod) === 'Failed'

function hasStarted(pod: KubeObject): boolean {
  if (isOver(pod)) return true
  const conditions = isObject(pod.status) && Array.isArray(pod.status.conditions) ? pod.status.conditions : []
  return (
    phaseOf(pod) === 'Running' && conditions.filter(isObject).some((c) => c.type === 'Ready' && c.status === 'True')
  )
}

async function waitForPod(
  ctx: KubectlContext,
  pod: KubeObject,
  timeoutMs: number,
  test: (pod: KubeObject) => boolean,
): Promise<KubeObject> {
  const mapping = await mappingOfObject(ctx, { ...pod, apiVersion: 'v1', kind: 'Pod' }, '')
  const deadline = deadlineAfter(ctx, timeoutMs)
  let last = pod
  try {
    const { name = '', namespace = '' } = pod.metadata ?? {}
    await watchUntil(
      ctx,
      { mapping, name, namespace },
      {
        deadline,
        decide(object) {
          if (object === undefined) throw new KubectlError(`pods ${JSON.stringify(name)} not found`)
          last = object
          return test(object)
        },
      },
    )
    return last
  } finally {
    deadline.cancel()
  }
}

async function attachOrLogs(ctx: KubectlContext, pod: KubeObject, path: string): Promise<void> {
  let readUntil = ''
  try {
    await copyLogs(ctx, pod)
    readUntil = formatTime(ctx.now())
    await attachTo(ctx, pod, { container: '', path: path.replace(/ run$/, ' attach') })
  } catch (error) {
    if (error instanceof ExitError || ctx.signal.aborted) throw error
    ctx.err(
      `warning: couldn't attach to pod/${pod.metadata?.name}, falling back to streaming logs: ${plainMessage(error)}\n`,
    )
    await copyLogs(ctx, pod, readUntil)
  }
}

/** What the pod has written, of late when `sinceTime` says since when. */
async function copyLogs(ctx: KubectlContext, pod: KubeObject, sinceTime = ''): Promise<void> {
  const client = await ctx.client()
  try {
    await writeLines(
      await client.open({
        path: podPath(pod, 'log'),
        query: sinceTime === '' ? {} : { sinceTime },
        accept: '*/*',
        signal: ctx.signal,
      }),
      ctx.stdout,
      '',
    )
  } catch (error) {
    if (!isReason(error, 'BadRequest') && !isReason(error, 'NotFound')) throw error
    ctx.err(`warning: couldn't fetch pre-attach logs: ${error.message}\n`)
  }
}

function exitCodeOf(pod: KubeObject): number {
  const { namespace, name } = pod.metadata ?? {}
  if (phaseOf(pod) === 'Succeeded') return 0
  if (phaseOf(pod) !== 'Failed') throw new KubectlError(`pod ${namespace}/${name} left in phase ${phaseOf(pod)}`)
  const statuses =
    isObject(pod.status) && Array.isArray(pod.status.containerStatuses) ? pod.status.containerStatuses : []
  const terminated = statuses[0]?.state?.terminated
  const code = Number(terminated?.exitCode ?? 0)
  if (code === 0) throw new KubectlError(`pod ${namespace}/${name} failed with unknown exit code`)
  throw new ExitError(code, `pod ${namespace}/${name} terminated (${terminated.reason})\n${terminated.message ?? ''}\n`)
}

async function remove(ctx: KubectlContext, created: readonly KubeObject[]): Promise<void> {
  const infos = []
  for (const object of created) {
    const { name = '', namespace = '' } = object.metadata ?? {}
    infos.push({ mapping: await mappingOfObject(ctx, object, ''), name, namespace, source: '', object })
  }
  await deleteAll(
    ctx,
    { infos, errors: [] },
    {
      gracePeriod: -1,
      propagationPolicy: cascadeOf(ctx),
      dryRun: 'none',
      ignoreNotFound: true,
      output: '',
      quiet: ctx.flags.boolean('quiet'),
      wait: false,
      timeoutMs: 0,
      warnClusterScope: false,
    },
  )
}
