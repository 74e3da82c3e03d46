// kubectl edit: changes objects in the user's editor.
// Model: k8s.io/kubectl/pkg/cmd/util/editor/editoptions.go.

import { isReason, type StatusError } from '../../machinery/errors.ts'
import { withLastApplied } from '../apply/last-applied.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { groupResourceOf } from '../discovery/mapper.ts'
import { editObjects, isSame } from '../edit/session.ts'
import type { Failure } from '../edit/text.ts'
import { KubectlError } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { printFlags } from '../printers/print-flags.ts'
import { buildResources, type Info, infosOf } from '../resources/builder.ts'
import { filenameFlags, filenameOptions } from '../resources/flags.ts'
import {
  fieldManagerFlag,
  plainMessage as printDone,
  recordFlag,
  saveConfigFlag,
  validateFlag,
  windowsLineEndingsFlag,
} from '../write/flags.ts'
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
    saveConfigFlag,
    windowsLineEndingsFlag,
    {
      name: 'subresource',
      type: 'string',
      description: 'If specified, edit will operate on the subresource of the requested object.',
    },
  ],
  async run({ args }, ctx) {
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
    return editObjects(ctx, {
      objects: infos.map(({ object }) => object),
      header: 'objects',
      save: (edited, objects) => save(ctx, infos, { edited, objects }),
    })
  },
}

/** Sends what was changed; gives what to show in the editor again. Throws what no editing can mend. */
async function save(
  ctx: KubectlContext,
  infos: readonly Info[],
  { edited, objects }: { readonly edited: readonly KubeObject[]; readonly objects: readonly KubeObject[] },
): Promise<readonly Failure[]> {
  const failures: Failure[] = []
  for (const one of edited) {
    const after = ctx.flags.boolean('save-config') ? withLastApplied(one) : one
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
