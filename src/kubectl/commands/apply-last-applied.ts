// kubectl apply view-last-applied, edit-last-applied and set-last-applied: what client-side apply keeps in an object.
// Model: k8s.io/kubectl/pkg/cmd/apply/apply_{view,edit,set}_last_applied.go.

import { toYaml } from '../../machinery/yaml-writer.ts'
import { LAST_APPLIED, lastAppliedOf, plainConfigurationOf } from '../apply/last-applied.ts'
import type { KubectlCommand } from '../command.ts'
import { editObjects, isSame } from '../edit/session.ts'
import { KubectlError, throwCollected, usageError, withSource } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { toCompactJson, toJson } from '../printers/json.ts'
import { printFlags } from '../printers/print-flags.ts'
import { buildResources, type Info, infosOf } from '../resources/builder.ts'
import { filenameFlags, filenameOptions, selectorFlag } from '../resources/flags.ts'
import { objectsIn } from '../resources/manifests.ts'
import {
  allFlag,
  dryRunFlag,
  dryRunOf,
  fieldManagerFlag,
  fieldValidationOf,
  recordFlag,
  resultPrinter,
  validateFlag,
  windowsLineEndingsFlag,
} from '../write/flags.ts'
import { getObject, patchObject, singleInfos } from '../write/objects.ts'

export const viewLastApplied: KubectlCommand = {
  name: 'view-last-applied',
  usage: '(TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME) [options]',
  short: 'View the latest last-applied-configuration annotations of a resource/object',
  flags: [
    {
      name: 'output',
      short: 'o',
      type: 'string',
      fallback: 'yaml',
      description: 'Output format. Must be one of (yaml, json)',
    },
    ...filenameFlags('that contains the last-applied-configuration annotations'),
    selectorFlag,
    allFlag,
  ],
  async run({ args, path }, ctx) {
    const { namespace, explicit } = ctx.namespace()
    const result = await buildResources(ctx, {
      args,
      files: filenameOptions(ctx.flags),
      namespace,
      enforceNamespace: explicit,
      selector: ctx.flags.string('selector') ?? '',
      all: ctx.flags.boolean('all'),
      allowEmptySelector: explicit,
    })
    const configurations = singleInfos(infosOf(result)).map((info) => {
      const kept = lastAppliedOf(info.object)
      if (kept !== undefined) return kept
      const message = `no last-applied-configuration annotation found on resource: ${info.name}\n`
      throw withSource(message, info.source, new KubectlError(message))
    })
    const output = ctx.flags.string('output') ?? 'yaml'
    for (const text of configurations) {
      if (output === 'json') ctx.out(toJson(JSON.parse(text), { indent: '  ' }))
      else if (output === 'yaml') ctx.out(toYaml(JSON.parse(text)))
      else {
        throw usageError(path, `Unexpected -o output mode: ${output}, the flag 'output' must be one of yaml|json`)
      }
    }
    return 0
  },
}

export const setLastApplied: KubectlCommand = {
  name: 'set-last-applied',
  usage: '-f FILENAME [options]',
  short: 'Set the last-applied-configuration annotation on a live object to match the contents of a file',
  flags: [
    ...printFlags(),
    ...filenameFlags('that contains the last-applied-configuration annotations'),
    dryRunFlag,
    {
      name: 'create-annotation',
      type: 'boolean',
      description: "Will create 'last-applied-configuration' annotations if current objects doesn't have one",
    },
  ],
  async run({ args }, ctx) {
    const dryRun = dryRunOf(ctx)
    const print = await resultPrinter(ctx, 'configured', dryRun)
    const { namespace, explicit } = ctx.namespace()
    const request = { files: filenameOptions(ctx.flags), namespace, enforceNamespace: explicit, fetchFiles: false }
    const result = await buildResources(ctx, { args, ...request })
    throwCollected(result.errors)
    const patches: { info: (typeof result.infos)[number]; configuration: string }[] = []
    for (const info of result.infos) {
      const configuration = plainConfigurationOf(info.object)
      const live = await getObject(ctx, info)
      const kept = lastAppliedOf(live)
      if (kept === undefined && !ctx.flags.boolean('create-annotation')) {
        throw new KubectlError(
          `no last-applied-configuration annotation found on resource: ${info.name}, to create the annotation, run the command with --create-annotation`,
        )
      }
      if (kept === configuration) ctx.out(`set-last-applied ${info.name}: no changes required.\n`)
      else patches.push({ info: { ...info, object: live }, configuration })
    }
    for (const { info, configuration } of patches) {
      const body = { metadata: { annotations: { [LAST_APPLIED]: configuration } } }
      const object =
        dryRun === 'client' ? info.object : await patchObject(ctx, info, { type: 'merge', body }, { dryRun })
      ctx.out(print(object))
    }
    return 0
  },
}

export const editLastApplied: KubectlCommand = {
  name: 'edit-last-applied',
  usage: '(RESOURCE/NAME | -f FILENAME) [options]',
  short: 'Edit latest last-applied-configuration annotations of a resource/object',
  examples: `# Edit the last-applied-configuration annotations by type/name in YAML
kubectl apply edit-last-applied deployment/nginx`,
  flags: [
    ...printFlags(),
    ...filenameFlags('to use to edit the resource'),
    validateFlag,
    recordFlag,
    fieldManagerFlag('kubectl-client-side-apply'),
    windowsLineEndingsFlag,
  ],
  async run({ args }, ctx) {
    const { namespace, explicit } = ctx.namespace()
    const fieldValidation = fieldValidationOf(ctx)
    const request = { files: filenameOptions(ctx.flags), namespace, enforceNamespace: explicit }
    const infos = singleInfos(infosOf(await buildResources(ctx, { args, ...request })))
    const kept: { info: Info; object: KubeObject }[] = []
    for (const info of infos) {
      const text = lastAppliedOf(info.object)
      const [object] = text === undefined ? [] : await objectsIn(text, 'edited-file', ctx)
      if (object) kept.push({ info, object })
    }
    if (kept.length === 0) {
      throw new KubectlError(
        `no last-applied-configuration annotation found on resources, to create the annotation, use command \`${ctx.program} apply set-last-applied --create-annotation\``,
      )
    }
    const [skipped, done] = [await resultPrinter(ctx, 'skipped'), await resultPrinter(ctx, 'edited')]
    const options = { fieldManager: ctx.flags.string('field-manager'), fieldValidation }
    return editObjects(ctx, {
      objects: kept.map(({ object }) => object),
      header: 'last-applied',
      async save(edited) {
        for (const after of edited) {
          const before = kept.find(({ object }) => isSame(object, after))
          if (!before) throw new KubectlError(`no original object found for ${toCompactJson(after)}`)
          const configuration = `${toCompactJson(after)}\n`
          if (configuration === `${toCompactJson(before.object)}\n`) {
            ctx.out(skipped(after))
            continue
          }
          const body = { metadata: { annotations: { [LAST_APPLIED]: configuration } } }
          await patchObject(ctx, before.info, { type: 'merge', body }, options)
          ctx.out(done(after))
        }
        return []
      },
    })
  },
}
