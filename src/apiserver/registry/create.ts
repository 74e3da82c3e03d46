// Create: decode, default, admit, prepare, validate, store. Model: k8s.io/apiserver/pkg/registry/generic/registry.

import { formatTime } from '../../machinery/clock.ts'
import {
  alreadyExists,
  badRequest,
  conflict,
  generateNameConflict,
  invalid,
  StatusError,
  serverProblem,
} from '../../machinery/errors.ts'
import { randomSuffix } from '../../machinery/random.ts'
import { type AdmissionAttributes, admit, validate } from '../admission/admission.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import { notYet } from '../resources/not-yet.ts'
import { decodeBody } from './decode-body.ts'
import { type Entry, encodeForStore, makeEntry } from './entry.ts'
import { trackCreate } from './field-owners.ts'
import { dropRepeatedOwners } from './metadata.ts'
import { commonMetadataProblems, newMetadataProblems } from './metadata-checks.ts'
import type { Registry, RequestContext } from './registry.ts'
import { beginsGenerations, completeObject, keyOf, type Resource } from './resource.ts'
import { leaseFor } from './ttl.ts'
import { shownWritten } from './view.ts'

const NAME_ATTEMPTS = 8
const MAX_GENERATED_BASE = 58

/** Creates an object from a request's parsed body. Gives the stored entry (or, in a dry run, what would be stored). */
export async function create(
  registry: Registry,
  resource: Resource,
  body: unknown,
  context: RequestContext,
): Promise<Entry> {
  const object = decodeBody(body, context.version, context)
  return createDecoded(registry, resource, object, context)
}

/** How an object came that is to be created. */
interface Origin {
  /** It says already who owns its fields. */
  readonly settled?: boolean
  /** It was to replace one that is not there. */
  readonly replaces?: boolean
}

/** Creates an object that is already of the storage version; it may be changed on the way. */
export async function createDecoded(
  registry: Registry,
  resource: Resource,
  object: ApiObject,
  context: RequestContext,
  origin: Origin = {},
): Promise<Entry> {
  const { settled: owned = false } = origin
  const unheeded = notYet(resource)
  if (unheeded) context.warn(unheeded)
  settleNamespace(resource, object, context.namespace)
  if (owned && object.metadata.uid) {
    const why = `uid mismatch: the provided object specified uid ${object.metadata.uid}, and no existing object was found`
    throw conflict(resource, object.metadata.name ?? '', why)
  }
  wipeSystemFields(object)
  const generated = !object.metadata.name && object.metadata.generateName
  if (owned) delete object.metadata.resourceVersion
  for (let attempt = 1; ; attempt++) {
    const candidate = generated ? structuredClone(object) : object
    // Without a name it is refused, but only after everything else that is wrong with it has been seen.
    candidate.metadata.name = generated ? generateName(registry, generated) : (object.metadata.name ?? '')
    const entry = await tryCreate(registry, resource, candidate, context, origin)
    if (entry) return entry
    const name = candidate.metadata.name ?? ''
    if (!generated || attempt >= NAME_ATTEMPTS) throw await taken(registry, resource, candidate, name)
  }
}

/** Why a name cannot be had. Model: CheckGeneratedNameError, and Store.create for what is being deleted. */
async function taken(registry: Registry, resource: Resource, object: ApiObject, name: string): Promise<StatusError> {
  const error = object.metadata.generateName ? generateNameConflict(resource, name) : alreadyExists(resource, name)
  const there = await registry.find(resource, object.metadata.namespace ?? '', name)
  if (!there?.object.metadata.deletionTimestamp) return error
  return new StatusError({ ...error.status, message: `object is being deleted: ${error.message}` })
}

function generateName(registry: Registry, base: string): string {
  return base.slice(0, MAX_GENERATED_BASE) + randomSuffix(registry.random)
}

/** What only the server says. Model: WipeObjectMetaSystemFields. */
function wipeSystemFields({ metadata }: ApiObject): void {
  delete metadata.uid
  delete metadata.creationTimestamp
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  delete metadata.selfLink
}

/** The object's namespace is the request's; saying another one is an error. Cluster-wide objects have none. */
function settleNamespace(resource: Resource, object: ApiObject, namespace: string): void {
  if (!resource.namespaced) {
    delete object.metadata.namespace
    return
  }
  if (object.metadata.namespace && object.metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  object.metadata.namespace = namespace
}

/** Undefined when the name is taken. */
async function tryCreate(
  registry: Registry,
  resource: Resource,
  object: ApiObject,
  context: RequestContext,
  { settled: owned = false, replaces = false }: Origin,
): Promise<Entry | undefined> {
  const { definition } = resource
  const now = registry.clock.now()
  const { resourceVersion = '' } = object.metadata
  if (resource.hasSpec) object.spec ??= {}
  definition.defaults?.(object, now)
  definition.settle?.(object)
  completeObject(resource, object)
  dropRepeatedOwners(object, context.warn, false)
  if (!owned) trackCreate(resource, object, context, now)
  const attributes: AdmissionAttributes = {
    operation: 'CREATE',
    resource,
    subresource: '',
    namespace: context.namespace,
    name: object.metadata.name ?? '',
    user: context.user,
    dryRun: context.dryRun,
    context,
    object,
    old: undefined,
  }
  await admit(registry.admission, attributes)
  dropRepeatedOwners(object, context.warn, true)
  prepare(registry, resource, object, now)
  const { user, warn } = context
  const { apiVersion } = context.version
  definition.prepareCreate?.(object, { now, user, warn, apiVersion, customTypes: registry.customTypes })
  const problems = [
    ...newMetadataProblems(resource, context.version.group, object),
    ...(definition.validate?.(object) ?? []),
    ...(definition.validateCreate?.(object) ?? []),
    ...(context.version.validateCreate?.(object) ?? []),
  ]
  const own = problems.filter((error) => !context.version.forgives?.(error))
  const errors = own.length > 0 ? own : commonMetadataProblems(resource, context.version.group, object)
  if (errors.length > 0) {
    // Of a custom kind the object itself says what it is.
    const kind = resource.view ? object.kind : resource.kind
    throw invalid({ group: resource.group, kind }, object.metadata.name ?? '', errors)
  }
  for (const warning of definition.warnings?.(object, undefined) ?? []) warn(warning)
  await validate(registry.admission, attributes)
  // Upstream's storage refuses it when it creates, so what is only tried or replaces gets by: ErrResourceVersionSetOnCreate.
  if (!context.dryRun && !replaces && /^0*[1-9]\d*$/.test(resourceVersion)) {
    throw serverProblem('resourceVersion should not be set on objects to be created')
  }
  return store(registry, resource, object, context)
}

function prepare(registry: Registry, resource: Resource, object: ApiObject, now: number): void {
  const { definition } = resource
  const { metadata } = object
  metadata.uid = registry.random.uuid()
  metadata.creationTimestamp = formatTime(now)
  delete metadata.resourceVersion
  if (definition.lateStatus) delete object.status
  else if (resource.hasStatus) object.status = definition.keepStatusOnCreate ? (object.status ?? {}) : {}
  if (beginsGenerations(resource)) metadata.generation = 1
}

async function store(
  registry: Registry,
  resource: Resource,
  object: ApiObject,
  context: RequestContext,
): Promise<Entry | undefined> {
  completeObject(resource, object, true)
  const name = object.metadata.name ?? ''
  const key = keyOf(resource, object.metadata.namespace ?? '', name)
  const allocator = registry.allocators.find((a) => a.group === resource.group && a.resource === resource.resource)
  const cache = registry.openCache(resource) ?? (await registry.cache(resource))
  if (cache.get(key)) return undefined
  const reservation = await allocator?.reserve(object, undefined, context.dryRun)
  try {
    const stored = object as StoredObject
    const kept = resource.view ? await resource.view.stored(stored) : stored
    const value = encodeForStore(kept)
    if (context.dryRun) {
      reservation?.rollback()
      const tried = dryRunEntry(key, value)
      return kept === stored ? tried : shownWritten(resource, tried)
    }
    const lease = await leaseFor(registry, resource)
    reservation?.begin()
    const result = await registry.store.put(key, value, {
      expected: 0,
      attachment: kept,
      ...(lease ? { lease } : {}),
    })
    if (!result.ok) {
      reservation?.rollback()
      return undefined
    }
    await reservation?.commit()
    if (resource.view) return shownWritten(resource, makeEntry(key, value, result.revision, kept))
    const written = cache.get(key)
    return written?.revision === result.revision ? written : makeEntry(key, value, result.revision, stored)
  } catch (error) {
    reservation?.rollback()
    throw error
  }
}

/** What a dry run answers: the object as it would be, without a resourceVersion. */
export function dryRunEntry(key: string, value: Buffer): Entry {
  const made = makeEntry(key, value, 0)
  const { resourceVersion: _, ...metadata } = made.object.metadata
  const object = { ...made.object, metadata } as StoredObject
  return { ...made, object, json: value }
}
