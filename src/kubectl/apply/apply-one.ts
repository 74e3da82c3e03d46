// Applies one object: creates it, or patches it by what was applied last, what is wanted and what is there.
// Model: applyOneObject and patcher.go in k8s.io/kubectl/pkg/cmd/apply.

import { isReason, StatusError } from '../../machinery/errors.ts'
import type { KubectlContext } from '../command.ts'
import { KubectlError, plainMessage, withSource } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'
import { toCompactJson } from '../printers/json.ts'
import type { Info } from '../resources/builder.ts'
import type { DryRun } from '../write/flags.ts'
import {
  createObject,
  deleteObject,
  findObject,
  getObject,
  type PatchType,
  patchObject,
  type WriteOptions,
} from '../write/objects.ts'
import { waitDeleted } from '../write/wait-deleted.ts'
import { A_WEEK_MS, deadlineAfter, delay } from '../write/watch-until.ts'
import { configurationOf, LAST_APPLIED, lastAppliedOf, withLastApplied } from './last-applied.ts'
import { mergePatched, threeWayMerge } from './merge-diff.ts'
import { upgradeOwnership } from './upgrade-ownership.ts'

export interface ApplyOptions {
  readonly dryRun: DryRun
  readonly fieldManager: string | undefined
  readonly fieldValidation: string
  /** Deletes and creates anew what cannot be patched. */
  readonly force: boolean
  readonly gracePeriod: number
  readonly propagationPolicy: string
  readonly timeoutMs: number
}

export interface Applied {
  readonly object: KubeObject
  readonly operation: 'created' | 'configured' | 'unchanged' | 'serverside-applied'
}

const CONFLICT_ATTEMPTS = 5
const BACKOFF_MS = 1000

/** Applies on the client's side. */
export async function applyOne(ctx: KubectlContext, info: Info, options: ApplyOptions): Promise<Applied> {
  if (info.name === '' && info.object.metadata?.generateName) {
    throw new KubectlError(`from ${info.object.metadata.generateName}: cannot use generate name with apply`)
  }
  const configuration = configurationOf(info.object)
  const current = await findObject(ctx, info).catch((error: unknown) => {
    throw withApplySource(`retrieving current configuration of:\n${infoText(info)}\nfrom server for:`, info, error)
  })
  const modified = withLastApplied(info.object, configuration)
  if (current === undefined) return createOne(ctx, info, modified, options)
  if (lastAppliedOf(current) === undefined) {
    ctx.err(
      `Warning: resource ${info.mapping.name}/${info.name} is missing the ${LAST_APPLIED} annotation which is required by ${ctx.program} apply. ${ctx.program} apply should only be used on resources created declaratively by either ${ctx.program} create --save-config or ${ctx.program} apply. The missing annotation will be patched automatically.\n`,
    )
  }
  const { patch, object } = await patchOne(ctx, info, { current, modified, options })
  if (object.metadata?.deletionTimestamp) {
    ctx.err(`Warning: Detected changes to resource ${info.name} which is currently being deleted.\n`)
  }
  return { object, operation: Object.keys(patch).length === 0 ? 'unchanged' : 'configured' }
}

async function createOne(
  ctx: KubectlContext,
  info: Info,
  modified: KubeObject,
  options: ApplyOptions,
): Promise<Applied> {
  const wanted = withoutNulls(modified) as KubeObject
  if (options.dryRun === 'client') return { object: wanted, operation: 'created' }
  try {
    return { object: await createObject(ctx, info, wanted, options), operation: 'created' }
  } catch (error) {
    throw withSource('creating', info.source, error)
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([k, v]) => (v === null ? [] : [[k, withoutNulls(v)] as const])),
  )
}

interface Patching {
  readonly current: KubeObject
  readonly modified: KubeObject
  readonly options: ApplyOptions
}

async function patchOne(
  ctx: KubectlContext,
  info: Info,
  { current, modified, options }: Patching,
): Promise<{ patch: object; object: KubeObject }> {
  let live = current
  for (let attempt = 0; ; attempt++) {
    const { type, body } = await patchFor(info, live, modified)
    if (Object.keys(body).length === 0) return { patch: body, object: live }
    if (options.dryRun === 'client') return { patch: body, object: await patchedLocally(info, type, live, body) }
    const write: WriteOptions = options
    try {
      return { patch: body, object: await patchObject(ctx, info, { type, body }, write) }
    } catch (error) {
      if (isReason(error, 'Conflict') && attempt < CONFLICT_ATTEMPTS) {
        if (attempt > 0) await delay(ctx, BACKOFF_MS)
        live = await getObject(ctx, info)
        continue
      }
      if (options.force && (isReason(error, 'Conflict') || isReason(error, 'Invalid'))) {
        return { patch: body, object: await recreate(ctx, info, { current: live, modified, options }) }
      }
      const patching = withSource('patching', info.source, error)
      throw withApplySource(`applying patch:\n${toCompactJson(body)}\nto:\n${infoText(info)}\nfor:`, info, patching)
    }
  }
}

/** The patch, strategic for the kinds that are built in. */
export async function patchFor(
  info: Pick<Info, 'mapping'>,
  current: KubeObject,
  modified: KubeObject,
): Promise<{ type: PatchType; body: Record<string, unknown> }> {
  const kept = lastAppliedOf(current)
  const original = kept === undefined ? {} : (JSON.parse(kept) as Record<string, unknown>)
  const ref = await builtInType(info)
  if (ref === undefined) return { type: 'merge', body: threeWayMerge(original, modified, current) }
  const { threeWayStrategic } = await import('./strategic-diff.ts')
  return { type: 'strategic', body: threeWayStrategic(ref, { original, modified, current }) }
}

/** Name of the type in the schema; undefined for custom resources. */
export async function builtInType({ mapping }: Pick<Info, 'mapping'>): Promise<string | undefined> {
  const { typeRefOfKind } = await import('../../api/schema.ts')
  return typeRefOfKind(mapping.group, mapping.version, mapping.kind)
}

/** What the server would make of a patch, as far as a client can tell. */
export async function patchedLocally(
  info: Pick<Info, 'mapping'>,
  type: PatchType,
  object: KubeObject,
  patch: Record<string, unknown>,
): Promise<KubeObject> {
  const ref = await builtInType(info)
  if (type === 'merge' || ref === undefined) return mergePatched(object, patch)
  const { strategicMerge } = await import('../../machinery/strategic-merge.ts')
  return strategicMerge(ref, object, patch) as KubeObject
}

async function recreate(
  ctx: KubectlContext,
  info: Info,
  { current, modified, options }: Patching,
): Promise<KubeObject> {
  const gracePeriodSeconds = options.gracePeriod < 0 ? undefined : options.gracePeriod
  await deleteObject(ctx, info, { gracePeriodSeconds, propagationPolicy: options.propagationPolicy })
  const deadline = deadlineAfter(ctx, options.timeoutMs || A_WEEK_MS)
  try {
    await waitDeleted(ctx, info, { deadline })
  } finally {
    deadline.cancel()
  }
  try {
    return await createObject(ctx, info, modified, options)
  } catch (error) {
    // The old object is put back, and why the new one was refused is said.
    await createObject(ctx, info, withoutIdentity(current), options).catch((again: unknown) => {
      throw new KubectlError(
        `An error occurred force-replacing the existing object with the newly provided one:\n\n${plainMessage(error)}.\n\nAdditionally, an error occurred attempting to restore the original object:\n\n${plainMessage(again)}`,
        { cause: error },
      )
    })
    throw new KubectlError(
      `An error occurred force-replacing the existing object with the newly provided one:\n\n${plainMessage(error)}`,
      { cause: error },
    )
  }
}

function withoutIdentity(object: KubeObject): KubeObject {
  const { uid: _, resourceVersion: __, creationTimestamp: ___, ...metadata } = object.metadata ?? {}
  return { ...object, metadata }
}

/** Applies on the server's side. */
export async function applyOnServer(
  ctx: KubectlContext,
  info: Info,
  options: Pick<ApplyOptions, 'dryRun' | 'fieldManager' | 'fieldValidation'> & {
    readonly forceConflicts: boolean
    readonly subresource: string | undefined
  },
): Promise<Applied> {
  const patch = { type: 'apply', body: toCompactJson(info.object), query: { force: options.forceConflicts } } as const
  const again = () => patchObject(ctx, info, patch, options)
  try {
    const applied = await again()
    const upgrading = { object: applied, manager: options.fieldManager ?? '', options: writing(options), again }
    const object = options.subresource ? applied : await upgradeOwnership(ctx, info, upgrading)
    return { object, operation: 'serverside-applied' }
  } catch (error) {
    if (isReason(error, 'UnsupportedMediaType')) {
      throw new KubectlError(`Server-side apply not available on the server: (${error.message})`, { cause: error })
    }
    if (!isReason(error, 'Conflict')) throw error
    throw new KubectlError(`${error.message}\n${CONFLICT_ADVICE}`, { cause: error })
  }
}

function writing({ dryRun }: Pick<ApplyOptions, 'dryRun'>): WriteOptions {
  return { dryRun }
}

const CONFLICT_ADVICE = `Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`

/** The object that an error is about. */
function infoText({ mapping, name, namespace }: Info): string {
  const version = `${mapping.group}/${mapping.version}`
  return `Resource: "${version}, Resource=${mapping.name}", GroupVersionKind: "${version}, Kind=${mapping.kind}"\nName: ${JSON.stringify(name)}, Namespace: ${JSON.stringify(namespace)}`
}

/** `error when …` around an error that may already be so wrapped. */
function withApplySource(verb: string, info: Info, error: unknown): unknown {
  return error instanceof StatusError || error instanceof KubectlError ? withSource(verb, info.source, error) : error
}
