// Who owns which fields: metadata.managedFields on every write, and server-side apply.
// Spec: https://kubernetes.io/docs/reference/using-api/server-side-apply/

import type { ManagedFieldsEntry } from '../../api/generated/meta-v1.ts'
import {
  capUpdaters,
  type Entry,
  type Managed,
  readSent,
  readStored,
  writeEntries,
} from '../../machinery/apply/managers.ts'
import { mapSchema, schemaOfType, type TypeSchema, UNTYPED } from '../../machinery/apply/schema.ts'
import { type Kind, updateOwners, type Versioned } from '../../machinery/apply/updater.ts'
import { formatTime } from '../../machinery/clock.ts'
import { decode } from '../../machinery/decode.ts'
import { setUnset } from '../../machinery/go/unset.ts'
import { sameJson } from '../../machinery/same-json.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import type { RequestContext } from './registry.ts'
import { resetFields } from './reset-fields.ts'
import { type Resource, type ServedVersion, toVersion } from './resource.ts'

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
const UNNAMED = 'unknown'

/** Objects of which nothing but their metadata is known. */
const UNTYPED_OBJECT = mapSchema({
  fields: new Map([['metadata', () => schemaOfType(OBJECT_META)]]),
  element: UNTYPED,
})

/** How the fields of a version's objects are owned. */
export function schemaOfVersion(version: ServedVersion): TypeSchema {
  return version.fields ?? (version.decode ? UNTYPED_OBJECT : schemaOfType(version.typeRef))
}

/** A resource as the machinery of ownership sees it. */
export function kindOf(resource: Resource, subresource: string, asked: ServedVersion): Kind {
  const find = (apiVersion: string) => resource.versions.find((version) => version.apiVersion === apiVersion)
  // The versions of a custom resource are resources of their own; their fields are alike.
  const sibling = (apiVersion: string) =>
    resource.view !== undefined && apiVersion.startsWith(`${resource.group}/`) ? asked : undefined
  return {
    schemaOf(apiVersion) {
      const version = find(apiVersion) ?? sibling(apiVersion)
      return version && schemaOfVersion(version)
    },
    convert(value, apiVersion) {
      const version = find(apiVersion)
      const object = value.object as StoredObject
      if (!version || version.decode) return { apiVersion, object: { ...object, apiVersion } }
      return viewIn(version, inStorage(find(value.apiVersion), object))
    },
    resetFields: () => resetFields(resource, subresource),
  }
}

/** An object of which parts may be null, as merging leaves them, in the storage version. */
function inStorage(version: ServedVersion | undefined, object: StoredObject): StoredObject {
  if (!version || version.decode) return object
  const clean = decode(version.typeRef, object).object as ApiObject
  setUnset(version.typeRef, clean)
  return (version.convert ? version.convert.toStorage(clean) : clean) as StoredObject
}

/** The object in a version. */
export function viewIn(version: ServedVersion, stored: StoredObject): Versioned {
  return { apiVersion: version.apiVersion, object: toVersion(stored, version) }
}

/** The manager of a request. */
export function managerOf(context: RequestContext): string {
  return context.fieldManager === '' ? UNNAMED : context.fieldManager
}

/** An update in the name of the request's manager. */
function updaterOf(context: RequestContext, subresource: string) {
  const { apiVersion } = context.version
  return { manager: managerOf(context), operation: 'Update', apiVersion, subresource } as const
}

/** Records in a new object, or in one that is posted to a subresource, that the request's manager owns what it says. */
export function trackCreate(
  resource: Resource,
  object: ApiObject,
  context: RequestContext,
  now: number,
  subresource = '',
): void {
  const { version } = context
  const sent = object.metadata.managedFields
  setEntries(object, undefined)
  // Upstream compares with an object of which nothing is said: its writer owns what structs hold and not the structs.
  const empty = { metadata: {} }
  if (!version.decode) setUnset(version.typeRef, empty)
  const owners = updateOwners({
    kind: kindOf(resource, '', version),
    live: { apiVersion: version.apiVersion, object: empty },
    next: viewIn(version, object as StoredObject),
    owners: sentOwners(sent) ?? [],
    self: updaterOf(context, subresource),
    now: formatTime(now),
  })
  setEntries(object, writeEntries(capUpdaters(owners)))
}

/** Records in a changed object who owns its fields now. `time` is absent for writes that carry none. */
export function trackUpdate(
  resource: Resource,
  change: { object: ApiObject; old: StoredObject; subresource: string; time: string | undefined },
  context: RequestContext,
): void {
  const { object, old, subresource, time } = change
  const stored = old.metadata.managedFields
  const owners = ownersFor(subresource === '' ? object.metadata.managedFields : undefined, stored)
  // What has no owners gets none by an update: tracking was ended by a client, or never begun.
  if (owners.length === 0) return setEntries(object, undefined)
  // The entries themselves are no part of what is compared.
  setEntries(object, stored)
  const after = updateOwners({
    kind: kindOf(resource, subresource, context.version),
    live: viewIn(context.version, old),
    next: viewIn(context.version, object as StoredObject),
    owners,
    self: updaterOf(context, subresource),
    now: time,
  })
  if (after === owners && owners.every(({ entry }, i) => entry !== undefined && entry === stored?.[i])) {
    return setEntries(object, stored)
  }
  const entries = writeEntries(capUpdaters(after))
  const same = entries?.length === stored?.length && entries?.every((entry, i) => entry === stored?.[i])
  setEntries(object, same ? stored : entries)
}

function ownersFor(sent: readonly Entry[] | undefined, stored: readonly Entry[] | undefined): readonly Managed[] {
  if (sent === undefined || sent === stored) return readStored(stored)
  if (isReset(sent)) return []
  if (sameJson(sent, stored)) return readStored(stored)
  return sentOwners(sent) ?? readStored(stored)
}

/** The owners that a client sent; undefined for none, or none that are valid. */
function sentOwners(sent: readonly Entry[] | undefined): readonly Managed[] | undefined {
  const owners = sent && !isReset(sent) ? readSent(sent) : undefined
  return owners && owners.length > 0 ? owners : undefined
}

/** A client ends tracking with an empty list, or with a list of one empty entry. */
function isReset(sent: readonly Entry[]): boolean {
  const [first] = sent
  return sent.length === 0 || (sent.length === 1 && first !== undefined && Object.keys(first).length === 0)
}

/** Puts entries into an object, which shares them with the other states of the object. */
export function setEntries(object: ApiObject, entries: readonly Entry[] | undefined): void {
  if (entries === undefined || entries.length === 0) delete object.metadata.managedFields
  else object.metadata.managedFields = entries as unknown as ManagedFieldsEntry[]
}
