// kubectl stop, as it was until 1.5: scales to nothing, then deletes.
// Model: pkg/kubectl/cmd/stop.go and stop.go of kubernetes 1.2.

import { isReason } from '../../machinery/errors.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { withSource } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { buildResources, type Info } from '../resources/builder.ts'
import { filenameFlags, filenameOptions, selectorFlag } from '../resources/flags.ts'
import { allFlag } from '../write/flags.ts'
import { deleteObject, eachInfo, findObject } from '../write/objects.ts'
import { scaleTo, waitScaled } from '../write/scale.ts'
import { waitDeleted } from '../write/wait-deleted.ts'
import { deadlineAfter } from '../write/watch-until.ts'

const DEFAULT_TIMEOUT_MS = 5 * 60_000
const SCALABLE = new Set(['ReplicationController', 'ReplicaSet', 'Deployment', 'StatefulSet'])

export const stop: KubectlCommand = {
  name: 'stop',
  usage: '(-f FILENAME | TYPE (NAME | -l label | --all)) [options]',
  short: 'Gracefully shut down a resource by name or filename: now `delete`',
  hidden: true,
  flags: [
    ...filenameFlags('of resource(s) to be stopped.'),
    selectorFlag,
    allFlag,
    { name: 'ignore-not-found', type: 'boolean', description: 'Treat "resource not found" as a successful stop.' },
    {
      name: 'grace-period',
      type: 'int',
      fallback: '-1',
      description: 'Period of time in seconds given to the resource to terminate gracefully. Ignored if negative.',
    },
    {
      name: 'timeout',
      type: 'duration',
      description:
        'The length of time to wait before giving up on a delete, zero means determine a timeout from the size of the object',
    },
    {
      name: 'output',
      short: 'o',
      type: 'string',
      description: 'Output mode. Use "-o name" for shorter output (resource/name).',
    },
  ],
  async run({ args }, ctx) {
    ctx.err(`${ctx.program} stop is DEPRECATED, use ${ctx.program} delete instead.\n`)
    const { namespace, explicit } = ctx.namespace()
    const all = ctx.flags.boolean('all')
    const ignoreNotFound = ctx.flags.boolean('ignore-not-found') || all
    const result = await buildResources(ctx, {
      args,
      files: filenameOptions(ctx.flags),
      namespace,
      enforceNamespace: explicit,
      selector: ctx.flags.string('selector') ?? '',
      all,
      fetch: false,
      fetchFiles: false,
      ignoreNotFound,
    })
    await eachInfo(result, async (info) => {
      try {
        await stopOne(ctx, info)
      } catch (error) {
        if (ignoreNotFound && isReason(error, 'NotFound')) return
        throw withSource('stopping', info.source, error)
      }
      const kind = `${info.mapping.kind.toLowerCase()}${info.mapping.group === '' ? '' : `.${info.mapping.group}`}`
      const short = ctx.flags.string('output') === 'name'
      ctx.out(short ? `${kind}/${info.name}\n` : `${kind} ${JSON.stringify(info.name)} deleted\n`)
    })
    return 0
  },
}

async function stopOne(ctx: KubectlContext, info: Info): Promise<void> {
  const timeoutMs = ctx.flags.duration('timeout') || DEFAULT_TIMEOUT_MS
  const there = SCALABLE.has(info.mapping.kind) ? await findObject(ctx, info) : undefined
  if (there && hasReplicas(there)) {
    await scaleTo(ctx, info, { replicas: 0, currentReplicas: -1, resourceVersion: '', dryRun: 'none' })
    await waitScaled(ctx, info, { replicas: 0, timeoutMs })
  }
  const seconds = ctx.flags.int('grace-period')
  const gracePeriodSeconds = seconds < 0 ? undefined : seconds
  const uid = await deleteObject(ctx, info, { gracePeriodSeconds, propagationPolicy: 'Background' })
  const deadline = deadlineAfter(ctx, timeoutMs)
  try {
    await waitDeleted(ctx, info, { deadline, uid })
  } finally {
    deadline.cancel()
  }
}

function hasReplicas({ spec }: KubeObject): boolean {
  return (spec as { replicas?: number } | undefined)?.replicas !== 0
}
