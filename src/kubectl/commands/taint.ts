// kubectl taint: changes the taints of nodes.
// Model: k8s.io/kubectl/pkg/cmd/taint/taint.go.

import type { KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError, plainMessage, usageError } from '../errors.ts'
import { isObject } from '../object.ts'
import { printFlags } from '../printers/print-flags.ts'
import { buildResources } from '../resources/builder.ts'
import { selectorFlag } from '../resources/flags.ts'
import { dryRunFlag, dryRunOf, fieldManagerFlag, resultPrinter, validateFlag } from '../write/flags.ts'
import { patchDifference } from '../write/mutate.ts'
import { eachInfo } from '../write/objects.ts'
import { changeTaints, parseTaints, refuseConflicts, type Taint, type TaintChanges } from '../write/taints.ts'

export const taint: KubectlCommand = {
  name: 'taint',
  usage: 'NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N [options]',
  short: 'Update the taints on one or more nodes',
  examples: `# Update node 'foo' with a taint with key 'dedicated' and value 'special-user' and effect 'NoSchedule'
kubectl taint nodes foo dedicated=special-user:NoSchedule

# Remove from node 'foo' all the taints with key 'dedicated'
kubectl taint nodes foo dedicated-`,
  flags: [
    ...printFlags(),
    selectorFlag,
    validateFlag,
    dryRunFlag,
    fieldManagerFlag('kubectl-taint'),
    { name: 'all', type: 'boolean', description: 'Select all nodes in the cluster' },
    {
      name: 'overwrite',
      type: 'boolean',
      description:
        'If true, allow taints to be overwritten, otherwise reject taint updates that overwrite existing taints.',
    },
  ],
  async run({ args, path }, ctx) {
    const dryRun = dryRunOf(ctx)
    const { resources, changes } = read(args, path)
    const [type = '', ...names] = resources
    if (!['node', 'nodes'].includes(type.toLowerCase())) {
      throw new KubectlError(`invalid resource type ${type}, only node types are supported`)
    }
    refuseConflicts(changes)
    const selection = selectionOf(ctx, names)
    const overwrite = ctx.flags.boolean('overwrite')
    const result = await buildResources(ctx, { namespace: '', ...selection })
    await eachInfo(result, async (info) => {
      const spec = isObject(info.object.spec) ? info.object.spec : {}
      const old = Array.isArray(spec.taints) ? (spec.taints as Taint[]) : []
      const { taints, operation } = changeTaints(old, changes, { node: info.name, overwrite })
      const { taints: _, ...others } = spec
      const after = { ...info.object, spec: { ...others, ...(taints.length > 0 ? { taints } : {}) } }
      const print = await resultPrinter(ctx, operation, dryRun)
      if (dryRun === 'client') return ctx.out(print(after))
      const options = { dryRun, fieldManager: ctx.flags.string('field-manager') }
      ctx.out(print((await patchDifference(ctx, info, after, options)) ?? info.object))
    })
    return 0
  },
}

/** What names nodes, and after it the taints. */
function read(args: readonly string[], path: string): { resources: readonly string[]; changes: TaintChanges } {
  const isTaint = (word: string) => /[=:]|-$/.test(word)
  const first = args.findIndex(isTaint)
  const [resources, words] = first < 0 ? [args, []] : [args.slice(0, first), args.slice(first)]
  const stray = words.find((word) => !isTaint(word))
  if (stray !== undefined) throw new KubectlError(`all resources must be specified before taint changes: ${stray}`)
  if (resources.length === 0) throw new KubectlError('one or more resources must be specified as <resource> <name>')
  if (words.length === 0) throw new KubectlError('at least one taint update is required')
  try {
    return { resources, changes: parseTaints(words) }
  } catch (error) {
    throw usageError(path, plainMessage(error))
  }
}

function selectionOf({ flags }: KubectlContext, names: readonly string[]) {
  const all = flags.boolean('all')
  const selector = flags.string('selector') ?? ''
  if (all && selector !== '') {
    throw new KubectlError("setting 'all' parameter with a non empty selector is prohibited")
  }
  if (!all && selector === '' && names.length === 0) {
    throw new KubectlError("at least one resource name must be specified since 'all' parameter is not set")
  }
  return { args: all || selector !== '' ? ['nodes'] : ['nodes', ...names], all, selector }
}
