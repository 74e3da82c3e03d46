// Waits for an object that something else is about to create.

import type { Registry } from './registry.ts'
import { keyOf, type Resource } from './resource.ts'

/** The object as soon as it is there; undefined when it does not come within `ms`. */
export async function awaitObject<T>(
  registry: Registry,
  resource: Resource,
  at: { readonly namespace: string; readonly name: string },
  ms: number,
): Promise<T | undefined> {
  const cache = await registry.cache(resource)
  const key = keyOf(resource, at.namespace, at.name)
  const present = cache.get(key)
  if (present) return present.object as T
  return new Promise((resolve) => {
    const finish = (object: T | undefined) => {
      stop()
      cancel()
      resolve(object)
    }
    const cancel = registry.clock.after(ms, () => finish(undefined))
    const stop = cache.follow(cache.revision, ({ type, entry }) => {
      if (type !== 'DELETED' && entry.key === key) finish(entry.object as T)
    })
  })
}
