// kubectl diff: what apply would change, shown by the `diff` program.
// Model: k8s.io/kubectl/pkg/cmd/diff/diff.go.

import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isReason } from '../../machinery/errors.ts'
import { toYaml } from '../../machinery/yaml-writer.ts'
import { patchFor } from '../apply/apply-one.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { ExitError, KubectlError, report, usageError } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'
import { toCompactJson } from '../printers/json.ts'
import { withoutManagedFields } from '../printers/print-flags.ts'
import { buildResources, type Info, infosOf } from '../resources/builder.ts'
import { filenameFlags, filenameOptions, selectorFlag } from '../resources/flags.ts'
import { hasFilenames } from '../resources/manifests.ts'
import { fieldManagerFlag } from '../write/flags.ts'
import { createObject, findObject, patchObject, singleInfos } from '../write/objects.ts'

const CONFLICT_ATTEMPTS = 4

export const diff: KubectlCommand = {
  name: 'diff',
  usage: '-f FILENAME [options]',
  short: 'Diff the live version against a would-be applied version',
  examples: `# Diff resources included in pod.json
kubectl diff -f pod.json

# Diff file read from stdin
cat service.yaml | kubectl diff -f -`,
  flags: [
    ...filenameFlags('contains the configuration to diff'),
    selectorFlag,
    fieldManagerFlag('kubectl-client-side-apply'),
    {
      name: 'concurrency',
      type: 'int',
      fallback: '1',
      description: 'Number of objects to process in parallel when diffing against the live version.',
    },
    {
      name: 'force-conflicts',
      type: 'boolean',
      description: 'If true, server-side apply will force the changes against conflicts.',
    },
    {
      name: 'server-side',
      type: 'boolean',
      description: 'If true, apply runs in the server instead of the client.',
    },
    {
      name: 'show-managed-fields',
      type: 'boolean',
      description: 'If true, include managed fields in the diff.',
    },
  ],
  async run({ args, path }, ctx) {
    try {
      return await showDifference(ctx, args, path)
    } catch (error) {
      // One means that there is a difference, so a failure is more.
      const { text, code } = report(error)
      throw new ExitError(Math.max(code, 2), text)
    }
  },
}

async function showDifference(ctx: KubectlContext, args: readonly string[], path: string): Promise<number> {
  const { flags } = ctx
  if (args.length > 0) throw usageError(path, `Unexpected args: [${args.join(' ')}]`)
  const files = filenameOptions(flags)
  if (!hasFilenames(files)) throw new KubectlError('must specify one of -f and -k')
  if (flags.boolean('force-conflicts') && !flags.boolean('server-side')) {
    throw new KubectlError('--force-conflicts only works with --server-side')
  }
  const { namespace, explicit } = ctx.namespace()
  const selector = flags.string('selector') ?? ''
  const request = { files, namespace, enforceNamespace: explicit, fetchFiles: false, selector }
  const result = await buildResources(ctx, request)
  const base = ctx.env.TMPDIR || '/tmp'
  const [live, merged] = [await mkdtemp(join(base, 'LIVE-')), await mkdtemp(join(base, 'MERGED-'))]
  try {
    for (const info of singleInfos(infosOf(result))) {
      const sides = masked(info, await bothSides(ctx, info))
      const file = fileName(info)
      const text = (object: KubeObject | undefined) => (object === undefined ? '' : toYaml(shown(ctx, object)))
      await writeFile(join(live, file), text(sides.live), { mode: 0o600 })
      await writeFile(join(merged, file), text(sides.merged), { mode: 0o600 })
    }
    return await runDiff(ctx, live, merged)
  } finally {
    await Promise.all([live, merged].map((dir) => rm(dir, { recursive: true, force: true })))
  }
}

const shown = ({ flags }: KubectlContext, object: KubeObject) =>
  flags.boolean('show-managed-fields') ? object : withoutManagedFields(object)

function fileName({ mapping, namespace, name }: Info): string {
  const group = mapping.group === '' ? '' : `${mapping.group}.`
  return `${group}${mapping.version}.${mapping.kind}.${namespace}.${name}`
}

interface Sides {
  readonly live: KubeObject | undefined
  readonly merged: KubeObject
}

/** The object as it is, and as the server would have it. */
async function bothSides(ctx: KubectlContext, info: Info): Promise<Sides> {
  const fieldManager = ctx.flags.string('field-manager')
  if (ctx.flags.boolean('server-side')) {
    const live = await findObject(ctx, info)
    const manager = ctx.flags.changed('field-manager') ? fieldManager : 'kubectl'
    const query = { force: ctx.flags.boolean('force-conflicts') }
    const patch = { type: 'apply', body: toCompactJson(info.object), query } as const
    return { live, merged: await patchObject(ctx, info, patch, { dryRun: 'server', fieldManager: manager }) }
  }
  // An annotation that only apply keeps must not look as if it were taken away.
  const { annotations = {}, ...metadata } = info.object.metadata ?? {}
  const wanted = { ...info.object, metadata: { ...metadata, annotations } }
  for (let attempt = 1; ; attempt++) {
    const live = await findObject(ctx, info)
    const options = { dryRun: 'server', fieldManager } as const
    if (live === undefined) return { live, merged: await createObject(ctx, info, info.object, options) }
    const { type, body } = await patchFor(info, live, wanted)
    if (Object.keys(body).length === 0) return { live, merged: live }
    try {
      return { live, merged: await patchObject(ctx, info, { type, body }, options) }
    } catch (error) {
      if (!isReason(error, 'Conflict') || attempt === CONFLICT_ATTEMPTS) throw error
    }
  }
}

/** Values of secrets are not shown, only whether they change. */
function masked(info: Info, { live, merged }: Sides): Sides {
  if (info.mapping.group !== '' || info.mapping.kind !== 'Secret') return { live, merged }
  const [before, after] = [dataOf(live), dataOf(merged)]
  const mask = (own: Record<string, unknown>, other: Record<string, unknown>, side: string) =>
    Object.fromEntries(
      Object.entries(own).map(([key, value]) => [key, key in other && other[key] !== value ? `*** (${side})` : '***']),
    )
  const withData = (object: KubeObject, data: object) => (isObject(object.data) ? { ...object, data } : object)
  return {
    live: live && withData(live, mask(before, after, 'before')),
    merged: withData(merged, mask(after, before, 'after')),
  }
}

const dataOf = (object: KubeObject | undefined) => (isObject(object?.data) ? object.data : {})

/** Program and arguments to compare with; what could mean something to a shell is left out. */
export function diffProgram(external: string | undefined): readonly string[] {
  const [program, ...words] = external?.split(' ').filter((word) => word !== '') ?? []
  return program === undefined
    ? ['diff', '-u', '-N']
    : [program, ...words.filter((word) => /^[a-zA-Z0-9=-]+$/.test(word))]
}

async function runDiff(ctx: KubectlContext, live: string, merged: string): Promise<number> {
  const [program = '', ...words] = diffProgram(ctx.env.KUBECTL_EXTERNAL_DIFF)
  const code = await new Promise<number>((resolve, reject) => {
    const child = spawn(program, [...words, live, merged], {
      cwd: ctx.cwd,
      env: ctx.env,
      signal: ctx.signal,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.pipe(ctx.stdout, { end: false })
    child.stderr.pipe(ctx.stderr, { end: false })
    child.once('error', (error) => {
      reject(
        new KubectlError(`failed to run "${program}": exec: "${program}": executable file not found in $PATH`, {
          cause: error,
        }),
      )
    })
    child.once('close', (status) => resolve(status ?? 2))
  })
  if (code > 1) throw new ExitError(code, `exit status ${code}\n`)
  return code
}
