// kubectl rollout: history, pause, restart, resume, status, undo.
// Model: k8s.io/kubectl/pkg/cmd/rollout.

import { formatTime } from '../../machinery/clock.ts'
import type { Invocation, KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'
import { printerOf, printFlags } from '../printers/print-flags.ts'
import { buildResources, type ResourceResult } from '../resources/builder.ts'
import { filenameFlags, filenameOptions, selectorFlag } from '../resources/flags.ts'
import { hasFilenames } from '../resources/manifests.ts'
import { historyText, revisionsOf, rollBack } from '../rollout/history.ts'
import { rolloutStatus } from '../rollout/status.ts'
import { dryRunFlag, dryRunOf, fieldManagerFlag, resultPrinter } from '../write/flags.ts'
import { patchDifference, podTemplateOf, refusal } from '../write/mutate.ts'
import { eachInfo } from '../write/objects.ts'
import { A_WEEK_MS, deadlineAfter, WaitTimeoutError, watchUntil } from '../write/watch-until.ts'

const common = [...filenameFlags('identifying the resource to get from a server.'), selectorFlag]

async function find({ args }: Invocation, ctx: KubectlContext): Promise<ResourceResult> {
  const files = filenameOptions(ctx.flags)
  if (args.length === 0 && !hasFilenames(files)) throw new KubectlError('required resource not specified')
  const { namespace, explicit } = ctx.namespace()
  const selector = ctx.flags.string('selector') ?? ''
  return buildResources(ctx, { args, files, namespace, enforceNamespace: explicit, selector, allowEmptySelector: true })
}

function sayNothingFound(ctx: KubectlContext): void {
  ctx.err(`No resources found in ${ctx.namespace().namespace} namespace.\n`)
}

function revisionOf(ctx: KubectlContext): number {
  const revision = ctx.flags.int('revision')
  if (revision < 0) throw new KubectlError(`revision must be a positive integer: ${revision}`)
  return revision
}

const status: KubectlCommand = {
  name: 'status',
  usage: '(TYPE NAME | TYPE/NAME) [flags] [options]',
  short: 'Show the status of the rollout',
  flags: [
    ...common,
    {
      name: 'revision',
      type: 'int',
      description: 'Pin to a specific revision for showing its status. Defaults to 0 (last revision).',
    },
    {
      name: 'timeout',
      type: 'duration',
      description:
        'The length of time to wait before ending watch, zero means never. Any other values should contain a corresponding time unit (e.g. 1s, 2m, 3h).',
    },
    {
      name: 'watch',
      short: 'w',
      type: 'boolean',
      fallback: 'true',
      description: "Watch the status of the rollout until it's done.",
    },
  ],
  async run(invocation, ctx) {
    const result = await find(invocation, ctx)
    const revision = revisionOf(ctx)
    const watch = ctx.flags.boolean('watch')
    const deadline = deadlineAfter(ctx, ctx.flags.duration('timeout') || A_WEEK_MS)
    try {
      const count = await eachInfo(result, (info) =>
        watchUntil(ctx, info, {
          deadline,
          decide(object) {
            if (object === undefined) throw new KubectlError('object has been deleted')
            const { text, done } = rolloutStatus(object, revision)
            ctx.out(text)
            return done || !watch
          },
        }),
      )
      if (count === 0) sayNothingFound(ctx)
    } catch (error) {
      if (!(error instanceof WaitTimeoutError)) throw error
      throw new KubectlError('timed out waiting for the condition', { cause: error })
    } finally {
      deadline.cancel()
    }
    return 0
  },
}

const history: KubectlCommand = {
  name: 'history',
  usage: '(TYPE NAME | TYPE/NAME) [flags] [options]',
  short: 'View rollout history',
  flags: [
    ...printFlags(),
    ...common,
    { name: 'revision', type: 'int', description: 'See the details, including podTemplate of the revision specified' },
  ],
  async run(invocation, ctx) {
    const number = revisionOf(ctx)
    const result = await find(invocation, ctx)
    const print = await printerOf(ctx)
    await eachInfo(result, async (info) => {
      const revisions = await revisionsOf(ctx, info)
      if (print) {
        const shown = number > 0 ? revisions.filter((r) => r.number === number) : revisions
        if (number > 0 && shown.length === 0) throw new KubectlError('unable to find the specified revision')
        for (const { object } of shown) ctx.out(print(object))
        return
      }
      const which = number > 0 ? `with revision #${number}` : ''
      const show = await resultPrinter(ctx, `${which}\n${historyText(revisions, number)}`)
      ctx.out(show(info.object))
    })
    return 0
  },
}

const undo: KubectlCommand = {
  name: 'undo',
  usage: '(TYPE NAME | TYPE/NAME) [flags] [options]',
  short: 'Undo a previous rollout',
  flags: [
    ...printFlags(),
    ...common,
    dryRunFlag,
    { name: 'to-revision', type: 'int', description: 'The revision to rollback to. Default to 0 (last revision).' },
  ],
  async run(invocation, ctx) {
    const dryRun = dryRunOf(ctx)
    const result = await find(invocation, ctx)
    await eachInfo(result, async (info) => {
      const said = await rollBack(ctx, info, { toRevision: ctx.flags.int('to-revision'), dryRun })
      ctx.out((await resultPrinter(ctx, said, dryRun))(info.object))
    })
    return 0
  },
}

interface Change {
  readonly name: string
  readonly short: string
  readonly done: string
  /** Said of what is so already; none makes that an error. */
  readonly already?: string
  /** The changed object. Throws KubectlError with the reason why not. */
  change(object: KubeObject, now: number): KubeObject
}

function changing({ name, short, done, already, change }: Change): KubectlCommand {
  return {
    name,
    usage: 'RESOURCE [options]',
    short,
    flags: [...printFlags(), ...common, fieldManagerFlag('kubectl-rollout')],
    async run(invocation, ctx) {
      const result = await find(invocation, ctx)
      const print = await resultPrinter(ctx, done)
      const count = await eachInfo(result, async (info) => {
        let after: KubeObject
        try {
          after = change(info.object, ctx.now())
        } catch (error) {
          throw refusal(info, error)
        }
        const manager = { fieldManager: ctx.flags.string('field-manager') }
        const patched = await patchDifference(ctx, info, after, manager)
        if (patched) return ctx.out(print(patched))
        if (already === undefined) {
          throw new KubectlError(
            `failed to create patch for ${info.name}: if restart has already been triggered within the past second, please wait before attempting to trigger another`,
          )
        }
        ctx.out((await resultPrinter(ctx, already))(info.object))
      })
      if (count === 0) sayNothingFound(ctx)
      return 0
    },
  }
}

const isPaused = ({ spec }: KubeObject) => isObject(spec) && spec.paused === true
const withSpec = (object: KubeObject, more: object) => ({ ...object, spec: { ...(object.spec as object), ...more } })

const pause = changing({
  name: 'pause',
  short: 'Mark the provided resource as paused',
  done: 'paused',
  already: 'already paused',
  change(object) {
    if (object.kind !== 'Deployment') throw new KubectlError('pausing is not supported')
    if (isPaused(object)) throw new KubectlError('is already paused')
    return withSpec(object, { paused: true })
  },
})

const resume = changing({
  name: 'resume',
  short: 'Resume a paused resource',
  done: 'resumed',
  already: 'already resumed',
  change(object) {
    if (object.kind !== 'Deployment') throw new KubectlError('resuming is not supported')
    if (!isPaused(object)) throw new KubectlError('is not paused')
    const { paused: _, ...spec } = object.spec as Record<string, unknown>
    return { ...object, spec }
  },
})

const restart = changing({
  name: 'restart',
  short: 'Restart a resource',
  done: 'restarted',
  change(object, now) {
    if (!['Deployment', 'DaemonSet', 'StatefulSet'].includes(object.kind ?? '')) {
      throw new KubectlError('restarting is not supported')
    }
    if (isPaused(object)) throw new KubectlError("can't restart paused deployment (run rollout resume first)")
    const place = podTemplateOf(object)
    if (!place) throw new KubectlError('restarting is not supported')
    const metadata = isObject(place.template.metadata) ? place.template.metadata : {}
    const annotations = isObject(metadata.annotations) ? metadata.annotations : {}
    const at = { 'kubectl.kubernetes.io/restartedAt': formatTime(now) }
    return place.with({ ...place.template, metadata: { ...metadata, annotations: { ...annotations, ...at } } })
  },
})

export const rollout: KubectlCommand = {
  name: 'rollout',
  usage: 'SUBCOMMAND [options]',
  short: 'Manage the rollout of a resource',
  flags: [],
  children: [history, pause, restart, resume, status, undo],
}
