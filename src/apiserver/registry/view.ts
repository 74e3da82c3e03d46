// Objects as a resource shows them when that is not how they are stored: custom resources have versions with a schema
// each, and what is stored may be of any of them.

import type { StoredObject } from '../api-object.ts'
import type { Entry } from './entry.ts'
import type { Resource } from './resource.ts'

/** How a resource reads and writes its entries. */
export interface EntryView {
  /** The version in which objects are stored, where that one is served. */
  readonly storedAs?: string | undefined
  /** Whether the kind is about to go: nothing of it is made or changed any more. */
  ending?(): boolean
  /** Fetches whatever `show` needs for these entries; undefined when it needs nothing. */
  ready(entries: readonly Entry[]): Promise<void> | undefined
  /** The entry as this resource shows it. */
  show(entry: Entry): Entry
  /** What is stored for an object of this resource. */
  stored(object: StoredObject): StoredObject | Promise<StoredObject>
  /** Aborts when the resource is replaced or no longer served: watches end then. */
  readonly ended: AbortSignal
}

/** One entry as the resource shows it: at once when there is nothing to fetch for that. */
export function shown(resource: Resource, entry: Entry | undefined): Entry | undefined | Promise<Entry | undefined> {
  const { view } = resource
  if (!view || !entry) return entry
  const pending = view.ready([entry])
  return pending ? pending.then(() => view.show(entry)) : view.show(entry)
}

/** What was just written, as the client that wrote it is shown it: what is stored in another version is converted back. */
export async function shownWritten(resource: Resource, entry: Entry): Promise<Entry> {
  return (await shown(resource, entry)) ?? entry
}

/** Many entries as the resource shows them. */
export async function shownAll(view: EntryView, entries: readonly Entry[]): Promise<Entry[]> {
  const pending = view.ready(entries)
  if (pending) await pending
  return entries.map((entry) => view.show(entry))
}
