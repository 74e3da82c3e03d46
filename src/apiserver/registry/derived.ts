// A value worked out from all objects of a resource, and kept until one of them changes.

import type { StoredObject } from '../api-object.ts'
import type { Registry } from './registry.ts'
import type { Resource } from './resource.ts'

export interface Derived<T> {
  /** The value of now; a promise only before the resource's cache is open. */
  get(): T | Promise<T>
}

/** `make` sees the objects in the order of their keys. */
export function derived<T>(
  registry: Registry,
  resource: Resource,
  make: (objects: readonly StoredObject[]) => T,
): Derived<T> {
  let kept: { readonly value: T } | undefined
  let following: Promise<void> | undefined
  let open = false

  async function follow(): Promise<void> {
    const cache = await registry.cache(resource)
    cache.follow(cache.revision, () => {
      kept = undefined
    })
    open = true
  }

  function read(): T {
    if (kept) return kept.value
    const entries = registry.openCache(resource)?.entriesUnder(resource.prefix) ?? []
    kept = { value: make(entries.map((entry) => entry.object)) }
    return kept.value
  }

  return {
    get() {
      if (open) return read()
      following ??= follow()
      return following.then(read)
    },
  }
}
