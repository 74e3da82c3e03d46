// kubectl create: makes objects from files, or one object from flags through its subcommands.
// Model: k8s.io/kubectl/pkg/cmd/create/create.go.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { withLastApplied } from '../apply/last-applied.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { editObjects } from '../edit/session.ts'
import { KubectlError, usageError, withSource } from '../errors.ts'
import { generators } from '../generators/index.ts'
import { printFlags } from '../printers/print-flags.ts'
import { buildResources, mappingOfObject } from '../resources/builder.ts'
import { filenameFlags, filenameOptions, selectorFlag } from '../resources/flags.ts'
import { hasFilenames, readStdin } from '../resources/manifests.ts'
import {
  dryRunFlag,
  dryRunOf,
  fieldManagerFlag,
  fieldValidationOf,
  recordFlag,
  resultPrinter,
  saveConfigFlag,
  validateFlag,
  windowsLineEndingsFlag,
} from '../write/flags.ts'
import { createObject, eachInfo } from '../write/objects.ts'

export const create: KubectlCommand = {
  name: 'create',
  usage: '-f FILENAME [options]',
  short: 'Create a resource from a file or from stdin',
  long: `Create a resource from a file or from stdin.

 JSON and YAML formats are accepted.
`,
  examples: `# Create a pod using the data in pod.json
kubectl create -f ./pod.json

# Create a pod based on the JSON passed into stdin
cat pod.json | kubectl create -f -`,
  flags: [
    ...printFlags(),
    ...filenameFlags('to use to create the resource'),
    selectorFlag,
    validateFlag,
    saveConfigFlag,
    dryRunFlag,
    recordFlag,
    fieldManagerFlag('kubectl-create'),
    { name: 'edit', type: 'boolean', description: 'Edit the API resource before creating' },
    windowsLineEndingsFlag,
    {
      name: 'raw',
      type: 'string',
      description: 'Raw URI to POST to the server.  Uses the transport specified by the kubeconfig file.',
    },
  ],
  children: generators,
  async run({ args, path }, ctx) {
    const files = filenameOptions(ctx.flags)
    if (!hasFilenames(files) && args.length === 0) throw new KubectlError('must specify one of -f and -k')
    if (args.length > 0) throw usageError(path, `Unexpected args: [${args.join(' ')}]`)
    if (ctx.flags.string('raw')) return createRaw(ctx)
    if (ctx.flags.boolean('edit')) return editAndCreate(ctx)
    return createFromFiles(ctx)
  },
}

async function createFromFiles(ctx: KubectlContext): Promise<number> {
  const { namespace, explicit } = ctx.namespace()
  const dryRun = dryRunOf(ctx)
  const fieldValidation = fieldValidationOf(ctx)
  const print = await resultPrinter(ctx, 'created', dryRun)
  const result = await buildResources(ctx, {
    files: filenameOptions(ctx.flags),
    namespace,
    enforceNamespace: explicit,
    fetchFiles: false,
    selector: ctx.flags.string('selector') ?? '',
  })
  const save = ctx.flags.boolean('save-config')
  const options = { dryRun, fieldValidation, fieldManager: ctx.flags.string('field-manager') }
  const count = await eachInfo(result, async (info) => {
    const object = save ? withLastApplied(info.object) : info.object
    if (dryRun === 'client') return ctx.out(print(object))
    const created = await createObject(ctx, info, object, options).catch((error: unknown) => {
      throw withSource('creating', info.source, error)
    })
    ctx.out(print(created))
  })
  if (count === 0) throw new KubectlError('no objects passed to create')
  return 0
}

/** Lets each object be edited, then creates it. */
async function editAndCreate(ctx: KubectlContext): Promise<number> {
  const { namespace, explicit } = ctx.namespace()
  const request = { files: filenameOptions(ctx.flags), namespace, enforceNamespace: explicit, fetchFiles: false }
  const options = { fieldValidation: fieldValidationOf(ctx), fieldManager: ctx.flags.string('field-manager') }
  const save = ctx.flags.boolean('save-config')
  const print = await resultPrinter(ctx, 'created')
  let code = 0
  await eachInfo(await buildResources(ctx, request), async ({ object }) => {
    code ||= await editObjects(ctx, {
      objects: [object],
      header: 'objects',
      async save(edited) {
        for (const one of edited) {
          const mapping = await mappingOfObject(ctx, one, 'edited-file')
          const place = { mapping, namespace: one.metadata?.namespace ?? namespace }
          ctx.out(print(await createObject(ctx, place, save ? withLastApplied(one) : one, options)))
        }
        return []
      },
    })
  })
  return code
}

/** Sends one file as it is. */
async function createRaw(ctx: KubectlContext): Promise<number> {
  const raw = ctx.flags.string('raw') ?? ''
  const [file = '', ...more] = ctx.flags.strings('filename')
  if (file === '' || more.length > 0) throw new KubectlError('--raw can only use a single local file or stdin')
  if (/^https?:\/\//.test(file)) throw new KubectlError('--raw cannot read from a url')
  if (ctx.flags.boolean('recursive')) throw new KubectlError('--raw and --recursive are mutually exclusive')
  if (ctx.flags.string('selector')) throw new KubectlError('--raw and --selector (-l) are mutually exclusive')
  if (ctx.flags.string('output')) throw new KubectlError('--raw and --output are mutually exclusive')
  const body = file === '-' ? await readStdin(ctx) : readFileSync(resolve(ctx.cwd, file), 'utf8')
  const client = await ctx.client()
  const answer = await client.send({ method: 'POST', path: raw, body, signal: ctx.signal })
  ctx.out(answer.body.toString())
  return 0
}
