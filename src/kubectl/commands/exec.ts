// kubectl exec: runs a command in a container.
// Model: k8s.io/kubectl/pkg/cmd/exec/exec.go.

import type { Invocation, KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import type { Flag } from '../flags.ts'
import { isObject, type KubeObject } from '../object.ts'
import { containerOrDefault } from '../pods/containers.ts'
import { byActivity, firstPodOf, namedObject } from '../pods/selection.ts'
import { buildResources, infosOf } from '../resources/builder.ts'
import { filenameFlags, filenameOptions } from '../resources/flags.ts'
import { hasFilenames } from '../resources/manifests.ts'
import { runRemote } from '../streams/remote-command.ts'
import { canBeRaw, takeTerminal } from '../streams/terminal.ts'
import { podRunningTimeoutFlag } from './logs.ts'

/** What exec and attach take of the terminal. */
export const streamFlags: readonly Flag[] = [
  { name: 'stdin', short: 'i', type: 'boolean', description: 'Pass stdin to the container' },
  { name: 'tty', short: 't', type: 'boolean', description: 'Stdin is a TTY' },
  { name: 'quiet', short: 'q', type: 'boolean', description: 'Only print output from the remote session' },
  {
    name: 'container',
    short: 'c',
    type: 'string',
    description:
      'Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation for selecting the container to be attached or the first container in the pod will be chosen',
  },
]

export const exec: KubectlCommand = {
  name: 'exec',
  usage: '(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...] [options]',
  short: 'Execute a command in a container',
  examples: `# Get output from running the 'date' command from pod mypod, using the first container by default
kubectl exec mypod -- date

# Switch to raw terminal mode; sends stdin to 'bash' in ruby-container from pod mypod
kubectl exec mypod -c ruby-container -i -t -- bash -il`,
  flags: [...filenameFlags('to use to exec into the resource'), ...streamFlags, podRunningTimeoutFlag('1m0s')],
  async run(invocation, ctx) {
    const { target, command } = wordsOf(invocation, ctx)
    const files = filenameOptions(ctx.flags)
    if (target === '' && !hasFilenames(files)) {
      throw new KubectlError('pod, type/name or --filename must be specified')
    }
    if (command.length === 0) throw new KubectlError('you must specify at least one command for the container')
    const pod = await podFor(ctx, target)
    await execIn(ctx, pod, { container: ctx.flags.string('container') ?? '', command })
    return 0
  },
}

/** The pod and the command: `POD -- COMMAND`, or without the dashes, as it was written until 2024. */
function wordsOf({ args, flags }: Invocation, ctx: KubectlContext): { target: string; command: readonly string[] } {
  const dash = flags.argsBeforeDash
  const fromFile = hasFilenames(filenameOptions(flags))
  if (dash === 0) return { target: '', command: args }
  if (dash === 1) return { target: args[0] ?? '', command: args.slice(1) }
  const old = fromFile ? args.length > 0 : args.length > 1
  if (old) {
    ctx.err(
      `${ctx.program} exec [POD] [COMMAND] is DEPRECATED and will be removed in a future version. Use ${ctx.program} exec [POD] -- [COMMAND] instead.\n`,
    )
  }
  return fromFile ? { target: '', command: args } : { target: args[0] ?? '', command: args.slice(1) }
}

async function podFor(ctx: KubectlContext, target: string): Promise<KubeObject> {
  const { namespace, explicit } = ctx.namespace()
  const files = filenameOptions(ctx.flags)
  let object: KubeObject
  if (hasFilenames(files)) {
    const infos = infosOf(await buildResources(ctx, { files, namespace, enforceNamespace: explicit }))
    if (infos.length > 1) throw new KubectlError('cannot exec into multiple objects at a time')
    object = infos[0]?.object ?? {}
  } else object = await namedObject(ctx, [target], namespace)
  const timeoutMs = ctx.flags.duration('pod-running-timeout')
  return (await firstPodOf(ctx, object, { order: byActivity, timeoutMs, why: 'cannot attach to' })).pod
}

/** Path of a pod's subresource. */
export function podPath(pod: KubeObject, subresource: string): string {
  const { namespace = '', name = '' } = pod.metadata ?? {}
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/${subresource}`
}

/** Throws KubectlError for pods whose containers run no more. */
export function refuseCompleted(pod: KubeObject, doing: string): void {
  const phase = isObject(pod.status) ? pod.status.phase : undefined
  if (phase === 'Succeeded' || phase === 'Failed') {
    throw new KubectlError(`cannot ${doing} a container in a completed pod; current phase is ${phase}`)
  }
}

/** Runs the command with the user's streams. */
async function execIn(
  ctx: KubectlContext,
  pod: KubeObject,
  { container, command }: { container: string; command: readonly string[] },
): Promise<void> {
  refuseCompleted(pod, 'exec into')
  const { flags } = ctx
  const say = flags.boolean('quiet') ? undefined : ctx.err
  // A container that is named is the server's to find.
  const name = container === '' ? containerOrDefault(pod, '', say).name : container
  const withStdin = flags.boolean('stdin')
  const tty = withStdin && flags.boolean('tty') && haveTerminal(ctx)
  const terminal = tty ? takeTerminal(ctx) : undefined
  try {
    await runRemote(ctx, {
      path: podPath(pod, 'exec'),
      query: {
        container: name,
        command,
        stdin: withStdin || undefined,
        stdout: true,
        stderr: !tty || undefined,
        tty: tty || undefined,
      },
      stdin: withStdin ? ctx.stdin() : undefined,
      stdout: ctx.stdout,
      stderr: ctx.stderr,
      terminal,
    })
  } finally {
    terminal?.restore()
  }
}

/** Whether a terminal can be had; says so when not. */
export function haveTerminal(ctx: KubectlContext): boolean {
  if (canBeRaw(ctx)) return true
  if (!ctx.flags.boolean('quiet')) {
    ctx.err('Unable to use a TTY - input is not a terminal or the right kind of file\n')
  }
  return false
}
