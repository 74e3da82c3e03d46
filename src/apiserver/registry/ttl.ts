// Objects that disappear by themselves (events): leases are shared by everything written within the same minute,
// as upstream's lease manager does, so that a thousand events cost a few leases.

import type { Registry } from './registry.ts'
import type { Resource } from './resource.ts'

const REUSE_MS = 60_000
const MAX_OBJECTS = 1000

interface SharedLease {
  readonly lease: number
  readonly granted: number
  objects: number
}

const shared = new WeakMap<Registry, Map<Resource, SharedLease>>()

/** The lease for an object that is about to be written; undefined when its resource has no time to live. */
export async function leaseFor(registry: Registry, resource: Resource): Promise<number | undefined> {
  const ttl = resource.definition.ttlSeconds
  if (ttl === undefined) return undefined
  let leases = shared.get(registry)
  if (!leases) {
    leases = new Map()
    shared.set(registry, leases)
  }
  const now = registry.clock.now()
  const current = leases.get(resource)
  if (current && now - current.granted < REUSE_MS && current.objects < MAX_OBJECTS) {
    current.objects += 1
    return current.lease
  }
  // Long enough for the object that comes last to live its whole time.
  const lease = await registry.store.grantLease(ttl + REUSE_MS / 1000)
  leases.set(resource, { lease, granted: now, objects: 1 })
  return lease
}
