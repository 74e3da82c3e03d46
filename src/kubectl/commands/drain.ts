// kubectl drain: cordons nodes and removes their pods.
// Model: k8s.io/kubectl/pkg/cmd/drain/drain.go.

import { isReason } from '../../machinery/errors.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { type ChosenPods, choosePods, controllerOf } from '../drain/choose-pods.ts'
import { removePods } from '../drain/remove-pods.ts'
import { Failures, KubectlError, plainMessage } from '../errors.ts'
import { itemsOf, type KubeObject } from '../object.ts'
import type { Info } from '../resources/builder.ts'
import { selectorFlag } from '../resources/flags.ts'
import { type DryRun, dryRunFlag, dryRunOf, dryRunSuffix, plainMessage as printDone } from '../write/flags.ts'
import { singleInfos } from '../write/objects.ts'
import { A_WEEK_MS, type Deadline, deadlineAfter } from '../write/watch-until.ts'
import { nodesOf, setCordon } from './cordon.ts'

export const drain: KubectlCommand = {
  name: 'drain',
  usage: 'NODE [options]',
  short: 'Drain node in preparation for maintenance',
  examples: `# Drain node "foo", even if there are pods not managed by a replication controller, replica set, job, daemon set, or stateful set on it
kubectl drain foo --force

# As above, but abort if there are pods not managed by a replication controller, replica set, job, daemon set, or stateful set, and use a grace period of 15 minutes
kubectl drain foo --grace-period=900`,
  flags: [
    {
      name: 'chunk-size',
      type: 'int',
      fallback: '500',
      description: 'Return large lists in chunks rather than all at once. Pass 0 to disable.',
    },
    {
      name: 'delete-emptydir-data',
      type: 'boolean',
      description:
        'Continue even if there are pods using emptyDir (local data that will be deleted when the node is drained).',
    },
    { name: 'delete-local-data', type: 'boolean', hidden: true, description: 'Now --delete-emptydir-data.' },
    {
      name: 'disable-eviction',
      type: 'boolean',
      description:
        'Force drain to use delete, even if eviction is supported. This will bypass checking PodDisruptionBudgets, use with caution.',
    },
    dryRunFlag,
    {
      name: 'force',
      type: 'boolean',
      description: 'Continue even if there are pods that do not declare a controller.',
    },
    {
      name: 'grace-period',
      type: 'int',
      fallback: '-1',
      description:
        'Period of time in seconds given to each pod to terminate gracefully. If negative, the default value specified in the pod will be used.',
    },
    { name: 'ignore-daemonsets', type: 'boolean', description: 'Ignore DaemonSet-managed pods.' },
    { name: 'pod-selector', type: 'string', description: 'Label selector to filter pods on the node' },
    selectorFlag,
    {
      name: 'skip-wait-for-delete-timeout',
      type: 'int',
      description:
        'If pod DeletionTimestamp older than N seconds, skip waiting for the pod.  Seconds must be greater than 0 to skip.',
    },
    {
      name: 'timeout',
      type: 'duration',
      fallback: '0s',
      description: 'The length of time to wait before giving up, zero means infinite',
    },
  ],
  async run({ args, path }, ctx) {
    const dryRun = dryRunOf(ctx)
    const nodes = await nodesOf(ctx, args, path)
    await setCordon(ctx, nodes, { cordon: true, dryRun })
    const deadline = deadlineAfter(ctx, ctx.flags.duration('timeout') || A_WEEK_MS)
    const infos = singleInfos(nodes.infos)
    const drained = new Set<string>()
    const errors: unknown[] = []
    try {
      for (const info of infos) {
        try {
          await drainNode(ctx, info, { dryRun, deadline })
          drained.add(info.name)
          ctx.out(printDone(`drained${dryRunSuffix(dryRun)}`)(info.object))
        } catch (error) {
          if (ctx.signal.aborted) throw error
          const failed = `unable to drain node ${JSON.stringify(info.name)} due to error: ${errorList(error)}`
          ctx.err(`error: ${failed}, continuing command...\n`)
          errors.push(...(error instanceof Failures ? error.errors : [error]))
          ctx.err('There are pending nodes to be drained:\n')
          for (const { name } of infos) if (!drained.has(name)) ctx.err(` ${name}\n`)
        }
      }
    } finally {
      deadline.cancel()
    }
    if (errors.length > 0) throw new Failures(errors)
    return 0
  },
}

/** Several failures stand in brackets. */
function errorList(error: unknown): string {
  return error instanceof Failures && error.errors.length > 1 ? `[${error.message}]` : plainMessage(error)
}

async function drainNode(
  ctx: KubectlContext,
  node: Info,
  { dryRun, deadline }: { readonly dryRun: DryRun; readonly deadline: Deadline },
): Promise<void> {
  const chosen = await podsToRemove(ctx, node.name)
  if (chosen.problems.length > 0) throw new Failures(chosen.problems.map((problem) => new KubectlError(problem)))
  if (chosen.warnings !== undefined) ctx.err(`Warning: ${chosen.warnings}\n`)
  if (dryRun === 'client') {
    for (const { metadata } of chosen.pods) {
      ctx.out(`evicting pod ${metadata?.namespace}/${metadata?.name} (dry run)\n`)
    }
    return
  }
  try {
    await removePods(ctx, {
      pods: chosen.pods,
      podMapping: await (await ctx.mapper()).mappingFor('pods'),
      evict: !ctx.flags.boolean('disable-eviction'),
      gracePeriod: ctx.flags.int('grace-period'),
      dryRun,
      deadline,
      timeoutText: ctx.flags.string('timeout') ?? '',
    })
  } catch (error) {
    if (ctx.signal.aborted) throw error
    const { pods } = await podsToRemove(ctx, node.name)
    if (pods.length > 0) {
      ctx.err(
        `There are pending pods in node ${JSON.stringify(node.name)} when an error occurred: ${errorList(error)}\n`,
      )
      for (const pod of pods) ctx.err(`pod/${pod.metadata?.name}\n`)
    }
    throw error
  }
}

/** The pods of a node, sorted by what a drain does with them. */
async function podsToRemove(ctx: KubectlContext, node: string): Promise<ChosenPods> {
  const { flags } = ctx
  const pods = await podsOn(ctx, node)
  const problems = await daemonSetProblems(ctx, pods)
  return choosePods(pods, {
    force: flags.boolean('force'),
    ignoreDaemonSets: flags.boolean('ignore-daemonsets'),
    deleteEmptyDirData: flags.boolean('delete-emptydir-data') || flags.boolean('delete-local-data'),
    skipDeletedAfterSeconds: flags.int('skip-wait-for-delete-timeout'),
    nowMs: ctx.now(),
    daemonSetProblem: (pod) => problems.get(daemonSetPath(pod)),
  })
}

async function podsOn(ctx: KubectlContext, node: string): Promise<KubeObject[]> {
  const client = await ctx.client()
  const labelSelector = ctx.flags.string('pod-selector') || undefined
  const limit = ctx.flags.int('chunk-size') || undefined
  const pods: KubeObject[] = []
  let next: string | undefined
  do {
    const query = { fieldSelector: `spec.nodeName=${node}`, labelSelector, limit, continue: next }
    const page = (await client.json({ path: '/api/v1/pods', query, signal: ctx.signal })) as KubeObject
    pods.push(...(itemsOf(page) ?? []))
    next = String(page.metadata?.continue ?? '') || undefined
  } while (next !== undefined)
  return pods
}

function daemonSetPath(pod: KubeObject): string {
  const [namespace, name] = [pod.metadata?.namespace ?? '', controllerOf(pod)?.name ?? '']
  return `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/daemonsets/${encodeURIComponent(name)}`
}

/** Why the daemon sets of pods cannot be had, by their paths. */
async function daemonSetProblems(ctx: KubectlContext, pods: readonly KubeObject[]) {
  const client = await ctx.client()
  const problems = new Map<string, { message: string; notFound: boolean }>()
  const paths = new Set(pods.filter((pod) => controllerOf(pod)?.kind === 'DaemonSet').map(daemonSetPath))
  for (const path of paths) {
    try {
      await client.json({ path, signal: ctx.signal })
    } catch (error) {
      if (ctx.signal.aborted) throw error
      problems.set(path, { message: plainMessage(error), notFound: isReason(error, 'NotFound') })
    }
  }
  return problems
}
