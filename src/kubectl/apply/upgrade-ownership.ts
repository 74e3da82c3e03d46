// The way from apply on the client to apply on the server: what the client's manager owned becomes the server-side
// manager's, so that fields can be given up again. Model: k8s.io/client-go/util/csaupgrade.

import { canonical, hasPath, parseFieldSet, union } from '../../machinery/apply/field-set.ts'
import { isReason } from '../../machinery/errors.ts'
import type { KubectlContext } from '../command.ts'
import { isObject, type KubeObject } from '../object.ts'
import { toCompactJson } from '../printers/json.ts'
import type { Info } from '../resources/builder.ts'
import { getObject, patchObject, type WriteOptions } from '../write/objects.ts'
import { LAST_APPLIED } from './last-applied.ts'

const SERVER_MANAGER = 'kubectl'
const ANNOTATION_MANAGER = 'kubectl-last-applied'
const ANNOTATION = ['f:metadata', 'f:annotations', `f:${LAST_APPLIED}`]
const ATTEMPTS = 5

/** One entry of metadata.managedFields. */
export interface OwnershipEntry {
  readonly manager?: string
  readonly operation?: string
  readonly apiVersion?: string
  readonly subresource?: string
  readonly fieldsV1?: unknown
}

function entriesOf(object: KubeObject): OwnershipEntry[] {
  const entries = object.metadata?.managedFields
  return Array.isArray(entries) ? entries.filter(isObject) : []
}

/** The entries of an operation that own the annotation of what was applied last. */
function annotationOwners(entries: readonly OwnershipEntry[], operation: 'Apply' | 'Update'): OwnershipEntry[] {
  return entries.filter((e) => e.operation === operation && hasPath(parseFieldSet(e.fieldsV1 ?? {}), ANNOTATION))
}

/** The entries with all that the client's managers own in the name of `server`; undefined when there is nothing to do. */
export function upgradedOwnership(entries: readonly OwnershipEntry[], server: string): OwnershipEntry[] | undefined {
  const names = [...new Set(annotationOwners(entries, 'Update').map((e) => e.manager ?? ''))].sort()
  return names.length === 0 ? undefined : names.reduce((list, name) => joined(list, name, server), [...entries])
}

function joined(entries: readonly OwnershipEntry[], client: string, server: string): OwnershipEntry[] {
  const main = (e: OwnershipEntry) => !e.subresource
  const isClients = (e: OwnershipEntry) => main(e) && e.manager === client && e.operation === 'Update'
  const known = entries.findIndex((e) => main(e) && e.manager === server && e.operation === 'Apply')
  const at = known >= 0 ? known : entries.findIndex(isClients)
  const target = entries[at]
  if (!target) return [...entries]
  const same = entries.find((e) => isClients(e) && e.apiVersion === target.apiVersion)
  const fields = union(parseFieldSet(target.fieldsV1 ?? {}), parseFieldSet(same?.fieldsV1 ?? {}))
  const upgraded = { ...target, manager: server, operation: 'Apply', fieldsV1: canonical(fields) }
  return entries.map((e, i) => (i === at ? upgraded : e)).filter((e) => !isClients(e))
}

/**
 * Brings an object over that was just applied on the server. `again` repeats the apply, so that fields which are no
 * longer applied go. Problems are told as warnings: the object is applied, and the next apply tries again.
 */
export async function upgradeOwnership(
  ctx: KubectlContext,
  info: Info,
  request: { object: KubeObject; manager: string; options: WriteOptions; again: () => Promise<KubeObject> },
): Promise<KubeObject> {
  const { manager, options, again } = request
  let { object } = request
  try {
    object = await keepAnnotation(ctx, info, { object, manager, options })
  } catch (error) {
    ctx.err(
      warning(
        'saving last-applied-configuration annotation',
        error,
        'This is non-fatal and only means that client-side apply can no longer be used for this object',
      ),
    )
    return object
  }
  let upgraded: KubeObject | undefined
  try {
    upgraded = await upgrade(ctx, info, { object, manager, options })
  } catch (error) {
    ctx.err(
      warning(
        'migrating managed fields for server-side apply',
        error,
        'This is non-fatal and will be retried next time you apply.',
      ),
    )
    return object
  }
  return upgraded ? again() : object
}

function warning(what: string, error: unknown, advice: string): string {
  return `Warning: error while ${what}: ${error instanceof Error ? error.message : String(error)}. ${advice}\n`
}

interface Upgrading {
  readonly object: KubeObject
  readonly manager: string
  readonly options: WriteOptions
}

/** Gives the annotation an owner of its own, so that it stays when its fields change hands. */
async function keepAnnotation(ctx: KubectlContext, info: Info, { object, manager, options }: Upgrading) {
  const last = object.metadata?.annotations?.[LAST_APPLIED]
  if (manager !== SERVER_MANAGER || last === undefined) return object
  if (annotationOwners(entriesOf(object), 'Apply').length > 0) return object
  const { name, namespace } = object.metadata ?? {}
  const metadata = {
    annotations: { [LAST_APPLIED]: last },
    ...(name ? { name } : {}),
    ...(namespace ? { namespace } : {}),
  }
  const body = toCompactJson({ apiVersion: object.apiVersion, kind: object.kind, metadata } as KubeObject)
  return patchObject(ctx, info, { type: 'apply', body }, { ...options, fieldManager: ANNOTATION_MANAGER })
}

/** Undefined when there is nothing to bring over. */
async function upgrade(ctx: KubectlContext, info: Info, { object, manager, options }: Upgrading) {
  let current = object
  for (let attempt = 1; ; attempt++) {
    const entries = upgradedOwnership(entriesOf(current), manager)
    if (!entries) return undefined
    const patch = [
      { op: 'replace', path: '/metadata/managedFields', value: entries },
      { op: 'replace', path: '/metadata/resourceVersion', value: current.metadata?.resourceVersion },
    ]
    try {
      return await patchObject(ctx, info, { type: 'json', body: patch }, { ...options, fieldManager: manager })
    } catch (error) {
      if (!isReason(error, 'Conflict') || attempt >= ATTEMPTS) throw error
      current = await getObject(ctx, info)
    }
  }
}
