// kubectl patch: changes fields of objects by a patch.
// Model: k8s.io/kubectl/pkg/cmd/patch/patch.go.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { isReason } from '../../machinery/errors.ts'
import { mergePatch } from '../../machinery/merge-patch.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { parseYaml } from '../../machinery/yaml.ts'
import { patchedLocally } from '../apply/apply-one.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError, plainMessage } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { printFlags } from '../printers/print-flags.ts'
import { buildResources, type Info } from '../resources/builder.ts'
import { filenameFlags, filenameOptions } from '../resources/flags.ts'
import {
  type DryRun,
  dryRunFlag,
  dryRunOf,
  fieldManagerFlag,
  localFlag,
  recordFlag,
  resultPrinter,
} from '../write/flags.ts'
import { localResources } from '../write/local.ts'
import { eachInfo, PATCH_TYPES, type PatchType, patchObject } from '../write/objects.ts'

const TYPES: readonly PatchType[] = ['json', 'merge', 'strategic']

export const patch: KubectlCommand = {
  name: 'patch',
  usage: '(-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE] [options]',
  short: 'Update fields of a resource',
  examples: `# Partially update a node using a strategic merge patch, specifying the patch as JSON
kubectl patch node k8s-node-1 -p '{"spec":{"unschedulable":true}}'

# Update a container's image using a JSON patch with positional arrays
kubectl patch pod valid-pod --type='json' -p='[{"op": "replace", "path": "/spec/containers/0/image", "value":"new image"}]'`,
  flags: [
    ...printFlags(),
    ...filenameFlags('identifying the resource to update'),
    { name: 'patch', short: 'p', type: 'string', description: 'The patch to be applied to the resource JSON file.' },
    { name: 'patch-file', type: 'string', description: 'A file containing a patch to be applied to the resource.' },
    {
      name: 'type',
      type: 'string',
      fallback: 'strategic',
      description: 'The type of patch being provided; one of [json merge strategic]',
    },
    {
      name: 'subresource',
      type: 'string',
      description: 'If specified, patch will operate on the subresource of the requested object.',
    },
    dryRunFlag,
    recordFlag,
    localFlag('patch'),
    fieldManagerFlag('kubectl-patch'),
  ],
  async run({ args }, ctx) {
    const dryRun = dryRunOf(ctx)
    const type = typeOf(ctx, args, dryRun)
    const body = readPatch(ctx)
    const local = ctx.flags.boolean('local')
    const files = filenameOptions(ctx.flags)
    const { namespace, explicit } = ctx.namespace()
    const subresource = ctx.flags.string('subresource') ?? ''
    const result = local
      ? await localResources(ctx, files)
      : await buildResources(ctx, { args, files, namespace, enforceNamespace: explicit, subresource })
    const count = await eachInfo(result, async (info) => {
      const options = { dryRun, fieldManager: ctx.flags.string('field-manager'), subresource }
      const patched =
        local || dryRun === 'client'
          ? await patchLocally(info, type, body)
          : await patchObject(ctx, info, { type, body }, options).catch((error: unknown) => {
              throw explain(error, info, type)
            })
      const changed = !sameJson(info.object, patched)
      ctx.out((await resultPrinter(ctx, changed ? 'patched' : 'patched (no change)', dryRun))(patched))
    })
    if (count === 0) throw new KubectlError('no objects passed to patch')
    return 0
  },
}

function typeOf({ flags }: KubectlContext, args: readonly string[], dryRun: DryRun): PatchType {
  const [text, file] = [flags.string('patch'), flags.string('patch-file')]
  if (text && file) throw new KubectlError('cannot specify --patch and --patch-file together')
  if (!text && !file) {
    throw new KubectlError('must specify --patch or --patch-file containing the contents of the patch')
  }
  if (flags.boolean('local') && args.length > 0) throw new KubectlError('cannot specify --local and server resources')
  if (flags.boolean('local') && dryRun === 'server') {
    throw new KubectlError('cannot specify --local and --dry-run=server - did you mean --dry-run=client?')
  }
  const wanted = (flags.string('type') || 'strategic').toLowerCase()
  const type = TYPES.find((t) => t === wanted)
  if (type) return type
  throw new KubectlError(`--type must be one of [${TYPES.join(' ')}], not ${JSON.stringify(flags.string('type'))}`)
}

function readPatch(ctx: KubectlContext): unknown {
  const file = ctx.flags.string('patch-file')
  const text = file ? readPatchFile(ctx, file) : (ctx.flags.string('patch') ?? '')
  // What looks like a JSON object is the server's to judge.
  if (/^\s*\{/.test(text)) return text
  try {
    return parseYaml(text)
  } catch (error) {
    throw new KubectlError(
      `unable to parse ${JSON.stringify(ctx.flags.string('patch') ?? '')}: yaml: ${plainMessage(error)}`,
      { cause: error },
    )
  }
}

function readPatchFile(ctx: KubectlContext, file: string): string {
  try {
    return readFileSync(resolve(ctx.cwd, file), 'utf8')
  } catch (error) {
    throw new KubectlError(`unable to read patch file: open ${file}: no such file or directory`, { cause: error })
  }
}

function explain(error: unknown, { mapping }: Info, type: PatchType): unknown {
  if (!isReason(error, 'UnsupportedMediaType')) return error
  const version = `${mapping.group}/${mapping.version}`
  return new KubectlError(
    `${PATCH_TYPES[type]} is not supported by ${version}, Kind=${mapping.kind}: ${error.message}`,
    { cause: error },
  )
}

async function patchLocally(info: Info, type: PatchType, given: unknown): Promise<KubeObject> {
  const body = typeof given === 'string' ? parsePatch(given) : given
  switch (type) {
    case 'json': {
      const { jsonPatch } = await import('../../machinery/json-patch.ts')
      return jsonPatch(info.object, body) as KubeObject
    }
    case 'merge':
      return mergePatch(info.object, body) as KubeObject
    default:
      return patchedLocally(info, type, info.object, body as Record<string, unknown>)
  }
}

function parsePatch(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new KubectlError(`error decoding patch: ${plainMessage(error)}`, { cause: error })
  }
}
