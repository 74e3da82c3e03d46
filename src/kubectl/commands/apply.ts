// kubectl apply: makes the cluster's objects what the files say.
// Model: k8s.io/kubectl/pkg/cmd/apply/apply.go.

import { type Applied, applyOne, applyOnServer } from '../apply/apply-one.ts'
import { prune } from '../apply/prune.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError, throwCollected, usageError } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { printFlags } from '../printers/print-flags.ts'
import { buildResources, type Info } from '../resources/builder.ts'
import { filenameFlags, filenameOptions, selectorFlag } from '../resources/flags.ts'
import { hasFilenames } from '../resources/manifests.ts'
import {
  type DryRun,
  dryRunFlag,
  dryRunOf,
  fieldManagerFlag,
  fieldValidationOf,
  recordFlag,
  resultPrinter,
  validateFlag,
} from '../write/flags.ts'
import { editLastApplied, setLastApplied, viewLastApplied } from './apply-last-applied.ts'
import { cascadeOf, deletionFlags, gracePeriodOf } from './delete.ts'

const CLIENT_MANAGER = 'kubectl-client-side-apply'

export const apply: KubectlCommand = {
  name: 'apply',
  usage: '(-f FILENAME | -k DIRECTORY) [options]',
  short: 'Apply a configuration to a resource by file name or stdin',
  long: `Apply a configuration to a resource by file name or stdin. The resource name must be specified. This resource will be created if it doesn't exist yet. To use 'apply', always create the resource initially with either 'apply' or 'create --save-config'.

 JSON and YAML formats are accepted.
`,
  examples: `# Apply the configuration in pod.json to a pod
kubectl apply -f ./pod.json

# Apply resources from a directory containing kustomization.yaml - e.g. dir/kustomization.yaml
kubectl apply -k dir/

# Apply the JSON passed into stdin to a pod
cat pod.json | kubectl apply -f -`,
  flags: [
    ...printFlags(),
    ...filenameFlags('that contains the configuration to apply'),
    selectorFlag,
    ...deletionFlags,
    validateFlag,
    dryRunFlag,
    recordFlag,
    fieldManagerFlag(CLIENT_MANAGER),
    {
      name: 'server-side',
      type: 'boolean',
      description: 'If true, apply runs in the server instead of the client.',
    },
    {
      name: 'force-conflicts',
      type: 'boolean',
      description: 'If true, server-side apply will force the changes against conflicts.',
    },
    {
      name: 'prune',
      type: 'boolean',
      description:
        'Automatically delete resource objects, that do not appear in the configs and are created by either apply or create --save-config. Should be used with either -l or --all.',
    },
    {
      name: 'prune-allowlist',
      type: 'strings',
      description: 'Overwrite the default allowlist with <group/version/kind> for --prune',
    },
    {
      name: 'all',
      type: 'boolean',
      description: 'Select all resources in the namespace of the specified resource types.',
    },
    {
      name: 'overwrite',
      type: 'boolean',
      fallback: 'true',
      description:
        'Automatically resolve conflicts between the modified and live configuration by using values from the modified configuration',
    },
    {
      name: 'openapi-patch',
      type: 'boolean',
      fallback: 'true',
      description: 'Kept for scripts: the types of the API are built in.',
      hidden: true,
    },
    {
      name: 'subresource',
      type: 'string',
      description:
        'If specified, apply will operate on the subresource of the requested object.  Only allowed when using --server-side.',
    },
    { name: 'wait', type: 'boolean', description: 'If true, wait for resources to be gone before returning.' },
  ],
  children: [editLastApplied, setLastApplied, viewLastApplied],
  async run({ args, path }, ctx) {
    if (args.length > 0) throw usageError(path, `Unexpected args: [${args.join(' ')}]`)
    if (!hasFilenames(filenameOptions(ctx.flags))) throw new KubectlError('must specify one of -f and -k')
    const dryRun = dryRunOf(ctx)
    refuseMixtures(ctx, dryRun)
    return applyAll(ctx, dryRun)
  },
}

function refuseMixtures({ flags }: KubectlContext, dryRun: DryRun): void {
  const server = flags.boolean('server-side')
  if (flags.boolean('force-conflicts') && !server) {
    throw new KubectlError('--force-conflicts only works with --server-side')
  }
  if (dryRun === 'client' && server) {
    throw new KubectlError("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)")
  }
  if (server && flags.boolean('force')) throw new KubectlError('--force cannot be used with --server-side')
  if (dryRun === 'server' && flags.boolean('force')) {
    throw new KubectlError('--dry-run=server cannot be used with --force')
  }
  if (flags.boolean('all') && flags.string('selector')) {
    throw new KubectlError('cannot set --all and --selector at the same time')
  }
  if (flags.boolean('prune') && flags.boolean('force')) throw new KubectlError('--force cannot be used with --prune')
  if (flags.boolean('prune') && !flags.boolean('all') && !flags.string('selector')) {
    throw new KubectlError(
      'all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector',
    )
  }
  if (flags.boolean('prune') && server) {
    throw new KubectlError("--prune is in alpha and doesn't currently work on objects created by server-side apply")
  }
  if (flags.string('subresource') && !server) {
    throw new KubectlError('--subresource can only be specified for --server-side')
  }
}

async function applyAll(ctx: KubectlContext, dryRun: DryRun): Promise<number> {
  const { namespace, explicit } = ctx.namespace()
  const result = await buildResources(ctx, {
    files: filenameOptions(ctx.flags),
    namespace,
    enforceNamespace: explicit,
    fetchFiles: false,
    selector: ctx.flags.string('selector') ?? '',
  })
  if (result.infos.length === 0 && result.errors.length === 0) throw new KubectlError('no objects passed to apply')
  const output = ctx.flags.string('output') ?? ''
  const collect = (output !== '' && output !== 'name') || (output === '' && !!ctx.flags.string('template'))
  // A wrong -o is said before anything is changed.
  await resultPrinter(ctx, 'created', dryRun)
  const applier = applierOf(ctx, dryRun)
  const errors = [...result.errors]
  const done: KubeObject[] = []
  for (const info of result.infos) {
    try {
      const { object, operation } = await applier(info)
      done.push(object)
      if (!collect) ctx.out((await resultPrinter(ctx, operation, dryRun))(object))
    } catch (error) {
      errors.push(error)
    }
  }
  throwCollected(errors)
  if (collect) {
    const print = await resultPrinter(ctx, '', dryRun)
    const [first = {}] = done
    ctx.out(print(done.length === 1 ? first : { apiVersion: 'v1', kind: 'List', items: done, metadata: {} }))
  }
  if (ctx.flags.boolean('prune')) await pruneRest(ctx, { dryRun, infos: result.infos, done })
  return 0
}

function applierOf(ctx: KubectlContext, dryRun: DryRun): (info: Info) => Promise<Applied> {
  const { flags } = ctx
  const fieldValidation = fieldValidationOf(ctx)
  if (flags.boolean('server-side')) {
    const fieldManager = flags.changed('field-manager') ? flags.string('field-manager') : 'kubectl'
    const forceConflicts = flags.boolean('force-conflicts')
    const subresource = flags.string('subresource')
    const options = { dryRun, fieldValidation, fieldManager, forceConflicts, subresource }
    return (info) => applyOnServer(ctx, info, options)
  }
  const options = {
    dryRun,
    fieldValidation,
    fieldManager: flags.string('field-manager'),
    force: flags.boolean('force'),
    gracePeriod: flags.int('grace-period'),
    propagationPolicy: cascadeOf(ctx),
    timeoutMs: flags.duration('timeout'),
  }
  return (info) => applyOne(ctx, info, options)
}

async function pruneRest(
  ctx: KubectlContext,
  { dryRun, infos, done }: { dryRun: DryRun; infos: readonly Info[]; done: readonly KubeObject[] },
): Promise<void> {
  const { namespace, explicit } = ctx.namespace()
  const visited = infos.filter((i) => i.mapping.namespaced).map((i) => i.namespace)
  const print = await resultPrinter(ctx, 'pruned', dryRun)
  const pruning = {
    selector: ctx.flags.string('selector') ?? '',
    allowlist: ctx.flags.strings('prune-allowlist'),
    namespaces: new Set(explicit ? [namespace, ...visited] : visited),
    appliedUids: new Set(done.map((object) => object.metadata?.uid ?? '')),
    gracePeriod: gracePeriodOf(ctx),
    propagationPolicy: cascadeOf(ctx),
    dryRun,
  }
  await prune(ctx, pruning, (object) => ctx.out(print(object)))
}
