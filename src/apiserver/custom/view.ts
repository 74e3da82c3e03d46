// Stored objects of a custom resource as one of its versions shows them: converted, pruned, with defaults filled in.

import { sameJson } from '../../machinery/same-json.ts'
import type { ApiObject, StoredObject } from '../api-object.ts'
import { deriveEntry, type Entry } from '../registry/entry.ts'
import type { EntryView } from '../registry/view.ts'
import { type Convert, renamed } from './convert.ts'
import { conform, drop, type Shape } from './decode.ts'

export interface ViewOptions {
  readonly apiVersion: string
  readonly storageVersion: string
  readonly storageServed: boolean
  ending(): boolean
  readonly shape: Shape
  /** What objects of another version are read by. */
  shapeOf(apiVersion: string): Shape | undefined
  readonly convert: Convert
  readonly ended: AbortSignal
  /** Names this state of the definition: what was derived by another one is not used. */
  readonly state: string
}

/** How one version of a custom resource reads and writes. */
export function customView(options: ViewOptions): EntryView {
  const { apiVersion, storageVersion, shape, shapeOf, convert } = options
  const family = `${apiVersion} of `
  const name = `${family}${options.state}`
  const present = (entry: Entry, converted: StoredObject, isForeign: boolean): Entry => {
    // What an earlier state of the definition made of the entry nobody asks for again.
    for (const other of entry.derived.keys()) if (other.startsWith(family)) entry.derived.delete(other)
    const object = structuredClone(converted) as ApiObject
    // What came from another version has that one's defaults, and no others.
    if (isForeign) drop(object, shape)
    else conform(object, shape)
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
      const read = foreign.map(({ object }) => asRead(object, shapeOf(object.apiVersion)))
      return convertAll(read, convert, apiVersion).then((converted) => {
        for (const [i, entry] of foreign.entries()) {
          const object = converted[i]
          if (object) present(entry, object, true)
        }
      })
    },
    show(entry) {
      const known = entry.derived.get(name)
      if (known) return known
      if (!convert.sync && entry.object.apiVersion !== apiVersion) {
        throw new Error(`object ${JSON.stringify(entry.key)} is shown before it was converted to ${apiVersion}`)
      }
      const { object } = entry
      if (object.apiVersion === apiVersion) return present(entry, object, false)
      return present(entry, renamed(asRead(object, shapeOf(object.apiVersion)), apiVersion), true)
    },
    stored(object) {
      if (object.apiVersion === storageVersion) return object
      const storage = shapeOf(storageVersion)
      if (convert.sync) return dropped(convert.one(object, storageVersion), storage)
      return convert.all([object], storageVersion).then(([converted]) => dropped(converted ?? object, storage))
    },
  }
}

/** An object as its own version reads it. */
function asRead(object: StoredObject, shape: Shape | undefined): StoredObject {
  if (!shape) return object
  const copy = structuredClone(object) as ApiObject
  conform(copy, shape)
  return copy as StoredObject
}

/** What a version keeps of an object that was converted to it. */
function dropped(object: StoredObject, shape: Shape | undefined): StoredObject {
  if (!shape || shape.keepUnknown) return object
  const copy = structuredClone(object) as ApiObject
  drop(copy, shape)
  return copy as StoredObject
}

/** A webhook is asked once for all objects of a version. */
async function convertAll(
  objects: readonly StoredObject[],
  convert: Extract<Convert, { sync: false }>,
  apiVersion: string,
): Promise<StoredObject[]> {
  const byVersion = new Map<string, number[]>()
  for (const [i, object] of objects.entries()) {
    byVersion.set(object.apiVersion, [...(byVersion.get(object.apiVersion) ?? []), i])
  }
  const out: StoredObject[] = []
  for (const indexes of byVersion.values()) {
    const same = indexes.flatMap((i) => objects[i] ?? [])
    const converted = await convert.all(same, apiVersion)
    for (const [at, i] of indexes.entries()) {
      const object = converted[at]
      if (object) out[i] = object
    }
  }
  return out
}
