// A resource as the server serves it: the facts and the hand-written definition, brought together.

import type { ObjectMeta } from '../../api/generated/meta-v1.ts'
import { currentResources, type ServedResource, servedResources, typeOf, typeRefOfKind } from '../../api/schema.ts'
import type { TypeSchema } from '../../machinery/apply/schema.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { badRequest, type FieldError } from '../../machinery/errors.ts'
import { quote } from '../../machinery/go/format.ts'
import { setUnset } from '../../machinery/go/unset.ts'
import { compareVersions } from '../../machinery/version-order.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import type { Schema } from '../custom/schema.ts'
import type { ResourceDefinition } from '../resource-definition.ts'
import { previewDeprecationOf } from '../resources/legacy/deprecations.ts'
import type { RequestContext } from './registry.ts'
import type { EntryView } from './view.ts'

/** One version under which a resource is served. */
export interface ServedVersion {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Kind of lists when it is not the kind with `List` behind it. */
  readonly listKind?: string
  /** `apps/v1`. */
  readonly apiVersion: string
  /** Reference of the object's type in the schema. */
  readonly typeRef: string
  /** Verbs on the resource itself. */
  readonly verbs: readonly string[]
  /** Subresources by name. */
  readonly subresources: ReadonlyMap<string, ServedResource>
  /** Absent for the storage version. */
  readonly convert?: { toStorage(object: ApiObject): ApiObject; fromStorage(object: StoredObject): ApiObject }
  /** The warning for the use of a kind of this version. */
  deprecation?(kind: string): string | undefined
  /** What its clients call the fields to select by, where that is not what the storage version calls them. */
  readonly fieldLabels?: Readonly<Record<string, string>>
  /** Problems of the storage version that are none in this one. */
  forgives?(error: FieldError): boolean
  /** Checks of what comes through this version, besides those of the resource. */
  validateCreate?(object: ApiObject): readonly FieldError[]
  validateUpdate?(object: ApiObject, old: ApiObject): readonly FieldError[]
  /** The schema of its objects where they are none of the built-in types: what OpenAPI documents say. */
  readonly schema?: Schema
  /** Decodes a body in place of the schema of built-in types, reporting unknown fields as the request asks. */
  decode?(body: Record<string, unknown>, context: RequestContext): ApiObject
  /** How the fields of its objects are owned; absent: as the built-in type says, or untyped where `decode` is set. */
  readonly fields?: TypeSchema
}

export interface Resource {
  readonly definition: ResourceDefinition
  readonly group: string
  readonly resource: string
  readonly kind: string
  readonly singular: string
  readonly namespaced: boolean
  readonly storage: ServedVersion
  readonly versions: readonly ServedVersion[]
  readonly hasSpec: boolean
  readonly hasStatus: boolean
  /** Every key of the resource starts with this; ends with a slash. */
  readonly prefix: string
  /** Set for custom resources, of which each version is a resource of its own. */
  readonly view?: EntryView
}

/**
 * Brings a definition together with the facts; only versions that `serves` says yes to can be asked for. Throws when the
 * facts do not know the resource.
 */
export function resolveResource(
  definition: ResourceDefinition,
  serves: (group: string, version: string, resource: string) => boolean = (_group, version) => isStable(version),
): Resource {
  const { group, resource } = definition
  const storageVersion = definition.storageVersion ?? preferredVersion(group, resource)
  if (!storageVersion) throw new Error(`no version of ${resource}.${group} in the API facts`)
  const found = servedVersion(group, storageVersion, resource)
  const deprecation = definition.deprecation ?? previewDeprecationOf(found.apiVersion, found.kind)
  const storage = { ...found, ...(deprecation === undefined ? {} : { deprecation: () => deprecation }) }
  const others = (definition.otherVersions ?? []).map((other) => ({
    ...servedVersion(other.group ?? group, other.version, resource),
    convert: {
      toStorage: (object: ApiObject) => ({
        ...other.toStorage(object),
        apiVersion: storage.apiVersion,
        kind: storage.kind,
      }),
      fromStorage: other.fromStorage,
    },
    ...(other.deprecation ? { deprecation: other.deprecation } : {}),
    ...(other.forgives ? { forgives: other.forgives } : {}),
    ...(other.validateCreate ? { validateCreate: other.validateCreate } : {}),
    ...(other.validateUpdate ? { validateUpdate: other.validateUpdate } : {}),
    ...(other.fieldLabels ? { fieldLabels: other.fieldLabels } : {}),
  }))
  const fields = typeOf(storage.typeRef).fields ?? {}
  return {
    definition,
    group,
    resource,
    kind: storage.kind,
    singular: definition.singular ?? storage.kind.toLowerCase(),
    namespaced: facts(group, storageVersion, resource).namespaced,
    storage,
    versions: [storage, ...others].filter(({ group, version }) => serves(group, version, resource)),
    hasSpec: 'spec' in fields,
    hasStatus: 'status' in fields,
    prefix: `/registry/${definition.storagePrefix ?? resource}/`,
  }
}

function isStable(version: string): boolean {
  return /^v\d+$/.test(version)
}

/** All versions of a resource in the table of today, the preferred one first. */
export function currentVersions(group: string, resource: string): string[] {
  return currentResources
    .filter((r) => r.group === group && r.resource === resource && r.subresource === '')
    .map((r) => r.version)
    .sort(compareVersions)
}

function preferredVersion(group: string, resource: string): string | undefined {
  return currentVersions(group, resource)[0]
}

/** Every resource in the facts that can be stored; `stable`: it has a version in good standing. */
export function storableResources(): { group: string; resource: string; stable: boolean }[] {
  const found = new Map<string, { group: string; resource: string; stable: boolean }>()
  for (const { group, version, resource, subresource, actions } of currentResources) {
    if (subresource !== '' || !actions.includes('post') || !actions.includes('get')) continue
    const id = `${group}/${resource}`
    found.set(id, { group, resource, stable: isStable(version) || found.get(id)?.stable === true })
  }
  return [...found.values()]
}

function facts(group: string, version: string, resource: string): ServedResource {
  const found = servedResources.find(
    (r) => r.group === group && r.version === version && r.resource === resource && r.subresource === '',
  )
  if (!found) throw new Error(`no resource ${resource}.${version}.${group} in the API facts`)
  return found
}

const VERBS: Readonly<Record<string, readonly string[]>> = {
  get: ['get'],
  list: ['list', 'watch'],
  post: ['create'],
  put: ['update'],
  patch: ['patch'],
  delete: ['delete'],
  deletecollection: ['deletecollection'],
  connect: ['get', 'create'],
}

/** The verbs of discovery and authorization behind the actions of the facts. */
export function verbsOf(served: ServedResource): string[] {
  // Any method may be passed on.
  if (served.subresource === 'proxy') return ['create', 'delete', 'get', 'patch', 'update']
  return served.actions.flatMap((action) => VERBS[action] ?? []).sort()
}

function servedVersion(group: string, version: string, resource: string): ServedVersion {
  const own = facts(group, version, resource)
  const typeRef = typeRefOfKind(own.kind.group, own.kind.version, own.kind.kind)
  if (!typeRef) throw new Error(`no type of kind ${own.kind.kind} in the API facts`)
  const subresources = new Map(
    servedResources
      .filter((r) => r.group === group && r.version === version && r.resource === resource && r.subresource !== '')
      .map((r) => [r.subresource, r]),
  )
  return {
    group,
    version,
    kind: own.kind.kind,
    apiVersion: group === '' ? version : `${group}/${version}`,
    typeRef,
    // What can only be read is worked out, not stored, and so cannot be watched.
    verbs: verbsOf(own).filter((verb) => verb !== 'watch' || own.actions.includes('post')),
    subresources,
  }
}

/** Whether a new object's generation is 1, whatever its creator says. */
export function beginsGenerations({ definition: { generation }, hasSpec }: Resource): boolean {
  return generation === undefined ? hasSpec : generation === true || generation === 'first'
}

/** Whether changes of what is desired are counted. */
export function countsGenerations({ definition: { generation }, hasSpec }: Resource): boolean {
  return generation === undefined ? hasSpec : generation === true || generation === 'counted'
}

/**
 * The store's key of an object. `namespace` is ignored for cluster-wide resources. Throws BadRequest for a name that could
 * be no part of a key. Model: NamespaceKeyFunc, IsValidPathSegmentName.
 */
export function keyOf(resource: Resource, namespace: string, name: string): string {
  if (resource.namespaced && namespace === '') throw badRequest('Namespace parameter required.')
  if (name === '.' || name === '..') throw badRequest(`Name parameter invalid: "${name}": may not be '${name}'`)
  if (name.includes('%')) throw badRequest(`Name parameter invalid: ${quote(name)}: may not contain '%'`)
  return resource.namespaced ? `${resource.prefix}${namespace}/${name}` : `${resource.prefix}${name}`
}

/** The key prefix of a list: one namespace, or everything. */
export function listPrefix(resource: Resource, namespace: string): string {
  return resource.namespaced && namespace !== '' ? `${resource.prefix}${namespace}/` : resource.prefix
}

/** An object of one version in another. The result may share parts with the argument. */
export function toVersion(object: StoredObject, version: ServedVersion): StoredObject {
  if (!version.convert) return object
  const converted = version.convert.fromStorage(object)
  const made = {
    ...converted,
    kind: version.kind,
    apiVersion: version.apiVersion,
    // A conversion may move fields into annotations.
    metadata: (converted.metadata ?? object.metadata) as DeepReadonly<ObjectMeta>,
  }
  setUnset(version.typeRef, made)
  return made
}

/** Puts into an object of the storage version what stands for its fields that are not set: see setUnset. */
export function completeObject({ storage }: Resource, object: ApiObject, stored = false): void {
  if (!storage.decode) setUnset(storage.typeRef, object, stored)
}
