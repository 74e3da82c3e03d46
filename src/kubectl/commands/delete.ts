// kubectl delete: removes objects and waits until they are gone.
// Model: k8s.io/kubectl/pkg/cmd/delete/delete.go.

import { createInterface } from 'node:readline'
import { isReason } from '../../machinery/errors.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError, withSource } from '../errors.ts'
import type { Flag } from '../flags.ts'
import { buildResources, type ResourceResult } from '../resources/builder.ts'
import {
  allNamespacesFlag,
  fieldSelectorFlag,
  filenameFlags,
  filenameOptions,
  selectorFlag,
} from '../resources/flags.ts'
import { type DryRun, dryRunFlag, dryRunOf, dryRunSuffix } from '../write/flags.ts'
import { deleteObject, eachInfo, singleInfos, type Target } from '../write/objects.ts'
import { waitDeleted } from '../write/wait-deleted.ts'
import { A_WEEK_MS, deadlineAfter } from '../write/watch-until.ts'

/** How objects are deleted, for every command that does. */
export const deletionFlags: readonly Flag[] = [
  {
    name: 'cascade',
    type: 'string',
    fallback: 'background',
    whenBare: 'background',
    description:
      'Must be "background", "orphan", or "foreground". Selects the deletion cascading strategy for the dependents (e.g. Pods created by a ReplicationController). Defaults to background.',
  },
  {
    name: 'force',
    type: 'boolean',
    description:
      'If true, immediately remove resources from API and bypass graceful deletion. Note that immediate deletion of some resources may result in inconsistency or data loss and requires confirmation.',
  },
  {
    name: 'grace-period',
    type: 'int',
    fallback: '-1',
    description:
      'Period of time in seconds given to the resource to terminate gracefully. Ignored if negative. Set to 1 for immediate shutdown. Can only be set to 0 when --force is true (force deletion).',
  },
  {
    name: 'timeout',
    type: 'duration',
    description:
      'The length of time to wait before giving up on a delete, zero means determine a timeout from the size of the object',
  },
]

export const deleteCommand: KubectlCommand = {
  name: 'delete',
  usage: '([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)]) [options]',
  short: 'Delete resources by file names, stdin, resources and names, or by resources and label selector',
  examples: `# Delete a pod using the type and name specified in pod.json
kubectl delete -f ./pod.json

# Delete pods and services with label name=myLabel
kubectl delete pods,services -l name=myLabel

# Delete a pod with minimal delay
kubectl delete pod foo --now`,
  flags: [
    ...filenameFlags('containing the resource to delete.'),
    selectorFlag,
    fieldSelectorFlag,
    allNamespacesFlag,
    ...deletionFlags,
    dryRunFlag,
    {
      name: 'all',
      type: 'boolean',
      description: 'Delete all resources, in the namespace of the specified resource types.',
    },
    {
      name: 'ignore-not-found',
      type: 'boolean',
      description: 'Treat "resource not found" as a successful delete. Defaults to "true" when --all is specified.',
    },
    {
      name: 'interactive',
      short: 'i',
      type: 'boolean',
      description: 'If true, delete resource only when user confirms.',
    },
    {
      name: 'now',
      type: 'boolean',
      description: 'If true, resources are signaled for immediate shutdown (same as --grace-period=1).',
    },
    {
      name: 'output',
      short: 'o',
      type: 'string',
      description: 'Output mode. Use "-o name" for shorter output (resource/name).',
    },
    {
      name: 'raw',
      type: 'string',
      description: 'Raw URI to DELETE to the server.  Uses the transport specified by the kubeconfig file.',
    },
    {
      name: 'wait',
      type: 'boolean',
      fallback: 'true',
      description: 'If true, wait for resources to be gone before returning. This waits for finalizers.',
    },
  ],
  async run({ args }, ctx) {
    const gracePeriod = gracePeriodOf(ctx)
    const propagationPolicy = cascadeOf(ctx)
    const dryRun = dryRunOf(ctx)
    refuseMixtures(ctx)
    if (ctx.flags.string('raw')) return deleteRaw(ctx)
    const { namespace, explicit } = ctx.namespace()
    const allNamespaces = ctx.flags.boolean('all-namespaces')
    const all = ctx.flags.boolean('all')
    const selector = ctx.flags.string('selector') ?? ''
    const fieldSelector = ctx.flags.string('field-selector') ?? ''
    const selected = all || selector !== '' || fieldSelector !== ''
    const ignoreNotFound = ctx.flags.boolean('ignore-not-found') || (selected && !ctx.flags.changed('ignore-not-found'))
    const result = await buildResources(ctx, {
      args,
      files: filenameOptions(ctx.flags),
      namespace,
      enforceNamespace: explicit,
      allNamespaces,
      selector,
      fieldSelector,
      all,
      fetch: false,
      fetchFiles: false,
      ignoreNotFound,
    })
    if (ctx.flags.boolean('interactive') && !(await confirmed(ctx, result))) return 0
    return deleteAll(ctx, result, {
      gracePeriod,
      propagationPolicy,
      dryRun,
      ignoreNotFound,
      output: ctx.flags.string('output') ?? '',
      wait: ctx.flags.boolean('wait'),
      timeoutMs: ctx.flags.duration('timeout'),
      warnClusterScope: explicit && !allNamespaces,
    })
  },
}

export interface Deletion {
  /** Negative: the object's own. */
  readonly gracePeriod: number
  readonly propagationPolicy: string
  readonly dryRun: DryRun
  readonly ignoreNotFound: boolean
  readonly output: string
  readonly quiet?: boolean
  readonly wait: boolean
  readonly timeoutMs: number
  readonly warnClusterScope: boolean
}

/** Deletes what was found, says so, and waits. */
export async function deleteAll(
  ctx: KubectlContext,
  result: Pick<ResourceResult, 'infos' | 'errors'>,
  deletion: Deletion,
): Promise<number> {
  const { gracePeriod, propagationPolicy, dryRun } = deletion
  const deleted: { target: Target; uid: string | undefined }[] = []
  let warnScope = deletion.warnClusterScope
  const count = await eachInfo(result, async (info) => {
    if (warnScope && !info.mapping.namespaced) {
      warnScope = false
      ctx.warn('deleting cluster-scoped resources, not scoped to the provided namespace')
    }
    if (dryRun === 'client') return say(ctx, info, deletion)
    try {
      const gracePeriodSeconds = gracePeriod < 0 ? undefined : gracePeriod
      const uid = await deleteObject(ctx, info, { gracePeriodSeconds, propagationPolicy, dryRun })
      deleted.push({ target: info, uid })
    } catch (error) {
      if (deletion.ignoreNotFound && isReason(error, 'NotFound')) return
      throw withSource('deleting', info.source, error)
    }
    say(ctx, info, deletion)
  })
  if (count === 0) {
    ctx.out('No resources found\n')
    return 0
  }
  if (!deletion.wait || dryRun !== 'none') return 0
  const deadline = deadlineAfter(ctx, deletion.timeoutMs || A_WEEK_MS)
  try {
    for (const { target, uid } of deleted) await waitDeleted(ctx, target, { deadline, uid })
  } catch (error) {
    // Who may not watch may still delete.
    if (!isReason(error, 'Forbidden') && !isReason(error, 'MethodNotAllowed')) throw error
  } finally {
    deadline.cancel()
  }
  return 0
}

function say(ctx: KubectlContext, { mapping, namespace, name }: Target, deletion: Deletion): void {
  if (deletion.quiet) return
  const kind = mapping.kind.toLowerCase() + (mapping.group === '' ? '' : `.${mapping.group}`)
  if (deletion.output === 'name') return ctx.out(`${kind}/${name}\n`)
  const how = deletion.gracePeriod === 0 ? 'force deleted' : 'deleted'
  const where = mapping.namespaced ? ` from ${namespace} namespace` : ''
  ctx.out(`${kind} ${JSON.stringify(name)} ${how}${where}${dryRunSuffix(deletion.dryRun)}\n`)
}

/** Seconds that --grace-period, --now and --force come to. */
export function gracePeriodOf({ flags }: Pick<KubectlContext, 'flags'>): number {
  const force = flags.boolean('force')
  let seconds = flags.int('grace-period')
  if (flags.boolean('now')) {
    if (seconds !== -1) throw new KubectlError('--now and --grace-period cannot be specified together')
    seconds = 1
  }
  // Zero means immediate removal, which --force has to confirm.
  if (seconds === 0 && !force) seconds = 1
  if (force && seconds < 0) seconds = 0
  return seconds
}

const POLICIES: Readonly<Record<string, string>> = {
  background: 'Background',
  orphan: 'Orphan',
  foreground: 'Foreground',
}

/** The propagation policy that --cascade asks for. Throws KubectlError. */
export function cascadeOf(ctx: Pick<KubectlContext, 'flags' | 'err'>): string {
  const value = ctx.flags.string('cascade') ?? 'background'
  const policy = POLICIES[value]
  if (policy) return policy
  if (!/^(true|false|t|f|1|0)$/i.test(value)) {
    throw new KubectlError(`invalid cascade value (${value}). Must be "background", "foreground", or "orphan"`)
  }
  const meant = /^(true|t|1)$/i.test(value) ? 'background' : 'orphan'
  ctx.err(`warning: --cascade=${value} is deprecated (boolean value) and can be replaced with --cascade=${meant}.\n`)
  return POLICIES[meant] ?? ''
}

function refuseMixtures(ctx: KubectlContext): void {
  const { flags } = ctx
  const output = flags.string('output') ?? ''
  if (output !== '' && output !== 'name') {
    throw new KubectlError(`unexpected -o output mode: ${output}. We only support '-o name'`)
  }
  if (flags.boolean('all') && flags.string('selector')) {
    throw new KubectlError('cannot set --all and --selector at the same time')
  }
  if (flags.boolean('all') && flags.string('field-selector')) {
    throw new KubectlError('cannot set --all and --field-selector at the same time')
  }
  const seconds = gracePeriodOf(ctx)
  if (seconds === 0 && flags.boolean('force')) {
    ctx.warn(
      'Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.',
    )
  } else if (seconds > 0 && flags.boolean('force')) {
    throw new KubectlError('--force and --grace-period greater than 0 cannot be specified together')
  }
}

async function deleteRaw(ctx: KubectlContext): Promise<number> {
  if (ctx.flags.boolean('interactive')) throw new KubectlError('--interactive can not be used with --raw')
  if (ctx.flags.string('output')) throw new KubectlError('--raw and --output are mutually exclusive')
  const client = await ctx.client()
  const answer = await client.send({ method: 'DELETE', path: ctx.flags.string('raw') ?? '', signal: ctx.signal })
  ctx.out(answer.body.toString())
  return 0
}

async function confirmed(ctx: KubectlContext, result: ResourceResult): Promise<boolean> {
  const infos = singleInfos(result.infos)
  if (infos.length === 0) {
    ctx.out('No resources found\n')
    return false
  }
  ctx.out(`You are about to delete the following ${infos.length} resource(s):\n`)
  for (const { mapping, name } of infos) {
    ctx.out(`${mapping.kind.toLowerCase()}${mapping.group === '' ? '' : `.${mapping.group}`}/${name}\n`)
  }
  ctx.out('Do you want to continue? (y/N): ')
  if ((await readAnswer(ctx)).toLowerCase() === 'y') return true
  ctx.out('deletion is cancelled\n')
  return false
}

function readAnswer(ctx: KubectlContext): Promise<string> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: ctx.stdin() })
    lines.once('line', (line) => {
      resolve(line.trim())
      lines.close()
    })
    lines.once('close', () => resolve(''))
  })
}
