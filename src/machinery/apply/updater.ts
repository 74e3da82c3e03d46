// How ownership follows from a write: what an update changes becomes its manager's; what is applied is merged in, and
// what the manager no longer applies goes, unless others own it. Model: sigs.k8s.io/structured-merge-diff/merge.

import { sameJson } from '../same-json.ts'
import { type Comparison, changed, compare, exclude, isSame } from './compare.ts'
import { ApplyConflict, type Conflict } from './conflict.ts'
import { reconcile, withNamedFields } from './conform.ts'
import { fieldsOf } from './extract.ts'
import {
  difference,
  EMPTY,
  type FieldSet,
  intersection,
  isEmpty,
  recursiveDifference,
  setOfPath,
  setOfPaths,
  union,
} from './field-set.ts'
import { identifier, type Managed, type Owner, sameOwner, withFields } from './managers.ts'
import { merge } from './merge.ts'
import { removeFields } from './remove.ts'
import type { TypeSchema } from './schema.ts'

/** What the server sets in every object: nobody owns it. */
const SERVERS = setOfPaths(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata', 'f:name'],
  ['f:metadata', 'f:namespace'],
  ['f:metadata', 'f:creationTimestamp'],
  ['f:metadata', 'f:selfLink'],
  ['f:metadata', 'f:uid'],
  ['f:metadata', 'f:clusterName'],
  ['f:metadata', 'f:generation'],
  ['f:metadata', 'f:managedFields'],
  ['f:metadata', 'f:resourceVersion'],
)
const STRIPPED = union(SERVERS, setOfPath('f:metadata'))

/** An object in one of its versions. */
export interface Versioned {
  readonly apiVersion: string
  readonly object: unknown
}

/** What is to be known of a kind. */
export interface Kind {
  /** The schema of a version; undefined when the version is no longer served. */
  schemaOf(apiVersion: string): TypeSchema | undefined
  /** The object in another version that is served. */
  convert(value: Versioned, apiVersion: string): Versioned
  /** Fields that a write in this version leaves alone, whatever it says. */
  resetFields(apiVersion: string): FieldSet | undefined
}

/** Both sides of a write, in the request's version. */
interface Change {
  readonly kind: Kind
  readonly live: Versioned
  readonly next: Versioned
}

/** Comparisons of one change, by version; undefined where the version is no longer served. */
class Comparisons {
  readonly #change: Change
  readonly #byVersion = new Map<string, Comparison | undefined>()

  constructor(change: Change) {
    this.#change = change
  }

  in(apiVersion: string): Comparison | undefined {
    if (!this.#byVersion.has(apiVersion)) this.#byVersion.set(apiVersion, this.#compare(apiVersion))
    return this.#byVersion.get(apiVersion)
  }

  #compare(apiVersion: string): Comparison | undefined {
    const { kind, live, next } = this.#change
    const schema = kind.schemaOf(apiVersion)
    if (!schema) return undefined
    const before = live.apiVersion === apiVersion ? live : kind.convert(live, apiVersion)
    const after = next.apiVersion === apiVersion ? next : kind.convert(next, apiVersion)
    const comparison = exclude(compare(schema, before.object, after.object), SERVERS)
    return exclude(comparison, kind.resetFields(apiVersion))
  }
}

/** The owners after an update. The very same list when the update changes nothing that is owned. */
export function updateOwners(
  change: Change & { readonly owners: readonly Managed[]; readonly self: Owner; readonly now: string | undefined },
): readonly Managed[] {
  const { kind, live, next, owners, self, now } = change
  if (owners.length === 0 && live.apiVersion === next.apiVersion) {
    const schema = kind.schemaOf(next.apiVersion)
    const taken = schema ? ownedBy(kind, next.apiVersion, changed(compare(schema, live.object, next.object))) : EMPTY
    return isEmpty(taken) ? owners : [{ ...self, time: now, fields: taken }]
  }
  const comparisons = new Comparisons(change)
  const own = comparisons.in(next.apiVersion)
  if (!own) return owners
  if (isSame(own) && owners.every(({ apiVersion }) => apiVersion === next.apiVersion)) return owners
  const taken = ownedBy(kind, next.apiVersion, changed(own))
  const out: Managed[] = []
  let previous: Managed | undefined
  for (const owner of owners) {
    const schema = kind.schemaOf(owner.apiVersion)
    const comparison = comparisons.in(owner.apiVersion)
    if (!schema || !comparison) continue
    const lost = union(changed(comparison), comparison.removed)
    const reconciled = withFields(owner, reconcile(schema, owner.fields))
    if (!reconciled) continue
    const isSelf = sameOwner(owner, self)
    if (isSelf) previous = reconciled
    const left = withFields(reconciled, difference(reconciled.fields, isSelf ? comparison.removed : lost))
    if (left && !(isSelf && !isEmpty(taken))) out.push(left)
  }
  if (!isEmpty(taken)) {
    const fields = union(previous ? difference(previous.fields, own.removed) : EMPTY, taken)
    // Another write of the same fields within the same second leaves its entry as it is.
    if (previous && fields === previous.fields && now === previous.time) out.push(previous)
    else out.push({ ...self, time: now, fields })
  }
  return out
}

/** Of the fields that an update changes, those that become its manager's. */
function ownedBy(kind: Kind, apiVersion: string, fields: FieldSet): FieldSet {
  const reset = kind.resetFields(apiVersion)
  const own = recursiveDifference(fields, SERVERS)
  return difference(reset ? recursiveDifference(own, reset) : own, STRIPPED)
}

/** What an apply results in. `object` is undefined when it changes nothing. */
export interface Applied {
  readonly object: unknown
  readonly owners: readonly Managed[]
}

/**
 * Applies a configuration of the live object's version. Throws ApplyConflict when fields of others would change, unless
 * `force`, which takes them over.
 */
export function applyConfiguration(request: {
  readonly kind: Kind
  readonly live: Versioned
  readonly config: unknown
  readonly owners: readonly Managed[]
  readonly self: Owner
  readonly force: boolean
  readonly now: string
}): Applied {
  const { kind, live, config, self, force, now } = request
  const { apiVersion } = live
  const schema = schemaIn(kind, apiVersion)
  const owners = request.owners.flatMap((owner) => {
    const theirs = kind.schemaOf(owner.apiVersion)
    const fitting = theirs && withFields(owner, reconcile(theirs, owner.fields))
    return fitting ? [fitting] : []
  })
  const last = owners.find((owner) => sameOwner(owner, self))
  const fields = recursiveDifference(fieldsOf(schema, config), kind.resetFields(apiVersion) ?? EMPTY)
  const applied: Managed = { ...self, apiVersion, time: now, fields }
  const all = [...owners.filter((owner) => owner !== last), applied]
  const merged = { apiVersion, object: merge(schema, live.object, config) }
  const next = last ? prune(kind, merged, last, all) : merged
  const others = settle({ kind, live, next }, all, applied, force)
  const own = difference(fields, STRIPPED)
  const unchanged = sameJson(live.object, next.object)
  const time = unchanged ? last?.time : now
  const result = isEmpty(own) ? [] : [{ ...applied, fields: own, time }]
  return { object: unchanged ? undefined : next.object, owners: [...others, ...result] }
}

function schemaIn(kind: Kind, apiVersion: string): TypeSchema {
  const schema = kind.schemaOf(apiVersion)
  if (!schema) throw new Error(`no schema of version ${JSON.stringify(apiVersion)}`)
  return schema
}

/** Takes from all other owners what the apply changed. */
function settle(change: Change, owners: readonly Managed[], applied: Managed, force: boolean): Managed[] {
  const comparisons = new Comparisons(change)
  const conflicts: Conflict[] = []
  const out: Managed[] = []
  for (const owner of owners) {
    const comparison = comparisons.in(owner.apiVersion)
    if (owner === applied || !comparison) continue
    const contested = intersection(owner.fields, changed(comparison))
    if (!isEmpty(contested)) conflicts.push({ owner, fields: contested })
    const left = withFields(owner, difference(difference(owner.fields, contested), comparison.removed))
    if (left) out.push(left)
  }
  if (!force && conflicts.length > 0) {
    throw new ApplyConflict(conflicts.sort((a, b) => (identifier(a.owner) < identifier(b.owner) ? -1 : 1)))
  }
  return out
}

/** Takes away what the manager applied last time and not now, and nobody else owns. */
function prune(kind: Kind, merged: Versioned, last: Managed, owners: readonly Managed[]): Versioned {
  if (isEmpty(last.fields) || !kind.schemaOf(last.apiVersion)) return merged
  const version = last.apiVersion
  const schema = schemaIn(kind, version)
  const whole = inVersion(kind, merged, version)
  const lastFields = withNamedFields(schema, last.fields)
  const bare = { apiVersion: version, object: without(schema, whole.object, lastFields) }
  const pruned = inVersion(kind, addBackOwned(kind, whole, bare, owners), version)
  // What nobody owned, or only updaters, goes only if it was applied last time.
  const gone = difference(namedFieldsOf(schema, whole.object), namedFieldsOf(schema, pruned.object))
  const object = without(schema, whole.object, intersection(gone, lastFields))
  return inVersion(kind, { apiVersion: version, object }, merged.apiVersion)
}

/** The object without some fields: it stays an object when it loses all of them. */
function without(schema: TypeSchema, object: unknown, fields: FieldSet): unknown {
  return removeFields(schema, object, fields) ?? {}
}

function inVersion(kind: Kind, value: Versioned, apiVersion: string): Versioned {
  return value.apiVersion === apiVersion ? value : kind.convert(value, apiVersion)
}

function namedFieldsOf(schema: TypeSchema, object: unknown): FieldSet {
  return withNamedFields(schema, fieldsOf(schema, object))
}

/** The pruned object with all that others, or the new configuration, own. */
function addBackOwned(kind: Kind, merged: Versioned, bare: Versioned, owners: readonly Managed[]): Versioned {
  const owned = new Map<string, FieldSet>([[merged.apiVersion, EMPTY]])
  for (const { apiVersion, fields } of owners) owned.set(apiVersion, union(owned.get(apiVersion) ?? EMPTY, fields))
  let pruned = bare
  for (const [apiVersion, fields] of owned) {
    const schema = kind.schemaOf(apiVersion)
    if (!schema) continue
    const whole = inVersion(kind, merged, apiVersion)
    const present = namedFieldsOf(schema, inVersion(kind, pruned, apiVersion).object)
    const kept = union(present, withNamedFields(schema, fields))
    const object = without(schema, whole.object, difference(namedFieldsOf(schema, whole.object), kept))
    pruned = { apiVersion, object }
  }
  return pruned
}
