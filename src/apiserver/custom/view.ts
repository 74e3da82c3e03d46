// Stored objects of a custom resource as one of its versions shows them: converted, pruned, with defaults filled in.

import { sameJson } from '../../machinery/same-json.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import { deriveEntry, type Entry } from '../registry/entry.ts'
import type { EntryView } from '../registry/view.ts'
import { type Convert, renamed } from './convert.ts'
import { conform, type Shape } from './decode.ts'

export interface ViewOptions {
  readonly apiVersion: string
  readonly storageVersion: string
  readonly storageServed: boolean
  ending(): boolean
  readonly shape: Shape
  readonly convert: Convert
  readonly ended: AbortSignal
  /** Names this state of the definition: what was derived by another one is not used. */
  readonly state: string
}

/** How one version of a custom resource reads and writes. */
export function customView(options: ViewOptions): EntryView {
  const { apiVersion, storageVersion, shape, convert } = options
  const family = `${apiVersion} of `
  const name = `${family}${options.state}`
  const present = (entry: Entry, converted: StoredObject): Entry => {
    // What an earlier state of the definition made of the entry nobody asks for again.
    for (const other of entry.derived.keys()) if (other.startsWith(family)) entry.derived.delete(other)
    const object = structuredClone(converted) as ApiObject
    conform(object, shape)
    // Most objects are shown as they are stored: their bytes are shared then.
    if (converted === entry.object && sameJson(object, converted)) {
      entry.derived.set(name, entry)
      return entry
    }
    return deriveEntry(entry, name, () => object as StoredObject)
  }
  return {
    storedAs: options.storageServed ? storageVersion : undefined,
    ending: options.ending,
    ended: options.ended,
    ready(entries) {
      if (convert.sync) return undefined
      const foreign = entries.filter((entry) => entry.object.apiVersion !== apiVersion && !entry.derived.has(name))
      if (foreign.length === 0) return undefined
      return convertAll(foreign, convert, apiVersion).then((converted) => {
        for (const [i, entry] of foreign.entries()) {
          const object = converted[i]
          if (object) present(entry, object)
        }
      })
    },
    show(entry) {
      const known = entry.derived.get(name)
      if (known) return known
      if (!convert.sync && entry.object.apiVersion !== apiVersion) {
        throw new Error(`object ${JSON.stringify(entry.key)} is shown before it was converted to ${apiVersion}`)
      }
      return present(entry, renamed(entry.object, apiVersion))
    },
    stored(object) {
      if (object.apiVersion === storageVersion) return object
      if (convert.sync) return convert.one(object, storageVersion)
      return convert.all([object], storageVersion).then(([converted]) => converted ?? object)
    },
  }
}

/** A webhook is asked once for all objects of a version. */
async function convertAll(
  entries: readonly Entry[],
  convert: Extract<Convert, { sync: false }>,
  apiVersion: string,
): Promise<StoredObject[]> {
  const byVersion = new Map<string, number[]>()
  for (const [i, { object }] of entries.entries()) {
    byVersion.set(object.apiVersion, [...(byVersion.get(object.apiVersion) ?? []), i])
  }
  const out: StoredObject[] = []
  for (const indexes of byVersion.values()) {
    const objects = indexes.flatMap((i) => entries[i]?.object ?? [])
    const converted = await convert.all(objects, apiVersion)
    for (const [at, i] of indexes.entries()) {
      const object = converted[at]
      if (object) out[i] = object
    }
  }
  return out
}
