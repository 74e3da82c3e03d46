// Lets the user edit objects until what comes of it can be saved, or is given up.
// Model: k8s.io/kubectl/pkg/cmd/util/editor/editoptions.go.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toYaml } from '../../machinery/yaml-writer.ts'
import type { KubectlContext } from '../command.ts'
import { KubectlError, plainMessage } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { toJson } from '../printers/json.ts'
import { toKyaml } from '../printers/kyaml.ts'
import { withoutManagedFields } from '../printers/print-flags.ts'
import { objectsIn } from '../resources/manifests.ts'
import { runEditor } from './editor.ts'
import { editText, type Failure, withoutComments } from './text.ts'

export interface EditSession {
  readonly objects: readonly KubeObject[]
  /** What the text says it is. */
  readonly header: 'objects' | 'last-applied'
  /** Saves what was edited; gives what to show in the editor again. Throws what no editing can mend. */
  save(edited: readonly KubeObject[], originals: readonly KubeObject[]): Promise<readonly Failure[]>
}

const FORMATS: Readonly<Record<string, (object: unknown) => string>> = { json: toJson, kyaml: toKyaml, yaml: toYaml }

/** The format of the text and how it is written, by -o. Throws KubectlError. */
function formatOf(ctx: KubectlContext): Format {
  const output = ctx.flags.string('output') || 'yaml'
  const print = Object.hasOwn(FORMATS, output) ? FORMATS[output] : undefined
  if (print) return { print, comments: output !== 'json', extension: output === 'json' ? 'json' : 'yaml' }
  throw new KubectlError(
    `unable to match a printer suitable for the output format ${JSON.stringify(output)}, allowed formats are: ${Object.keys(FORMATS).join(',')}`,
  )
}

interface Format {
  readonly print: (object: unknown) => string
  readonly comments: boolean
  readonly extension: string
}

/** Gives the exit code: 1 when a file is kept because something in it could not be saved. */
export async function editObjects(ctx: KubectlContext, session: EditSession): Promise<number> {
  const format = formatOf(ctx)
  const dir = await mkdtemp(join(ctx.env.TMPDIR || '/tmp', 'kubectl-edit-'))
  let kept = true
  try {
    kept = await editUntilDone(ctx, session, { file: join(dir, `edit.${format.extension}`), format })
    return kept ? 1 : 0
  } finally {
    if (!kept) await rm(dir, { recursive: true, force: true })
  }
}

interface Text {
  readonly file: string
  readonly format: Format
}

/** Gives whether the file is kept because something in it could not be saved. */
async function editUntilDone(ctx: KubectlContext, session: EditSession, { file, format }: Text): Promise<boolean> {
  const keep = ctx.flags.boolean('show-managed-fields')
  const objects = session.objects.map((object) => (keep ? object : withoutManagedFields(object)))
  const content = objects.length === 1 ? objects[0] : { apiVersion: 'v1', items: objects, kind: 'List' }
  const original = format.print(content)
  const header = format.comments ? session.header : 'none'
  let [before, failures]: [string, readonly Failure[]] = [original, []]
  const newline = ctx.flags.boolean('windows-line-endings') ? '\r\n' : '\n'
  for (;;) {
    const text = editText(before, failures, header).replaceAll('\n', newline)
    await writeFile(file, text, { mode: 0o600 })
    await runEditor(ctx, file)
    const after = withoutComments((await readFile(file, 'utf8')).replaceAll(newline, '\n'))
    if (failures.length > 0 && after === before) return giveUp(ctx, file)
    if (after === original) return cancelled(ctx, 'Edit cancelled, no changes made.')
    if (after.trim() === '') return cancelled(ctx, 'Edit cancelled, saved file was empty.')
    failures = await saveText(ctx, session, { objects, text: after, file })
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

async function saveText(
  ctx: KubectlContext,
  session: EditSession,
  { objects, text, file }: { readonly objects: readonly KubeObject[]; readonly text: string; readonly file: string },
): Promise<readonly Failure[]> {
  let edited: KubeObject[]
  try {
    edited = await objectsIn(text, 'edited-file', ctx)
  } catch (error) {
    return [{ title: `The edited file had a syntax error: ${plainMessage(error)}`, causes: [] }]
  }
  try {
    return await session.save(edited, objects)
  } catch (error) {
    ctx.err(`A copy of your changes has been stored to ${JSON.stringify(file)}\n`)
    throw error
  }
}

/** Whether two versions are of one object. */
export const isSame = (a: KubeObject, b: KubeObject): boolean =>
  a.apiVersion === b.apiVersion &&
  a.kind === b.kind &&
  a.metadata?.name === b.metadata?.name &&
  a.metadata?.namespace === b.metadata?.namespace
