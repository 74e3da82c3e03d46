// Update and patch: read, transform, check, write if nothing changed meanwhile; else start over when the client did
// not insist on a version. Model: k8s.io/apiserver/pkg/registry/generic/registry/store.go.

import { sameButTimes } from '../../machinery/apply/managers.ts'
import { formatTime } from '../../machinery/clock.ts'
import { conflict, type FieldError, invalid, notFound, serverTimeout } from '../../machinery/errors.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { type AdmissionAttributes, admit, validate } from '../admission/admission.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import { createDecoded, dryRunEntry } from './create.ts'
import { type Entry, encodeForStore, makeEntry } from './entry.ts'
import { setEntries, trackUpdate } from './field-owners.ts'
import { readyToVanish } from './finalize.ts'
import { dropRepeatedOwners } from './metadata.ts'
import { changedMetadataProblems } from './metadata-checks.ts'
import type { Registry, RequestContext } from './registry.ts'
import { resetMetadata } from './reset-fields.ts'
import { completeObject, countsGenerations, keyOf, type Resource, type ServedVersion } from './resource.ts'
import { wrongVersionOfObject } from './resource-version.ts'
import { leaseFor } from './ttl.ts'
import { shown, shownWritten } from './view.ts'

// Of all writers that meet at an object one wins each round: this many can meet before one is turned away.
const MAX_ATTEMPTS = 1000
const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again'

/** Makes the new state from the current one (undefined: nothing there, for PUT that may create). */
export type Transform = (current: StoredObject | undefined) => ApiObject | Promise<ApiObject>

export interface UpdateRequest {
  readonly name: string
  /** Empty for the object itself; `status` and others keep spec and metadata. */
  readonly subresource: string
  readonly transform: Transform
  /** Replaces the way old and new are brought together, for subresources other than status. */
  readonly prepare?: (object: ApiObject, old: StoredObject) => void
  /** Admission has happened already, as something else than an update. */
  readonly admitted?: boolean
  /** PUT may create where the resource allows it; `always` where it does not, too. */
  readonly mayCreate: boolean | 'always'
  /** Whether the object was sent whole: some kinds want to be told of which state it is a change. */
  readonly replaces?: boolean
  /** What comes out of `transform` was not sent as a whole, but by a patch. */
  readonly partial?: boolean
  /**
   * Whether the write tells who owns the fields (default), does so without a time, leaves ownership as it is, or has
   * settled it in `transform`.
   */
  readonly ownership?: 'tracked' | 'timeless' | 'untouched' | 'settled'
}

/** Gives the written entry and whether it was created. */
export async function update(
  registry: Registry,
  resource: Resource,
  request: UpdateRequest,
  context: RequestContext,
): Promise<{ entry: Entry; created: boolean }> {
  const key = keyOf(resource, context.namespace, request.name)
  const cache = await registry.cache(resource)
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const current = await shown(resource, cache.get(key))
    if (!current) {
      const may = request.mayCreate === 'always' || (request.mayCreate && resource.definition.createOnUpdate)
      if (!may) throw notFound(asked(resource, context), request.name)
      const object = await request.transform(undefined)
      await context.mayCreate?.()
      const settled = request.ownership === 'settled'
      return {
        entry: await createDecoded(registry, resource, object, context, { settled, replaces: true }),
        created: true,
      }
    }
    const entry = await tryUpdate(registry, resource, request, context, key, current)
    if (entry) return { entry, created: false }
  }
  throw serverTimeout(resource, 'update', 1)
}

/** Undefined when someone else wrote in between and the request may simply be tried again. */
async function tryUpdate(
  registry: Registry,
  resource: Resource,
  request: UpdateRequest,
  context: RequestContext,
  key: string,
  current: Entry,
): Promise<Entry | undefined> {
  const old = current.object
  const object = await request.transform(old)
  const wanted = object.metadata.resourceVersion
  checkPreconditions(resource, request, { object, old, wanted, context })
  prepare(registry, resource, request, object, old, context)
  const attributes: AdmissionAttributes = {
    operation: 'UPDATE',
    resource,
    subresource: request.subresource,
    namespace: context.namespace,
    name: request.name,
    user: context.user,
    dryRun: context.dryRun,
    patches: request.partial === true,
    context,
    object,
    old,
  }
  // What others changed is held to the same limits as what the client sent.
  if (!request.admitted) {
    const isChanged = await admit(registry.admission, attributes)
    if (isChanged || attributes.filledIn) prepare(registry, resource, request, object, old, context, true)
  }
  dropRepeatedOwners(object, context.warn, true)
  check(resource, request, object, old, context, registry.clock.now())
  if (!request.admitted) await validate(registry.admission, attributes)
  delete object.metadata.resourceVersion
  const entry = await write(registry, resource, { key, current, object, context })
  if (!entry && wanted) throw conflict(asked(resource, context), request.name, MODIFIED)
  return entry
}

/** The resource as the request calls it, which may be by another group than that of what is stored. */
function asked({ resource }: Resource, { version }: RequestContext) {
  return { group: version.group, resource }
}

/** What upstream's storage says of an object that is not the one that is meant. */
export function wrongState(key: string, problem: string): string {
  return `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${problem}`
}

function checkPreconditions(
  resource: Resource,
  request: UpdateRequest,
  write: { object: ApiObject; old: StoredObject; wanted: string | undefined; context: RequestContext },
): void {
  const { object, old, wanted, context } = write
  if (!request.partial && object.metadata.uid && object.metadata.uid !== old.metadata.uid) {
    const stored = keyOf(resource, old.metadata.namespace ?? '', request.name)
    // What is not written is looked at without where it is stored.
    const key = context.dryRun ? stored.replace(/^\/registry/, '') : stored
    const problem = `Precondition failed: UID in precondition: ${object.metadata.uid}, UID in object meta: ${old.metadata.uid}`
    throw conflict(asked(resource, context), request.name, wrongState(key, problem))
  }
  if (wanted && wanted !== old.metadata.resourceVersion) {
    throw wrongVersionOfObject(wanted) ?? conflict(asked(resource, context), request.name, MODIFIED)
  }
  // An apply is an update of what is stored, whatever its version.
  if (!wanted && resource.definition.unconditionalUpdate === false && request.replaces === true) {
    throw invalid({ group: resource.group, kind: resource.resource }, request.name, [
      {
        type: 'FieldValueInvalid',
        path: 'metadata.resourceVersion',
        message: 'Invalid value: 0: must be specified for an update',
      },
    ])
  }
}

function prepare(
  registry: Registry,
  resource: Resource,
  request: UpdateRequest,
  object: ApiObject,
  old: StoredObject,
  asked: RequestContext,
  again = false,
): void {
  const { definition } = resource
  const { user } = asked
  const warn = again ? () => {} : asked.warn
  const now = registry.clock.now()
  const { apiVersion } = asked.version
  const context = { now, user, warn, apiVersion, customTypes: registry.customTypes }
  const before = old as ApiObject
  keepServerFields(object, old)
  if (resource.hasSpec) object.spec ??= {}
  if (request.prepare) {
    request.prepare(object, old)
    definition.defaults?.(object, now)
    definition.settle?.(object)
    completeObject(resource, object)
    if (!again) track(resource, request, object, old, asked, now)
    definition.subresources?.[request.subresource]?.prepareUpdate?.(object, before, context)
    return
  }
  if (request.subresource === 'status') {
    resetMetadata(resource, 'status', object, old)
    for (const field of Object.keys(object)) {
      if (!['kind', 'apiVersion', 'metadata', 'status'].includes(field) && !(field in old)) delete object[field]
    }
    for (const [field, value] of Object.entries(old)) {
      if (!['kind', 'apiVersion', 'metadata', 'status'].includes(field)) object[field] = value
    }
    if (!resource.view && !definition.lateStatus) object.status ??= {}
    definition.settle?.(object)
    completeObject(resource, object)
    if (!again) track(resource, request, object, old, asked, now)
    definition.prepareStatusUpdate?.(object, before, context)
    return
  }
  if (resource.hasStatus) replace(object, 'status', before.status)
  definition.defaults?.(object, now)
  definition.settle?.(object)
  completeObject(resource, object)
  if (!again) track(resource, request, object, old, asked, now)
  definition.prepareUpdate?.(object, before, context)
  if (countsGenerations(resource) && !sameDesire(resource, object, before)) {
    object.metadata.generation = (old.metadata.generation ?? 0) + 1
  }
}

/** Whether the same is wanted: where there is no spec, all that is neither metadata nor status says what. */
function sameDesire(resource: Resource, object: ApiObject, old: ApiObject): boolean {
  if (resource.hasSpec) return sameJson(object.spec, old.spec)
  const desired = ({ kind: _, apiVersion: __, metadata: ___, status: ____, ...rest }: ApiObject) => rest
  return sameJson(desired(object), desired(old))
}

/** Says in the object who owns its fields after the write, before the server changes anything of its own accord. */
function track(
  resource: Resource,
  { subresource, ownership = 'tracked' }: UpdateRequest,
  object: ApiObject,
  old: StoredObject,
  context: RequestContext,
  now: number,
): void {
  if (ownership === 'settled') return
  if (ownership === 'untouched') return setEntries(object, old.metadata.managedFields)
  const time = ownership === 'timeless' ? undefined : formatTime(now)
  trackUpdate(resource, { object, old, subresource, time }, context)
}

/** What only the server sets is taken over from what is stored. */
function keepServerFields(object: ApiObject, old: StoredObject): void {
  const { metadata } = object
  metadata.name = old.metadata.name
  replace(metadata, 'namespace', old.metadata.namespace)
  // Of a whole object it is that already: see checkPreconditions.
  metadata.uid ||= old.metadata.uid
  metadata.creationTimestamp = old.metadata.creationTimestamp
  // What is said of a deletion that has not begun, and another grace period, are refused: see validateMetadataChange.
  replace(metadata, 'deletionTimestamp', old.metadata.deletionTimestamp ?? metadata.deletionTimestamp)
  replace(
    metadata,
    'deletionGracePeriodSeconds',
    metadata.deletionGracePeriodSeconds ?? old.metadata.deletionGracePeriodSeconds,
  )
  replace(metadata, 'generation', old.metadata.generation)
  delete metadata.selfLink
}

function replace<T extends object, K extends keyof T>(target: T, key: K, value: unknown): void {
  if (value === undefined) delete target[key]
  else target[key] = value as T[K]
}

function check(
  resource: Resource,
  request: UpdateRequest,
  object: ApiObject,
  old: StoredObject,
  context: RequestContext,
  now: number,
): void {
  const { definition } = resource
  const before = old as ApiObject
  const { subresource } = request
  const errors = changedMetadataProblems(resource, { group: context.version.group, subresource }, object, old)
  if (subresource === 'status') {
    const { warn } = context
    errors.push(...(definition.validateStatusUpdate?.(object, before, { now, warn }) ?? []))
  } else {
    const found = [
      ...(definition.validate?.(object, before) ?? []),
      ...(context.version.validateUpdate?.(object, before) ?? []),
      // A subresource that prepares by itself may change what a plain update may not.
      ...((!request.prepare || resource.view
        ? definition.validateUpdate?.(object, before, context)
        : definition.subresources?.[subresource]?.validateUpdate?.(object, before)) ?? []),
    ]
    errors.push(...unforgiven(resource, found, before, context.version))
  }
  if (errors.length > 0) throw invalid({ group: resource.group, kind: resource.kind }, request.name, errors)
  for (const warning of warningsOf(resource, request, object, before)) context.warn(warning)
}

function warningsOf({ definition }: Resource, request: UpdateRequest, object: ApiObject, old: ApiObject) {
  if (request.subresource === 'status') return definition.statusWarnings?.(object) ?? []
  return request.subresource === '' ? (definition.warnings?.(object, old) ?? []) : []
}

/**
 * What one version of the resource lets pass may be there in objects that came through it: that is no problem of an
 * update that leaves it as it is.
 */
function unforgiven(
  resource: Resource,
  all: readonly FieldError[],
  before: ApiObject,
  version: ServedVersion,
): readonly FieldError[] {
  const errors = all.filter((error) => !version.forgives?.(error))
  const forgivable = errors.filter((error) => resource.versions.some((other) => other.forgives?.(error)))
  if (forgivable.length === 0) return errors
  const { validate, validateCreate } = resource.definition
  const copy = structuredClone(before)
  const known = new Set([...(validate?.(copy) ?? []), ...(validateCreate?.(copy) ?? [])].map(problemOf))
  return errors.filter((error) => !forgivable.includes(error) || !known.has(problemOf(error)))
}

const problemOf = ({ path, message }: FieldError) => `${path} ${message}`

/** Stores a new state over `current`. Undefined when someone else was faster. */
export async function write(
  registry: Registry,
  resource: Resource,
  change: {
    key: string
    current: Entry
    object: ApiObject
    context: RequestContext
    /** Whether it is written even if nothing keeps it any more. */
    stays?: boolean
  },
): Promise<Entry | undefined> {
  const { key, current, object, context, stays = false } = change
  completeObject(resource, object, true)
  const stored = object as StoredObject
  if (!stays && readyToVanish(resource, stored)) {
    // Who updates it is shown what was written, not that it is gone. Model: deleteWithoutFinalizers.
    const written = makeEntry(key, encodeForStore(stored), current.revision, stored)
    if (context.dryRun) return written
    return (await remove(registry, resource, key, current)) && written
  }
  const allocator = registry.allocators.find((a) => a.group === resource.group && a.resource === resource.resource)
  // A write of status leaves the spec as it is, and shares it with what is stored.
  const reservation =
    object.spec === current.object.spec ? undefined : await allocator?.reserve(object, current.object, context.dryRun)
  try {
    const kept = resource.view ? await resource.view.stored(stored) : stored
    if (context.dryRun) {
      reservation?.rollback()
      const tried = withVersion(dryRunEntry(key, encodeForStore(kept)), current)
      return kept === stored ? tried : shownWritten(resource, tried)
    }
    const value = encodeForStore(kept)
    // An update that changes nothing writes nothing: no new version, no event. What is stored in another version than
    // today's does change.
    // Unless it is to be encrypted anew.
    if (
      sameAsStored(kept, (resource.view && current.origin ? current.origin : current).object) &&
      !(await registry.isStale(key))
    ) {
      reservation?.rollback()
      return current
    }
    const lease = await leaseFor(registry, resource)
    reservation?.begin()
    const result = await registry.store.put(key, value, {
      expected: current.revision,
      attachment: kept,
      ...(lease ? { lease } : {}),
    })
    if (!result.ok) {
      reservation?.rollback()
      return undefined
    }
    await reservation?.commit()
    if (resource.view) return shownWritten(resource, makeEntry(key, value, result.revision, kept))
    const written = registry.openCache(resource)?.get(key)
    return written?.revision === result.revision ? written : makeEntry(key, value, result.revision, stored)
  } catch (error) {
    reservation?.rollback()
    throw error
  }
}

/** Takes an object out of the store. Undefined when someone else was faster. */
export async function remove(
  registry: Registry,
  resource: Resource,
  key: string,
  current: Entry,
): Promise<Entry | undefined> {
  const result = await registry.store.delete(key, { expected: current.revision })
  if (!result.ok) return undefined
  const allocator = registry.allocators.find((a) => a.group === resource.group && a.resource === resource.resource)
  await allocator?.release(current.object)
  // Whoever is shown the object sees the version of its deletion.
  const { resourceVersion: _, ...metadata } = current.object.metadata
  const gone = { ...current.object, metadata } as StoredObject
  return makeEntry(key, encodeForStore(gone), result.revision, gone)
}

/** A dry-run update answers with the version it was checked against. */
function withVersion(entry: Entry, current: Entry): Entry {
  return makeEntry(entry.key, entry.json, current.revision, entry.object)
}

/** Whether nothing changed, other than when who owns a field last wrote. */
function sameAsStored(object: StoredObject, old: StoredObject): boolean {
  const { resourceVersion: _, managedFields: before, ...metadata } = old.metadata
  const { managedFields: after, ...own } = object.metadata
  return sameButTimes(after, before) && sameJson({ ...object, metadata: own }, { ...old, metadata })
}
