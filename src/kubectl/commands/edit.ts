// kubectl edit: changes objects in the user's editor.
// Model: k8s.io/kubectl/pkg/cmd/util/editor/editoptions.go.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isReason, type StatusError } from '../../machinery/errors.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { groupResourceOf } from '../discovery/mapper.ts'
import { runEditor } from '../edit/editor.ts'
import { editText, type Failure, withoutComments } from '../edit/text.ts'
import { KubectlError, plainMessage } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { toJson } from '../printers/json.ts'
import { printFlags, withoutManagedFields } from '../printers/print-flags.ts'
import { toYaml } from '../printers/yaml.ts'
import { buildResources, type Info, infosOf } from '../resources/builder.ts'
import { filenameFlags, filenameOptions } from '../resources/flags.ts'
import { objectsIn } from '../resources/manifests.ts'
import { fieldManagerFlag, plainMessage as printDone, recordFlag, validateFlag } from '../write/flags.ts'
import { patchDifference } from '../write/mutate.ts'
import { singleInfos } from '../write/objects.ts'

export const edit: KubectlCommand = {
  name: 'edit',
  usage: '(RESOURCE/NAME | -f FILENAME) [options]',
  short: 'Edit a resource on the server',
  examples: `# Edit the service named 'registry'
kubectl edit svc/registry

# Use an alternative editor
KUBE_EDITOR="nano" kubectl edit svc/registry`,
  flags: [
    ...printFlags(),
    ...filenameFlags('to use to edit the resource'),
    validateFlag,
    recordFlag,
    fieldManagerFlag('kubectl-edit'),
    {
      name: 'subresource',
      type: 'string',
      description: 'If specified, edit will operate on the subresource of the requested object.',
    },
  ],
  async run({ args }, ctx) {
    const output = ctx.flags.string('output') || 'yaml'
    if (output !== 'yaml' && output !== 'json') {
      throw new KubectlError("The flag 'output' must be one of yaml|json")
    }
    const { namespace, explicit } = ctx.namespace()
    const subresource = ctx.flags.string('subresource')
    const result = await buildResources(ctx, {
      args,
      files: filenameOptions(ctx.flags),
      namespace,
      enforceNamespace: explicit,
      ...(subresource ? { subresource } : {}),
    })
    const infos = singleInfos(infosOf(result))
    if (infos.length === 0) throw new KubectlError('edit cancelled, no objects found')
    const dir = await mkdtemp(join(ctx.env.TMPDIR || '/tmp', 'kubectl-edit-'))
    const file = join(dir, `edit.${output}`)
    const kept = await editUntilDone(ctx, { infos, file, output })
    if (!kept) await rm(dir, { recursive: true, force: true })
    return kept ? 1 : 0
  },
}

interface Editing {
  readonly infos: readonly Info[]
  readonly file: string
  readonly output: 'yaml' | 'json'
}

/** Gives whether the file is kept because something in it could not be saved. */
async function editUntilDone(ctx: KubectlContext, { infos, file, output }: Editing): Promise<boolean> {
  const keep = ctx.flags.boolean('show-managed-fields')
  const objects = infos.map(({ object }) => (keep ? object : withoutManagedFields(object)))
  const content = objects.length === 1 ? objects[0] : { apiVersion: 'v1', items: objects, kind: 'List' }
  const original = output === 'yaml' ? toYaml(content) : toJson(content)
  let [before, failures]: [string, readonly Failure[]] = [original, []]
  for (;;) {
    await writeFile(file, editText(before, failures), { mode: 0o600 })
    await runEditor(ctx, file)
    const after = withoutComments(await readFile(file, 'utf8'))
    if (failures.length > 0 && after === before) return giveUp(ctx, file)
    if (after === original) return cancelled(ctx, 'Edit cancelled, no changes made.')
    if (after.trim() === '') return cancelled(ctx, 'Edit cancelled, saved file was empty.')
    failures = await save(ctx, { infos, objects }, after)
    if (failures.length === 0) return false
    before = after
  }
}

function cancelled(ctx: KubectlContext, why: string): false {
  ctx.err(`${why}\n`)
  return false
}

function giveUp(ctx: KubectlContext, file: string): true {
  ctx.err(`A copy of your changes has been stored to ${JSON.stringify(file)}\n`)
  ctx.err('error: Edit cancelled, no valid changes were saved.\n')
  return true
}

/** Sends what was changed; gives what to show in the editor again. Throws what no editing can mend. */
async function save(
  ctx: KubectlContext,
  { infos, objects }: { readonly infos: readonly Info[]; readonly objects: readonly KubeObject[] },
  text: string,
): Promise<readonly Failure[]> {
  let edited: KubeObject[]
  try {
    edited = await objectsIn(text, 'edited-file', ctx)
  } catch (error) {
    return [{ title: `The edited file had a syntax error: ${plainMessage(error)}`, causes: [] }]
  }
  const failures: Failure[] = []
  for (const after of edited) {
    const at = objects.findIndex((object) => isSame(object, after))
    const [info, before] = [infos[at], objects[at]]
    if (info === undefined || before === undefined) {
      failures.push({
        title: 'The edited file failed validation: no original object matches the edited one',
        causes: ['At least one of apiVersion, kind and name was changed'],
      })
      continue
    }
    const options = {
      fieldManager: ctx.flags.string('field-manager'),
      subresource: ctx.flags.string('subresource') || undefined,
    }
    try {
      const patched = await patchDifference(ctx, { ...info, object: before }, after, options)
      ctx.out(printDone(patched ? 'edited' : 'skipped')(patched ?? before))
    } catch (error) {
      if (!isReason(error, 'Invalid')) throw error
      failures.push(invalid(ctx, info, error))
    }
  }
  return failures
}

function invalid(ctx: KubectlContext, { mapping, name }: Info, error: StatusError): Failure {
  const what = `${groupResourceOf(mapping)} ${JSON.stringify(name)}`
  ctx.err(`error: ${what} is invalid\n`)
  const causes = (error.status.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`)
  return { title: `${what} was not valid:`, causes: causes.length > 0 ? causes : [error.message] }
}

const isSame = (a: KubeObject, b: KubeObject) =>
  a.apiVersion === b.apiVersion &&
  a.kind === b.kind &&
  a.metadata?.name === b.metadata?.name &&
  a.metadata?.namespace === b.metadata?.namespace
