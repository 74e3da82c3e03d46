// Server-side apply: a configuration merged into what is there, with the ownership of its fields.
// Spec: https://kubernetes.io/docs/reference/using-api/server-side-apply/

import { changed, compare } from '../../machinery/apply/compare.ts'
import { ApplyConflict, type Conflict } from '../../machinery/apply/conflict.ts'
import { describeProblems, problemsOf } from '../../machinery/apply/conform.ts'
import { fieldsOf } from '../../machinery/apply/extract.ts'
import { difference, type FieldSet, intersection, isEmpty } from '../../machinery/apply/field-set.ts'
import { type Managed, readStored, writeEntries } from '../../machinery/apply/managers.ts'
import type { TypeSchema } from '../../machinery/apply/schema.ts'
import {
  type Applied,
  applyConfiguration,
  type Kind,
  updateOwners,
  type Versioned,
} from '../../machinery/apply/updater.ts'
import { badRequest, StatusError } from '../../machinery/errors.ts'
import { type ApiObject, isRecord, type StoredObject } from '../api-object.ts'
import { decodeAs } from './decode-body.ts'
import { kindOf, managerOf, schemaOfVersion, setEntries, viewIn } from './field-owners.ts'
import type { RequestContext } from './registry.ts'
import type { Resource } from './resource.ts'

/** The manager whose client keeps what it applied in an annotation as well. */
const KUBECTL = 'kubectl'
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
/** Who owned the fields of an object of which nobody has kept account. */
const BEFORE = 'before-first-apply'

/** The body of an apply. */
export interface Configuration {
  readonly body: unknown
  /** Takes over fields that others own. */
  readonly force: boolean
}

/** The transform of an apply. The result says already who owns its fields. */
export function applyTransform(
  resource: Resource,
  subresource: string,
  { body, force }: Configuration,
  context: RequestContext,
): (current: StoredObject | undefined, now: string) => ApiObject {
  const { version } = context
  const config = checkConfiguration(body, version)
  return (current, now) => {
    const live = current
      ? viewIn(version, current)
      : { apiVersion: version.apiVersion, object: { apiVersion: version.apiVersion, kind: version.kind } }
    const applied = applyWith({
      kind: kindOf(resource, subresource, version),
      schema: schemaOfVersion(version),
      live,
      config,
      owners: readStored(current?.metadata.managedFields),
      subresource,
      force,
      now,
      context,
    })
    const merged = { ...((applied.object ?? live.object) as ApiObject) }
    const object = decodeAs(withoutMetadata(merged), version, context)
    object.kind = version.kind
    object.apiVersion = version.apiVersion
    object.metadata = isRecord(object.metadata) ? object.metadata : {}
    nameAfter(object, config, current)
    keepLastApplied(object, config, managerOf(context))
    const stored = version.convert ? version.convert.toStorage(object) : object
    setEntries(stored, writeEntries(applied.owners))
    return stored
  }
}

/** A copy of the top and of metadata: decoding reads all the rest without changing it. */
function withoutMetadata(object: ApiObject): ApiObject {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** What identifies the object: as it is stored, and as the configuration demands. */
function nameAfter(object: ApiObject, config: Readonly<Record<string, unknown>>, current: StoredObject | undefined) {
  const { name, namespace, uid, resourceVersion } = (config.metadata ?? {}) as ApiObject['metadata']
  const { metadata } = object
  if (name ?? current?.metadata.name) metadata.name = name ?? current?.metadata.name ?? ''
  if (namespace ?? current?.metadata.namespace) metadata.namespace = namespace ?? current?.metadata.namespace ?? ''
  if (uid) metadata.uid = uid
  else delete metadata.uid
  if (resourceVersion) metadata.resourceVersion = resourceVersion
  else delete metadata.resourceVersion
}

/** The configuration in a body, when it is one of this version. */
export function checkConfiguration(
  body: unknown,
  version: { apiVersion: string; kind: string },
): Record<string, unknown> {
  if (!isRecord(body)) {
    const given = Array.isArray(body) ? 'array' : body === null ? 'null' : typeof body
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${given} into Go value of type map[string]interface {}`,
    )
  }
  const { apiVersion = '', kind = '', metadata } = body
  if (apiVersion !== version.apiVersion || kind !== version.kind) {
    throw badRequest(`invalid object type: ${shownKind(apiVersion, kind)}`)
  }
  const entries = isRecord(metadata) ? metadata.managedFields : undefined
  if (entries !== undefined && entries !== null) throw badRequest('metadata.managedFields must be nil')
  return body
}

/** A kind as Go prints it: `apps/v1, Kind=Deployment`, `/v1, Kind=Pod`, `/, Kind=` for what is none. */
function shownKind(apiVersion: unknown, kind: unknown): string {
  const [version, name] = [apiVersion, kind].map((text) => (typeof text === 'string' ? text : '')) as [string, string]
  if (version.split('/').length > 2) return '/, Kind='
  return `${version.includes('/') ? version : `/${version}`}, Kind=${name}`
}

/** Everything one apply is about; the live object is in the request's version. */
export interface ApplyRequest {
  readonly kind: Kind
  readonly schema: TypeSchema
  readonly live: Versioned
  readonly config: Readonly<Record<string, unknown>>
  readonly owners: readonly Managed[]
  readonly subresource: string
  readonly force: boolean
  readonly now: string
  readonly context: RequestContext
}

/** Applies, with upstream's errors: 409 for conflicts, 500 for what does not fit the type. */
export function applyWith(request: ApplyRequest): Applied {
  const { kind, schema, live, config, subresource, force, now, context } = request
  const problems = problemsOf(schema, config)
  if (problems.length > 0) {
    const { name = '', namespace = '' } = (config.metadata ?? {}) as ApiObject['metadata']
    const what = `${namespace}/${name}; ${shownKind(config.apiVersion, config.kind)}`
    throw new StatusError({
      message: `failed to create typed patch object (${what}): ${describeProblems(problems)}`,
      code: 500,
    })
  }
  const { apiVersion } = live
  const owners = request.owners.length > 0 ? request.owners : ownersBefore(kind, live, subresource, now)
  const self = { manager: managerOf(context), operation: 'Apply', apiVersion, subresource } as const
  const apply = (forced: boolean) => applyConfiguration({ kind, live, config, owners, self, force: forced, now })
  try {
    return apply(force)
  } catch (error) {
    if (!(error instanceof ApplyConflict)) throw error
    const left = self.manager === KUBECTL ? unexpected(error.conflicts, schema, live.object) : error.conflicts
    if (left.length === 0) return apply(true)
    throw conflictError(new ApplyConflict(left))
  }
}

function conflictError(error: ApplyConflict): StatusError {
  const details = { causes: error.causes() }
  return new StatusError({ message: error.message, reason: 'Conflict', details, code: 409 }, { cause: error })
}

/** All that is there, where nobody has kept account of it so far. */
function ownersBefore(kind: Kind, live: Versioned, subresource: string, now: string): readonly Managed[] {
  const { apiVersion } = live
  const { apiVersion: _, kind: __, ...rest } = live.object as Record<string, unknown>
  const next = { apiVersion, object: rest }
  const self = { manager: BEFORE, operation: 'Update', apiVersion, subresource } as const
  return updateOwners({ kind, live: { apiVersion, object: {} }, next, owners: [], self, now })
}

/**
 * Conflicts that remain when kubectl, which applied the object by itself before, now lets the server do it: fields
 * that are as it applied them last are its own.
 */
function unexpected(conflicts: readonly Conflict[], schema: TypeSchema, live: unknown): Conflict[] {
  const own = lastApplied(schema, live)
  if (!own) return [...conflicts]
  return conflicts.flatMap(({ owner, fields }) => {
    const left = difference(fields, own)
    return isEmpty(left) ? [] : [{ owner, fields: left }]
  })
}

function lastApplied(schema: TypeSchema, live: unknown): FieldSet | undefined {
  const { apiVersion, metadata } = live as ApiObject
  const text = metadata?.annotations?.[LAST_APPLIED]
  if (!text) return undefined
  const config = parsed(text)
  if (config?.apiVersion !== apiVersion || problemsOf(schema, config).length > 0) return undefined
  const comparison = compare(schema, config, live)
  const set = difference(fieldsOf(schema, config), changed(comparison))
  return difference(set, intersection(set, comparison.removed))
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    // An annotation that is not readable allows nothing.
    return undefined
  }
}

/** Keeps the annotation of kubectl's own apply in step, so that one can go back to it. */
function keepLastApplied(object: ApiObject, config: Readonly<Record<string, unknown>>, manager: string): void {
  const { annotations } = object.metadata
  if (manager !== KUBECTL || !annotations?.[LAST_APPLIED]) return
  const metadata = isRecord(config.metadata) ? { ...config.metadata } : {}
  if (isRecord(metadata.annotations)) {
    const { [LAST_APPLIED]: _, ...others } = metadata.annotations
    metadata.annotations = others
  }
  annotations[LAST_APPLIED] = `${JSON.stringify(sorted({ ...config, metadata }))}\n`
}

/** JSON values with keys in the order in which Go writes them. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  )
}
