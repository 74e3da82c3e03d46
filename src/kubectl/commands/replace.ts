// kubectl replace: puts objects of files in the place of what is there.
// Model: k8s.io/kubectl/pkg/cmd/replace/replace.go.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { withLastApplied } from '../apply/last-applied.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError, throwCollected, withSource } from '../errors.ts'
import { printFlags } from '../printers/print-flags.ts'
import { buildResources } from '../resources/builder.ts'
import { filenameFlags, filenameOptions } from '../resources/flags.ts'
import { hasFilenames, readStdin } from '../resources/manifests.ts'
import {
  type DryRun,
  dryRunFlag,
  dryRunOf,
  fieldManagerFlag,
  fieldValidationOf,
  recordFlag,
  resultPrinter,
  saveConfigFlag,
  validateFlag,
} from '../write/flags.ts'
import { createObject, eachInfo, replaceObject } from '../write/objects.ts'
import { waitDeleted } from '../write/wait-deleted.ts'
import { deadlineAfter } from '../write/watch-until.ts'
import { cascadeOf, deleteAll, deletionFlags } from './delete.ts'

const FORCE_WAIT_MS = 5 * 60_000

export const replace: KubectlCommand = {
  name: 'replace',
  usage: '-f FILENAME [options]',
  short: 'Replace a resource by file name or stdin',
  examples: `# Replace a pod using the data in pod.json
kubectl replace -f ./pod.json

# Force replace, delete and then re-create the resource
kubectl replace --force -f ./pod.json`,
  flags: [
    ...printFlags(),
    ...filenameFlags('The files, directories or URLs that contain the configurations to replace.'),
    ...deletionFlags,
    validateFlag,
    saveConfigFlag,
    dryRunFlag,
    recordFlag,
    fieldManagerFlag('kubectl-replace'),
    {
      name: 'raw',
      type: 'string',
      description: 'Raw URI to PUT to the server.  Uses the transport specified by the kubeconfig file.',
    },
    {
      name: 'subresource',
      type: 'string',
      description: 'If specified, replace will operate on the subresource of the requested object.',
    },
    {
      name: 'wait',
      type: 'boolean',
      description: 'If true, wait for resources to be gone before returning. This waits for finalizers.',
    },
  ],
  async run({ args }, ctx) {
    const dryRun = dryRunOf(ctx)
    refuseMixtures(ctx, dryRun)
    if (ctx.flags.string('raw')) return replaceRaw(ctx)
    if (ctx.flags.boolean('force')) return forceReplace(ctx, args)
    const { namespace, explicit } = ctx.namespace()
    const fieldValidation = fieldValidationOf(ctx)
    const print = await resultPrinter(ctx, 'replaced', dryRun)
    const result = await buildResources(ctx, {
      files: filenameOptions(ctx.flags),
      namespace,
      enforceNamespace: explicit,
      fetchFiles: false,
    })
    const save = ctx.flags.boolean('save-config')
    const subresource = ctx.flags.string('subresource')
    const options = { dryRun, fieldValidation, fieldManager: ctx.flags.string('field-manager'), subresource }
    await eachInfo(result, async (info) => {
      const object = save ? withLastApplied(info.object) : info.object
      if (dryRun === 'client') return ctx.out(print(object))
      const replaced = await replaceObject(ctx, info, object, options).catch((error: unknown) => {
        throw withSource('replacing', info.source, error)
      })
      ctx.out(print(replaced))
    })
    return 0
  },
}

function refuseMixtures({ flags }: KubectlContext, dryRun: DryRun): void {
  if (!hasFilenames(filenameOptions(flags))) throw new KubectlError('must specify one of -f and -k')
  const force = flags.boolean('force')
  if (flags.int('grace-period') >= 0 && !force) throw new KubectlError('--grace-period must have --force specified')
  if (flags.duration('timeout') !== 0 && !force) throw new KubectlError('--timeout must have --force specified')
  if (force && dryRun !== 'none') throw new KubectlError('--dry-run can not be used when --force is set')
  if (!flags.string('raw')) return
  const [file = '', ...more] = flags.strings('filename')
  if (file === '' || more.length > 0) throw new KubectlError('--raw can only use a single local file or stdin')
  if (/^https?:\/\//.test(file)) throw new KubectlError('--raw cannot read from a url')
  if (flags.boolean('recursive')) throw new KubectlError('--raw and --recursive are mutually exclusive')
  if (flags.string('output')) throw new KubectlError('--raw and --output are mutually exclusive')
}

async function replaceRaw(ctx: KubectlContext): Promise<number> {
  const [file = ''] = ctx.flags.strings('filename')
  const body = file === '-' ? await readStdin(ctx) : readFileSync(resolve(ctx.cwd, file), 'utf8')
  const client = await ctx.client()
  const answer = await client.send({ method: 'PUT', path: ctx.flags.string('raw') ?? '', body, signal: ctx.signal })
  ctx.out(answer.body.toString())
  return 0
}

/** Deletes, waits until it is gone, creates anew. */
async function forceReplace(ctx: KubectlContext, args: readonly string[]): Promise<number> {
  const { namespace, explicit } = ctx.namespace()
  const fieldValidation = fieldValidationOf(ctx)
  const print = await resultPrinter(ctx, 'replaced')
  const result = await buildResources(ctx, {
    args,
    files: filenameOptions(ctx.flags),
    namespace,
    enforceNamespace: explicit,
    fetchFiles: false,
    fetch: false,
  })
  throwCollected(result.errors)
  const seconds = ctx.flags.int('grace-period')
  const timeoutMs = ctx.flags.duration('timeout') || FORCE_WAIT_MS
  await deleteAll(ctx, result, {
    gracePeriod: seconds === 0 ? 1 : seconds,
    propagationPolicy: cascadeOf(ctx),
    dryRun: 'none',
    ignoreNotFound: true,
    output: ctx.flags.string('output') ?? '',
    wait: false,
    timeoutMs,
    warnClusterScope: false,
  })
  const deadline = deadlineAfter(ctx, timeoutMs)
  try {
    for (const info of result.infos) await waitDeleted(ctx, info, { deadline })
  } finally {
    deadline.cancel()
  }
  const save = ctx.flags.boolean('save-config')
  const options = { fieldValidation, fieldManager: ctx.flags.string('field-manager') }
  const count = await eachInfo(result, async (info) => {
    const object = save ? withLastApplied(info.object) : info.object
    ctx.out(print(await createObject(ctx, info, object, options)))
  })
  if (count === 0) throw new KubectlError('no objects passed to replace')
  return 0
}
