// kubectl cordon and uncordon: whether a node takes new pods.
// Model: k8s.io/kubectl/pkg/cmd/drain/drain.go.

import type { KubectlCommand, KubectlContext } from '../command.ts'
import { usageError } from '../errors.ts'
import { isObject } from '../object.ts'
import { buildResources, type ResourceResult } from '../resources/builder.ts'
import { selectorFlag } from '../resources/flags.ts'
import { type DryRun, dryRunFlag, dryRunOf, resultPrinter } from '../write/flags.ts'
import { eachInfo, patchObject } from '../write/objects.ts'

/** The nodes that a command names. Throws KubectlError. */
export async function nodesOf(ctx: KubectlContext, args: readonly string[], path: string): Promise<ResourceResult> {
  const selector = ctx.flags.string('selector') ?? ''
  if (args.length === 0 && selector === '') throw usageError(path, `USAGE: ${path.split(' ').at(-1)} NODE [flags]`)
  if (args.length > 0 && selector !== '')
    throw usageError(path, 'error: cannot specify both a node name and a --selector option')
  return buildResources(ctx, { args: ['nodes', ...args], namespace: '', selector })
}

/** Sets `unschedulable` and says so. */
export async function setCordon(
  ctx: KubectlContext,
  nodes: ResourceResult,
  { cordon, dryRun }: { readonly cordon: boolean; readonly dryRun: DryRun },
): Promise<void> {
  const done = cordon ? 'cordoned' : 'uncordoned'
  await eachInfo(nodes, async (info) => {
    const now = isObject(info.object.spec) && info.object.spec.unschedulable === true
    const print = await resultPrinter(ctx, now === cordon ? `already ${done}` : done, dryRun)
    if (now !== cordon && dryRun !== 'client') {
      const body = { spec: { unschedulable: cordon ? true : null } }
      await patchObject(ctx, info, { type: 'strategic', body }, { dryRun })
    }
    ctx.out(print(info.object))
  })
}

const command = (name: string, short: string, cordon: boolean): KubectlCommand => ({
  name,
  usage: 'NODE [options]',
  short,
  flags: [selectorFlag, dryRunFlag],
  async run({ args, path }, ctx) {
    const dryRun = dryRunOf(ctx)
    await setCordon(ctx, await nodesOf(ctx, args, path), { cordon, dryRun })
    return 0
  },
})

export const cordon = command('cordon', 'Mark node as unschedulable', true)
export const uncordon = command('uncordon', 'Mark node as schedulable', false)
