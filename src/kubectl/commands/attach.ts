// kubectl attach: joins the streams of a running container.
// Model: k8s.io/kubectl/pkg/cmd/attach/attach.go.

import type { KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError, plainMessage } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { type Container, containerOrDefault, containersOf } from '../pods/containers.ts'
import { byActivity, firstPodOf, namedObject } from '../pods/selection.ts'
import { runRemote } from '../streams/remote-command.ts'
import { takeTerminal } from '../streams/terminal.ts'
import { haveTerminal, podPath, refuseCompleted, streamFlags } from './exec.ts'
import { podRunningTimeoutFlag } from './logs.ts'

export const attach: KubectlCommand = {
  name: 'attach',
  usage: '(POD | TYPE/NAME) -c CONTAINER [options]',
  short: 'Attach to a running container',
  flags: [
    ...streamFlags,
    podRunningTimeoutFlag('1m0s'),
    {
      name: 'detach-keys',
      type: 'string',
      fallback: 'ctrl-p,ctrl-q',
      description: 'Override the key sequence for detaching a container',
    },
  ],
  async run({ args, path }, ctx) {
    if (args.length === 0) throw new KubectlError('at least 1 argument is required for attach')
    if (args.length > 2) {
      throw new KubectlError(
        `expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw ${args.length}: [${args.join(' ')}]`,
      )
    }
    const timeoutMs = ctx.flags.duration('pod-running-timeout')
    if (timeoutMs <= 0) throw new KubectlError('--pod-running-timeout must be higher than zero')
    const object = await namedObject(ctx, args, ctx.namespace().namespace)
    const { pod } = await firstPodOf(ctx, object, { order: byActivity, timeoutMs, why: 'cannot attach to' })
    refuseCompleted(pod, 'attach')
    await attachTo(ctx, pod, { container: ctx.flags.string('container') ?? '', path })
    return 0
  },
}

/** Joins a container's streams until it ends or the user detaches. */
export async function attachTo(
  ctx: KubectlContext,
  pod: KubeObject,
  { container, path }: { readonly container: string; readonly path: string },
): Promise<void> {
  const { flags } = ctx
  const quiet = flags.boolean('quiet')
  const chosen = chooseContainer(pod, container, quiet ? undefined : ctx.err)
  const stdin = flags.boolean('stdin')
  const tty = wantsTerminal(ctx, chosen) && stdin && haveTerminal(ctx)
  const terminal = tty ? takeTerminal(ctx) : undefined
  if (!quiet) {
    ctx.err(
      "All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.\nIf you don't see a command prompt, try pressing enter.\n",
    )
  }
  const stderr = !tty && chosen.tty !== true
  try {
    await runRemote(ctx, {
      path: podPath(pod, 'attach'),
      query: {
        container: chosen.name,
        stdin: stdin || undefined,
        stdout: true,
        stderr: stderr || undefined,
        tty: tty || undefined,
      },
      stdin: stdin ? ctx.stdin() : undefined,
      stdout: ctx.stdout,
      stderr: ctx.stderr,
      terminal,
      ...(tty ? { detachKeys: detachKeys(flags.string('detach-keys') ?? '') } : {}),
    })
  } finally {
    terminal?.restore()
  }
  if (!quiet && stdin && tty) ctx.out(`${reattachAdvice(pod, chosen, path)}\n`)
}

function chooseContainer(pod: KubeObject, name: string, say?: (text: string) => void): Container {
  try {
    return containerOrDefault(pod, name, say)
  } catch (error) {
    throw new KubectlError(`cannot attach to the container: ${plainMessage(error)}`, { cause: error })
  }
}

function wantsTerminal(ctx: KubectlContext, container: Container): boolean {
  if (!ctx.flags.boolean('tty')) return container.tty === true
  if (container.tty === true) return true
  if (!ctx.flags.boolean('quiet')) {
    ctx.err(`error: Unable to use a TTY - container ${container.name} did not allocate one\n`)
  }
  return false
}

function reattachAdvice(pod: KubeObject, { name }: Container, path: string): string {
  const command = `${path} ${pod.metadata?.name} -c ${name} -n ${pod.metadata?.namespace} -i -t`
  return containersOf(pod, 'ephemeralContainers').some((c) => c.name === name)
    ? `Session ended, the ephemeral container will not be restarted but may be reattached using '${command}' if it is still running`
    : `Session ended, resume using '${command}' command`
}

/** `ctrl-p,ctrl-q` as the bytes that the keys send. Throws KubectlError. */
export function detachKeys(text: string): Buffer {
  const codes = (text === '' ? 'ctrl-p,ctrl-q' : text).split(',').map((key) => {
    const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key)?.[1]
    if (control) return control.toUpperCase().charCodeAt(0) & 0x1f
    if (key.length === 1) return key.charCodeAt(0)
    throw new KubectlError(`could not bind detach keys: Unknown character: '${key}'`)
  })
  return Buffer.from(codes)
}
