// Who owns which fields of an object: metadata.managedFields, read and written.

import type { ManagedFieldsEntry } from '../../api/generated/meta-v1.ts'
import type { DeepReadonly } from '../deep-readonly.ts'
import { sameJson } from '../same-json.ts'
import { canonical, EMPTY, type FieldSet, isEmpty, parseFieldSet, textOf, union } from './field-set.ts'

export type Entry = DeepReadonly<ManagedFieldsEntry>
export type Operation = 'Apply' | 'Update'

/** One owner. Appliers are told apart by name and subresource, updaters by the version they wrote as well. */
export interface Owner {
  readonly manager: string
  readonly operation: Operation
  readonly apiVersion: string
  readonly subresource: string
}

/** The fields of one owner. */
export interface Managed extends Owner {
  readonly time: string | undefined
  readonly fields: FieldSet
  /** The entry this was read from, when nothing of it has changed. */
  readonly entry?: Entry
}

/** Whether two stand for the same entry of managedFields. */
export function sameOwner(a: Owner, b: Owner): boolean {
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    a.subresource === b.subresource &&
    (a.operation === 'Apply' || a.apiVersion === b.apiVersion)
  )
}

/** The owners of stored entries, which are trusted to be in order. */
export function readStored(entries: readonly Entry[] | undefined): Managed[] {
  return (entries ?? []).map((entry) => ({
    manager: entry.manager ?? '',
    operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
    apiVersion: entry.apiVersion ?? '',
    subresource: entry.subresource ?? '',
    time: entry.time,
    fields: (entry.fieldsV1 ?? EMPTY) as FieldSet,
    entry,
  }))
}

/** Entries read from the store, with sets that are one object wherever they are equal. */
export function shareSets(entries: readonly Entry[]): Entry[] {
  return entries.map((entry) =>
    entry.fieldsV1 ? { ...entry, fieldsV1: canonical(entry.fieldsV1 as FieldSet) } : entry,
  )
}

/** The owners of entries that a client sent; undefined when they are not valid. */
export function readSent(entries: readonly Entry[]): Managed[] | undefined {
  const out: Managed[] = []
  for (const entry of entries) {
    const valid = entry.operation === 'Apply' || entry.operation === 'Update'
    if (!valid || !entry.apiVersion || entry.fieldsType !== 'FieldsV1') return undefined
    const fields = sentFields(entry)
    if (!fields) return undefined
    const managed = { ...ownerOf(entry), time: entry.time, fields }
    const known = out.findIndex((other) => sameOwner(other, managed))
    if (known < 0) out.push(managed)
    else out[known] = managed
  }
  return out
}

function sentFields(entry: Entry): FieldSet | undefined {
  try {
    return parseFieldSet(entry.fieldsV1 ?? {})
  } catch {
    // Upstream takes entries that cannot be read for none at all.
    return undefined
  }
}

function ownerOf(entry: Entry): Owner {
  return {
    manager: entry.manager ?? '',
    operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
    apiVersion: entry.apiVersion ?? '',
    subresource: entry.subresource ?? '',
  }
}

/** The entries as they are stored, in upstream's order. Undefined for none. */
export function writeEntries(owners: readonly Managed[]): Entry[] | undefined {
  const some = owners.filter(({ fields }) => !isEmpty(fields))
  if (some.length === 0) return undefined
  return some.sort(compareOwners).map((owner) => owner.entry ?? entryOf(owner))
}

/** Field by field, in upstream's order: every write makes one of these, and a literal with spreads costs ten times as much. */
function entryOf({ manager, operation, apiVersion, time, fields, subresource }: Managed): Entry {
  const entry: { -readonly [Key in keyof Entry]: Entry[Key] } = {}
  if (manager !== '') entry.manager = manager
  entry.operation = operation
  entry.apiVersion = apiVersion
  if (time !== undefined) entry.time = time
  entry.fieldsType = 'FieldsV1'
  entry.fieldsV1 = canonical(fields)
  if (subresource !== '') entry.subresource = subresource
  return entry
}

/** The JSON of entries, as stored objects carry it. */
export function encodeEntries(entries: readonly Entry[]): string {
  return `[${entries.map(encodeEntry).join(',')}]`
}

function encodeEntry({ fieldsV1, subresource, ...rest }: Entry): string {
  const head = JSON.stringify(rest).slice(0, -1)
  const fields = fieldsV1 ? `,"fieldsV1":${textOf(fieldsV1 as FieldSet)}` : ''
  return `${head}${fields}${subresource ? `,"subresource":${JSON.stringify(subresource)}` : ''}}`
}

function compareOwners(a: Managed, b: Managed): number {
  return (
    compareTexts(a.operation, b.operation) ||
    compareTexts(a.time ?? '', b.time ?? '') ||
    compareTexts(a.manager, b.manager) ||
    compareTexts(a.apiVersion, b.apiVersion) ||
    compareTexts(a.subresource, b.subresource)
  )
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The owner with other fields; itself when they are the same, undefined when none are left. */
export function withFields(owner: Managed, fields: FieldSet): Managed | undefined {
  if (fields === owner.fields) return owner
  if (isEmpty(fields)) return undefined
  const { entry: _, ...rest } = owner
  return { ...rest, fields }
}

const MAX_UPDATERS = 10
const BUCKET = 'ancient-changes'

/** At most ten updaters: the oldest of each version become one, `ancient-changes`. */
export function capUpdaters(owners: readonly Managed[]): readonly Managed[] {
  let count = owners.filter((owner) => owner.operation === 'Update').length
  if (count <= MAX_UPDATERS) return owners
  const oldest = owners
    .filter((owner) => owner.operation === 'Update')
    .sort((a, b) => compareTexts(a.time ?? '', b.time ?? '') || compareTexts(identifier(a), identifier(b)))
  const first = new Map<string, Managed>()
  let out = [...owners]
  for (const owner of oldest) {
    if (count <= MAX_UPDATERS) break
    const before = first.get(owner.apiVersion)
    if (!before) {
      first.set(owner.apiVersion, owner)
      continue
    }
    const bucket: Owner = { manager: BUCKET, operation: 'Update', apiVersion: owner.apiVersion, subresource: '' }
    const existing = out.find((other) => sameOwner(other, bucket)) ?? before
    const fields = union(owner.fields, existing.fields)
    out = out.filter((other) => other !== owner && other !== existing)
    out.push({ ...bucket, time: owner.time, fields })
    count -= 1
  }
  return out
}

/** What tells owners apart, as one text to sort by. */
export function identifier({ manager, operation, apiVersion, subresource }: Owner): string {
  return JSON.stringify({
    ...(manager === '' ? {} : { manager }),
    operation,
    ...(operation === 'Apply' ? {} : { apiVersion }),
    ...(subresource === '' ? {} : { subresource }),
  })
}

/** Whether two lists of entries say the same, whenever it was written. */
export function sameButTimes(a: readonly Entry[] | undefined, b: readonly Entry[] | undefined): boolean {
  if (a === b) return true
  if (!a || !b || a.length !== b.length) return false
  const timeless = (entries: readonly Entry[]) => entries.map(({ time: _, ...rest }) => rest)
  return a.every((entry, i) => entry === b[i]) || sameJson(timeless(a), timeless(b))
}
