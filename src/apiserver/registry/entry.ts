// A stored object with its encodings: encoded once when written, shared by every reader from then on.

import { encodeEntries, shareSets } from '../../machinery/apply/managers.ts'
import type { Revision } from '../../store/store.ts'
import type { StoredObject } from '../api-object.ts'

/** One object at one revision. Immutable, apart from encodings that are made on first use. */
export interface Entry {
  /** The store's key. */
  readonly key: string
  readonly revision: Revision
  readonly object: StoredObject
  /** JSON with the resourceVersion in place. */
  readonly json: Buffer
  /** Length of the leading `{"kind":…,"apiVersion":…,`, which list items go without. */
  readonly headLength: number
  /** Encodings in other versions or formats, by name, made on first use. */
  readonly derived: Map<string, Entry>
  /** The entry of the storage version, where this is another form of it. */
  readonly origin?: Entry
}

/** The value that goes into the store: JSON without a resourceVersion, kind and metadata first. */
export function encodeForStore(object: StoredObject): Buffer {
  const { kind, apiVersion, metadata, ...rest } = object
  const { resourceVersion: _, managedFields, ...stored } = metadata
  if (!managedFields) return Buffer.from(JSON.stringify({ kind, apiVersion, metadata: stored, ...rest }))
  // Who owns what changes less often than the rest, and its text is kept.
  const head = JSON.stringify({ kind, apiVersion, metadata: stored }).slice(0, -2)
  const tail = JSON.stringify(rest).slice(1)
  const entries = `${head.endsWith('{') ? '' : ','}"managedFields":${encodeEntries(managedFields)}`
  return Buffer.from(`${head}${entries}}${tail === '}' ? '' : ','}${tail}`)
}

/** Makes the entry of a stored value. `object` saves decoding when the writer still has it. */
export function makeEntry(key: string, value: Buffer, revision: Revision, object?: StoredObject): Entry {
  const decoded = object ?? parsed(value)
  const complete = { ...decoded, metadata: { ...decoded.metadata, resourceVersion: String(revision) } }
  const head = headOf(complete.kind, complete.apiVersion)
  // The value starts with exactly this head and then `"metadata":{`: splice the version in without encoding again.
  const metadataAt = head.length + '"metadata":{'.length
  const version = Buffer.from(`"resourceVersion":"${revision}",`)
  const json =
    value.toString('latin1', 0, head.length) === head
      ? Buffer.concat([value.subarray(0, metadataAt), version, value.subarray(metadataAt)])
      : Buffer.from(JSON.stringify(complete))
  return { key, revision, object: complete, json, headLength: head.length, derived: new Map() }
}

/**
 * Makes the entry of a value that was stored some time ago: `settle` puts into the object, in place, what has come to be
 * there since.
 */
export function loadEntry(
  key: string,
  value: Buffer,
  revision: Revision,
  settle: (object: StoredObject) => void,
): Entry {
  const object = parsed(value)
  settle(object)
  const settled = encodeForStore(object)
  return makeEntry(key, settled.equals(value) ? value : settled, revision, object)
}

/** A stored object: most of what objects have in common is who owns which fields. */
function parsed(value: Buffer): StoredObject {
  const object = JSON.parse(value.toString()) as StoredObject
  const { managedFields } = object.metadata
  if (!managedFields) return object
  return { ...object, metadata: { ...object.metadata, managedFields: shareSets(managedFields) } }
}

/** An entry's other form (another version), made once and kept. */
export function deriveEntry(entry: Entry, name: string, make: (object: StoredObject) => StoredObject): Entry {
  const known = entry.derived.get(name)
  if (known) return known
  const object = make(entry.object)
  const { kind, apiVersion, ...rest } = object
  const made: Entry = {
    key: entry.key,
    revision: entry.revision,
    object,
    json: Buffer.from(JSON.stringify({ kind, apiVersion, ...rest })),
    headLength: headOf(kind, apiVersion).length,
    derived: new Map(),
    origin: entry,
  }
  entry.derived.set(name, made)
  return made
}

function headOf(kind: string, apiVersion: string): string {
  return `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},`
}
